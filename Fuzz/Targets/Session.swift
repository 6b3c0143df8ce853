import Base
import Hyperliquid
import Market
import Wire

extension FuzzTarget {
  /// A script of inputs for the connection pool: time passing, connections coming and going, any bytes.
  ///
  /// First byte: the seed. Then opcodes with their arguments. Checked: it never traps, deadlines move on, and
  /// attempts and messages in any 60 s stay within the limits.
  public static let session = FuzzTarget("session") { bytes in
    guard let seed = bytes.first else { return }
    let driver = SessionDriver(seed: UInt64(seed))
    driver.run(UnsafeRawBufferPointer(rebasing: bytes.dropFirst()))
  }
}

/// Carries out a script against a pool, as a driver that obeys and a peer that does not.
private final class SessionDriver {
  let outbox = ByteBuffer()
  let buffer = ByteBuffer()
  let sessions: Sessions
  let feed = TradesFeed()
  var coins = Coins()
  var links: [LinkID] = []
  var now = Instant(ns: 1_000_000_000)
  var attempts: [Instant] = []
  var messages: [Instant] = []

  init(seed: UInt64) {
    var limits = SessionLimits()
    limits.connectionsMax = 1 + Int(seed % 4)
    limits.perConnectionMax = 3
    limits.messagesPerMinMax = 60
    limits.connectsPerMinMax = 8
    limits.subscriptionsMax = 12
    sessions = Sessions(host: "fuzz", limits: limits, outbox: outbox, seed: seed)
    for name in ["BTC", "ETH", "SOL", "xyz:A", "k\"B\\"] {
      _ = coins.list(Coin(name: name, dex: "", szDecimals: 2, maxLeverage: 5, isListed: true))
    }
    sessions.coins = coins
    for index in 0..<3 { sessions.subscribe(.trades(CoinID(raw: UInt32(index))), now: now) }
    sessions.subscribe(.allMids, now: now)
    sessions.start(now: now)
    sessions.tick(now: now)
    drain()
  }

  func run(_ script: UnsafeRawBufferPointer) {
    var at = 0
    func next() -> UInt8 {
      defer { at += 1 }
      return at < script.count ? script[at] : 0
    }
    while at < script.count {
      let code = next()
      let link = links.isEmpty ? nil : links[Int(next()) % links.count]
      switch code % 10 {
      case 0: pass(.milliseconds(Int(next()) * 10))
      case 1: pass(.milliseconds(Int(next()) * 500))
      case 2: if let link { sessions.connected(link, now: now) }
      case 3: if let link { sessions.disconnected(link, now: now) }
      case 4:
        let count = min(Int(next()), script.count - min(at, script.count))
        if let link, count > 0 { receive(link, UnsafeRawBufferPointer(rebasing: script[at..<at + count])) }
        at += count
      case 5:
        let kind = next()
        let count = min(Int(next()), script.count - min(at, script.count))
        if let link, count > 0 {
          frame(link, kind, UnsafeRawBufferPointer(rebasing: script[at..<at + count]))
        }
        at += count
      case 6: sessions.subscribe(topic(next()), now: now)
      case 7: sessions.unsubscribe(topic(next()), now: now)
      case 8: sessions.marketMoved(CoinID(raw: UInt32(next()) % 8), now: now)
      default: next() == 0 ? sessions.stop(now: now) : sessions.start(now: now)
      }
      drain()
    }
    check()
  }

  private func topic(_ byte: UInt8) -> Topic {
    let coin = CoinID(raw: UInt32(byte >> 3) % 5)
    switch byte % 6 {
    case 0, 1: return .trades(coin)
    case 2: return .l2Book(coin)
    case 3: return .allMids
    case 4: return .allDexsAssetCtxs
    default: return .userFills(Address(a: UInt64(byte), b: 0, c: 0))
    }
  }

  private func pass(_ span: TimeSpan) {
    let end = now + span
    var turns = 0
    while sessions.nextDeadline <= end {
      let deadline = max(sessions.nextDeadline, now)
      turns += 1
      precondition(turns < 100_000, "time does not pass")
      now = deadline
      sessions.tick(now: now)
      drain()
    }
    now = max(now, end)
  }

  /// A well-formed server frame with the given payload, so that the fuzzer need not find the header.
  private func frame(_ link: LinkID, _ kind: UInt8, _ payload: UnsafeRawBufferPointer) {
    let bytes = ByteBuffer()
    WebSocketEncoder.frame(opcode: kind % 16, isFinal: kind < 240, payload, mask: nil, into: bytes)
    receive(link, bytes.bytes)
  }

  private func receive(_ link: LinkID, _ bytes: UnsafeRawBufferPointer) {
    buffer.removeAll()
    buffer.append(bytes)
    sessions.received(link, buffer.bytes, now: now)
    drain()
  }

  private func drain() {
    while let event = sessions.nextEvent() {
      guard case .data(let frame, let link) = event, frame.channel == .trades else { continue }
      guard (try? feed.decode(frame, coins: coins)) != nil else {
        sessions.garbage(link, now: now)
        continue
      }
      if let first = feed.trades.first { sessions.heard(.trades, first.coin, link, now: now) }
    }
    while let action = sessions.nextAction() {
      switch action {
      case .connect(let link):
        links.removeAll { $0.index == link.index }
        links.append(link)
        attempts.append(now)
      case .send(let link, let range):
        precondition(links.contains(link), "bytes for a connection that does not live")
        count(outbox.bytes(in: range), link)
      case .close(let link): links.removeAll { $0 == link }
      }
    }
    outbox.removeAll()
    answerUpgrades()
  }

  private var keys: [(LinkID, [UInt8])] = []

  /// Reads what was sent: upgrade requests are remembered, messages are counted.
  private func count(_ bytes: UnsafeRawBufferPointer, _ link: LinkID) {
    if bytes.first == UInt8(ascii: "G") {
      let name = Array("Sec-WebSocket-Key: ".utf8)
      for at in 0..<max(0, bytes.count - name.count - 24)
      where bytes[at..<at + name.count].elementsEqual(name) {
        keys.append((link, [UInt8](bytes[(at + name.count)..<(at + name.count + 24)])))
      }
      return
    }
    buffer.removeAll()
    buffer.append(bytes)
    var decoder = WebSocketDecoder(role: .server, messageMax: 1 << 16)
    decoder.feed(buffer.bytes)
    while let event = try? decoder.next() {
      if case .needMore = event { return }
      if case .close = event { return }
      messages.append(now)
    }
    preconditionFailure("we sent bytes against the RFC")
  }

  /// The upgrade is always answered: without it the fuzzer would never get behind it.
  private func answerUpgrades() {
    while let (link, key) = keys.popLast() {
      buffer.removeAll()
      key.withUnsafeBytes { WebSocketAccept.answer(key: $0, into: buffer) }
      sessions.received(link, buffer.bytes, now: now)
      drain()
    }
  }

  private func check() {
    precondition(SessionDriver.peak(attempts) <= 8, "too many attempts")
    precondition(SessionDriver.peak(messages) <= 60, "too many messages")
    let stats = sessions.stats
    precondition(stats.live <= stats.wanted + 12 && stats.wanted <= 12 && stats.wanted >= 0)
  }

  private static func peak(_ moments: [Instant]) -> Int {
    var first = 0
    var peak = 0
    for index in moments.indices {
      while moments[first] + .seconds(60) <= moments[index] { first += 1 }
      peak = max(peak, index - first + 1)
    }
    return peak
  }
}
