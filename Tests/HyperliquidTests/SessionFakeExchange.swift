import Base
import Hyperliquid
import Market
import Wire

/// One connection as the exchange sees it, byte by byte, with the faults it is told to have.
final class FakeConnection {
  enum State { case opening, upgrading, open, gone }

  let link: LinkID
  var state = State.opening
  var opensAt: Instant
  /// The TCP connection never completes, or fails.
  var hangs = false
  var refuses = false
  /// The upgrade gets no answer, or a 503.
  var ignoresUpgrade = false
  var refusesUpgrade = false
  /// Open but dead: nothing is read or sent any more.
  var isMute = false
  /// Sends no trades, though it answers pings.
  var isTradeless = false
  /// Swallows acks (the subscription works) or whole subscriptions.
  var losesAcks = false
  var losesSubscriptions = false
  var head: [UInt8] = []
  var decoder = WebSocketDecoder(role: .server, messageMax: 1 << 20)
  var subscribed: [String] = []
  /// Bytes on their way to the client.
  let pending = ByteBuffer()
  /// The client's bytes, kept while the decoder reads them.
  let arrived = ByteBuffer()

  init(link: LinkID, opensAt: Instant) {
    self.link = link
    self.opensAt = opensAt
  }
}

/// The server side of the protocol as the fact sheet tells it, counting what the exchange counts.
struct FakeExchange {
  var connections: [FakeConnection] = []
  /// Coins whose feed is broken for everybody, though they trade.
  var brokenCoins: Set<String> = []
  /// Names the exchange does not know.
  var unknownCoins: Set<String> = []
  var attempts: [Instant] = []
  var messages: [Instant] = []
  var connectionsPeak = 0
  var subscriptionsPeak = 0
  var tid: UInt64 = 1
  var closesSeen = 0

  mutating func connect(_ link: LinkID, opensAt: Instant, now: Instant) -> FakeConnection {
    attempts.append(now)
    let connection = FakeConnection(link: link, opensAt: opensAt)
    connections.append(connection)
    connectionsPeak = max(connectionsPeak, connections.count(where: { $0.state != .gone }))
    return connection
  }

  func connection(_ link: LinkID) -> FakeConnection? {
    connections.last { $0.link == link && $0.state != .gone }
  }

  mutating func close(_ link: LinkID) {
    connection(link)?.state = .gone
    connections.removeAll { $0.state == .gone }
  }

  /// Bytes from the client.
  mutating func receive(_ link: LinkID, _ bytes: UnsafeRawBufferPointer, now: Instant) {
    guard let connection = connection(link), !connection.isMute else { return }
    switch connection.state {
    case .upgrading:
      connection.head += Array(bytes)
      upgrade(connection)
    case .open:
      connection.arrived.removeAll()
      connection.arrived.append(bytes)
      connection.decoder.feed(connection.arrived.bytes)
      read(connection, now)
    case .opening, .gone: break
    }
  }

  private func upgrade(_ connection: FakeConnection) {
    let text = String(decoding: connection.head, as: UTF8.self)
    guard text.hasSuffix("\r\n\r\n"), !connection.ignoresUpgrade else { return }
    guard !connection.refusesUpgrade else {
      connection.pending.append("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n")
      return
    }
    let name = "Sec-WebSocket-Key: "
    for line in text.split(separator: "\r\n") where line.hasPrefix(name) {
      let key = Array(line.dropFirst(name.count).utf8)
      key.withUnsafeBytes { WebSocketAccept.answer(key: $0, into: connection.pending) }
    }
    connection.state = .open
  }

  private mutating func read(_ connection: FakeConnection, _ now: Instant) {
    while true {
      guard let event = try? connection.decoder.next() else { return connection.state = .gone }
      switch event {
      case .needMore: return
      case .text(let bytes):
        messages.append(now)
        message(connection, String(decoding: bytes, as: UTF8.self))
      case .close:
        closesSeen += 1
        connection.isMute = true
        return
      case .binary, .ping, .pong: messages.append(now)
      }
    }
  }

