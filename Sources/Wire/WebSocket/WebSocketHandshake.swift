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

  /// Looks at all bytes of the answer so far.
  public func answer(_ bytes: UnsafeRawBufferPointer) -> Outcome {
    guard let head = HandshakeHead(bytes) else {
      if bytes.count > WebSocketClientHandshake.headBytesMax {
        return .refused(status: 0, reason: "the answer's head is too long")
      }
      return .needMore
    }
    let words = head.firstLine.split(separator: 32, maxSplits: 2)
    guard words.count >= 2, words[0].elementsEqual("HTTP/1.1".utf8), words[1].count == 3,
      let status = Int(String(decoding: words[1], as: UTF8.self))
    else { return .refused(status: 0, reason: "the answer is not HTTP/1.1") }
    guard status == 101 else { return .refused(status: status, reason: "the upgrade was refused") }
    guard head.value("upgrade").map({ HandshakeHead.equal($0, "websocket") }) == true else {
      return .refused(status: status, reason: "no Upgrade: websocket")
    }
    guard head.hasToken("connection", "upgrade") else {
      return .refused(status: status, reason: "no Connection: Upgrade")
    }
    guard let accept = head.value("sec-websocket-accept"), accept.elementsEqual(WebSocketAccept.of(key: key))
    else {
      return .refused(status: status, reason: "Sec-WebSocket-Accept is wrong")
    }
    guard head.value("sec-websocket-extensions") == nil, head.value("sec-websocket-protocol") == nil else {
      return .refused(status: status, reason: "an extension or protocol nobody asked for")
    }
    return .upgraded(headBytes: head.bytes)
  }
}

/// The server's side, for the simulated exchange and tests.
public enum WebSocketAccept {
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

/// The head of an upgrade answer: first line and fields, looked at once per connection.
private struct HandshakeHead {
  let firstLine: ArraySlice<UInt8>
  let bytes: Int
  private let fields: [(name: ArraySlice<UInt8>, value: ArraySlice<UInt8>)]

  /// The head at the front of `bytes`, if it is complete.
  init?(_ bytes: UnsafeRawBufferPointer) {
    let limit = min(bytes.count, WebSocketClientHandshake.headBytesMax)
    guard limit >= 4,
      let end = (0...limit - 4).first(where: { at in
        bytes[at] == 13 && bytes[at + 1] == 10 && bytes[at + 2] == 13 && bytes[at + 3] == 10
      })
    else { return nil }
    let head = [UInt8](bytes[..<end])
    var lines = head.split(separator: 10, omittingEmptySubsequences: false).map { line in
      line.last == 13 ? line.dropLast() : line
    }
    firstLine = lines.removeFirst()
    fields = lines.compactMap { line in
      guard let colon = line.firstIndex(of: 58) else { return nil }
      var value = line[(colon + 1)...]
      while let first = value.first, first == 32 || first == 9 { value = value.dropFirst() }
      while let last = value.last, last == 32 || last == 9 { value = value.dropLast() }
      return (line[..<colon], value)
    }
    self.bytes = end + 4
  }

  /// The field's value; nil when it is missing or stands more than once.
  func value(_ name: String) -> ArraySlice<UInt8>? {
    let found = fields.filter { HandshakeHead.equal($0.name, name) }
    return found.count == 1 ? found[0].value : nil
  }

  /// Whether a comma-separated field holds the token.
  func hasToken(_ name: String, _ token: String) -> Bool {
    fields.filter { HandshakeHead.equal($0.name, name) }.contains { field in
      field.value.split(separator: 44).contains { part in
        HandshakeHead.equal(part.filter { $0 != 32 && $0 != 9 }[...], token)
      }
    }
  }

  /// Equal but for capitals.
  static func equal(_ bytes: ArraySlice<UInt8>, _ text: String) -> Bool {
    bytes.count == text.utf8.count
      && zip(bytes, text.utf8).allSatisfy { ($0 >= 65 && $0 <= 90 ? $0 | 32 : $0) == $1 }
  }
}
