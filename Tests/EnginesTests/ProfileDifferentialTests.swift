import Base
import Engines
import Market
import Testing

@Suite("Profiler against brute force and against the truth") struct ProfileDifferentialTests {
  private static let now = WallTime(ms: 1_800_000_000_000)

  private func outcome(_ fills: [ProfileFill]) -> ProfileOutcome {
    ProfileJob(
      account: AddressID(raw: 1), address: Address(a: 1, b: 2, c: 3), fills: fills, windowDays: 7,
      completeFrom: nil, equity: nil, options: ProfileOptions(), now: Self.now
    ).run()
  }

  private func check(_ seed: UInt64, _ weather: ProfileWorld.Weather, isTrue: Bool) {
    let world = ProfileWorld(seed: seed, weather)
    let found = outcome(world.fills)
    let reference = ProfileReference(world.fills)
    let expected = reference.trades.map { $0.row }
    #expect(difference(found.trades, expected) == nil, "seed \(seed)")
    #expect(found.counts.gaps == reference.gaps, "seed \(seed)")
    #expect(found.counts.openAtStart == reference.openAtStart, "seed \(seed)")
    #expect(found.counts.duplicates == reference.duplicates, "seed \(seed)")
    #expect(found.counts.selfTrades == reference.selfTrades, "seed \(seed)")
    for index in found.trades.indices.dropFirst() {
      #expect(found.trades[index].exitTime <= found.trades[index - 1].exitTime)
    }
    compare(found.profile, reference.profile(ProfileOptions(), now: Self.now), seed)
    if isTrue {
      let truth = world.truth.filter {
        !$0.isMechanical && Int128(abs($0.pnlMicros)) * 1_000_000_000 <= $0.entryNotional
      }
      #expect(difference(found.trades, truth.map { $0.row }) == nil, "seed \(seed): not what was traded")
      #expect(found.counts.gaps == 0, "seed \(seed)")
    }
  }

  /// A total order to compare by.
  private func sorted(_ trades: [ClosedTrade]) -> [ClosedTrade] {
    trades.sorted {
      ($0.exitTime.ms, $0.coin.raw, $0.entryTime.ms, $0.sizeUsd, $0.pnlUsd)
        < ($1.exitTime.ms, $1.coin.raw, $1.entryTime.ms, $1.sizeUsd, $1.pnlUsd)
    }
  }

  /// The first trade that is in one list only.
  private func difference(_ a: [ClosedTrade], _ b: [ClosedTrade]) -> ClosedTrade? {
    let (a, b) = (sorted(a), sorted(b))
    for index in 0..<min(a.count, b.count) where a[index] != b[index] { return a[index] }
    return a.count == b.count ? nil : a.count > b.count ? a[b.count] : b[a.count]
  }

  /// The reference adds doubles and rounds nothing: equal to within the rounding.
  private func compare(_ a: Profile?, _ b: Profile?, _ seed: UInt64) {
    guard let a, let b else {
      #expect(a == nil && b == nil, "seed \(seed)")
      return
    }
    func near(_ x: Double, _ y: Double, _ step: Double) -> Bool {
      abs(x - y) <= step * 0.5001 + abs(y) * 1e-9
    }
    #expect(near(a.winRate, b.winRate, 1e-4) && a.tradeCount == b.tradeCount, "seed \(seed)")
    #expect(near(a.profitFactor, b.profitFactor, 0.01), "seed \(seed)")
    #expect(near(a.avgHoldHours, b.avgHoldHours, 0.01), "seed \(seed)")
    #expect(near(a.avgPnlPct, b.avgPnlPct, 1.02e-4), "seed \(seed)")
    #expect(near(a.maxDrawdown, b.maxDrawdown, 0.01), "seed \(seed): \(a.maxDrawdown) \(b.maxDrawdown)")
    #expect(a.style == b.style && a.isBot == b.isBot && a.gaps == b.gaps, "seed \(seed)")
    #expect(near(a.tradesPerDay ?? -1, b.tradesPerDay ?? -1, 1e-9), "seed \(seed)")
  }

  @Test("Whole histories in any disorder give the trades that were made", arguments: 0..<60)
  func truth(seed: UInt64) {
    var weather = ProfileWorld.Weather()
    weather.shuffles = seed % 2 == 0 ? .clear : .none
    weather.startsOpen = seed % 3 == 0
    weather.mechanical = seed % 5 == 0 ? 0.02 : 0
    check(seed, weather, isTrue: true)
  }

  @Test("Groups shuffled: as brute force finds the first order that explains them", arguments: 0..<60)
  func shuffled(seed: UInt64) {
    var weather = ProfileWorld.Weather()
    weather.startsOpen = seed % 2 == 0
    check(seed, weather, isTrue: false)
  }

  @Test("Few sizes: many orders explain a group", arguments: 0..<60)
  func ambiguous(seed: UInt64) {
    var weather = ProfileWorld.Weather()
    weather.sizes = 2
    weather.sameMs = 0.7
    check(seed, weather, isTrue: false)
  }

  @Test("Rows missing: gaps are seen and no trade is built over one", arguments: 0..<60)
  func losses(seed: UInt64) {
    var weather = ProfileWorld.Weather()
    weather.losses = 0.15
    weather.startsOpen = true
    weather.sizes = seed % 2 == 0 ? 3 : 1_000_000
    weather.shuffles = seed % 3 != 0 ? .all : .none
    check(seed, weather, isTrue: false)
  }

  @Test("Rows without trade ids, as of 2023", arguments: 0..<30)
  func withoutTids(seed: UInt64) {
    var weather = ProfileWorld.Weather()
    weather.hasTids = false
    weather.shuffles = seed % 2 == 0 ? .all : .clear
    check(seed, weather, isTrue: weather.shuffles == .clear)
  }
}
