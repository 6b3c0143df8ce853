/// The upgrade from HTTP, both sides.
import Base
import Testing
import Wire

@Suite("WebSocket handshake")
struct WebSocketHandshakeTests {
  /// Keys and what proves them: the sample of RFC 6455 §1.3, and values of another implementation of SHA-1.
  static let proofs: [(String, String)] = [
    ("dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
    ("AAAAAAAAAAAAAAAAAAAAAA==", "ICX+Yqv66kxgM0FcWaLWlFLwTAI="),
    ("AAECAwQFBgcICQoLDA0ODw==", "Bz3qJYTGdOe8gUSpLosEdiLKDrk="),
    ("/////////////////////w==", "XXpj4jYzLM2yUE0C7TIgMwTQh2g="),
    ("+/+/+/+/+/+/+/+/+/+/AQ==", "ztp/R4YAWwSclXZjzPluPQ1KPI4="),
  ]

  @Test("the answer proves the key", arguments: proofs)
  func proof(_ row: (String, String)) {
    let out = ByteBuffer(capacity: 16)
    bytes(row.0).withUnsafeBytes { key in
      #expect(WebSocketAccept.isKey(key))
      WebSocketAccept.answer(key: key, into: out)
    }
    let run = parseResponses(Array(out.bytes))
    #expect(
      run.messages == [
        "101 1.1 keep=true upgrade=true [Upgrade=websocket] [Connection=Upgrade] [Sec-WebSocket-Accept=\(row.1)]"
          + " body="
      ])
  }

  @Test("what is no key is refused")
  func keys() {
    for key in ["", "AAAA", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25j!Q=="] {
      #expect(!bytes(key).withUnsafeBytes { WebSocketAccept.isKey($0) })
    }
  }

  private let handshake = WebSocketClientHandshake(random: (0x0123_4567_89AB_CDEF, 42))

  private func request() -> [UInt8] {
    let out = ByteBuffer(capacity: 16)
    handshake.request(host: "localhost:9000", path: "/ws", into: out)
    return Array(out.bytes)
  }

  /// What a good server answers.
  private func answer() throws -> String {
    var parser = HTTPRequestParser()
    return try request().withUnsafeBytes { stream in
      parser.feed(stream)
      guard case .request(let request) = try parser.next(), let key = WebSocketAccept.key(of: request) else {
        Issue.record("the client's request is no upgrade")
        return ""
      }
      #expect(request.host.map { text($0) } == "localhost:9000" && text(request.path) == "/ws")
      let out = ByteBuffer(capacity: 16)
      WebSocketAccept.answer(key: key, into: out)
      return out.bytes.reduce(into: "") { $0.unicodeScalars.append(Unicode.Scalar($1)) }
    }
  }

  private func outcome(_ answer: String) -> WebSocketClientHandshake.Outcome {
    bytes(answer).withUnsafeBytes { handshake.answer($0) }
  }

  @Test("client and server agree, whatever has come of the answer")
  func agree() throws {
    let answer = try answer()
    let length = answer.utf8.count
    for count in 0..<length {
      #expect(outcome(String(decoding: answer.utf8.prefix(count), as: UTF8.self)) == .needMore)
    }
    #expect(outcome(answer) == .upgraded(headBytes: length))
    #expect(outcome(answer + "\u{1}rest") == .upgraded(headBytes: length))
    #expect(
      outcome("HTTP/1.1 100 Continue\r\n\r\n" + answer) == .upgraded(headBytes: length + 25))
    let spelled = answer.replacing("Upgrade: websocket", with: "uPGRADE:WebSocket")
      .replacing("Connection: Upgrade", with: "connection: keep-alive, upgrade")
    #expect(outcome(spelled) == .upgraded(headBytes: spelled.utf8.count))
  }

  @Test("answers that are no upgrade are refused")
  func refused() throws {
    let good = try answer()
    func status(_ answer: String) -> Int? {
      guard case .refused(let status, let reason) = outcome(answer), !reason.isEmpty else { return nil }
      return status
    }
    #expect(status("HTTP/1.1 429 Too Many Requests\r\nContent-Length: 500\r\n\r\n") == 429)
    #expect(status("HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n") == 302)
    #expect(status("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n") == 200)
    #expect(status("SSH-2.0-x\r\n\r\n") == 0)
    #expect(status(good.replacing("\r\n", with: "\n")) == 0)
    #expect(status("HTTP/1.1 101 A\r\nX: " + String(repeating: "x", count: 17_000)) == 0)
    let bad: [(String, String)] = [
      ("Upgrade: websocket\r\n", ""), ("Upgrade: websocket", "Upgrade: h2c"),
      ("Upgrade: websocket\r\n", "Upgrade: websocket\r\nUpgrade: websocket\r\n"),
      ("Connection: Upgrade\r\n", ""), ("Connection: Upgrade", "Connection: close"),
      ("Sec-WebSocket-Accept: ", "Sec-WebSocket-Accept: x"),
      ("Sec-WebSocket-Accept: ", "Sec-WebSocket-Key: "),
      ("HTTP/1.1", "HTTP/1.0"),
      ("\r\n\r\n", "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n"),
      ("\r\n\r\n", "\r\nSec-WebSocket-Protocol: chat\r\n\r\n"),
    ]
    for (from, to) in bad { #expect(status(good.replacing(from, with: to)) == 101, "\(from) -> \(to)") }
  }

  @Test("requests that ask for no WebSocket, or another version, have no key")
  func requests() throws {
    let good = String(decoding: request(), as: UTF8.self)
    func hasKey(_ stream: String) throws -> Bool {
      var parser = HTTPRequestParser()
      return try bytes(stream).withUnsafeBytes { stream in
        parser.feed(stream)
        guard case .request(let request) = try parser.next() else { return false }
        return WebSocketAccept.key(of: request) != nil
      }
    }
    #expect(try hasKey(good))
    #expect(try hasKey(good.replacing("Upgrade: websocket", with: "Upgrade: h2c, WebSocket")))
    let bad: [(String, String)] = [
      ("GET ", "POST "), ("Upgrade: websocket", "Upgrade: h2c"), ("Connection: Upgrade", "Connection: x"),
      ("Version: 13", "Version: 8"), ("Sec-WebSocket-Version: 13\r\n", ""),
      ("Sec-WebSocket-Key: ", "Sec-WebSocket-Key: x"), ("Sec-WebSocket-Key: ", "X-Key: "),
    ]
    for (from, to) in bad { #expect(try !hasKey(good.replacing(from, with: to)), "\(from) -> \(to)") }
  }
}
