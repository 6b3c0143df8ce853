import Base
import Hyperliquid
import Testing

@Suite("Weight budget: against an exchange with its own clock")
struct BudgetWorldTests {
  @Test(arguments: 0..<16)
  func noExchangeWindowEverExceedsTheLimit(seed: UInt64) {
    var random = PRNG(seed: seed &+ 1000)
    let limit = 60 + random.below(1200)
    let budget = WeightBudget(
      weightPerMinMax: limit, safetyPct: 100, inFlightMax: 4 + random.below(60), seed: seed)
    var world = BudgetWorld(budget: budget, seed: seed)
    world.latencyMaxMs = [20, 500, 5_000, 30_000][Int(seed % 4)]
    world.lossChance = seed % 3 == 0 ? 0.1 : 0
    if world.lossChance > 0 { world.latencyMaxMs = min(world.latencyMaxMs, 12_000) }
    var demands: [BudgetWorld.Demand] = []
    for _ in 0..<8 {
      let cls = WeightClass.all[random.below(WeightClass.all.count)]
      let items = random.chance(0.4) ? random.below(min(100, limit / 3)) : 0
      let everyS = random.chance(0.3) ? 0 : random.unit() * 5
      demands.append(
        .init(
          cls: cls, base: 1 + random.below(20), items: items, everyS: everyS, fromS: random.unit() * 300))
    }
    let result = world.run(demands, seconds: 600)
    #expect(result.sent > 20)
    #expect(BudgetWorld.peak(result.counted) <= limit)
  }

  @Test("killed again and again, the processes together stay within it", arguments: 0..<4)
  func noRestartExceedsTheLimit(seed: UInt64) {
    var random = PRNG(seed: seed &+ 2000)
    let limit = 200 + random.below(400)
    let budget = WeightBudget(weightPerMinMax: limit, safetyPct: 100, inFlightMax: 16, seed: seed)
    var world = BudgetWorld(budget: budget, seed: seed)
    // As fast as its requests end: their deadline is ten seconds.
    world.latencyMaxMs = [100, 4_900][Int(seed % 2)]
    world.restartChance = [0.1, 0.4][Int(seed / 2)]
    let demands = WeightClass.all.map { cls in
      BudgetWorld.Demand(cls: cls, base: 1 + random.below(20), items: random.below(limit / 4), everyS: 0.1)
    }
    let result = world.run(demands, seconds: 400)
    #expect(world.restarts > 3 && result.sent > 10)
    #expect(BudgetWorld.peak(result.counted) <= limit)
  }

