/// What of an answer need not be made, sent, or sent in full: kept answers, entity tags, gzip.
///
/// Part of `RouteCall`, one per router, used again for every request. A handler says what its answer depends on
/// (`RouteCall.version`, `RouteCall.isKept`) and may then be done; the rest happens when its answer is finished.
/// Bounds: those of `AnswerCache`; bodies outside `gzipBytes` are sent as they are, so that compressing one
/// takes a loop's turn no longer than about 3 ms.
import Base
import Wire

final class Negotiation {
  /// Bodies worth compressing.
  static let gzipBytes = 1024...(384 * 1024)
  /// Memory kept for compressing answers that are not kept.
  static let keptBytesMax = 32 * 1024

  private let answers = AnswerCache()
  private let gzip = GzipWriter()
  private let compressed = ByteBuffer(capacity: 64)
  /// Tells the entity tags of this process from those of one before it.
  private let epoch: UInt64
  @exclusivity(unchecked) private var target = UnsafeRawBufferPointer(start: nil, count: 0)
  @exclusivity(unchecked) private var fields: HTTPFields?
  @exclusivity(unchecked) private var stamp: AnswerCache.Stamp?
  @exclusivity(unchecked) private var kept: AnswerCache.Entry?
  @exclusivity(unchecked) private var tag: UInt64?

  init(epoch: UInt64) { self.epoch = epoch }

  /// Makes ready for `request`.
  func begin(_ request: borrowing HTTPRequest) {
    let path = request.path
    let query = request.query
    // Where there is a query, it lies behind the path and a question mark.
    target = path
    if let start = path.baseAddress, let from = query.baseAddress, !query.isEmpty, start <= from {
      target = UnsafeRawBufferPointer(start: start, count: from - start + query.count)
    }
    fields = request.fields
    stamp = nil
    kept = nil
    tag = nil
  }

  /// Makes ready for an answer without a request.
  func begin() {
    fields = nil
    stamp = nil
    kept = nil
    tag = nil
  }

  /// The body kept for this request if nothing of `stamp` has changed; else the answer to come will be kept.
  func find(_ stamp: AnswerCache.Stamp) -> ByteBuffer? {
    self.stamp = stamp
    kept = answers.find(target, stamp)
    return kept?.body
  }

  /// Gives the answer the tag of `version`; answers whether the client has that version.
  func isKnown(_ version: UInt64) -> Bool {
    tag = version
    guard let known = fields?.first("if-none-match") else { return false }
    if known.count == 1, known[0] == UInt8(ascii: "*") { return true }
    let wanted = ByteBuffer(capacity: 64)
    writeTag(version, to: wanted)
    return Negotiation.contains(known, wanted.bytes)
  }

  /// Appends the tag's header lines to the head of an answer.
  func writeHead(to out: ByteBuffer) {
    guard let tag else { return }
    out.append("etag: W/")
    writeTag(tag, to: out)
    out.append("\r\ncache-control: no-cache\r\nvary: accept-encoding\r\n")
  }

  /// Keeps the answer written, and compresses it when the client takes that.
  func finish(_ response: inout HTTPResponseWriter) {
    if kept == nil, let stamp { kept = answers.keep(response.body, target, stamp) }
    let count = response.body.count
    guard count >= Negotiation.gzipBytes.lowerBound else { return }
    guard count <= Negotiation.gzipBytes.upperBound, let accepted = fields?.first("accept-encoding"),
      AcceptEncoding.prefersGzip(accepted), let body = compressed(response.body)
    else {
      if tag == nil { response.insert("vary: accept-encoding\r\n") }
      return
    }
    response.replaceBody(
      body.bytes,
      adding: tag == nil
        ? "content-encoding: gzip\r\nvary: accept-encoding\r\n" : "content-encoding: gzip\r\n")
    compressed.removeAll()
    compressed.trim(to: Negotiation.keptBytesMax)
  }

  private func compressed(_ body: UnsafeRawBufferPointer) -> ByteBuffer? {
    let out = kept?.gzip ?? compressed
    if out.isEmpty, !gzip.append(body, to: out) { return nil }
    return out
  }

  private func writeTag(_ version: UInt64, to out: ByteBuffer) {
    out.append("\"")
    Negotiation.hex(epoch, out)
    out.append("-")
    Negotiation.hex(version, out)
    out.append("\"")
  }

  private static func hex(_ value: UInt64, _ out: ByteBuffer) {
    var shift = max(0, 60 - value.leadingZeroBitCount / 4 * 4)
    while shift >= 0 {
      let digit = UInt8(truncatingIfNeeded: value >> UInt64(shift) & 15)
      out.append(digit < 10 ? digit + UInt8(ascii: "0") : digit - 10 + UInt8(ascii: "a"))
      shift -= 4
    }
  }

  /// Whether `list` has `tag`; quotes occur in tags only around them, so that any occurrence is a whole one.
  private static func contains(_ list: UnsafeRawBufferPointer, _ tag: UnsafeRawBufferPointer) -> Bool {
    guard list.count >= tag.count else { return false }
    for start in 0...(list.count - tag.count)
    where list[start] == tag[0] && list[start..<(start + tag.count)].elementsEqual(tag) {
      return true
    }
    return false
  }
}

/// The `accept-encoding` header (RFC 9110 §12.5.3), as far as gzip is concerned.
enum AcceptEncoding {
  /// Whether gzip is accepted and not less welcome than the plain body.
  static func prefersGzip(_ header: UnsafeRawBufferPointer) -> Bool {
    var gzip: Int?
    var plain: Int?
    var any: Int?
    var at = 0
    while at < header.count {
      var end = at
      while end < header.count, header[end] != UInt8(ascii: ",") { end += 1 }
      let element = UnsafeRawBufferPointer(rebasing: header[at..<end])
      let name = token(element)
      if name("gzip") || name("x-gzip") { gzip = max(gzip ?? 0, weight(element)) }
      if name("identity") { plain = weight(element) }
      if name("*") { any = weight(element) }
      at = end + 1
    }
    let wanted = gzip ?? any ?? 0
    return wanted > 0 && wanted >= plain ?? 0
  }

  /// Compares the name in front of the parameters with a lower-case word.
  private static func token(_ element: UnsafeRawBufferPointer) -> (StaticString) -> Bool {
    var low = 0
    while low < element.count, isBlank(element[low]) { low += 1 }
    var high = low
    while high < element.count, element[high] != UInt8(ascii: ";"), !isBlank(element[high]) { high += 1 }
    let name = element[low..<high]
    return { word in
      guard name.count == word.utf8CodeUnitCount else { return false }
      for (index, byte) in name.enumerated() {
        let isCapital = byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z")
        if (isCapital ? byte | 0x20 : byte) != word.utf8Start[index] { return false }
      }
      return true
    }
  }

  /// The `q` of an element in thousandths; 1000 when there is none, 0 when it cannot be read.
  private static func weight(_ element: UnsafeRawBufferPointer) -> Int {
    guard let mark = element.firstIndex(of: UInt8(ascii: ";")) else { return 1000 }
    let text = element[(mark + 1)...].filter { !isBlank($0) }
    guard text.count >= 3, text[0] | 0x20 == UInt8(ascii: "q"), text[1] == UInt8(ascii: "=") else { return 0 }
    var value = 0
    var unit = 1000
    for byte in text[2...] {
      if byte == UInt8(ascii: ".") { continue }
      guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return 0 }
      value += Int(byte - UInt8(ascii: "0")) * unit
      unit /= 10
    }
    return min(value, 1000)
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
}
