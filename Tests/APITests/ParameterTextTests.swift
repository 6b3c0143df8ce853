import Testing

@testable import API

/// Query values as pydantic takes them; the accepted forms are those of contract §2.
@Suite struct ParameterTextTests {
  private func integer(_ text: String) -> ParameterText.Integer {
    Array(text.utf8).withUnsafeBytes { ParameterText.integer($0) }
  }

  private func number(_ text: String) -> Double? {
    Array(text.utf8).withUnsafeBytes { ParameterText.number($0) }
  }

  private func flag(_ text: String) -> Bool? {
    Array(text.utf8).withUnsafeBytes { ParameterText.flag($0) }
  }

  @Test(
    arguments: [
      ("0", 0), ("7", 7), ("-1", -1), ("+5", 5), ("007", 7), ("1_000", 1000), ("1_0_0", 100), (" 42 ", 42),
      ("\t42\n", 42), ("1.0", 1), ("1.000", 1), ("-3.0", -3), ("0.0", 0), ("-0", 0),
      ("9223372036854775807", .max),
      ("-9223372036854775808", .min), ("99999999999999999999999", .max), ("-99999999999999999999999", .min),
    ] as [(String, Int64)])
  func integersAreTaken(text: String, value: Int64) {
    #expect(integer(text) == .value(value))
  }

  @Test(arguments: [
    "", " ", "abc", "1.5", "1e2", "1__0", "_1", "1_", "--1", "+-1", "-+1", "1 2", "0x10", "1.0.0", ".0",
    "1,0",
    "٣", "1.0e0", "nan", "inf", "1.0_0", "+", "-", ".",
  ])
  func otherTextsAreNoIntegers(text: String) {
    #expect(integer(text) == .notAnInteger)
  }

  @Test func overlongIntegersAreRefused() {
    #expect(integer(String(repeating: "1", count: 4300)) == .value(.max))
    #expect(integer(String(repeating: "1", count: 4301)) == .tooLong)
    #expect(integer(String(repeating: "0", count: 4299) + "8") == .value(8))
  }

  @Test(
    arguments: [
      ("0", 0), ("1.5", 1.5), ("-0.25", -0.25), ("+2", 2), ("1e3", 1000), ("1E-2", 0.01), (".5", 0.5),
      ("5.", 5),
      (" 6.5 ", 6.5), ("1_000.5", 1000.5), ("inf", .infinity), ("-Infinity", -.infinity), ("INF", .infinity),
      ("1e400", .infinity), ("1e-400", 0), ("007.5", 7.5), ("2.5e+1", 25),
    ] as [(String, Double)])
  func numbersAreTaken(text: String, value: Double) {
    #expect(number(text) == value)
  }

  @Test func nanIsANumberHereAndRefusedLater() {
    #expect(number("nan")?.isNaN == true)
    #expect(number("NaN")?.isNaN == true)
  }

  @Test(arguments: [
    "", " ", ".", "e5", "1e", "1e+", "abc", "0x1p3", "1.5.5", "--1", "1 5", "infin", "1__0", "_1",
  ])
  func otherTextsAreNoNumbers(text: String) {
    #expect(number(text) == nil)
  }

  @Test func flagsHaveManySpellings() {
    for text in ["1", "true", "t", "yes", "y", "on", "TRUE", "On", "yEs"] { #expect(flag(text) == true) }
    for text in ["0", "false", "f", "no", "n", "off", "FALSE", "Off", "nO"] { #expect(flag(text) == false) }
    for text in ["", " 1", "2", "maybe", "tru", "truee", "10", "onn"] { #expect(flag(text) == nil) }
  }
}
