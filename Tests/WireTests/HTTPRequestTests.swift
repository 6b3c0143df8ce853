/// What is accepted and how it is read.
import Base
import Testing
import Wire

@Suite("HTTP requests")
struct HTTPRequestTests {
  struct Row: Sendable, CustomTestStringConvertible {
    let stream: String
    let reads: [String]
    init(_ stream: String, _ reads: String...) {
      self.stream = stream
      self.reads = reads
    }
    var testDescription: String { "\(stream.debugDescription.prefix(90))" }
  }

  static let good = HTTPCorpus.good
  static let rows: [Row] = [
    Row(good[0], "get GET /? 1.1 host=a keep=true upgrade=false [Host=a]"),
    Row(
      good[1],
      "get GET /v1/orderflow/BTC?window=60&x=%2F 1.1 host=127.0.0.1:8100 keep=true upgrade=false"
        + " [Host=127.0.0.1:8100] [Accept=*/*]"),
    Row(good[2], "head HEAD /health? 1.0 host=nil keep=false upgrade=false"),
    Row(
      good[3], "get GET /a? 1.0 host=nil keep=true upgrade=false [Connection=Keep-Alive]",
      "get GET /b? 1.0 host=nil keep=false upgrade=false"),
    Row(good[4], "get GET /? 1.1 host=a keep=true upgrade=false [hOsT=a]"),
    Row(good[5], "get GET /? 1.1 host=example.com keep=true upgrade=false [Host=other]"),
    Row(good[6], "get GET /p?q 1.1 host=[::1]:8100 keep=true upgrade=false [Host=[::1]:8100]"),
    Row(good[7], "options OPTIONS *? 1.1 host= keep=true upgrade=false [Host=]"),
    Row(
      good[8], "post POST /w? 1.1 host=a keep=true upgrade=false [Host=a] [Content-Length=5] body=hello",
      "get GET /? 1.1 host=a keep=true upgrade=false [Host=a]"),
    Row(good[9], "post POST /w? 1.1 host=a keep=true upgrade=false [Host=a] [Content-Length=0] body="),
    Row(
      good[10],
      "post POST /w? 1.1 host=a keep=true upgrade=false [Host=a] [Transfer-Encoding=chunked] body=hello"),
    Row(
      good[11],
      "put PUT /w? 1.1 host=a keep=true upgrade=false [Host=a] [transfer-encoding=Chunked] body=abcdefghijk"),
    Row(good[12], "delete DELETE /x? 1.1 host=a keep=false upgrade=false [Host=a] [Connection=close, TE]"),
    Row(
      good[13],
      "patch PATCH /x? 1.1 host=a keep=true upgrade=true [Host=a] [Connection=foo]"
        + " [Connection=, Upgrade ,] [Upgrade=websocket]"),
    Row(
      good[14],
      "post POST /e? 1.1 host=a keep=true upgrade=false [Host=a] [Expect=100-Continue] [Content-Length=2]"
        + " body=hi"),
    Row(
      good[15],
      "other BREW /pot? 1.1 host=a keep=true upgrade=false [Host=a] [X-Empty=] [X-Tabs=a<9>b]"
        + " [X-High=<c3><a9>]"),
    Row(
      good[16], "get GET /1? 1.1 host=a keep=true upgrade=false [Host=a]",
      "get GET /2? 1.1 host=a keep=true upgrade=false [Host=a]",
      "get GET /3? 1.1 host=a keep=true upgrade=false [Host=a]"),
    Row(
      good[17],
      "other CONNECT a.example:443? 1.1 host=a.example:443 keep=true upgrade=false [Host=a.example:443]"),
  ]

  @Test("every row is read as it stands", arguments: rows)
  func reads(_ row: Row) {
    let run = parseRequests(bytes(row.stream))
    #expect(run == HTTPRun(messages: row.reads))
  }

