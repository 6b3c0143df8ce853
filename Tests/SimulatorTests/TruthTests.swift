import Base
import Market
import Testing

@testable import Simulator

/// What tests may know beyond the exchange's messages: stillness and finished trips.
struct TruthTests {
  private func world(_ seed: UInt64) -> World {
    var options = WorldOptions()
    options.coins = 8
    options.accounts = 60
    options.tradesPerSecond = 50
    return World(seed: seed, options: options)
  }

  @Test func aStillWorldOnlyGrowsOlder() {
    let world = world(3)
    world.advance(to: WallTime(ms: world.now.ms + 30_000))
    let trades = world.counters.trades
    let marks = (0..<world.coinCount).map { world.markPx($0) }
    world.holdStill()
    #expect(world.nextEvent.ms == .max)
    // Over a full hour, with its funding.
    world.advance(to: WallTime(ms: world.now.ms + 7_200_000))
    #expect(world.counters.trades == trades)
    #expect((0..<world.coinCount).map { world.markPx($0) } == marks)
    let stopped = world.now
    world.goOn()
    world.advance(to: WallTime(ms: stopped.ms + 10_000))
    #expect(world.counters.trades > trades)
    for coin in 0..<world.coinCount {
      let range = world.trades(of: coin)
      guard !range.isEmpty else { continue }
      let last = world.trade(coin, range.upperBound - 1)
      #expect(last.time.ms <= stopped.ms - 7_200_000 || last.time > stopped)
    }
  }

  /// A trip's profit is what came out minus what went in, and its sizes close.
  @Test(arguments: 1...6) func tripsAddUp(seed: UInt64) {
    let world = world(seed)
    let start = world.now
    world.advance(to: WallTime(ms: start.ms + 600_000))
    var count = 0
    for index in 0..<world.accountCount {
      for trip in world.trips(of: world.address(index), since: WallTime(ms: start.ms - 86_400_000)) {
        count += 1
        #expect(trip.entrySz.raw > 0 && trip.entryTime <= trip.exitTime)
        let gain = trip.isLong ? trip.exitNtl - trip.entryNtl : trip.entryNtl - trip.exitNtl
        // Costs of partial closes are rounded to a micro each.
        #expect(abs(gain.micros - trip.pnl.micros) < 100, "\(trip)")
      }
    }
    #expect(count > 20)
  }
}
