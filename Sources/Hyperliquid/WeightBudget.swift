// The REST budget: what may be asked now, by whom, and when a refused one may ask again.
//
// Why no 60-second window of the exchange ever sees more than the limit, whatever the network does: the
// exchange counts a request at a moment t that we do not know, somewhere between our reserving it (r) and our
// seeing its reply, failure or timeout (p). We count it from r until p + 60 s, hence during all of
// [t, t + 60 s). Take any window [a, a + 60 s) and the latest t* of the requests counted in it: every one of
// them is still counted here at t*. So their sum is at most our sum at t*, which `acquire` keeps within the
// limit. Latency cancels out; only the worst case of the items must be reserved beforehand.
//
// Sharing: a class is admitted inside its guaranteed share whenever the sum allows; beyond it only from
// what nobody is owed: the whole unused share of a class that was refused lately ("hungry"), and the `heldPct`
// of every class. So a borrower can delay a class by one window at most, and never starve it. A request
// greater than its class's whole share gets a turn of its own after a window of waiting; an urgent class has its turn
// at once, as long as it stays within its share.
//
// Bounds: `inFlightMax` requests; no queue at all (the caller keeps its own and asks again at the answered
// moment). 429 stops everything for a jittered, growing while, then one request probes, then the limit
// grows back over `ramp`.
public import Base

/// A budget of REST weight with guaranteed shares. A value: deterministic from its seed and the calls.
public struct WeightBudget: Sendable {
  /// A reserved request; settle it exactly once.
  public struct Ticket: Hashable, Sendable {
    let slot: UInt16
    let generation: UInt32
  }

  /// What `acquire` answers.
  public enum Admission: Hashable, Sendable {
    /// Send it now; settle the ticket when it ends.
    case admitted(Ticket)
    /// Ask again then, or when any ticket was settled; `never` means only the latter.
    case wait(until: Instant)
    /// The request is greater than the whole budget.
    case impossible
  }

  /// How a request ended.
  public enum Outcome: Hashable, Sendable {
    /// Answered with 200; the items it returned weigh this much (0 when the type has no surcharge).
    case answered(itemWeight: Int)
    /// Answered with an error status other than 429: the base weight counts, no items came.
    case refused
    /// No complete answer (timeout, broken connection): everything reserved counts, and some seconds longer,
    /// because the request may still be on its way to the exchange.
    case lost
    /// Answered with 429; `retryAfter` if the header came.
    case tooMany(retryAfter: TimeSpan?)
  }

  /// Budget numbers for `/v1/stats` and metrics.
  public struct Stats: Hashable, Sendable {
    /// Weight that could be admitted this moment; negative while in debt.
    public var available = 0
    /// Weight held now: that of the last minute, and what is reserved for requests in flight.
    public var used = 0
    /// The effective budget per minute: maxWeightPerMin × safetyPct.
    public var max = 0
    /// Weight charged since start, after refunds and debts.
    public var totalAcquired = 0
    /// Seconds requests spent waiting for admission since start.
    public var totalWaitedS = 0.0
    /// Requests in flight.
    public var inFlight = 0
    /// 429 answers since start.
    public var tooMany = 0
    /// Requests that ended `lost` since start, tickets that expired included.
    public var lost = 0
    /// Weight that came unreserved since start.
    public var debts = 0
  }

  /// How long after the reply a request still counts: the exchange's window and a little for its timer.
  public static let holdAfterReply = Venue.weightWindow + .milliseconds(500)
  /// How long a lost request still counts.
  public static let holdAfterLoss = holdAfterReply + .seconds(15)
  /// A ticket nobody settled counts as lost after this long: a caller's slip must not freeze everything.
  public static let ticketLifeMax = TimeSpan.seconds(120)
  /// The time from a quarter of the limit back to the whole after a stop.
  public static let ramp = TimeSpan.seconds(60)
  /// The greatest surcharge believed; an answer with more rows does not exist.
  public static let itemWeightMax = 100_000
  /// The most requests in flight that can be configured.
  public static let inFlightCeiling = 256

  struct Slot: Sendable {
    var generation: UInt32 = 0
    var isOpen = false
    var rank: Int = 0
    var base: Int = 0
    var items: Int = 0
    var opened: Instant = .zero
  }

