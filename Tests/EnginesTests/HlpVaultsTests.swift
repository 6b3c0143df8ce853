import Base
import Engines
import Market
import Testing

/// Vaults: who is followed, what a round is, what a restart brings back.
@Suite("HLP vaults")
struct HlpVaultsTests {
  static let a = Address(a: 1, b: 0, c: 0)
  static let b = Address(a: 2, b: 0, c: 0)
  static let c = Address(a: 3, b: 0, c: 0)
  static let d = Address(a: 4, b: 0, c: 0)

  static func position(_ coin: UInt32, _ szi: Int64, value: Int64 = 500_000_000) -> Position {
    var position = Position(coin: CoinID(raw: coin))
    position.szi = Sz(raw: szi)
    position.entryPx = Px(raw: 4_900_000_000)
    position.positionValue = Usd(micros: value)
    position.leverage = 5
    return position
  }

  @Test("a position's mark is its value over its size")
  func made() throws {
    let row = try #require(
      VaultPosition.make(from: Self.position(3, -1_000_000_000, value: 493_750_000), vault: Self.a))
    #expect(row.markPx == Px(raw: 4_937_500_000))
    #expect(row.sizeUsd == Usd(micros: 493_750_000))
    #expect(!row.isLong)
    #expect(row.leverage == 5)
  }

  @Test("without a value the entry is the mark; strange leverage is 1; no size or entry is no position")
  func madeOfOddities() throws {
    var position = Self.position(3, 1_000_000_000, value: 0)
    position.leverage = 201
    let row = try #require(VaultPosition.make(from: position, vault: Self.a))
    #expect(row.markPx == position.entryPx)
    #expect(row.sizeUsd == Usd(micros: 490_000_000))
    #expect(row.leverage == 1)
    #expect(VaultPosition.make(from: Self.position(3, 0), vault: Self.a) == nil)
    #expect(VaultPosition.make(from: Self.position(3, .min), vault: Self.a) == nil)
    position.entryPx = Px(raw: 0)
    #expect(VaultPosition.make(from: position, vault: Self.a) == nil)
    // A value no price holds.
    #expect(
      VaultPosition.make(from: Self.position(3, 1, value: .max), vault: Self.a)?.markPx
        == Px(raw: 4_900_000_000))
  }

  @Test("configured vaults come first and in their order, children behind them, each once")
  func order() {
    let vaults = HlpVaults()
    vaults.configure([Self.b, Self.a, Self.b])
    #expect(vaults.addresses == [Self.b, Self.a])
    #expect(vaults.setChildren(of: Self.b, [Self.c, Self.a, Self.d, Self.c]).added == [Self.c, Self.d])
    #expect(vaults.addresses == [Self.b, Self.a, Self.c, Self.d])
    let change = vaults.setChildren(of: Self.b, [Self.d])
    #expect(change.added.isEmpty && change.removed == [Self.c])
    #expect(vaults.setChildren(of: Self.a, [Self.d]).added.isEmpty)
    #expect(vaults.setChildren(of: Self.a, []).removed.isEmpty)
    #expect(vaults.addresses == [Self.b, Self.a, Self.d])
    #expect(vaults.membership == 5)
  }

  @Test("more vaults than the bound are refused and counted")
  func bound() {
    let vaults = HlpVaults()
    vaults.configure((0..<70).map { Address(a: $0, b: 1, c: 0) })
    #expect(vaults.vaults.count == HlpVaults.vaultsMax)
    #expect(vaults.refused == 6)
  }

  @Test("rows lie in the vaults' order, then in the exchange's, whatever the order of the answers")
  func rows() {
    let vaults = HlpVaults()
    vaults.configure([Self.a, Self.b, Self.c])
    var round = VaultRound(vaults: vaults.addresses)
    var taken: [Bool] = []
    taken.append(round.answer(Self.c, [Self.position(9, 5), Self.position(1, -5)]))
    taken.append(round.answer(Self.a, [Self.position(7, 5), Self.position(2, 5), Self.position(3, 0)]))
    taken.append(round.answer(Self.a, []))
    taken.append(round.answer(Self.d, []))
    #expect(!vaults.apply(round, at: WallTime(ms: 1)))
    #expect(vaults.roundAt == nil && vaults.roundsDropped == 1 && vaults.positions.isEmpty)
    taken.append(round.answer(Self.b, []))
    #expect(vaults.apply(round, at: WallTime(ms: 2)))
    #expect(taken == [true, true, false, false, true])
    #expect(vaults.positions.map(\.coin.raw) == [7, 2, 9, 1])
    #expect(vaults.positions.map(\.vault) == [Self.a, Self.a, Self.c, Self.c])
    #expect(vaults.roundAt == WallTime(ms: 2) && vaults.rounds == 1 && vaults.rowsTotal == 4)
  }

  @Test("an incomplete round changes nothing that was known")
  func dropped() {
    let vaults = HlpVaults()
    vaults.configure([Self.a, Self.b])
    var round = VaultRound(vaults: vaults.addresses)
    round.answer(Self.a, [Self.position(1, 5)])
    round.answer(Self.b, [Self.position(1, 7)])
    vaults.apply(round, at: WallTime(ms: 1))
    let version = vaults.version
    var partial = VaultRound(vaults: vaults.addresses)
    partial.answer(Self.a, [Self.position(1, -100)])
    vaults.apply(partial, at: WallTime(ms: 2))
    #expect(vaults.version == version)
    #expect(vaults.sentiment.coin(CoinID(raw: 1), since: WallTime(ms: 0))?.netSzi == Sz(raw: 12))
    #expect(vaults.sentiment.coin(CoinID(raw: 1), since: WallTime(ms: 0))?.flips == 0)
  }

  @Test("a restart brings the last poll back in the vaults' order, and goes on without a false flip")
  func restored() throws {
    let vaults = HlpVaults()
    vaults.configure([Self.a, Self.b])
    let rows = [(Self.b, 1, -30), (Self.d, 2, 4), (Self.a, 1, 10), (Self.b, 0, 3)].compactMap {
      VaultPosition.make(from: Self.position(UInt32($0.1), Int64($0.2)), vault: $0.0)
    }
    vaults.sentiment.restore(
      [(1, 1, 100), (5, 1, 100), (1, -1, 200), (5, 0, 300)].map {
        RestoredSide(coin: CoinID(raw: $0.0), sign: $0.1, at: WallTime(ms: $0.2))
      })
    vaults.restore(rows, at: WallTime(ms: 400))
    #expect(vaults.positions.map(\.vault) == [Self.a, Self.b, Self.b, Self.d])
    #expect(vaults.positions.map(\.coin.raw) == [1, 1, 0, 2])
    let coin = try #require(vaults.sentiment.coin(CoinID(raw: 1), since: WallTime(ms: 0)))
    #expect(coin.flips == 1 && coin.netSzi == Sz(raw: -20) && coin.isLong == false)
    let closed = try #require(vaults.sentiment.coin(CoinID(raw: 5), since: WallTime(ms: 0)))
    #expect(closed.isLong == nil && closed.netUsd == .zero && closed.flips == 0)
    // The vault that is not followed any more goes with the first round; the others go on as they were.
    var round = VaultRound(vaults: vaults.addresses)
    round.answer(Self.a, [Self.position(1, 10)])
    round.answer(Self.b, [Self.position(1, -30), Self.position(0, 3)])
    vaults.apply(round, at: WallTime(ms: 500))
    #expect(vaults.sentiment.coin(CoinID(raw: 1), since: WallTime(ms: 0))?.flips == 1)
    #expect(vaults.sentiment.flipCount == 1)
  }
}