  @Test("a record is believed for as long as it counts, and nothing else is")
  func records() throws {
    var budget = WeightBudget(inFlightMax: 8, seed: 1)
    let out = ByteBuffer(capacity: WeightBudget.recordBytesMax)
    let start = Instant(ns: 5_000_000_000)
    guard case .admitted = budget.acquire(.tiers, base: 100, now: start),
      case .admitted(let ended) = budget.acquire(.watched, base: 40, now: start)
    else { return #expect(Bool(false)) }
    budget.settle(ended, .answered(itemWeight: 0), now: start + .seconds(1))
    budget.writeRecord(to: out, now: start + .seconds(2))
    func taken(_ bytes: UnsafeRawBufferPointer, after seconds: Int) -> Int? {
      var next = WeightBudget(inFlightMax: 8, seed: 2)
      let total = next.restore(bytes, now: start + .seconds(seconds))
      #expect(total ?? 0 == next.stats(now: start + .seconds(seconds)).used)
      return total
    }
    #expect(taken(out.bytes, after: 3) == 140)
    #expect(taken(out.bytes, after: 60) == 140)
    // The answered one counts no more; the other was not known to have ended.
    #expect(taken(out.bytes, after: 64) == 100)
    #expect(taken(out.bytes, after: 90) == 0)
    // Another boot: its clock was further, or far behind.
    #expect(taken(out.bytes, after: -1) == 140 && taken(out.bytes, after: 100_000) == 0)
    for count in 0..<24 {
      #expect(taken(UnsafeRawBufferPointer(rebasing: out.bytes[..<count]), after: 3) == nil)
    }
    var random = PRNG(seed: 3)
    for _ in 0..<2_000 {
      var spoiled = [UInt8](out.bytes)
      for _ in 0...random.below(6) { spoiled[random.below(spoiled.count)] = UInt8(random.below(256)) }
      spoiled.withUnsafeBytes { bytes in
        var next = WeightBudget(inFlightMax: 8, seed: 2)
        _ = next.restore(bytes, now: start)
        #expect(next.stats(now: start + .seconds(91)).used == 0)
      }
    }
  }

  @Test func theLimitIsReallyUsed() {
    let budget = WeightBudget(weightPerMinMax: 1200, safetyPct: 85, inFlightMax: 16, seed: 5)
    var world = BudgetWorld(budget: budget, seed: 5)
    world.latencyMaxMs = 300
    let result = world.run([.init(cls: .tiers, base: 2, items: 0, everyS: 0)], seconds: 900)
    // One greedy class gets everything but what is never lent: 100 − 3 − 3 − 6 percent of 1020 a minute.
    let perMinute = result.counted.reduce(0) { $0 + $1.weight } / 15
    #expect(perMinute > 850 && perMinute <= 900, "\(perMinute)")
  }

  @Test(arguments: 0..<2)
  func greedyClassesGetTheirSharesAndNobodyStarves(seed: UInt64) {
    let budget = WeightBudget(weightPerMinMax: 1200, safetyPct: 85, inFlightMax: 24, seed: seed)
    var world = BudgetWorld(budget: budget, seed: seed)
    world.latencyMaxMs = 400
    world.itemsReturned = { _, max in max }
    let demands = [
      BudgetWorld.Demand(cls: .universe, base: 20, items: 0, everyS: 0),
      BudgetWorld.Demand(cls: .asked, base: 20, items: 100, everyS: 0),
      BudgetWorld.Demand(cls: .watched, base: 2, items: 0, everyS: 0),
      BudgetWorld.Demand(cls: .tiers, base: 2, items: 0, everyS: 0),
      BudgetWorld.Demand(cls: .profiles, base: 20, items: 100, everyS: 0),
    ]
    let result = world.run(demands, seconds: 1260)
    for cls in WeightClass.all {
      let perMinute = Double(result.served[cls.name] ?? 0) / 21
      let share = Double(1020 * cls.sharePct / 100)
      // Whole requests of up to 120 leave a rest of the share unused.
      let usable = cls == .profiles || cls == .asked ? 120.0 : share - 20
      #expect(perMinute >= usable * 0.88, "\(cls.name): \(perMinute) of \(share)")
      #expect((result.longestWaitS[cls.name] ?? 0) < 130, "\(cls.name)")
    }
    #expect(BudgetWorld.peak(result.counted) <= 1020)
  }

  @Test(arguments: 0..<2)
  func whoWakesUpIsServedWithinAWindow(seed: UInt64) {
    let budget = WeightBudget(weightPerMinMax: 1200, safetyPct: 85, inFlightMax: 24, seed: seed)
    var world = BudgetWorld(budget: budget, seed: seed)
    world.latencyMaxMs = 1000
    let demands = [
      BudgetWorld.Demand(cls: .profiles, base: 20, items: 100, everyS: 0, untilS: 1200),
      BudgetWorld.Demand(cls: .tiers, base: 2, items: 0, everyS: 0),
      BudgetWorld.Demand(cls: .watched, base: 2, items: 0, everyS: 0, fromS: 300, untilS: 600),
      BudgetWorld.Demand(cls: .universe, base: 20, items: 0, everyS: 30, fromS: 400),
      BudgetWorld.Demand(cls: .asked, base: 20, items: 100, everyS: 130, fromS: 700),
    ]
    let result = world.run(demands, seconds: 2400)
    // `watched` and `universe` have a part that is never lent: served at once.
    #expect((result.firstServedAtS["watched"] ?? .infinity) < 302.5)
    #expect((result.firstServedAtS["universe"] ?? .infinity) < 402.5)
    // Everybody waits until who is urgent has its page, and it comes about as fast as weight is given back.
    #expect((result.longestWaitS["asked"] ?? 999) < 15)
    for cls in WeightClass.all { #expect((result.longestWaitS[cls.name] ?? 999) < 70, "\(cls.name)") }
  }

  @Test func aRequestAboveItsShareGetsATurn() {
    // 12 % of 200 is 24; a page reserves 120 and everybody else is greedy.
    let budget = WeightBudget(weightPerMinMax: 200, safetyPct: 100, inFlightMax: 16, seed: 9)
    var world = BudgetWorld(budget: budget, seed: 9)
    world.latencyMaxMs = 300
    let demands = [
      BudgetWorld.Demand(cls: .universe, base: 2, items: 0, everyS: 0),
      BudgetWorld.Demand(cls: .watched, base: 2, items: 0, everyS: 0),
      BudgetWorld.Demand(cls: .tiers, base: 2, items: 0, everyS: 0),
      BudgetWorld.Demand(cls: .profiles, base: 20, items: 100, everyS: 0),
    ]
    let result = world.run(demands, seconds: 1800)
    #expect((result.served["profiles"] ?? 0) >= 120 * 7)
    #expect((result.longestWaitS["profiles"] ?? 999) < 200)
    for cls in WeightClass.all where cls != .asked {
      #expect((result.served[cls.name] ?? 0) > 250, "\(cls.name)")
    }
    #expect(BudgetWorld.peak(result.counted) <= 200)
  }
}
