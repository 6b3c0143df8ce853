import Base
import Foundation
import Testing
import Wire

/// The grammar of RFC 8259 (and no lone surrogates, and UTF-8 only).
struct JSONGrammarTests {
  /// Reads the whole text as one value; the error, if any.
  static func check(_ bytes: [UInt8], depthMax: Int = 32, sizeMax: Int = 1 << 20) -> JSONError? {
    let buffer = ByteBuffer(capacity: bytes.count)
    bytes.withUnsafeBytes { buffer.append($0) }
    // What lies behind the text must not matter: it looks like more of it.
    let slack = UnsafeMutableRawBufferPointer(start: buffer.base + buffer.count, count: ByteBuffer.slackBytes)
    for i in slack.indices { slack[i] = [UInt8(ascii: "\""), UInt8(ascii: "]"), UInt8(ascii: "1")][i % 3] }
    var reader = JSONReader(buffer.bytes, depthMax: depthMax, sizeMax: sizeMax)
    do throws(JSONError) {
      try reader.skipValue()
      try reader.finish()
      return nil
    } catch {
      #expect(error.offset >= 0 && error.offset <= bytes.count)
      return error
    }
  }

  static func check(_ text: String) -> JSONError? { check(Array(text.utf8)) }

  static let accepted: [String] = [
    "null", "true", "false", "0", "-0", "1", "-1", "10", "1.5", "-0.5", "1e5", "1E5", "1e+5", "1e-5",
    "1.25e-05", "1e400",
    "\"\"", "\"a\"", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\u0041\"", "\"\\uD83D\\uDE00\"",
    "\"\\ud83d\\ude00x\"",
    "\"\u{7F}\"", "\"é\"", "\"€\"", "\"😀\"", "\"12345678\"", "\"1234567é\"", "[]", "[1]", "[1,2]", "[[],[]]",
    "{}",
    "{\"a\":1}", "{\"a\":1,\"a\":2}", "{\"\":{}}", " [ 1 , 2 ] ", "\t\n\r {\"a\" : [ ] }\n",
    "[null,true,false,\"x\"]",
    "\"\\u0000\"", "\"\\uFFFF\"", "123456789012345678901234567890", "-123456789012345678901234567890.5e10",
    "0.0", "0e0",
  ]

  static let refused: [(String, JSONError.Code)] = [
    ("", .unexpectedEnd), (" ", .unexpectedEnd), ("nul", .unexpectedEnd), ("nulL", .unexpectedByte),
    ("tru", .unexpectedEnd),
    ("True", .unexpectedByte), ("NaN", .unexpectedByte), ("Infinity", .unexpectedByte),
    ("-Infinity", .badNumber),
    ("nan", .unexpectedByte), ("01", .badNumber), ("-01", .badNumber), ("00", .badNumber),
    ("1.", .unexpectedEnd),
    ("1. ", .badNumber), (".5", .unexpectedByte), ("+1", .unexpectedByte), ("-", .unexpectedEnd),
    ("--1", .badNumber),
    ("1e", .unexpectedEnd), ("1e+", .unexpectedEnd), ("1e+ ", .badNumber), ("1.e5", .badNumber),
    ("-a", .badNumber),
    ("0x10", .trailingData), ("1 2", .trailingData), ("1,", .trailingData), ("[1]x", .trailingData),
    ("{}{}", .trailingData),
    ("\"", .unexpectedEnd), ("\"abc", .unexpectedEnd), ("\"abc\\", .unexpectedEnd),
    ("\"\\u12", .unexpectedEnd),
    ("\"\\x\"", .badEscape), ("\"\\u12g4\"", .badEscape), ("\"\\U0041\"", .badEscape),
    ("\"\\'\"", .badEscape),
    ("\"\\uD800\"", .loneSurrogate), ("\"\\uDC00\"", .loneSurrogate), ("\"\\uD800\\uD800\"", .loneSurrogate),
    ("\"\\uD800x\"", .loneSurrogate), ("\"\\uD800\\n\"", .loneSurrogate),
    ("\"\\uDE00\\uD83D\"", .loneSurrogate),
    ("\"a\nb\"", .controlCharacter), ("\"\t\"", .controlCharacter), ("\"\u{0}\"", .controlCharacter),
    ("\"1234567\u{1F}\"", .controlCharacter), ("[", .unexpectedEnd), ("]", .unexpectedByte),
    ("[1", .unexpectedEnd),
    ("[1,", .unexpectedEnd), ("[1,]", .unexpectedByte), ("[,1]", .unexpectedByte), ("[1 2]", .unexpectedByte),
    ("[1;2]", .unexpectedByte), ("[1}", .unexpectedByte), ("{", .unexpectedEnd), ("}", .unexpectedByte),
    ("{\"a\"", .unexpectedEnd), ("{\"a\":", .unexpectedEnd), ("{\"a\":1", .unexpectedEnd),
    ("{\"a\":1,", .unexpectedEnd),
    ("{\"a\":1,}", .unexpectedByte), ("{,}", .unexpectedByte), ("{a:1}", .unexpectedByte),
    ("{1:1}", .unexpectedByte),
    ("{\"a\" 1}", .unexpectedByte), ("{\"a\":}", .unexpectedByte), ("{\"a\":1]", .unexpectedByte),
    ("{\"a\"::1}", .unexpectedByte),
    ("{'a':1}", .unexpectedByte), ("[1]]", .trailingData), ("/*c*/1", .unexpectedByte),
    ("1//c", .trailingData),
    ("\u{FEFF}1", .unexpectedByte), ("\u{A0}1", .unexpectedByte), ("\u{0C}1", .unexpectedByte),
    ("undefined", .unexpectedByte),
  ]

