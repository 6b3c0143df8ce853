import API
import Base
import Engines
import Market
import Store
import Testing

@testable import Core

/// The vaults' rounds through the whole core: cadence, retries, dropped rounds, children, disk, restart.
@Suite("HLP tracker")
struct HlpTrackerTests {
  static let a = Address(a: 0xA, b: 1, c: 1)
  static let b = Address(a: 0xB, b: 1, c: 1)
  static let c = Address(a: 0xC, b: 1, c: 1)
  static let d = Address(a: 0xD, b: 1, c: 1)

  static func world(_ seed: UInt64, _ more: [String: String] = [:]) throws -> VaultWorld {
    let database = try Database(DatabaseOptions(path: ":memory:"))
    var settings = [
      "hlp_tracker.vaults": "\(b),\(a)", "position_poller.enabled": "false",
      "hlp_tracker.poll_interval": "60",
    ]
    settings.merge(more) { $1 }
    return try VaultWorld(seed: seed, database: database, settings)
  }

  static func polls(_ world: VaultWorld, _ vault: Address) -> [Instant] {
    world.questions.filter { $0.kind == "clearinghouseState" && $0.vault == vault }.map(\.at)
  }

  @Test("asks for the children first, then polls every vault once a round, in step")
  func cadence() throws {
    let world = try Self.world(1)
    world.children[Self.b] = [Self.d, Self.a, Self.c]
    world.holdings[Self.b] = [("ETH", -3, 100), ("BTC", 2, 500)]
    world.holdings[Self.a] = [("SOL", 7, 10)]
    world.holdings[Self.d] = [("BTC", -1, 500)]
    world.run(seconds: 600)
    let vaults = world.core.knowledge.vaults
    #expect(vaults.addresses == [Self.b, Self.a, Self.d, Self.c])
    #expect(vaults.positions.map(\.vault) == [Self.b, Self.b, Self.a, Self.d])
    #expect(vaults.positions.map { world.core.views.coins[$0.coin].name } == ["ETH", "BTC", "SOL", "BTC"])
    #expect(vaults.rounds == 10)
    for vault in vaults.addresses {
      let times = Self.polls(world, vault)
      #expect(times.count == 10)
      for (earlier, later) in zip(times, times.dropFirst()) {
        #expect(abs((later - earlier).milliseconds - 60_000) < 1_000)
      }
    }
    let asked = world.questions.prefix(2)
    #expect(asked.map(\.kind) == ["vaultDetails", "vaultDetails"])
    world.core.report()
    let facts = try #require(world.core.views.stats.hlpTracker)
    #expect(facts.totalPolls == 40 && facts.totalErrors == 0 && facts.totalSnapshots == 40)
    #expect(facts.vaultsTracked == 4 && facts.childVaults == 2 && facts.currentPositions == 4)
    #expect(facts.lastRoundAge.map { $0.seconds > 50 && $0.seconds < 60 } == true)
  }

  @Test("every row of a round is on disk with one time")
  func rows() throws {
    let world = try Self.world(2)
    world.holdings[Self.b] = [("ETH", -3, 100), ("BTC", 2, 500)]
    world.holdings[Self.a] = [("ETH", 1, 100)]
    world.run(seconds: 90)
    let rows = try world.stored().hlpSnapshots
    #expect(rows.count == 3)
    #expect(Set(rows.map(\.at)).count == 1)
    #expect(rows.first?.at == world.core.knowledge.vaults.roundAt)
    let eth = try #require(rows.first { $0.coin == "ETH" && $0.vault == Self.b })
    #expect(!eth.isLong && eth.size == 3 && eth.sizeUsd == 300 && eth.markPx == 100)
    #expect(eth.entryPx == 9.5 && eth.leverage == 5 && eth.unrealizedPnl == -1.25)
  }

  @Test("a vault that fails is asked again within its round")
  func retried() throws {
    let world = try Self.world(3)
    world.holdings[Self.a] = [("SOL", 7, 10)]
    world.failing = [Self.a]
    world.run(seconds: 18)
    #expect(world.core.knowledge.vaults.rounds == 0)
    world.failing = []
    world.run(seconds: 22)
    #expect(world.core.knowledge.vaults.rounds == 1)
    #expect(world.core.knowledge.vaults.roundsDropped == 0)
    #expect(Self.polls(world, Self.a).count > 2)
    // The other's answer had become too old beside it.
    #expect(Self.polls(world, Self.b).count == 2)
    #expect(try #require(Self.polls(world, Self.b).last) > #require(Self.polls(world, Self.a).last))
  }

