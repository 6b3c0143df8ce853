import Base
import Engines
import Hyperliquid
import Market
import Testing

@testable import Core

/// How often whom: the cadence the README promises, with thousands of accounts due at once and 1,020 weight a minute.
@Suite("Cadence of polls")
struct PollCadenceTests {
  struct Cadence {
    /// Seconds between two polls of an account: mean, and the longest of any.
    var mean = 0.0
    var worst = 0.0
    var polled = 0
  }

  /// The cadence of accounts after `from`, what is open at the end included.
  static func cadence(_ world: PollWorld, _ accounts: Range<Int>, from: Instant) -> Cadence {
    var result = Cadence()
    var (sum, count) = (0.0, 0)
    for n in accounts {
      let times = world.polledAt[PollWorld.address(n)] ?? []
      if !times.isEmpty { result.polled += 1 }
      var last = times.last { $0 <= from } ?? PollWorld.start
      for time in times where time > from {
        sum += (time - last).seconds
        count += 1
        result.worst = max(result.worst, (time - last).seconds)
        last = time
      }
      result.worst = max(result.worst, (world.now - last).seconds)
    }
    result.mean = count > 0 ? sum / Double(count) : .infinity
    return result
  }

  /// `whales` of tier 1, `mids` of tier 2, the rest of tier 3, all due at once.
  static func world(_ whales: Int, _ mids: Int, of all: Int, seed: UInt64) -> PollWorld {
    let world = PollWorld(seed: seed)
    for n in 0..<all {
      let usd: Double = n < whales ? 2e6 : n < whales + mids ? 2e5 : 1e3
      let tier = n < whales ? 1 : n < whales + mids ? 2 : 3
      world.restore(n, usd: usd, tier: tier, age: .seconds(80_000))
    }
    world.poller.finishRestore(now: world.both)
    return world
  }

  static let warmUp = TimeSpan.seconds(1_300)

  @Test("5,000 accounts due at once: tier 1 keeps its interval, the others share the rest")
  func fiveThousand() {
    let world = Self.world(100, 500, of: 5_000, seed: 1)
    world.run(.seconds(2_100))
    let from = world.now
    world.run(.seconds(2_200))
    let tiers = [0..<100, 100..<600, 600..<5_000].map { Self.cadence(world, $0, from: from) }
    #expect(tiers.map(\.polled) == [100, 500, 4_400])
    #expect(tiers[0].mean < 31 && tiers[0].worst < 38, "\(tiers[0])")
    #expect(tiers[1].mean < 230 && tiers[1].worst < 240, "\(tiers[1])")
    #expect(tiers[2].mean < 2_000 && tiers[2].worst < 2_060, "\(tiers[2])")
    #expect(world.peakWeight <= 1_020)
    #expect(world.peakInFlight <= 8)
    // What it says of itself is what happened.
    let lags = (1...3).map { world.poller.lag(tier: $0, now: world.now) }
    #expect(lags.map(\.accounts) == [100, 500, 4_400])
    for (lag, tier) in zip(lags, tiers) {
      #expect(abs((lag.achieved?.seconds ?? 0) - tier.mean) < tier.mean / 10, "\(lag) \(tier)")
      #expect(abs(lag.lag.seconds - (tier.mean - lag.interval.seconds)) < 60, "\(lag) \(tier)")
    }
  }

  @Test("what fits the budget is polled at its interval")
  func fits() {
    // 40 + 50 + 300 polls a minute of about 475.
    let world = Self.world(20, 100, of: 3_120, seed: 2)
    world.run(Self.warmUp)
    let from = world.now
    world.run(Self.warmUp)
    let tiers = [0..<20, 20..<120, 120..<3_120].map { Self.cadence(world, $0, from: from) }
    #expect(tiers[0].mean < 30.5 && tiers[0].worst < 33, "\(tiers[0])")
    #expect(tiers[1].mean < 121 && tiers[1].worst < 130, "\(tiers[1])")
    #expect(tiers[2].mean < 602 && tiers[2].worst < 615, "\(tiers[2])")
    #expect(world.poller.lag(tier: 3, now: world.now).lag < .seconds(5))
    #expect(world.peakWeight <= 1_020)
  }

