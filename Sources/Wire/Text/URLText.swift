/// Percent-decoding, and the pairs of a query string, as the replaced service's framework reads them.
///
/// An escape that is none (`%`, `%4`, `%zz`) stays as it is; `+` is a blank in queries only. Nothing here allocates
/// but the caller's buffer. Bounds: decoded text is never longer than its source; `QueryReader.pairsMax` pairs.
public import Base

/// Decoding of percent-encoded text.
public enum URLText {
  /// Appends `text` decoded to `out`; answers whether what was appended is UTF-8. `text` must not lie in `out`.
  @discardableResult
  public static func decode(
    _ text: UnsafeRawBufferPointer, plusIsSpace: Bool, into out: ByteBuffer
  ) -> Bool {
    let target = out.reserve(text.count)
    var written = 0
    var index = 0
    var isASCII = true
    while index < text.count {
      let byte = next(text, &index, plusIsSpace)
      if byte >= 0x80 { isASCII = false }
      target.storeBytes(of: byte, toByteOffset: written, as: UInt8.self)
      written &+= 1
    }
    out.commit(written)
    return isASCII || UTF8Check.isValid(UnsafeRawBufferPointer(start: target, count: written))
  }

  /// The decoded byte at `index`, moving behind what it is written with; a `%` without two hex digits is itself.
  @inline(__always)
  private static func next(_ text: UnsafeRawBufferPointer, _ index: inout Int, _ plusIsSpace: Bool) -> UInt8 {
    let byte = text[index]
    index &+= 1
    if byte == UInt8(ascii: "%"), index &+ 1 < text.count {
      let high = HTTPText.hexValue(text[index])
      let low = HTTPText.hexValue(text[index &+ 1])
      guard high >= 0, low >= 0 else { return byte }
      index &+= 2
      return UInt8(truncatingIfNeeded: high << 4 | low)
    }
    return plusIsSpace && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte
  }

  /// Whether `text`, decoded, is `name`; without writing it anywhere.
  public static func decodes(_ text: UnsafeRawBufferPointer, plusIsSpace: Bool, to name: String) -> Bool {
    var name = name
    return name.withUTF8 { wanted in
      var index = 0
      var at = 0
      while index < text.count {
        let byte = next(text, &index, plusIsSpace)
        guard at < wanted.count, wanted[at] == byte else { return false }
        at &+= 1
      }
      return at == wanted.count
    }
  }
}

/// The pairs of a query string in the order they were sent, still encoded.
///
/// Pairs are separated by `&`, name and value by the first `=`; empty pairs are skipped; a pair without `=` has an
/// empty value. Which of a repeated name counts is the caller's rule.
public struct QueryReader {
  /// The most pairs; the rest is not looked at and `isCut` says so.
  public static let pairsMax = 256

  /// One pair, views into the query.
  public struct Pair {
    /// The name, encoded.
    public let name: UnsafeRawBufferPointer
    /// The value, encoded; empty when there is none.
    public let value: UnsafeRawBufferPointer
    /// Whether there was a `=`.
    public let hasValue: Bool
  }

  private let query: UnsafeRawBufferPointer
  private var at = 0
  private var pairs = 0
  /// Whether pairs beyond `pairsMax` were left out.
  public private(set) var isCut = false

  /// A reader over `query`, the text behind the `?`.
  public init(_ query: UnsafeRawBufferPointer) { self.query = query }

  /// The next pair; `nil` at the end.
  public mutating func next() -> Pair? {
    while at < query.count {
      let low = at
      var high = low
      var equals = -1
      while high < query.count, query[high] != UInt8(ascii: "&") {
        if equals < 0, query[high] == UInt8(ascii: "=") { equals = high }
        high &+= 1
      }
      at = high &+ 1
      if high == low { continue }
      guard pairs < QueryReader.pairsMax else {
        isCut = true
        at = query.count
        return nil
      }
      pairs &+= 1
      let nameEnd = equals < 0 ? high : equals
      let valueAt = equals < 0 ? high : equals &+ 1
      return Pair(
        name: UnsafeRawBufferPointer(rebasing: query[low..<nameEnd]),
        value: UnsafeRawBufferPointer(rebasing: query[valueAt..<high]), hasValue: equals >= 0)
    }
    return nil
  }
}
