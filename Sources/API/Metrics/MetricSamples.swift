/// Writes the samples of one family in the Prometheus text format 0.0.4, its HELP and TYPE lines before the first.
import Base
import Wire

struct MetricSamples {
  /// A label of a sample. Its value is escaped; of values there must be few.
  typealias Label = (name: StaticString, value: String)

  private let metric: Metric
  private let out: ByteBuffer
  private var hasHead = false

  init(_ metric: Metric, _ out: ByteBuffer) {
    self.metric = metric
    self.out = out
  }

  /// A whole number.
  mutating func add(_ value: Int, _ first: Label? = nil, _ second: Label? = nil) {
    begin("", first, second)
    if value < 0 { out.append("-") }
    DoubleText.appendDigits(UInt64(value.magnitude), to: out)
    out.append("\n")
  }

  /// A time in seconds.
  mutating func add(_ value: TimeSpan, _ first: Label? = nil, _ second: Label? = nil) {
    begin("", first, second)
    MetricSamples.append(value, out)
    out.append("\n")
  }

  /// A histogram's buckets, sum and count.
  mutating func add(_ durations: DurationCounts) {
    var total: UInt64 = 0
    for (index, count) in durations.counts.enumerated() {
      total &+= count
      begin("_bucket{le=\"")
      if index < DurationCounts.boundsNs.count {
        MetricSamples.append(TimeSpan(ns: Int64(clamping: DurationCounts.boundsNs[index])), out)
      } else {
        out.append("+Inf")
      }
      out.append("\"} ")
      DoubleText.appendDigits(total, to: out)
      out.append("\n")
    }
    begin("_sum ")
    MetricSamples.append(TimeSpan(ns: Int64(clamping: durations.sumNs)), out)
    out.append("\n")
    begin("_count ")
    DoubleText.appendDigits(total, to: out)
    out.append("\n")
  }

  /// Name, labels and the blank before the value.
  private mutating func begin(_ suffix: StaticString, _ first: Label?, _ second: Label?) {
    begin(suffix)
    if let first {
      out.append("{")
      append(first)
      if let second {
        out.append(",")
        append(second)
      }
      out.append("}")
    }
    out.append(" ")
  }

  /// The head, unless it stands; the name and `text` behind it.
  private mutating func begin(_ text: StaticString) {
    if !hasHead {
      hasHead = true
      out.append("# HELP ")
      out.append(metric.name)
      out.append(" ")
      out.append(metric.help)
      out.append("\n# TYPE ")
      out.append(metric.name)
      out.append(" ")
      out.append(metric.kind.word)
      out.append("\n")
    }
    out.append(metric.name)
    out.append(text)
  }

  private func append(_ label: Label) {
    out.append(label.name)
    out.append("=\"")
    for byte in label.value.utf8 {
      switch byte {
      case UInt8(ascii: "\\"): out.append("\\\\")
      case UInt8(ascii: "\""): out.append("\\\"")
      case UInt8(ascii: "\n"): out.append("\\n")
      default: out.append(byte)
      }
    }
    out.append("\"")
  }

  /// Exact to the nanosecond, as far as a double can tell.
  private static func append(_ value: TimeSpan, _ out: ByteBuffer) {
    DoubleText.appendDecimal(raw: value.ns, scale: 9, places: 9, to: out)
  }
}
