/// The header lines of one message as views into its bytes, and what of them decides where the message ends.

/// One header line: offsets and lengths from the start of the head, which is below 64 KiB.
struct HTTPField {
  var nameAt: UInt16
  var nameLength: UInt16
  var valueAt: UInt16
  var valueLength: UInt16
}

/// The header lines of a message, in the order they came.
///
/// Borrowed: valid until the parser that made it is used again.
public struct HTTPFields {
  let head: UnsafeRawPointer
  let table: UnsafePointer<HTTPField>
  /// How many there are.
  public let count: Int

  /// The name at `index`, as sent; header names do not differ by capitals.
  public func name(_ index: Int) -> UnsafeRawBufferPointer {
    precondition(index >= 0 && index < count)
    return UnsafeRawBufferPointer(start: head + Int(table[index].nameAt), count: Int(table[index].nameLength))
  }

  /// The value at `index` without blanks at its ends; may have bytes from 0x80 up, and tabs.
  public func value(_ index: Int) -> UnsafeRawBufferPointer {
    precondition(index >= 0 && index < count)
    return UnsafeRawBufferPointer(
      start: head + Int(table[index].valueAt), count: Int(table[index].valueLength))
  }

  /// The index of the first header `name` at `from` or behind it; `name` in lower case.
  public func index(of name: StaticString, from: Int = 0) -> Int? {
    let length = name.utf8CodeUnitCount
    var index = from
    while index < count {
      let field = table[index]
      if Int(field.nameLength) == length, HTTPText.isSameIgnoringCase(head + Int(field.nameAt), name) {
        return index
      }
      index &+= 1
    }
    return nil
  }

  /// The value of the first header `name` (lower case); `nil` when there is none.
  public func first(_ name: StaticString) -> UnsafeRawBufferPointer? { index(of: name).map { value($0) } }

  /// Whether a header `name` (lower case) has `token` (lower case) as an element of its comma-separated list,
  /// whatever its capitals. Several headers of the name are one list.
  public func has(_ name: StaticString, token: StaticString) -> Bool {
    var from = 0
    while let index = index(of: name, from: from) {
      if HTTPText.list(value(index), has: token) { return true }
      from = index + 1
    }
    return false
  }
}

/// What the header lines say about framing and the connection, noted while they are read.
struct HTTPFraming {
  /// -1 when there is none; saturates at `Int.max`.
  var contentLength = -1
  var isChunked = false
  var hasClose = false
  var hasKeepAlive = false
  var hasUpgrade = false
  var expectsContinue = false
  var hostIndex = -1

  /// Takes note of the line at `index` if it is one of those that matter.
  @inline(__always)
  mutating func note(
    _ name: UnsafeRawPointer, _ nameLength: Int, _ value: UnsafeRawBufferPointer, _ index: Int
  ) throws(HTTPError) {
    switch nameLength {
    case 4:
      guard HTTPText.isSameIgnoringCase(name, "host") else { return }
      if hostIndex >= 0 { throw HTTPError(.hostRepeated) }
      hostIndex = index
    case 6:
      guard HTTPText.isSameIgnoringCase(name, "expect") else { return }
      guard HTTPText.isSameIgnoringCase(value, "100-continue") else { throw HTTPError(.expectation) }
      expectsContinue = true
    case 10:
      guard HTTPText.isSameIgnoringCase(name, "connection") else { return }
      noteConnection(value)
    case 14:
      guard HTTPText.isSameIgnoringCase(name, "content-length") else { return }
      try noteLength(value)
    case 17:
      guard HTTPText.isSameIgnoringCase(name, "transfer-encoding") else { return }
      guard !isChunked, HTTPText.isSameIgnoringCase(value, "chunked") else {
        throw HTTPError(.transferEncoding)
      }
      isChunked = true
    default: return
    }
  }

  private mutating func noteConnection(_ value: UnsafeRawBufferPointer) {
    var rest = value
    while let element = HTTPText.nextElement(&rest) {
      if HTTPText.isSameIgnoringCase(element, "close") {
        hasClose = true
      } else if HTTPText.isSameIgnoringCase(element, "keep-alive") {
        hasKeepAlive = true
      } else if HTTPText.isSameIgnoringCase(element, "upgrade") {
        hasUpgrade = true
      }
    }
  }

  private mutating func noteLength(_ value: UnsafeRawBufferPointer) throws(HTTPError) {
    guard contentLength < 0 else { throw HTTPError(.contentLengthRepeated) }
    guard !value.isEmpty else { throw HTTPError(.contentLength) }
    var length = 0
    for byte in value {
      guard HTTPText.isDigit(byte) else { throw HTTPError(.contentLength) }
      let (product, isTooMuch) = length.multipliedReportingOverflow(by: 10)
      let (sum, isAbove) = product.addingReportingOverflow(Int(byte &- UInt8(ascii: "0")))
      length = isTooMuch || isAbove || length == Int.max ? Int.max : sum
    }
    contentLength = length
  }

  /// Both framings at once, or chunks where 1.0 has none, are how requests are smuggled.
  func check(minorVersion: Int) throws(HTTPError) {
    guard isChunked else { return }
    if contentLength >= 0 { throw HTTPError(.contentLengthWithEncoding) }
    if minorVersion == 0 { throw HTTPError(.transferEncoding) }
  }
}
