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
    #expect(AddressKey.fits("abcdefghij"))
    #expect(!AddressKey.fits("abcdefghi"))
    #expect(!AddressKey.fits("\u{1F40B}\u{1F40B}\u{1F40B}\u{1F40B}\u{1F40B}"))
    #expect(AddressKey.fits(String(repeating: "\u{1F40B}", count: 10)))
    #expect(AddressKey.fits(String(repeating: "\u{1F40B}", count: 256)))
    #expect(!AddressKey.fits(String(repeating: "a", count: 257)))
  }

  @Test func agreesWithExactArithmetic() {
    // Halves of a last place that a double holds exactly, and their neighbours.
    var random = PRNG(seed: 31)
    for _ in 0..<20_000 {
      let places = Int(random.next() % 5)
      let unit = [1.0, 10, 100, 1000, 10_000][places]
      let sixteenths = Int64(random.next() % 2_000_000_000_000) - 1_000_000_000_000
      for value in [
        Double(sixteenths) / 16, (Double(sixteenths) / 16).nextUp, (Double(sixteenths) / 16).nextDown,
      ] {
        let rounded = Rounding.round(value, places)
        // value = m · 2^e exactly, so value · unit · 2^k is whole: compare as integers of 128 bits.
        let scale = Int128(1) << 60
        let (whole, fraction) = (Int64(value), value - Double(Int64(value)))
        let exact = (Int128(whole) * scale + Int128(fraction * 0x1p60)) * Int128(unit)
        let half = scale / 2
        let quotient = exact >= 0 ? (exact + half) / scale : -((-exact + half) / scale)
        let isTie = (exact >= 0 ? exact + half : -exact + half) % scale == 0
        let wanted = isTie && quotient % 2 != 0 ? (exact >= 0 ? quotient - 1 : quotient + 1) : quotient
        #expect(rounded == Double(wanted) / unit, "\(value) to \(places)")
      }
    }
  }
}
