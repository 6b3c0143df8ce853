/// The `date` of answers: known moments, every day of the calendar against the system's, both ends of the range.
import Base
import Glibc
import Testing
import Wire

@Suite("HTTP date")
struct HTTPDateTests {
  private static func line(_ ms: Int64) -> String {
    var date = HTTPDate()
    return String(decoding: date.line(WallTime(ms: ms)), as: UTF8.self)
  }

  @Test(
    "known moments",
    arguments: [
      (0, "Thu, 01 Jan 1970 00:00:00"), (784_111_777_000, "Sun, 06 Nov 1994 08:49:37"),
      (951_782_399_999, "Mon, 28 Feb 2000 23:59:59"), (951_782_400_000, "Tue, 29 Feb 2000 00:00:00"),
      (-1, "Wed, 31 Dec 1969 23:59:59"), (1_795_392_000_000, "Mon, 23 Nov 2026 00:00:00"),
      (4_107_542_400_000, "Mon, 01 Mar 2100 00:00:00"), (-62_167_219_200_000, "Sat, 01 Jan 0000 00:00:00"),
      (Int64.min, "Sat, 01 Jan 0000 00:00:00"), (Int64.max, "Fri, 31 Dec 9999 23:59:59"),
    ] as [(Int64, String)])
  func known(_ ms: Int64, _ text: String) { #expect(HTTPDateTests.line(ms) == "date: \(text) GMT\r\n") }

  @Test("every day of eight centuries, as the system prints it")
  func days() {
    var date = HTTPDate()
    let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
    var wrong: [String] = []
    for day in -100_000..<190_000 {
      // Another time of each day.
      var second = day * 86_400 + (day * 7919 % 86_400 + 86_400) % 86_400
      var parts = tm()
      gmtime_r(&second, &parts)
      let expected =
        "date: \(weekdays[Int(parts.tm_wday)]), \(two(parts.tm_mday)) \(months[Int(parts.tm_mon)]) "
        + "\(parts.tm_year + 1900) \(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)) GMT\r\n"
      let printed = String(decoding: date.line(WallTime(ms: Int64(second) * 1000)), as: UTF8.self)
      if printed != expected { wrong.append("\(second): \(printed) is not \(expected)") }
    }
    #expect(wrong.isEmpty, "\(wrong.prefix(3))")
  }
}
