import Base
import Hyperliquid
import Testing

private func at(_ seconds: Double) -> Instant { Instant(ns: UInt64(seconds * 1e9)) }

private func granted(_ admission: WeightBudget.Admission) -> WeightBudget.Ticket? {
  if case .admitted(let ticket) = admission { return ticket }
  return nil
}

private func refused(_ admission: WeightBudget.Admission) -> Instant? {
  if case .wait(let until) = admission { return until }
  return nil
}

@Suite("Weight budget: rules")
struct BudgetTests {
  @Test func theShareIsFlooredAndReported() {
    var budget = WeightBudget(weightPerMinMax: 1200, safetyPct: 85, inFlightMax: 8, seed: 1)
    #expect(budget.limit == 1020)
    #expect(budget.stats(now: at(1)).max == 1020)
    #expect(budget.stats(now: at(1)).available == 1020)
    #expect(WeightBudget(weightPerMinMax: 1199, safetyPct: 84.9, inFlightMax: 8, seed: 1).limit == 1017)
    #expect(WeightClass.all.reduce(0) { $0 + $1.sharePct } <= 100)
    #expect(WeightClass.all.map(\.rank) == Array(WeightClass.all.indices))
  }

  @Test func weightCountsFromReservationUntilSixtySecondsAfterTheReply() throws {
    var budget = WeightBudget(weightPerMinMax: 100, safetyPct: 100, inFlightMax: 8, seed: 1)
    let first = try #require(granted(budget.acquire(.watched, base: 40, now: at(10))))
    #expect(budget.stats(now: at(10)).available == 60)
    #expect(budget.stats(now: at(90)).available == 60)
    budget.settle(first, .answered(itemWeight: 0), now: at(90))
    #expect(budget.stats(now: at(149.9)).available == 60)
    #expect(budget.stats(now: at(150.4)).available == 60)
    #expect(budget.stats(now: at(151)).available == 100)
  }

  @Test func worstCaseItemsAreRefunded() throws {
    var budget = WeightBudget(weightPerMinMax: 1020, safetyPct: 100, inFlightMax: 8, seed: 1)
    let page = try #require(granted(budget.acquire(.profiles, base: 20, items: 100, now: at(1))))
    #expect(budget.stats(now: at(1)).available == 900)
    budget.settle(page, .answered(itemWeight: 3), now: at(2))
    #expect(budget.stats(now: at(2)).available == 997)
    #expect(budget.stats(now: at(2)).totalAcquired == 23)
    let refused = try #require(granted(budget.acquire(.profiles, base: 20, items: 100, now: at(3))))
    budget.settle(refused, .refused, now: at(4))
    #expect(budget.stats(now: at(4)).available == 977)
  }

  @Test func unreservedItemsBecomeADebtThatBlocksEverything() throws {
    var budget = WeightBudget(weightPerMinMax: 100, safetyPct: 100, inFlightMax: 8, seed: 1)
    let page = try #require(granted(budget.acquire(.tiers, base: 20, now: at(1))))
    budget.settle(page, .answered(itemWeight: 130), now: at(2))
    let stats = budget.stats(now: at(2))
    #expect(stats.available == -50)
    #expect(stats.debts == 130)
    for cls in WeightClass.all where cls != .asked {
      let until = try #require(refused(budget.acquire(cls, base: 2, now: at(3))))
      #expect(until > at(62) && until < at(63.1))
    }
    #expect(granted(budget.acquire(.universe, base: 2, now: at(63.1))) != nil)
  }

  @Test func lostRequestsCountWhollyAndLonger() throws {
    var budget = WeightBudget(weightPerMinMax: 200, safetyPct: 100, inFlightMax: 8, seed: 1)
    let page = try #require(granted(budget.acquire(.profiles, base: 20, items: 100, now: at(1))))
    budget.settle(page, .lost, now: at(11))
    #expect(budget.stats(now: at(80)).available == 80)
    #expect(budget.stats(now: at(88)).available == 200)
    #expect(budget.stats(now: at(88)).lost == 1)
  }

