import Base
import Engines
import Market

// Who is to be polled next: every account the service knows, in queues, without ever scanning them.
//
// Each group (watched wallets, tier 1, tier 2, never polled, tier 3) is four lanes: one whose accounts wait for the
// group's interval, three whose accounts failed once, twice, more often and wait for a shorter or longer retry. All of
// a lane wait equally long, so a lane is a plain queue in the order of entry, and its head is its earliest due. An
// account is in one lane, in flight, or nowhere; it is linked into its lane by its own two links.
//
// Bound: the address book's number of ids; 14 bytes an account here and 5 in `PollTimes`, touched as ids come.
// Every call takes constant time, but for the amortised step over accounts that became due when they are counted.
// Invariant: in every lane the entry stamps ascend from head to tail, and `due` counts those before `edge`.

/// The accounts that are polled alike.
enum PollGroup: Int, CaseIterable {
  case watched, tier1, tier2
  /// Never polled yet, so of no known tier.
  case fresh
  case tier3

  /// The tier it is reported in: what was never polled counts as tier 3.
  static func tier(_ tier: Int) -> PollGroup { tier == 1 ? .tier1 : tier == 2 ? .tier2 : .tier3 }
}

/// Queues of accounts by group and last poll.
final class TierQueue {
  /// Waits after the first, second and every further failure; never longer than the group's own interval.
  static let retries: [TimeSpan] = [.seconds(5), .seconds(30), .seconds(120)]
  private static let levels = 4
  private static let none = UInt32.max
  /// Lane numbers of accounts that are in no lane.
  private static let idle = UInt8.max
  private static let flying = UInt8.max - 1
  /// Stamps count tenths of a second from this long before the start, so that stored polls fit in front.
  private static let pastDs: UInt64 = 10_000_000

  private struct Lane {
    var head = none
    var tail = none
    var count = 0
    /// Tenths of a second from entry to due.
    var delayDs: UInt32 = 0
    /// The first account that was not due at `edgeAt`, and how many stand before it.
    var edge = none
    var due = 0
    var edgeAt: UInt32 = 0
  }

  /// Bits of an account's state.
  private struct Mark {
    static let watched: UInt8 = 1
    static let failuresShift: UInt8 = 1
    static let failuresMask: UInt8 = 0b110
    /// Not polled in this run: its wait says nothing about the cadence.
    static let old: UInt8 = 0b1000
  }

  let times: PollTimes
  private let next: UnsafeMutablePointer<UInt32>
  private let prev: UnsafeMutablePointer<UInt32>
  private let stamps: UnsafeMutablePointer<UInt32>
  private let laneOf: UnsafeMutablePointer<UInt8>
  private let marks: UnsafeMutablePointer<UInt8>
  @exclusivity(unchecked) private var used = 0
  @exclusivity(unchecked) private var lanes = [Lane](
    repeating: Lane(), count: PollGroup.allCases.count * levels)
  @exclusivity(unchecked) private var counts = [Int](repeating: 0, count: 4)
  /// Smoothed seconds between an account's polls, by group; 0 before any.
  @exclusivity(unchecked) private var cadences = [Double](repeating: 0, count: PollGroup.allCases.count)
  private let origin: Instant
  /// The latest time anybody told: what comes in between two turns entered then.
  @exclusivity(unchecked) private var clockDs: UInt32

  /// Empty queues over the ids of `times`; `intervals` are those of tiers 1, 2, 3. Watched wallets have tier 1's.
  init(times: PollTimes, intervals: (TimeSpan, TimeSpan, TimeSpan), now: Instant) {
    self.times = times
    let capacity = times.addressesMax
    next = .allocate(capacity: capacity)
    prev = .allocate(capacity: capacity)
    stamps = .allocate(capacity: capacity)
    laneOf = .allocate(capacity: capacity)
    marks = .allocate(capacity: capacity)
    origin = now
    clockDs = UInt32(TierQueue.pastDs)
    configure(intervals: intervals)
  }

