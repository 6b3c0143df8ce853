import Base
import Engines
import Market
import Testing

/// Single cases: what is tracked of a reported position, chains, bounds, snapshots.
@Suite("Positions")
struct PositionsTests {
  static let now = WallTime(ms: 1_795_353_377_670)

  static func table(accounts: Int, positionsMax: Int = 1000) -> (Positions, [AddressID]) {
    let book = AddressBook(addressesMax: 4096, seed: 1)
    let ids = (0..<accounts).map { book.see(Address(a: UInt64($0), b: 0, c: 0), at: now)!.id }
    return (Positions(book: book, positionsMax: positionsMax), ids)
  }

  static func row(_ account: AddressID, _ coin: Int, usd: Int64 = 1000, at time: WallTime = now)
    -> TrackedPosition
  {
    TrackedPosition(
      account: account, coin: CoinID(raw: UInt32(coin)), szi: Sz(raw: usd < 0 ? -5 : 5), entryPx: Px(raw: 7),
      sizeUsd: Usd(micros: abs(usd) * 1_000_000), liqPx: nil, unrealizedPnl: Usd(micros: -3),
      marginUsed: Usd(micros: 4), leverage: 3.5, updatedAt: time)
  }

  static func reported(szi: Int64, entry: Int64, value: Int64, liqPx: Int64? = nil, leverage: Int = 10)
    -> Position
  {
    var position = Position(coin: CoinID(raw: 3))
    position.szi = Sz(raw: szi)
    position.entryPx = Px(raw: entry)
    position.positionValue = Usd(micros: value)
    position.liquidationPx = liqPx.map(Px.init(raw:))
    position.leverage = leverage
    return position
  }

  static func make(_ position: Position) -> TrackedPosition? {
    TrackedPosition.make(from: position, account: AddressID(raw: 9), at: now)
  }

