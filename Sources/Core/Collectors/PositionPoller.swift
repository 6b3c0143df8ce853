import Base
import Engines
import Hyperliquid
import Market

// Polls the positions of known accounts: who is due, at which pace, and what an answer means.
//
// Watched wallets and tier 1 are asked in the class `.watched`, the rest in `.tiers`. When more is due than the budget
// carries, tier 1 keeps its interval as long as its class can pay for it, and the others share what is left: tier 2 and
// tier 3 two parts each, never-polled accounts one (`turns`). `lag` tells how far each tier is behind.
//
// Pins: an account is kept in the address book while it is asked about, watched, holds positions, or its equity is kept:
// from its first poll until it is given up because nobody saw it trading for seven days.
// Bounds: `workers` requests in flight; the queues' bound is the address book's. A step looks at no more than
// `dormantMax` accounts that are to be given up.

/// What one answer says of an account.
struct PollResult {
  var account: AddressID
  /// Open positions, in the exchange's order.
  var positions: [TrackedPosition]
  /// What a watched wallet did since it was polled before.
  var changes: [PositionChange] = []
  /// Coins it is no longer in.
  var closed: [CoinID]
  var equity: Usd
  var unrealized: Usd
  var totalSizeUsd: Usd
  var tier: Int
  /// Nobody ever polled it before.
  var isFirst: Bool
}

/// How far a tier is behind.
struct TierLag: Equatable {
  /// Accounts in it; a watched wallet counts in its own tier.
  var accounts = 0
  /// Accounts due and not asked yet.
  var due = 0
  /// How long the longest waiting of them has been due.
  var lag = TimeSpan.zero
  /// What is configured between two polls.
  var interval = TimeSpan.zero
  /// What was achieved lately; nil before the second poll of any.
  var achieved: TimeSpan?
}

/// The poller's settings.
struct PollSettings {
  /// Requests in flight.
  var workers = 8
  /// Between two polls of an account of tiers 1, 2, 3.
  var intervals: (TimeSpan, TimeSpan, TimeSpan) = (.seconds(30), .seconds(120), .seconds(600))
  /// Total position sizes from which an account is of tier 1, tier 2.
  var whale = Usd(micros: 1_000_000_000_000)
  var mid = Usd(micros: 100_000_000_000)

  init() {}

  init(_ options: Options) {
    workers = options[.pollWorkers]
    intervals = (
      TimeSpan(seconds: options[.tier1Interval]), TimeSpan(seconds: options[.tier2Interval]),
      TimeSpan(seconds: options[.tier3Interval])
    )
    whale = Usd(dollars: options[.whaleThreshold])
    mid = Usd(dollars: options[.midThreshold])
  }

  /// The tier of an account whose positions are worth `sizeUsd`.
  func tier(_ sizeUsd: Usd) -> Int {
    sizeUsd.micros >= whale.micros ? 1 : sizeUsd.micros >= mid.micros ? 2 : 3
  }
}

/// The collector of positions.
final class PositionPoller {
  /// Accounts unseen in trades for this long are not polled, unless they are watched.
  static let absence = TimeSpan.seconds(7 * 86_400)
  /// Positions not refreshed for this long are forgotten; what was known longer ago is not compared with.
  static let positionLife = TimeSpan.seconds(86_400)
  /// Between two looks for expired positions, and how many rows one look takes in.
  static let expiryInterval = TimeSpan.seconds(10)
  static let expiryRowsMax = 8_192
  /// Accounts given up in one step.
  static let dormantMax = 256
  /// How long an account that is given up stays pinned: until nothing computed before names it any more.
  static let farewell = TimeSpan.seconds(60)
  /// Accounts unseen for this long are forgotten, and how many rows one look takes in.
  static let memory = TimeSpan.seconds(30 * 86_400)
  static let forgetRowsMax = 4_096

  private enum Lane: Int, CaseIterable {
    case urgent, ordinary
    var groups: [PollGroup] { self == .urgent ? [.watched, .tier1] : [.tier2, .fresh, .tier3] }
    var weightClass: WeightClass { self == .urgent ? .watched : .tiers }
  }

