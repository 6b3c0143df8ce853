import Base
import Foundation
import Testing
import Wire

/// Values as the reader hands them out.
struct JSONReaderTests {
  /// Reads one value with `read`, then the end of the text.
  static func read<Value>(
    _ text: String, _ read: (inout JSONReader) throws(JSONError) -> Value
  ) -> Result<Value, JSONError> {
    let buffer = ByteBuffer()
    buffer.append(utf8: text)
    var reader = JSONReader(buffer.bytes)
    do throws(JSONError) {
      let value = try read(&reader)
      try reader.finish()
      return .success(value)
    } catch { return .failure(error) }
  }

  static func int(_ text: String) -> Result<Int64, JSONError> {
    read(text) { (r) throws(JSONError) in try r.readInt64() }
  }

  static func uint(_ text: String) -> Result<UInt64, JSONError> {
    read(text) { (r) throws(JSONError) in try r.readUInt64() }
  }

  static func decimal(_ text: String) -> Result<Int64, JSONError> {
    read(text) { (r) throws(JSONError) in try r.readDecimal(scale: 8, rounding: .refuse) }
  }

  static func string(_ text: String) -> Result<String, JSONError> {
    read(text) { (r) throws(JSONError) in try r.readString().string }
  }

  @Test func integers() {
    #expect(JSONReaderTests.int("9223372036854775807") == .success(.max))
    #expect(JSONReaderTests.int("-9223372036854775808") == .success(.min))
    #expect(JSONReaderTests.int("-0") == .success(0))
    #expect(JSONReaderTests.uint("18446744073709551615") == .success(.max))
    #expect(JSONReaderTests.uint("-0") == .success(0))
    for text in ["9223372036854775808", "-9223372036854775809", "99999999999999999999999"] {
      #expect(JSONReaderTests.int(text) == .failure(JSONError(.numberOverflow, offset: text.utf8.count)))
    }
    #expect(JSONReaderTests.uint("18446744073709551616") == .failure(JSONError(.numberOverflow, offset: 20)))
    #expect(JSONReaderTests.uint("-1") == .failure(JSONError(.numberOverflow, offset: 2)))
    #expect(JSONReaderTests.int("1.0") == .failure(JSONError(.notExact, offset: 3)))
    #expect(JSONReaderTests.int("1e3") == .failure(JSONError(.notExact, offset: 3)))
    for text in ["\"1\"", "null", "true", "[1]", "{}"] {
      #expect(JSONReaderTests.int(text) == .failure(JSONError(.wrongType, offset: 0)))
    }
  }

  @Test func decimalsFromNumbersAndTexts() {
    #expect(JSONReaderTests.decimal("106296.5") == .success(10_629_650_000_000))
    #expect(JSONReaderTests.decimal("\"106296.5\"") == .success(10_629_650_000_000))
    #expect(JSONReaderTests.decimal("\"-0.00000001\"") == .success(-1))
    #expect(JSONReaderTests.decimal("\"1,5\"") == .failure(JSONError(.badNumber, offset: 5)))
    #expect(JSONReaderTests.decimal("\"\"") == .failure(JSONError(.badNumber, offset: 2)))
    #expect(JSONReaderTests.decimal("\"\\u0031\"") == .failure(JSONError(.badNumber, offset: 8)))
    #expect(JSONReaderTests.decimal("1e99") == .failure(JSONError(.numberOverflow, offset: 4)))
    #expect(JSONReaderTests.decimal("0.000000001") == .failure(JSONError(.notExact, offset: 11)))
    #expect(JSONReaderTests.decimal("null") == .failure(JSONError(.wrongType, offset: 0)))
  }

  @Test func doubles() {
    func double(_ text: String) -> Result<Double, JSONError> {
      JSONReaderTests.read(text) { (r) throws(JSONError) in try r.readDoubleText() }
    }
    #expect(double("0.1") == .success(0.1))
    #expect(double("\"-0.0000015186\"") == .success(-0.0000015186))
    #expect(double("\"1109512.2197999998\"") == .success(1109512.2197999998))
    #expect(double("1e400") == .failure(JSONError(.numberOverflow, offset: 5)))
    #expect(double("\"nan\"") == .failure(JSONError(.badNumber, offset: 5)))
    #expect(double("\"0x1p3\"") == .failure(JSONError(.badNumber, offset: 7)))
    #expect(double("\" 1\"") == .failure(JSONError(.badNumber, offset: 4)))
  }

