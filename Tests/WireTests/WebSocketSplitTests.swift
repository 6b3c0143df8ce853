/// However frames are cut, the same comes out; what lies whole is delivered where it lies; what is delivered can be
/// read 64 bytes beyond its end; what is encoded is decoded again.
import Base
import Testing
import Wire

@Suite("WebSocket splits")
struct WebSocketSplitTests {
  static let rows = WebSocketDecoderTests.all.filter { $0.stream.count <= 4000 }

  @Test("every single cut, and every pair of cuts of the short ones", arguments: rows.indices)
  func cuts(_ index: Int) {
    let row = WebSocketSplitTests.rows[index]
    let streams =
      [(row.stream, WebSocketRole.client)]
      + (WebSocketDecoderTests.mask(row.stream).map { [($0, WebSocketRole.server)] } ?? [])
    for (stream, role) in streams {
      let whole = decode(stream, role: role)
      for first in 1..<max(2, stream.count) {
        if decode(stream, role: role, cuts: [first]) != whole { Issue.record("\(row.name): cut \(first)") }
        guard stream.count <= 48 else { continue }
        for second in (first + 1)..<max(first + 2, stream.count)
        where decode(stream, role: role, cuts: [first, second]) != whole {
          Issue.record("\(row.name): cuts \(first), \(second)")
        }
      }
    }
  }

  @Test("streams of many messages with random cuts")
  func randomCuts() {
    var random = PRNG(seed: 6455)
    for round in 0..<200 {
      let role: WebSocketRole = round % 2 == 0 ? .client : .server
      var stream: [UInt8] = []
      for _ in 0..<(1 + random.below(20)) {
        let row = WebSocketSplitTests.rows[random.below(WebSocketSplitTests.rows.count)]
        guard row.code == 0, !row.events.contains(where: { $0.hasPrefix("close") }) else { continue }
        stream += role == .client ? row.stream : WebSocketDecoderTests.mask(row.stream) ?? []
      }
      guard stream.count > 1 else { continue }
      let whole = decode(stream, role: role)
      #expect(whole.code == 0)
      let cuts = (0..<random.below(12)).map { _ in 1 + random.below(stream.count - 1) }.sorted()
      #expect(decode(stream, role: role, cuts: cuts) == whole)
    }
  }

  @Test("a server's whole frame is delivered where it lies; a payload has 64 readable bytes behind it")
  func inPlace() throws {
    let payload = bytes("[1,2,3]")
    let stream = frame(0x81, payload) + frame(0x82, payload)
    var decoder = WebSocketDecoder(role: .client, messageMax: 100)
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: stream.count + 64, alignment: 1)
    defer { memory.deallocate() }
    memory.initializeMemory(as: UInt8.self, repeating: 0)
    memory.copyBytes(from: stream)
    let fed = UnsafeRawBufferPointer(rebasing: memory[..<stream.count])
    decoder.feed(fed)
    for at in [2, 2 + payload.count + 2] {
      let place: UnsafeRawPointer?
      switch try decoder.next() {
      case .text(let payload), .binary(let payload): place = payload.baseAddress
      default: place = nil
      }
      #expect(place == fed.baseAddress.map { $0 + at })
    }
    guard case .needMore = try decoder.next() else {
      Issue.record("more than was fed")
      return
    }
  }

  @Test("what either role encodes, the other decodes", arguments: [0, 1, 3, 7, 8, 9, 125, 126, 1000, 70_000])
  func roundTrip(_ length: Int) {
    var random = PRNG(seed: UInt64(length))
    let payload = (0..<length).map { _ in UInt8(0x20 + random.below(95)) }
    for mask in [nil, 0, 0x0102_0304, 0xFFFF_FFFF, 0x80C0_0001] as [UInt32?] {
      let out = ByteBuffer(capacity: 16)
      payload.withUnsafeBytes { payload in
        let short = UnsafeRawBufferPointer(rebasing: payload.prefix(125))
        WebSocketEncoder.text(payload, mask: mask, into: out)
        WebSocketEncoder.ping(short, mask: mask, into: out)
        WebSocketEncoder.binary(payload, mask: mask, into: out)
        WebSocketEncoder.pong(short, mask: mask, into: out)
        WebSocketEncoder.frame(opcode: 1, isFinal: false, payload, mask: mask, into: out)
        WebSocketEncoder.frame(opcode: 0, payload, mask: mask, into: out)
        WebSocketEncoder.close(code: 1000, reason: "done \u{e9}", mask: mask, into: out)
      }
      let role: WebSocketRole = mask == nil ? .client : .server
      let stream = Array(out.bytes)
      let run = decode(stream, role: role)
      let plain = decode(
        frame(0x81, payload) + frame(0x89, Array(payload.prefix(125))) + frame(0x82, payload)
          + frame(0x8A, Array(payload.prefix(125))) + frame(0x81, payload + payload)
          + frame(0x88, [3, 0xE8] + bytes("done \u{e9}")))
      #expect(run == plain && run.code == 0 && run.events.count == 6)
      #expect(decode(stream, role: role == .client ? .server : .client).code == 1002)
    }
  }

  @Test("a close reason is cut between characters")
  func longReason() {
    let out = ByteBuffer(capacity: 16)
    WebSocketEncoder.close(code: 1001, reason: String(repeating: "\u{20ac}", count: 60), mask: nil, into: out)
    let run = decode(Array(out.bytes))
    #expect(run.code == 0 && run.events[0].hasPrefix("close 1001 <e2><82><ac>"))
    #expect(out.count == 2 + 2 + 41 * 3)
  }
}
