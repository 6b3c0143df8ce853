/// A client of the simulated exchange for tests: the daemon's own WebSocket code on one side, a link on the
/// other.
import Base
import Testing
import Wire

@testable import Simulator

extension RequestValue {
  /// The value `text` spells; recordings are larger than requests may be.
  init?(_ text: String) {
    var text = text
    let parsed = text.withUTF8 { RequestValue(parsing: UnsafeRawBufferPointer($0), bytesMax: 8 << 20) }
    guard let parsed else { return nil }
    self = parsed
  }

  /// The elements of an array; empty for anything else.
  var elements: [RequestValue] {
    if case .array(let elements) = self { elements } else { [] }
  }

  /// The keys of an object in their order.
  var keys: [String] {
    if case .object(let members) = self { members.map(\.key) } else { [] }
  }

  /// A decimal string as micro-units (six decimals), exact; nil for anything else.
  var micros: Int64? {
    guard let text else { return nil }
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 2, parts[1].count <= 6 else { return nil }
    let digits = parts[1] + String(repeating: "0", count: 6 - parts[1].count)
    return Int64(parts[0] + digits)
  }
}

extension Exchange {
  /// One info request; the status and the body as text.
  func ask(_ body: String, from client: Int = 1, at now: WallTime? = nil) -> (status: Int, body: String) {
    let reply = ByteBuffer()
    var body = body
    let outcome = body.withUTF8 {
      info(UnsafeRawBufferPointer($0), from: client, now: now ?? world.now, into: reply)
    }
    guard case .answer(let status, _, _) = outcome else { return (0, "") }
    return (status, String(decoding: reply.bytes, as: UTF8.self))
  }

  /// One info request that must be answered with 200 and JSON.
  func answer(_ body: String, from client: Int = 1) throws -> RequestValue {
    let reply = ask(body, from: client)
    #expect(reply.status == 200)
    return try #require(RequestValue(reply.body))
  }
}

/// A WebSocket client on a link.
final class SimClient {
  let exchange: Exchange
  let link: ExchangeLink
  /// Text frames received, in order.
  private(set) var frames: [String] = []
  /// The close code received.
  private(set) var closeCode: UInt16?
  private(set) var pings = 0
  private var decoder = WebSocketDecoder(role: .client, messageMax: 16 << 20)
  private var received = ByteBuffer()
  /// Every byte the link sent, the upgrade answer included.
  private(set) var transcript: [UInt8] = []

  /// Connects and upgrades, handing the request over in pieces of `cut` bytes.
  init(_ exchange: Exchange, client: Int = 1, cut: Int = .max) throws {
    self.exchange = exchange
    link = exchange.connect(from: client)
    let handshake = WebSocketClientHandshake(random: (1, 2))
    let request = ByteBuffer()
    handshake.request(host: "127.0.0.1", path: "/ws", into: request)
    let bytes = [UInt8](request.bytes)
    for start in stride(from: 0, to: bytes.count, by: min(cut, bytes.count)) {
      bytes[start..<min(start + min(cut, bytes.count), bytes.count)].withUnsafeBytes {
        link.receive($0, now: exchange.world.now)
      }
    }
    let answer = [UInt8](link.output.bytes)
    link.output.removeAll()
    transcript = answer
    guard case .upgraded(let head) = answer.withUnsafeBytes({ handshake.answer($0) }) else {
      throw Refused(answer: String(decoding: answer, as: UTF8.self))
    }
    take(Array(answer[head...]))
  }

  struct Refused: Error {
    var answer: String
  }

  /// Sends one text message as a masked frame.
  func send(_ text: String) {
    var text = text
    let out = ByteBuffer()
    text.withUTF8 { WebSocketEncoder.text(UnsafeRawBufferPointer($0), mask: 0x1234_5678, into: out) }
    link.receive(out.bytes, now: exchange.world.now)
    collect()
  }

  func subscribe(_ subscription: String) { send(#"{"method":"subscribe","subscription":\#(subscription)}"#) }

  /// Lets `ms` milliseconds pass in steps of `step`.
  func wait(_ ms: Int, step: Int = 100) {
    let end = exchange.world.now.ms + Int64(ms)
    while exchange.world.now.ms < end {
      link.deliver(now: WallTime(ms: min(end, exchange.world.now.ms + Int64(step))))
      collect()
    }
  }

  /// The frames of a channel, parsed, and forgets all frames.
  func take(_ channel: String) -> [RequestValue] {
    let found = frames.compactMap { RequestValue($0) }.filter { $0["channel"]?.text == channel }
    frames.removeAll()
    return found
  }

  func forget() { frames.removeAll() }

  private func collect() {
    let bytes = [UInt8](link.output.bytes)
    link.output.removeAll()
    transcript += bytes
    take(bytes)
  }

  private func take(_ bytes: [UInt8]) {
    guard !bytes.isEmpty else { return }
    received.removeAll()
    bytes.withUnsafeBytes { received.append($0) }
    decoder.feed(received.bytes)
    while true {
      guard let event = try? decoder.next() else { return }
      switch event {
      case .needMore: return
      case .text(let text): frames.append(String(decoding: text, as: UTF8.self))
      case .ping: pings += 1
      case .close(let code, _): closeCode = code
      case .binary, .pong: break
      }
    }
  }
}

/// An exchange around a small, busy world.
func busyExchange(seed: UInt64 = 1, tradesPerSecond: Double = 20, coins: Int = 8) -> Exchange {
  var options = WorldOptions.small
  options.tradesPerSecond = tradesPerSecond
  options.coins = coins
  options.volatility = 3
  options.jumpsPerHour = 1
  return Exchange(world: World(seed: seed, options: options), seed: seed)
}
