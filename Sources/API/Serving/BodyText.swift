/// A client's JSON text, read by the rules and with the words of Python's `json`, which deployed clients know.
///
/// That reader differs from RFC 8259 where it matters here: `NaN` and `Infinity` are numbers, half a surrogate
/// pair is a character, a byte-order mark is skipped; and its refusals name what was expected and where. So this
/// is a reader of its own beside `JSONReader`, for bodies of a few kilobytes. It builds no tree: `scan` checks
/// the text once, and whoever wants a value walks the checked bytes again.
/// Bounds: the body's (`HTTPLimits.bodyMax`), `depthMax` nested containers, `digitsMax` digits of an integer.
/// Invariant: after `scan` succeeded no walk over the text can fail.
import Base
import Wire

struct BodyText {
  /// The most nested containers.
  static let depthMax = 200
  /// The most digits of a whole number, as there.
  static let digitsMax = 4300

  /// Why a text is refused.
  enum Problem: Error, Equatable {
    /// It is not JSON: what was expected, and at which byte.
    case syntax(StaticString, at: Int)
    /// It is JSON beyond the bounds.
    case tooMuch

    static func == (a: Problem, b: Problem) -> Bool {
      switch (a, b) {
      case (.syntax(let x, let i), .syntax(let y, let j)): "\(x)" == "\(y)" && i == j
      case (.tooMuch, .tooMuch): true
      default: false
      }
    }
  }

  /// What a value is.
  enum Kind: Equatable {
    case object
    case array
    case string
    case whole
    case fraction
    case nan
    case infinity(isNegative: Bool)
    case flag(Bool)
    case null
  }

  private let bytes: UnsafeRawBufferPointer

  /// The text in `bytes`, which must be UTF-8 and have 64 readable bytes behind them.
  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  // MARK: Checking

  /// Checks the text; answers where its one value begins.
  func scan() throws(Problem) -> Int {
    let start = skipSpace(0)
    let end = skipSpace(try value(start, depth: 0))
    guard end == bytes.count else { throw .syntax("Extra data", at: end) }
    return start
  }

  /// The end of the value at `at`.
  private func value(_ at: Int, depth: Int) throws(Problem) -> Int {
    guard at < bytes.count else { throw .syntax("Expecting value", at: at) }
    switch bytes[at] {
    case UInt8(ascii: "\""): return try string(at)
    case UInt8(ascii: "{"): return try object(at, depth: depth)
    case UInt8(ascii: "["): return try array(at, depth: depth)
    default:
      for word: StaticString in ["null", "true", "false", "NaN", "Infinity", "-Infinity"] where has(word, at)
      {
        return at + word.utf8CodeUnitCount
      }
      return try number(at)
    }
  }

  private func object(_ start: Int, depth: Int) throws(Problem) -> Int {
    guard depth < BodyText.depthMax else { throw .tooMuch }
    var at = skipSpace(start + 1)
    if byte(at) == UInt8(ascii: "}") { return at + 1 }
    while true {
      guard byte(at) == UInt8(ascii: "\"") else {
        throw .syntax("Expecting property name enclosed in double quotes", at: at)
      }
      at = skipSpace(try string(at))
      guard byte(at) == UInt8(ascii: ":") else { throw .syntax("Expecting ':' delimiter", at: at) }
      at = skipSpace(try value(skipSpace(at + 1), depth: depth + 1))
      if byte(at) == UInt8(ascii: "}") { return at + 1 }
      guard byte(at) == UInt8(ascii: ",") else { throw .syntax("Expecting ',' delimiter", at: at) }
      at = skipSpace(at + 1)
    }
  }

  private func array(_ start: Int, depth: Int) throws(Problem) -> Int {
    guard depth < BodyText.depthMax else { throw .tooMuch }
    var at = skipSpace(start + 1)
    if byte(at) == UInt8(ascii: "]") { return at + 1 }
    while true {
      at = skipSpace(try value(at, depth: depth + 1))
      if byte(at) == UInt8(ascii: "]") { return at + 1 }
      guard byte(at) == UInt8(ascii: ",") else { throw .syntax("Expecting ',' delimiter", at: at) }
      at = skipSpace(at + 1)
    }
  }

  private func string(_ start: Int) throws(Problem) -> Int {
    var at = start + 1
    while at < bytes.count {
      let byte = bytes[at]
      if byte == UInt8(ascii: "\"") { return at + 1 }
      guard byte >= 0x20 else { throw .syntax("Invalid control character at", at: at) }
      at += byte == UInt8(ascii: "\\") ? try escape(at, of: start) : 1
    }
    throw .syntax("Unterminated string starting at", at: start)
  }

