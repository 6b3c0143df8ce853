import Base
import Engines
import Hyperliquid
import Market
import Testing

@testable import Core

/// What a reload does to what is under way: polls, budgets, vaults, in simulated time.
@Suite("Reload under way")
struct ReloadEffectTests {
  @Test("a shorter and a longer interval hold for accounts that wait already")
  func intervals() {
    let world = PollWorld(seed: 3)
    for n in 0..<20 { world.see(n, usd: 2_000_000) }
    world.run(.seconds(120))
    let polls = { (world: PollWorld) in world.polledAt[PollWorld.address(7)]?.count ?? 0 }
    let before = polls(world)
    #expect((4...5).contains(before))
    var options = Options()
    _ = options.set("position_poller.tier1_interval", to: "10")
    world.poller.configure(PollSettings(options), weightMax: world.scheduler.budget.limit, now: world.now)
    world.run(.seconds(120))
    let fast = polls(world) - before
    #expect((11...13).contains(fast))
    _ = options.set("position_poller.tier1_interval", to: "60")
    world.poller.configure(PollSettings(options), weightMax: world.scheduler.budget.limit, now: world.now)
    world.run(.seconds(240))
    #expect((3...5).contains(polls(world) - before - fast))
  }

  @Test("queues count and order the due as if the new intervals had always been there", arguments: 1...6)
  func queues(seed: Int) {
    var random = PRNG(seed: UInt64(seed))
    let book = AddressBook(addressesMax: 400, seed: 1)
    let times = Knowledge(orderFlow: OrderFlow(windowsS: [60]), book: book).polls
    var intervals = (TimeSpan.seconds(30), TimeSpan.seconds(120), TimeSpan.seconds(600))
    var now = Now(instant: .zero + .seconds(5_000), wall: WallTime(ms: 1_800_000_000_000))
    let queue = TierQueue(times: times, intervals: intervals, now: now.instant)
    /// Tier and moment of each account's last poll.
    var polled: [UInt32: (tier: Int, at: Instant)] = [:]
    for raw in 0..<UInt32(300) { queue.enter(AddressID(raw: raw)) }
    for step in 0..<3_000 {
      now.instant = now.instant + .milliseconds(random.below(8) * 100)
      let account = AddressID(raw: UInt32(random.below(300)))
      if queue.isQueued(account), random.chance(0.4) {
        let tier = 1 + random.below(3)
        queue.take(account, now: now.instant)
        queue.done(account, tier: tier, now: now)
        polled[account.raw] = (tier, now.instant)
      }
      if step % 97 == 0 {
        intervals = (
          .seconds(1 + random.below(60)), .seconds(1 + random.below(300)), .seconds(1 + random.below(900))
        )
        queue.configure(intervals: intervals)
      }
      guard step % 7 == 0 else { continue }
      for (group, tier) in [(PollGroup.tier1, 1), (.tier2, 2), (.tier3, 3)] {
        let wait = tier == 1 ? intervals.0 : tier == 2 ? intervals.1 : intervals.2
        let dues = polled.values.filter { $0.tier == tier }.map { $0.at + wait }
        #expect(queue.dueCount(group, now: now.instant) == dues.count { $0 <= now.instant })
        #expect(queue.dueAt(group) == dues.min() ?? .never)
      }
    }
  }

  @Test("a lowered budget admits nothing until below it, a raised one at once")
  func budget() {
    var options = Options()
    var scheduler = Scheduler(options: options, seed: 1)
    var now = Now(instant: .zero + .seconds(100), wall: WallTime(ms: 0))
    let out = Output()
    func offer() -> Bool {
      let request = InfoRequest.clearinghouseState(user: PollWorld.address(1), dex: "")
      guard case .sent = scheduler.offer(request, for: .mids, .tiers, out, now: now),
        case .fetch(let id, _, _)? = out.effects.last, let sent = scheduler.take(id)
      else { return false }
      scheduler.settle(sent, .answered(itemWeight: 0), now: now)
      return true
    }
    var sent = 0
    while offer() { sent += 1 }
    #expect(sent > 100)
    _ = options.set("rate_limit.max_weight_per_min", to: "300")
    scheduler.configure(options)
    #expect(scheduler.stats(now: now).max == 255 && scheduler.stats(now: now).available < 0)
    #expect(!offer())
    _ = options.set("rate_limit.max_weight_per_min", to: "2400")
    scheduler.configure(options)
    #expect(offer())
    _ = options.set("rate_limit.max_weight_per_min", to: "300")
    _ = options.set("position_poller.workers", to: "1")
    scheduler.configure(options)
    #expect(scheduler.budget.inFlightMax == WeightClass.all.count)
    now.instant = now.instant + WeightBudget.holdAfterReply + .seconds(1)
    var small = 0
    while offer() { small += 1 }
    #expect(small > 20 && small * 2 <= 255)
  }

