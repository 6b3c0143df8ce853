import Base
import Engines
import Market
import Testing

@testable import Core

/// When heatmaps are computed: at once, by the interval, and soon again while a held coin has no price yet.
@Suite("Heatmap keeper")
struct HeatmapKeeperTests {
  private let knowledge = Knowledge(
    orderFlow: OrderFlow(windowsS: [60]), book: AddressBook(addressesMax: 100, seed: 1))
  private let out = Output()
  private var keeper = HeatmapKeeper(options: Options())
  private var jobs = Jobs()
  private let btc = CoinID(raw: 0)

  private static func at(_ milliseconds: Int) -> Now {
    Now(
      instant: Instant(ns: 1_000_000_000_000) + .milliseconds(milliseconds),
      wall: WallTime(ms: 1_800_000_000_000 + Int64(milliseconds)))
  }

  /// Lets the keeper start what is due, and carries it out; whether something was.
  private mutating func turn(_ milliseconds: Int) -> Bool {
    let now = Self.at(milliseconds)
    out.begin()
    keeper.tick(knowledge, coins: 1, &jobs, out, now: now)
    for effect in out.effects {
      guard case .compute(let id) = effect, case .heatmap(let result) = jobs.take(id).run() else { continue }
      jobs.ended()
      keeper.computed(result, knowledge, now: now)
      return true
    }
    return false
  }

  private func hold() throws {
    let account = try #require(knowledge.book.see(PollWorld.address(1), at: Self.at(0).wall)).id
    knowledge.positions.replace(
      account,
      with: [
        TrackedPosition(
          account: account, coin: btc, szi: Sz(raw: 100_000_000), entryPx: Px(raw: 10_000_000_000_000),
          sizeUsd: Usd(micros: 100_000_000_000), liqPx: Px(raw: 9_000_000_000_000), unrealizedPnl: .zero,
          marginUsed: .zero, leverage: 5, updatedAt: Self.at(0).wall)
      ])
  }

  private func price() {
    knowledge.markets.setMid(btc, Px(raw: 10_000_000_000_000), from: .stream, at: Self.at(1_200).instant)
  }

  @Test("restored positions get their map as soon as their coin has a price, not an interval later")
  mutating func firstPrice() throws {
    try hold()
    keeper.begin(now: Self.at(0))
    #expect(turn(0))
    #expect(knowledge.heatmap?[btc] == nil)
    #expect(!turn(499) && turn(500) && turn(1_000))
    price()
    #expect(turn(1_500))
    #expect(knowledge.heatmap?[btc] != nil)
    // From here on by the interval.
    #expect(
      keeper.deadline == Self.at(1_500).instant + TimeSpan(ns: Int64(Options()[.heatmapInterval] * 1e9)))
  }

  @Test("a coin that never gets a price does not keep the pool busy")
  mutating func delisted() throws {
    try hold()
    keeper.begin(now: Self.at(0))
    var computations = 0
    for second in 0..<120 where turn(second * 1_000) { computations += 1 }
    let interval = Int(Options()[.heatmapInterval])
    #expect(computations <= 60 + 60 / interval + 1 && computations >= 60)
  }

  @Test("without positions there is nothing to hurry for")
  mutating func empty() {
    keeper.begin(now: Self.at(0))
    #expect(turn(0) && !turn(500))
  }
}