  @Test("header look-up: any capitals, first of several, tokens of all")
  func lookup() throws {
    let stream = bytes(
      "GET / HTTP/1.1\r\nHost: a\r\nX-One: 1\r\nAccept: a\r\naccept: b, C\r\nContent-Type: application/json\r\n\r\n"
    )
    try stream.withUnsafeBytes { stream in
      var parser = HTTPRequestParser()
      parser.feed(stream)
      guard case .request(let request) = try parser.next() else {
        Issue.record("no request")
        return
      }
      #expect(request.fields.first("accept").map { text($0) } == "a")
      #expect(request.fields.first("content-type").map { text($0) } == "application/json")
      #expect(request.fields.first("x-two") == nil)
      #expect(request.fields.first("x-on") == nil)
      #expect(request.fields.index(of: "accept", from: 3) == 3)
      #expect(request.fields.has("accept", token: "c"))
      #expect(!request.fields.has("accept", token: "d"))
      #expect(request.fields.count == 5)
    }
  }

  @Test("a whole request is read where it lies")
  func inPlace() throws {
    let stream = bytes(HTTPCorpus.good[8])
    try stream.withUnsafeBytes { stream in
      var parser = HTTPRequestParser()
      parser.feed(stream)
      guard case .request(let request) = try parser.next(), let base = stream.baseAddress else {
        Issue.record("no request")
        return
      }
      #expect(request.path.baseAddress == base + 5)
      let body = try #require(request.body.baseAddress)
      #expect(body > base && body < base + stream.count)
      let rest = parser.rest.count
      #expect(rest == stream.count - (body - base) - 5)
    }
  }

  @Test("a client that waits for 100 Continue is told once, and not when its body is there")
  func expectContinue() throws {
    let head = bytes("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
    var parser = HTTPRequestParser()
    func next(_ more: [UInt8]) throws -> String {
      try more.withUnsafeBytes { piece in
        parser.feed(piece)
        var said = ""
        while true {
          switch try parser.next() {
          case .needMore: return said + "m"
          case .expectsContinue: said += "c"
          case .request(let request): said += "r" + text(request.body)
          }
        }
      }
    }
    #expect(try next(Array(head.dropLast(3))) == "m")
    #expect(try next(Array(head.suffix(3))) == "cm")
    #expect(try next(bytes("h")) == "m")
    #expect(try next(bytes("i")) == "rhim")
    #expect(try next(head + bytes("hi")) == "rhim")
    #expect(try next(head + bytes("h")) == "m")
    #expect(try next(bytes("i")) == "rhim")
    let chunked = bytes(
      "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n")
    #expect(try next(chunked) == "cm")
    #expect(try next(bytes("1\r\na\r\n0\r\n\r\n")) == "ram")
    // HTTP/1.0 has no interim answers; without a body there is nothing to wait for.
    #expect(
      try next(bytes("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n")) == "m")
    #expect(try next(bytes("x")) == "rxm")
    #expect(try next(bytes("GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n")) == "rm")
  }

  @Test("hold takes what was not read yet, and next goes on later")
  func hold() throws {
    var parser = HTTPRequestParser()
    let stream = bytes(HTTPCorpus.good[16] + HTTPCorpus.good[8] + "GET /last")
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: stream.count, alignment: 1)
    memory.copyBytes(from: stream)
    parser.feed(UnsafeRawBufferPointer(memory))
    var paths: [String] = []
    guard case .request(let first) = try parser.next() else {
      Issue.record("no request")
      return
    }
    paths.append(text(first.path))
    parser.hold()
    memory.initializeMemory(as: UInt8.self, repeating: 0xAA)
    memory.deallocate()
    let within = parser.isInsideRequest
    #expect(within)
    let more = bytes(" HTTP/1.1\r\nHost: a\r\n\r\n")
    more.withUnsafeBytes { parser.feed($0) }
    parser.hold()
    while case .request(let request) = try parser.next() { paths.append(text(request.path)) }
    #expect(paths == ["/1", "/2", "/3", "/w", "/", "/last"])
    let after = parser.isInsideRequest
    #expect(!after)
  }
}
