/// Looking through the engines for broken invariants; for the simulator's oracles.
import Engines

extension Core {
  /// The first broken invariant of what the daemon knows, in words; `nil` when all is well. Takes time in proportion to
  /// the trades and positions held.
  public func brokenInvariant() -> String? {
    if let broken = knowledge.orderFlow.brokenInvariant() { return "order flow: \(broken)" }
    if let broken = knowledge.positions.brokenInvariant() { return "positions: \(broken)" }
    return knowledge.heatmap?.brokenInvariant()
  }
}
