import Base
import Foundation
import Testing
import Wire

/// Exact decimals from text.
struct TextDecimalTests {
  static func parse(
    _ text: String, _ scale: Int, _ rounding: DecimalRounding = .halfAway
  ) -> Result<Int64, DecimalText.Failure> {
    var text = text
    return text.withUTF8 { bytes in
      do throws(DecimalText.Failure) {
        return .success(
          try DecimalText.parse(UnsafeRawBufferPointer(bytes), scale: scale, rounding: rounding))
      } catch { return .failure(error) }
    }
  }

  static let accepted: [(String, Int, Int64)] = [
    ("0", 8, 0), ("0.0", 8, 0), ("-0.0", 8, 0), ("1", 8, 100_000_000), ("2000", 8, 200_000_000_000),
    ("106296.0", 8, 10_629_600_000_000), ("0.00017", 8, 17_000), ("-68.126246", 8, -6_812_624_600),
    ("0.00000001", 8, 1), ("0.000000005", 8, 1), ("0.0000000049", 8, 0), ("-0.000000005", 8, -1),
    ("92233720368.54775807", 8, .max), ("-92233720368.54775808", 8, .min),
    ("1516669192.1953897476", 6, 1_516_669_192_195_390),
    ("9223372036854775807", 0, .max), ("-9223372036854775808", 0, .min), ("1e3", 0, 1000),
    ("1.5e-3", 8, 150_000),
    ("1E+2", 2, 10_000), ("1e-400", 8, 0), ("0e999999999999999999999", 8, 0), ("007.50", 2, 750),
    ("0.5", 0, 1),
    ("605822.2557999999", 8, 60_582_225_580_000),
    ("0.1000000000000000000000000000000", 18, 100_000_000_000_000_000),
    ("000000000000000000000000000001.5", 1, 15), ("1000000000000000000000e-20", 8, 1_000_000_000),
  ]

  @Test func readsExactly() {
    for (text, scale, value) in TextDecimalTests.accepted {
      #expect(TextDecimalTests.parse(text, scale) == .success(value), "\(text)")
    }
  }

  @Test func refusesWhatIsNoDecimal() {
    for text in [
      "", "-", ".", "+1", "1.", ".5", "1.2.3", "1,5", "0x10", "NaN", "Infinity", "1e", "1e+", "e5", " 1",
      "1 ", "--1",
      "1-", "1_000", "１", "1.5x", "1e5.0", "1.e5", "-.5",
    ] {
      #expect(TextDecimalTests.parse(text, 8) == .failure(.notDecimal), "\(text)")
      var bytes = text
      #expect(bytes.withUTF8 { !DecimalText.isDecimal(UnsafeRawBufferPointer($0)) }, "\(text)")
    }
  }

  @Test func refusesWhatDoesNotFit() {
    for (text, scale) in [
      ("92233720368.54775808", 8), ("-92233720368.54775809", 8), ("92233720368.547758075", 8), ("1e11", 8),
      ("9999999999999999999", 0), ("18446744073709551616", 0), ("1e999999999999999999999", 0),
      ("99999999999999999999999999999999", 0), ("10", 18),
    ] {
      #expect(TextDecimalTests.parse(text, scale) == .failure(.overflow), "\(text)")
    }
  }

  @Test func finerDigitsAreRefusedWhenAsked() {
    #expect(TextDecimalTests.parse("0.000000015", 8, .refuse) == .failure(.notExact))
    #expect(TextDecimalTests.parse("0.0000000100000000000000000000", 8, .refuse) == .success(1))
    #expect(TextDecimalTests.parse("1.5", 0, .refuse) == .failure(.notExact))
    #expect(TextDecimalTests.parse("1.0", 0, .refuse) == .success(1))
    #expect(TextDecimalTests.parse("1e-9", 8, .refuse) == .failure(.notExact))
  }

  /// Against Foundation's decimal arithmetic, texts of every length around the fast path's 19 bytes.
  @Test func agreesWithFoundation() {
    var random = PRNG(seed: 3)
    for _ in 0..<20_000 {
      var text = random.chance(0.3) ? "-" : ""
      text += String((0..<(1 + random.below(12))).map { _ in Character("\(random.below(10))") })
      if random.chance(0.8) {
        text += "." + String((0..<(1 + random.below(12))).map { _ in Character("\(random.below(10))") })
      }
      let scale = [0, 2, 6, 8, 8, 10][random.below(6)]
      var value = Decimal(string: text)!
      for _ in 0..<scale { value *= 10 }
      var rounded = Decimal()
      NSDecimalRound(&rounded, &value, 0, .plain)
      let expected = Int64("\(rounded)")
      switch TextDecimalTests.parse(text, scale) {
      case .success(let got): #expect(got == expected, "\(text) \(scale)")
      case .failure(let failure): #expect(failure == .overflow && expected == nil, "\(text) \(scale)")
      }
    }
  }
}
