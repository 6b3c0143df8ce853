import Base
import Wire

extension FuzzTarget {
  /// Bytes → pairs and decoded text: decoded text is never longer than its source, the verdict on UTF-8 is the
  /// standard library's, comparing without writing agrees with writing, pairs lie in the query in order.
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
  }

  private static func checkDecoding(_ source: UnsafeRawBufferPointer, _ out: ByteBuffer) {
    for plusIsSpace in [false, true] {
      out.removeAll()
      let isUTF8 = URLText.decode(source, plusIsSpace: plusIsSpace, into: out)
      precondition(out.count <= source.count)
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
