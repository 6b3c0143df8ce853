import Base
import Testing
import Wire

@testable import API

/// Rounding as Python's `round` does it, and the keys wallets are compared by.
@Suite struct RoundingTests {
  @Test(
    arguments: [
      (0.665, 2, "0.67"), (2.675, 2, "2.67"), (1.005, 2, "1.0"), (0.125, 2, "0.12"), (0.375, 2, "0.38"),
      (-0.125, 2, "-0.12"), (-2.675, 2, "-2.67"), (0.5, 0, "0.0"), (1.5, 0, "2.0"), (2.5, 0, "2.0"),
      (1e300, 2, "1e+300"), (123_456_789.125, 2, "123456789.12"), (0.00005, 4, "0.0001"),
      (0.00015, 4, "0.0001"),
      (-0.004, 2, "-0.0"), (.infinity, 2, "0.0"), (.nan, 2, "0.0"),
      (0.61114999, 4, "0.6111"),
    ] as [(Double, Int, String)])
  func roundsLikePython(value: Double, places: Int, text: String) {
    let out = ByteBuffer(capacity: 64)
    DoubleText.append(Rounding.round(value, places), to: out)
    #expect(String(decoding: out.bytes, as: UTF8.self) == text, "\(value)")
  }

  @Test(
    arguments: [
      ("0XAbC", "0xabc"), ("  0x1 \t\n", "0x1"), ("", ""), ("   ", ""), ("\u{3000}Z\u{C4}\u{A0}", "z\u{E4}"),
      ("a b", "a b"),
    ] as [(String, String)])
  func keysAreTrimmedAndLowerCase(text: String, key: String) {
    #expect(AddressKey.of(text) == key)
  }

  @Test func charactersAreCountedNotBytes() {
    #expect(AddressKey.isLongEnough("abcdefghij"))
    #expect(!AddressKey.isLongEnough("abcdefghi"))
    #expect(!AddressKey.isLongEnough("\u{1F40B}\u{1F40B}\u{1F40B}\u{1F40B}\u{1F40B}"))
    #expect(AddressKey.isLongEnough(String(repeating: "\u{1F40B}", count: 10)))
  }
}
