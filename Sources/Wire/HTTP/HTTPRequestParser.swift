/// HTTP/1.1 requests out of bytes: incremental, bounded, without sockets or clocks.
///
/// A request that lies whole in the fed bytes is parsed where it lies: no copy, no allocation. Anything cut is
/// kept in a buffer of the parser's own and goes on with the next bytes. Whatever the cuts, the same stream
/// gives the same requests and the same refusal. After a refusal the parser stays refused.
/// Bounds: `HTTPLimits`; an idle parser holds its header table (8 bytes × `fieldsMax`) and at most 4 KiB.
import Base

/// The server side of one connection. Use: `feed` what was read, then `next` until `.needMore` or an error; the
/// fed bytes must stay until then. An owner that stops in between calls `hold` first.
public struct HTTPRequestParser: ~Copyable {
  private enum State {
    case requestLine
    case fields
    case body
    case chunks
    case refused
  }

  private var head: HTTPHeadReader
  private var line = HTTPRequestLine()
  private var chunks = HTTPChunks()
  private var state = State.requestLine
  private var hasSkippedBlank = false
  private var hasSaidContinue = false
  /// Bytes of the delivered request, taken off when the parser is used next.
  private var delivered = 0
  private var refusal = HTTPError(.requestLine)
  private var chunkedBody: ByteBuffer?
  private let limits: HTTPLimits

  /// A parser at the start of a connection.
  public init(limits: HTTPLimits = HTTPLimits()) {
    self.limits = limits
    head = HTTPHeadReader(limits: limits)
  }

  /// Whether bytes of a request that is not complete have come (for its owner's deadline); false between
  /// requests, and true for a request nobody has asked for with `next`.
  public var isInsideRequest: Bool { head.fed.count > delivered || state != .requestLine && delivered == 0 }

  /// Whether nothing is remembered, so that the parser may go on with another connection: between requests, and
  /// no empty line was let pass since the last.
  public var isFresh: Bool { !isInsideRequest && !hasSkippedBlank }

  /// Memory taken for bytes that came and for the body at hand, used or not.
  public var heldBytes: Int { head.fed.keptCapacity + (chunkedBody?.capacity ?? 0) }

  /// Whether the head of a request is complete and its body is not.
  public var isInsideBody: Bool { delivered == 0 && (state == .body || state == .chunks) }

  /// Hands over bytes just read; they must stay valid until `next` says `.needMore`, throws, or `hold` is
  /// called. Bytes that come while others wait unread count against `HTTPLimits.backlogMax`.
  public mutating func feed(_ bytes: UnsafeRawBufferPointer) {
    takeDelivered()
    guard state != .refused else { return }
    let most = limits.requestLineMax + limits.fieldBytesMax + limits.bodyMax + limits.backlogMax
    if head.fed.count > most - min(bytes.count, most) {
      refuse(HTTPError(.backlogTooLarge))
    } else {
      head.fed.feed(bytes)
    }
  }

  /// Takes unread fed bytes into the parser's own memory, so that the caller's may go away before `next` has
  /// said `.needMore`. Ends the last request's views.
  public mutating func hold() {
    takeDelivered()
    head.fed.keep()
  }

