import API
import Base
import Engines
import Hyperliquid
import Market
import Testing

@testable import Core

/// Which wallets are fetched, in which order, at which share; on demand first; one fetch for two wishes.
@Suite("Profile queue")
struct ProfileQueueTests {
  /// The queue, the real scheduler, and an exchange that knows every wallet's fills.
  final class World {
    let book = AddressBook(addressesMax: 10_000, seed: 1)
    let knowledge: Knowledge
    let queue: ProfileQueue
    var scheduler = Scheduler(options: Options(), seed: 1)
    let out = Output()
    let coins = FillHistory.coins()
    var now = PollWorld.start
    var histories: [Address: FillHistory] = [:]
    var isDown = false
    /// Offers other weight, before the queue.
    var others: ((World) -> Void)?
    var flights: [(id: FetchID, at: Instant)] = []
    var jobs: [(at: Instant, job: ProfileJob)] = []
    private(set) var asked: [(address: Address, at: Instant, weight: Int)] = []
    private(set) var outcomes: [ProfileOutcome] = []
    private(set) var givenUp: [Address] = []

    init(settings: ProfileSettings = ProfileSettings()) {
      knowledge = Knowledge(orderFlow: OrderFlow(windowsS: [60]), book: book)
      queue = ProfileQueue(
        settings: settings, knowledge: knowledge, weightMax: scheduler.budget.limit, now: PollWorld.start)
    }

    var both: Now {
      Now(instant: now, wall: WallTime(ms: PollWorld.wall.ms + (now - PollWorld.start).milliseconds))
    }

    func account(_ n: Int) -> AddressID {
      book.see(PollWorld.address(n), at: both.wall)!.id
    }

    /// The wallet traded `count` times within the last hour.
    func trade(_ n: Int, count: Int) {
      let from = both.wall.ms - 3_600_000
      histories[PollWorld.address(n)] = FillHistory(
        count: count, from: from, stepMs: Int64(3_500_000 / max(count, 1)))
    }

    func run(_ span: TimeSpan) {
      let end = now + span
      while true {
        out.begin()
        others?(self)
        queue.askOnDemand(&scheduler, out, exchangeNow: both.wall, now: both)
        queue.ask(&scheduler, out, exchangeNow: both.wall, now: both)
        for case .fetch(let id, _, _) in out.effects { flights.append((id, now + .milliseconds(150))) }
        var next = min(queue.deadline, flights.map(\.at).min() ?? .never)
        next = min(next, jobs.map(\.at).min() ?? .never)
        if others != nil { next = min(next, now + .milliseconds(50)) }
        guard next <= end else { break }
        now = max(now, next)
        while let index = flights.firstIndex(where: { $0.at <= now }) { answer(flights.remove(at: index).id) }
        while let index = jobs.firstIndex(where: { $0.at <= now }) {
          let outcome = jobs.remove(at: index).job.run()
          if let profile = outcome.profile, knowledge.profiles.set(profile, of: outcome.account).isNew {
            book.pin(outcome.account)
          }
          outcomes.append(outcome)
          queue.finished(outcome, now: both)
        }
      }
      now = end
    }

    /// The next body is cut short by this much.
    var cut = 0

    private func answer(_ id: FetchID) {
      guard let request = scheduler.take(id) else { return }
      guard case .userFillsByTime(let user, let start, _) = request.request,
        case .fills(let account) = request.owner
      else { return scheduler.settle(request, .answered(itemWeight: 0), now: both) }
      guard !isDown else {
        scheduler.settle(request, .lost, now: both)
        _ = queue.answered(account, .failed("down"), coins: coins, now: both)
        givenUp += queue.takeGivenUp()
        return
      }
      let rows = histories[user]?.page(from: start.ms) ?? []
      let body = FillHistory.body(rows)
      let taken = body.withUnsafeBytes {
        queue.answered(
          account, .body(UnsafeRawBufferPointer(rebasing: $0[0..<(body.count - 64 - cut)])), coins: coins,
          now: both)
      }
      #expect(taken.rows == (cut > 0 ? nil : rows.count))
      let itemWeight = request.request.type.weight(rows: rows.count)
      let before = scheduler.stats(now: both).used
      scheduler.settle(request, rows: taken.rows, now: both)
      let reserved = Venue.fillsPageWeightMax
      #expect(scheduler.stats(now: both).used == before - (cut > 0 ? 0 : reserved - itemWeight))
      cut = 0
      asked.append((user, now, request.request.type.weight + itemWeight))
      if let job = queue.job(of: account, now: both) { jobs.append((now + .milliseconds(40), job)) }
    }
  }

  static let a = (0..<400).map { PollWorld.address($0) }