  private mutating func message(_ connection: FakeConnection, _ text: String) {
    if text == "{\"method\":\"ping\"}" { return send(connection, "{\"channel\":\"pong\"}") }
    guard let start = text.range(of: "\"subscription\":") else { return }
    let subscription = String(text[start..<text.index(before: text.endIndex)])
    let isSubscribe = text.hasPrefix("{\"method\":\"subscribe\"")
    if connection.losesSubscriptions { return }
    if let coin = FakeExchange.coin(subscription), unknownCoins.contains(coin) {
      return send(
        connection, "{\"channel\":\"error\",\"data\":\"Invalid subscription \(quoted(subscription))\"}")
    }
    let isKnown = connection.subscribed.contains(subscription)
    if isSubscribe, isKnown {
      return send(
        connection, "{\"channel\":\"error\",\"data\":\"Already subscribed: \(quoted(subscription))\"}")
    }
    if isSubscribe {
      connection.subscribed.append(subscription)
    } else {
      connection.subscribed.removeAll { $0 == subscription }
    }
    subscriptionsPeak = max(subscriptionsPeak, connections.reduce(0) { $0 + $1.subscribed.count })
    if isSubscribe, let coin = FakeExchange.coin(subscription) { trade(coin, on: connection) }
    guard !connection.losesAcks else { return }
    // The echo has more keys than were sent, as recorded.
    let echo = subscription.dropLast() + ",\"fast\":false,\"mantissa\":null}"
    let method = isSubscribe ? "subscribe" : "unsubscribe"
    send(
      connection,
      "{\"channel\":\"subscriptionResponse\",\"data\":{\"method\":\"\(method)\",\"subscription\":\(echo)}}")
  }

  /// The coin of a trades subscription.
  static func coin(_ subscription: String) -> String? {
    let prefix = "{\"type\":\"trades\",\"coin\":\""
    guard subscription.hasPrefix(prefix) else { return nil }
    return String(subscription.dropFirst(prefix.count).dropLast(2))
  }

  private func quoted(_ json: String) -> String {
    json.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\\\"")
  }

  func send(_ connection: FakeConnection, _ text: String) {
    guard connection.state == .open, !connection.isMute else { return }
    Array(text.utf8).withUnsafeBytes { WebSocketEncoder.text($0, mask: nil, into: connection.pending) }
  }

  /// A trade of `coin` happens; who subscribed it hears of it.
  mutating func trade(_ coin: String) {
    for connection in connections { trade(coin, on: connection) }
  }

  private mutating func trade(_ coin: String, on connection: FakeConnection) {
    guard !brokenCoins.contains(coin), !connection.isTradeless else { return }
    guard connection.subscribed.contains("{\"type\":\"trades\",\"coin\":\"\(coin)\"}") else { return }
    tid += 1
    let user = "0x010461c14e146ac35fe42271bdc1134ee31c703a"
    send(
      connection,
      "{\"channel\":\"trades\",\"data\":[{\"coin\":\"\(coin)\",\"side\":\"B\",\"px\":\"1.5\",\"sz\":\"2.0\","
        + "\"time\":1787375600000,\"hash\":\"0x00\",\"tid\":\(tid),\"users\":[\"\(user)\",\"\(user)\"]}]}")
  }

  /// A frame of every market-wide feed, to who subscribed it.
  func market() {
    for connection in connections where connection.subscribed.contains("{\"type\":\"allDexsAssetCtxs\"}") {
      send(connection, "{\"channel\":\"allDexsAssetCtxs\",\"data\":{\"ctxs\":[]}}")
    }
    for connection in connections where connection.subscribed.contains("{\"type\":\"allMids\"}") {
      send(connection, "{\"channel\":\"allMids\",\"data\":{\"mids\":{}}}")
    }
  }

  /// The greatest number of moments in any 60 seconds.
  static func peak(_ moments: [Instant]) -> Int {
    var first = 0
    var peak = 0
    for index in moments.indices {
      while moments[first] + .seconds(60) <= moments[index] { first += 1 }
      peak = max(peak, index - first + 1)
    }
    return peak
  }
}

extension String {
  /// Where the text behind `needle` begins, to the end.
  fileprivate func range(of needle: String) -> Index? {
    var at = startIndex
    while at < endIndex {
      if self[at...].hasPrefix(needle) { return index(at, offsetBy: needle.count) }
      at = index(after: at)
    }
    return nil
  }
}