  let queue: TierQueue
  private(set) var settings: PollSettings
  private let knowledge: Knowledge
  private let book: AddressBook
  private let positions: Positions
  private var pace: PollPace
  private var turns = [PollTurns(shares: [3, 1]), PollTurns(shares: [2, 1, 2])]
  /// The budget said: not before then.
  private var refusedUntil = [Instant.zero, .zero]
  private var settledSeen: UInt64 = 0
  /// Accounts pinned because they hold positions or have an equity, one bit each.
  private var holding: [UInt64] = []
  /// When `expire` and `forget` are due.
  private(set) var upkeepAt = Instant.zero
  /// Accounts given up and since when, in order; each is pinned until `farewell` is over.
  private var leaving: [(account: AddressID, at: Instant)] = []
  private var leavingNext = 0

  /// Requests in flight.
  private(set) var inFlight = 0
  /// Answers taken in.
  private(set) var polls: UInt64 = 0
  /// Polls without a usable answer.
  private(set) var errors: UInt64 = 0
  /// Positions set, and positions found closed.
  private(set) var upserted: UInt64 = 0
  private(set) var closed: UInt64 = 0
  /// Changes found in watched wallets.
  private(set) var changes: UInt64 = 0
  /// When `ask` may have something to do.
  private(set) var deadline = Instant.never

  /// A poller of nobody; `weightMax` is the budget per minute.
  init(
    settings: PollSettings, knowledge: Knowledge, weightMax: Int, now: Instant
  ) {
    self.settings = settings
    self.knowledge = knowledge
    book = knowledge.book
    positions = knowledge.positions
    queue = TierQueue(times: knowledge.polls, intervals: settings.intervals, now: now)
    pace = PollPace(
      limit: weightMax, weight: InfoType.clearinghouseState.weight, sharePct: WeightClass.tiers.sharePct)
  }

  /// Takes over changed settings; thresholds hold from each account's next poll.
  func configure(_ settings: PollSettings, weightMax: Int, now: Instant) {
    self.settings = settings
    queue.configure(intervals: settings.intervals)
    pace.configure(
      limit: weightMax, weight: InfoType.clearinghouseState.weight, sharePct: WeightClass.tiers.sharePct)
    if deadline != .never { deadline = now }
  }

  // MARK: Who

  /// An account was seen for the first time, or again after long.
  func saw(_ sighting: Sighting) {
    if sighting.isNew {
      // Whoever had the id was not pinned, so it held nothing; but it may have been known as a bot.
      positions.setBot(sighting.id, false)
      knowledge.equity.remove(sighting.id)
      queue.enter(sighting.id)
    } else {
      queue.comeBack(sighting.id)
    }
  }

  /// The address book lets go of an account.
  func forgot(_ account: AddressID) { queue.leave(account) }

  /// Watches an account, which is then in the book, or no longer.
  func watch(_ account: AddressID, _ isWatched: Bool, now: Instant) {
    guard queue.isWatched(account) != isWatched else { return }
    if isWatched { book.pin(account) } else { book.unpin(account) }
    queue.setWatched(account, isWatched, now: now)
    if isWatched { deadline = min(deadline, now) }
  }

  /// A stored account, in the order of the last polls; positions are restored before. `finishRestore` follows the last.
  func restore(_ account: AddressID, tier: Int, polledAt: WallTime?, lastSeen: WallTime, now: Now) {
    hold(account)
    let tier = min(max(tier, 1), 3)
    // It may have been seen since the file was read.
    let isSeen = now.wall.ms - lastSeen.ms < PositionPoller.absence.milliseconds || queue.isQueued(account)
    guard isSeen else { return queue.times.set(account, polledAt: polledAt, tier: tier) }
    queue.restore(account, tier: tier, polledAt: polledAt, now: now)
  }

  /// After the last `restore`: asking may begin.
  func finishRestore(now: Now) { deadline = now.instant }

  /// How far tier 1, 2 or 3 is behind. Watched wallets, asked at tier 1's interval, wait with tier 1, never polled
  /// accounts with tier 3.
  func lag(tier: Int, now: Instant) -> TierLag {
    let groups: [PollGroup] = tier == 1 ? [.watched, .tier1] : tier == 2 ? [.tier2] : [.fresh, .tier3]
    var lag = TierLag()
    lag.accounts = queue.count(tier: tier)
    lag.interval =
      tier == 1 ? settings.intervals.0 : tier == 2 ? settings.intervals.1 : settings.intervals.2
    lag.achieved = queue.cadence(.tier(tier))
    for group in groups {
      lag.due += queue.dueCount(group, now: now)
      lag.lag = max(lag.lag, queue.overdue(group, now: now))
    }
    return lag
  }

