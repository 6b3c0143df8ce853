import Base

@testable import API

/// A client of one `ClientSession`: sends bytes, reads the answers as a strict HTTP client would.
final class TestClient {
  struct Answer {
    var status: Int
    /// Lower-case names, in order.
    var headers: [(name: String, value: String)]
    var body: [UInt8]

    func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
    var text: String { String(decoding: body, as: UTF8.self) }
    var json: JSONTree? { try? JSONTree(body) }
  }

  let session: ClientSession
  let out = ByteBuffer(capacity: 256)
  var now: Instant
  private(set) var outcome = ClientSession.Outcome.open

  init(_ router: Router, network: UInt64 = 0, now: Instant = Instant(ns: 1_000_000_000)) {
    self.now = now
    session = ClientSession(router: router, network: network, now: now)
  }

  convenience init(views: Views = FixedViews.make(), options: APIOptions = APIOptions(version: "1.2.3")) {
    self.init(Router(views: views, options: options))
  }

  /// Gives the session `bytes` and whatever it then wants.
  @discardableResult
  func send(_ bytes: [UInt8]) -> ClientSession.Outcome {
    // The session must not rely on anything behind the bytes: they lie at the end of their allocation.
    bytes.withUnsafeBytes { outcome = session.receive($0, now: now, into: out) }
    return outcome
  }

  /// What a parked request waits for has happened.
  func wake(_ result: WaitOutcome) { outcome = session.wake(result, now: now, into: out) }

  /// Time has come to `now`.
  func expire() { outcome = session.expire(now: now, into: out) }

  @discardableResult
  func send(_ text: String) -> ClientSession.Outcome { send(Array(text.utf8)) }

  /// The answers so far, taken out of the buffer; `isHead` says for each whether its request was HEAD.
  func take(heads: Set<Int> = []) throws -> [Answer] {
    let bytes = [UInt8](out.bytes)
    out.removeAll()
    var answers: [Answer] = []
    var at = 0
    while at < bytes.count { answers.append(try read(bytes, &at, isHead: heads.contains(answers.count))) }
    return answers
  }

  /// One request and its only answer.
  func get(_ path: String, method: String = "GET", headers: [(String, String)] = []) throws -> Answer {
    var text = "\(method) \(path) HTTP/1.1\r\n"
    if !headers.contains(where: { $0.0.lowercased() == "host" }) { text += "Host: 127.0.0.1:8100\r\n" }
    for (name, value) in headers { text += "\(name): \(value)\r\n" }
    send(text + "\r\n")
    let answers = try take(heads: method == "HEAD" ? [0] : [])
    guard answers.count == 1 else { throw Malformed(what: "\(answers.count) answers to \(path)") }
    return answers[0]
  }

  struct Malformed: Error {
    var what: String
  }

  private func read(_ bytes: [UInt8], _ at: inout Int, isHead: Bool) throws -> Answer {
    func line() throws -> String {
      guard let end = bytes[at...].firstIndex(of: 13), end + 1 < bytes.count, bytes[end + 1] == 10 else {
        throw Malformed(what: "line")
      }
      defer { at = end + 2 }
      return String(decoding: bytes[at..<end], as: UTF8.self)
    }
    let status = try line().split(separator: " ", maxSplits: 2)
    guard status.count == 3, status[0] == "HTTP/1.1", let code = Int(status[1]) else {
      throw Malformed(what: "status line")
    }
    var headers: [(name: String, value: String)] = []
    while case let text = try line(), !text.isEmpty {
      guard let colon = text.firstIndex(of: ":") else { throw Malformed(what: "header \(text)") }
      let value = text[text.index(after: colon)...].drop { $0 == " " }
      headers.append((text[..<colon].lowercased(), String(value)))
    }
    var answer = Answer(status: code, headers: headers, body: [])
    if code == 100 || code == 204 || code == 304 { return answer }
    guard let length = answer.header("content-length").flatMap({ Int($0) }) else {
      throw Malformed(what: "no content-length")
    }
    if isHead { return answer }
    guard bytes.count - at >= length else { throw Malformed(what: "short body") }
    answer.body = Array(bytes[at..<(at + length)])
    at += length
    return answer
  }
}