  @Test("requests in flight keep their slots when fewer are allowed")
  func slots() {
    var options = Options()
    _ = options.set("position_poller.workers", to: "20")
    var budget = Scheduler(options: options, seed: 1).budget
    var tickets: [WeightBudget.Ticket] = []
    let now = Instant.zero + .seconds(100)
    while case .admitted(let ticket) = budget.acquire(.watched, base: 2, now: now) { tickets.append(ticket) }
    #expect(tickets.count >= 20)
    budget.configure(weightPerMinMax: 1200, safetyPct: 85, inFlightMax: 6)
    for ticket in tickets { budget.settle(ticket, .answered(itemWeight: 0), now: now) }
    #expect(budget.stats(now: now).inFlight == 0)
    var again = 0
    while case .admitted = budget.acquire(.watched, base: 2, now: now) { again += 1 }
    #expect(again == 2)
    budget.configure(weightPerMinMax: 1200, safetyPct: 85, inFlightMax: 40)
    while case .admitted = budget.acquire(.watched, base: 2, now: now) { again += 1 }
    #expect(again > 30)
  }

  @Test("other vaults begin a round of their own; what left is neither asked nor followed")
  func vaults() throws {
    let world = try HlpTrackerTests.world(5)
    let (a, b, c, d) = (HlpTrackerTests.a, HlpTrackerTests.b, HlpTrackerTests.c, HlpTrackerTests.d)
    world.children[b] = [d]
    for vault in [a, b, c, d] { world.holdings[vault] = [("BTC", 3, 500)] }
    world.run(seconds: 130)
    #expect(world.core.knowledge.vaults.addresses == [b, a, d])
    #expect(Set(world.fillLinks.keys) == [a, b, d])
    world.reload(["hlp_tracker.vaults": "\(c),\(b)"])
    #expect(world.core.knowledge.vaults.positions.map(\.vault) == [b, d])
    let at = world.now.instant
    world.run(seconds: 5)
    // The child stays with its parent, and the round of all of them is complete.
    #expect(world.core.knowledge.vaults.addresses == [c, b, d])
    #expect(world.core.knowledge.vaults.positions.map(\.vault) == [c, b, d])
    #expect(Set(world.fillLinks.keys) == [b, c, d])
    #expect(world.questions.contains { $0.kind == "vaultDetails" && $0.vault == c && $0.at >= at })
    world.run(seconds: 600)
    #expect(!world.questions.contains { $0.vault == a && $0.at > at })
    #expect(world.core.knowledge.vaults.rounds >= 12)
    world.reload(["hlp_tracker.discover_children": "false", "hlp_tracker.poll_interval": "20"])
    let since = world.now.instant
    world.run(seconds: 200)
    #expect(world.core.knowledge.vaults.addresses == [c, b])
    #expect(HlpTrackerTests.polls(world, c).count { $0 >= since } >= 10)
    world.reload(["hlp_tracker.vaults": ""])
    world.run(seconds: 60)
    #expect(world.core.knowledge.vaults.positions.isEmpty && world.fillLinks.isEmpty)
  }

  @Test("a round under way when the vaults change is not mixed with the new one", arguments: 1...8)
  func mixedRounds(seed: Int) throws {
    let world = try HlpTrackerTests.world(UInt64(seed))
    let (a, b, c) = (HlpTrackerTests.a, HlpTrackerTests.b, HlpTrackerTests.c)
    for vault in [a, b, c] { world.holdings[vault] = [("BTC", 3, 500)] }
    world.run(seconds: 60 + Double(world.random.below(2_000)) / 1_000)
    for lists in [[c], [a, c], [b], [b, a, c]] {
      world.reload(["hlp_tracker.vaults": lists.map(\.description).joined(separator: ",")])
      world.run(seconds: Double(world.random.below(1_500)) / 1_000)
      let held = Set(world.core.knowledge.vaults.positions.map(\.vault))
      #expect(held.isSubset(of: lists))
    }
    world.run(seconds: 70)
    #expect(world.core.knowledge.vaults.positions.map(\.vault) == [b, a, c])
  }
}
