import Base

/// What an execution does to an account: position, money and fills history.
extension World {
  /// Applies one side of an execution of `sz` lots at `px` ticks and remembers the fill.
  ///
  /// Cross positions move free USD; an isolated one has its own bucket, which takes `notional ÷ leverage`
  /// when it grows and gives back its share when it shrinks.
  func fill(
    _ account: Account, slot index: Int, isBuy: Bool, sz: Int64, px: Int64, crossed: Bool, oid: Int64,
    direction given: FillDir? = nil, of execution: Execution
  ) {
    var slot = account.slots[index]
    let coin = coins[Int(slot.coin)]
    let start = slot.szi
    let delta = isBuy ? sz : -sz
    let closed = (start > 0) == (delta > 0) ? 0 : min(start.magnitude, sz.magnitude)
    var pnl: Int64 = 0
    if closed > 0 { pnl = close(Int64(closed), of: &slot, px: px, account: account, dex: coin.dex) }
    let opened = sz - Int64(closed)
    if opened > 0 { open(isBuy ? opened : -opened, in: &slot, px: px, account: account, dex: coin.dex) }
    slot.version &+= 1
    slot.fundingSinceChange = 0
    if start == 0 || slot.szi == 0 { slot.fundingSinceOpen = 0 }
    account.slots[index] = slot
    coin.gross += Int64(slot.szi.magnitude) - Int64(start.magnitude)
    coin.holders += (slot.szi == 0 ? 0 : 1) - (start == 0 ? 0 : 1)

    let direction = given ?? .plain(start: start, delta: delta)
    var fee: Int64 = 0
    if given == nil {
      fee = World.scaled(sz * px, by: crossed ? account.takerFee : account.makerFee, over: 1_000_000)
      account.raw[coin.dex] -= fee
      collected += fee
    }
    remember(
      FillRow(
        timeMs: execution.timeMs, px: px, sz: sz, start: start, closedPnl: pnl, fee: fee, oid: oid,
        tid: execution.tid, order: execution.order, markPx: execution.markPx,
        liquidated: execution.liquidated, coin: slot.coin, twapId: crossed ? execution.twapId : 0,
        isBuy: isBuy, crossed: crossed, direction: direction, method: execution.method), of: account)
  }

  /// Takes `lots` off the position at `px`; answers the closed profit, average-entry based.
  private func close(
    _ lots: Int64, of slot: inout Slot, px: Int64, account: Account, dex: Int
  ) -> Int64 {
    let size = Int64(slot.szi.magnitude)
    let isLong = slot.szi > 0
    let cost = lots == size ? slot.cost : World.scaled(slot.cost, by: lots, over: size)
    let proceeds = isLong ? lots * px : -lots * px
    if slot.isIsolated {
      let equity = slot.rawUsd + slot.szi * px
      let released = lots == size ? equity : World.scaled(equity, by: lots, over: size)
      slot.rawUsd += proceeds - released
      account.raw[dex] += released
    } else {
      account.raw[dex] += proceeds
    }
    slot.cost -= cost
    slot.szi -= isLong ? lots : -lots
    return proceeds - cost
  }

  /// Adds `delta` signed lots to the position at `px`.
  private func open(_ delta: Int64, in slot: inout Slot, px: Int64, account: Account, dex: Int) {
    let cost = delta * px
    if slot.isIsolated {
      let margin = Int64(cost.magnitude) / Int64(slot.leverage)
      account.raw[dex] -= margin
      slot.rawUsd += margin - cost
    } else {
      account.raw[dex] -= cost
    }
    slot.cost += cost
    slot.szi += delta
  }

  private func forgetLiquidations() {
    guard liquidations.count >= liquidationsRoom else { return }
    let since = now.ms - World.liquidationsKept.milliseconds
    liquidations = liquidations.filter { $0.key.timeMs >= since }
    liquidationsRoom = 2 * liquidations.count + 1_024
  }

  private func remember(_ row: FillRow, of account: Account) {
    if row.liquidated == Int32(account.index) {
      let event = LiquidationEvent(coin: Int(row.coin), timeMs: row.timeMs, user: account.address)
      liquidations[event, default: 0] += 1
      forgetLiquidations()
    }
    account.fills.append(row)
    fillsHeld += 1
    while account.fills.count > 1
      && (account.fills.count > options.fillsPerAccountMax || fillsHeld > options.fillsTotalMax)
    {
      account.fills.dropFirst()
      fillsHeld -= 1
      counters.fillsDropped += 1
      if account.fills.count <= options.fillsPerAccountMax { break }
    }
  }

  /// Writes a public trade into the truth and into its block.
  func publish(
    _ index: Int, isBuy: Bool, px: Int64, sz: Int64, buyer: Int, seller: Int, of execution: Execution
  ) {
    let coin = coins[index]
    coin.trades.append(
      TradeRow(
        timeMs: execution.timeMs, px: px, sz: sz, tid: execution.tid, order: execution.order,
        buyerAndSide: UInt32(buyer) | (isBuy ? 0x8000_0000 : 0), seller: UInt32(seller)))
    coin.hourNtl[24] += px * sz
    coin.hourLots[24] += sz
    if coin.blockMs == execution.timeMs {
      blocks.extend(coin.blockEntry)
    } else {
      coin.blockMs = execution.timeMs
      coin.blockEntry = blocks.end
      blocks.append(
        BlockLog.Entry(
          timeMs: execution.timeMs, first: coin.trades.end - 1, count: 1, coin: Int32(index)))
    }
    let oldest = execution.timeMs - Int64(options.tradesRetentionS) * 1000
    while coin.trades.count > World.recentTradesMax, coin.trades[coin.trades.dropped].timeMs < oldest {
      coin.trades.dropFirst()
    }
    counters.trades += 1
  }

  /// Trades of a coin that are kept however old: what a new subscription is sent.
  public static let recentTradesMax = 30

  /// A trade id below 2^50, decided by both orders as on the exchange.
  static func tid(_ buyerOid: Int64, _ sellerOid: Int64) -> Int64 {
    var x = UInt64(bitPattern: buyerOid) &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(bitPattern: sellerOid)
    x = (x ^ (x >> 29)) &* 0xBF58_476D_1CE4_E5B9
    x ^= x >> 32
    return Int64(x & ((1 << 50) - 1))
  }
}
