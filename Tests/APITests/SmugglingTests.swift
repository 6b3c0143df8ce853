import Testing

@testable import API

/// Streams two servers could read as different requests: what is answered, and that the connection ends with it.
///
/// `poison` is the request an attacker hides; it is answered only where the stream really holds it. Whole and cut at
/// every byte. The same over sockets, with more rows: Tests/Conformance/smuggling.py.
@Suite struct SmugglingTests {
  struct Row: Sendable, CustomTestStringConvertible {
    var name: String
    var stream: String
    var statuses: [Int]
    var ends: Bool
    var testDescription: String { name }
  }

  private static let poison = "GET /poison HTTP/1.1\r\nHost: localhost\r\n\r\n"
  private static let mark = "GET /v1/coins HTTP/1.1\r\nHost: localhost\r\n\r\n"

  private static func get(_ lines: [String], _ body: String, version: String = "1.1") -> String {
    let head = (["GET /health HTTP/\(version)", "Host: localhost"] + lines).joined(separator: "\r\n")
    return head + "\r\n\r\n" + body + poison
  }

  private static func refused(_ name: String, _ lines: [String], _ body: String, status: Int = 400) -> Row {
    Row(name: name, stream: get(lines, body), statuses: [status], ends: true)
  }

  private static func read(_ name: String, _ lines: [String], _ body: String) -> Row {
    Row(name: name, stream: get(lines, body), statuses: [200, 404], ends: false)
  }

  private static let chunked = "Transfer-Encoding: chunked"

  static let framing: [Row] = [
    refused("length, then chunks", ["Content-Length: 6", chunked], "0\r\n\r\nG"),
    refused("chunks, then length", [chunked, "Content-Length: 6"], "0\r\n\r\nG"),
    refused("the same length twice", ["Content-Length: 3", "Content-Length: 3"], "abc"),
    refused("two lengths", ["Content-Length: 3", "Content-Length: 0"], "abc"),
    refused("lengths in a list", ["Content-Length: 3, 3"], "abc"),
    refused("a signed length", ["Content-Length: +3"], "abc"),
    refused("a negative length", ["Content-Length: -3"], "abc"),
    refused("a hexadecimal length", ["Content-Length: 0x3"], "abc"),
    refused("a length that wraps", ["Content-Length: 18446744073709551619"], "abc", status: 413),
    refused("a length with a blank before its colon", ["Content-Length : 3"], "abc"),
    refused("a folded length", ["Content-Length:\r\n 3"], "abc"),
    refused("chunks last but one", ["Transfer-Encoding: chunked, gzip"], "0\r\n\r\n"),
    refused("chunks behind another coding", ["Transfer-Encoding: gzip, chunked"], "0\r\n\r\n"),
    refused("chunks twice", [chunked, chunked], "0\r\n\r\n"),
    refused("chunks with a blank before the colon", ["Transfer-Encoding : chunked"], "0\r\n\r\n"),
    refused("chunks behind a vertical tab", ["Transfer-Encoding: \u{b}chunked"], "0\r\n\r\n"),
    refused("chunks with a parameter", ["Transfer-Encoding: chunked;a=b"], "0\r\n\r\n"),
    refused("LF in a value", ["X: a\nContent-Length: 44"], ""),
    refused("CR in a value", ["X: a\rContent-Length: 44"], ""),
    refused("NUL in a value", ["X: a\0"], ""),
    refused("a second host", ["Host: other"], ""),
    Row(
      name: "chunks in HTTP/1.0", stream: get([chunked], "0\r\n\r\n", version: "1.0"), statuses: [400],
      ends: true),
    Row(
      name: "nothing behind HTTP/1.0", stream: get([], "", version: "1.0"), statuses: [200], ends: true),
    Row(
      name: "nothing behind close", stream: get(["Connection: close"], ""), statuses: [200], ends: true),
    Row(
      name: "a request as a body", stream: get(["Content-Length: \(poison.utf8.count)"], ""),
      statuses: [200], ends: false),
    read("no length", [], ""),
    read("a length of nothing", ["Content-Length: 0"], ""),
    read("a length", ["Content-Length: 3"], "abc"),
    read("a name alike", ["Transfer_Encoding: chunked", "Content-Lengths: 3"], ""),
  ]

  static let chunks: [Row] = [
    read("chunks", [chunked], "3\r\nabc\r\n0\r\n\r\n"),
    read("chunks with extensions", [chunked], "3;a=b\r\nabc\r\n0;c\r\n\r\n"),
    read("trailers are not headers", [chunked], "0\r\nContent-Length: 44\r\nConnection: close\r\n\r\n"),
    refused("a chunk without size", [chunked], "\r\n"),
    refused("a chunk's size with a sign", [chunked], "+3\r\nabc\r\n0\r\n\r\n"),
    refused("a chunk's size with 0x", [chunked], "0x3\r\nabc\r\n0\r\n\r\n"),
    refused("a blank behind a chunk's size", [chunked], "3 \r\nabc\r\n0\r\n\r\n"),
    refused("LF behind a chunk's size", [chunked], "3\nabc\r\n0\r\n\r\n"),
    refused("LF in an extension", [chunked], "3;\nabc\r\n0\r\n\r\n"),
    refused("LF behind a chunk", [chunked], "3\r\nabc\n0\r\n\r\n"),
    refused("a chunk longer than its size", [chunked], "2\r\nabc\r\n0\r\n\r\n"),
    refused("a chunk's size that wraps", [chunked], "10000000000000003\r\nabc\r\n0\r\n\r\n", status: 413),
    refused("LF at the end of chunks", [chunked], "0\r\n\n"),
    refused("a folded trailer", [chunked], "0\r\nA: b\r\n c\r\n\r\n"),
  ]

  @Test("no hidden request is answered", arguments: framing + chunks)
  func row(_ row: Row) throws {
    let stream = Array((row.ends ? row.stream : row.stream + Self.mark).utf8)
    let wanted = row.ends ? row.statuses : row.statuses + [200]
    let router = Router(views: FixedViews.make(), options: APIOptions())
    for cut in 0..<stream.count {
      let client = TestClient(router)
      if cut > 0 { client.send(Array(stream[..<cut])) }
      client.send(Array(stream[cut...]))
      let answers = try client.take()
      #expect(answers.map(\.status) == wanted, "cut at \(cut)")
      #expect(client.outcome == (row.ends ? .closeAfterFlush : .open), "cut at \(cut)")
      if row.ends { #expect(answers.last?.header("connection") == "close", "cut at \(cut)") }
    }
  }
}
