/// What happens to accounts whose margin runs out.
///
/// Below the maintenance margin positions are sold into the book (a fifth at a time above 100,000 USD);
/// below two thirds of it a liquidator vault takes them over at the price that leaves the account nothing.
extension World {
  /// Looks at every account one of whose triggers the coin's mark has reached.
  func fireTriggers(_ index: Int, timeMs: Int64) {
    let coin = coins[index]
    pending.removeAll(keepingCapacity: true)
    while let entry = coin.longs.pop(at: coin.mark) { keepCurrent(entry, of: index) }
    while let entry = coin.shorts.pop(at: coin.mark) { keepCurrent(entry, of: index) }
    // One account's liquidation may trade with the next one, so triggers are judged before any is acted on.
    for number in pending.indices { review(Int(pending[number].account), timeMs: timeMs) }
  }

  private func keepCurrent(_ entry: Triggers.Entry, of index: Int) {
    let account = accounts[Int(entry.account)]
    guard let slot = account.slot(of: index), account.slots[slot].version == entry.version else { return }
    pending.append(entry)
  }

  /// Liquidates what must be liquidated of a trader and renews its triggers.
  func review(_ index: Int, timeMs: Int64) {
    let account = accounts[index]
    reviewCross(account, timeMs: timeMs)
    for slot in account.slots.indices where account.slots[slot].isIsolated && account.slots[slot].szi != 0 {
      reviewIsolated(account, slot: slot, timeMs: timeMs)
    }
    rearm(account)
  }

  /// Looks at the accounts that a trade, rather than a mark, left below their margin.
  func reviewOverdue(timeMs: Int64) {
    // Each review can leave a counterparty overdue; whoever is left over comes first next time.
    for _ in 0..<32 {
      guard let index = overdue.popLast() else { return }
      review(index, timeMs: timeMs)
    }
  }

  private func reviewCross(_ account: Account, timeMs: Int64) {
    for round in 0..<World.sellingRounds {
      let health = crossHealth(account, dex: 0)
      guard health.maintenance > 0, health.spare < 0 else { return }
      if isPastSelling(health) { return takeOverCross(account, health, timeMs: timeMs) }
      for slot in account.slots.indices {
        guard account.slots[slot].szi != 0, !account.slots[slot].isIsolated else { continue }
        sell(account, slot: slot, round: round, timeMs: timeMs)
        if crossHealth(account, dex: 0).spare >= 0 { return }
      }
    }
  }

  private func reviewIsolated(_ account: Account, slot: Int, timeMs: Int64) {
    for round in 0..<World.sellingRounds {
      guard account.slots[slot].szi != 0 else { return }
      let health = isolatedHealth(account.slots[slot])
      guard health.spare < 0 else { return }
      if isPastSelling(health) {
        let row = account.slots[slot]
        let coin = coins[Int(row.coin)]
        let bankrupt = -row.rawUsd / row.szi
        let step = coin.step(at: coin.mark)
        return takeOver(account, slot: slot, px: max(bankrupt / step * step, 1), timeMs: timeMs)
      }
      sell(account, slot: slot, round: round, timeMs: timeMs)
    }
  }

  private func isPastSelling(_ health: Health) -> Bool { health.value * 3 < health.maintenance * 2 }

  /// Rounds of selling before a liquidation is over: the last one sells everything.
  private static let sellingRounds = 5

  /// A market liquidation of the whole position, or, in all rounds but the last, of a fifth of a large one.
  private func sell(_ account: Account, slot index: Int, round: Int, timeMs: Int64) {
    let slot = account.slots[index]
    let coin = coins[Int(slot.coin)]
    let size = Int64(slot.szi.magnitude)
    let isLast = round == World.sellingRounds - 1
    let part = size * coin.mark > 100_000_000_000 && !isLast ? max(1, size / 5) : size
    execute(account, slot: index, isBuy: slot.szi < 0, sz: part, timeMs: timeMs, liquidation: coin.mark)
    counters.marketLiquidations += 1
  }

  /// Hands all cross positions to a vault, each at its mark moved by the account's remaining worth.
  private func takeOverCross(_ account: Account, _ health: Health, timeMs: Int64) {
    for index in account.slots.indices where account.slots[index].szi != 0 {
      let slot = account.slots[index]
      if slot.isIsolated { continue }
      let coin = coins[Int(slot.coin)]
      let share = World.scaled(coin.mark, by: health.value, over: max(health.ntl, 1))
      takeOver(
        account, slot: index, px: max(slot.szi > 0 ? coin.mark - share : coin.mark + share, 1), timeMs: timeMs
      )
    }
    // Rounding leaves the account a little above or below zero; the vault settles that too.
    let vault = liquidator(of: account)
    vault.raw[0] += account.raw[0]
    account.raw[0] = 0
  }

  private func liquidator(of account: Account) -> Account { accounts[4 + account.index % 2] }

  private func takeOver(_ account: Account, slot index: Int, px: Int64, timeMs: Int64) {
    let slot = account.slots[index]
    let coinIndex = Int(slot.coin)
    let vault = liquidator(of: account)
    if vault.slots[coinIndex].szi == 0 { chooseTerms(vault, slot: coinIndex) }
    let isLong = slot.szi > 0
    let direction: FillDir =
      slot.isIsolated
      ? (isLong ? .liquidatedIsolatedLong : .liquidatedIsolatedShort)
      : (isLong ? .liquidatedCrossLong : .liquidatedCrossShort)
    orderNumber += 1
    let userOid = nextOid
    let vaultOid = nextOid + 1
    nextOid += 2
    let execution = Execution(
      timeMs: timeMs, order: orderNumber,
      tid: isLong ? World.tid(vaultOid, userOid) : World.tid(userOid, vaultOid),
      liquidated: Int32(account.index), markPx: coins[coinIndex].mark, method: .backstop)
    let sz = Int64(slot.szi.magnitude)
    fill(
      account, slot: index, isBuy: !isLong, sz: sz, px: px, crossed: false, oid: userOid,
      direction: direction,
      of: execution)
    fill(
      vault, slot: coinIndex, isBuy: isLong, sz: sz, px: px, crossed: true, oid: vaultOid,
      direction: direction,
      of: execution)
    if options.backstopInTrades {
      publish(
        coinIndex, isBuy: isLong, px: px, sz: sz, buyer: isLong ? vault.index : account.index,
        seller: isLong ? account.index : vault.index, of: execution)
    }
    counters.backstopLiquidations += 1
  }
}
