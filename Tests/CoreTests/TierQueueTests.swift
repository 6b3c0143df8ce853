import Base
import Engines
import Market
import Testing

@testable import Core

/// The queues of due accounts against a model that looks at everybody.
@Suite("Queues of due accounts")
struct TierQueueTests {
  static let intervals: (TimeSpan, TimeSpan, TimeSpan) = (.seconds(30), .seconds(120), .seconds(600))

  /// Who is due when, kept in a dictionary.
  struct Model {
    enum Place { case queued(level: Int, due: Int), flying, idle }
    struct Account {
      var tier = 3
      var isPolled = false
      var isWatched = false
      var failures = 0
      var place = Place.idle
    }
    var accounts: [UInt32: Account] = [:]

    func group(_ account: Account) -> PollGroup {
      if account.isWatched { return .watched }
      return account.tier == 3 && !account.isPolled ? .fresh : .tier(account.tier)
    }

    static func wait(_ group: PollGroup, _ level: Int) -> Int {
      let own = [300, 300, 1200, 0, 6000][group.rawValue]
      if level == 0 { return own }
      let retry = [50, 300, 1200][level - 1]
      return group == .fresh ? retry : min(retry, own)
    }

    mutating func put(_ id: UInt32, level: Int, now: Int) {
      guard let account = accounts[id] else { return }
      let due = now + Model.wait(group(account), level)
      accounts[id]?.place = .queued(level: level, due: due)
    }

    /// In front of its group's ordinary lane.
    mutating func putFirst(_ id: UInt32, now: Int) {
      guard let account = accounts[id] else { return }
      var due = now
      for (other, row) in accounts where other != id && group(row) == group(account) {
        if case .queued(level: 0, due: let first) = row.place { due = min(due, first) }
      }
      accounts[id]?.place = .queued(level: 0, due: due)
    }

    func due(_ wanted: PollGroup) -> [Int] {
      accounts.values.compactMap { account in
        guard group(account) == wanted, case .queued(_, let due) = account.place else { return nil }
        return due
      }
    }

    func count(tier: Int) -> Int {
      accounts.values.count { account in
        if case .idle = account.place { return false }
        return account.tier == tier
      }
    }
  }

