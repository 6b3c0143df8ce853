import Base
import Core
import Wire

/// Core with everything below it answered at once: a driver without sockets, so that only Core's own work is measured.
///
/// Effects are carried out in order: connections open, upgrades and subscriptions are confirmed, listings answered.
final class CoreHarness {
  let core: Core
  private(set) var now: Now
  private var sockets: [LinkID: Socket] = [:]
  /// Which connection carries a coin's trades, by name.
  private var linkOf: [String: LinkID] = [:]
  private var contextsLink: LinkID?
  private var contextsAtMs: Int64 = 0
  private let coins: Int
  private let reply = ByteBuffer(capacity: 64 << 10)

  private final class Socket {
    var decoder = WebSocketDecoder(role: .server, messageMax: 1 << 20)
    var isUpgraded = false
  }

  init(coins: Int, startMs: Int64) {
    self.coins = coins
    now = Now(instant: Instant(ns: 1_000_000_000), wall: WallTime(ms: startMs))
    core = Core(options: Options(), version: "bench", seed: 1, now: now)
    step(.started)
    for _ in 0..<4000 where !isLive { advance(ms: 50) }
    precondition(isLive, "the harness follows every coin")
  }

  /// Moves both clocks.
  func advance(ms: Int64) {
    now.instant = now.instant + .milliseconds(Int(ms))
    now.wall = WallTime(ms: now.wall.ms + ms)
    if now.wall.ms >= contextsAtMs, let contextsLink {
      contextsAtMs = now.wall.ms + 1000
      frame("{\"channel\":\"allDexsAssetCtxs\",\"data\":{\"ctxs\":[]}}")
      answer(contextsLink)
    }
    if core.nextDeadline <= now.instant { step(.wake) }
  }

  /// The connection that carries the trades of coin number `index`.
  func link(ofCoin index: Int) -> LinkID {
    guard let link = linkOf[FrameSource.name(index)] else { preconditionFailure("the coin is followed") }
    return link
  }

  /// Hands a server's WebSocket bytes to a connection.
  @inline(__always)
  func receive(_ bytes: UnsafeRawBufferPointer, on link: LinkID) { step(.linkReceived(link, bytes)) }

  /// One API request through a client of its own; its answer.
  func get(_ path: String) -> String {
    step(.clientAccepted(ClientID(raw: 0)))
    let request = Array("GET \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".utf8)
    var answer = ""
    request.withUnsafeBytes { bytes in
      core.step(.clientReceived(ClientID(raw: 0), bytes), now: now)
      for effect in core.output.effects {
        if case .sendClient(_, let range) = effect {
          answer += String(decoding: core.output.bytes.bytes(in: range), as: UTF8.self)
        }
      }
    }
    step(.clientClosed(ClientID(raw: 0)))
    return answer
  }

  private var isLive: Bool { linkOf.count >= coins && contextsLink != nil }

  private func step(_ input: Input) {
    core.step(input, now: now)
    guard !core.output.effects.isEmpty else { return }
    var inputs: [() -> Void] = []
    for effect in core.output.effects { perform(effect, &inputs) }
    for input in inputs { input() }
  }

  private func perform(_ effect: Effect, _ inputs: inout [() -> Void]) {
    switch effect {
    case .connect(let link):
      sockets[link] = Socket()
      inputs.append { [self] in step(.linkOpened(link)) }
    case .sendLink(let link, let range):
      let bytes = Array(core.output.bytes.bytes(in: range)) + [UInt8](repeating: 0, count: 64)
      inputs.append { [self] in
        bytes.withUnsafeBytes { sent(link, UnsafeRawBufferPointer(rebasing: $0.dropLast(64))) }
      }
    case .fetch(let id, let body, _):
      let question = String(decoding: core.output.bytes.bytes(in: body), as: UTF8.self)
      let text =
        Array((question.contains("perpDexs") ? "[null]" : meta).utf8) + [UInt8](repeating: 0, count: 64)
      inputs.append { [self] in
        text.withUnsafeBytes {
          step(
            .reply(id, status: 200, body: UnsafeRawBufferPointer(rebasing: $0.dropLast(64)), retryAfterS: nil)
          )
        }
      }
    // Never answered: what goes to disk is measured by `store-rows`, and a batch a second would hide the rest.
    case .load: break
    default: break
    }
  }

  private func sent(_ link: LinkID, _ bytes: UnsafeRawBufferPointer) {
    guard let socket = sockets[link] else { return }
    if !socket.isUpgraded {
      socket.isUpgraded = true
      let head = String(decoding: bytes, as: UTF8.self)
      let key = head.split(separator: "\r\n").first { $0.hasPrefix("Sec-WebSocket-Key: ") }.map {
        $0.dropFirst(19)
      }
      reply.removeAll()
      Array((key ?? "").utf8).withUnsafeBytes { WebSocketAccept.answer(key: $0, into: reply) }
      return answer(link)
    }
    socket.decoder.feed(bytes)
    reply.removeAll()
    while case .text(let text)? = try? socket.decoder.next() {
      let message = String(decoding: text, as: UTF8.self)
      let mark = "\"subscription\":"
      if message.hasSuffix("{\"method\":\"ping\"}") {
        frame("{\"channel\":\"pong\"}")
      } else if let at = message.firstRange(of: mark) {
        if let coin = message.firstRange(of: "\"coin\":\"") {
          linkOf[String(message[coin.upperBound...].prefix { $0 != "\"" })] = link
        } else {
          contextsLink = link
        }
        let topic = message[at.upperBound...].dropLast()
        frame(
          "{\"channel\":\"subscriptionResponse\",\"data\":{\"method\":\"subscribe\",\"subscription\":\(topic)}}"
        )
      }
    }
    answer(link)
  }

  private func frame(_ text: String) {
    Array(text.utf8).withUnsafeBytes { WebSocketEncoder.text($0, mask: nil, into: reply) }
  }

  private func answer(_ link: LinkID) {
    guard !reply.isEmpty else { return }
    let copy = ByteBuffer(capacity: reply.count)
    copy.append(reply.bytes)
    reply.removeAll()
    step(.linkReceived(link, copy.bytes))
  }

  private var meta: String {
    let rows = (0..<coins).map { index in
      "{\"szDecimals\":2,\"name\":\"\(FrameSource.name(index))\",\"maxLeverage\":20,\"marginTableId\":20}"
    }
    return "{\"universe\":[\(rows.joined(separator: ","))],\"marginTables\":[],\"collateralToken\":0}"
  }
}
