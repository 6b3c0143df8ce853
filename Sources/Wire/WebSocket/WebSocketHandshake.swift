/// The HTTP upgrade that opens a WebSocket (RFC 6455 §4), both sides, as bytes.
public import Base

/// The client's side: the request, and the check of the server's answer.
public struct WebSocketClientHandshake: Sendable {
  /// The most bytes of an answer's head.
  public static let headBytesMax = 16 << 10

  /// How the answer stands.
  public enum Outcome: Hashable, Sendable {
    /// The head is not complete yet.
    case needMore
    /// Upgraded; frames begin behind this many bytes.
    case upgraded(headBytes: Int)
    /// Refused, or not a WebSocket answer: the status (0 if there was none) and why.
    case refused(status: Int, reason: String)
  }

  private let key: [UInt8]

  /// A handshake whose key is made of these 128 random bits.
  public init(random: (UInt64, UInt64)) {
    let bytes = withUnsafeBytes(of: random) { [UInt8]($0) }
    key = Base64.encode(bytes)
  }

  /// Appends the request; `host` as the Host header writes it, with a port that is not the scheme's own.
  public func request(host: String, path: String, into out: ByteBuffer) {
    out.append("GET ")
    out.append(utf8: path)
    out.append(" HTTP/1.1\r\nHost: ")
    out.append(utf8: host)
    out.append("\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ")
    key.withUnsafeBytes { out.append($0) }
    out.append("\r\nSec-WebSocket-Version: 13\r\n\r\n")
  }

  /// Looks at all bytes of the answer so far. A refusal is known as soon as its head is complete.
  public func answer(_ bytes: UnsafeRawBufferPointer) -> Outcome {
    var limits = HTTPLimits()
    limits.requestLineMax = 1024
    limits.fieldBytesMax = WebSocketClientHandshake.headBytesMax - limits.requestLineMax
    var reader = HTTPResponseReader(limits: limits)
    // Whatever body a refusal has is not waited for.
    reader.isHead = true
    reader.feed(bytes)
    do throws(HTTPError) {
      guard case .response(let response) = try reader.next() else { return .needMore }
      if let reason = refusal(response) { return .refused(status: response.status, reason: "\(reason)") }
    } catch {
      return .refused(status: 0, reason: "\(error.reason)")
    }
    return .upgraded(headBytes: bytes.count - reader.rest.count)
  }

  /// What keeps `response` from being an upgrade (RFC 6455 §4.1, the client's checks); `nil` when it is one.
  private func refusal(_ response: HTTPResponse) -> StaticString? {
    guard response.status == 101 else { return "the upgrade was refused" }
    guard response.minorVersion == 1 else { return "the answer is not HTTP/1.1" }
    let fields = response.fields
    guard let upgrade = fields.index(of: "upgrade"), fields.index(of: "upgrade", from: upgrade + 1) == nil,
      HTTPText.isSameIgnoringCase(fields.value(upgrade), "websocket")
    else { return "no Upgrade: websocket" }
    guard response.isUpgrade else { return "no Connection: Upgrade" }
    guard let accept = fields.index(of: "sec-websocket-accept"),
      fields.index(of: "sec-websocket-accept", from: accept + 1) == nil,
      fields.value(accept).elementsEqual(WebSocketAccept.of(key: key))
    else { return "Sec-WebSocket-Accept is wrong" }
    guard fields.first("sec-websocket-extensions") == nil, fields.first("sec-websocket-protocol") == nil
    else {
      return "an extension or protocol nobody asked for"
    }
    return nil
  }
}

/// The server's side, for the simulated exchange and tests.
public enum WebSocketAccept {
  /// The key of a request that asks for a WebSocket as RFC 6455 §4.2.1 wants it; `nil` when `request` does not,
  /// or asks for another version than 13.
  public static func key(of request: HTTPRequest) -> UnsafeRawBufferPointer? {
    let fields = request.fields
    guard request.method == .get, request.wantsUpgrade, !request.hasBody || request.body.isEmpty,
      fields.has("upgrade", token: "websocket"),
      let version = fields.first("sec-websocket-version"), version.elementsEqual("13".utf8),
      let key = fields.index(of: "sec-websocket-key"),
      fields.index(of: "sec-websocket-key", from: key + 1) == nil, isKey(fields.value(key))
    else { return nil }
    return fields.value(key)
  }

  /// Whether the value of Sec-WebSocket-Key is a key.
  public static func isKey(_ key: UnsafeRawBufferPointer) -> Bool { Base64.isForm(key, ofBytes: 16) }

  /// Appends the 101 answer to a request with this key.
  public static func answer(key: UnsafeRawBufferPointer, into out: ByteBuffer) {
    out.append(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
    )
    of(key: [UInt8](key)).withUnsafeBytes { out.append($0) }
    out.append("\r\n\r\n")
  }

  /// The value that proves a server has read the key.
  static func of(key: [UInt8]) -> [UInt8] {
    Base64.encode(SHA1.digest(key + Array("258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8)))
  }
}
