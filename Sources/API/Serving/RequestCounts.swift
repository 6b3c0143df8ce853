/// Requests answered by route and class of status: a fixed table, counted once per request.
///
/// One object per router. The last row is for what no route answered: unknown paths, refusals before a route.
final class RequestCounts {
  /// 1xx to 5xx.
  private static let classes = 5

  private let names: [String]
  private let counts: UnsafeMutablePointer<UInt64>
  /// Requests that wait now.
  @exclusivity(unchecked) var waiting = 0

  init(_ routes: [Route]) {
    names = routes.map(\.name) + ["none"]
    counts = .allocate(capacity: names.count * RequestCounts.classes)
    counts.initialize(repeating: 0, count: names.count * RequestCounts.classes)
  }

  deinit { counts.deallocate() }

  /// Counts an answer of the route at `index`, of none when that is negative.
  @inline(__always)
  func count(_ index: Int, status: Int) {
    let row = index < 0 ? names.count - 1 : index
    guard status >= 100, status < 600 else { return }
    counts[row * RequestCounts.classes + status / 100 - 1] &+= 1
  }

  /// What was counted at least once, by name of the route and class.
  func forEach(_ body: (_ route: String, _ status: String, _ count: UInt64) -> Void) {
    for (row, name) in names.enumerated() {
      for place in 0..<RequestCounts.classes {
        let count = counts[row * RequestCounts.classes + place]
        if count > 0 { body(name, "\(place + 1)xx", count) }
      }
    }
  }
}
