/// Percent-decoding and query pairs.
import Base
import Testing
import Wire

@Suite("URL text")
struct URLTextTests {
  private func decode(_ source: String, plus: Bool = false) -> (text: String, isUTF8: Bool) {
    let out = ByteBuffer(capacity: 4)
    out.append("x")
    let isUTF8 = bytes(source).withUnsafeBytes { URLText.decode($0, plusIsSpace: plus, into: out) }
    return (text(UnsafeRawBufferPointer(rebasing: out.bytes[1...])), isUTF8)
  }

  static let rows: [(String, String)] = [
    ("", ""), ("BTC", "BTC"), ("PURR%2FUSDC", "PURR/USDC"), ("%40107", "@107"), ("xyz%3aTSLA", "xyz:TSLA"),
    ("%", "%"), ("%4", "%4"), ("%zz", "%zz"), ("%%41", "%A"), ("%4%41", "%4A"), ("a%20b", "a b"),
    ("%00", "<0>"),
    ("%2525", "%25"), ("100%", "100%"), ("%g1%1g", "%g1%1g"), ("a+b", "a+b"), ("%2B", "+"),
  ]

  @Test("escapes are resolved once, what is none stays", arguments: rows)
  func decodes(_ row: (String, String)) {
    #expect(decode(row.0).text == row.1)
    #expect(decode(row.0).isUTF8)
    let same = bytes(row.0).withUnsafeBytes { source in
      row.1.contains("<") || URLText.decodes(source, plusIsSpace: false, to: row.1)
    }
    #expect(same)
    let other = bytes(row.0).withUnsafeBytes { URLText.decodes($0, plusIsSpace: false, to: row.1 + "x") }
    #expect(!other)
  }

  @Test("plus is a blank in queries only; UTF-8 is reported")
  func plusAndUTF8() {
    #expect(decode("a+%2B", plus: true).text == "a +")
    #expect(bytes("a+b").withUnsafeBytes { URLText.decodes($0, plusIsSpace: true, to: "a b") })
    #expect(decode("%C3%A9").isUTF8)
    for bad in ["%FF", "%C3", "%C0%80", "%ED%A0%80", "%F4%90%80%80", "a%80b"] { #expect(!decode(bad).isUTF8) }
  }

  private func pairs(_ query: String) -> [String] {
    bytes(query).withUnsafeBytes { query in
      var reader = QueryReader(query)
      var found: [String] = []
      while let pair = reader.next() {
        found.append("\(text(pair.name))\(pair.hasValue ? "=" : "~")\(text(pair.value))")
      }
      return found
    }
  }

  @Test("pairs come in order, empty ones are passed over")
  func reads() {
    #expect(pairs("") == [])
    #expect(pairs("&&") == [])
    #expect(pairs("a=1&b=2&a=3") == ["a=1", "b=2", "a=3"])
    #expect(pairs("a&b=&=c&d=e=f&") == ["a~", "b=", "=c", "d=e=f"])
    #expect(pairs("a;b=1") == ["a;b=1"])
  }

  @Test("pairs beyond the bound are left out and that is said")
  func bound() {
    let query = bytes(String(repeating: "a=1&", count: QueryReader.pairsMax))
    func count(_ query: [UInt8]) -> (Int, Bool) {
      query.withUnsafeBytes { query in
        var reader = QueryReader(query)
        var count = 0
        while reader.next() != nil { count += 1 }
        return (count, reader.isCut)
      }
    }
    #expect(count(query) == (QueryReader.pairsMax, false))
    #expect(count(query + bytes("b=1")) == (QueryReader.pairsMax, true))
  }

  @Test("sequences of four bytes are UTF-8 or not as the standard library says")
  func utf8Exhaustive() {
    // Lead bytes at the borders of all classes, every second byte, the others at borders.
    let borders: [UInt8] = [0, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xED, 0xF0, 0xFF]
    var wrong = 0
    let leads: [UInt8] = [
      0, 0x7F, 0x80, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4,
      0xF5, 0xF8, 0xFF,
    ]
    for lead in leads {
      for second in UInt8.min...UInt8.max {
        for third in borders {
          for fourth in [0x41, 0x80, 0xBF, 0xC2] as [UInt8] {
            let sequence = [lead, second, third, fourth]
            let expected = String(validating: sequence, as: UTF8.self) != nil
            if sequence.withUnsafeBytes({ UTF8Text.isValid($0) }) != expected { wrong += 1 }
          }
        }
      }
    }
    #expect(wrong == 0)
  }
}
