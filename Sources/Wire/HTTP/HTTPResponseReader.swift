/// HTTP/1.1 answers out of bytes: the client side, for the WebSocket upgrade, the simulator's checks and tests.
///
/// The exchange's REST goes through libcurl; this reader is small, strict and bounded. Interim answers
/// (1xx but 101) are skipped. Bounds: `HTTPLimits`, and `interimMax` interim answers in a row.
import Base

/// One answer, borrowed like `HTTPRequest`.
public struct HTTPResponse {
  /// 101…999.
  public let status: Int
  /// 1 for HTTP/1.1, 0 for HTTP/1.0.
  public let minorVersion: Int
  /// Whether the server keeps the connection open.
  public let keepAlive: Bool
  /// Whether the connection changes protocols (101 with `connection: upgrade`).
  public let isUpgrade: Bool
  /// The header lines.
  public let fields: HTTPFields
  /// The body with chunks joined.
  public let body: UnsafeRawBufferPointer
}

/// What `HTTPResponseReader.next` has to say.
public enum HTTPResponseEvent {
  /// Nothing before more bytes are fed.
  case needMore
  /// A complete answer.
  case response(HTTPResponse)
}

/// The client side of one connection. Use as `HTTPRequestParser`; before each answer set `isHead`.
public struct HTTPResponseReader: ~Copyable {
  /// Interim answers in front of one final answer; more are refused.
  public static let interimMax = 8

  private enum State {
    case statusLine
    case fields
    case body
    case chunks
    case untilEnd
    case refused
  }

  /// Whether the request of the next answer was HEAD: then no body follows.
  public var isHead = false
  private var head: HTTPHeadReader
  private var chunks = HTTPChunks()
  private var state = State.statusLine
  private var status = 0
  private var minorVersion = 1
  private var interim = 0
  private var delivered = 0
  private var hasEnded = false
  private var refusal = HTTPError(.statusLine)
  private var chunkedBody: ByteBuffer?
  private let limits: HTTPLimits

  /// A reader at the start of a connection.
  public init(limits: HTTPLimits = HTTPLimits()) {
    self.limits = limits
    head = HTTPHeadReader(limits: limits)
  }

  /// Hands over bytes just read; they must stay valid until `next` says `.needMore` or throws.
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

  /// The peer sends no more: an answer without a length ends here. Ask `next` once more.
  public mutating func end() { hasEnded = true }

  /// The bytes behind the last answer: another protocol's, after 101.
  public var rest: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: head.fed.bytes[delivered...]) }

  /// The next answer, or what is missing for it; `HTTPError.Problem.truncated` when it can never come.
  public mutating func next() throws(HTTPError) -> HTTPResponseEvent {
    takeDelivered()
    do throws(HTTPError) {
      if let response = try advance() { return .response(response) }
      if hasEnded, head.fed.count > 0 || state != .statusLine { throw HTTPError(.truncated) }
      return .needMore
    } catch {
      refuse(error)
      throw error
    }
  }

  private mutating func takeDelivered() {
    guard delivered > 0 else { return }
    head.fed.skip(delivered)
    delivered = 0
    head.reset()
    chunkedBody?.removeAll()
    state = .statusLine
  }

  private mutating func refuse(_ error: HTTPError) {
    refusal = error
    state = .refused
    head.fed.skip(head.fed.count)
    head.fed.keep()
    head.reset()
    chunkedBody = nil
  }

  private mutating func advance() throws(HTTPError) -> HTTPResponse? {
    while true {
      switch state {
      case .statusLine:
        guard let text = try head.firstLine(tooLong: HTTPError(.statusLine)) else { return wait() }
        try readStatus(text)
        state = .fields
      case .fields:
        guard try head.readFields() else { return wait() }
        try endHead()
      case .body:
        let whole = head.lineStart + max(0, head.framing.contentLength)
        guard head.fed.count >= whole else { return wait() }
        return deliver(
          UnsafeRawBufferPointer(start: head.fed.start + head.lineStart, count: whole - head.lineStart), whole
        )
      case .chunks:
        let body = chunkedBody ?? ByteBuffer(capacity: 1024)
        chunkedBody = body
        let raw = UnsafeRawBufferPointer(rebasing: head.fed.bytes[head.lineStart...])
        let taken = try chunks.take(raw, into: body, limits, fieldsSoFar: head.fieldCount)
        if chunks.isDone { return deliver(body.bytes, head.lineStart + taken) }
        head.fed.keep(head: head.lineStart, dropping: taken)
        return nil
      case .untilEnd:
        let length = head.fed.count - head.lineStart
        if length > limits.bodyMax { throw HTTPError(.bodyTooLarge) }
        guard hasEnded else { return wait() }
        return deliver(
          UnsafeRawBufferPointer(start: head.fed.start + head.lineStart, count: length), head.fed.count)
      case .refused: throw refusal
      }
    }
  }

  private mutating func wait() -> HTTPResponse? {
    head.fed.keep()
    return nil
  }

  private mutating func readStatus(_ text: UnsafeRawBufferPointer) throws(HTTPError) {
    guard let start = text.baseAddress, text.count >= 12, HTTPText.isSame(start, "HTTP/1."),
      text[7] == UInt8(ascii: "1") || text[7] == UInt8(ascii: "0"), text[8] == HTTPText.space,
      text.count == 12 || text[12] == HTTPText.space
    else { throw HTTPError(.statusLine) }
    minorVersion = Int(text[7] &- UInt8(ascii: "0"))
    status = 0
    for byte in text[9..<12] {
      guard HTTPText.isDigit(byte) else { throw HTTPError(.statusLine) }
      status = status * 10 + Int(byte &- UInt8(ascii: "0"))
    }
    if status < 100 { throw HTTPError(.statusLine) }
  }

  private mutating func endHead() throws(HTTPError) {
    if status < 200, status != 101 {
      interim += 1
      if interim > HTTPResponseReader.interimMax { throw HTTPError(.tooManyInterim) }
      head.fed.skip(head.lineStart)
      head.reset()
      state = .statusLine
      return
    }
    interim = 0
    if status == 101 || status == 204 || status == 304 || isHead {
      head.framing.contentLength = 0
      state = .body
      return
    }
    try head.framing.check(minorVersion: minorVersion)
    if head.framing.contentLength > limits.bodyMax { throw HTTPError(.bodyTooLarge) }
    if head.framing.isChunked {
      chunks = HTTPChunks()
      state = .chunks
    } else {
      state = head.framing.contentLength >= 0 ? .body : .untilEnd
    }
  }

  private mutating func deliver(_ body: UnsafeRawBufferPointer, _ length: Int) -> HTTPResponse {
    delivered = length
    let framing = head.framing
    let stays = !framing.hasClose && (minorVersion == 1 || framing.hasKeepAlive)
    return HTTPResponse(
      status: status, minorVersion: minorVersion, keepAlive: stays && state != .untilEnd,
      isUpgrade: status == 101 && framing.hasUpgrade, fields: head.fields, body: body)
  }
}
