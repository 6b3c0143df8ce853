// Amounts that stop counting at known later moments: the sliding window under every limit of the exchange.
//
// Amounts lie in time buckets of 250 ms, each rounded up to the next bucket's edge, so an amount is never
// dropped too early and at most 250 ms (0.4 % of a minute) too late.
// Bound: `bucketsMax` × lanes numbers, allocated once; cost: one addition to hold, amortised one per bucket
// to advance. Invariant: `held[lane]` is the sum of the lane's buckets that lie after the last `advance`.
import Base

/// A sliding window over several lanes of amounts.
struct ChargeWindow: Sendable {
  /// Width of a bucket in nanoseconds.
  static let bucketNs: UInt64 = 250_000_000
  /// Buckets kept: a horizon of 128 seconds.
  static let bucketsMax = 512
  /// The longest an amount can be held.
  static let horizon = TimeSpan(ns: Int64(bucketNs) * Int64(bucketsMax - 2))

  /// Lanes counted apart.
  let lanes: Int
  /// What each lane holds as of the last `advance`.
  private(set) var held: [Int]
  private var buckets: [Int32]
  /// The last bucket already released.
  private var released: UInt64 = 0

  init(lanes: Int) {
    precondition(lanes > 0)
    self.lanes = lanes
    held = [Int](repeating: 0, count: lanes)
    buckets = [Int32](repeating: 0, count: lanes * ChargeWindow.bucketsMax)
  }

  /// What all lanes hold together.
  var total: Int {
    var sum = 0
    for lane in 0..<lanes { sum += held[lane] }
    return sum
  }

  /// Drops what is released by `now`.
  mutating func advance(to now: Instant) {
    let current = now.ns / ChargeWindow.bucketNs
    guard current > released else { return }
    if current - released >= UInt64(ChargeWindow.bucketsMax) {
      for index in buckets.indices { buckets[index] = 0 }
      for lane in 0..<lanes { held[lane] = 0 }
      released = current
      return
    }
    while released < current {
      released += 1
      let row = ChargeWindow.row(released, lanes)
      for lane in 0..<lanes {
        held[lane] -= Int(buckets[row + lane])
        buckets[row + lane] = 0
      }
    }
  }

  /// Counts `amount` in `lane` from now until `until`; call `advance` first.
  mutating func hold(_ amount: Int, lane: Int, until: Instant) {
    precondition(amount >= 0 && amount <= 1 << 24)
    let edge = max(until.ns / ChargeWindow.bucketNs + 1, released + 1)
    precondition(edge - released < UInt64(ChargeWindow.bucketsMax), "held beyond the horizon")
    buckets[ChargeWindow.row(edge, lanes) + lane] += Int32(amount)
    held[lane] += amount
  }

  /// What `lane` gives back at bucket edge `edge`, for looking ahead.
  func given(back edge: UInt64, lane: Int) -> Int {
    guard edge > released, edge - released < UInt64(ChargeWindow.bucketsMax) else { return 0 }
    return Int(buckets[ChargeWindow.row(edge, lanes) + lane])
  }

  /// Every amount `lane` holds, with the moment it is given back.
  func forEach(lane: Int, _ body: (Instant, Int) -> Void) {
    for edge in (released + 1)..<(released + UInt64(ChargeWindow.bucketsMax)) {
      let amount = given(back: edge, lane: lane)
      if amount > 0 { body(Instant(ns: edge * ChargeWindow.bucketNs), amount) }
    }
  }

  /// The first moment after `now` at which something is given back; `never` when nothing is held.
  func nextRelease() -> Instant {
    guard total > 0 else { return .never }
    for ahead in 1..<UInt64(ChargeWindow.bucketsMax) {
      let row = ChargeWindow.row(released + ahead, lanes)
      for lane in 0..<lanes where buckets[row + lane] > 0 {
        return Instant(ns: (released + ahead) * ChargeWindow.bucketNs)
      }
    }
    return .never
  }

  private static func row(_ edge: UInt64, _ lanes: Int) -> Int { Int(edge % UInt64(bucketsMax)) * lanes }
}
