import Base
import Testing
import Wire

/// Doubles as Python prints them.
struct TextDoubleTests {
  static func print(_ value: Double) -> String {
    let out = ByteBuffer()
    DoubleText.append(value, to: out)
    return String(decoding: out.bytes, as: UTF8.self)
  }

  static func parse(_ text: String) -> Double? {
    var text = text
    return text.withUTF8 { DoubleText.parse(UnsafeRawBufferPointer($0)) }
  }

  @Test func printsLikePython() {
    for (bits, text) in TextDoubleTable.rows {
      #expect(TextDoubleTests.print(Double(bitPattern: bits)) == text)
    }
  }

  @Test func readsWhatPythonPrints() {
    for (bits, text) in TextDoubleTable.rows {
      #expect(TextDoubleTests.parse(text)?.bitPattern == bits, "\(text)")
    }
  }

  @Test func printsDecimalsLikePython() {
    for (raw, scale, places, text) in TextDecimalTable.rows {
      let out = ByteBuffer()
      DoubleText.appendDecimal(raw: raw, scale: scale, places: places, to: out)
      #expect(String(decoding: out.bytes, as: UTF8.self) == text, "\(raw) \(scale) \(places)")
    }
  }

  /// The short cuts for whole values and few decimals print what the standard library prints; whatever is
  /// printed reads back as the same double.
  @Test func shortcutsAgreeWithTheStandardLibrary() {
    var random = PRNG(seed: 11)
    for round in 0..<20_000 {
      let value: Double
      switch round % 4 {
      case 0: value = Double(Int64(random.next() >> UInt64(10 + random.below(50))))
      case 1: value = Double(random.below(1 << 40)) / [10, 100, 1e4, 1e6, 1e8, 1e9][random.below(6)]
      case 2: value = random.unit() * [1e-6, 1e-3, 1, 1e5, 1e7, 1e12][random.below(6)]
      default:
        let raw = Double(bitPattern: random.next())
        value = raw.isFinite ? raw : 0
      }
      let text = TextDoubleTests.print(value)
      if value.magnitude < 0x1p53 || value.magnitude >= 1e16 { #expect(text == value.description) }
      #expect(Double(text) == value && TextDoubleTests.parse(text) == value)
    }
  }

  @Test func refusesWhatIsNotFinite() {
    #expect(TextDoubleTests.parse("1e400") == nil)
    #expect(TextDoubleTests.parse("-1e400") == nil)
    #expect(TextDoubleTests.parse("1e-400") == 0)
  }

  /// Digits at every length, where the count of digits changes.
  @Test func printsEveryLengthOfInteger() {
    var value: UInt64 = 1
    for _ in 0..<20 {
      for near in [value &- 1, value, value &+ 1] {
        let out = ByteBuffer()
        DoubleText.appendDigits(near, to: out)
        #expect(String(decoding: out.bytes, as: UTF8.self) == String(near))
      }
      value = value.multipliedReportingOverflow(by: 10).partialValue
    }
    let out = ByteBuffer()
    DoubleText.appendDigits(.max, to: out)
    #expect(String(decoding: out.bytes, as: UTF8.self) == "18446744073709551615")
  }
}