  @Test("a page that is cut short counts in full, and is asked for again")
  func cutShort() {
    let world = World()
    world.trade(1, count: 60)
    world.cut = 7
    #expect(world.queue.want(Self.a[1], days: 30, now: world.both) == .pending)
    world.run(.seconds(10))
    #expect(world.cut == 0 && world.asked.count == 2 && world.outcomes.count == 1)
  }

  @Test("on demand: fetched at once, profiled, and good for the next who asks")
  func onDemand() {
    let world = World()
    world.trade(1, count: 60)
    #expect(world.queue.want(Self.a[1], days: 30, now: world.both) == .pending)
    #expect(world.queue.want(Self.a[1], days: 30, now: world.both) == .pending)
    #expect(world.queue.want(Self.a[1], days: 7, now: world.both) == .pending)
    world.run(.seconds(1))
    #expect(world.asked.count == 1 && world.outcomes.count == 1)
    #expect(world.outcomes[0].trades.count == 30 && world.outcomes[0].profile?.windowDays == 30)
    #expect(world.queue.want(Self.a[1], days: 30, now: world.both) == .ready)
    // A longer window only when the profile is an hour old.
    #expect(world.queue.want(Self.a[1], days: 90, now: world.both) == .ready)
    world.now = world.now + .seconds(3_601)
    #expect(world.queue.want(Self.a[1], days: 90, now: world.both) == .pending)
    world.run(.seconds(1))
    #expect(world.outcomes.last?.profile?.windowDays == 90)
    #expect(world.queue.computedAsked == 2)
  }

  @Test("a wallet without enough trades is not asked about again and again")
  func empty() {
    let world = World()
    #expect(world.queue.want(Self.a[1], days: 30, now: world.both) == .pending)
    world.run(.seconds(1))
    #expect(world.outcomes.count == 1 && world.outcomes[0].profile == nil)
    #expect(world.queue.want(Self.a[1], days: 30, now: world.both) == .ready)
    world.now = world.now + .seconds(7_300)
    #expect(world.queue.want(Self.a[1], days: 30, now: world.both) == .pending)
  }

  @Test(
    "a wish for a longer window waits for the fetch under way, and has its own when the profile is an hour old"
  )
  func longer() {
    let world = World()
    world.trade(1, count: 60)
    _ = world.queue.want(Self.a[1], days: 7, now: world.both)
    world.run(.milliseconds(20))
    #expect(world.flights.count == 1)
    #expect(world.queue.want(Self.a[1], days: 60, now: world.both) == .pending)
    world.run(.milliseconds(20))
    #expect(world.flights.count == 1)
    world.run(.seconds(1))
    // A fresh profile of a shorter window is good enough: who waits is told.
    #expect(world.outcomes.map(\.profile?.windowDays) == [7] && world.queue.takeKnown() == [Self.a[1]])
    world.now = world.now + .seconds(3_700)
    #expect(world.queue.want(Self.a[1], days: 60, now: world.both) == .pending)
    world.run(.seconds(1))
    #expect(world.outcomes.map(\.profile?.windowDays) == [7, 60])
  }

  @Test(
    "the cycle: leaderboard without a profile, watched, stale; 30 seconds after the start, so many at most")
  func cycle() {
    var settings = ProfileSettings()
    settings.perCycle = 6
    let world = World(settings: settings)
    for n in 0..<20 { world.trade(n, count: 40) }
    // Ranked: 0, 1, 2 by profit; 1 has a fresh profile. Watched: 5, 6. Stale: 8, 7. New with equity: 9.
    for (n, profit) in [(0, 300), (1, 200), (2, 100)] {
      let id = world.account(n)
      world.book.pin(id)
      world.knowledge.equity.append(id, equity: Usd(micros: 1_000_000), at: world.both.wall)
      world.knowledge.equity.append(
        id, equity: Usd(micros: 1_000_000 + Int64(profit)), at: world.both.wall)
    }
    world.knowledge.rankings.rebuild(world.knowledge.equity, book: world.book, now: world.both.wall)
    for (n, age) in [(8, 90_000), (7, 80_000), (1, 60)] {
      let id = world.account(n)
      world.book.pin(id)
      _ = world.knowledge.profiles.set(
        Profile(
          computedAt: WallTime(ms: world.both.wall.ms - Int64(age) * 1000), windowDays: 7, winRate: 0.5,
          tradeCount: 9, profitFactor: 1, avgHoldHours: 1, avgPnlPct: 0, maxDrawdown: 0, style: .mixed,
          isBot: false, equity: nil), of: id)
    }
    for n in [5, 6] {
      world.knowledge.watchList.put(WatchEntry(key: Self.a[n].description, addedAt: world.both.wall))
    }
    world.run(.seconds(29))
    #expect(world.asked.isEmpty)
    world.queue.snapshotted(world.account(9), equity: Usd(micros: 60_000_000_000), now: world.both)
    world.queue.snapshotted(world.account(10), equity: Usd(micros: 40_000_000_000), now: world.both)
    world.run(.seconds(120))
    let order = world.asked.map { address in Self.a.firstIndex(of: address.address) ?? -1 }
    // Wallet 9 was there before the cycle was drawn up.
    #expect(order == [9, 0, 2, 6, 5, 8, 7] || order == [9, 0, 2, 5, 6, 8, 7], "\(order)")
    world.run(.seconds(3_600))
    #expect(world.asked.count == 7)
    world.run(.seconds(3_700))
    #expect(world.asked.count > 7 && world.asked.count <= 13)
  }

