/// The bounds of a message, at the bound and one beyond it, and what an idle connection holds.
import Base
import Testing
import Wire

@Suite("HTTP limits")
struct HTTPLimitTests {
  static func small() -> HTTPLimits {
    var limits = HTTPLimits()
    limits.requestLineMax = 64
    limits.fieldBytesMax = 128
    limits.fieldsMax = 4
    limits.bodyMax = 16
    limits.backlogMax = 100
    return limits
  }

  /// Whole and byte by byte agree; answers the problem.
  private func problem(_ stream: String, _ limits: HTTPLimits = small()) -> HTTPError.Problem? {
    let stream = bytes(stream)
    let whole = parseRequests(stream, limits: limits)
    #expect(parseRequests(stream, cuts: everyByte(stream.count), limits: limits) == whole)
    for cut in 1..<stream.count where parseRequests(stream, cuts: [cut], limits: limits) != whole {
      Issue.record("cut at \(cut)")
    }
    return whole.problem
  }

  @Test("the request line: 414 beyond its bound, with or without an end in sight")
  func requestLine() {
    func line(_ length: Int) -> String {
      "GET /" + String(repeating: "x", count: length - 5 - 11) + " HTTP/1.1\r\n"
    }
    #expect(problem(line(64) + "Host: a\r\n\r\n") == nil)
    #expect(problem(line(65) + "Host: a\r\n\r\n") == .targetTooLong)
    #expect(problem(line(66) + "Host: a\r\n\r\n") == .targetTooLong)
    #expect(problem("GET /" + String(repeating: "x", count: 59)) == .targetTooLong)
    #expect(problem("GET /" + String(repeating: "x", count: 58)) == nil)
    #expect(problem(String(repeating: "x", count: 64) + "\n") == .targetTooLong)
    #expect(problem(String(repeating: "x", count: 63) + "\r\n") == .targetTooLong)
    #expect(problem(String(repeating: "x", count: 62) + "\r\n") == .requestLine)
    #expect(HTTPError(.targetTooLong).status == 414)
  }

  @Test("header bytes: 431 beyond their bound")
  func fieldBytes() {
    func head(_ bytes: Int) -> String {
      "GET / HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "x", count: bytes - 9 - 5 - 2) + "\r\n\r\n"
    }
    #expect(problem(head(128)) == nil)
    #expect(problem(head(129)) == .fieldsTooLarge)
    #expect(problem(head(130)) == .fieldsTooLarge)
    #expect(problem(head(131)) == .fieldsTooLarge)
    #expect(problem("GET / HTTP/1.1\r\nX: " + String(repeating: "x", count: 125)) == .fieldsTooLarge)
    #expect(HTTPError(.fieldsTooLarge).status == 431)
  }

  @Test("header lines: 431 beyond their number, trailers included")
  func fieldNumber() {
    #expect(problem(HTTPCorpus.with("A: 1\r\nB: 2\r\nC: 3")) == nil)
    #expect(problem(HTTPCorpus.with("A: 1\r\nB: 2\r\nC: 3\r\nD: 4")) == .tooManyFields)
    #expect(problem(HTTPCorpus.chunks("0\r\nA: 1\r\nB: 2\r\n\r\n")) == nil)
    #expect(problem(HTTPCorpus.chunks("0\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n")) == .tooManyFields)
    let long = "A: " + String(repeating: "x", count: 121)
    #expect(problem(HTTPCorpus.chunks("0\r\n\(long)\r\n\r\n")) == nil)
    #expect(problem(HTTPCorpus.chunks("0\r\n\(long)x\r\n\r\n")) == .fieldsTooLarge)
  }

  @Test("bodies: 413 beyond their bound, before their bytes have come")
  func body() {
    let sized = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: "
    #expect(problem(sized + "16\r\n\r\n0123456789abcdef") == nil)
    #expect(problem(sized + "17\r\n\r\n") == .bodyTooLarge)
    #expect(problem(HTTPCorpus.chunks("8\r\n01234567\r\n8\r\n01234567\r\n0\r\n\r\n")) == nil)
    #expect(problem(HTTPCorpus.chunks("8\r\n01234567\r\n9\r\n")) == .bodyTooLarge)
    #expect(HTTPError(.bodyTooLarge).status == 413)
  }

  @Test("one byte in each chunk reaches the bound of the body, not one of its own")
  func tinyChunks() {
    let stream = bytes(HTTPCorpus.chunks(String(repeating: "1\r\na\r\n", count: 65_536) + "0\r\n\r\n"))
    for cuts in [[], [1000, 70_000, 70_001], Array(stride(from: 7, to: stream.count, by: 1021))] {
      let run = parseRequests(stream, cuts: cuts)
      #expect(run.problem == nil && run.messages.count == 1 && run.messages[0].utf8.count > 65_536)
    }
  }

  @Test("bytes nobody reads are refused beyond the backlog's bound")
  func backlog() throws {
    var parser = HTTPRequestParser(limits: HTTPLimitTests.small())
    let request = bytes(HTTPCorpus.good[0])
    var fed = 0
    for _ in 0..<100 {
      request.withUnsafeBytes { parser.feed($0) }
      parser.hold()
      fed += request.count
    }
    #expect(fed > 64 + 128 + 16 + 100)
    #expect(throws: HTTPError(.backlogTooLarge)) { _ = try parser.next() }
  }

  @Test("a parser between requests is outside one, with one byte inside")
  func inside() throws {
    var parser = HTTPRequestParser()
    let before = parser.isInsideRequest
    #expect(!before)
    let request = bytes(HTTPCorpus.good[8])
    for (index, byte) in request.enumerated() {
      try [byte].withUnsafeBytes { piece in
        parser.feed(piece)
        while case .request = try parser.next() {}
      }
      let end = request.count - bytes(HTTPCorpus.good[0]).count
      let isInside = parser.isInsideRequest
      #expect(isInside == (index + 1 != end && index + 1 != request.count))
    }
  }
}
