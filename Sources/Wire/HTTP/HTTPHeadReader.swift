/// Reads the head of a message line by line as its bytes arrive: the part requests and answers share.
///
/// A line is searched for its end where the search stopped last, so bytes are looked at once however they are
/// cut; a line is understood when it is complete. Every refusal depends on the bytes up to it alone, never on
/// how they were cut. Bounds: `HTTPLimits`. All offsets are from the head's first byte.

struct HTTPHeadReader: ~Copyable {
  let limits: HTTPLimits
  var fed = FedBytes()
  var framing = HTTPFraming()
  private(set) var fieldCount = 0
  /// Where the line being read starts; when the head is complete, its length.
  private(set) var lineStart = 0
  /// How far the line being read was searched for its end.
  private var scanned = 0
  /// Where the header lines start.
  private var fieldsStart = 0
  private let table: UnsafeMutablePointer<HTTPField>

  init(limits: HTTPLimits) {
    limits.check()
    self.limits = limits
    table = .allocate(capacity: limits.fieldsMax)
    table.initialize(
      repeating: HTTPField(nameAt: 0, nameLength: 0, valueAt: 0, valueLength: 0), count: limits.fieldsMax)
  }

  deinit { table.deallocate() }

  /// The header lines read so far.
  var fields: HTTPFields { HTTPFields(head: fed.start, table: UnsafePointer(table), count: fieldCount) }

  /// The header line at `index`, which is one that was read.
  func field(_ index: Int) -> HTTPField { table[index] }

  /// Makes ready for the next head, which starts at the first unread byte.
  mutating func reset() {
    framing = HTTPFraming()
    fieldCount = 0
    lineStart = 0
    scanned = 0
    fieldsStart = 0
  }

  /// The first line without its CRLF, or `nil` when its end has not come.
  mutating func firstLine(tooLong: HTTPError) throws(HTTPError) -> UnsafeRawBufferPointer? {
    let end = try nextLine(limit: limits.requestLineMax, tooLong)
    guard end >= 0 else { return nil }
    fieldsStart = lineStart
    return UnsafeRawBufferPointer(start: fed.start, count: end)
  }

  /// Reads header lines up to the empty one; `false` when its end has not come.
  mutating func readFields() throws(HTTPError) -> Bool {
    while true {
      let from = lineStart
      let end = try nextLine(limit: fieldsStart &+ limits.fieldBytesMax, HTTPError(.fieldsTooLarge))
      if end < 0 { return false }
      if end == from { return true }
      try addField(from, end)
    }
  }

  /// The offset of the end of the line at `lineStart`, moving behind its CRLF, which must end at or before
  /// `limit`; -1 when it has not come.
  @inline(__always)
  private mutating func nextLine(limit: Int, _ tooLong: HTTPError) throws(HTTPError) -> Int {
    let end = min(fed.count, limit)
    var at = scanned
    while true {
      at = HTTPText.firstControl(fed.start, at, end)
      if at == end {
        if end == limit { throw tooLong }
        scanned = at
        return -1
      }
      let byte = fed.start.load(fromByteOffset: at, as: UInt8.self)
      if byte == HTTPText.cr { break }
      guard byte == HTTPText.tab else {
        throw HTTPError(byte == HTTPText.lf ? .bareLF : .controlByte)
      }
      at &+= 1
    }
    if at &+ 1 >= limit { throw tooLong }
    if at &+ 1 >= fed.count {
      scanned = at
      return -1
    }
    guard fed.start.load(fromByteOffset: at &+ 1, as: UInt8.self) == HTTPText.lf else {
      throw HTTPError(.bareCR)
    }
    lineStart = at &+ 2
    scanned = lineStart
    return at
  }

  @inline(__always)
  private mutating func addField(_ from: Int, _ end: Int) throws(HTTPError) {
    var at = from
    while at < end, HTTPText.isToken(fed.start.load(fromByteOffset: at, as: UInt8.self)) { at &+= 1 }
    guard at < end, at > from, fed.start.load(fromByteOffset: at, as: UInt8.self) == HTTPText.colon else {
      let isFold = HTTPText.isBlank(fed.start.load(fromByteOffset: from, as: UInt8.self))
      throw HTTPError(isFold ? .foldedField : .fieldName)
    }
    guard fieldCount < limits.fieldsMax else { throw HTTPError(.tooManyFields) }
    var low = at &+ 1
    var high = end
    while low < high, HTTPText.isBlank(fed.start.load(fromByteOffset: low, as: UInt8.self)) { low &+= 1 }
    while low < high, HTTPText.isBlank(fed.start.load(fromByteOffset: high &- 1, as: UInt8.self)) {
      high &-= 1
    }
    // Offsets are below requestLineMax + fieldBytesMax < 65,536.
    table[fieldCount] = HTTPField(
      nameAt: UInt16(truncatingIfNeeded: from), nameLength: UInt16(truncatingIfNeeded: at &- from),
      valueAt: UInt16(truncatingIfNeeded: low), valueLength: UInt16(truncatingIfNeeded: high &- low))
    let value = UnsafeRawBufferPointer(start: fed.start + low, count: high &- low)
    try framing.note(fed.start + from, at &- from, value, fieldCount)
    fieldCount &+= 1
  }
}
