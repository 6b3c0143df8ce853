/// The request line and the authority: RFC 9112 §3, strictly.

/// Offsets and lengths are from the head's first byte, below 64 KiB (`HTTPLimits.check`).
struct HTTPRequestLine {
  var method = HTTPMethod.other
  var minorVersion: UInt8 = 1
  var methodLength: UInt16 = 0
  var pathAt: UInt16 = 0
  var pathLength: UInt16 = 0
  var queryAt: UInt16 = 0
  var queryLength: UInt16 = 0
  /// The authority of an absolute target; 0 when there is none.
  var authorityAt: UInt16 = 0
  var authorityLength: UInt16 = 0

  /// Reads `line`, which has no controls but tabs and is shorter than 64 KiB.
  @inline(__always)
  static func read(_ line: UnsafeRawBufferPointer) throws(HTTPError) -> HTTPRequestLine {
    guard let start = line.baseAddress else { throw HTTPError(.requestLine) }
    var read = HTTPRequestLine()
    let end = line.count
    var at = 0
    if end >= 4, UInt32(littleEndian: start.loadUnaligned(as: UInt32.self)) == 0x2054_4547 {  // "GET "
      at = 3
      read.method = .get
    } else {
      while at < end, HTTPText.isToken(start.load(fromByteOffset: at, as: UInt8.self)) { at &+= 1 }
      guard at > 0, at < end, start.load(fromByteOffset: at, as: UInt8.self) == HTTPText.space else {
        throw HTTPError(.requestLine)
      }
      read.method = HTTPMethod.of(start, at)
    }
    read.methodLength = UInt16(truncatingIfNeeded: at)
    let targetEnd = end &- 9
    guard targetEnd > at &+ 1 else { throw HTTPError(.requestLine) }
    try read.readVersion(start + targetEnd)
    try read.readTarget(start, at &+ 1, targetEnd)
    return read
  }

  /// Reads the nine bytes ` HTTP/1.x` at `at`.
  @inline(__always)
  private mutating func readVersion(_ at: UnsafeRawPointer) throws(HTTPError) {
    // "HTTP/1.1" as one word, for nearly every request.
    if UInt64(littleEndian: at.loadUnaligned(fromByteOffset: 1, as: UInt64.self)) == 0x312E_312F_5054_5448,
      at.load(as: UInt8.self) == HTTPText.space
    {
      return
    }
    let major = at.load(fromByteOffset: 6, as: UInt8.self)
    let minor = at.load(fromByteOffset: 8, as: UInt8.self)
    guard HTTPText.isSame(at, " HTTP/"), HTTPText.isDigit(major), HTTPText.isDigit(minor),
      at.load(fromByteOffset: 7, as: UInt8.self) == UInt8(ascii: ".")
    else { throw HTTPError(.requestLine) }
    guard major == UInt8(ascii: "1"), minor <= UInt8(ascii: "1") else { throw HTTPError(.version) }
    minorVersion = minor &- UInt8(ascii: "0")
  }

  @inline(__always)
  private mutating func readTarget(_ start: UnsafeRawPointer, _ from: Int, _ end: Int) throws(HTTPError) {
    var question = -1
    var at = from
    while true {
      at = HTTPText.firstTargetMark(start, at, end)
      if at == end { break }
      let byte = start.load(fromByteOffset: at, as: UInt8.self)
      guard byte == UInt8(ascii: "?") else {
        // A space means a fourth word, which no request line has.
        throw HTTPError(byte == HTTPText.space ? .requestLine : .target)
      }
      if question < 0 { question = at }
      at &+= 1
    }
    pathAt = UInt16(truncatingIfNeeded: from)
    let pathEnd = question < 0 ? end : question
    pathLength = UInt16(truncatingIfNeeded: pathEnd &- from)
    if question >= 0 {
      queryAt = UInt16(truncatingIfNeeded: question &+ 1)
      queryLength = UInt16(truncatingIfNeeded: end &- question &- 1)
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
    let name = UnsafeRawBufferPointer(start: start, count: Int(methodLength))
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
    let low = from + at + 3
    var high = low
    while high < pathEnd, start.load(fromByteOffset: high, as: UInt8.self) != UInt8(ascii: "/") { high += 1 }
    let authority = UnsafeRawBufferPointer(start: start + low, count: high - low)
    guard high > low, HTTPRequestLine.isAuthority(authority) else { throw HTTPError(.target) }
    authorityAt = UInt16(truncatingIfNeeded: low)
    authorityLength = UInt16(truncatingIfNeeded: high - low)
    pathAt = UInt16(truncatingIfNeeded: high)
    pathLength = UInt16(truncatingIfNeeded: pathEnd - high)
  }

  private func rebase(_ bytes: UnsafeRawBufferPointer, _ low: Int, _ high: Int) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: bytes[low..<high])
  }

  /// Whether `bytes` is empty or a host with an optional port (RFC 3986 §3.2.2, without user information).
  @inline(__always)
  static func isAuthority(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let start = bytes.baseAddress else { return true }
    let end = bytes.count
    var at = 0
    while at < end, HTTPText.isHostName(start.load(fromByteOffset: at, as: UInt8.self)) { at &+= 1 }
    if at == end { return true }
    if at == 0 {
      at = literalEnd(bytes)
      if at == end { return at > 0 }
    }
    guard start.load(fromByteOffset: at, as: UInt8.self) == HTTPText.colon, at > 0, end &- at <= 6 else {
      return false
    }
    at &+= 1
    while at < end {
      guard HTTPText.isDigit(start.load(fromByteOffset: at, as: UInt8.self)) else { return false }
      at &+= 1
    }
    return true
  }

  /// The end of the address in brackets at the front of `bytes`, or 0 when there is none.
  @inline(never)
  private static func literalEnd(_ bytes: UnsafeRawBufferPointer) -> Int {
    guard bytes.first == UInt8(ascii: "["), let close = bytes.firstIndex(of: UInt8(ascii: "]")), close > 1
    else {
      return 0
    }
    let isAddress = bytes[1..<close].allSatisfy { byte in
      HTTPText.hexValue(byte) >= 0 || byte == HTTPText.colon || byte == UInt8(ascii: ".")
    }
    return isAddress ? close + 1 : 0
  }
}
