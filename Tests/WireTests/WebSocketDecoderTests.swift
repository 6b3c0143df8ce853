/// The cases of RFC 6455, in the order the well-known conformance suite asks them: sizes, pings, reserved bits,
/// opcodes, fragments, UTF-8, closing, limits.
import Base
import Testing
import Wire

@Suite("WebSocket frames")
struct WebSocketDecoderTests {
  struct Row: Sendable, CustomTestStringConvertible {
    let name: String
    let stream: [UInt8]
    let events: [String]
    let code: UInt16
    init(_ name: String, _ frames: [[UInt8]], _ events: [String] = [], error code: UInt16 = 0) {
      self.name = name
      stream = Array(frames.joined())
      self.events = events
      self.code = code
    }
    var testDescription: String { name }
  }

  static func a(_ count: Int) -> [UInt8] { [UInt8](repeating: 0x61, count: count) }
  static func close(_ code: UInt16, _ reason: [UInt8] = []) -> [UInt8] {
    frame(0x88, [UInt8(code >> 8), UInt8(code & 0xFF)] + reason)
  }

  static let plain: [Row] = [
    Row("1 empty text", [frame(0x81, [])], ["text "]),
    Row("1 empty binary", [frame(0x82, [])], ["binary "]),
    Row("1 text", [frame(0x81, bytes("hello"))], ["text hello"]),
    Row("1 binary", [frame(0x82, [0, 255])], ["binary <0><ff>"]),
    Row("1 125", [frame(0x81, a(125))], ["text " + String(repeating: "a", count: 125)]),
    Row("1 126", [frame(0x81, a(126))], ["text " + String(repeating: "a", count: 126)]),
    Row("1 two", [frame(0x81, bytes("x")), frame(0x82, bytes("y"))], ["text x", "binary y"]),
    Row("2 ping", [frame(0x89, [])], ["ping "]),
    Row("2 ping 125", [frame(0x89, a(125))], ["ping " + String(repeating: "a", count: 125)]),
    Row("2 ping any bytes", [frame(0x89, [0, 0xFE, 0xFF])], ["ping <0><fe><ff>"]),
    Row("2 ping too long", [frame(0x89, a(126))], error: 1002),
    Row("2 ping in long form", [frame(0x89, a(3), form: 16)], error: 1002),
    Row("2 pong", [frame(0x8A, bytes("p")), frame(0x89, [])], ["pong p", "ping "]),
    Row("3 reserved bit 1", [frame(0xC1, [])], error: 1002),
    Row("3 reserved bit 2", [frame(0xA1, bytes("x"))], error: 1002),
    Row("3 reserved bit 3", [frame(0x91, [])], error: 1002),
    Row("3 reserved on ping", [frame(0xD9, [])], error: 1002),
    Row("3 reserved after text", [frame(0x81, bytes("x")), frame(0xC1, [])], ["text x"], error: 1002),
    Row("4 opcode 3", [frame(0x83, [])], error: 1002), Row("4 opcode 4", [frame(0x84, [])], error: 1002),
    Row("4 opcode 5", [frame(0x85, [])], error: 1002), Row("4 opcode 6", [frame(0x86, [])], error: 1002),
    Row("4 opcode 7", [frame(0x87, [])], error: 1002), Row("4 opcode 11", [frame(0x8B, [])], error: 1002),
    Row("4 opcode 12", [frame(0x8C, [])], error: 1002), Row("4 opcode 13", [frame(0x8D, [])], error: 1002),
    Row("4 opcode 14", [frame(0x8E, [])], error: 1002), Row("4 opcode 15", [frame(0x8F, [])], error: 1002),
    Row("masked by a server", [frame(0x81, bytes("x"), mask: [1, 2, 3, 4])], error: 1002),
    Row("7 bits written in 16", [frame(0x81, a(125), form: 16)], error: 1002),
    Row("16 bits written in 64", [frame(0x81, a(300), form: 64)], error: 1002),
    Row("length with its highest bit", [[0x81, 127, 0x80, 0, 0, 0, 0, 0, 0, 0]], error: 1002),
    Row("length of an exabyte", [[0x82, 127, 0x10, 0, 0, 0, 0, 0, 0, 0]], error: 1009),
    Row("length above the bound", [[0x82, 127, 0, 0, 0, 0, 0, 0x10, 0, 1]], error: 1009),
  ]

