/// Small questions about bytes of an HTTP head: controls, tokens, comparisons, lists.
///
/// Raw pointers, because these run per byte of every request. No function reads behind the end it is given.

enum HTTPText {
  static let tab = UInt8(ascii: "\t")
  static let space = UInt8(ascii: " ")
  static let cr = UInt8(ascii: "\r")
  static let lf = UInt8(ascii: "\n")
  static let colon = UInt8(ascii: ":")

  /// The offset of the first byte below 0x20 or equal to 0x7F in `from..<end`, else `end`. Eight at a time.
  @inline(__always)
  static func firstControl(_ start: UnsafeRawPointer, _ from: Int, _ end: Int) -> Int {
    var at = from
    while at &+ 8 <= end {
      let word = UInt64(littleEndian: start.loadUnaligned(fromByteOffset: at, as: UInt64.self))
      let delete = word ^ 0x7F7F_7F7F_7F7F_7F7F
      // The lowest flag is exact; flags above a true one may be borrows.
      let low = (word &- 0x2020_2020_2020_2020) & ~word
      let flags = (low | ((delete &- 0x0101_0101_0101_0101) & ~delete)) & 0x8080_8080_8080_8080
      if flags != 0 { return at &+ flags.trailingZeroBitCount / 8 }
      at &+= 8
    }
    while at < end {
      let byte = start.load(fromByteOffset: at, as: UInt8.self)
      if byte < 0x20 || byte == 0x7F { return at }
      at &+= 1
    }
    return end
  }

  /// The offset of the first byte in `from..<end` that means something in a request target or may not stand there:
  /// `?`, `#`, a blank, a tab, a byte from 0x7F up; else `end`. Eight at a time.
  @inline(__always)
  static func firstTargetMark(_ start: UnsafeRawPointer, _ from: Int, _ end: Int) -> Int {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let tops: UInt64 = 0x8080_8080_8080_8080
    var at = from
    while at &+ 8 <= end {
      let word = UInt64(littleEndian: start.loadUnaligned(fromByteOffset: at, as: UInt64.self))
      let question = word ^ (ones &* 0x3F)
      let hash = word ^ (ones &* 0x23)
      // As in `firstControl` the lowest flag is exact. A byte plus one has its top bit set from 0x7F up; the carry
      // of 0xFF reaches only bytes above it.
      let edges = (word &- ones &* 0x21) & ~word | word | (word &+ ones)
      let flags = (edges | (question &- ones) & ~question | (hash &- ones) & ~hash) & tops
      if flags != 0 { return at &+ flags.trailingZeroBitCount / 8 }
      at &+= 8
    }
    while at < end {
      let byte = start.load(fromByteOffset: at, as: UInt8.self)
      if byte &- 0x21 > 0x7E - 0x21 || byte == UInt8(ascii: "?") || byte == UInt8(ascii: "#") { return at }
      at &+= 1
    }
    return end
  }

  /// One digit per byte value: 1 for token characters (RFC 9110 §5.6.2), 2 for those of a host's name (RFC 3986
  /// §3.2.2: unreserved, sub-delimiters, percent), 3 for both. A literal, so that it is constant memory.
  private static let classes: StaticString = """
    0000000000000000000000000000000003013333223323303333333333020200\
    0333333333333333333333333330001313333333333333333333333333301030\
    0000000000000000000000000000000000000000000000000000000000000000\
    0000000000000000000000000000000000000000000000000000000000000000
    """

  /// Whether `byte` may stand in a token: letters, digits and ``!#$%&'*+-.^_`|~``.
  @inline(__always)
  static func isToken(_ byte: UInt8) -> Bool { classes.utf8Start[Int(byte)] & 1 != 0 }

  /// Whether `byte` may stand in the name of a host.
  @inline(__always)
  static func isHostName(_ byte: UInt8) -> Bool { classes.utf8Start[Int(byte)] & 2 != 0 }

  /// Whether the bytes at `start` are `text`, whose length the caller has checked.
  @inline(__always)
  static func isSame(_ start: UnsafeRawPointer, _ text: StaticString) -> Bool {
    let expected = text.utf8Start
    for index in 0..<text.utf8CodeUnitCount
    where start.load(fromByteOffset: index, as: UInt8.self) != expected[index] {
      return false
    }
    return true
  }

  /// Whether `bytes` is `text` but for capitals; `text` consists of lower-case letters, digits and `-`.
  @inline(__always)
  static func isSameIgnoringCase(_ bytes: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
    guard bytes.count == text.utf8CodeUnitCount, let start = bytes.baseAddress else { return false }
    return isSameIgnoringCase(start, text)
  }

  /// The same with the length checked by the caller.
  @inline(__always)
  static func isSameIgnoringCase(_ start: UnsafeRawPointer, _ text: StaticString) -> Bool {
    let expected = text.utf8Start
    for index in 0..<text.utf8CodeUnitCount {
      let byte = start.load(fromByteOffset: index, as: UInt8.self)
      let isCapital = byte &- UInt8(ascii: "A") < 26
      if (isCapital ? byte | 0x20 : byte) != expected[index] { return false }
    }
    return true
  }

  /// `bytes` without blanks and tabs at both ends.
  @inline(__always)
  static func trimmed(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    guard let start = bytes.baseAddress else { return bytes }
    var low = 0
    var high = bytes.count
    while low < high, isBlank(bytes[low]) { low &+= 1 }
    while low < high, isBlank(bytes[high &- 1]) { high &-= 1 }
    return UnsafeRawBufferPointer(start: start + low, count: high &- low)
  }

  @inline(__always)
  static func isBlank(_ byte: UInt8) -> Bool { byte == space || byte == tab }

  @inline(__always)
  static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

  /// The value of a hexadecimal digit, or -1.
  @inline(__always)
  static func hexValue(_ byte: UInt8) -> Int {
    if isDigit(byte) { return Int(byte &- UInt8(ascii: "0")) }
    let letter = (byte | 0x20) &- UInt8(ascii: "a")
    return letter < 6 ? Int(letter) &+ 10 : -1
  }

  /// Whether the comma-separated list `value` has the element `token`, whatever its capitals.
  static func list(_ value: UnsafeRawBufferPointer, has token: StaticString) -> Bool {
    var rest = value
    while let element = nextElement(&rest) {
      if isSameIgnoringCase(element, token) { return true }
    }
    return false
  }

  /// Takes the next element off the front of the comma-separated list `rest`, blanks trimmed; `nil` at its end.
  static func nextElement(_ rest: inout UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
    guard let start = rest.baseAddress else { return nil }
    var end = 0
    while end < rest.count, rest[end] != UInt8(ascii: ",") { end &+= 1 }
    let element = trimmed(UnsafeRawBufferPointer(start: start, count: end))
    if end == rest.count {
      rest = UnsafeRawBufferPointer(start: nil, count: 0)
    } else {
      rest = UnsafeRawBufferPointer(start: start + end + 1, count: rest.count - end - 1)
    }
    return element
  }
}