  @Test("equal a model over random worlds", arguments: 0..<8 as Range<UInt64>)
  func differential(seed: UInt64) throws {
    var random = PRNG(seed: seed)
    let times = PollTimes(addressesMax: 64)
    let queue = TierQueue(times: times, intervals: Self.intervals, now: Instant(ns: 5_000_000_000))
    var model = Model()
    var ds = 0
    var takes = 0
    for step in 0..<6_000 {
      if random.chance(0.5) { ds += random.below(step % 997 == 0 ? 7_000 : 60) }
      let now = Instant(ns: 5_000_000_000 + UInt64(ds) * 100_000_000)
      let both = Now(instant: now, wall: WallTime(ms: 1_700_000_000_000 + Int64(ds) * 100))
      _ = queue.dueCount(.watched, now: now)
      let id = UInt32(random.below(64))
      let account = AddressID(raw: id)
      switch random.below(12) {
      case 0:
        queue.enter(account)
        model.accounts[id] = Model.Account()
        model.put(id, level: 0, now: ds)
      case 1:
        if model.accounts[id] == nil { model.accounts[id] = Model.Account() }
        queue.comeBack(account)
        if case .idle? = model.accounts[id]?.place {
          let isFresh = model.group(model.accounts[id]!) == .fresh
          model.put(id, level: isFresh ? 0 : 1, now: ds)
        }
      case 2 where random.chance(0.3):
        queue.leave(account)
        if model.accounts[id] != nil {
          model.accounts[id]?.place = .idle
          model.accounts[id]?.isWatched = false
          model.accounts[id]?.failures = 0
        }
      case 3:
        let isWatched = random.chance(0.3)
        queue.setWatched(account, isWatched, now: now)
        if model.accounts[id] == nil { model.accounts[id] = Model.Account() }
        guard let before = model.accounts[id], before.isWatched != isWatched else { break }
        model.accounts[id]?.isWatched = isWatched
        if case .flying = before.place { break }
        model.accounts[id]?.place = .idle
        if isWatched { model.putFirst(id, now: ds) } else { model.put(id, level: 0, now: ds) }
      default:
        let group = PollGroup.allCases[random.below(5)]
        let due = model.due(group).min()
        guard let first = queue.first(group, now: now) else {
          #expect(due.map { $0 > ds } ?? true)
          break
        }
        guard case .queued(_, let itsDue)? = model.accounts[first.raw]?.place else {
          Issue.record("\(first) is not queued")
          return
        }
        #expect(itsDue == due && itsDue <= ds)
        takes += 1
        queue.take(first, now: now)
        model.accounts[first.raw]?.place = .flying
        if random.chance(0.3) {
          queue.failed(first, now: now)
          let failures = min(3, model.accounts[first.raw]!.failures + 1)
          model.accounts[first.raw]?.failures = failures
          model.put(first.raw, level: failures, now: ds)
        } else if random.chance(0.9) {
          let tier = 1 + random.below(3)
          queue.done(first, tier: tier, now: both)
          model.accounts[first.raw]?.tier = tier
          model.accounts[first.raw]?.isPolled = true
          model.accounts[first.raw]?.failures = 0
          model.put(first.raw, level: 0, now: ds)
        }
      }
      for group in PollGroup.allCases {
        let due = model.due(group)
        #expect(queue.dueCount(group, now: now) == due.count { $0 <= ds }, "step \(step) \(group)")
        let late = due.min().map { max(0, ds - $0) } ?? 0
        #expect(queue.overdue(group, now: now) == .milliseconds(late * 100), "step \(step) \(group)")
      }
      for tier in 1...3 { #expect(queue.count(tier: tier) == model.count(tier: tier)) }
    }
    #expect(takes > 500)
  }

  @Test("a restart goes on with the longest not polled, and new ones come behind nobody of their own")
  func restore() {
    let times = PollTimes(addressesMax: 1_000)
    let start = Instant(ns: 9_000_000_000)
    let queue = TierQueue(times: times, intervals: Self.intervals, now: start)
    let wall = WallTime(ms: 1_700_000_000_000)
    // Seen while the file was being read.
    queue.enter(AddressID(raw: 900))
    queue.enter(AddressID(raw: 3))
    var random = PRNG(seed: 4)
    var ages: [UInt32: Int64] = [:]
    for raw in 0..<500 as Range<UInt32> { ages[raw] = Int64(random.below(3_000)) }
    let both = Now(instant: start, wall: wall)
    queue.restore(AddressID(raw: 700), tier: 3, polledAt: nil, now: both)
    for (raw, age) in ages.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }) {
      queue.restore(
        AddressID(raw: raw), tier: 1 + Int(raw % 3), polledAt: WallTime(ms: wall.ms - age * 1000), now: both)
    }
    #expect((1...3).reduce(0) { $0 + queue.count(tier: $1) } == 502)
    var last = Int64.max
    var polled = 0
    while let next = queue.first(.tier2, now: start) {
      #expect(ages[next.raw]! >= 120 && ages[next.raw]! <= last && next.raw % 3 == 1)
      last = ages[next.raw]!
      queue.take(next, now: start)
      polled += 1
    }
    #expect(polled == ages.count { $0.key % 3 == 1 && $0.value >= 120 })
    #expect(queue.dueCount(.fresh, now: start) == 2)
    #expect(times.tier(AddressID(raw: 3)) == 1 && times.polledAt(AddressID(raw: 3)) != nil)
  }

  @Test("an id that is given to somebody else begins anew")
  func reuse() {
    let times = PollTimes(addressesMax: 8)
    let start = Instant(ns: 1)
    let queue = TierQueue(times: times, intervals: Self.intervals, now: start)
    let account = AddressID(raw: 5)
    queue.enter(account)
    queue.take(account, now: start)
    queue.done(account, tier: 1, now: Now(instant: start, wall: WallTime(ms: 5_000)))
    #expect(queue.count(tier: 1) == 1 && times.polledAt(account) == WallTime(ms: 5_000))
    queue.enter(account)
    #expect(queue.count(tier: 1) == 0 && queue.count(tier: 3) == 1)
    #expect(times.polledAt(account) == nil && queue.first(.fresh, now: start) == account)
    queue.take(account, now: start)
    queue.leave(account)
    // The answer to what was asked about the one before.
    queue.done(account, tier: 2, now: Now(instant: start, wall: WallTime(ms: 9_000)))
    #expect(!queue.isQueued(account) && queue.count(tier: 2) == 0 && times.polledAt(account) == nil)
  }
}
