import Base
import Market

/// Answers about accounts: margin states and fills.
extension Exchange {
  /// The clearinghouse state of an account on one dex; zeros for an account nobody knows.
  func writeClearinghouse(_ account: Account?, dex: Int, _ text: ReplyText) {
    let cross = account.map { world.crossHealth($0, dex: dex) } ?? World.Health(value: 0)
    var slots: [Slot] = []
    if let account {
      slots = account.slots.filter { $0.szi != 0 && world.coins[Int($0.coin)].dex == dex }
    }
    var total = cross
    var isolatedUsd: Int64 = 0
    for slot in slots where slot.isIsolated {
      let health = world.isolatedHealth(slot)
      total.value += health.value
      total.ntl += health.ntl
      total.marginUsed += health.value
      isolatedUsd += slot.rawUsd
    }
    let free = account?.raw[dex] ?? 0
    text.raw("{\"marginSummary\":")
    writeSummary(total, rawUsd: free + isolatedUsd, text)
    text.raw(",\"crossMarginSummary\":")
    writeSummary(cross, rawUsd: free, text)
    text.raw(",\"crossMaintenanceMarginUsed\":")
    text.usd(cross.maintenance)
    text.raw(",\"withdrawable\":")
    text.usd(max(0, cross.value - max(cross.marginUsed, cross.ntl / 10)))
    text.raw(",\"assetPositions\":[")
    for (number, slot) in slots.enumerated() {
      if number > 0 { text.raw(",") }
      writePosition(slot, slot.isIsolated ? world.isolatedHealth(slot) : cross, text)
    }
    text.raw("],\"time\":")
    text.int(world.now.ms)
    text.raw("}")
  }

  private func writeSummary(_ health: World.Health, rawUsd: Int64, _ text: ReplyText) {
    text.raw("{\"accountValue\":")
    text.usd(health.value)
    text.raw(",\"totalNtlPos\":")
    text.usd(health.ntl)
    text.raw(",\"totalRawUsd\":")
    text.usd(rawUsd)
    text.raw(",\"totalMarginUsed\":")
    text.usd(health.marginUsed)
    text.raw("}")
  }

  private func writePosition(_ slot: Slot, _ health: World.Health, _ text: ReplyText) {
    let coin = world.coins[Int(slot.coin)]
    let value = slot.szi * coin.mark
    let ntl = Int64(value.magnitude)
    let pnl = value - slot.cost
    text.raw("{\"type\":\"oneWay\",\"position\":{\"coin\":")
    text.string(coin.name)
    text.raw(",\"szi\":")
    text.sz(slot.szi, coin)
    text.raw(
      slot.isIsolated
        ? ",\"leverage\":{\"type\":\"isolated\",\"value\":" : ",\"leverage\":{\"type\":\"cross\",\"value\":")
    text.int(Int64(slot.leverage))
    if slot.isIsolated {
      text.raw(",\"rawUsd\":")
      text.usd(slot.rawUsd)
    }
    text.raw("},\"entryPx\":")
    writeEntry(slot, coin, text)
    text.raw(",\"positionValue\":")
    text.usd(ntl)
    text.raw(",\"unrealizedPnl\":")
    text.usd(pnl)
    text.raw(",\"returnOnEquity\":")
    let stake = max(1, Int64(slot.cost.magnitude) / Int64(slot.leverage))
    text.decimal(World.scaled(pnl, by: 10_000_000_000, over: stake), 10)
    text.raw(",\"liquidationPx\":")
    if let px = world.liquidationPx(slot, health) { text.decimal(px, 10) } else { text.raw("null") }
    text.raw(",\"marginUsed\":")
    text.usd(slot.isIsolated ? health.value : ntl / Int64(slot.leverage))
    text.raw(",\"maxLeverage\":")
    text.int(coin.maxLeverage)
    text.raw(",\"cumFunding\":{\"allTime\":")
    text.usd(slot.fundingAllTime)
    text.raw(",\"sinceOpen\":")
    text.usd(slot.fundingSinceOpen)
    text.raw(",\"sinceChange\":")
    text.usd(slot.fundingSinceChange)
    text.raw("}}}")
  }

