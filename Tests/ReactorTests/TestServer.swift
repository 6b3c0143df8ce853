/// A small HTTP/1.1 server for the tests of `Transfers`: it answers by path, and misbehaves by path.
import Base
import Testing

@testable import Reactor

/// Answers requests on the loop of a test.
final class TestServer: ListenerOwner {
  let listener: Listener
  private(set) var connections = 0
  private(set) var requests: [String] = []
  private var held: [Connection] = []

  init(_ loop: Loop, tls: TLSServer? = nil) throws {
    var options = ListenerOptions()
    options.tls = tls
    options.stream.writeQueueMax = 64 * 1024 * 1024
    let front = Front()
    listener = try Listener(loop, host: "127.0.0.1", port: 0, options: options, owner: front)
    front.server = self
  }

  /// The owner the listener holds, which must not hold the server in a circle.
  private final class Front: ListenerOwner {
    weak var server: TestServer?
    func listener(_ listener: Listener, ownerFor stream: Stream) -> (any StreamOwner)? {
      server?.listener(listener, ownerFor: stream)
    }
  }

  func url(_ path: String, scheme: String = "http", host: String = "127.0.0.1") -> String {
    "\(scheme)://\(host):\(listener.port)\(path)"
  }

  func listener(_ listener: Listener, ownerFor stream: Stream) -> (any StreamOwner)? {
    connections += 1
    return Connection(self)
  }

  /// One connection: collects a request, answers it, waits for the next.
  private final class Connection: StreamOwner {
    unowned let server: TestServer
    private var bytes: [UInt8] = []

    init(_ server: TestServer) { self.server = server }

    func streamDidOpen(_ stream: Stream) {}
    func stream(_ stream: Stream, didClose reason: CloseReason) {}

    func stream(_ stream: Stream, didReceive received: UnsafeRawBufferPointer) {
      bytes.append(contentsOf: received)
      let text = String(decoding: bytes, as: UTF8.self)
      guard let end = text.range("\r\n\r\n") else { return }
      let head = text[..<end.lowerBound]
      let length = head.range("ontent-length: ", caseInsensitive: true).map { range in
        Int(head[range.upperBound...].prefix { $0.isNumber }) ?? 0
      }
      let body = text[end.upperBound...]
      guard body.utf8.count >= length ?? 0 else { return }
      bytes = []
      server.requests.append(String(text))
      let path = head.split(separator: " ").dropFirst().first.map(String.init) ?? "/"
      server.answer(path, body: String(body), on: stream)
    }
  }

  private func answer(_ path: String, body: String, on stream: Stream) {
    switch path {
    case "/ok": reply(stream, "200 OK", "fine")
    case "/echo": reply(stream, "200 OK", body)
    case "/429": reply(stream, "429 Too Many Requests", "slow down", "retry-after: 7\r\n")
    case "/500": reply(stream, "500 Internal Server Error", "<html>oops</html>")
    case "/redirect": reply(stream, "302 Found", "", "location: /ok\r\n")
    case "/big": reply(stream, "200 OK", String(repeating: "b", count: 5 * 1024 * 1024))
    case "/endless":
      stream.write(utf8: "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
      let chunk = "10000\r\n" + String(repeating: "e", count: 65536) + "\r\n"
      for _ in 0..<64 { stream.write(utf8: chunk) }
    case "/silent": break
    case "/garbage":
      stream.write(utf8: "\u{1}\u{2} this is not HTTP\r\n\r\n")
      stream.closeAfterFlush()
    case "/bad-gzip":
      reply(stream, "200 OK", "this is not gzip", "content-encoding: gzip\r\n")
    case "/cut":
      stream.write(utf8: "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nonly this")
      stream.closeAfterFlush()
    case "/close-at-once": stream.abort()
    default: reply(stream, "404 Not Found", path)
    }
  }

  private func reply(_ stream: Stream, _ status: String, _ body: String, _ headers: String = "") {
    stream.write(utf8: "HTTP/1.1 \(status)\r\n\(headers)content-length: \(body.utf8.count)\r\n\r\n\(body)")
  }
}

extension StringProtocol {
  /// Where `words` first occurs.
  func range(_ words: String, caseInsensitive: Bool = false) -> Range<Index>? {
    let wanted = Array(words.utf8)
    var start = startIndex
    while start < endIndex {
      let rest = utf8[start...].prefix(wanted.count)
      let matches = zip(rest, wanted).allSatisfy { a, b in
        a == b || caseInsensitive && (a | 0x20) == (b | 0x20)
      }
      if rest.count == wanted.count && matches { return start..<utf8.index(start, offsetBy: wanted.count) }
      start = utf8.index(after: start)
    }
    return nil
  }
}

/// Writes down outcomes.
final class Outcomes: TransferOwner {
  var statuses: [Int: Int] = [:]
  var bodies: [Int: [UInt8]] = [:]
  var retryAfter: [Int: Int] = [:]
  var reused: [Int: Bool] = [:]
  var failures: [Int: TransferFailure] = [:]
  var order: [Int] = []
  var onFinish: ((Transfers, Int) -> Void)?
  var onReply: ((TransferReply) -> Void)?

  func transfers(_ transfers: Transfers, tag: Int, finished outcome: TransferOutcome) {
    order.append(tag)
    switch outcome {
    case .reply(let reply):
      statuses[tag] = reply.status
      bodies[tag] = [UInt8](reply.body)
      retryAfter[tag] = reply.retryAfterS
      reused[tag] = reply.reusedConnection
      onReply?(reply)
    case .failure(let failure): failures[tag] = failure
    }
    onFinish?(transfers, tag)
  }
}
