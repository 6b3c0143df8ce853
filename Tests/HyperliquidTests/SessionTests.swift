import Base
import Hyperliquid
import Market
import Testing

@Suite("Session: one fault at a time")
struct SessionTests {
  private func started(_ coins: Int, seed: UInt64 = 1) -> SessionWorld {
    let world = SessionWorld(coins: coins, seed: seed)
    world.sessions.start(now: world.now)
    return world
  }

  @Test func everythingIsLiveWithinSecondsOverTheFewestConnections() {
    let world = started(420)
    world.tradeChance = 0.002
    #expect(world.run(10) { world.isWhole })
    #expect(world.sessions.stats.linksLive == 3, "two of coins, one of the market")
    #expect(world.sessions.stats.tradesLive == 420)
    #expect(world.sessions.stats.messages == 422)
    #expect(world.isWithinLimits)
    let first = CoinID(raw: 0)
    #expect(world.sessions.gaps.count(first) == 1)
    #expect(world.sessions.gaps[first, 0].reason == .starting)
    let covered = world.sessions.gaps.covered(first, from: .zero, to: world.now)
    #expect(covered > .zero && covered < .seconds(10))
  }

  @Test func quietlyStaysAliveForHours() {
    let world = started(6)
    world.step = .milliseconds(500)
    world.run(7200)
    #expect(world.sessions.stats.reconnects == 0)
    #expect(world.sessions.stats.renewals == 0)
    #expect(world.isWhole && world.sessions.isHealthy(now: world.now))
  }

  @Test func aRefusedExchangeIsTriedForEverWithinTheLimit() {
    let world = started(6)
    world.onConnect = { $0.refuses = true }
    world.run(1800)
    #expect(FakeExchange.peak(world.exchange.attempts) <= Venue.connectsPerMinMax)
    #expect(world.exchange.attempts.count > 60, "two links, at most a minute apart")
    world.onConnect = { _ in }
    #expect(world.run(70) { world.isWhole })
  }

  @Test func hangingConnectsAndUpgradesAreGivenUp() {
    for fault in 0..<3 {
      let world = started(6)
      world.onConnect = { connection in
        connection.hangs = fault == 0
        connection.ignoresUpgrade = fault == 1
        connection.refusesUpgrade = fault == 2
      }
      world.run(12)
      #expect(world.losses.contains(fault == 0 ? .connectFailed : .upgradeFailed), "fault \(fault)")
      world.onConnect = { _ in }
      #expect(world.run(90) { world.isWhole }, "fault \(fault)")
    }
  }

  @Test func closeFramesOfAnyCodeAreAnsweredAndSurvived() {
    let world = started(6)
    for code in [1000, 1001, 1011, 4000] as [UInt16] {
      #expect(world.run(90) { world.isWhole })
      world.losses.removeAll()
      for connection in world.exchange.connections {
        WebSocketEncoderForTests.close(code, into: connection.pending)
      }
      world.run(1)
      #expect(world.losses == [.closed, .closed], "code \(code)")
      #expect(world.events.contains("lost closed \(code)"))
    }
    #expect(world.exchange.closesSeen >= 8)
    #expect(world.run(90) { world.isWhole })
  }

  @Test func aCutConnectionLeavesAGapOfTheRightLength() throws {
    let world = started(6)
    world.run(30)
    let coin = CoinID(raw: 2)
    let lostAt = world.now
    for connection in world.exchange.connections { world.hangUps.append(connection.link) }
    world.run(1)
    #expect(world.sessions.gaps.isOpen(coin) || world.sessions.gaps.count(coin) == 2)
    #expect(world.run(30) { world.isWhole })
    let gap = world.sessions.gaps[coin, 1]
    #expect(gap.reason == .connection)
    #expect(gap.from <= lostAt + .milliseconds(200) && gap.from > lostAt - .seconds(3))
    #expect(gap.to <= world.now && gap.to - gap.from < .seconds(10))
    let covered = world.sessions.gaps.covered(coin, from: gap.from - .seconds(5), to: gap.to)
    #expect(covered == .seconds(5))
  }

  @Test func halfOpenConnectionsAreFoundByTheMissingPong() {
    let world = started(6)
    world.run(20)
    for connection in world.exchange.connections { connection.isMute = true }
    world.run(45)
    #expect(!world.losses.isEmpty)
    #expect(world.run(60) { world.isWhole })
  }

  @Test func aStreamWithoutTradesIsReplaced() {
    let world = started(6)
    world.run(20)
    for connection in world.exchange.connections { connection.isTradeless = true }
    world.reportsVolume = false
    world.run(33)
    #expect(world.losses == [.tradeSilence])
    #expect(world.sessions.gaps[CoinID(raw: 0), 1].reason == .silence)
    #expect(world.run(30) { world.isWhole })
  }

  @Test func aSilentCoinAloneIsRenewed() {
    let world = started(8)
    world.run(20)
    world.exchange.brokenCoins = ["C3"]
    world.run(25)
    #expect(world.sessions.stats.renewals >= 1)
    #expect(world.sessions.stats.reconnects == 0)
    #expect(world.events.contains("gap C3"))
    world.exchange.brokenCoins = []
    world.run(60)
    #expect(world.events.contains("closed C3"))
    #expect(world.isWhole && world.sessions.stats.reconnects == 0)
    #expect(world.sessions.gaps[CoinID(raw: 3), 1].reason == .silentCoin)
    #expect(world.sessions.gaps.count(CoinID(raw: 2)) == 1)
  }

  @Test func oneHopelessCoinDoesNotKeepTheOthersReconnecting() {
    let world = started(8)
    world.exchange.brokenCoins = ["C3"]
    world.run(1800)
    #expect(world.sessions.stats.reconnects >= 1 && world.sessions.stats.reconnects <= 3)
    #expect(world.sessions.stats.renewals < 20)
  }

  @Test func unknownCoinsAreParkedAndLostAcksDoNotMatter() {
    let world = SessionWorld(coins: 6, seed: 4)
    world.exchange.unknownCoins = ["C1"]
    world.onConnect = { $0.losesAcks = true }
    world.sessions.start(now: world.now)
    world.run(60)
    #expect(world.events.count(where: { $0 == "parked" }) >= 1)
    #expect(world.sessions.stats.live == world.sessions.stats.wanted - 1)
    #expect(world.sessions.stats.reconnects == 0)
    world.exchange.unknownCoins = []
    #expect(world.run(700) { world.isWhole })
  }

  @Test func lostSubscriptionsEndTheConnection() {
    let world = SessionWorld(coins: 6, seed: 4)
    var count = 0
    world.onConnect = { connection in
      count += 1
      connection.losesSubscriptions = count <= 2
    }
    world.sessions.start(now: world.now)
    world.run(45)
    #expect(world.losses.contains(.noData))
    #expect(world.run(60) { world.isWhole })
  }
}
