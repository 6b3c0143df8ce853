/// What must be refused, above all everything two servers could read as different requests.
import Base
import Testing
import Wire

@Suite("HTTP refusals")
struct HTTPRefusalTests {
  struct Row: Sendable, CustomTestStringConvertible {
    let stream: String
    let problem: HTTPError.Problem
    init(_ stream: String, _ problem: HTTPError.Problem) {
      self.stream = stream
      self.problem = problem
    }
    var testDescription: String { "\(stream.debugDescription.prefix(90))" }
  }

  static let requestLines: [Row] = [
    Row("GET /\r\n\r\n", .requestLine),
    Row("GET\r\n\r\n", .requestLine),
    Row(" GET / HTTP/1.1\r\nHost: a\r\n\r\n", .requestLine),
    Row("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", .requestLine),
    Row("GET /  HTTP/1.1\r\nHost: a\r\n\r\n", .requestLine),
    Row("GET / HTTP/1.1 \r\nHost: a\r\n\r\n", .requestLine),
    Row("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", .requestLine),
    Row("GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", .requestLine),
    Row("GET /\tHTTP/1.1\r\nHost: a\r\n\r\n", .requestLine),
    Row("G@T / HTTP/1.1\r\nHost: a\r\n\r\n", .requestLine),
    Row("(GET) / HTTP/1.1\r\nHost: a\r\n\r\n", .requestLine),
    Row("GET / http/1.1\r\nHost: a\r\n\r\n", .requestLine),
    Row("GET / HTTP/11\r\nHost: a\r\n\r\n", .requestLine),
    Row("GET / HTTP/1.1.1\r\nHost: a\r\n\r\n", .requestLine),
    Row("GET / HTTP/1,1\r\nHost: a\r\n\r\n", .requestLine),
    Row("GET / XTTP/1.1\r\nHost: a\r\n\r\n", .requestLine),
    Row("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", .requestLine),
    Row("GET / HTTP/1.2\r\nHost: a\r\n\r\n", .version),
    Row("GET / HTTP/0.9\r\nHost: a\r\n\r\n", .version),
    Row("GET / HTTP/2.0\r\nHost: a\r\n\r\n", .version),
    Row("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", .version),
    Row("GET a HTTP/1.1\r\nHost: a\r\n\r\n", .target),
    Row("GET * HTTP/1.1\r\nHost: a\r\n\r\n", .target),
    Row("GET ?x HTTP/1.1\r\nHost: a\r\n\r\n", .target),
    Row("GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", .target),
    Row("GET /\u{e9} HTTP/1.1\r\nHost: a\r\n\r\n", .target),
    Row("GET /a\tb HTTP/1.1\r\nHost: a\r\n\r\n", .target),
    Row("GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", .target),
    Row("GET http:/a/ HTTP/1.1\r\nHost: a\r\n\r\n", .target),
    Row("GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", .target),
    Row("GET http://u@a/x HTTP/1.1\r\nHost: a\r\n\r\n", .target),
    Row("GET http://a:b/x HTTP/1.1\r\nHost: a\r\n\r\n", .target),
    Row("GET http://?x HTTP/1.1\r\nHost: a\r\n\r\n", .target),
    Row("OPTIONS ** HTTP/1.1\r\nHost: a\r\n\r\n", .target),
    Row("CONNECT u@a:1 HTTP/1.1\r\nHost: a\r\n\r\n", .target),
  ]