  @Test func aTicketNobodySettlesExpiresAndIsThenIgnored() throws {
    var budget = WeightBudget(weightPerMinMax: 100, safetyPct: 100, inFlightMax: 4, seed: 1)
    let leaked = try #require(granted(budget.acquire(.tiers, base: 30, now: at(1))))
    #expect(budget.stats(now: at(120)).inFlight == 1)
    #expect(budget.stats(now: at(122)).inFlight == 0)
    #expect(budget.stats(now: at(150)).available == 70)
    let other = try #require(granted(budget.acquire(.tiers, base: 10, now: at(151))))
    budget.settle(leaked, .answered(itemWeight: 0), now: at(152))
    #expect(budget.stats(now: at(152)).inFlight == 1)
    budget.settle(other, .answered(itemWeight: 0), now: at(153))
    budget.settle(other, .answered(itemWeight: 50), now: at(153))
    #expect(budget.stats(now: at(153)).available == 60)
  }

  @Test func greaterThanTheWholeBudgetIsImpossible() {
    var budget = WeightBudget(weightPerMinMax: 100, safetyPct: 100, inFlightMax: 4, seed: 1)
    #expect(budget.acquire(.profiles, base: 20, items: 100, now: at(1)) == .impossible)
    var nothing = WeightBudget(weightPerMinMax: 1, safetyPct: 1, inFlightMax: 4, seed: 1)
    #expect(nothing.acquire(.universe, base: 2, now: at(1)) == .impossible)
  }

  @Test func requestsInFlightAreBoundedAndOneSlotPerClassIsKept() {
    var budget = WeightBudget(weightPerMinMax: 12000, safetyPct: 100, inFlightMax: 9, seed: 1)
    var tickets: [WeightBudget.Ticket] = []
    while let next = granted(budget.acquire(.tiers, base: 2, now: at(1))) { tickets.append(next) }
    #expect(tickets.count == 5)
    #expect(refused(budget.acquire(.tiers, base: 2, now: at(1))) == .never)
    #expect(granted(budget.acquire(.universe, base: 20, now: at(1))) != nil)
    #expect(granted(budget.acquire(.asked, base: 20, now: at(1))) != nil)
    #expect(granted(budget.acquire(.watched, base: 2, now: at(1))) != nil)
    #expect(granted(budget.acquire(.profiles, base: 20, now: at(1))) != nil)
    #expect(granted(budget.acquire(.universe, base: 20, now: at(1))) == nil)
    budget.settle(tickets[0], .answered(itemWeight: 0), now: at(2))
    #expect(granted(budget.acquire(.universe, base: 20, now: at(2))) != nil)
  }

  @Test func theAnsweredMomentIsTheEarliest() throws {
    var random = PRNG(seed: 7)
    for seed in 0..<40 {
      var budget = WeightBudget(weightPerMinMax: 400, safetyPct: 100, inFlightMax: 64, seed: UInt64(seed))
      var now = 1.0
      for _ in 0..<60 {
        now += random.unit() * 4
        let cls = WeightClass.all[random.below(WeightClass.all.count)]
        let weight = 1 + random.below(60)
        let admission = budget.acquire(cls, base: weight, now: at(now))
        if let ticket = granted(admission) {
          now += random.unit() * 0.5
          let outcome: WeightBudget.Outcome = random.chance(0.03) ? .tooMany(retryAfter: nil) : .refused
          budget.settle(ticket, outcome, now: at(now))
          continue
        }
        let until = try #require(refused(admission))
        try #require(until < .never && until > at(now))
        var early = budget
        #expect(granted(early.acquire(cls, base: weight, now: until - .milliseconds(251))) == nil)
        var punctual = budget
        #expect(granted(punctual.acquire(cls, base: weight, now: until)) != nil, "seed \(seed)")
      }
    }
  }
}

