public import Base
import Market
import Wire

/// One TCP connection to the exchange: HTTP requests, or a WebSocket after an upgrade; sans-IO.
///
/// The driver hands in bytes (`receive`), asks for what became due (`deliver`, no later than `nextDue`),
/// sends what lies in `output` and empties it, and ends the connection when `state` says so.
/// Bounds: `headMax` and `bodyMax` of a request, `messageMax` of a message, `delayedBytesMax` kept back by
/// the delay fault (then the link closes); `output` is the driver's to bound.
public final class ExchangeLink {
  /// The longest request head.
  public static let headMax = 16 * 1024
  /// The longest request body.
  public static let bodyMax = RequestValue.bytesMax
  /// The longest message of a client.
  public static let messageMax = RequestValue.bytesMax
  /// The most bytes the delay fault keeps back.
  public static let delayedBytesMax = 32 * 1024 * 1024

  /// Where in its life a link is.
  public enum State: Hashable, Sendable {
    /// HTTP requests are answered one after the other.
    case http
    /// A WebSocket is open.
    case socket
    /// What is in `output` is the last; then the connection ends in order.
    case closing
    /// The connection ends at once, whatever is in `output`.
    case aborted
  }

  /// Bytes for the client.
  public let output = ByteBuffer()
  /// Where in its life the link is.
  public internal(set) var state = State.http
  /// What is wrong with this link; changeable at any time.
  public var faults: LinkFaults
  /// The client address it belongs to.
  public let client: Int
  /// Frames sent, for reports.
  public internal(set) var framesSent = 0
  /// Blocks of trades this link was too slow to be sent.
  public internal(set) var missedBlocks = 0

  unowned let exchange: Exchange
  let limits: ClientLimits
  var random: PRNG
  let message = ByteBuffer()
  var lastSentMs: Int64 = 0
  /// What the delay faults keep back: messages, or (`isRaw`) whole HTTP answers.
  var delayed: [(dueMs: Int64, bytes: [UInt8], isRaw: Bool)] = []
  /// The client asked for the end behind the answers it is still owed.
  var closesWhenIdle = false
  var delayedBytes = 0
  var held: [UInt8]?

  var feeds: Set<LinkFeed> = []
  var tradesOf: [Bool] = []
  var blockCursor = 0
  var repeating: [Repeating] = []
  var followed: [Followed] = []

  let input = ByteBuffer()
  private var decoder = WebSocketDecoder(role: .server, messageMax: ExchangeLink.messageMax)

  init(exchange: Exchange, client: Int, number: Int, faults: LinkFaults) {
    self.exchange = exchange
    self.client = client
    self.faults = faults
    limits = exchange.limits(of: client)
    random = PRNG(seed: exchange.world.noise(5_000, UInt64(number)))
  }

  /// Whether frames may be sent.
  var isOpen: Bool { state == .socket }

  /// Subscriptions standing.
  public var subscriptionCount: Int { feeds.count }

  /// Bytes from the client, any cut of them.
  public func receive(_ bytes: UnsafeRawBufferPointer, now: WallTime) {
    exchange.world.advance(to: now)
    switch state {
    case .http:
      input.append(bytes)
      serveRequests(now: now)
    case .socket: receiveFrames(bytes)
    case .closing, .aborted: break
    }
  }

  /// Bytes of a WebSocket; copied, because the decoder looks ahead behind what it is fed.
  func receiveFrames(_ bytes: UnsafeRawBufferPointer) {
    input.removeAll()
    input.append(bytes)
    decoder.feed(input.bytes)
    let nowMs = exchange.world.now.ms
    while isOpen {
      do throws(WebSocketError) {
        switch try decoder.next() {
        case .needMore: return
        case .text(let text): handle(text, nowMs: nowMs)
        case .binary: return close(code: 1003)
        case .ping(let payload): pong(payload)
        case .pong: break
        case .close(let code, _): return close(code: code == 1005 ? 1000 : Int(code))
        }
      } catch {
        return close(code: Int(error.code))
      }
    }
  }

  private func pong(_ payload: UnsafeRawBufferPointer) {
    guard !faults.isSilent else { return }
    writeFrame(opcode: 10, isLast: true, payload)
  }

  /// Lets time pass: puts into `output` whatever became due up to `now`.
  public func deliver(now: WallTime) {
    exchange.world.advance(to: now)
    let nowMs = exchange.world.now.ms
    releaseDelayed(nowMs: nowMs)
    guard isOpen else { return }
    deliverFeeds(nowMs: nowMs)
    guard isOpen, !faults.isSilent else { return }
    if nowMs - lastSentMs >= Int64(exchange.cadence.idleCloseMs) { close(code: 1000) }
  }

  /// When `deliver` has something to do next, if the client says nothing; `nil` for never.
  public var nextDue: WallTime? {
    var dueMs = delayed.first?.dueMs ?? .max
    if isOpen {
      dueMs = min(dueMs, lastSentMs + Int64(exchange.cadence.idleCloseMs))
      for feed in repeating { dueMs = min(dueMs, feed.dueMs) }
      if !feeds.isEmpty { dueMs = min(dueMs, exchange.world.nextEvent.ms) }
    }
    return dueMs == .max ? nil : WallTime(ms: dueMs)
  }

  /// Ends the WebSocket with a close frame.
  public func close(code: Int) {
    guard isOpen else { return }
    state = .closing
    withUnsafeBytes(of: UInt16(truncatingIfNeeded: code).bigEndian) {
      writeFrame(opcode: 8, isLast: true, $0)
    }
    leave()
  }

  /// Ends the connection without a word.
  public func abort() {
    let wasOpen = isOpen
    state = .aborted
    if wasOpen { leave() }
  }

  /// The client's connection is gone.
  public func clientClosed() { abort() }

  func open() {
    state = .socket
    lastSentMs = exchange.world.now.ms
    blockCursor = exchange.world.blocks.end
    if faults.greeting {
      begin().raw("Websocket connection established.")
      send(.control)
    }
  }

  /// Gives back what the open WebSocket held of the client's limits.
  private func leave() {
    limits.connections -= 1
    limits.subscriptions -= feeds.count
    for user in followed { limits.unfollow(userKey(user.user)) }
    feeds.removeAll()
    followed.removeAll()
    repeating.removeAll()
    tradesOf.removeAll()
    delayed.removeAll()
    delayedBytes = 0
    held = nil
  }

  /// One number per address, for counting different users.
  func userKey(_ user: Address) -> Int {
    Int(truncatingIfNeeded: user.a ^ user.b &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(user.c))
  }
}
