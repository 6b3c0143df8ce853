import Base

/// Who trades what: one taker order against one to four makers.
extension World {
  /// One arrival: a trader, chosen with the busy ones often, changes a position in one of its coins.
  func placeOrder(timeMs: Int64) {
    defer { reviewOverdue(timeMs: timeMs) }
    for _ in 0..<16 {
      let u = random.unit()
      let account = accounts[traders.lowerBound + Int(u * u * Double(traders.count))]
      let slot = random.below(account.slots.count)
      let coin = Int(account.slots[slot].coin)
      if coins[coin].isDelisted { continue }
      stepMark(coin, timeMs: timeMs)
      guard let order = decide(account, slot: slot) else { continue }
      execute(account, slot: slot, isBuy: order.isBuy, sz: order.sz, timeMs: timeMs)
      return
    }
  }

  /// What the trader does in this coin now: close, cut, add, flip, or open.
  private func decide(_ account: Account, slot index: Int) -> (isBuy: Bool, sz: Int64)? {
    let slot = account.slots[index]
    let coin = coins[Int(slot.coin)]
    if slot.szi == 0 {
      let isBuy = random.chance(0.52)
      chooseTerms(account, slot: index)
      return openingSize(account, slot: index).map { (isBuy, $0) }
    }
    let size = Int64(slot.szi.magnitude)
    let isLong = slot.szi > 0
    let pick = random.unit()
    if pick < 0.28 { return (!isLong, size) }
    if pick < 0.55 {
      return (!isLong, max(1, World.scaled(size, by: Int64(10 + random.below(60)), over: 100)))
    }
    if pick < 0.88 {
      // Nobody adds to a position that already uses half the account.
      let used = size * coin.mark / Int64(slot.leverage)
      if used < free(account, dex: coin.dex), let more = openingSize(account, slot: index) {
        return (isLong, max(1, min(more, size)))
      }
      return (!isLong, size)
    }
    if pick < 0.96, free(account, dex: coin.dex) > 0 {
      return (!isLong, size + max(1, World.scaled(size, by: Int64(20 + random.below(60)), over: 100)))
    }
    return (!isLong, size)
  }

  /// Leverage and margin mode of a position about to be opened.
  func chooseTerms(_ account: Account, slot index: Int) {
    let coin = coins[Int(account.slots[index].coin)]
    let wishes = [2, 3, 5, 10, 20, coin.maxLeverage]
    let leverage = account.isWide ? min(20, coin.maxLeverage) : wishes[random.below(wishes.count)]
    account.slots[index].leverage = Int16(min(leverage, coin.maxLeverage))
    let forced = coin.onlyIsolated && !account.isWide
    account.slots[index].isIsolated =
      forced || (account.isolatedShare > 0 && random.chance(account.isolatedShare))
  }

  /// Lots the trader opens or adds, paid for with a part of its free margin; pays in again when ruined.
  private func openingSize(_ account: Account, slot index: Int) -> Int64? {
    let slot = account.slots[index]
    let coin = coins[Int(slot.coin)]
    var margin = free(account, dex: coin.dex)
    if margin < account.stake / 50 {
      if hasOpen(account, dex: coin.dex) { return nil }
      deposit(account, dex: coin.dex)
      margin = free(account, dex: coin.dex)
    }
    let share = Int64(Double(margin) * account.boldness * (0.1 + 0.9 * random.unit()))
    let lots = share * Int64(slot.leverage) / coin.mark
    // The exchange's smallest order is worth ten dollars.
    return lots * coin.mark >= 10_000_000 ? lots : nil
  }

  private func hasOpen(_ account: Account, dex: Int) -> Bool {
    account.slots.contains { $0.szi != 0 && coins[Int($0.coin)].dex == dex }
  }

  private func deposit(_ account: Account, dex: Int) {
    let amount = account.stake - min(account.raw[dex], 0)
    account.raw[dex] += amount
    account.deposits += amount
    counters.deposits += 1
  }

