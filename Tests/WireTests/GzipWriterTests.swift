import Base
import Testing

@testable import Wire

/// What is compressed comes back, one body after another through the same stream.
@Suite struct GzipWriterTests {
  private func body(_ random: inout PRNG, _ count: Int) -> [UInt8] {
    // Words out of a small vocabulary, so that there is something to find, and some noise.
    let words = ["\"address\":\"0x", "\"coin\":\"BTC\",", "\"size_usd\":", "1234.5,", "null,", "}"]
    var bytes: [UInt8] = []
    while bytes.count < count {
      if random.next() % 4 == 0 {
        bytes.append(UInt8(truncatingIfNeeded: random.next()))
      } else {
        bytes += Array(words[Int(random.next() % UInt64(words.count))].utf8)
      }
    }
    return Array(bytes[..<count])
  }

  @Test func bodiesComeBack() throws {
    let writer = GzipWriter()
    var random = PRNG(seed: 7)
    for count in [0, 1, 2, 100, 1024, 70_000, 3, 20_000, 0] {
      let bytes = body(&random, count)
      let out = ByteBuffer(capacity: 64)
      out.append("head")
      let isWritten = bytes.withUnsafeBytes { writer.append($0, to: out) }
      #expect(isWritten)
      let written = [UInt8](out.bytes)
      #expect(written.starts(with: Array("head".utf8)))
      #expect(try Gunzip.bytes(of: Array(written[4...])) == bytes)
      if count > 1000 { #expect(written.count < count * 3 / 4) }
    }
  }

  @Test func headersGoInFrontOfAWrittenBody() {
    let out = ByteBuffer(capacity: 64)
    out.append("before")
    var writer = HTTPResponseWriter(into: out, keepAlive: true, isHead: false)
    writer.begin(200, .json)
    writer.beginBody()
    writer.buffer.append("{\"a\":1}")
    writer.insert("vary: accept-encoding\r\n")
    let body = String(decoding: writer.body, as: UTF8.self)
    #expect(body == "{\"a\":1}")
    writer.end()
    let head = "beforeHTTP/1.1 200 OK\r\ncontent-type: application/json\r\nvary: accept-encoding\r\n"
    #expect(text(out) == head + "content-length:          7\r\n\r\n{\"a\":1}")
    out.removeAll()
    writer.begin(200, .json)
    writer.beginBody()
    writer.buffer.append("a longer body than the next")
    [UInt8]("xyz".utf8).withUnsafeBytes { writer.replaceBody($0, adding: "content-encoding: gzip\r\n") }
    writer.end()
    #expect(text(out).hasSuffix("content-encoding: gzip\r\ncontent-length:          3\r\n\r\nxyz"))
  }

  private func text(_ out: ByteBuffer) -> String { String(decoding: out.bytes, as: UTF8.self) }
}