  /// The effective budget per 60 seconds.
  public private(set) var limit: Int
  /// The most requests in flight.
  public private(set) var inFlightMax: Int
  /// Requests that may be in flight now: more than `inFlightMax` after that was lowered.
  public var slotCount: Int { slots.count }
  let shares: [Int]
  let helds: [Int]
  var window: ChargeWindow
  var reserved: [Int]
  var flying: [Int]
  var slots: [Slot]
  var hungryUntil: [Instant]
  var hungrySince: [Instant]
  var turn: Int?
  var pausedUntil: Instant = .zero
  var pausedAt: Instant?
  var isProbing = false
  var backoff: Backoff
  var counters = Stats()
  var nextExpiry: Instant = .never

  /// A budget of floor(`weightPerMinMax` × `safetyPct` %) over the `classes`.
  public init(
    weightPerMinMax: Int = Venue.weightPerMinMax, safetyPct: Double = Double(Venue.safetyPct),
    classes: [WeightClass] = WeightClass.all, inFlightMax: Int, seed: UInt64
  ) {
    precondition(!classes.isEmpty && classes.reduce(0) { $0 + $1.sharePct } <= 100)
    limit = WeightBudget.limit(weightPerMinMax, safetyPct)
    self.inFlightMax = WeightBudget.slots(inFlightMax, classes: classes.count)
    shares = classes.map { $0.sharePct }
    helds = classes.map { min($0.heldPct, $0.sharePct) }
    window = ChargeWindow(lanes: classes.count)
    reserved = classes.map { _ in 0 }
    flying = reserved
    slots = [Slot](repeating: Slot(), count: self.inFlightMax)
    hungryUntil = classes.map { _ in .zero }
    hungrySince = classes.map { _ in .never }
    backoff = Backoff(
      first: Venue.refusalBackoffFirst, longest: Venue.refusalBackoffLongest, seed: seed)
    counters.max = limit
  }

  /// Changes the limits of a budget in use; what is charged and in flight stays so. Below a lowered limit the sum
  /// comes within a window, and nothing is admitted before.
  public mutating func configure(weightPerMinMax: Int, safetyPct: Double, inFlightMax: Int) {
    limit = WeightBudget.limit(weightPerMinMax, safetyPct)
    counters.max = limit
    self.inFlightMax = WeightBudget.slots(inFlightMax, classes: shares.count)
    // Never fewer: some of them may be taken.
    while slots.count < self.inFlightMax { slots.append(Slot()) }
  }

  private static func limit(_ weightPerMinMax: Int, _ safetyPct: Double) -> Int {
    precondition(weightPerMinMax >= 0 && weightPerMinMax <= 1 << 20 && (0...100).contains(safetyPct))
    return Int(Double(weightPerMinMax) * safetyPct / 100)
  }

  private static func slots(_ inFlightMax: Int, classes: Int) -> Int {
    min(max(inFlightMax, classes), inFlightCeiling)
  }

  /// Reserves `base` + `items` (the most its answer can add) for a request of `cls`, or says when to ask again.
  ///
  /// A refusal makes the class hungry: what it is guaranteed is not lent until it was served or has not asked
  /// for a second beyond the answered moment.
  public mutating func acquire(_ cls: WeightClass, base: Int, items: Int = 0, now: Instant) -> Admission {
    precondition(base >= 0 && items >= 0)
    settleExpired(now)
    window.advance(to: now)
    let weight = base + items
    guard weight <= limit else { return .impossible }
    passTurn(now)
    let rank = cls.rank
    if hasRoomInFlight(rank), admits(rank, weight, Usage(self), at: now) {
      return .admitted(admit(rank, base: base, items: items, now: now))
    }
    if turn == nil, cls.isUrgent, Usage(self).perClass[rank] + weight <= share(rank, limit(at: now)) {
      turn = rank
    }
    let again = nextAdmission(cls, weight: weight, now: now)
    if hungrySince[rank] == .never { hungrySince[rank] = now }
    hungryUntil[rank] = min(again, now + Venue.weightWindow) + .seconds(1)
    if turn == nil, weight > share(rank, limit), now - hungrySince[rank] >= Venue.weightWindow { turn = rank }
    return .wait(until: again)
  }

