import Base
import Market

/// What no exchange tells: the truth about its world, for tests and for the curious, and a brake.
///
/// `GET /truth/flow`, `/truth/world`, `/truth/trips`; `POST /control/still` and `/control/on`. Exact values as
/// decimal strings, as in the exchange's own messages.
extension Exchange {
  /// Answers `GET path?query` when it asks for the truth; nil for another path, false when the query names nobody.
  func writeTruth(_ path: String, _ query: String, _ text: ReplyText) -> Bool? {
    var fields: [String: String] = [:]
    for pair in query.split(separator: "&") {
      let parts = pair.split(separator: "=", maxSplits: 1)
      if parts.count == 2 { fields[String(parts[0])] = String(parts[1]) }
    }
    switch path {
    case "/truth/flow": return writeFlowTruth(fields, text)
    case "/truth/trips": return writeTrips(fields, text)
    case "/truth/world":
      writeWorld(text)
      return true
    default: return nil
    }
  }

  /// Carries out `POST path`; false for a path that is no control.
  func control(_ path: String) -> Bool {
    switch path {
    case "/control/still": world.holdStill()
    case "/control/on": world.goOn()
    default: return false
    }
    return true
  }

  /// One coin's order flow: `coin=BTC&windowS=300[&now=ms]`; USD in micros.
  private func writeFlowTruth(_ fields: [String: String], _ text: ReplyText) -> Bool {
    guard let coin = fields["coin"].flatMap(world.coinIndex),
      let windowS = fields["windowS"].flatMap({ Int($0) }),
      (0...604_800).contains(windowS)
    else {
      text.raw("{\"error\":\"coin or windowS missing or unknown\"}")
      return false
    }
    let now = WallTime(ms: fields["now"].flatMap { Int64($0) } ?? world.now.ms)
    let flow = world.flow(of: coin, windowS: windowS, now: now)
    text.raw("{\"coin\":")
    text.string(world.coinName(coin))
    text.raw(",\"windowS\":")
    text.int(windowS)
    text.raw(",\"now\":")
    text.int(now.ms)
    text.raw(",\"buyMicros\":")
    text.int(flow.buyNtl.micros)
    text.raw(",\"sellMicros\":")
    text.int(flow.sellNtl.micros)
    text.raw(",\"buyCount\":")
    text.int(flow.buyCount)
    text.raw(",\"sellCount\":")
    text.int(flow.sellCount)
    text.raw("}")
    return true
  }

  /// Every coin's mark and every account's main-dex equity and positions.
  private func writeWorld(_ text: ReplyText) {
    text.raw("{\"now\":")
    text.int(world.now.ms)
    text.raw(world.isStill ? ",\"isStill\":true,\"coins\":[" : ",\"isStill\":false,\"coins\":[")
    for index in 0..<world.coinCount {
      if index > 0 { text.raw(",") }
      text.raw("{\"coin\":")
      text.string(world.coinName(index))
      text.raw(world.isListed(index) ? ",\"isListed\":true,\"markPx\":" : ",\"isListed\":false,\"markPx\":")
      text.decimal(world.markPx(index).raw, 8)
      text.raw(",\"openInterest\":")
      text.decimal(world.openInterest(index).raw, 8)
      text.raw("}")
    }
    text.raw("],\"accounts\":[")
    for index in 0..<world.accountCount {
      if index > 0 { text.raw(",") }
      let address = world.address(index)
      text.raw("{\"address\":")
      text.address(address)
      text.raw(",\"isVault\":")
      text.raw(index < world.vaultAddresses.count ? "true" : "false")
      text.raw(",\"equity\":")
      text.usd(world.accountValue(of: address).micros)
      text.raw(",\"positions\":[")
      var isFirst = true
      for position in world.positions(of: address) where world.coins[position.coin].dex == 0 {
        if !isFirst { text.raw(",") }
        isFirst = false
        writePosition(position, text)
      }
      text.raw("]}")
    }
    text.raw("]}")
  }

  private func writePosition(_ position: WorldPosition, _ text: ReplyText) {
    text.raw("{\"coin\":")
    text.string(world.coinName(position.coin))
    text.raw(",\"szi\":")
    text.decimal(position.szi.raw, 8)
    text.raw(",\"value\":")
    text.usd(position.value.micros)
    text.raw(",\"unrealizedPnl\":")
    text.usd(position.unrealizedPnl.micros)
    text.raw(",\"leverage\":")
    text.int(position.leverage)
    text.raw("}")
  }

  /// The finished round trips of one account: `user=0x…&since=ms`.
  private func writeTrips(_ fields: [String: String], _ text: ReplyText) -> Bool {
    guard let user = fields["user"].flatMap({ Address($0) }),
      let since = fields["since"].flatMap({ Int64($0) })
    else {
      text.raw("{\"error\":\"user or since missing\"}")
      return false
    }
    text.raw("[")
    for (place, trip) in world.trips(of: user, since: WallTime(ms: since)).enumerated() {
      if place > 0 { text.raw(",") }
      text.raw("{\"coin\":")
      text.string(world.coinName(trip.coin))
      text.raw(trip.isLong ? ",\"side\":\"long\",\"entryNtl\":" : ",\"side\":\"short\",\"entryNtl\":")
      text.usd(trip.entryNtl.micros)
      text.raw(",\"exitNtl\":")
      text.usd(trip.exitNtl.micros)
      text.raw(",\"sz\":")
      text.decimal(trip.entrySz.raw, 8)
      text.raw(",\"pnl\":")
      text.usd(trip.pnl.micros)
      text.raw(",\"entryTime\":")
      text.int(trip.entryTime.ms)
      text.raw(",\"exitTime\":")
      text.int(trip.exitTime.ms)
      text.raw("}")
    }
    text.raw("]")
    return true
  }
}