  static let fragments: [Row] = [
    Row("5 ping in fragments", [frame(0x09, []), frame(0x80, [])], error: 1002),
    Row("5 pong in fragments", [frame(0x0A, [])], error: 1002),
    Row("5 close in fragments", [frame(0x08, [])], error: 1002),
    Row("5 two parts", [frame(0x01, bytes("ab")), frame(0x80, bytes("cd"))], ["text abcd"]),
    Row("5 empty parts", [frame(0x02, []), frame(0x00, []), frame(0x80, [])], ["binary "]),
    Row(
      "5 ping between", [frame(0x01, bytes("a")), frame(0x89, bytes("p")), frame(0x80, bytes("b"))],
      ["ping p", "text ab"]),
    Row(
      "5 many between",
      [
        frame(0x01, bytes("a")), frame(0x8A, bytes("1")), frame(0x00, bytes("b")), frame(0x89, bytes("2")),
        frame(0x80, bytes("c")), frame(0x81, bytes("d")),
      ], ["pong 1", "ping 2", "text abc", "text d"]),
    Row("5 continues nothing", [frame(0x80, bytes("x"))], error: 1002),
    Row("5 continues nothing, not last", [frame(0x00, bytes("x"))], error: 1002),
    Row("5 message in a message", [frame(0x01, bytes("a")), frame(0x81, bytes("b"))], error: 1002),
    Row("5 fragment in a message", [frame(0x01, bytes("a")), frame(0x02, bytes("b"))], error: 1002),
    Row(
      "5 continues a whole one", [frame(0x81, bytes("a")), frame(0x80, bytes("b"))], ["text a"], error: 1002),
    Row(
      "5 close between", [frame(0x01, bytes("a")), close(1000), frame(0x80, bytes("b"))], ["close 1000 "]),
    Row("9 fragments above the bound", [frame(0x02, a(600_000)), frame(0x80, a(500_000))], error: 1009),
  ]

  static let texts: [Row] = [
    Row("6 two bytes", [frame(0x81, [0xC3, 0xA9])], ["text <c3><a9>"]),
    Row("6 four bytes", [frame(0x81, [0xF0, 0x9F, 0x98, 0x80])], ["text <f0><9f><98><80>"]),
    Row("6 cut inside", [frame(0x01, [0xF0, 0x9F]), frame(0x80, [0x98, 0x80])], ["text <f0><9f><98><80>"]),
    Row(
      "6 every byte its fragment",
      [frame(0x01, [0xE2]), frame(0x00, []), frame(0x00, [0x82]), frame(0x80, [0xAC])],
      ["text <e2><82><ac>"]),
    Row(
      "6 cut inside, ping between", [frame(0x01, [0xC3]), frame(0x89, [0xFF]), frame(0x80, [0xA9])],
      ["ping <ff>", "text <c3><a9>"]),
    Row("6 ends inside", [frame(0x81, [0x61, 0xC3])], error: 1007),
    Row("6 last fragment ends inside", [frame(0x01, [0x61]), frame(0x80, [0xC3])], error: 1007),
    Row("6 bad in the first fragment", [frame(0x01, [0xFF])], error: 1007),
    Row("6 bad across", [frame(0x01, [0xE2]), frame(0x00, [0x28])], error: 1007),
    Row("6 overlong", [frame(0x81, [0xC0, 0xAF])], error: 1007),
    Row("6 overlong 3", [frame(0x81, [0xE0, 0x80, 0xAF])], error: 1007),
    Row("6 surrogate", [frame(0x81, [0xED, 0xA0, 0x80])], error: 1007),
    Row("6 above the last", [frame(0x81, [0xF4, 0x90, 0x80, 0x80])], error: 1007),
    Row("6 lone tail", [frame(0x81, a(40) + [0x80])], error: 1007),
    Row("6 late in a long one", [frame(0x81, a(3000) + [0xFE] + a(20))], error: 1007),
    Row("6 state is fresh", [frame(0x82, [0xC3]), frame(0x81, [0x61])], ["binary <c3>", "text a"]),
    Row(
      "6 binary in fragments is free", [frame(0x02, [0xFF]), frame(0x80, [0xFE])], ["binary <ff><fe>"]),
  ]

