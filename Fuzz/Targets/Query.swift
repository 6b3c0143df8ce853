import Base
import Wire

extension FuzzTarget {
  /// Bytes → pairs and decoded text, beside a plain decoder and a plain splitter; the verdict on UTF-8 is the standard
  /// library's, comparing without writing agrees with writing, pairs lie in the query in order.
  public static let query = FuzzTarget("query") { bytes in
    var reader = QueryReader(bytes)
    let out = ByteBuffer()
    var pairs = 0
    var end = bytes.baseAddress
    while let pair = reader.next() {
      pairs += 1
      precondition(pairs <= QueryReader.pairsMax)
      for part in [pair.name, pair.value] { checkDecoding(part, out) }
      if let base = pair.name.baseAddress, let last = end {
        precondition(base >= last)
        end = base + pair.name.count
      }
      precondition(pair.hasValue || pair.value.isEmpty)
    }
    checkDecoding(bytes, out)
    checkPairs(bytes)
  }

  /// The pairs are those between the ampersands, cut at the first equals sign.
  private static func checkPairs(_ bytes: UnsafeRawBufferPointer) {
    let parts = bytes.split(separator: UInt8(ascii: "&"))
    var reader = QueryReader(bytes)
    for part in parts.prefix(QueryReader.pairsMax) {
      guard let pair = reader.next() else { preconditionFailure("a pair is missing") }
      let name = part.prefix { $0 != UInt8(ascii: "=") }
      precondition(pair.name.elementsEqual(name), "another name")
      precondition(pair.hasValue == (name.count < part.count), "another sign")
      precondition(pair.value.elementsEqual(part.dropFirst(name.count + 1)), "another value")
    }
    let isOver = reader.next() == nil
    precondition(isOver && reader.isCut == (parts.count > QueryReader.pairsMax), "pairs beyond the bound")
  }

  /// Decoded by searching for escapes from the left.
  private static func plainlyDecoded(_ source: UnsafeRawBufferPointer, _ plusIsSpace: Bool) -> [UInt8] {
    func digit(_ at: Int) -> UInt8? {
      at < source.count ? Character(Unicode.Scalar(source[at])).hexDigitValue.map { UInt8($0) } : nil
    }
    var decoded: [UInt8] = []
    var at = 0
    while at < source.count {
      if source[at] == UInt8(ascii: "%"), let high = digit(at + 1), let low = digit(at + 2) {
        decoded.append(high << 4 | low)
        at += 3
        continue
      }
      decoded.append(plusIsSpace && source[at] == UInt8(ascii: "+") ? UInt8(ascii: " ") : source[at])
      at += 1
    }
    return decoded
  }

  private static func checkDecoding(_ source: UnsafeRawBufferPointer, _ out: ByteBuffer) {
    for plusIsSpace in [false, true] {
      out.removeAll()
      let isUTF8 = URLText.decode(source, plusIsSpace: plusIsSpace, into: out)
      precondition(out.count <= source.count)
      precondition(out.bytes.elementsEqual(plainlyDecoded(source, plusIsSpace)), "decodes to something else")
      let text = String(validating: out.bytes, as: UTF8.self)
      precondition(isUTF8 == (text != nil), "another verdict on UTF-8")
      precondition(UTF8Text.isValid(out.bytes) == isUTF8)
      if let text {
        precondition(URLText.decodes(source, plusIsSpace: plusIsSpace, to: text), "decodes to something else")
        precondition(!URLText.decodes(source, plusIsSpace: plusIsSpace, to: text + "x"))
      }
    }
  }
}
