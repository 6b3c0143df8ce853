import Base
import Wire

extension FuzzTarget {
  /// Any bytes as a decimal: coarser scales agree with finer ones, doubles print and read back.
  public static let decimal = FuzzTarget("decimal") { bytes in
    let exact = value(bytes, 8, .refuse)
    let rounded = value(bytes, 8, .halfAway)
    if let exact { precondition(rounded == exact) }
    if rounded != nil { precondition(DecimalText.isDecimal(bytes)) }
    if let exact, let wider = value(bytes, 9, .refuse) { precondition(wider == exact * 10) }
    if let exact {
      // Printed with all its decimals it is the nearest double's text, which reads back as that double.
      let text = ByteBuffer()
      DoubleText.appendDecimal(raw: exact, scale: 8, places: 8, to: text)
      precondition(DoubleText.parse(text.bytes) != nil)
      if exact.magnitude < 1_000_000_000_000_000 { precondition(value(text.bytes, 8, .refuse) == exact) }
    }
    if DecimalText.isDecimal(bytes), let double = DoubleText.parse(bytes) {
      let text = ByteBuffer()
      DoubleText.append(double, to: text)
      precondition(DoubleText.parse(text.bytes)?.bitPattern == double.bitPattern)
    }
  }

  private static func value(
    _ bytes: UnsafeRawBufferPointer, _ scale: Int, _ rounding: DecimalRounding
  ) -> Int64? {
    do throws(DecimalText.Failure) {
      return try DecimalText.parse(bytes, scale: scale, rounding: rounding)
    } catch { return nil }
  }
}