  /// The bytes behind the last request: another protocol's, after an upgrade. Valid like a request's views.
  public var rest: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: head.fed.bytes[delivered...]) }

  /// The next request, or what is missing for it.
  public mutating func next() throws(HTTPError) -> HTTPRequestEvent {
    takeDelivered()
    if head.fed.count == 0, state == .requestLine { return needMore() }
    do throws(HTTPError) {
      return try advance()
    } catch {
      refuse(error)
      throw error
    }
  }

  private mutating func takeDelivered() {
    guard delivered > 0 else { return }
    head.fed.skip(delivered)
    delivered = 0
    beginRequest()
    if let body = chunkedBody {
      body.removeAll()
      if body.capacity > FedBytes.keptCapacityMax { chunkedBody = nil }
    }
  }

  private mutating func beginRequest() {
    head.reset()
    state = .requestLine
    hasSaidContinue = false
  }

  @inline(never)
  private mutating func refuse(_ error: HTTPError) {
    refusal = error
    state = .refused
    head.fed.skip(head.fed.count)
    head.fed.keep()
    head.reset()
    chunkedBody = nil
  }

  private mutating func advance() throws(HTTPError) -> HTTPRequestEvent {
    while true {
      switch state {
      case .requestLine:
        guard let text = try head.firstLine(tooLong: HTTPError(.targetTooLong)) else { return needMore() }
        if text.isEmpty, !hasSkippedBlank {
          // One empty line in front of a request is let pass (RFC 9112 §2.2).
          hasSkippedBlank = true
          head.fed.skip(2)
          head.reset()
          continue
        }
        line = try HTTPRequestLine.read(text)
        hasSkippedBlank = false
        state = .fields
      case .fields:
        guard try head.readFields() else { return needMore() }
        try endHead()
      case .body:
        let whole = head.lineStart + max(0, head.framing.contentLength)
        guard head.fed.count >= whole else {
          return waitForBody(missing: whole - head.fed.count)
        }
        let length = whole - head.lineStart
        return deliver(
          UnsafeRawBufferPointer(start: head.fed.start + head.lineStart, count: length), whole)
      case .chunks:
        if let event = try advanceChunks() { return event }
        return waitForBody(missing: 0)
      case .refused: throw refusal
      }
    }
  }

  private mutating func needMore() -> HTTPRequestEvent {
    head.fed.keep()
    return .needMore
  }

  /// The head is complete: what only the whole of it can tell.
  @inline(__always)
  private mutating func endHead() throws(HTTPError) {
    try head.framing.check(minorVersion: Int(line.minorVersion))
    if head.framing.hostIndex >= 0 {
      guard HTTPRequestLine.isAuthority(head.fields.value(head.framing.hostIndex)) else {
        throw HTTPError(.host)
      }
    } else if line.minorVersion == 1 {
      throw HTTPError(.hostMissing)
    }
    if head.framing.contentLength > limits.bodyMax { throw HTTPError(.bodyTooLarge) }
    if head.framing.isChunked {
      chunks = HTTPChunks()
      state = .chunks
    } else {
      state = .body
    }
  }

  private mutating func advanceChunks() throws(HTTPError) -> HTTPRequestEvent? {
    let body = chunkedBody ?? ByteBuffer(capacity: 1024)
    chunkedBody = body
    let raw = UnsafeRawBufferPointer(rebasing: head.fed.bytes[head.lineStart...])
    let taken = try chunks.take(raw, into: body, limits, fieldsSoFar: head.fieldCount)
    if chunks.isDone { return deliver(body.bytes, head.lineStart + taken) }
    head.fed.keep(head: head.lineStart, dropping: taken)
    return nil
  }

  @inline(never)
  private mutating func waitForBody(missing: Int) -> HTTPRequestEvent {
    let hasBegun = head.fed.count > head.lineStart || state == .chunks && chunks.hasBegun
    head.fed.keep(reserving: missing)
    if head.framing.expectsContinue, line.minorVersion == 1, !hasSaidContinue, !hasBegun {
      hasSaidContinue = true
      return .expectsContinue
    }
    return .needMore
  }

  @inline(__always)
  private mutating func deliver(_ body: UnsafeRawBufferPointer, _ length: Int) -> HTTPRequestEvent {
    delivered = length
    var hostAt = line.authorityAt
    var hostLength = line.authorityLength
    if hostAt == 0, head.framing.hostIndex >= 0 {
      let field = head.field(head.framing.hostIndex)
      hostAt = field.valueAt
      hostLength = field.valueLength
    }
    let isOneOne = line.minorVersion == 1
    return .request(
      HTTPRequest(
        fields: head.fields, bodyStart: body.baseAddress ?? head.fed.start, bodyCount: body.count, line: line,
        hostAt: hostAt, hostLength: hostLength,
        keepAlive: !head.framing.hasClose && (isOneOne || head.framing.hasKeepAlive),
        wantsUpgrade: isOneOne && head.framing.hasUpgrade,
        hasBody: head.framing.isChunked || head.framing.contentLength >= 0))
  }
}