  @Test func acceptsTheGrammar() {
    for text in JSONGrammarTests.accepted { #expect(JSONGrammarTests.check(text) == nil, "\(text)") }
  }

  @Test func refusesEverythingElse() {
    for (text, code) in JSONGrammarTests.refused {
      #expect(JSONGrammarTests.check(text)?.code == code, "\(text)")
    }
  }

  /// Everything the grammar refuses is refused inside containers as well, at every position in a word.
  @Test func refusesInsideContainersAtEveryAlignment() {
    for (text, _) in JSONGrammarTests.refused {
      for pad in 0..<9 {
        let padding = String(repeating: "x", count: pad)
        // One bracket too many at the top is the right number inside an array.
        guard text != "[1]]" else { continue }
        #expect(JSONGrammarTests.check("{\"\(padding)\":\(text)") != nil, "\(text)")
        #expect(JSONGrammarTests.check("[\"\(padding)\",\(text)") != nil, "\(text)")
      }
    }
  }

  /// Every one- and two-byte lead with every tail, against the standard library's validation.
  @Test func acceptsExactlyUTF8() {
    var random = PRNG(seed: 5)
    for round in 0..<20_000 {
      var inside: [UInt8]
      if round < 256 {
        inside = [UInt8(round)]
      } else {
        inside = (0..<(1 + random.below(6))).map { _ in
          random.chance(0.2)
            ? UInt8(ascii: "a")
            : [0x80, 0xBF, 0xC0, 0xC2, 0xE0, 0xED, 0xEF, 0xF0, 0xF4, 0xF5, 0x9F, 0xA0, 0x90, 0x8F]
              .randomElement(using: &random)!
        }
      }
      guard !inside.contains(where: { $0 < 0x20 || $0 == 0x22 || $0 == 0x5C }) else { continue }
      let isValid = String(validating: inside, as: UTF8.self) != nil
      let error = JSONGrammarTests.check([0x22] + inside + [0x22])
      #expect((error == nil) == isValid && (isValid || error?.code == .badUTF8), "\(inside)")
    }
  }

  @Test func everyTruncationIsRefused() {
    let text = Array(
      "{\"a\":[1.5e-3,\"x\\u00e9\\ud83d\\ude00é\",{\"b\":null,\"c\":[true,false]}],\"d\":-0}".utf8)
    #expect(JSONGrammarTests.check(text) == nil)
    for end in 0..<text.count {
      #expect(JSONGrammarTests.check(Array(text[..<end])) != nil, "\(end)")
    }
  }

  @Test func depthAndSizeAreBounded() {
    let deep =
      [UInt8](repeating: UInt8(ascii: "["), count: 32) + [UInt8](repeating: UInt8(ascii: "]"), count: 32)
    #expect(JSONGrammarTests.check(deep) == nil)
    #expect(JSONGrammarTests.check(deep, depthMax: 31)?.code == .tooDeep)
    #expect(
      JSONGrammarTests.check([UInt8](repeating: UInt8(ascii: "["), count: 100_000), depthMax: 512)?.code
        == .tooDeep)
    // Depth comes back when a container is left.
    let wide = Array("[[],[[]],{\"a\":[]},[]]".utf8)
    #expect(JSONGrammarTests.check(wide, depthMax: 3) == nil)

    #expect(JSONGrammarTests.check(Array("[1,2,3]".utf8), sizeMax: 6) == JSONError(.tooLarge, offset: 0))
    #expect(JSONGrammarTests.check(Array("[1,2,3]".utf8), sizeMax: 7) == nil)
  }
}