  /// Changes how long the accounts of tiers 1, 2, 3 wait, those that wait already too. As many are stepped over as
  /// were due and are no longer.
  func configure(intervals: (TimeSpan, TimeSpan, TimeSpan)) {
    for group in PollGroup.allCases {
      let own =
        switch group {
        case .watched, .tier1: intervals.0
        case .tier2: intervals.1
        case .fresh: TimeSpan.zero
        case .tier3: intervals.2
        }
      for level in 0..<TierQueue.levels {
        var wait = own
        if level > 0 {
          wait = TierQueue.retries[level - 1]
          if group != .fresh { wait = min(wait, own) }
        }
        setDelay(UInt32(clamping: wait.ns / 100_000_000), of: group.rawValue * TierQueue.levels + level)
      }
    }
  }

  /// Keeps the invariant of `due` and `edge`.
  private func setDelay(_ delayDs: UInt32, of lane: Int) {
    let old = lanes[lane].delayDs
    lanes[lane].delayDs = delayDs
    if delayDs < old {
      // The same accounts are due earlier by as much, so this stays the edge of an earlier moment.
      lanes[lane].edgeAt -= min(lanes[lane].edgeAt, old - delayDs)
      return
    }
    while lanes[lane].due > 0 {
      let edge = lanes[lane].edge
      let last = AddressID(raw: edge == TierQueue.none ? lanes[lane].tail : prev[Int(edge)])
      if isBeforeEdge(last, lane) { return }
      lanes[lane].edge = last.raw
      lanes[lane].due -= 1
    }
  }

  deinit {
    next.deallocate()
    prev.deallocate()
    stamps.deallocate()
    laneOf.deallocate()
    marks.deallocate()
  }

  // MARK: Who is known

  /// An account was seen for the first time; whoever had its id before is forgotten.
  func enter(_ account: AddressID) {
    leave(account)
    times.clear(account)
    count(account, +1)
    put(account, level: 0, at: clockDs)
  }

  /// A known account was seen again after a long time: it is due at once, unless it is queued anyway.
  func comeBack(_ account: AddressID) {
    reach(account)
    guard !isQueued(account) else { return }
    count(account, +1)
    let group = group(account)
    let delay = lanes[group.rawValue * TierQueue.levels].delayDs
    guard delay > 0 else { return put(account, level: 0, at: clockDs) }
    // It cannot go to the front of its lane in order; the first retry's wait is the shortest queue there is.
    put(account, level: 1, at: clockDs)
  }

  /// The account is not polled any more: forgotten, or unseen for too long.
  func leave(_ account: AddressID) {
    reach(account)
    if isQueued(account) { count(account, -1) }
    unlink(account)
    laneOf[account.index] = TierQueue.idle
    marks[account.index] = 0
  }

  /// Whether the account is in a lane or in flight.
  func isQueued(_ account: AddressID) -> Bool {
    account.index < used && laneOf[account.index] != TierQueue.idle
  }

  func isWatched(_ account: AddressID) -> Bool {
    account.index < used && marks[account.index] & Mark.watched != 0
  }

  /// Watched wallets are polled first, and always; one that begins to be watched is due at once.
  func setWatched(_ account: AddressID, _ isWatched: Bool, now: Instant) {
    tell(now)
    reach(account)
    let mark = marks[account.index]
    guard (mark & Mark.watched != 0) != isWatched else { return }
    let lane = laneOf[account.index]
    if lane < TierQueue.flying { unlink(account) }
    if !isQueued(account) { count(account, +1) }
    marks[account.index] = isWatched ? mark | Mark.watched : mark & ~Mark.watched
    guard lane != TierQueue.flying else { return }
    if isWatched {
      // Level 1's wait, five seconds, would be too long: it enters its lane as one polled an interval ago, in front.
      putFirst(account)
    } else {
      put(account, level: 0, at: clockDs)
    }
  }

  // MARK: Warm start

  /// A stored account. They come in the order of their last polls; one that comes late waits as long as the one before.
  func restore(_ account: AddressID, tier: Int, polledAt: WallTime?, now: Now) {
    tell(now.instant)
    reach(account)
    if isQueued(account) { count(account, -1) }
    unlink(account)
    times.set(account, polledAt: polledAt, tier: tier)
    count(account, +1)
    guard laneOf[account.index] != TierQueue.flying else { return }
    marks[account.index] |= Mark.old
    let ageDs = polledAt.map { UInt64(max(0, now.wall.ms - $0.ms)) / 100 } ?? UInt64(clockDs)
    put(account, level: 0, at: clockDs - UInt32(min(ageDs, UInt64(clockDs))))
    // Step by step, so that whoever counts the due first need not step over all of them.
    advance(Int(laneOf[account.index]))
  }