  @Test("a round without one vault is dropped whole, what was known stands, and it comes back")
  func dropped() throws {
    let world = try Self.world(4)
    world.holdings[Self.a] = [("SOL", 7, 10)]
    world.holdings[Self.b] = [("SOL", -5, 10)]
    world.run(seconds: 70)
    let vaults = world.core.knowledge.vaults
    let rounds = vaults.rounds
    let at = vaults.roundAt
    #expect(rounds >= 1)
    world.failing = [Self.a]
    world.holdings[Self.b] = [("SOL", -50, 10)]
    world.run(seconds: 300)
    #expect(vaults.roundsDropped >= 4 && vaults.rounds <= rounds + 1)
    #expect(world.logs.count { $0.contains("vault round dropped") } == 1)
    world.failing = []
    world.holdings[Self.b] = [("SOL", -6, 10)]
    world.run(seconds: 120)
    #expect(vaults.rounds > rounds && vaults.roundAt != at)
    #expect(world.logs.contains { $0.contains("vault rounds complete again") })
    let sol = try #require(world.core.views.coins.resolve("SOL"))
    #expect(vaults.sentiment.coin(sol, since: WallTime(ms: 0))?.flips == 0)
    #expect(vaults.sentiment.coin(sol, since: WallTime(ms: 0))?.netUsd == Usd(micros: 10_000_000))
  }

  @Test("children are asked for again every hour: new ones come, old ones go")
  func children() throws {
    let world = try Self.world(5)
    world.children[Self.b] = [Self.c]
    world.run(seconds: 100)
    #expect(world.core.knowledge.vaults.addresses == [Self.b, Self.a, Self.c])
    world.children[Self.b] = [Self.d]
    world.run(seconds: 3_500)
    #expect(world.core.knowledge.vaults.addresses == [Self.b, Self.a, Self.c])
    world.run(seconds: 200)
    #expect(world.core.knowledge.vaults.addresses == [Self.b, Self.a, Self.d])
    #expect(world.questions.count { $0.kind == "vaultDetails" } == 4)
    #expect(Self.polls(world, Self.d).count >= 1)
  }

  @Test("without children to discover nobody asks for them; without an answer polling begins all the same")
  func undiscovered() throws {
    let world = try Self.world(6, ["hlp_tracker.discover_children": "false"])
    world.run(seconds: 30)
    #expect(!world.questions.contains { $0.kind == "vaultDetails" })
    #expect(world.core.knowledge.vaults.rounds == 1)

    let deaf = try Self.world(7)
    deaf.failing = [Self.a]
    deaf.run(seconds: 9)
    #expect(Self.polls(deaf, Self.b).isEmpty)
    deaf.run(seconds: 6)
    #expect(Self.polls(deaf, Self.b).count == 1)
  }

  @Test("a disabled tracker asks nothing")
  func disabled() throws {
    let world = try Self.world(8, ["hlp_tracker.enabled": "false"])
    world.run(seconds: 120)
    #expect(world.questions.isEmpty)
    #expect(world.fillLinks.isEmpty)
  }

  @Test("sentiment equals the world's truth, also after a restart", arguments: [21, 22] as [UInt64])
  func sentiment(seed: UInt64) throws {
    let world = try Self.world(seed, ["hlp_tracker.poll_interval": "10"])
    world.children[Self.a] = [Self.c]
    var random = PRNG(seed: seed)
    var flips: [String: Int] = [:]
    var nets: [String: Int] = [:]
    world.run(seconds: 3)
    for round in 0..<60 {
      for vault in [Self.a, Self.b, Self.c] {
        world.holdings[vault] = VaultWorld.coins.map { ($0, random.below(9) - 4, 10) }.filter { $0.1 != 0 }
      }
      for coin in VaultWorld.coins {
        let net = world.holdings.values.joined().filter { $0.coin == coin }.reduce(0) { $0 + $1.szi }
        if round > 0, net * (nets[coin] ?? 0) < 0 { flips[coin, default: 0] += 1 }
        nets[coin] = net
      }
      if round == 30 {
        world.run(seconds: 2)
        world.restart()
      }
      world.run(seconds: round == 30 ? 8 : 10)
    }
    let vaults = world.core.knowledge.vaults
    for coin in VaultWorld.coins {
      let id = try #require(world.core.views.coins.resolve(coin))
      let found = vaults.sentiment.coin(id, since: WallTime(ms: 0))
      #expect(found?.netSzi == Sz(raw: Int64(nets[coin] ?? 0) * 100_000_000))
      #expect(found?.netUsd == Usd(micros: Int64(nets[coin] ?? 0) * 10_000_000))
      #expect(abs((found?.flips ?? 0) - (flips[coin] ?? 0)) <= 1, "\(coin)")
    }
  }
}