  /// Carries out a taker order at the touch and a little beyond, splitting it over its makers.
  func execute(
    _ taker: Account, slot index: Int, isBuy: Bool, sz: Int64, timeMs: Int64, liquidation markPx: Int64? = nil
  ) {
    let coinIndex = Int(taker.slots[index].coin)
    let coin = coins[coinIndex]
    orderNumber += 1
    var execution = Execution(timeMs: timeMs, order: orderNumber)
    if let markPx {
      execution.liquidated = Int32(taker.index)
      execution.markPx = markPx
    } else if random.chance(options.twapShare) {
      execution.order |= 1 << 63
      nextTwapId += 1
      execution.twapId = nextTwapId
    }
    let touch = coin.touch
    let step = coin.step(at: coin.mark)
    var px = isBuy ? touch.ask : touch.bid
    chooseMakers(coinIndex, taker: taker.index, takerBuys: isBuy)
    let takerOid = nextOid + Int64(scratchMakers.count)
    var rest = sz
    for (number, maker) in scratchMakers.enumerated() where rest > 0 {
      var part = rest
      if number < scratchMakers.count - 1 {
        part = max(1, World.scaled(rest, by: Int64(20 + random.below(60)), over: 100))
        part = min(part, capacity(accounts[maker], coin: coinIndex, sells: isBuy))
      }
      guard part > 0 else { continue }
      let makerOid = nextOid
      nextOid += 1
      execution.tid = isBuy ? World.tid(takerOid, makerOid) : World.tid(makerOid, takerOid)
      trade(
        coinIndex, taker: taker, takerSlot: index, maker: accounts[maker], takerBuys: isBuy, sz: part, px: px,
        takerOid: takerOid, makerOid: makerOid, execution)
      rest -= part
      let deeper = Int64(random.below(3)) * step
      px = isBuy ? px + deeper : max(px - deeper, step)
    }
    nextOid = takerOid + 1 + Int64(random.below(40))
    counters.orders += 1
    rearm(taker)
  }

  private func trade(
    _ coinIndex: Int, taker: Account, takerSlot: Int, maker: Account, takerBuys: Bool, sz: Int64, px: Int64,
    takerOid: Int64, makerOid: Int64, _ execution: Execution
  ) {
    guard let makerSlot = maker.slot(of: coinIndex) else { return }
    if maker.slots[makerSlot].szi == 0, maker.isWide { chooseTerms(maker, slot: makerSlot) }
    fill(
      taker, slot: takerSlot, isBuy: takerBuys, sz: sz, px: px, crossed: true, oid: takerOid, of: execution)
    fill(
      maker, slot: makerSlot, isBuy: !takerBuys, sz: sz, px: px, crossed: false, oid: makerOid, of: execution)
    publish(
      coinIndex, isBuy: takerBuys, px: px, sz: sz, buyer: takerBuys ? taker.index : maker.index,
      seller: takerBuys ? maker.index : taker.index, of: execution)
    rearm(maker)
  }

  /// One to four different accounts that take the other side, into `scratchMakers`.
  private func chooseMakers(_ coin: Int, taker: Int, takerBuys: Bool) {
    scratchMakers.removeAll(keepingCapacity: true)
    let pick = random.unit()
    let count = pick < 0.6 ? 1 : pick < 0.82 ? 2 : pick < 0.94 ? 3 : 4
    for number in 0..<count {
      let maker = chooseMaker(coin, takerBuys: takerBuys)
      if maker == taker || scratchMakers.contains(maker) { continue }
      // A trader can fill only a part of an order, so it never comes last.
      if accounts[maker].kind == .trader && number == count - 1 { continue }
      scratchMakers.append(maker)
    }
    if scratchMakers.last.map({ accounts[$0].kind == .trader }) ?? true {
      let spare = makers.first { $0 != taker && !scratchMakers.contains($0) }
      scratchMakers.append(spare ?? makers.lowerBound)
    }
  }

  private func chooseMaker(_ coin: Int, takerBuys: Bool) -> Int {
    let pick = random.unit()
    if pick < 0.10 {
      // A liquidator vault sells what it took over, as a maker.
      let vault = 4 + random.below(2)
      let szi = accounts[vault].slots[coin].szi
      if takerBuys ? szi > 0 : szi < 0 { return vault }
    }
    if pick < 0.25 { return 1 + random.below(3) }
    if pick < 0.55, !coins[coin].followers.isEmpty {
      return Int(coins[coin].followers[random.below(coins[coin].followers.count)])
    }
    return makers.lowerBound + random.below(makers.count)
  }

  /// Lots an account would take as a maker: a trader first of all gives up what it holds, sometimes more
  /// than that (a flip), and opens only with free margin; everybody else takes anything.
  private func capacity(_ account: Account, coin index: Int, sells: Bool) -> Int64 {
    guard let slot = account.slot(of: index) else { return 0 }
    guard account.kind == .trader else { return .max }
    let szi = account.slots[slot].szi
    if sells ? szi > 0 : szi < 0 {
      return random.chance(0.1) ? World.scaled(Int64(szi.magnitude), by: 13, over: 10) : Int64(szi.magnitude)
    }
    if szi == 0 { chooseTerms(account, slot: slot) }
    let margin = free(account, dex: coins[index].dex)
    guard margin > account.stake / 20 else { return 0 }
    let share = Int64(Double(margin) * account.boldness * random.unit() * 0.5)
    let lots = share * Int64(account.slots[slot].leverage) / coins[index].mark
    return lots * coins[index].mark >= 10_000_000 ? lots : 0
  }
}
