/// The moment of an answer, as every answer but an interim one has to tell it (RFC 9110 §6.6.1), printed once a second.
///
/// Bound: years 0000 to 9999; moments outside are told as the nearest inside.
public import Base

/// The `date` header line of the moment at hand.
public struct HTTPDate: ~Copyable {
  private static let weekdays: StaticString = "SunMonTueWedThuFriSat"
  private static let months: StaticString = "JanFebMarAprMayJunJulAugSepOctNovDec"
  /// Seconds from the epoch to the first and the last second that can be told.
  private static let seconds: ClosedRange<Int64> = -62_167_219_200...253_402_300_799

  private let line = ByteBuffer(capacity: 64)
  private var second = Int64.min

  /// Nothing printed yet.
  public init() {}

  /// `date: Sun, 06 Nov 1994 08:49:37 GMT` with its CRLF, for `now`; valid until the next call.
  @inline(__always)
  public mutating func line(_ now: WallTime) -> UnsafeRawBufferPointer {
    let at = now.ms / 1000 - (now.ms % 1000 < 0 ? 1 : 0)
    if at != second { print(at) }
    return line.bytes
  }

  @inline(never)
  private mutating func print(_ at: Int64) {
    second = at
    let clamped = min(max(at, HTTPDate.seconds.lowerBound), HTTPDate.seconds.upperBound)
    // Days since 1 March 0000, which begins a cycle of 400 years of 146,097 days.
    let days = Int(clamped - HTTPDate.seconds.lowerBound) / 86_400 - 60
    let time = Int(clamped - HTTPDate.seconds.lowerBound) % 86_400
    let cycle = days >= 0 ? days / 146_097 : -1
    let day = days - cycle * 146_097
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365
    let dayOfYear = day - (365 * year + year / 4 - year / 100)
    // Months from March on.
    let month = (5 * dayOfYear + 2) / 153
    let isNextYear = month >= 10
    line.removeAll()
    line.append("date: ")
    // 1 January 0000 was a Saturday.
    name(HTTPDate.weekdays, (days + 60 + 6) % 7)
    line.append(", ")
    digits(dayOfYear - (153 * month + 2) / 5 + 1, 2)
    line.append(" ")
    name(HTTPDate.months, isNextYear ? month - 10 : month + 2)
    line.append(" ")
    digits(year + cycle * 400 + (isNextYear ? 1 : 0), 4)
    line.append(" ")
    digits(time / 3600, 2)
    line.append(":")
    digits(time / 60 % 60, 2)
    line.append(":")
    digits(time % 60, 2)
    line.append(" GMT\r\n")
  }

  private func name(_ names: StaticString, _ index: Int) {
    line.append(UnsafeRawBufferPointer(start: names.utf8Start + index * 3, count: 3))
  }

  private func digits(_ value: Int, _ count: Int) {
    var scale = count == 4 ? 1000 : 10
    while scale > 0 {
      line.append(UInt8(truncatingIfNeeded: value / scale % 10) + UInt8(ascii: "0"))
      scale /= 10
    }
  }
}
