/// The forms in which answers carry times and counts.
import Base
import Wire

extension JSONWriter {
  /// `"name":value` with a whole number.
  mutating func count(_ name: StaticString, _ value: Int) {
    key(name)
    int(Int64(value))
  }

  /// A span in seconds with one decimal, as `uptime_seconds` is shown.
  mutating func tenths(_ span: TimeSpan) { decimal(raw: span.ns, scale: 9, places: 1) }

  /// `"name":value` with a span in milliseconds, to the microsecond.
  mutating func milliseconds(_ name: StaticString, _ span: TimeSpan) {
    key(name)
    decimal(raw: span.ns, scale: 6, places: 3)
  }

  /// A time in epoch seconds.
  mutating func seconds(_ time: WallTime) { decimal(raw: time.ms, scale: 3, places: 3) }

  /// `"name":"text"`; for rare paths.
  mutating func pair(_ name: StaticString, _ text: String) {
    key(name)
    string(text)
  }

  /// `"name":value`; for rare paths.
  mutating func pair(_ name: StaticString, _ value: Int64) {
    key(name)
    int(value)
  }

  /// `"name":value`, whole values without a fraction; for rare paths.
  mutating func pair(_ name: StaticString, _ value: Double) {
    key(name)
    if let whole = Int64(exactly: value) { int(whole) } else { double(value) }
  }

  /// A value that is JSON already; for rare paths.
  mutating func raw(text: String) {
    var text = text
    text.withUTF8 { raw(UnsafeRawBufferPointer($0)) }
  }
}
