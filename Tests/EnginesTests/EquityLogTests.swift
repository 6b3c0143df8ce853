import Base
import Engines
import Market
import Testing

/// Every snapshot ever taken, in a list, with the age the definition gives it.
private struct EquityReference {
  struct Row {
    var account: UInt32
    var equity: Int64
    var age: Int64
  }

  var rows: [Row] = []
  var latest: [UInt32: Int64] = [:]
  var last: Int64?

  /// Everything grows older by the wall clock's steps forwards; steps back change nothing.
  mutating func tick(_ now: Int64) {
    let step = max(now - (last ?? now), 0)
    for index in rows.indices { rows[index].age += step }
    last = now
  }

  mutating func append(_ account: UInt32, _ equity: Int64, _ now: Int64) {
    tick(now)
    rows.append(Row(account: account, equity: equity, age: 0))
    latest[account] = equity
  }

  func range(_ account: UInt32) -> EquityRange? {
    let held = rows.filter { $0.account == account && $0.age <= 86_400_000 }
    guard let first = held.first, let last = held.last else { return nil }
    return EquityRange(first: Usd(micros: first.equity), last: Usd(micros: last.equity), count: held.count)
  }
}

@Suite("Equity of the day") struct EquityLogTests {
  private let hour: Int64 = 3_600_000

  @Test("First, last and count of a rolling day; the latest stays")
  func rollingDay() {
    let log = EquityLog(snapshotsMax: 100)
    let account = AddressID(raw: 7)
    #expect(log.range(of: account, now: WallTime(ms: 0)) == nil)
    #expect(log.latest(of: account) == nil)
    for step in 0..<4 {
      log.append(account, equity: Usd(micros: Int64(step)), at: WallTime(ms: Int64(step) * 10 * hour))
    }
    // At 30 h the snapshot of 0 h is 30 h old, that of 10 h 20 h.
    let at30 = log.range(of: account, now: WallTime(ms: 30 * hour))
    #expect(at30 == EquityRange(first: Usd(micros: 1), last: Usd(micros: 3), count: 3))
    // Exactly a day old still counts, a millisecond more does not.
    #expect(log.range(of: account, now: WallTime(ms: 34 * hour))?.first == Usd(micros: 1))
    #expect(log.range(of: account, now: WallTime(ms: 34 * hour + 1))?.first == Usd(micros: 2))
    #expect(log.range(of: account, now: WallTime(ms: 90 * hour)) == nil)
    #expect(log.latest(of: account) == Usd(micros: 3))
    #expect(log.latestTime(of: account) == WallTime(ms: 30 * hour))
    #expect(log.expire(limit: 10, now: WallTime(ms: 90 * hour)) > 0)
    #expect(log.count == 0 && log.dropped == 0)
  }

  @Test("A full ring lets the oldest go, counts it, and ranges stay right")
  func bound() {
    let log = EquityLog(snapshotsMax: 4)
    let (a, b) = (AddressID(raw: 0), AddressID(raw: 5000))
    for step in 0..<3 { log.append(a, equity: Usd(micros: Int64(step)), at: WallTime(ms: Int64(step))) }
    for step in 3..<6 { log.append(b, equity: Usd(micros: Int64(step)), at: WallTime(ms: Int64(step))) }
    #expect(log.dropped == 2 && log.count == 4)
    let now = WallTime(ms: 6)
    #expect(log.range(of: a, now: now) == EquityRange(first: Usd(micros: 2), last: Usd(micros: 2), count: 1))
    #expect(log.range(of: b, now: now) == EquityRange(first: Usd(micros: 3), last: Usd(micros: 5), count: 3))
    log.append(b, equity: Usd(micros: 6), at: now)
    #expect(log.range(of: a, now: now) == nil)
    #expect(log.latest(of: a) == Usd(micros: 2))
  }

  @Test("A forgotten account's id starts anew")
  func remove() {
    let log = EquityLog(snapshotsMax: 10)
    let account = AddressID(raw: 1)
    for step in 0..<3 { log.append(account, equity: Usd(micros: Int64(step)), at: WallTime(ms: Int64(step))) }
    log.remove(account)
    #expect(log.range(of: account, now: WallTime(ms: 3)) == nil && log.latest(of: account) == nil)
    log.append(account, equity: Usd(micros: 9), at: WallTime(ms: 4))
    let range = EquityRange(first: Usd(micros: 9), last: Usd(micros: 9), count: 1)
    #expect(log.range(of: account, now: WallTime(ms: 4)) == range)
    // The snapshots of whoever had the id before expire without touching the new one's.
    log.expire(limit: 3, now: WallTime(ms: EquityLog.windowMs + 4))
    #expect(log.range(of: account, now: WallTime(ms: EquityLog.windowMs + 4)) == range)
  }

  @Test("Stored snapshots that come late go before those of now")
  func lateRestore() {
    let log = EquityLog(snapshotsMax: 10)
    let (a, b) = (AddressID(raw: 1), AddressID(raw: 2))
    let now = 100 * hour
    log.append(b, equity: Usd(micros: 1), at: WallTime(ms: now))
    log.remove(b)
    log.append(a, equity: Usd(micros: 50), at: WallTime(ms: now))
    log.append(a, equity: Usd(micros: 60), at: WallTime(ms: now + 5))
    let aside = log.takeAll()
    #expect(log.count == 0 && aside.map { $0.equity.micros } == [50, 60])
    #expect(aside.map { $0.time.ms } == [now, now + 5])
    log.append(a, equity: Usd(micros: 10), at: WallTime(ms: now - 20 * hour))
    log.append(b, equity: Usd(micros: 20), at: WallTime(ms: now - 10 * hour))
    for sample in aside { log.append(sample.account, equity: sample.equity, at: sample.time) }
    let range = EquityRange(first: Usd(micros: 10), last: Usd(micros: 60), count: 3)
    #expect(log.range(of: a, now: WallTime(ms: now + 5)) == range)
    #expect(log.range(of: a, now: WallTime(ms: now + 4 * hour + 1))?.first == Usd(micros: 50))
    #expect(log.latest(of: a) == Usd(micros: 60) && log.latest(of: b) == Usd(micros: 20))
  }

  @Test("Equals a list of all snapshots, whatever the clock does", arguments: 0..<12)
  func differential(seed: UInt64) {
    var random = PRNG(seed: seed)
    let log = EquityLog(snapshotsMax: 5_000)
    var reference = EquityReference()
    var now: Int64 = 1_700_000_000_000
    for _ in 0..<1_500 {
      switch random.below(40) {
      case 0: now -= Int64(random.below(7_200_000))
      case 1: now += Int64(random.below(20_000_000))
      default: now += Int64(random.below(300_000))
      }
      let account = UInt32(random.below(20) * 700)
      switch random.below(8) {
      case 0:
        reference.tick(now)
        log.expire(limit: random.below(50), now: WallTime(ms: now))
      case 1:
        reference.tick(now)
        #expect(
          log.range(of: AddressID(raw: account), now: WallTime(ms: now)) == reference.range(account))
      default:
        let equity = Int64(random.below(1_000_000))
        reference.append(account, equity, now)
        log.append(AddressID(raw: account), equity: Usd(micros: equity), at: WallTime(ms: now))
      }
    }
    for account in 0..<20 {
      let id = AddressID(raw: UInt32(account * 700))
      #expect(log.range(of: id, now: WallTime(ms: now)) == reference.range(id.raw))
      #expect(log.latest(of: id)?.micros == reference.latest[id.raw])
    }
    #expect(log.dropped == 0)
  }
}