  // MARK: Asking

  /// Offers what is due to the scheduler. `exchangeNow` dates the sightings. Call it after every wake and reply.
  func ask(_ scheduler: inout Scheduler, _ out: Output, exchangeNow: WallTime, now: Now) {
    if scheduler.settled != settledSeen {
      settledSeen = scheduler.settled
      // Weight may have been given back, or the way be free again after a 429.
      refusedUntil = [.zero, .zero]
    }
    let unseenSince = exchangeNow.ms - PositionPoller.absence.milliseconds
    var dormant = 0
    var isDone = false
    while inFlight < settings.workers, !isDone, dormant < PositionPoller.dormantMax {
      isDone = true
      for lane in Lane.allCases where isOpen(lane, now: now.instant) {
        guard let (turn, account) = next(lane, now: now.instant) else { continue }
        if book.row(account).lastSeenS < max(0, unseenSince) / 1000, !queue.isWatched(account) {
          queue.leave(account)
          // Rankings name it until they have heard of this.
          knowledge.equity.remove(account)
          leaving.append((account, now.instant))
          dormant += 1
        } else if !offer(account, lane, turn, &scheduler, out, now: now) {
          continue
        }
        isDone = false
        break
      }
    }
    deadline = dormant >= PositionPoller.dormantMax ? now.instant : nextDeadline(now: now.instant)
  }

  /// Sends the poll of an account, or notes when its lane may try again.
  private func offer(
    _ account: AddressID, _ lane: Lane, _ turn: Int, _ scheduler: inout Scheduler, _ out: Output, now: Now
  ) -> Bool {
    let request = InfoRequest.clearinghouseState(user: book.address(account), dex: "")
    switch scheduler.offer(request, for: .positions(account), lane.weightClass, out, now: now) {
    case .wait(let until):
      refusedUntil[lane.rawValue] = min(
        max(until, now.instant + .milliseconds(1)), now.instant + Scheduler.patience)
      return false
    case .sent:
      turns[lane.rawValue].take(turn) { queue.dueAt(lane.groups[$0]) <= now.instant }
      book.pin(account)
      queue.take(account, now: now.instant)
      pace.sent(isUrgent: lane == .urgent, now: now.instant)
      inFlight += 1
      return true
    }
  }

  private func isOpen(_ lane: Lane, now: Instant) -> Bool {
    refusedUntil[lane.rawValue] <= now && pace.allowedAt(isUrgent: lane == .urgent) <= now
  }

  private func next(_ lane: Lane, now: Instant) -> (turn: Int, account: AddressID)? {
    let groups = lane.groups
    guard let turn = turns[lane.rawValue].next({ queue.dueAt(groups[$0]) <= now }) else { return nil }
    return queue.first(groups[turn], now: now).map { (turn, $0) }
  }

  private func nextDeadline(now: Instant) -> Instant {
    // A reply calls `ask` anyway.
    guard inFlight < settings.workers else { return .never }
    var next = Instant.never
    for lane in Lane.allCases {
      var due = Instant.never
      for group in lane.groups { due = min(due, queue.dueAt(group)) }
      if due == .never { continue }
      due = max(due, max(refusedUntil[lane.rawValue], pace.allowedAt(isUrgent: lane == .urgent)))
      next = min(next, due)
    }
    return max(next, now + .milliseconds(1))
  }

  // MARK: Answers

