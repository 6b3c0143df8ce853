/// The register of metrics: the areas' lists, in the order of the answer.
import Base

extension Metric {
  /// Every family.
  static let all: [Metric] = process + http + exchange + accounts + storage

  /// Writes what of them there is now.
  static func writeAll(_ call: RouteCall, to out: ByteBuffer) {
    for metric in all {
      var samples = MetricSamples(metric, out)
      metric.write(call, &samples)
    }
  }
}
