/// The texts of numbers and booleans as clients of the replaced service may write them.
///
/// Its framework (pydantic) is liberal: blanks around a number, a sign, leading zeros, single underscores
/// between digits, a zero fraction on integers; floats may carry exponents or be `inf`/`nan`. Bounds: an
/// integer text longer than `integerCharactersMax` is refused, as there; a value beyond Int64 is clamped,
/// which leaves every comparison with a declared bound as it was.
enum ParameterText {
  /// The longest text taken for an integer.
  static let integerCharactersMax = 4300

  enum Integer: Equatable {
    case value(Int64)
    case notAnInteger
    case tooLong
  }

  /// The integer written in `text`.
  static func integer(_ text: UnsafeRawBufferPointer) -> Integer {
    if text.count > integerCharactersMax { return .tooLong }
    var digits = Cursor(trimmed(text))
    let negative = digits.takeSign()
    var value: Int64 = 0
    var clamped = false
    guard
      digits.takeDigits({ digit in
        let (product, high) = value.multipliedReportingOverflow(by: 10)
        let (next, over) = product.subtractingReportingOverflow(Int64(digit))
        if high || over { clamped = true } else { value = next }
      })
    else { return .notAnInteger }
    if digits.take(UInt8(ascii: ".")) {
      while digits.take(UInt8(ascii: "0")) {}
    }
    guard digits.isAtEnd else { return .notAnInteger }
    // Collected as a negative number, whose range is the larger one.
    if negative { return .value(clamped ? .min : value) }
    return .value(clamped || value == .min ? .max : -value)
  }

  /// The number written in `text`, which may be infinite or NaN; `nil` when it is none.
  static func number(_ text: UnsafeRawBufferPointer) -> Double? {
    let body = trimmed(text)
    var cursor = Cursor(body)
    let negative = cursor.takeSign()
    if let special = special(cursor.rest) { return negative ? -special : special }
    var plain: [UInt8] = negative ? [UInt8(ascii: "-")] : []
    let collect = { (digit: UInt8) in plain.append(digit + UInt8(ascii: "0")) }
    let whole = cursor.takeDigits(collect)
    var fraction = false
    if cursor.take(UInt8(ascii: ".")) {
      if !whole { plain.append(UInt8(ascii: "0")) }
      plain.append(UInt8(ascii: "."))
      fraction = cursor.takeDigits(collect)
      if !fraction { plain.append(UInt8(ascii: "0")) }
    }
    guard whole || fraction else { return nil }
    if cursor.take(UInt8(ascii: "e")) || cursor.take(UInt8(ascii: "E")) {
      plain.append(UInt8(ascii: "e"))
      if cursor.takeSign() { plain.append(UInt8(ascii: "-")) }
      guard cursor.takeDigits(collect) else { return nil }
    }
    guard cursor.isAtEnd else { return nil }
    return Double(String(decoding: plain, as: UTF8.self))
  }

  /// The yes or no written in `text`.
  static func flag(_ text: UnsafeRawBufferPointer) -> Bool? {
    for word: StaticString in ["1", "true", "t", "yes", "y", "on"] where equal(text, word) { return true }
    for word: StaticString in ["0", "false", "f", "no", "n", "off"] where equal(text, word) { return false }
    return nil
  }

  private static func special(_ text: UnsafeRawBufferPointer) -> Double? {
    if equal(text, "inf") || equal(text, "infinity") { return .infinity }
    return equal(text, "nan") ? .nan : nil
  }

  /// Whether `text` is `word` in any capitals; `word` is lower case ASCII.
  private static func equal(_ text: UnsafeRawBufferPointer, _ word: StaticString) -> Bool {
    guard text.count == word.utf8CodeUnitCount else { return false }
    for index in 0..<text.count {
      let byte = text[index]
      let isCapital = byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z")
      if (isCapital ? byte | 0x20 : byte) != word.utf8Start[index] { return false }
    }
    return true
  }

  /// `text` without the ASCII blanks around it.
  private static func trimmed(_ text: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    var (low, high) = (0, text.count)
    while low < high, isBlank(text[low]) { low += 1 }
    while high > low, isBlank(text[high - 1]) { high -= 1 }
    return UnsafeRawBufferPointer(rebasing: text[low..<high])
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (byte >= 0x09 && byte <= 0x0D) }

  private struct Cursor {
    private let text: UnsafeRawBufferPointer
    private var index = 0

    init(_ text: UnsafeRawBufferPointer) { self.text = text }

    var isAtEnd: Bool { index == text.count }
    var rest: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: text[index...]) }

    mutating func take(_ byte: UInt8) -> Bool {
      guard index < text.count, text[index] == byte else { return false }
      index += 1
      return true
    }

    /// Takes one sign; answers whether it was a minus.
    mutating func takeSign() -> Bool {
      if take(UInt8(ascii: "-")) { return true }
      _ = take(UInt8(ascii: "+"))
      return false
    }

    /// Takes digits with single underscores between them; `false` when there is none.
    mutating func takeDigits(_ each: (UInt8) -> Void) -> Bool {
      let start = index
      while index < text.count {
        let byte = text[index]
        if byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
          each(byte - UInt8(ascii: "0"))
        } else if byte != UInt8(ascii: "_") || !isBetweenDigits(index, from: start) {
          break
        }
        index += 1
      }
      return index > start
    }

    private func isBetweenDigits(_ at: Int, from start: Int) -> Bool {
      at > start && at + 1 < text.count && isDigit(text[at - 1]) && isDigit(text[at + 1])
    }

    private func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }
  }
}
