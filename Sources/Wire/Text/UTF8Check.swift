/// Whether bytes are well-formed UTF-8.
public enum UTF8Text {
  /// True for well-formed UTF-8 (no overlong forms, no surrogates, nothing above U+10FFFF); ASCII runs are passed
  /// over eight bytes at a time.
  public static func isValid(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let start = bytes.baseAddress else { return true }
    let count = bytes.count
    let text = start.assumingMemoryBound(to: UInt8.self)
    var at = 0
    while at < count {
      while at + 8 <= count,
        start.loadUnaligned(fromByteOffset: at, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
      {
        at += 8
      }
      guard at < count else { break }
      if text[at] < 0x80 {
        at += 1
        continue
      }
      let length = utf8SequenceLength(text + at, count - at)
      if length == 0 { return false }
      at += length
    }
    return true
  }
}