  @Test("more whales than the budget carries: they get most, the others their guaranteed share")
  func tooManyWhales() {
    let world = Self.world(2_000, 500, of: 5_000, seed: 3)
    world.run(Self.warmUp)
    let from = world.now
    world.run(Self.warmUp)
    let tiers = [0..<2_000, 2_000..<2_500, 2_500..<5_000].map { Self.cadence(world, $0, from: from) }
    // At least 38 and 28 percent of 1,020, in polls of weight 2.
    #expect(tiers[0].mean < 2_000.0 / (1_020 * 0.38 / 2 / 60.8), "\(tiers[0])")
    #expect(tiers[0].worst < 660, "\(tiers[0])")
    #expect(tiers[1].worst < 500.0 / (1_020 * 0.28 / 2 / 60.8 / 2) * 1.1, "\(tiers[1])")
    #expect(tiers[2].worst < 2_500.0 / (1_020 * 0.28 / 2 / 60.8 / 2) * 1.1, "\(tiers[2])")
    #expect(world.peakWeight <= 1_020)
  }

  @Test("a crowd of new accounts does not starve the known ones, nor they it")
  func newcomers() {
    let world = Self.world(50, 200, of: 2_000, seed: 4)
    world.run(.seconds(600))
    let from = world.now
    // 15 new accounts a second for ten minutes: three times what all the budget could poll.
    var n = 2_000
    for _ in 0..<600 {
      for _ in 0..<15 {
        world.see(n, usd: 1e3)
        n += 1
      }
      world.run(.seconds(1))
    }
    let known = Self.cadence(world, 250..<2_000, from: from)
    let fresh = (2_000..<n).count { world.polledAt[PollWorld.address($0)] != nil }
    #expect(Self.cadence(world, 0..<50, from: from).worst < 35)
    #expect(known.worst < 1_200, "\(known)")
    #expect(fresh > 500, "\(fresh)")
    #expect(world.poller.lag(tier: 3, now: world.now).due >= n - 2_000 - fresh - 8)
    #expect(world.peakWeight <= 1_020)
  }

  @Test("other classes take what is theirs, and the budget holds")
  func shared() {
    let world = Self.world(100, 500, of: 5_000, seed: 5)
    var nextPage = world.now
    world.others = { world in
      guard world.now >= nextPage else { return }
      nextPage = world.now + .seconds(20)
      // A listing every 20 seconds: 60 weight a minute that polls must leave.
      guard world.scheduler.offer(.perpDexs, for: .mids, .universe, world.out, now: world.both) == .sent
      else {
        Issue.record("a listing had to wait")
        return
      }
      world.answerOther()
    }
    world.run(Self.warmUp)
    let from = world.now
    world.run(Self.warmUp)
    let whales = Self.cadence(world, 0..<100, from: from)
    #expect(whales.mean < 31.5 && whales.worst < 40, "\(whales)")
  }

  @Test("who is polled when equals a model that always looks at everybody")
  func model() {
    // Few accounts and much budget: an account is polled as soon as it is due, the earliest due first.
    let world = Self.world(3, 5, of: 40, seed: 6)
    world.run(.seconds(4_000))
    for n in 0..<40 {
      let interval: Double = n < 3 ? 30 : n < 8 ? 120 : 600
      let times = world.polledAt[PollWorld.address(n)] ?? []
      #expect(times.count >= Int(4_000 / (interval + 6)))
      for (a, b) in zip(times, times.dropFirst()) {
        let gap = (b - a).seconds
        // Due to the tenth, behind a few others at the pace, and a latency's difference.
        #expect(gap >= interval - 0.3 && gap < interval + 6, "\(n): \(gap)")
      }
    }
  }
}
