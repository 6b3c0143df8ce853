import Base
import Engines
import Market
import Testing

/// The incremental engine against the recount, over thousands of random steps in all kinds of weather.
@Suite("Order flow equals a recount")
struct OrderFlowDifferentialTests {
  static let windowSets: [[Int]] = [
    [60, 300, 900, 3600], [1], [2, 1, 3], [1, 2, 3, 4, 5, 6, 7, 8], [604_800, 1], [300, 300, 1],
  ]

  /// Runs a world and tells the first thing that went wrong, with what repeats it.
  static func run(
    seed: UInt64, steps: Int, windowsS: [Int], weather: FlowWorld.Weather, chunksMax: Int = 4096,
    recentMax: Int = 1024
  ) -> (world: FlowWorld, wrong: String?) {
    var world = FlowWorld(
      seed: seed, windowsS: windowsS, weather: weather, chunksMax: chunksMax, recentMax: recentMax)
    for step in 0..<steps {
      var wrong = world.step()
      if wrong == nil, step % 64 == 0 { wrong = world.flow.brokenInvariant() }
      if let wrong { return (world, "seed \(seed) windows \(windowsS) step \(step): \(wrong)") }
      if step % 256 == 0 { world.reference.prune() }
    }
    return (world, world.flow.brokenInvariant())
  }

  @Test("calm clocks", arguments: windowSets)
  func calm(windowsS: [Int]) {
    for seed in 1...2 as ClosedRange<UInt64> {
      let (world, wrong) = Self.run(seed: seed, steps: 1000, windowsS: windowsS, weather: .init())
      #expect(wrong == nil)
      #expect(world.flow.heldSince(CoinID(raw: 0)) == nil)
      #expect(world.flow.droppedTrades == 0)
      #expect(world.flow.count(of: .counted) > 1000)
      #expect(world.flow.count(of: .duplicate) > 50)
    }
  }

  @Test("dense and late, so that chunks split in the middle")
  func dense() {
    var weather = FlowWorld.Weather()
    (weather.coins, weather.pace, weather.burst, weather.lateMs, weather.leap) = (1, 3, 2, 60, 0.001)
    for seed in 10...11 as ClosedRange<UInt64> {
      let (world, wrong) = Self.run(seed: seed, steps: 2500, windowsS: [1, 2, 5], weather: weather)
      #expect(wrong == nil)
      #expect(world.chunksPeak > 4)
    }
  }

  @Test("a small memory for duplicates", arguments: [64, 128])
  func smallMemory(recentMax: Int) {
    var weather = FlowWorld.Weather()
    (weather.pace, weather.burst) = (20, 10)
    for seed in 20...21 as ClosedRange<UInt64> {
      let (world, wrong) = Self.run(
        seed: seed, steps: 3000, windowsS: [1, 10, 60], weather: weather, recentMax: recentMax)
      #expect(wrong == nil)
      #expect(world.flow.count(of: .tooOldToTell) > 0)
    }
  }

  @Test("clocks that step back")
  func stepsBack() {
    var weather = FlowWorld.Weather()
    (weather.back, weather.leap) = (0.01, 0.01)
    for seed in 30...35 as ClosedRange<UInt64> {
      let (world, wrong) = Self.run(seed: seed, steps: 1500, windowsS: [1, 60, 3600], weather: weather)
      #expect(wrong == nil)
      #expect(world.flow.clockSteps > 0)
    }
  }

  @Test("a full pool", arguments: [1, 2, 3, 5, 8])
  func fullPool(chunksMax: Int) {
    var weather = FlowWorld.Weather()
    (weather.pace, weather.burst, weather.lateMs) = (5, 3, 200)
    (weather.leap, weather.back) = (0.0005, 0.0005)
    for seed in 40...41 as ClosedRange<UInt64> {
      let (world, wrong) = Self.run(
        seed: seed, steps: 2500, windowsS: [1, 60, 3600], weather: weather, chunksMax: chunksMax)
      #expect(wrong == nil)
      #expect(world.flow.droppedChunks > 0)
      #expect(world.chunksPeak == chunksMax)
    }
  }
}