  @Test("what is tracked of a reported position")
  func making() throws {
    let one: Int64 = 100_000_000
    let long = try #require(
      Self.make(Self.reported(szi: 2 * one, entry: 90 * one, value: 200_000_000, liqPx: 5)))
    #expect(long.isLong && long.size == Sz(raw: 2 * one) && long.coin == CoinID(raw: 3))
    #expect(long.sizeUsd == Usd(micros: 200_000_000) && long.markPx == Px(raw: 100 * one))
    #expect(long.liqPx == Px(raw: 5) && long.updatedAt == Self.now && long.leverage == 10)
    let short = try #require(Self.make(Self.reported(szi: -2 * one, entry: 90 * one, value: 0, liqPx: 0)))
    #expect(!short.isLong && short.size == Sz(raw: 2 * one) && short.liqPx == nil)
    #expect(short.sizeUsd == Usd(micros: 180_000_000) && short.markPx == Px(raw: 90 * one))
    #expect(Self.make(Self.reported(szi: one, entry: one, value: 1, liqPx: -4))?.liqPx == nil)
    // Dust: the notional rounds to nothing, the entry price stands for the mark.
    let dust = try #require(Self.make(Self.reported(szi: 1, entry: one, value: 0)))
    #expect(dust.sizeUsd == .zero && dust.markPx == Px(raw: one))
  }

  @Test("what is not tracked")
  func notMaking() {
    #expect(Self.make(Self.reported(szi: 0, entry: 5, value: 5)) == nil)
    #expect(Self.make(Self.reported(szi: 5, entry: 0, value: 5)) == nil)
    #expect(Self.make(Self.reported(szi: 5, entry: -1, value: 5)) == nil)
    #expect(Self.make(Self.reported(szi: .min, entry: 5, value: 5)) == nil)
    #expect(Self.make(Self.reported(szi: .max, entry: .max, value: -5)) == nil)
  }

  @Test(
    "leverage outside (0, 200] is 1", arguments: [(0, 1), (-3, 1), (1, 1), (200, 200), (201, 1), (50, 50)])
  func leverage(given: Int, tracked: Int) {
    let position = Self.reported(szi: 5, entry: 5, value: 5, leverage: given)
    #expect(Self.make(position)?.leverage == Double(tracked))
    #expect(TrackedPosition.cleanLeverage(.nan) == 1)
  }

  @Test("what goes in comes out, to the last digit")
  func roundTrip() throws {
    let (positions, ids) = Self.table(accounts: 1)
    let row = TrackedPosition(
      account: ids[0], coin: CoinID(raw: 4095), szi: Sz(raw: -.max), entryPx: Px(raw: .max),
      sizeUsd: Usd(micros: .max), liqPx: Px(raw: .max), unrealizedPnl: Usd(micros: .min),
      marginUsed: Usd(micros: .max), leverage: 199.99, updatedAt: WallTime(ms: 1 << 42 - 1))
    #expect(positions.restore(row))
    #expect(positions.position(of: ids[0], in: row.coin) == row)
    #expect(positions.position(of: ids[0], in: CoinID(raw: 0)) == nil)
    _ = row.markPx
    #expect(positions.brokenInvariant() == nil)
  }

  @Test("an account's positions are in the order of its last poll; what is gone is told in the old order")
  func order() {
    let (positions, ids) = Self.table(accounts: 2)
    func coins() -> [UInt32] {
      var coins: [UInt32] = []
      positions.forEach(of: ids[0]) { coins.append($0.coin.raw) }
      return coins
    }
    positions.replace(ids[0], with: [4, 2, 9, 7].map { Self.row(ids[0], $0) })
    #expect(coins() == [4, 2, 9, 7])
    var closed: [UInt32] = []
    positions.replace(ids[0], with: [9, 1, 4].map { Self.row(ids[0], $0) }) { closed.append($0.raw) }
    #expect(coins() == [9, 1, 4] && closed == [2, 7])
    #expect(positions.count == 3 && positions.totalSizeUsd(of: ids[0]) == Usd(micros: 3_000_000_000))
    positions.restore(Self.row(ids[0], 8))
    positions.restore(Self.row(ids[0], 1, usd: 5))
    #expect(coins() == [9, 1, 4, 8])
    positions.remove(account: ids[0])
    #expect(coins() == [] && positions.count == 0)
    #expect(positions.brokenInvariant() == nil)
  }

  @Test("versions move for the coins that changed, and no others")
  func versions() {
    let (positions, ids) = Self.table(accounts: 2)
    let (a, b) = (CoinID(raw: 1), CoinID(raw: 2))
    positions.replace(ids[0], with: [Self.row(ids[0], 1)])
    positions.replace(ids[1], with: [Self.row(ids[1], 2)])
    let (first, second, all) = (positions.version(of: a), positions.version(of: b), positions.version)
    positions.replace(ids[0], with: [Self.row(ids[0], 1, usd: 7)])
    #expect(positions.version(of: a) > first && positions.version(of: b) == second && positions.version > all)
    positions.replace(ids[1], with: [])
    #expect(positions.version(of: b) > second)
    let before = positions.version(of: a)
    positions.setBot(ids[0], true)
    #expect(positions.isBot(ids[0]) && !positions.isBot(ids[1]) && positions.version(of: a) > before)
    #expect(positions.version(of: CoinID(raw: 77)) == 0)
  }

  @Test("positions beyond the bound are dropped and counted; renewing needs no room")
  func bound() {
    let (positions, ids) = Self.table(accounts: 3, positionsMax: 3)
    positions.replace(ids[0], with: [Self.row(ids[0], 0), Self.row(ids[0], 1)])
    positions.replace(ids[1], with: [Self.row(ids[1], 0), Self.row(ids[1], 1)])
    #expect(positions.count == 3 && positions.dropped == 1)
    positions.replace(ids[0], with: [Self.row(ids[0], 0, usd: 9), Self.row(ids[0], 1, usd: 9)])
    #expect(positions.count == 3 && positions.dropped == 1)
    positions.restore(Self.row(ids[2], 0))
    positions.restore(Self.row(AddressID(raw: UInt32(Positions.accountsMax)), 0))
    positions.replace(ids[1], with: [Self.row(ids[1], Positions.coinsMax)])
    #expect(positions.count == 2 && positions.dropped == 4)
    #expect(positions.brokenInvariant() == nil)
  }

  @Test("a coin's sum never overflows: what would is dropped")
  func overflow() {
    let (positions, ids) = Self.table(accounts: 3)
    var huge = Self.row(ids[0], 0)
    huge.sizeUsd = Usd(micros: .max - 1)
    positions.replace(ids[0], with: [huge])
    positions.replace(ids[1], with: [Self.row(ids[1], 0)])
    #expect(positions.count == 1 && positions.dropped == 1)
    positions.replace(ids[2], with: [Self.row(ids[2], 0, usd: -1000)])
    var larger = Self.row(ids[2], 0)
    larger.sizeUsd = Usd(micros: 2)
    var closed = 0
    positions.replace(ids[2], with: [larger]) { _ in closed += 1 }
    #expect(positions.count(of: ids[2]) == 0 && positions.dropped == 2 && closed == 0)
    #expect(positions.totals(of: CoinID(raw: 0)) == (Usd(micros: .max - 1), .zero))
    #expect(positions.brokenInvariant() == nil)
  }

  @Test("expiry looks at no more rows than it may and gets round in the end")
  func expiry() {
    let (positions, ids) = Self.table(accounts: 300)
    for (index, id) in ids.enumerated() {
      positions.replace(
        id, with: [Self.row(id, 1, at: WallTime(ms: Self.now.ms - Int64(index % 2) * 10_000))])
    }
    var expired = 0
    let cut = WallTime(ms: Self.now.ms - 5000)
    #expect(positions.expire(before: cut, limit: 64) { _ in expired += 1 } == 32)
    for _ in 0..<4 { positions.expire(before: cut, limit: 1) { _ in expired += 1 } }
    #expect(expired == 150 && positions.count == 150)
    #expect(positions.expire(before: cut, limit: 1_000_000) { _ in expired += 1 } == 0)
    #expect(positions.brokenInvariant() == nil)
  }

  @Test("memory per position, indexes and order included, stays below 80 bytes")
  func memory() {
    // As 200,000 positions of 100,000 accounts in 500 coins, a tenth of it.
    let accounts = 10_000
    let book = AddressBook(addressesMax: accounts, seed: 1)
    let positions = Positions(book: book)
    var random = PRNG(seed: 5)
    for index in 0..<accounts {
      let id = book.see(Address(a: UInt64(index), b: 0, c: 0), at: Self.now)!.id
      let coins = Set((0..<2).map { _ in min(random.below(50), random.below(50)) })
      positions.replace(id, with: coins.sorted().map { Self.row(id, $0) })
    }
    for coin in 0..<50 { positions.largest(of: CoinID(raw: UInt32(coin)), 50) { _ in } }
    #expect(positions.count > 19_000)
    let perPosition = Double(positions.memoryBytes) / Double(positions.count)
    #expect(perPosition < 80, "\(perPosition) bytes")
  }
}
