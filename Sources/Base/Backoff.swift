/// Waiting times that double from `first` to `longest`, each drawn evenly from its upper half.
///
/// The jitter keeps a crowd of clients from returning in step; the floor of one half keeps a lucky draw from
/// hammering. It never gives up: after `longest` it stays there until `reset`.
public struct Backoff: Sendable {
  /// The first wait's upper bound.
  public let first: TimeSpan
  /// The upper bound no wait passes.
  public let longest: TimeSpan
  private var attempt = 0
  private var random: PRNG

  /// Waits between `first/2` and `longest`; `seed` decides the jitter.
  public init(first: TimeSpan, longest: TimeSpan, seed: UInt64) {
    precondition(first > .zero && longest >= first)
    self.first = first
    self.longest = longest
    random = PRNG(seed: seed)
  }

  /// Failures since the last `reset`.
  public var failures: Int { attempt }

  /// The wait before the next attempt, counting one more failure.
  public mutating func next() -> TimeSpan {
    let doublings = min(attempt, 30)
    attempt += 1
    let ceiling = first.ns > longest.ns >> doublings ? longest.ns : first.ns << doublings
    return TimeSpan(ns: ceiling / 2 + Int64(random.below(Int(ceiling - ceiling / 2 + 1))))
  }

  /// Forgets the failures: the next wait is a short one again.
  public mutating func reset() { attempt = 0 }
}
