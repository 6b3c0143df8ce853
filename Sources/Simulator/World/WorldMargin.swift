/// Margin, health and liquidation prices, in micros.
///
/// The exchange's rules: a cross account is worth its USD plus its cross positions at the mark; it must keep
/// `notional ÷ (2 × maxLeverage)` per position as maintenance margin. An isolated position has its own USD.
extension World {
  /// What a set of positions on one dex adds up to.
  struct Health {
    /// USD plus signed position values.
    var value: Int64
    /// Σ |position| × mark.
    var ntl: Int64 = 0
    /// Σ notional ÷ leverage, each rounded down.
    var marginUsed: Int64 = 0
    /// Σ notional ÷ (2 × maxLeverage), each rounded down.
    var maintenance: Int64 = 0

    /// Margin to spare before liquidation.
    var spare: Int64 { value - maintenance }
  }

  /// The cross side of an account on one dex.
  func crossHealth(_ account: Account, dex: Int) -> Health {
    var health = Health(value: account.raw[dex])
    for slot in account.slots where slot.szi != 0 && !slot.isIsolated {
      let coin = coins[Int(slot.coin)]
      if coin.dex == dex { add(slot, coin, to: &health) }
    }
    return health
  }

  /// An isolated position by itself.
  func isolatedHealth(_ slot: Slot) -> Health {
    var health = Health(value: slot.rawUsd)
    add(slot, coins[Int(slot.coin)], to: &health)
    return health
  }

  private func add(_ slot: Slot, _ coin: WorldCoin, to health: inout Health) {
    let value = slot.szi * coin.mark
    let ntl = Int64(value.magnitude)
    health.value += value
    health.ntl += ntl
    health.marginUsed += ntl / Int64(slot.leverage)
    health.maintenance += ntl / Int64(2 * coin.maxLeverage)
  }

  /// USD that may back new positions on `dex`.
  func free(_ account: Account, dex: Int) -> Int64 {
    let health = crossHealth(account, dex: dex)
    return health.value - health.marginUsed
  }

  /// The mark at which the position is liquidated if nothing else moves, in 1e-10 USD; `nil` when no
  /// positive mark does it. `health` is what the position is margined by.
  func liquidationPx(_ slot: Slot, _ health: Health) -> Int64? {
    guard slot.szi != 0 else { return nil }
    let coin = coins[Int(slot.coin)]
    let double = Int64(2 * coin.maxLeverage)
    let side: Int64 = slot.szi > 0 ? 1 : -1
    let size = Int64(slot.szi.magnitude)
    let unit = Int64(WorldCoin.power(4 + coin.szDecimals))
    let (divisor, overflow) = size.multipliedReportingOverflow(by: double - side)
    guard !overflow else { return nil }
    let product = health.spare.magnitude.multipliedFullWidth(by: UInt64(double * unit))
    guard product.high < divisor.magnitude else { return nil }
    let distance = divisor.magnitude.dividingFullWidth(product).quotient
    guard distance <= UInt64(Int64.max) else { return nil }
    let signed = health.spare < 0 ? -Int64(distance) : Int64(distance)
    let (px, wrapped) = (coin.mark * unit).subtractingReportingOverflow(side * signed)
    return wrapped || px <= 0 ? nil : px
  }

  /// Renews the triggers of a trader's positions after anything about them changed.
  ///
  /// Cross positions share their margin, so each gets a trigger at the move that would ruin the account if
  /// all its marks moved against it together; nothing smaller can.
  func rearm(_ account: Account) {
    guard account.kind == .trader else { return }
    let cross = crossHealth(account, dex: 0)
    for index in account.slots.indices where account.slots[index].szi != 0 {
      account.slots[index].version &+= 1
      let slot = account.slots[index]
      let coin = coins[Int(slot.coin)]
      let health = slot.isIsolated ? isolatedHealth(slot) : cross
      let (risk, overflow) = health.ntl.addingReportingOverflow(health.maintenance)
      guard !overflow, risk > 0 else { continue }
      if health.spare < 0, overdue.last != account.index, overdue.count < accounts.count {
        overdue.append(account.index)
      }
      let spare = max(health.spare, 0)
      let move = spare >= risk ? coin.mark : World.scaled(coin.mark, by: spare, over: risk)
      if slot.szi > 0, move >= coin.mark { continue }
      let trigger = slot.szi > 0 ? coin.mark - max(move, 1) : coin.mark + max(move, 1)
      let entry = Triggers.Entry(mark: trigger, account: Int32(account.index), version: slot.version)
      if slot.szi > 0 { coin.longs.push(entry) } else { coin.shorts.push(entry) }
      compact(Int(slot.coin))
    }
  }

  private func compact(_ index: Int) {
    let coin = coins[index]
    let bound = max(64, 4 * coin.holders)
    guard coin.longs.count > bound || coin.shorts.count > bound else { return }
    let isCurrent = { (entry: Triggers.Entry) -> Bool in
      let account = self.accounts[Int(entry.account)]
      return account.slot(of: index).map { account.slots[$0].version == entry.version } ?? false
    }
    coin.longs.compact(isCurrent)
    coin.shorts.compact(isCurrent)
  }
}