  // MARK: Polling

  /// When the group's earliest account is due; `never` for an empty group.
  func dueAt(_ group: PollGroup) -> Instant {
    let lane = earliest(group)
    return lane < 0 ? .never : instant(dueDs(lane))
  }

  /// The group's earliest account, if it is due.
  func first(_ group: PollGroup, now: Instant) -> AddressID? {
    tell(now)
    let lane = earliest(group)
    guard lane >= 0, dueDs(lane) <= UInt64(clockDs) else { return nil }
    return AddressID(raw: lanes[lane].head)
  }

  /// Takes a queued account out: it is in flight until `done`, `failed` or `leave`.
  func take(_ account: AddressID, now: Instant) {
    tell(now)
    let lane = Int(laneOf[account.index])
    precondition(lane < lanes.count, "only a queued account can be asked about")
    if lane % TierQueue.levels == 0, lane / TierQueue.levels != PollGroup.fresh.rawValue,
      marks[account.index] & Mark.old == 0
    {
      let gap = Double(clockDs - min(clockDs, stamps[account.index])) / 10
      let smoothed = cadences[lane / TierQueue.levels]
      cadences[lane / TierQueue.levels] = smoothed == 0 ? gap : smoothed + (gap - smoothed) / 32
    }
    marks[account.index] &= ~Mark.old
    unlink(account)
    laneOf[account.index] = TierQueue.flying
  }

  /// The account in flight was polled: it waits for its (new) tier's interval; when the answer could only be read in
  /// `isPart`, it is polled again sooner, as after a failure.
  func done(_ account: AddressID, tier: Int, isPart: Bool = false, now: Now) {
    tell(now.instant)
    guard laneOf[account.index] == TierQueue.flying else { return }
    count(account, -1)
    times.set(account, polledAt: now.wall, tier: tier)
    count(account, +1)
    if isPart { return retry(account) }
    marks[account.index] &= ~Mark.failuresMask
    put(account, level: 0, at: clockDs)
  }

  /// The account in flight got no answer: it waits for its retry.
  func failed(_ account: AddressID, now: Instant) {
    tell(now)
    guard laneOf[account.index] == TierQueue.flying else { return }
    retry(account)
  }

  private func retry(_ account: AddressID) {
    let failures = min(3, (marks[account.index] & Mark.failuresMask) >> Mark.failuresShift + 1)
    marks[account.index] = marks[account.index] & ~Mark.failuresMask | failures << Mark.failuresShift
    put(account, level: Int(failures), at: clockDs)
  }

  // MARK: Numbers

  /// Accounts queued or in flight of a tier, 1 … 3.
  func count(tier: Int) -> Int { counts[tier] }

  /// Accounts of a group that are due.
  func dueCount(_ group: PollGroup, now: Instant) -> Int {
    tell(now)
    var sum = 0
    for lane in lanes(of: group) {
      advance(lane)
      sum += lanes[lane].due
    }
    return sum
  }

  /// How long the group's earliest account is overdue; zero when none is.
  func overdue(_ group: PollGroup, now: Instant) -> TimeSpan {
    tell(now)
    let lane = earliest(group)
    guard lane >= 0, dueDs(lane) < UInt64(clockDs) else { return .zero }
    return TimeSpan(ns: Int64(UInt64(clockDs) - dueDs(lane)) * 100_000_000)
  }

  /// Smoothed time between two polls of an account of the group, as achieved lately; nil before the second of any.
  func cadence(_ group: PollGroup) -> TimeSpan? {
    let seconds = cadences[group.rawValue]
    return seconds > 0 ? TimeSpan(ns: Int64(seconds * 1e9)) : nil
  }

  // MARK: Lanes

  private func lanes(of group: PollGroup) -> Range<Int> {
    group.rawValue * TierQueue.levels..<(group.rawValue + 1) * TierQueue.levels
  }

  private func group(_ account: AddressID) -> PollGroup {
    if marks[account.index] & Mark.watched != 0 { return .watched }
    let tier = times.tier(account)
    return tier == 3 && times.polledAt(account) == nil ? .fresh : .tier(tier)
  }

  private func dueDs(_ lane: Int) -> UInt64 {
    UInt64(stamps[Int(lanes[lane].head)]) + UInt64(lanes[lane].delayDs)
  }