  @Test func literals() {
    #expect(JSONReaderTests.read("true") { (r) throws(JSONError) in try r.readBool() } == .success(true))
    #expect(JSONReaderTests.read("false") { (r) throws(JSONError) in try r.readBool() } == .success(false))
    #expect(JSONReaderTests.read("null") { (r) throws(JSONError) in try r.readNull() } == .success(true))
    #expect(
      JSONReaderTests.read("1") { (r) throws(JSONError) in
        let isNull = try r.readNull()
        try r.skipValue()
        return isNull
      } == .success(false))
  }

  @Test func stringsAreUnescaped() throws {
    for text in [
      #""""#, #""plain""#, #""\"\\\/\b\f\n\r\t""#, #""\u0041\u00e9\u20AC\ud83d\ude00""#, #""é€😀\n""#,
      #""0123456789abcdef\u0000x""#,
    ] {
      let expected =
        try JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed) as? String
      #expect(try JSONReaderTests.string(text).get() == expected)
    }
  }

  /// Keys of every length below 20 and their neighbours, plain and with each character escaped.
  @Test func keysAreComparedExactly() {
    let name: StaticString = "abcdefghijklmnopqrs"
    let full = Array("\(name)".utf8)
    for (n, literal) in JSONReaderTests.prefixes.enumerated() {
      let plain = String(decoding: full[..<n], as: UTF8.self)
      let escaped = full[..<n].map { "\\u00" + String($0, radix: 16) }.joined()
      for text in [plain, escaped] {
        #expect(JSONReaderTests.key(text, literal))
        #expect(!JSONReaderTests.key(text + "x", literal))
        guard n > 0 else { continue }
        #expect(!JSONReaderTests.key(String(plain.dropLast()), literal))
        for i in 0..<n {
          var wrong = Array(plain.utf8)
          wrong[i] ^= 1
          #expect(!JSONReaderTests.key(String(decoding: wrong, as: UTF8.self), literal))
        }
      }
    }
  }

  static let prefixes: [StaticString] = [
    "", "a", "ab", "abc", "abcd", "abcde", "abcdef", "abcdefg", "abcdefgh", "abcdefghi", "abcdefghij",
    "abcdefghijk",
    "abcdefghijkl", "abcdefghijklm", "abcdefghijklmn", "abcdefghijklmno", "abcdefghijklmnop",
    "abcdefghijklmnopq",
    "abcdefghijklmnopqr", "abcdefghijklmnopqrs",
  ]

  static func key(_ text: String, _ literal: StaticString) -> Bool {
    let result = read("{\"\(text)\":1}") { (r) throws(JSONError) in
      var isIt = false
      try r.beginObject()
      while let key = try r.nextKey() {
        isIt = key.is(literal)
        try r.skipValue()
      }
      return isIt
    }
    return (try? result.get()) ?? false
  }

  @Test func rewindingReadsAgain() {
    let result = read("[[1,{\"a\":2}],3]") { (r) throws(JSONError) in
      var seen: [Int64] = []
      try r.beginArray()
      while try r.nextElement() {
        let mark = r.mark
        if try r.peekKind() == .array {
          try r.beginArray()
          _ = try r.nextElement()
          seen.append(try r.readInt64())
          r.rewind(to: mark)
          try r.skipValue()
        } else {
          seen.append(try r.readInt64())
        }
      }
      return seen
    }
    #expect(result == .success([1, 3]))
  }

  private func read<Value>(
    _ text: String, _ body: (inout JSONReader) throws(JSONError) -> Value
  ) -> Result<Value, JSONError> { JSONReaderTests.read(text, body) }

  @Test func rawValuesAreTheirBytes() {
    let result = read("{\"a\": {\"b\":[1, 2]} ,\"c\":3}") { (r) throws(JSONError) in
      var texts: [String] = []
      try r.beginObject()
      while try r.nextKey() != nil { texts.append(String(decoding: try r.readRaw(), as: UTF8.self)) }
      return texts
    }
    #expect(result == .success(["{\"b\":[1, 2]}", "3"]))
  }
}
