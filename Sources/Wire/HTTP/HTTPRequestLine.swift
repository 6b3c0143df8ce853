/// The request line and the authority: RFC 9112 §3, strictly.

struct HTTPRequestLine {
  var method = HTTPMethod.other
  var minorVersion = 1
  /// Offsets from the head's first byte.
  var methodLength = 0
  var pathAt = 0
  var pathLength = 0
  var queryAt = 0
  var queryLength = 0
  /// The authority of an absolute target; -1 when there is none.
  var authorityAt = -1
  var authorityLength = 0

  /// Reads `line`, which has no controls but tabs.
  @inline(__always)
  mutating func read(_ line: UnsafeRawBufferPointer) throws(HTTPError) {
    guard let start = line.baseAddress else { throw HTTPError(.requestLine) }
    var at = 0
    while at < line.count, HTTPText.isToken(start.load(fromByteOffset: at, as: UInt8.self)) { at &+= 1 }
    guard at > 0, at < line.count, start.load(fromByteOffset: at, as: UInt8.self) == HTTPText.space else {
      throw HTTPError(.requestLine)
    }
    methodLength = at
    method = HTTPMethod.of(start, at)
    let targetAt = at &+ 1
    let targetEnd = try readVersion(start, line.count)
    guard targetEnd > targetAt else { throw HTTPError(.requestLine) }
    try readTarget(start, targetAt, targetEnd)
  }

  /// Reads ` HTTP/1.x` at the end of the line; answers where it starts.
  @inline(__always)
  private mutating func readVersion(_ start: UnsafeRawPointer, _ end: Int) throws(HTTPError) -> Int {
    let at = end &- 9
    guard at > methodLength, HTTPText.isSame(start + at, " HTTP/") else { throw HTTPError(.requestLine) }
    let major = start.load(fromByteOffset: end &- 3, as: UInt8.self)
    let minor = start.load(fromByteOffset: end &- 1, as: UInt8.self)
    guard HTTPText.isDigit(major), HTTPText.isDigit(minor),
      start.load(fromByteOffset: end &- 2, as: UInt8.self) == UInt8(ascii: ".")
    else { throw HTTPError(.requestLine) }
    guard major == UInt8(ascii: "1"), minor <= UInt8(ascii: "1") else { throw HTTPError(.version) }
    minorVersion = Int(minor &- UInt8(ascii: "0"))
    return at
  }

  @inline(__always)
  private mutating func readTarget(_ start: UnsafeRawPointer, _ from: Int, _ end: Int) throws(HTTPError) {
    var question = -1
    var at = from
    while at < end {
      let byte = start.load(fromByteOffset: at, as: UInt8.self)
      if byte == UInt8(ascii: "?") {
        if question < 0 { question = at }
      } else if byte &- 0x21 > 0x7E - 0x21 || byte == UInt8(ascii: "#") {
        // A space means a fourth word, which no request line has.
        throw HTTPError(byte == HTTPText.space ? .requestLine : .target)
      }
      at &+= 1
    }
    pathAt = from
    let pathEnd = question < 0 ? end : question
    pathLength = pathEnd &- from
    if question >= 0 {
      queryAt = question &+ 1
      queryLength = end &- question &- 1
    }
    if start.load(fromByteOffset: from, as: UInt8.self) != UInt8(ascii: "/") {
      try readOtherForm(start, from, end, pathEnd)
    }
  }

  /// `*`, an absolute URI, or an authority.
  @inline(never)
  private mutating func readOtherForm(
    _ start: UnsafeRawPointer, _ from: Int, _ end: Int, _ pathEnd: Int
  ) throws(HTTPError) {
    let target = UnsafeRawBufferPointer(start: start + from, count: end - from)
    let name = UnsafeRawBufferPointer(start: start, count: methodLength)
    if name.elementsEqual("CONNECT".utf8) {
      guard HTTPRequestLine.isAuthority(target), !target.isEmpty else { throw HTTPError(.target) }
      return
    }
    if target.count == 1, target[0] == UInt8(ascii: "*") {
      guard method == .options else { throw HTTPError(.target) }
      return
    }
    var at = 0
    if target.count > 7, HTTPText.isSameIgnoringCase(rebase(target, 0, 4), "http") {
      at = (target[4] | 0x20) == UInt8(ascii: "s") ? 5 : 4
    }
    guard at > 0, target.count > at + 3, HTTPText.isSame(start + from + at, "://") else {
      throw HTTPError(.target)
    }
    authorityAt = from + at + 3
    var authorityEnd = authorityAt
    while authorityEnd < pathEnd,
      start.load(fromByteOffset: authorityEnd, as: UInt8.self) != UInt8(ascii: "/")
    {
      authorityEnd += 1
    }
    authorityLength = authorityEnd - authorityAt
    let authority = UnsafeRawBufferPointer(start: start + authorityAt, count: authorityLength)
    guard authorityLength > 0, HTTPRequestLine.isAuthority(authority) else { throw HTTPError(.target) }
    pathAt = authorityEnd
    pathLength = pathEnd - authorityEnd
  }

  private func rebase(_ bytes: UnsafeRawBufferPointer, _ low: Int, _ high: Int) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: bytes[low..<high])
  }

  /// Whether `bytes` is empty or a host with an optional port (RFC 3986 §3.2.2, without user information).
  static func isAuthority(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var at = 0
    if bytes.first == UInt8(ascii: "[") {
      guard let close = bytes.firstIndex(of: UInt8(ascii: "]")), close > 1 else { return false }
      for byte in bytes[1..<close] {
        guard HTTPText.hexValue(byte) >= 0 || byte == HTTPText.colon || byte == UInt8(ascii: ".") else {
          return false
        }
      }
      at = close + 1
    } else {
      while at < bytes.count, bytes[at] != HTTPText.colon {
        guard isNameByte(bytes[at]) else { return false }
        at += 1
      }
    }
    guard at < bytes.count else { return true }
    guard bytes[at] == HTTPText.colon, at > 0, bytes.count - at <= 6 else { return false }
    return bytes[(at + 1)...].allSatisfy { HTTPText.isDigit($0) }
  }

  /// Unreserved characters, sub-delimiters and the percent sign.
  @inline(__always)
  private static func isNameByte(_ byte: UInt8) -> Bool {
    // Of the token characters not #^`|, and ()=;, besides.
    switch byte {
    case UInt8(ascii: "#"), UInt8(ascii: "^"), UInt8(ascii: "`"), UInt8(ascii: "|"): false
    case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "="), UInt8(ascii: ";"), UInt8(ascii: ","): true
    default: HTTPText.isToken(byte)
    }
  }
}