  /// The average entry price, cut to six significant figures as recorded.
  private func writeEntry(_ slot: Slot, _ coin: WorldCoin, _ text: ReplyText) {
    let size = Int64(slot.szi.magnitude)
    let entry = World.scaled(Int64(slot.cost.magnitude), by: 1, over: size)
    var unit: Int64 = 1
    var rest = entry
    while rest >= 1_000_000 {
      rest /= 10
      unit *= 10
    }
    text.px((entry + unit / 2) / unit * unit, coin)
  }

  /// The newest 2000 fills, newest millisecond first, execution order inside a millisecond.
  func writeNewestFills(_ user: Address, _ text: ReplyText) -> Int {
    guard let account = world.account(user) else {
      text.raw("[]")
      return 0
    }
    let fills = account.fills
    let first = max(fills.dropped, fills.end - Exchange.fillsPageMax)
    var written = 0
    var groupEnd = fills.end
    text.raw("[")
    while groupEnd > first {
      var groupStart = groupEnd - 1
      while groupStart > first, fills[groupStart - 1].timeMs == fills[groupStart].timeMs { groupStart -= 1 }
      for number in groupStart..<groupEnd {
        if written > 0 { text.raw(",") }
        writeFill(fills[number], of: account, text)
        written += 1
      }
      groupEnd = groupStart
    }
    text.raw("]")
    return written
  }

  /// One page of fills with `startMs ≤ time ≤ endMs`, oldest first unless reversed, of the latest 10,000.
  func writeFills(
    _ user: Address, startMs: Int64, endMs: Int64, reversed: Bool, _ text: ReplyText
  ) -> Int {
    guard let account = world.account(user) else {
      text.raw("[]")
      return 0
    }
    let fills = account.fills
    let first = fills.partition { $0.timeMs < startMs }
    let end = endMs == .max ? fills.end : fills.partition { $0.timeMs <= endMs }
    let count = min(max(0, end - first), Exchange.fillsPageMax)
    text.raw("[")
    for offset in 0..<count {
      if offset > 0 { text.raw(",") }
      writeFill(fills[reversed ? end - 1 - offset : first + offset], of: account, text)
    }
    text.raw("]")
    return count
  }

  /// Rows in one answer.
  static let fillsPageMax = 2000

  func writeFill(_ row: FillRow, of account: Account, _ text: ReplyText) {
    let coin = world.coins[Int(row.coin)]
    text.raw("{\"coin\":")
    text.string(coin.name)
    text.raw(",\"px\":")
    text.px(row.px, coin)
    text.raw(",\"sz\":")
    text.sz(row.sz, coin)
    text.raw(row.isBuy ? ",\"side\":\"B\",\"time\":" : ",\"side\":\"A\",\"time\":")
    text.int(row.timeMs)
    text.raw(",\"startPosition\":")
    text.sz(row.start, coin)
    text.raw(",\"dir\":\"")
    text.raw(row.direction.text)
    text.raw("\",\"closedPnl\":")
    text.usd(row.closedPnl)
    text.raw(",\"hash\":")
    text.hash(row.order)
    text.raw(",\"oid\":")
    text.int(row.oid)
    text.raw(row.crossed ? ",\"crossed\":true,\"fee\":" : ",\"crossed\":false,\"fee\":")
    text.usd(row.fee)
    text.raw(",\"tid\":")
    text.int(row.tid)
    if account.hasCloid && row.liquidated < 0 {
      text.raw(",\"cloid\":\"0x")
      text.hex(UInt64(account.index), 16)
      text.hex(UInt64(bitPattern: row.oid), 16)
      text.raw("\"")
    }
    if row.liquidated >= 0 {
      text.raw(",\"liquidation\":{\"liquidatedUser\":")
      text.address(world.accounts[Int(row.liquidated)].address)
      text.raw(",\"markPx\":")
      text.px(row.markPx, coin)
      text.raw(row.method == .market ? ",\"method\":\"market\"}" : ",\"method\":\"backstop\"}")
    }
    text.raw(",\"feeToken\":\"USDC\",\"twapId\":")
    if row.twapId > 0 { text.int(Int64(row.twapId)) } else { text.raw("null") }
    text.raw("}")
  }
}