  static let lines: [Row] = [
    Row("GET / HTTP/1.1\nHost: a\n\n", .bareLF),
    Row("GET / HTTP/1.1\r\nHost: a\n\r\n", .bareLF),
    Row("GET / HTTP/1.1\r\nHost: a\r\n\n", .bareLF),
    Row("GET / HTTP/1.1\rHost: a\r\n\r\n", .bareCR),
    Row("GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", .bareCR),
    Row("GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", .bareCR),
    Row("GET / HTTP/1.1\r\nHost: a\r\n\rX\r\n", .bareCR),
    Row("\n\r\nGET / HTTP/1.1\r\n", .bareLF),
    Row("\rGET / HTTP/1.1\r\n", .bareCR),
    Row("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", .controlByte),
    Row("\u{16}\u{3}\u{1}\u{2}\0\u{1}", .controlByte),
    Row(HTTPCorpus.with("X: a\0b"), .controlByte),
    Row(HTTPCorpus.with("X: a\u{1b}b"), .controlByte),
    Row(HTTPCorpus.with("X: a\u{7f}b"), .controlByte),
    Row(HTTPCorpus.with("X\0: a"), .controlByte),
    Row(HTTPCorpus.with("X: a\u{b}"), .controlByte),
    Row(HTTPCorpus.with("X: a\u{c}"), .controlByte),
    Row(HTTPCorpus.with("X: a\r\n b"), .foldedField),
    Row(HTTPCorpus.with("X: a\r\n\tb: c"), .foldedField),
    Row("GET / HTTP/1.1\r\n Host: a\r\n\r\n", .foldedField),
    Row(HTTPCorpus.with(" : a"), .foldedField),
    Row(HTTPCorpus.with("X : a"), .fieldName),
    Row(HTTPCorpus.with("X\t: a"), .fieldName),
    Row(HTTPCorpus.with("X Y: a"), .fieldName),
    Row(HTTPCorpus.with(": a"), .fieldName),
    Row(HTTPCorpus.with("X"), .fieldName),
    Row(HTTPCorpus.with("X\u{e9}: a"), .fieldName),
    Row(HTTPCorpus.with("X[1]: a"), .fieldName),
    Row(HTTPCorpus.with("\"X\": a"), .fieldName),
    Row(HTTPCorpus.with("Content-Length : 3"), .fieldName),
    Row(HTTPCorpus.with("Transfer-Encoding : chunked"), .fieldName),
    Row("GET / HTTP/1.1\r\n\r\n", .hostMissing),
    Row("GET http://a/ HTTP/1.1\r\n\r\n", .hostMissing),
    Row(HTTPCorpus.with("Host: a"), .hostRepeated),
    Row(HTTPCorpus.with("HOST: b"), .hostRepeated),
    Row("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", .hostRepeated),
    Row("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", .host),
    Row("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", .host),
    Row("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", .host),
    Row("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", .host),
    Row("GET / HTTP/1.1\r\nHost: a:80a\r\n\r\n", .host),
    Row("GET / HTTP/1.1\r\nHost: :80\r\n\r\n", .host),
    Row("GET / HTTP/1.1\r\nHost: a:123456\r\n\r\n", .host),
    Row("GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", .host),
    Row("GET / HTTP/1.1\r\nHost: []\r\n\r\n", .host),
    Row("GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n", .host),
    Row("GET / HTTP/1.0\r\nHost: \"\r\n\r\n", .host),
    Row(HTTPCorpus.with("Expect: 200-ok"), .expectation),
    Row(HTTPCorpus.with("Expect: 100-continue, x"), .expectation),
  ]

