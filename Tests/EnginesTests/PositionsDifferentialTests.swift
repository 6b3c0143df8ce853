import Base
import Engines
import Market
import Testing

/// The table of positions against plain lists, over random worlds.
@Suite("Positions equal plain lists")
struct PositionsDifferentialTests {
  static func run(seed: UInt64, steps: Int, every: Int, shape: PositionsWorld.Shape) -> String? {
    var world = PositionsWorld(seed: seed, shape: shape)
    for step in 0..<steps {
      var wrong = world.step()
      if wrong == nil, step % every == 0 { wrong = world.compare() }
      if let wrong { return "seed \(seed) step \(step): \(wrong)" }
    }
    return world.compare()
  }

  @Test("few accounts in few coins", arguments: 1...6 as ClosedRange<UInt64>)
  func few(seed: UInt64) {
    let shape = PositionsWorld.Shape(accounts: 12, coins: 3, positionsEach: 4)
    #expect(Self.run(seed: seed, steps: 600, every: 3, shape: shape) == nil)
  }

  @Test("ties of equal size", arguments: 20...24 as ClosedRange<UInt64>)
  func ties(seed: UInt64) {
    let shape = PositionsWorld.Shape(accounts: 150, coins: 2, positionsEach: 2, sizes: 3)
    #expect(Self.run(seed: seed, steps: 800, every: 10, shape: shape) == nil)
  }

  @Test(
    "many rows in one coin, so that chunks fill, empty and the order is cut", arguments: [30, 31] as [UInt64])
  func many(seed: UInt64) {
    let shape = PositionsWorld.Shape(accounts: 900, coins: 1, positionsEach: 1)
    #expect(Self.run(seed: seed, steps: 6000, every: 400, shape: shape) == nil)
  }

  @Test("many rows of few sizes, so that ties decide who is kept in order")
  func manyTies() {
    let shape = PositionsWorld.Shape(accounts: 900, coins: 1, positionsEach: 1, sizes: 2)
    #expect(Self.run(seed: 35, steps: 5000, every: 250, shape: shape) == nil)
  }

  @Test("many coins for each account", arguments: [40, 41] as [UInt64])
  func wide(seed: UInt64) {
    let shape = PositionsWorld.Shape(accounts: 10, coins: 80, positionsEach: 90)
    #expect(Self.run(seed: seed, steps: 200, every: 10, shape: shape) == nil)
  }
}
