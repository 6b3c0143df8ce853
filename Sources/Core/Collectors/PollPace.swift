import Base
import Hyperliquid

// In which order due polls go out, and how fast.
//
// Spending a minute's weight in ten seconds would leave nothing for the fifty after, and an account that wants its poll
// every 30 seconds would get it every 60. So polls are spread evenly at the rate the budget sustains; what is urgent
// (watched wallets, tier 1) may run ahead of that rate, what is not waits for it, but never below its guaranteed share.

/// The pace of polls of equal weight: one common rate, and a guaranteed part of it for what is not urgent.
struct PollPace {
  /// How far urgent polls may run ahead of the rate.
  static let urgentAhead = TimeSpan.seconds(10)
  /// How far other polls may.
  static let ordinaryAhead = TimeSpan.seconds(1)

  /// Between two polls at the full rate, and at the guaranteed part.
  private(set) var gap = TimeSpan.zero
  private(set) var guaranteedGap = TimeSpan.zero
  /// When the polls sent so far would have been over at that rate.
  private var paidUntil = Instant.zero
  private var guaranteedUntil = Instant.zero

  /// The pace at which polls of `weight` use up `limit` per window; others are guaranteed `sharePct` of it.
  init(limit: Int, weight: Int, sharePct: Int) {
    configure(limit: limit, weight: weight, sharePct: sharePct)
  }

  /// Changes the pace; what was sent stays paid for as it was.
  mutating func configure(limit: Int, weight: Int, sharePct: Int) {
    // A little more than the window passes until a request's weight is given back.
    let window = WeightBudget.holdAfterReply + .milliseconds(250)
    gap = TimeSpan(ns: window.ns / Int64(max(1, limit / weight)))
    guaranteedGap = TimeSpan(ns: window.ns / Int64(max(1, limit * sharePct / 100 / weight)))
  }

  /// When the next poll may go.
  func allowedAt(isUrgent: Bool) -> Instant {
    if isUrgent { return paidUntil - PollPace.urgentAhead }
    return min(paidUntil - PollPace.ordinaryAhead, guaranteedUntil - PollPace.ordinaryAhead)
  }

  mutating func sent(isUrgent: Bool, now: Instant) {
    paidUntil = max(paidUntil, now) + gap
    if !isUrgent { guaranteedUntil = max(guaranteedUntil, now) + guaranteedGap }
  }
}

/// Turns among groups that are all due: each gets its share, none waits for ever. Deterministic.
struct PollTurns {
  private let shares: [Int]
  private var credits: [Int]

  /// Groups with these shares.
  init(shares: [Int]) {
    self.shares = shares
    credits = shares.map { _ in 0 }
  }

  /// Whose turn it is among those `isDue`; nil when none is. Takes nothing: `take` does.
  func next(_ isDue: (Int) -> Bool) -> Int? {
    var best: Int?
    for index in shares.indices where isDue(index) {
      if best.map({ credits[index] + shares[index] > credits[$0] + shares[$0] }) ?? true { best = index }
    }
    return best
  }

  /// Notes that `taken` had its turn while `isDue` says who wanted one.
  mutating func take(_ taken: Int, _ isDue: (Int) -> Bool) {
    var sum = 0
    for index in shares.indices {
      if index == taken || isDue(index) {
        credits[index] += shares[index]
        sum += shares[index]
      } else {
        // Who has nothing to do saves nothing up.
        credits[index] = 0
      }
    }
    credits[taken] -= sum
  }
}