@Suite("Weight budget: 429")
struct BudgetRefusalTests {
  @Test func aRefusalStopsEverythingThenProbesThenRamps() throws {
    var budget = WeightBudget(weightPerMinMax: 1200, safetyPct: 85, inFlightMax: 8, seed: 3)
    let first = try #require(granted(budget.acquire(.tiers, base: 2, now: at(1))))
    let second = try #require(granted(budget.acquire(.tiers, base: 2, now: at(1))))
    budget.settle(first, .tooMany(retryAfter: nil), now: at(2))
    #expect(budget.isStopped(now: at(2.1)))
    let until = try #require(refused(budget.acquire(.universe, base: 20, now: at(2.1))))
    #expect(until == .never, "nothing goes while the second request is still out and a probe is due")
    budget.settle(second, .tooMany(retryAfter: nil), now: at(3))
    let again = try #require(refused(budget.acquire(.universe, base: 20, now: at(3.1))))
    #expect(again >= at(9.4) && again <= at(17.3), "one storm is one step of back-off")
    let probe = try #require(granted(budget.acquire(.universe, base: 20, now: again)))
    #expect(granted(budget.acquire(.tiers, base: 2, now: again)) == nil)
    budget.settle(probe, .answered(itemWeight: 0), now: again + .seconds(1))
    #expect(granted(budget.acquire(.tiers, base: 2, now: again + .seconds(1))) != nil)
    #expect(budget.stats(now: again + .seconds(1)).available < 300)
    #expect(budget.stats(now: again + .seconds(70)).available > 900)
    #expect(budget.stats(now: again + .seconds(70)).tooMany == 2)
  }

  @Test func retryAfterIsHonouredAndCut() throws {
    var budget = WeightBudget(inFlightMax: 8, seed: 3)
    let first = try #require(granted(budget.acquire(.tiers, base: 2, now: at(1))))
    budget.settle(first, .tooMany(retryAfter: .seconds(45)), now: at(2))
    let until = try #require(refused(budget.acquire(.tiers, base: 2, now: at(3))))
    #expect(until >= at(47) && until < at(47.5))
    let probe = try #require(granted(budget.acquire(.tiers, base: 2, now: until)))
    budget.settle(probe, .tooMany(retryAfter: .seconds(1_000_000_000)), now: until + .seconds(1))
    let long = try #require(refused(budget.acquire(.tiers, base: 2, now: until + .seconds(2))))
    #expect(long <= until + .seconds(302))
  }

  @Test func otherFailuresDoNotStop() throws {
    var budget = WeightBudget(inFlightMax: 8, seed: 3)
    for second in 1...30 {
      let ticket = try #require(granted(budget.acquire(.tiers, base: 2, now: at(Double(second)))))
      budget.settle(ticket, second % 2 == 0 ? .lost : .refused, now: at(Double(second) + 0.5))
    }
    #expect(!budget.isStopped(now: at(40)))
  }

  @Test(arguments: 0..<2)
  func stormsEndAndTheExchangeIsNotHammered(seed: UInt64) {
    let budget = WeightBudget(weightPerMinMax: 1200, safetyPct: 85, inFlightMax: 16, seed: seed)
    var world = BudgetWorld(budget: budget, seed: seed &* 77)
    world.latencyMaxMs = 800
    // Somebody else on our address uses most of the budget: 429 long before our own count is full.
    world.exchangeLimit = 300
    let demands = [
      BudgetWorld.Demand(cls: .universe, base: 20, items: 0, everyS: 10),
      BudgetWorld.Demand(cls: .tiers, base: 2, items: 0, everyS: 0),
    ]
    let result = world.run(demands, seconds: 1200)
    #expect(result.tooMany > 0)
    #expect(result.tooMany < 150, "at most a handful per stop: \(result.tooMany)")
    #expect(result.counted.reduce(0) { $0 + $1.weight } > 1000, "and work goes on")
  }
}
