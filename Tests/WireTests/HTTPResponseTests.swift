/// Answers: written as they should be, and read back strictly.
import Base
import Testing
import Wire

@Suite("HTTP answers")
struct HTTPResponseTests {
  static let streams: [String] = [
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 204 No Content\r\n\r\n",
    "HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
    "HTTP/1.0 200 OK\r\n\r\nuntil the end",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 \r\nLink: x\r\n\r\nHTTP/1.1 304 Not Modified\r\n\r\n",
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi",
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
    "HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 2000\r\n\r\n", "HTTP/1.1 099 A\r\n\r\n",
    "HTTP/1.1 200 OK\nA: b\r\n\r\n", "<html>\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi",
  ]

  @Test("answers are read as they stand")
  func reads() {
    func run(_ index: Int, ends: Bool = false) -> HTTPRun {
      parseResponses(bytes(HTTPResponseTests.streams[index]), ends: ends)
    }
    #expect(
      run(0).messages == [
        "200 1.1 keep=true upgrade=false [Content-Length=2] body=hi", "204 1.1 keep=true upgrade=false body=",
      ])
    #expect(run(1).messages == ["200 1.1 keep=true upgrade=false [Transfer-Encoding=chunked] body=hi"])
    #expect(run(2).messages.isEmpty)
    #expect(run(2, ends: true).messages == ["200 1.0 keep=false upgrade=false body=until the end"])
    #expect(run(3).messages == ["304 1.1 keep=true upgrade=false body="])
    #expect(
      run(4).messages == ["101 1.1 keep=true upgrade=true [Connection=Upgrade] [Upgrade=websocket] body="])
    let problems: [HTTPError.Problem] = [
      .contentLengthRepeated, .contentLengthWithEncoding, .statusLine, .statusLine, .statusLine, .statusLine,
      .bareLF, .statusLine,
    ]
    for (index, problem) in problems.enumerated() { #expect(run(5 + index).problem == problem) }
    #expect(run(13, ends: true).problem == .truncated)
  }

  @Test("HEAD has no body; interim answers and bodies have bounds")
  func bounds() {
    let head = parseResponses(bytes("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"), isHead: true)
    #expect(head.messages.count == 1)
    let interim = String(repeating: "HTTP/1.1 100 Continue\r\n\r\n", count: HTTPResponseReader.interimMax + 1)
    #expect(parseResponses(bytes(interim)).problem == .tooManyInterim)
    var limits = HTTPLimits()
    limits.bodyMax = 10
    let long = bytes("HTTP/1.1 200 OK\r\n\r\n01234567890")
    #expect(parseResponses(long, cuts: [25], limits: limits).problem == .bodyTooLarge)
  }

  @Test("bytes behind 101 are handed on")
  func upgradeRest() {
    let stream = bytes(HTTPResponseTests.streams[4]) + [0x81, 0x00]
    for cut in 1..<stream.count {
      var reader = HTTPResponseReader()
      var rest: [UInt8] = []
      var isOpen = false
      inPieces(stream, [cut]) { piece in
        if isOpen {
          rest += piece
        } else {
          reader.feed(piece)
          if case .response(let response) = (try? reader.next()) ?? .needMore {
            isOpen = response.isUpgrade
            rest += reader.rest
          }
        }
        return true
      }
      #expect(isOpen && rest == [0x81, 0x00])
    }
  }

  private func written(_ write: (ByteBuffer) -> Void) -> String {
    let out = ByteBuffer(capacity: 8)
    write(out)
    return out.bytes.reduce(into: "") { $0.unicodeScalars.append(Unicode.Scalar($1)) }
  }

  @Test("an answer's length is filled in behind the fact")
  func writes() {
    let answer = written { out in
      out.append("earlier")
      var writer = HTTPResponseWriter(into: out, keepAlive: true, isHead: false)
      writer.begin(200, .json)
      writer.beginBody()
      out.append("{\"a\":1}")
      writer.end()
    }
    #expect(
      answer
        == "earlierHTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length:          7\r\n\r\n{\"a\":1}"
    )
    let closing = written { out in
      var writer = HTTPResponseWriter(into: out, keepAlive: false, isHead: false)
      writer.begin(405, .none)
      writer.header("allow", "GET, HEAD")
      bytes("/a\r\nx: y").withUnsafeBytes { writer.header("location", $0) }
      writer.beginBody()
      writer.end()
    }
    #expect(
      closing
        == "HTTP/1.1 405 Method Not Allowed\r\nallow: GET, HEAD\r\nlocation: /a  x: y\r\nconnection: close\r\n"
        + "content-length:          0\r\n\r\n")
  }

  @Test("HEAD tells the length of the body it leaves out; 204 and 304 have neither")
  func headAndEmpty() {
    func answer(_ status: Int, isHead: Bool) -> String {
      written { out in
        var writer = HTTPResponseWriter(into: out, keepAlive: true, isHead: isHead, minorVersion: 0)
        writer.begin(status, .text)
        writer.beginBody()
        for _ in 0..<1234 { out.append("0123456789") }
        writer.end()
      }
    }
    #expect(
      answer(200, isHead: true)
        == "HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=utf-8\r\nconnection: keep-alive\r\n"
        + "content-length:      12340\r\n\r\n")
    #expect(answer(204, isHead: false) == "HTTP/1.1 204 No Content\r\nconnection: keep-alive\r\n\r\n")
    #expect(answer(304, isHead: false) == "HTTP/1.1 304 Not Modified\r\nconnection: keep-alive\r\n\r\n")
  }

  @Test("a restarted answer replaces the first; every status has a line that can be read back")
  func restartAndStatuses() {
    let out = ByteBuffer(capacity: 64)
    for status in [
      200, 400, 401, 403, 404, 405, 408, 413, 414, 415, 417, 421, 422, 426, 429, 431, 500, 501, 502, 503, 504,
      505,
    ] {
      let mark = out.count
      var writer = HTTPResponseWriter(into: out, keepAlive: true, isHead: false)
      writer.begin(200, .html)
      writer.beginBody()
      out.append("half an ans")
      writer.restart(at: mark)
      writer.begin(status, .json)
      writer.beginBody()
      out.append("[]")
      writer.end()
      let run = parseResponses(Array(out.bytes[mark...]))
      #expect(run.messages.first?.hasPrefix("\(status) 1.1 keep=true") == true)
      #expect(run.messages.first?.hasSuffix("body=[]") == true)
    }
    #expect(text(UnsafeRawBufferPointer(start: HTTPStatus.line(999).utf8Start, count: 12)) == "HTTP/1.1 500")
  }
}
