// A week of vault snapshots as the changes of each coin's net side, against a plain recount.
import Base
import Market
import Testing

@testable import Store

@Suite struct HlpSidesTests {
  private static let now = WallTime(ms: 1_800_000_000_000)
  private static let coins = ["BTC", "ETH", "kPEPE", "xyz:GOLD"]

  private func snapshot(_ vault: UInt64, _ coin: String, _ at: WallTime, _ size: Double) -> HlpSnapshot {
    HlpSnapshot(
      vault: account(vault), coin: coin, at: at, isLong: size > 0, size: abs(size), sizeUsd: 1, entryPx: 1,
      markPx: 1, leverage: 1, unrealizedPnl: 0)
  }

  private func load(_ batch: Batch, sidesMax: Int = 1_000) throws -> StoredState {
    let database = try Database(DatabaseOptions(path: ":memory:"))
    _ = try database.apply(batch)
    var limits = StoredLimits()
    limits.hlpSidesMax = sidesMax
    return try database.loadAll(limits, now: Self.now)
  }

  /// Rounds with one time, or each vault a little later than the one before, as the original wrote them.
  @Test(arguments: 1...10 as ClosedRange<UInt64>, [0, 700] as [Int64])
  func agreesWithARecount(_ seed: UInt64, _ lag: Int64) throws {
    var random = PRNG(seed: seed)
    var batch = Batch()
    var expected: [HlpSide] = []
    var signs: [String: Int8] = [:]
    var last: [HlpSnapshot] = []
    for round in 0..<120 as Range<Int64> {
      let at = WallTime(ms: Self.now.ms - (120 - round) * 60_000)
      var nets: [String: Double] = [:]
      last = []
      for vault in 0..<3 as Range<UInt64> {
        for coin in Self.coins where random.chance(0.7) {
          let size = Double(1 + random.below(3)) * 0.1 * (random.chance(0.5) ? 1 : -1)
          let row = snapshot(vault, coin, WallTime(ms: at.ms + Int64(vault) * lag), size)
          batch.add(row)
          last.append(row)
          nets[coin, default: 0] += (size * 10).rounded()
        }
      }
      guard let first = last.map(\.at).min() else { continue }
      var changes: [HlpSide] = []
      for coin in Self.coins {
        let net = nets[coin] ?? 0
        let sign: Int8 = net > 0 ? 1 : net < 0 ? -1 : 0
        if sign != signs[coin] ?? 0 { changes.append(HlpSide(coin: coin, at: first, sign: sign)) }
        signs[coin] = sign
      }
      expected += changes
    }
    let state = try load(batch)
    #expect(Set(state.hlpSides) == Set(expected) && state.hlpSides.count == expected.count)
    #expect(state.hlpSides.map(\.at) == expected.map(\.at))
    let latest = Set(last.map(\.vault))
    #expect(state.hlpSnapshots.filter { latest.contains($0.vault) } == last)
  }

  @Test func aVaultThatHoldsNothingAnyMoreIsNotOpen() throws {
    var batch = Batch()
    batch.add(snapshot(1, "BTC", WallTime(ms: Self.now.ms - 3_600_000), 5))
    batch.add(snapshot(2, "BTC", WallTime(ms: Self.now.ms - 60_000), 5))
    batch.add(snapshot(1, "ETH", WallTime(ms: Self.now.ms - 200_000), 5))
    batch.add(snapshot(2, "ETH", WallTime(ms: Self.now.ms - 30_000), 5))
    let state = try load(batch)
    #expect(state.hlpSnapshots.map(\.coin) == ["ETH", "ETH"])
    // Longer silence than that: the vault holds nothing.
    var more = batch
    more.add(snapshot(2, "ETH", WallTime(ms: Self.now.ms + 300_000), 5))
    #expect(try load(more).hlpSnapshots.map(\.at.ms) == [Self.now.ms + 300_000])
  }

  @Test func theLatestChangesAreKept() throws {
    var batch = Batch()
    for n in 0..<100 as Range<Int64> {
      batch.add(
        snapshot(1, "BTC", WallTime(ms: Self.now.ms - (100 - n) * 60_000), n % 2 == 0 ? 1 : -1))
    }
    let sides = try load(batch, sidesMax: 7).hlpSides
    #expect(sides.map(\.at.ms) == (1...7).reversed().map { Self.now.ms - $0 * 60_000 })
  }

  @Test func noSnapshotsNoSides() throws {
    let state = try load(Batch())
    #expect(state.hlpSides == [] && state.hlpSnapshots == [])
  }
}
