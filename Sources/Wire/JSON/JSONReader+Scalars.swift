// Numbers, literals and skipping of the pull reader.

extension JSONReader {
  /// Where a number's text lies and what its grammar shows.
  @usableFromInline
  struct NumberText {
    @usableFromInline var bytes: UnsafeRawBufferPointer
    /// Neither fraction nor exponent.
    @usableFromInline var isInteger: Bool
  }

  // MARK: Literals

  /// Steps over `null` if that is the next value.
  @inlinable
  public mutating func readNull() throws(JSONError) -> Bool {
    guard try peek() == UInt8(ascii: "n") else { return false }
    try literal("null")
    return true
  }

  /// Reads `true` or `false`.
  @inlinable
  public mutating func readBool() throws(JSONError) -> Bool {
    let byte = try peek()
    if byte == UInt8(ascii: "t") {
      try literal("true")
      return true
    }
    guard byte == UInt8(ascii: "f") else { throw mismatch(byte) }
    try literal("false")
    return false
  }

  @usableFromInline
  mutating func literal(_ word: StaticString) throws(JSONError) {
    for i in 0..<word.utf8CodeUnitCount {
      guard cursor + i < end else { throw endOfText() }
      guard cursor[i] == word.utf8Start[i] else { throw error(.unexpectedByte) }
    }
    cursor += word.utf8CodeUnitCount
  }

  // MARK: Numbers

  /// Reads an integer; `.notExact` for a fraction or an exponent, `.numberOverflow` beyond 64 bits.
  @inlinable
  public mutating func readInt64() throws(JSONError) -> Int64 {
    let number = try number()
    guard number.isInteger else { throw error(.notExact) }
    let isNegative = number.bytes[0] == UInt8(ascii: "-")
    let magnitude = try magnitude(number.bytes, from: isNegative ? 1 : 0)
    guard let value = Int64(magnitude: magnitude, isNegative: isNegative) else {
      throw error(.numberOverflow)
    }
    return value
  }

  /// Reads an integer that is not negative; errors as `readInt64`.
  @inlinable
  public mutating func readUInt64() throws(JSONError) -> UInt64 {
    let number = try number()
    guard number.isInteger else { throw error(.notExact) }
    guard number.bytes[0] == UInt8(ascii: "-") else { return try magnitude(number.bytes, from: 0) }
    guard try magnitude(number.bytes, from: 1) == 0 else { throw error(.numberOverflow) }
    return 0
  }

  /// Reads a number as the nearest double; `.numberOverflow` when there is no finite one.
  public mutating func readDouble() throws(JSONError) -> Double {
    let number = try number()
    guard let value = DoubleText.parse(number.bytes) else { throw error(.numberOverflow) }
    return value
  }

  /// Reads a number, or a string holding one, as the nearest double.
  ///
  /// Errors: `.badNumber` for text that is no number, `.numberOverflow` when there is no finite double.
  public mutating func readDoubleText() throws(JSONError) -> Double {
    guard try peek() == UInt8(ascii: "\"") else { return try readDouble() }
    let text = try string()
    guard !text.hasEscapes, DecimalText.isDecimal(text.bytes) else { throw error(.badNumber) }
    guard let value = DoubleText.parse(text.bytes) else { throw error(.numberOverflow) }
    return value
  }

  /// Reads a number, or a string holding one, as an exact multiple of 10^-`scale`.
  ///
  /// Digits finer than the scale follow `rounding`. Errors: `.badNumber` for text that is no number,
  /// `.numberOverflow` beyond 64 bits, `.notExact` when `rounding` is `.refuse`.
  @inlinable
  public mutating func readDecimal(
    scale: Int, rounding: DecimalRounding = .halfAway
  ) throws(JSONError) -> Int64 {
    let bytes: UnsafeRawBufferPointer
    if try peek() == UInt8(ascii: "\"") {
      let text = try string()
      guard !text.hasEscapes else { throw error(.badNumber) }
      bytes = text.bytes
    } else {
      bytes = try number().bytes
    }
    do { return try DecimalText.parse(bytes, scale: scale, rounding: rounding) } catch {
      throw decimalError(error)
    }
  }