  private func earliest(_ group: PollGroup) -> Int {
    var best = -1
    for lane in lanes(of: group) where lanes[lane].head != TierQueue.none {
      if best < 0 || dueDs(lane) < dueDs(best) { best = lane }
    }
    return best
  }

  private func put(_ account: AddressID, level: Int, at stamp: UInt32) {
    link(account, lane: group(account).rawValue * TierQueue.levels + level, at: stamp)
  }

  /// Links it in front of its group's first lane, as due as the head or just due.
  private func putFirst(_ account: AddressID) {
    let lane = group(account).rawValue * TierQueue.levels
    let head = lanes[lane].head
    let justDue = clockDs - min(clockDs, lanes[lane].delayDs)
    stamps[account.index] = head == TierQueue.none ? justDue : min(justDue, stamps[Int(head)])
    laneOf[account.index] = UInt8(lane)
    prev[account.index] = TierQueue.none
    next[account.index] = head
    if head == TierQueue.none { lanes[lane].tail = account.raw } else { prev[Int(head)] = account.raw }
    lanes[lane].head = account.raw
    lanes[lane].count += 1
    if isBeforeEdge(account, lane) {
      lanes[lane].due += 1
    } else {
      lanes[lane].edge = account.raw
    }
  }

  private func link(_ account: AddressID, lane: Int, at stamp: UInt32) {
    let tail = lanes[lane].tail
    // Never in front of who stands there, whatever the clocks say.
    stamps[account.index] = tail == TierQueue.none ? stamp : max(stamp, stamps[Int(tail)])
    laneOf[account.index] = UInt8(lane)
    next[account.index] = TierQueue.none
    prev[account.index] = tail
    if tail == TierQueue.none { lanes[lane].head = account.raw } else { next[Int(tail)] = account.raw }
    lanes[lane].tail = account.raw
    lanes[lane].count += 1
    if isBeforeEdge(account, lane), lanes[lane].edge == TierQueue.none {
      lanes[lane].due += 1
    } else if lanes[lane].edge == TierQueue.none {
      lanes[lane].edge = account.raw
    }
  }

  private func unlink(_ account: AddressID) {
    let lane = Int(laneOf[account.index])
    guard lane < lanes.count else { return }
    let (before, after) = (prev[account.index], next[account.index])
    if lanes[lane].edge == account.raw {
      lanes[lane].edge = after
    } else if isBeforeEdge(account, lane) {
      lanes[lane].due -= 1
    }
    if before == TierQueue.none { lanes[lane].head = after } else { next[Int(before)] = after }
    if after == TierQueue.none { lanes[lane].tail = before } else { prev[Int(after)] = before }
    lanes[lane].count -= 1
  }

  private func isBeforeEdge(_ account: AddressID, _ lane: Int) -> Bool {
    UInt64(stamps[account.index]) + UInt64(lanes[lane].delayDs) <= UInt64(lanes[lane].edgeAt)
  }

  /// Steps over the accounts that have become due.
  private func advance(_ lane: Int) {
    guard lanes[lane].edgeAt < clockDs else { return }
    lanes[lane].edgeAt = clockDs
    while lanes[lane].edge != TierQueue.none {
      let account = AddressID(raw: lanes[lane].edge)
      guard isBeforeEdge(account, lane) else { return }
      lanes[lane].edge = next[account.index]
      lanes[lane].due += 1
    }
  }

  // MARK: Parts

  private func count(_ account: AddressID, _ change: Int) { counts[times.tier(account)] += change }

  private func tell(_ now: Instant) {
    let ds = UInt64(max(0, (now - origin).ns / 100_000_000)) + TierQueue.pastDs
    clockDs = max(clockDs, UInt32(clamping: ds))
  }

  private func instant(_ ds: UInt64) -> Instant {
    ds <= TierQueue.pastDs
      ? origin - TimeSpan(ns: Int64(TierQueue.pastDs - ds) * 100_000_000)
      : origin + TimeSpan(ns: Int64(ds - TierQueue.pastDs) * 100_000_000)
  }

  private func reach(_ account: AddressID) {
    precondition(account.index < times.addressesMax)
    while used <= account.index {
      laneOf[used] = TierQueue.idle
      marks[used] = 0
      used += 1
    }
  }
}