  static let framing: [Row] = [
    Row(HTTPCorpus.with("Content-Length: 3\r\nContent-Length: 3"), .contentLengthRepeated),
    Row(HTTPCorpus.with("Content-Length: 3\r\nContent-Length: 4"), .contentLengthRepeated),
    Row(HTTPCorpus.with("Content-Length: 3\r\nX: y\r\ncontent-length: 0"), .contentLengthRepeated),
    Row(HTTPCorpus.with("Content-Length: 3, 3"), .contentLength),
    Row(HTTPCorpus.with("Content-Length: 3,4"), .contentLength),
    Row(HTTPCorpus.with("Content-Length:"), .contentLength),
    Row(HTTPCorpus.with("Content-Length: +3"), .contentLength),
    Row(HTTPCorpus.with("Content-Length: -3"), .contentLength),
    Row(HTTPCorpus.with("Content-Length: 3 3"), .contentLength),
    Row(HTTPCorpus.with("Content-Length: 0x3"), .contentLength),
    Row(HTTPCorpus.with("Content-Length: 3.0"), .contentLength),
    Row(HTTPCorpus.with("Content-Length: 1_0"), .contentLength),
    Row(HTTPCorpus.with("Content-Length: \"3\""), .contentLength),
    Row(HTTPCorpus.with("Content-Length: 3;"), .contentLength),
    Row(HTTPCorpus.with("Content-Length: \u{661}"), .contentLength),
    Row(HTTPCorpus.with("Content-Length: 65537"), .bodyTooLarge),
    Row(HTTPCorpus.with("Content-Length: 9223372036854775807"), .bodyTooLarge),
    Row(HTTPCorpus.with("Content-Length: 9223372036854775808"), .bodyTooLarge),
    Row(HTTPCorpus.with("Content-Length: 18446744073709551617"), .bodyTooLarge),
    Row(HTTPCorpus.with("Content-Length: 99999999999999999999999999999999999"), .bodyTooLarge),
    Row(HTTPCorpus.with("Content-Length: 3\r\nTransfer-Encoding: chunked"), .contentLengthWithEncoding),
    Row(HTTPCorpus.with("Transfer-Encoding: chunked\r\nContent-Length: 3"), .contentLengthWithEncoding),
    Row(HTTPCorpus.with("Transfer-Encoding: chunked\r\nContent-Length: 0"), .contentLengthWithEncoding),
    Row(HTTPCorpus.with("Transfer-Encoding: gzip, chunked"), .transferEncoding),
    Row(HTTPCorpus.with("Transfer-Encoding: chunked, gzip"), .transferEncoding),
    Row(HTTPCorpus.with("Transfer-Encoding: identity"), .transferEncoding),
    Row(HTTPCorpus.with("Transfer-Encoding:"), .transferEncoding),
    Row(HTTPCorpus.with("Transfer-Encoding: xchunked"), .transferEncoding),
    Row(HTTPCorpus.with("Transfer-Encoding: chunkedx"), .transferEncoding),
    Row(HTTPCorpus.with("Transfer-Encoding: \"chunked\""), .transferEncoding),
    Row(HTTPCorpus.with("Transfer-Encoding: chunked,"), .transferEncoding),
    Row(HTTPCorpus.with("Transfer-Encoding: , chunked"), .transferEncoding),
    Row(HTTPCorpus.with("Transfer-Encoding: chunked;q=1"), .transferEncoding),
    Row(HTTPCorpus.with("Transfer-Encoding: chunked\u{a0}"), .transferEncoding),
    Row(HTTPCorpus.with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), .transferEncoding),
    Row(HTTPCorpus.with("Transfer-Encoding: chunked\r\nTransfer-Encoding: cow"), .transferEncoding),
    Row("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", .transferEncoding),
  ]

  static let chunked: [Row] = [
    Row(HTTPCorpus.chunks("\r\n"), .chunkSize),
    Row(HTTPCorpus.chunks("g\r\n"), .chunkSize),
    Row(HTTPCorpus.chunks("-1\r\n"), .chunkSize),
    Row(HTTPCorpus.chunks("+1\r\na\r\n"), .chunkSize),
    Row(HTTPCorpus.chunks(" 1\r\na\r\n"), .chunkSize),
    Row(HTTPCorpus.chunks("1 \r\na\r\n"), .chunkSize),
    Row(HTTPCorpus.chunks("0x1\r\na\r\n"), .chunkSize),
    Row(HTTPCorpus.chunks("1\na\r\n"), .chunkSize),
    Row(HTTPCorpus.chunks("1\rXa\r\n"), .chunkSize),
    Row(HTTPCorpus.chunks(";x\r\n"), .chunkSize),
    Row(HTTPCorpus.chunks("1_0\r\n"), .chunkSize),
    Row(HTTPCorpus.chunks("00000000000000001\r\na\r\n"), .chunkSize),
    Row(HTTPCorpus.chunks("10001\r\n"), .bodyTooLarge),
    Row(HTTPCorpus.chunks("ffffffffffffffff\r\n"), .bodyTooLarge),
    Row(HTTPCorpus.chunks("10000000000000001\r\n"), .bodyTooLarge),
    Row(HTTPCorpus.chunks("1;a\nb\r\nx\r\n"), .chunkExtension),
    Row(HTTPCorpus.chunks("1;a\0b\r\nx\r\n"), .chunkExtension),
    Row(HTTPCorpus.chunks("1;a\rb\r\nx\r\n"), .chunkSize),
    Row(HTTPCorpus.chunks("1;" + String(repeating: "x", count: 1025)), .chunkExtension),
    Row(HTTPCorpus.chunks(String(repeating: "1;xxxxxxxxx\r\na\r\n", count: 150)), .chunkExtension),
    Row(HTTPCorpus.chunks("1\r\nab\r\n"), .chunkEnd),
    Row(HTTPCorpus.chunks("1\r\na\n"), .chunkEnd),
    Row(HTTPCorpus.chunks("1\r\na\rX"), .chunkEnd),
    Row(HTTPCorpus.chunks("3\r\na\r\n0\r\n\r\n"), .chunkEnd),
    Row(HTTPCorpus.chunks("0\r\n\n"), .fieldName),
    Row(HTTPCorpus.chunks("0\r\n\rX"), .bareCR),
    Row(HTTPCorpus.chunks("0\r\n X: y\r\n\r\n"), .foldedField),
    Row(HTTPCorpus.chunks("0\r\nX: y\r\n z\r\n\r\n"), .foldedField),
    Row(HTTPCorpus.chunks("0\r\nX : y\r\n\r\n"), .fieldName),
    Row(HTTPCorpus.chunks("0\r\n: y\r\n\r\n"), .fieldName),
    Row(HTTPCorpus.chunks("0\r\nX: y\n\r\n"), .bareLF),
    Row(HTTPCorpus.chunks("0\r\nX: \0\r\n\r\n"), .controlByte),
    Row(HTTPCorpus.chunks("0\r\nX: y\rz\r\n\r\n"), .bareCR),
  ]

  static let all = requestLines + lines + framing + chunked

  @Test("every row is refused for its reason, whole and byte by byte", arguments: all)
  func refused(_ row: Row) {
    let stream = bytes(row.stream)
    let whole = parseRequests(stream)
    #expect(whole.problem == row.problem)
    #expect(whole.messages.isEmpty)
    #expect(parseRequests(stream, cuts: everyByte(stream.count)) == whole)
    // The same behind a good request on the same connection, which is still answered.
    let second = bytes(HTTPCorpus.good[0]) + stream
    if !row.stream.hasPrefix("\r\n\r\n") {
      let run = parseRequests(second)
      #expect(run.messages.count == 1)
      #expect(run.problem == row.problem)
    }
  }

  @Test("the table is as large as it should be, and every problem has a status and a reason")
  func coverage() {
    #expect(HTTPRefusalTests.all.count >= 150)
    for problem in HTTPError.Problem.allCases {
      let error = HTTPError(problem)
      #expect([400, 408, 413, 414, 417, 431, 502, 505].contains(error.status))
      #expect(error.reason.utf8CodeUnitCount > 5)
    }
  }

  @Test("a refused parser stays refused and holds nothing")
  func staysRefused() {
    var parser = HTTPRequestParser()
    for _ in 0..<3 {
      let stream = bytes("GET / HTTP/3.0\r\n\r\n") + bytes(HTTPCorpus.good[0])
      stream.withUnsafeBytes { parser.feed($0) }
      #expect(throws: HTTPError(.version)) { _ = try parser.next() }
      let rest = parser.rest.count
      #expect(rest == 0)
    }
  }
}
