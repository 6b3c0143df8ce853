import Base
import Hyperliquid
import Testing

/// A true exchange clock, a monotonic clock that runs a little differently, trades with latency.
private struct ClockWorld {
  var clock: ExchangeClock
  var random: PRNG
  var instant: UInt64 = 1_000_000_000_000
  /// The exchange's time at `instant`, in microseconds.
  var trueUs: Int64 = 1_787_375_600_000_000
  /// How much faster the exchange's clock runs, in millionths.
  var ppm: Int64 = 0

  init(wallErrorMs: Int64 = 0, seed: UInt64 = 1) {
    random = PRNG(seed: seed)
    clock = ExchangeClock(
      now: Now(instant: Instant(ns: instant), wall: WallTime(ms: trueUs / 1000 + wallErrorMs)))
  }

  var now: Instant { Instant(ns: instant) }
  var errorMs: Int64 { clock.now(at: now).ms - trueUs / 1000 }

  mutating func pass(ms: Int) {
    instant += UInt64(ms) * 1_000_000
    trueUs += Int64(ms) * 1000 + Int64(ms) * ppm / 1000
  }

  mutating func trade(latencyMs: Int) {
    clock.observe(WallTime(ms: trueUs / 1000 - Int64(latencyMs)), now: now)
  }

  mutating func trades(_ count: Int, latencyMaxMs: Int = 300, everyMs: Int = 50) {
    for _ in 0..<count {
      pass(ms: everyMs)
      trade(latencyMs: 20 + random.below(latencyMaxMs))
    }
  }
}

@Suite("Exchange clock")
struct ClockTests {
  @Test func showsTheMachinesWallClockUntilTheFirstTrade() {
    var world = ClockWorld(wallErrorMs: 90_000)
    #expect(world.errorMs == 90_000 && !world.clock.isSet)
    world.pass(ms: 5000)
    #expect(world.errorMs == 90_000)
    world.trade(latencyMs: 30)
    #expect(world.errorMs == -30 && world.clock.isSet, "an OS clock ahead of the exchange is not kept")
  }

  @Test(arguments: 0..<8)
  func settlesNearTheSmallestLatency(seed: UInt64) {
    var world = ClockWorld(wallErrorMs: Int64(seed) * 30_000 - 100_000, seed: seed)
    world.trades(2000)
    #expect(world.errorMs <= -20 && world.errorMs > -25)
    #expect(world.clock.rejected == 0 || seed > 0)
  }

  @Test(arguments: [100, -100] as [Int64])
  func followsTheDriftOfTwoClocks(ppm: Int64) {
    var world = ClockWorld()
    world.ppm = ppm
    for _ in 0..<24 {
      world.trades(3600, everyMs: 1000)
      #expect(abs(world.errorMs) < 200, "100 ppm over the twenty minutes remembered is 120 ms")
    }
    #expect(world.clock.reanchored == 0)
  }

  @Test func jumpsOfTheWallClockChangeNothing() {
    var world = ClockWorld()
    world.trades(100)
    let before = world.errorMs
    world.pass(ms: 10)
    let wall = WallTime(ms: world.trueUs / 1000 - 7_200_000)
    #expect(world.clock.skewMs(Now(instant: world.now, wall: wall)) > 7_199_000)
    world.trades(100)
    #expect(abs(world.errorMs - before) < 200)
  }

  @Test func aPoisonedFutureTimeIsNotBelieved() {
    var world = ClockWorld()
    world.trades(100)
    for ahead in [6_000, 601_000, 86_400_000, Int64.max / 2] as [Int64] {
      world.clock.observe(
        WallTime(ms: ahead == .max / 2 ? ahead : world.trueUs / 1000 + ahead), now: world.now)
      #expect(world.errorMs < 0 && world.errorMs > -330)
    }
    // Even 63 of them in a row, and then one that is in order.
    for _ in 0..<63 { world.clock.observe(WallTime(ms: world.trueUs / 1000 + 900_000), now: world.now) }
    world.trades(1)
    for _ in 0..<63 { world.clock.observe(WallTime(ms: world.trueUs / 1000 + 900_000), now: world.now) }
    #expect(world.errorMs < 0 && world.clock.reanchored == 0)
    #expect(world.clock.rejected >= 129)
  }

  @Test(arguments: [-7_200_000, 7_200_000, -700_000, 30_000] as [Int64])
  func agreeingTradesMoveAWrongAnchor(wallErrorMs: Int64) {
    var world = ClockWorld(wallErrorMs: wallErrorMs)
    world.trades(70)
    #expect(world.errorMs <= 0 && world.errorMs > -330)
  }

  @Test func aSuspendedMachineIsCaughtUp() {
    var world = ClockWorld()
    world.trades(100)
    world.trueUs += 3_600_000_000
    world.trades(70)
    #expect(world.errorMs <= 0 && world.errorMs > -330 && world.clock.reanchored == 1)
    world.trueUs += 60_000_000
    world.trades(10)
    #expect(world.errorMs <= 0 && world.errorMs > -330 && world.clock.reanchored == 2)
  }

  @Test func replayedTradesOfQuietCoinsDoNotTurnItBack() {
    var world = ClockWorld(wallErrorMs: 0)
    // Thirty replayed trades of each of fifty coins, hours old, all over the day, before the first fresh one.
    for _ in 0..<1500 {
      world.clock.observe(
        WallTime(ms: world.trueUs / 1000 - 700_000 - Int64(world.random.below(80_000_000))), now: world.now)
    }
    #expect(world.errorMs == 0 && world.clock.reanchored == 0)
    world.trades(100)
    #expect(world.errorMs <= 0 && world.errorMs > -100)
  }

  @Test func anyValueIsSafe() {
    var world = ClockWorld()
    for value in [Int64.min, -1, 0, 1, .max, .max - 1, 1 << 52, (1 << 52) - 1] {
      for _ in 0..<100 { world.clock.observe(WallTime(ms: value), now: world.now) }
      _ = world.clock.now(at: .never)
      _ = world.clock.instant(of: WallTime(ms: value))
      _ = world.clock.skewMs(Now(instant: .never, wall: WallTime(ms: value)))
    }
  }

  @Test func instantsAndTimesAreInverse() {
    var world = ClockWorld()
    world.trades(50)
    let time = world.clock.now(at: world.now)
    let difference = world.clock.instant(of: time) - world.now
    #expect(difference <= .zero && difference > .milliseconds(-1))
  }
}