  /// Takes an answer in; nil when it was none, and the account is asked again later.
  func answered(_ account: AddressID, _ body: UnsafeRawBufferPointer, coins: Coins, now: Now) -> PollResult? {
    guard let state = try? ClearinghouseState.decode(body: body, coins: coins) else {
      failed(account, now: now)
      return nil
    }
    landed()
    defer { book.unpin(account) }
    polls &+= 1
    var rows: [TrackedPosition] = []
    var unrealized = Usd.zero
    for position in state.positions {
      unrealized = Usd(micros: unrealized.micros.saturatingAdd(position.unrealizedPnl.micros))
      if let row = TrackedPosition.make(from: position, account: account, at: now.wall) { rows.append(row) }
    }
    let polledAt = queue.times.polledAt(account)
    var result = PollResult(
      account: account, positions: rows, closed: [], equity: state.margin.accountValue,
      unrealized: unrealized, totalSizeUsd: .zero, tier: 3, isFirst: polledAt == nil)
    // What was known longer ago may have expired: then this is a first sight again.
    var before: [HeldPosition]?
    if queue.isWatched(account), let polledAt,
      now.wall.ms - polledAt.ms < PositionPoller.positionLife.milliseconds
    {
      before = held(account)
    }
    positions.replace(account, with: rows) { result.closed.append($0) }
    if result.equity.micros > 0 { knowledge.equity.append(account, equity: result.equity, at: now.wall) }
    hold(account)
    if let before {
      result.changes = PositionChanges.detect(
        of: book.address(account), before: before, after: held(account), at: now.wall)
      for change in result.changes { knowledge.changes.append(change) }
      changes &+= UInt64(result.changes.count)
    }
    upserted &+= UInt64(rows.count)
    closed &+= UInt64(result.closed.count)
    result.totalSizeUsd = positions.totalSizeUsd(of: account)
    result.tier = settings.tier(result.totalSizeUsd)
    // A coin listed a moment ago is named at the next poll, if the list has been renewed by then.
    queue.done(account, tier: result.tier, isPart: state.unlisted > 0, now: now)
    return result
  }

  /// A poll got no usable answer: the account waits for its retry.
  func failed(_ account: AddressID, now: Now) {
    landed()
    errors &+= 1
    queue.failed(account, now: now.instant)
    book.unpin(account)
  }

  /// Forgets positions that were not refreshed for `positionLife`; `body` hears of each. A part of them at a time.
  func expire(now: Now, _ body: (TrackedPosition) -> Void) {
    guard now.instant >= upkeepAt else { return }
    upkeepAt = now.instant + PositionPoller.expiryInterval
    let before = WallTime(ms: now.wall.ms - PositionPoller.positionLife.milliseconds)
    var accounts: [AddressID] = []
    positions.expire(before: before, limit: PositionPoller.expiryRowsMax) { row in
      accounts.append(row.account)
      body(row)
    }
    for account in accounts { hold(account) }
  }

  /// Lets go of accounts that were given up, and forgets those nobody saw trading for `memory`; a part at a time.
  func forget(exchangeNow: WallTime, now: Now) {
    while leavingNext < leaving.count, now.instant - leaving[leavingNext].at >= PositionPoller.farewell {
      hold(leaving[leavingNext].account)
      leavingNext += 1
    }
    if leavingNext == leaving.count {
      leaving.removeAll(keepingCapacity: leavingNext <= PositionPoller.dormantMax)
      leavingNext = 0
    }
    let since = WallTime(ms: exchangeNow.ms - PositionPoller.memory.milliseconds)
    _ = book.forget(unseenSince: since, limit: PositionPoller.forgetRowsMax) { account in
      queue.leave(account)
      queue.times.clear(account)
      positions.setBot(account, false)
    }
  }

  private func landed() { inFlight -= 1 }

  private func held(_ account: AddressID) -> [HeldPosition] {
    var rows: [HeldPosition] = []
    positions.forEach(of: account) {
      rows.append(HeldPosition(coin: $0.coin, isLong: $0.isLong, sizeUsd: $0.sizeUsd, markPx: $0.markPx))
    }
    return rows
  }

  /// Pins the account while it holds positions or its equity is kept; to be called where either was restored.
  func hold(_ account: AddressID) {
    let (word, bit) = (account.index >> 6, UInt64(1) << UInt64(account.index & 63))
    while holding.count <= word { holding.append(0) }
    let holds = positions.count(of: account) > 0 || knowledge.equity.latest(of: account) != nil
    guard holds != (holding[word] & bit != 0) else { return }
    holding[word] ^= bit
    if holds { book.pin(account) } else { book.unpin(account) }
  }
}

extension TimeSpan {
  /// A configured number of seconds; beyond the range, the longest span.
  init(seconds: Double) { self.init(ns: seconds < 9e9 ? Int64(max(0, seconds) * 1e9) : .max) }
}

extension Usd {
  /// A configured number of dollars; beyond the range, the largest amount.
  init(dollars: Double) { self.init(micros: dollars < 9e12 ? Int64(dollars * 1e6) : .max) }
}

extension Int64 {
  func saturatingAdd(_ other: Int64) -> Int64 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? (other < 0 ? .min : .max) : sum
  }
}
