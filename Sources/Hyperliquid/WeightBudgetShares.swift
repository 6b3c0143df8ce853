// Who is admitted: guaranteed shares, lending, turns, the ramp after a 429, and the look-ahead that says when.
public import Base

extension WeightBudget {
  /// What every class has charged, in flight or held; the state an admission is judged by.
  struct Usage {
    var perClass: [Int]
    var total: Int

    init(_ budget: WeightBudget) {
      perClass = budget.reserved
      total = 0
      for rank in perClass.indices {
        perClass[rank] += budget.window.held[rank]
        total += perClass[rank]
      }
    }
  }

  /// The earliest moment at which `weight` of `cls` would be admitted if nothing else happened; `never` when
  /// it needs a ticket to be settled first. Does not count as asking.
  public func nextAdmission(_ cls: WeightClass, weight: Int, now: Instant) -> Instant {
    guard weight <= limit else { return .never }
    var ahead = self
    ahead.window.advance(to: now)
    guard ahead.hasRoomInFlight(cls.rank) else { return .never }
    var usage = Usage(ahead)
    if ahead.admits(cls.rank, weight, usage, at: now) { return now }
    // Nothing is admitted while stopped, so the look-ahead may begin there; what is released till then counts.
    let first = now.ns / ChargeWindow.bucketNs + 1
    let pauseEdge = ahead.pausedUntil.ns / ChargeWindow.bucketNs
    let last = max(first, pauseEdge) + UInt64(ChargeWindow.bucketsMax)
    var edge = first
    while edge <= last {
      let moment = Instant(ns: edge * ChargeWindow.bucketNs)
      // Only what is given back, a growing limit or hunger that passes can change the answer.
      var isDifferent = ahead.pausedAt != nil
      for rank in usage.perClass.indices {
        let back = ahead.window.given(back: edge, lane: rank)
        usage.perClass[rank] -= back
        usage.total -= back
        let passed = moment - ahead.hungryUntil[rank]
        if back > 0 || (passed >= .zero && passed.ns < Int64(ChargeWindow.bucketNs)) { isDifferent = true }
      }
      if isDifferent, ahead.admits(cls.rank, weight, usage, at: moment) { return moment }
      edge += 1
    }
    return .never
  }

  /// Whether a request of `rank` may take a slot: every other class keeps one free for its first.
  func hasRoomInFlight(_ rank: Int) -> Bool {
    var open = 0
    var owed = 0
    for other in flying.indices {
      open += flying[other]
      if other != rank, flying[other] == 0 { owed += 1 }
    }
    if isProbing { return open == 0 }
    return open + (flying[rank] == 0 ? 0 : owed) < inFlightMax
  }

  /// The rule of admission at moment `at` for the given usage.
  func admits(_ rank: Int, _ weight: Int, _ usage: Usage, at moment: Instant) -> Bool {
    let limit = limit(at: moment)
    guard usage.total + weight <= limit else { return false }
    if let turn, turn != rank, isHungry(turn, at: moment) { return false }
    if turn == rank || usage.perClass[rank] + weight <= share(rank, limit) { return true }
    var owed = 0
    for other in shares.indices where other != rank {
      let hungry = isHungry(other, at: moment)
      if hungry, other < rank { return false }
      let kept = hungry ? share(other, limit) : limit * helds[other] / 100
      owed += max(0, kept - usage.perClass[other])
    }
    return usage.total + weight + owed <= limit
  }

  /// What may be charged at `moment`: nothing while stopped, then growing from a quarter to the whole.
  func limit(at moment: Instant) -> Int {
    guard pausedAt != nil else { return limit }
    guard moment >= pausedUntil else { return 0 }
    let since = moment - pausedUntil
    guard since < WeightBudget.ramp else { return limit }
    return limit / 4 + Int(Double(limit - limit / 4) * since.seconds / WeightBudget.ramp.seconds)
  }

  func share(_ rank: Int, _ limit: Int) -> Int { limit * shares[rank] / 100 }

  func isHungry(_ rank: Int, at moment: Instant) -> Bool {
    hungrySince[rank] != .never && hungryUntil[rank] > moment
  }
}
