import Base
import Testing
import Wire

@testable import API

/// What an answer need not say in full: gzip, entity tags, answers printed before.
@Suite struct CompressionTests {
  final class Source {
    var version: UInt64 = 1
    var printed = 0
    var rows = 100
  }

  private let source = Source()
  private let views = FixedViews.make()

  private func router() -> Router {
    let source = source
    // Handlers are Sendable; the test runs on one thread and only counts.
    nonisolated(unsafe) let box = source
    return Router(
      views: views, options: APIOptions(),
      routes: [
        Route(
          .get, "/rows", name: "rows", summary: "", about: "",
          parameters: [.integer("n", 100, ""), .integer("status", 200, "")], answers: []
        ) { call in
          if call.version(box.version) { return }
          box.printed += 1
          var json = call.begin(Int(call.integer(1)))
          json.beginArray()
          for row in 0..<call.integer(0) { json.int(row) }
          json.endArray()
        },
        Route(
          .get, "/plain", name: "plain", summary: "", about: "", parameters: [.integer("n", 100, "")],
          answers: []
        ) { call in
          var json = call.begin(200)
          json.string(String(repeating: "plain ", count: Int(call.integer(0))))
        },
      ])
  }

  private func gzipped(_ body: [UInt8]) -> [UInt8] {
    let out = ByteBuffer(capacity: 64)
    _ = body.withUnsafeBytes { GzipWriter().append($0, to: out) }
    return [UInt8](out.bytes)
  }

  @Test func largeBodiesAreCompressedWhenAsked() throws {
    let client = TestClient(router())
    for path in ["/rows?n=300", "/plain?n=300"] {
      let plain = try client.get(path)
      #expect(plain.header("content-encoding") == nil)
      #expect(plain.header("vary") == "accept-encoding")
      for _ in 0..<2 {
        let answer = try client.get(path, headers: [("Accept-Encoding", "gzip, deflate, br")])
        #expect(answer.header("content-encoding") == "gzip")
        #expect(answer.header("vary") == "accept-encoding")
        #expect(answer.header("content-type") == "application/json")
        #expect(answer.body == gzipped(plain.body))
      }
      let head = try client.get(path, method: "HEAD", headers: [("Accept-Encoding", "gzip")])
      #expect(head.header("content-encoding") == "gzip")
      #expect(head.header("content-length") == "\(gzipped(plain.body).count)")
    }
  }

  @Test func smallAndHugeBodiesAndErrorsAreNot() throws {
    let client = TestClient(router())
    let gzip = [("Accept-Encoding", "gzip")]
    let small = try client.get("/plain?n=10", headers: gzip)
    #expect(small.header("content-encoding") == nil)
    #expect(small.header("vary") == nil)
    let huge = try client.get("/plain?n=100000", headers: gzip)
    #expect(huge.header("content-encoding") == nil)
    #expect(huge.body.count == 600_002)
    #expect(try client.get("/rows?n=300&status=404", headers: gzip).header("content-encoding") == nil)
  }

  @Test(arguments: [
    ("gzip", true), ("GZIP", true), ("x-gzip", true), ("*", true), ("br;q=1, gzip;q=0.2", true),
    ("gzip;q=0", false), ("gzip; q=0.000", false), ("*;q=0", false), ("identity, gzip;q=0.5", false),
    ("identity;q=0.5, gzip;q=0.5", true), ("br", false), ("", false), ("gzip;q=0, *", false),
    ("gzipx", false),
    ("gzip;q=x", false), (",,gzip", true), ("deflate , gzip ; q=1.0", true), ("gzip;level=1", false),
  ])
  func qualitiesAreRespected(header: String, isGzip: Bool) throws {
    let client = TestClient(router())
    let answer = try client.get("/plain?n=300", headers: [("Accept-Encoding", header)])
    #expect((answer.header("content-encoding") == "gzip") == isGzip, "\(header)")
  }

  @Test func aKnownVersionIsNotSentAgain() throws {
    let client = TestClient(router())
    let first = try client.get("/rows")
    let tag = try #require(first.header("etag"))
    #expect(tag.hasPrefix("W/\"") && tag.hasSuffix("-1\""))
    #expect(first.header("cache-control") == "no-cache")
    for known in [tag, String(tag.dropFirst(2)), "*", "\"x\", \(tag) ,\"y\""] {
      let answer = try client.get("/rows", headers: [("If-None-Match", known)])
      #expect(answer.status == 304, "\(known)")
      #expect(answer.body.isEmpty)
      #expect(answer.header("etag") == tag)
      #expect(answer.header("vary") == "accept-encoding")
    }
    #expect(source.printed == 1)
    for other in ["\"x\"", "", tag.replacing("-1\"", with: "-11\""), tag.replacing("\"", with: "")] {
      #expect(try client.get("/rows", headers: [("If-None-Match", other)]).status == 200, "\(other)")
    }
    source.version = 0x1F2
    let second = try client.get("/rows", headers: [("If-None-Match", tag)])
    #expect(second.status == 200)
    #expect(second.header("etag")?.hasSuffix("-1f2\"") == true)
    views.now.wall.ms += 1000
    let restarted = TestClient(router())
    let tags = try restarted.get("/rows").header("etag")
    #expect(tags != second.header("etag"), "the tag of another process")
  }

  @Test func whatWasPrintedIsUsedAgain() throws {
    let router = router()
    let client = TestClient(router)
    let body = try client.get("/rows").body
    #expect(try TestClient(router).get("/rows").body == body)
    #expect(source.printed == 1)
    #expect(try client.get("/rows?n=5").body != body)
    #expect(source.printed == 2)
    views.now.wall.ms += 100
    #expect(try client.get("/rows").body == body)
    #expect(source.printed == 3, "ages are shown in tenths of a second")
    source.version += 1
    _ = try client.get("/rows")
    #expect(source.printed == 4)
    // Answers that are no success are printed anew.
    _ = try client.get("/rows?status=404")
    #expect(try client.get("/rows?status=404").header("etag") == nil)
    #expect(source.printed == 6)
  }

  @Test func whatIsKeptIsBounded() {
    let cache = AnswerCache()
    let stamp = AnswerCache.Stamp(version: 1)
    let body = [UInt8](repeating: 7, count: AnswerCache.bodyBytesMax)
    var kept = 0
    for index in 0..<200 {
      Array("/target/\(index)".utf8).withUnsafeBytes { target in
        body.withUnsafeBytes { _ = cache.keep($0, target, stamp) }
        #expect(cache.find(target, stamp) != nil)
      }
    }
    for index in 0..<200 {
      Array("/target/\(index)".utf8).withUnsafeBytes { if cache.find($0, stamp) != nil { kept += 1 } }
    }
    #expect(kept * AnswerCache.bodyBytesMax <= AnswerCache.bytesMax)
    let large = [UInt8](repeating: 7, count: AnswerCache.bodyBytesMax + 1)
    Array("/target/1".utf8).withUnsafeBytes { target in
      let entry = large.withUnsafeBytes { cache.keep($0, target, stamp) }
      #expect(entry == nil)
      #expect(cache.find(target, stamp) == nil)
    }
  }
}
