import API
import Base
import Hyperliquid
import Market
import Store
import Testing

@testable import Core

/// Each fault flips its reason of `/readyz`, and its end flips it back: in simulated time.
@Suite("Readiness")
struct ReadinessTests {
  /// A core whose driver is the test: nothing happens but what it says.
  private final class Bench {
    let core: Core
    /// A batch is on its way.
    var isStoring = false
    var now = Now(instant: .zero + .seconds(1_000), wall: WallTime(ms: 1_800_000_000_000))

    init(_ settings: [String: String] = [:]) {
      var options = Options()
      for (name, value) in settings { precondition(options.set(name, to: value) == nil, name) }
      core = Core(options: options, version: "test", seed: 1, now: now)
      step(.started)
    }

    func step(_ input: Input) {
      core.step(input, now: now)
      for case .store in core.output.effects { isStoring = true }
    }

    func pass(_ span: TimeSpan) {
      now = Now(instant: now.instant + span, wall: WallTime(ms: now.wall.ms + span.milliseconds))
    }

    /// Seconds of a driver that works: it wakes when asked to, and reports.
    func run(seconds: Int) {
      for _ in 0..<seconds {
        pass(.seconds(1))
        step(.measured(Measurements()))
        step(.wake)
      }
    }

    func load() throws {
      let database = try Database(DatabaseOptions(path: ":memory:"))
      step(.loaded(.success(try database.loadAll(StoredLimits(), now: now.wall))))
      // A slice a turn.
      while core.warmStart != nil { step(.wake) }
    }

    var reasons: [UnreadyReason] {
      core.views.now = now
      core.report()
      return core.views.readiness.reasons.map(\.reason)
    }

    func detail(_ reason: UnreadyReason) -> String? {
      core.report()
      return core.views.readiness.reasons.first { $0.reason == reason }?.detail
    }
  }

  private static let withoutStream = ["trade_stream.enabled": "false"]

  @Test("unready until the database's content is in memory, and from the moment it is told to stop")
  func startAndStop() throws {
    let bench = Bench(Self.withoutStream)
    #expect(bench.reasons == [.starting])
    try bench.load()
    #expect(bench.reasons.isEmpty)
    bench.step(.stop)
    #expect(bench.reasons == [.stopping])
  }

  @Test("a database that does not open, and its opening later")
  func refusedDatabase() throws {
    let bench = Bench(Self.withoutStream)
    bench.step(.loaded(.failure(StoreError(.notADatabase, "made up"))))
    #expect(bench.reasons == [.database])
    #expect(bench.detail(.database) == "database: not_a_database")
    try bench.load()
    #expect(bench.reasons.isEmpty)
  }

  @Test(
    "a write that fails, and one that succeeds", arguments: [StoreError.Kind.diskFull, .locked, .readOnly])
  func failedWrite(kind: StoreError.Kind) throws {
    let bench = Bench(Self.withoutStream)
    try bench.load()
    func write() -> Bool {
      bench.core.persistence.rows.add(
        AccountPoll(address: PollWorld.address(1), at: bench.now.wall, tier: 1, totalSizeUsd: 1))
      bench.isStoring = false
      for _ in 0..<10 where !bench.isStoring { bench.run(seconds: 1) }
      return bench.isStoring
    }
    #expect(write())
    #expect(bench.reasons.isEmpty)
    bench.step(.stored(.failure(StoreError(kind, "made up"))))
    #expect(bench.reasons == [.database])
    #expect(write())
    bench.step(.stored(.success(BatchReport(rows: 1, logPages: 1))))
    #expect(bench.reasons.isEmpty)
  }

  @Test("a stream without subscriptions is stale from the start")
  func noStream() throws {
    let bench = Bench()
    try bench.load()
    #expect(bench.reasons == [.streamStale])
    #expect(bench.detail(.streamStale) == "no coin is subscribed yet")
  }

  @Test("trades that stop for 30 seconds, and trades that come again", arguments: 1...4)
  func staleStream(seed: Int) throws {
    let world = try VaultWorld(seed: UInt64(seed), database: try Database(DatabaseOptions(path: ":memory:")))
    func stale() -> String? {
      world.core.views.now = world.now
      world.core.report()
      return world.core.views.readiness.reasons.first { $0.reason == .streamStale }?.detail
    }
    world.run(seconds: 20)
    #expect(stale() == "no trade yet")
    world.isTrading = true
    world.run(seconds: 10)
    #expect(stale() == nil)
    // A lost connection is not yet a stale stream.
    world.cut()
    world.run(seconds: 10)
    #expect(stale() == nil)
    world.isTrading = false
    world.run(seconds: Venue.tradeSilenceMax.seconds - 2)
    #expect(stale() == nil)
    world.run(seconds: 4)
    let detail = try #require(stale())
    #expect(detail.hasPrefix("no trade for 3"))
    world.isTrading = true
    world.run(seconds: 60)
    #expect(stale() == nil)
  }

  @Test("a loop that stood still for three seconds is said for thirty")
  func stall() throws {
    let bench = Bench(Self.withoutStream)
    try bench.load()
    bench.run(seconds: 5)
    bench.pass(LoopWatch.stall + .milliseconds(-1))
    bench.step(.measured(Measurements()))
    #expect(bench.reasons.isEmpty)
    bench.pass(.milliseconds(4_700))
    // Whatever comes first after the stall may be the prober itself: the report is what tells.
    bench.step(.measured(Measurements()))
    #expect(bench.reasons == [.loopStalled])
    #expect(bench.detail(.loopStalled) == "the event loop stood still for 4 seconds")
    bench.run(seconds: Int(LoopWatch.memory.seconds) - 1)
    #expect(bench.reasons == [.loopStalled])
    bench.run(seconds: 1)
    #expect(bench.reasons.isEmpty)
    #expect(bench.core.views.readiness.stalls == 1)
  }

  @Test("the first report cannot be late")
  func firstReport() {
    var watch = LoopWatch()
    #expect(watch.report(now: .zero + .seconds(1_000_000)) == nil)
    #expect(watch.recent(now: .zero + .seconds(1_000_000)) == nil)
  }

  @Test("polls of tier 1 that are late by more than twice their interval", arguments: [1, 5, 30, 600])
  func behind(interval: Int) throws {
    let bench = Bench(
      Self.withoutStream.merging(["position_poller.tier1_interval": "\(interval)"]) { $1 })
    try bench.load()
    let wallet = PollWorld.address(7)
    bench.core.watch(wallet, true, now: bench.now)
    // Nothing is listed, so nobody is asked: the wallet stays due.
    let bound = max(Int(Core.behindLeast.seconds), interval * Core.behindIntervals)
    bench.run(seconds: bound - 1)
    #expect(bench.reasons.isEmpty)
    bench.run(seconds: interval + 3)
    #expect(bench.reasons == [.behindSchedule])
    bench.core.watch(wallet, false, now: bench.now)
    #expect(bench.reasons.isEmpty)
  }

  @Test("every reason stands once, the order is that of the enumeration")
  func order() throws {
    let bench = Bench()
    bench.run(seconds: 2)
    bench.pass(.seconds(10))
    bench.step(.measured(Measurements()))
    bench.step(.loaded(.failure(StoreError(.cannotOpen, "made up"))))
    bench.step(.stop)
    #expect(bench.reasons == [.stopping, .streamStale, .database, .loopStalled])
    #expect(Set(UnreadyReason.allCases.map { "\($0.word)" }).count == 6)
  }
}
