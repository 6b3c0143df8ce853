/// The length of the well-formed UTF-8 sequence at `at` (1…4), or 0 when there is none within `available` bytes.
///
/// Well-formed as in Unicode 16, table 3-7: no overlong forms, no surrogates, nothing above U+10FFFF.
@usableFromInline
func utf8SequenceLength(_ at: UnsafePointer<UInt8>, _ available: Int) -> Int {
  guard available > 0 else { return 0 }
  func isTail(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }
  let lead = at[0]
  switch lead {
  case 0..<0x80: return 1
  case 0xC2...0xDF: return available >= 2 && isTail(at[1]) ? 2 : 0
  case 0xE0...0xEF:
    guard available >= 3, isTail(at[1]), isTail(at[2]) else { return 0 }
    if lead == 0xE0 && at[1] < 0xA0 || lead == 0xED && at[1] > 0x9F { return 0 }
    return 3
  case 0xF0...0xF4:
    guard available >= 4, isTail(at[1]), isTail(at[2]), isTail(at[3]) else { return 0 }
    if lead == 0xF0 && at[1] < 0x90 || lead == 0xF4 && at[1] > 0x8F { return 0 }
    return 4
  default: return 0
  }
}
