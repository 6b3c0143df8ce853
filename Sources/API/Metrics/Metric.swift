/// One family of `/metrics`: name, kind, help and where its value comes from.
///
/// Each is a value in the list of its area (`ProcessMetrics.swift` and the other files beside it), all areas are listed
/// in `MetricList.swift`. Rules, held by a test: names begin with `hynous_` and carry base units (seconds, bytes); counters
/// end in `_total`; a family whose component is disabled is absent altogether; the values of a label are a fixed set.
import Base

struct Metric: Sendable {
  enum Kind {
    case counter, gauge, histogram

    var word: StaticString {
      switch self {
      case .counter: "counter"
      case .gauge: "gauge"
      case .histogram: "histogram"
      }
    }
  }

  let name: StaticString
  let kind: Kind
  /// One sentence without a full stop.
  let help: StaticString
  let write: @Sendable (RouteCall, inout MetricSamples) -> Void

  init(
    _ kind: Kind, _ name: StaticString, _ help: StaticString,
    write: @escaping @Sendable (RouteCall, inout MetricSamples) -> Void
  ) {
    self.name = name
    self.kind = kind
    self.help = help
    self.write = write
  }

  /// A family of one sample; absent while `read` answers nil.
  static func counter(
    _ name: StaticString, _ help: StaticString, _ read: @escaping @Sendable (Views) -> Int?
  ) -> Metric {
    Metric(.counter, name, help) { call, samples in
      if let value = read(call.views) { samples.add(value) }
    }
  }

  /// A family of one sample; absent while `read` answers nil.
  static func gauge(
    _ name: StaticString, _ help: StaticString, _ read: @escaping @Sendable (Views) -> Int?
  ) -> Metric {
    Metric(.gauge, name, help) { call, samples in
      if let value = read(call.views) { samples.add(value) }
    }
  }

  /// A family of one sample, 0 or 1; absent while `read` answers nil.
  static func flag(
    _ name: StaticString, _ help: StaticString, _ read: @escaping @Sendable (Views) -> Bool?
  ) -> Metric {
    Metric(.gauge, name, help) { call, samples in
      if let value = read(call.views) { samples.add(value ? 1 : 0) }
    }
  }

  /// A family of one sample, in seconds; absent while `read` answers nil.
  static func seconds(
    _ name: StaticString, _ help: StaticString, _ kind: Kind = .gauge,
    _ read: @escaping @Sendable (Views) -> TimeSpan?
  ) -> Metric {
    Metric(kind, name, help) { call, samples in
      if let value = read(call.views) { samples.add(value) }
    }
  }
}