  @Test("a cycle of none leaves the wallets that are asked for")
  func noCycle() {
    var settings = ProfileSettings()
    settings.perCycle = 0
    let world = World(settings: settings)
    world.trade(1, count: 40)
    world.knowledge.watchList.put(WatchEntry(key: Self.a[1].description, addedAt: world.both.wall))
    world.run(.seconds(7_300))
    #expect(world.asked.isEmpty)
    #expect(world.queue.want(Self.a[1], days: 7, now: world.both) == .pending)
    world.run(.seconds(1))
    #expect(!world.asked.isEmpty)
  }

  @Test("the background never takes more than its share, whatever the wallets")
  func share() {
    var settings = ProfileSettings()
    settings.perCycle = 1
    let world = World(settings: settings)
    for n in 0..<200 {
      world.trade(n, count: n % 5 == 0 ? 4_200 : 80)
      world.queue.snapshotted(world.account(n), equity: Usd(micros: 60_000_000_000), now: world.both)
    }
    world.run(.seconds(1_200))
    let limit = Double(world.scheduler.budget.limit * WeightClass.profiles.sharePct / 100)
    let weight = world.asked.reduce(0) { $0 + $1.weight }
    #expect(Double(weight) <= limit * 20 + 120, "\(weight)")
    #expect(Double(weight) >= limit * 20 * 0.8, "\(weight)")
    for start in world.asked.indices {
      var sum = 0
      for entry in world.asked[start...] where entry.at - world.asked[start].at < .seconds(60) {
        sum += entry.weight
      }
      #expect(sum <= Int(limit) + 120)
    }
  }

  @Test("on demand goes before the background, and is served within seconds under full load")
  func preemption() throws {
    let world = World()
    for n in 0..<300 {
      world.trade(n, count: 400)
      world.queue.snapshotted(world.account(n), equity: Usd(micros: 60_000_000_000), now: world.both)
    }
    world.trade(350, count: 3_000)
    // Polls take all there is.
    world.others = { world in
      while world.flights.count < 8,
        world.scheduler.offer(
          .clearinghouseState(user: Self.a[0], dex: ""), for: .positions(AddressID(raw: 0)), .tiers,
          world.out,
          now: world.both) == .sent
      {
        if case .fetch(let id, _, _)? = world.out.effects.last {
          world.flights.append((id, world.now + .milliseconds(100)))
        }
        world.out.begin()
      }
    }
    world.run(.seconds(100))
    #expect(world.queue.want(Self.a[350], days: 30, now: world.both) == .pending)
    let from = world.now
    world.run(.seconds(200))
    let pages = world.asked.filter { $0.address == Self.a[350] }
    #expect(pages.count == 2)
    #expect(try #require(pages.first).at - from < .seconds(10))
    // While its first page waited, no other wallet's was sent.
    #expect(!world.asked.contains { $0.at > from + .milliseconds(200) && $0.at < pages[0].at })
  }

  @Test("a wallet whose pages fail is given up, who waits is told, and the next is taken")
  func failures() {
    let world = World()
    world.isDown = true
    _ = world.queue.want(Self.a[1], days: 30, now: world.both)
    world.run(.seconds(60))
    #expect(world.givenUp == [Self.a[1]] && world.queue.errors == 1 && world.queue.waiting == 0)
    #expect(!world.book.isPinned(world.account(1)))
    world.isDown = false
    world.trade(1, count: 60)
    _ = world.queue.want(Self.a[1], days: 30, now: world.both)
    world.run(.seconds(30))
    #expect(world.outcomes.count == 1)
  }

  @Test("queues are bounded")
  func bounds() {
    let world = World()
    world.isDown = true
    for n in 0..<ProfileQueue.askedMax {
      #expect(world.queue.want(Self.a[n], days: 30, now: world.both) == .pending)
    }
    #expect(world.queue.want(Self.a[399], days: 30, now: world.both) == .unavailable)
    for n in 1_000..<(1_000 + ProfileQueue.discoveredMax + 50) {
      world.queue.snapshotted(world.account(n), equity: Usd(micros: 60_000_000_000), now: world.both)
    }
    #expect(world.queue.refused == 51)
    #expect(world.queue.waiting == ProfileQueue.askedMax + ProfileQueue.discoveredMax)
  }
}