  @usableFromInline
  @inline(never)
  func decimalError(_ failure: DecimalText.Failure) -> JSONError {
    switch failure {
    case .notDecimal: error(.badNumber)
    case .overflow: error(.numberOverflow)
    case .notExact: error(.notExact)
    }
  }

  /// The number that comes next, checked against the grammar.
  @usableFromInline
  mutating func number() throws(JSONError) -> NumberText {
    var byte = try peek()
    let first = cursor
    var at = cursor
    if byte == UInt8(ascii: "-") {
      at += 1
      byte = at < end ? at.pointee : 0
    }
    guard at < end else { throw endOfText() }
    guard isDigit(byte) else { throw at == first ? mismatch(byte) : error(.badNumber) }
    at += 1
    if byte == UInt8(ascii: "0") {
      if at < end, isDigit(at.pointee) { throw error(.badNumber) }
    } else {
      at = digits(at)
    }
    var isInteger = true
    if at < end, at.pointee == UInt8(ascii: ".") {
      isInteger = false
      at = try someDigits(at + 1)
    }
    if at < end, at.pointee | 0x20 == UInt8(ascii: "e") {
      isInteger = false
      at += 1
      if at < end, at.pointee == UInt8(ascii: "+") || at.pointee == UInt8(ascii: "-") { at += 1 }
      at = try someDigits(at)
    }
    cursor = at
    return NumberText(bytes: UnsafeRawBufferPointer(start: first, count: at - first), isInteger: isInteger)
  }

  @inline(__always)
  private func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

  @inline(__always)
  private func digits(_ from: UnsafePointer<UInt8>) -> UnsafePointer<UInt8> {
    var at = from
    while at < end, isDigit(at.pointee) { at += 1 }
    return at
  }

  /// Steps over at least one digit.
  private mutating func someDigits(_ from: UnsafePointer<UInt8>) throws(JSONError) -> UnsafePointer<UInt8> {
    let at = digits(from)
    if at > from { return at }
    if at < end { throw error(.badNumber) }
    throw endOfText()
  }

  /// The value of the decimal digits of `bytes` behind the first `from`.
  @usableFromInline
  func magnitude(_ bytes: UnsafeRawBufferPointer, from: Int) throws(JSONError) -> UInt64 {
    var value: UInt64 = 0
    for i in from..<bytes.count {
      let digit = UInt64(bytes[i] &- UInt8(ascii: "0"))
      let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = tens.addingReportingOverflow(digit)
      if overflow || carry { throw error(.numberOverflow) }
      value = sum
    }
    return value
  }

  // MARK: Skipping

  /// Steps over the next value of any kind, checking it as strictly as if it were read.
  public mutating func skipValue() throws(JSONError) {
    let byte = try peek()
    switch byte {
    case UInt8(ascii: "\""): _ = try string()
    case UInt8(ascii: "{"):
      try beginObject()
      while try nextKey() != nil { try skipValue() }
    case UInt8(ascii: "["):
      try beginArray()
      while try nextElement() { try skipValue() }
    case UInt8(ascii: "t"), UInt8(ascii: "f"): _ = try readBool()
    case UInt8(ascii: "n"): _ = try readNull()
    default: _ = try number()
    }
  }

  /// Steps over the next value and answers its bytes as they lie in the text, checked like `skipValue`.
  public mutating func readRaw() throws(JSONError) -> UnsafeRawBufferPointer {
    _ = try peek()
    let first = cursor
    try skipValue()
    return UnsafeRawBufferPointer(start: first, count: cursor - first)
  }
}

extension Int64 {
  /// The value with this magnitude and sign, `nil` when it does not fit.
  @usableFromInline
  init?(magnitude: UInt64, isNegative: Bool) {
    if isNegative {
      guard magnitude <= 1 << 63 else { return nil }
      self = Int64(truncatingIfNeeded: 0 &- magnitude)
    } else {
      guard magnitude < 1 << 63 else { return nil }
      self = Int64(truncatingIfNeeded: magnitude)
    }
  }
}