  /// Ends a ticket: settles the item weight, starts the 60 seconds after which it no longer counts.
  ///
  /// A ticket settled twice, or after it expired, changes nothing but a 429's stop.
  public mutating func settle(_ ticket: Ticket, _ outcome: Outcome, now: Instant) {
    settleExpired(now)
    window.advance(to: now)
    let index = Int(ticket.slot)
    let isOurs = index < slots.count && slots[index].isOpen && slots[index].generation == ticket.generation
    if case .tooMany(let retryAfter) = outcome {
      counters.tooMany += 1
      stop(retryAfter, sent: isOurs ? slots[index].opened : now, now)
    }
    guard isOurs else { return }
    close(index, outcome, now)
    if case .answered = outcome { succeeded(now) }
    if case .refused = outcome { isProbing = false }
  }

  /// The numbers of this moment.
  public mutating func stats(now: Instant) -> Stats {
    settleExpired(now)
    window.advance(to: now)
    var stats = counters
    stats.used = window.total + reserved.reduce(0, +)
    stats.available = limit(at: now) - stats.used
    stats.inFlight = flying.reduce(0, +)
    return stats
  }

  /// Whether a 429 holds everything back now.
  public func isStopped(now: Instant) -> Bool { now < pausedUntil }

  // MARK: Parts

  private mutating func admit(_ rank: Int, base: Int, items: Int, now: Instant) -> Ticket {
    var index = 0
    while slots[index].isOpen { index += 1 }
    slots[index].isOpen = true
    slots[index].generation &+= 1
    slots[index].rank = rank
    slots[index].base = base
    slots[index].items = items
    slots[index].opened = now
    nextExpiry = min(nextExpiry, now + WeightBudget.ticketLifeMax)
    reserved[rank] += base + items
    flying[rank] += 1
    counters.totalAcquired += base + items
    if hungrySince[rank] != .never { counters.totalWaitedS += (now - hungrySince[rank]).seconds }
    hungrySince[rank] = .never
    hungryUntil[rank] = .zero
    if turn == rank { turn = nil }
    return Ticket(slot: UInt16(index), generation: slots[index].generation)
  }

  private mutating func close(_ index: Int, _ outcome: Outcome, _ now: Instant) {
    let slot = slots[index]
    slots[index].isOpen = false
    reserved[slot.rank] -= slot.base + slot.items
    flying[slot.rank] -= 1
    var weight = slot.base
    var hold = WeightBudget.holdAfterReply
    switch outcome {
    case .answered(let itemWeight): weight += min(max(itemWeight, 0), WeightBudget.itemWeightMax)
    case .refused, .tooMany: break
    case .lost:
      weight += slot.items
      hold = WeightBudget.holdAfterLoss
      counters.lost += 1
    }
    counters.totalAcquired += weight - slot.base - slot.items
    counters.debts += max(0, weight - slot.base - slot.items)
    window.hold(weight, lane: slot.rank, until: now + hold)
  }

  private mutating func settleExpired(_ now: Instant) {
    guard now >= nextExpiry else { return }
    window.advance(to: now)
    nextExpiry = .never
    for index in slots.indices where slots[index].isOpen {
      let expiry = slots[index].opened + WeightBudget.ticketLifeMax
      if now >= expiry { close(index, .lost, now) } else { nextExpiry = min(nextExpiry, expiry) }
    }
  }

  /// One step of back-off per stop: answers to requests sent before it belong to the same storm.
  private mutating func stop(_ retryAfter: TimeSpan?, sent: Instant, _ now: Instant) {
    var until = pausedUntil
    if pausedAt.map({ sent > $0 }) ?? true {
      until = max(until, now + backoff.next())
      pausedAt = now
    }
    if let retryAfter, retryAfter > .zero { until = max(until, now + min(retryAfter, Venue.retryAfterMax)) }
    pausedUntil = until
    isProbing = true
  }

  private mutating func succeeded(_ now: Instant) {
    guard pausedAt != nil, now >= pausedUntil else { return }
    isProbing = false
    if now >= pausedUntil + WeightBudget.ramp {
      backoff.reset()
      pausedAt = nil
    }
  }

  private mutating func passTurn(_ now: Instant) {
    for rank in hungryUntil.indices where hungrySince[rank] != .never && hungryUntil[rank] <= now {
      hungrySince[rank] = .never
      if turn == rank { turn = nil }
    }
  }
}