  static let closing: [Row] =
    [
      Row("7 no code", [frame(0x88, [])], ["close 1005 "]),
      Row("7 half a code", [frame(0x88, [3])], error: 1002),
      Row("7 reason", [close(1001, bytes("bye"))], ["close 1001 bye"]),
      Row("7 longest reason", [close(1000, a(123))], ["close 1000 " + String(repeating: "a", count: 123)]),
      Row("7 too long", [close(1000, a(124))], error: 1002),
      Row("7 reason not UTF-8", [close(1000, [0xC0])], error: 1007),
      Row("7 data behind", [close(1000), frame(0x81, bytes("x")), [0xFF, 0xFF]], ["close 1000 "]),
      Row("7 two closes", [close(1000), close(1001)], ["close 1000 "]),
    ]
    + ([1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999]
    as [UInt16])
    .map { Row("7 code \($0)", [close($0)], ["close \($0) "]) }
    + ([0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535] as [UInt16])
    .map { Row("7 bad code \($0)", [close($0)], error: 1002) }

  static let all = plain + fragments + texts + closing

  @Test("every case, whole and byte by byte", arguments: all)
  func cases(_ row: Row) {
    let expected = WebSocketRun(events: row.events, code: row.code)
    #expect(decode(row.stream) == expected)
    if row.stream.count < 5000 {
      #expect(decode(row.stream, cuts: everyByte(row.stream.count)) == expected)
    }
  }

  @Test("the same cases masked, for a server", arguments: all.filter { $0.name != "masked by a server" })
  func masked(_ row: Row) {
    // Masks every frame of the row; rows whose lengths lie are left out by the walk.
    guard let stream = WebSocketDecoderTests.mask(row.stream) else { return }
    #expect(decode(stream, role: .server) == WebSocketRun(events: row.events, code: row.code))
    if stream.count < 5000 {
      #expect(
        decode(stream, role: .server, cuts: everyByte(stream.count))
          == WebSocketRun(events: row.events, code: row.code))
    }
    #expect(decode(row.stream, role: .server).code == 1002)
  }

  /// The frames of `stream` with masks, or `nil` when it does not consist of whole frames.
  static func mask(_ stream: [UInt8]) -> [UInt8]? {
    var rest = stream[...]
    var masked: [UInt8] = []
    var key: [UInt8] = [0x12, 0xA5, 0x00, 0xFF]
    while !rest.isEmpty {
      guard rest.count >= 2 else { return nil }
      let first = rest.removeFirst()
      let short = rest.removeFirst()
      var length = Int(short & 0x7F)
      var form = 7
      if length >= 126 {
        form = length == 126 ? 16 : 64
        guard rest.count >= form / 8 else { return nil }
        guard form == 16 || rest.prefix(4).allSatisfy({ $0 == 0 }) else { return nil }
        length = rest.prefix(form / 8).reduce(0) { $0 << 8 | Int($1) }
        rest = rest.dropFirst(form / 8)
      }
      guard rest.count >= length else { return nil }
      masked += frame(first, Array(rest.prefix(length)), mask: key, form: form)
      rest = rest.dropFirst(length)
      key.reverse()
    }
    return masked
  }

  @Test("long messages of every length form", arguments: [127, 128, 65_535, 65_536, 65_537, 1 << 20])
  func long(_ length: Int) {
    var payload = [UInt8](repeating: 0, count: length)
    for index in payload.indices { payload[index] = UInt8(0x20 + index % 95) }
    let stream = frame(0x81, payload) + frame(0x89, [])
    let whole = decode(stream)
    #expect(whole.events.count == 2 && whole.code == 0)
    #expect(decode(stream, cuts: Array(stride(from: 1, to: stream.count, by: 1021))) == whole)
    #expect(decode(frame(0x82, payload), messageMax: length - 1).code == 1009)
    #expect(decode(frame(0x82, payload), messageMax: length).code == 0)
  }

  @Test("control frames have their own bound, whatever the bound of messages")
  func smallMessages() {
    let stream = frame(0x89, WebSocketDecoderTests.a(125)) + frame(0x81, WebSocketDecoderTests.a(10))
    #expect(decode(stream, messageMax: 10).events.count == 2)
    let parts = frame(0x01, WebSocketDecoderTests.a(6)) + frame(0x89, WebSocketDecoderTests.a(100))
    #expect(decode(parts + frame(0x80, WebSocketDecoderTests.a(4)), messageMax: 10).events.count == 2)
    #expect(decode(parts + frame(0x80, WebSocketDecoderTests.a(5)), messageMax: 10).code == 1009)
  }
}