  /// The length of the escape at `at`.
  private func escape(_ at: Int, of start: Int) throws(Problem) -> Int {
    guard let letter = byte(at + 1) else { throw .syntax("Unterminated string starting at", at: start) }
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      return 2
    case UInt8(ascii: "u"):
      guard at + 6 < bytes.count, unit(at + 2) != nil else {
        throw .syntax("Invalid \\uXXXX escape", at: at + 1)
      }
      return 6
    default: throw .syntax("Invalid \\escape", at: at)
    }
  }

  private func number(_ start: Int) throws(Problem) -> Int {
    var at = start
    if byte(at) == UInt8(ascii: "-") { at += 1 }
    guard isDigit(at) else { throw .syntax("Expecting value", at: start) }
    let digits = at
    at += 1
    if bytes[digits] != UInt8(ascii: "0") { while isDigit(at) { at += 1 } }
    let isWhole = fractionEnd(at) == at
    if isWhole, at - digits > BodyText.digitsMax { throw .tooMuch }
    return fractionEnd(at)
  }

  /// The end of the fraction and exponent that may follow the digits before `start`.
  private func fractionEnd(_ start: Int) -> Int {
    var at = start
    if byte(at) == UInt8(ascii: "."), isDigit(at + 1) {
      at += 2
      while isDigit(at) { at += 1 }
    }
    if let letter = byte(at), letter | 0x20 == UInt8(ascii: "e") {
      var digits = at + 1
      if byte(digits) == UInt8(ascii: "-") || byte(digits) == UInt8(ascii: "+") { digits += 1 }
      if isDigit(digits) {
        at = digits
        while isDigit(at) { at += 1 }
      }
    }
    return at
  }

  // MARK: Walking a checked text

  /// What the value at `at` is.
  func kind(_ at: Int) -> Kind {
    switch bytes[at] {
    case UInt8(ascii: "{"): return .object
    case UInt8(ascii: "["): return .array
    case UInt8(ascii: "\""): return .string
    case UInt8(ascii: "n"): return .null
    case UInt8(ascii: "t"): return .flag(true)
    case UInt8(ascii: "f"): return .flag(false)
    case UInt8(ascii: "N"): return .nan
    case UInt8(ascii: "I"): return .infinity(isNegative: false)
    default:
      if byte(at + 1) == UInt8(ascii: "I") { return .infinity(isNegative: true) }
      for index in at..<end(of: at) where !(isDigit(index) || bytes[index] == UInt8(ascii: "-")) {
        return .fraction
      }
      return .whole
    }
  }

  /// The end of the value at `at`.
  func end(of at: Int) -> Int {
    // Depth was checked from the root; from here on it can only be smaller.
    guard let end = try? value(at, depth: 0) else { preconditionFailure("the text was checked") }
    return end
  }

  /// Calls `body` with the places of key and value of every member of the object at `at`, in order.
  func forEachMember(of at: Int, _ body: (_ key: Int, _ value: Int) -> Void) {
    _ = walk(at, isObject: true) { key, value in
      body(key, value)
      return end(of: value)
    }
  }

  /// Walks over the members or elements of the container at `start`; `body` answers where each value ends, so
  /// that nested walks stay linear. Answers where the container ends.
  private func walk(_ start: Int, isObject: Bool, _ body: (_ key: Int, _ value: Int) -> Int) -> Int {
    var at = skipSpace(start + 1)
    let close = isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")
    if bytes[at] == close { return at + 1 }
    while true {
      let key = at
      if isObject { at = skipSpace(skipSpace(end(of: key)) + 1) }
      at = skipSpace(body(key, at))
      if bytes[at] == close { return at + 1 }
      at = skipSpace(at + 1)
    }
  }

  /// Appends the string at `at`, escapes resolved; answers whether it is a text, without halves of surrogate
  /// pairs (each of which becomes U+FFFD).
  @discardableResult
  func appendString(_ start: Int, to out: ByteBuffer) -> Bool {
    var isText = true
    var at = start + 1
    while bytes[at] != UInt8(ascii: "\"") {
      guard bytes[at] == UInt8(ascii: "\\") else {
        out.append(bytes[at])
        at += 1
        continue
      }
      if bytes[at + 1] != UInt8(ascii: "u") {
        out.append(BodyText.plain(bytes[at + 1]))
        at += 2
        continue
      }
      var scalar = unit(at + 2) ?? 0
      at += 6
      if scalar & 0xFC00 == 0xD800, bytes[at] == UInt8(ascii: "\\"), byte(at + 1) == UInt8(ascii: "u"),
        let low = unit(at + 2), low & 0xFC00 == 0xDC00
      {
        scalar = 0x10000 + ((scalar & 0x3FF) << 10 | low & 0x3FF)
        at += 6
      }
      if let whole = Unicode.Scalar(scalar) {
        for byte in UTF8.encode(whole) ?? Unicode.UTF8.encodedReplacementCharacter { out.append(byte) }
      } else {
        isText = false
        out.append("\u{FFFD}")
      }
    }
    return isText
  }

  /// The number at `at`, of kind `.whole` or `.fraction`; infinite when it is too large for a double.
  func double(_ at: Int) -> Double {
    let text = UnsafeRawBufferPointer(rebasing: bytes[at..<end(of: at)])
    var reader = JSONReader(text)
    if let value = try? reader.readDouble() { return value }
    return bytes[at] == UInt8(ascii: "-") ? -.infinity : .infinity
  }

  /// Writes the value at `at` as the refusals echo it: compact, numbers that are not finite as `null`. Answers
  /// where it ends.
  @discardableResult
  func echo(_ at: Int, _ json: inout JSONWriter) -> Int {
    let kind = kind(at)
    switch kind {
    case .object:
      json.beginObject()
      let end = walk(at, isObject: true) { key, value in
        let name = text(at: key)
        json.key(name.bytes)
        return echo(value, &json)
      }
      json.endObject()
      return end
    case .array:
      json.beginArray()
      let end = walk(at, isObject: false) { _, value in echo(value, &json) }
      json.endArray()
      return end
    case .string:
      let text = text(at: at)
      json.string(text.bytes)
    case .whole:
      let end = end(of: at)
      let isMinusZero = end - at == 2 && has("-0", at)
      json.raw(UnsafeRawBufferPointer(rebasing: bytes[(isMinusZero ? at + 1 : at)..<end]))
      return end
    case .fraction:
      let value = double(at)
      if value.isFinite { json.double(value) } else { json.null() }
    case .flag(let value): json.bool(value)
    case .nan, .infinity, .null: json.null()
    }
    return end(of: at)
  }

  /// The string at `at`, escapes resolved.
  func text(at: Int) -> ByteBuffer {
    let out = ByteBuffer(capacity: 64)
    appendString(at, to: out)
    return out
  }

  // MARK: Bytes

  private func byte(_ at: Int) -> UInt8? { at < bytes.count ? bytes[at] : nil }

  private func isDigit(_ at: Int) -> Bool {
    at < bytes.count && bytes[at] >= UInt8(ascii: "0") && bytes[at] <= UInt8(ascii: "9")
  }

  private func has(_ word: StaticString, _ at: Int) -> Bool {
    guard bytes.count - at >= word.utf8CodeUnitCount else { return false }
    for index in 0..<word.utf8CodeUnitCount where bytes[at + index] != word.utf8Start[index] { return false }
    return true
  }

  private func skipSpace(_ start: Int) -> Int {
    var at = start
    while at < bytes.count {
      switch bytes[at] {
      case 0x20, 0x09, 0x0A, 0x0D: at += 1
      default: return at
      }
    }
    return at
  }

  /// The value of the four hex digits at `at`.
  private func unit(_ at: Int) -> UInt32? {
    guard at + 4 <= bytes.count else { return nil }
    var value: UInt32 = 0
    for index in at..<(at + 4) {
      switch bytes[index] {
      case let byte where isDigit(index): value = value << 4 | UInt32(byte - UInt8(ascii: "0"))
      case let byte where byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "f"):
        value = value << 4 | UInt32((byte | 0x20) - UInt8(ascii: "a") + 10)
      default: return nil
      }
    }
    return value
  }

  /// What the letter of a two-character escape stands for.
  private static func plain(_ letter: UInt8) -> UInt8 {
    switch letter {
    case UInt8(ascii: "b"): 8
    case UInt8(ascii: "f"): 12
    case UInt8(ascii: "n"): 10
    case UInt8(ascii: "r"): 13
    case UInt8(ascii: "t"): 9
    default: letter
    }
  }
}
