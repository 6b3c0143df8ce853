import Base
import Engines
import Market
import Testing

/// Heatmaps against the definition, over random worlds, while the table goes on changing.
@Suite("Heatmaps equal the definition")
struct HeatmapDifferentialTests {
  @Test(
    "a job sees the moment of its snapshot, whatever happens after", arguments: 1...8 as ClosedRange<UInt64>)
  func snapshots(seed: UInt64) {
    var world = PositionsWorld(seed: seed, shape: .init(accounts: 200, coins: 4, positionsEach: 4))
    for _ in 0..<400 { #expect(world.step() == nil) }
    for round in 0..<12 {
      let job = world.job()
      let expected = (0..<4).map { world.reference.heatmap(CoinID(raw: $0), job) }
      #expect(job.snapshot.count == world.reference.all.count)
      for _ in 0..<40 { #expect(world.step() == nil) }
      let result = job.run()
      #expect(result.computedAt == job.now)
      #expect(result.brokenInvariant() == nil)
      for coin in 0..<4 {
        #expect(
          result[CoinID(raw: UInt32(coin))] == expected[coin], "seed \(seed) round \(round) coin \(coin)")
      }
    }
    #expect(world.compare() == nil)
  }

  @Test("two runs of a job, and a job on another thread, say the same")
  func deterministic() async {
    var world = PositionsWorld(seed: 99, shape: .init(accounts: 300, coins: 5, positionsEach: 5))
    for _ in 0..<600 { _ = world.step() }
    let job = world.job()
    let here = job.run()
    let there = await Task.detached { job.run() }.value
    #expect(here.coins == there.coins)
    #expect(here.coins == job.run().coins)
  }
}
