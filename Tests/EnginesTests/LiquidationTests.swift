import Base
import Engines
import Market
import Testing

/// What a fill says of a liquidation: which side, whose.
@Suite("Liquidation events")
struct LiquidationEventTests {
  static let own = Address(a: 1, b: 2, c: 3)
  static let other = Address(a: 4, b: 5, c: 6)

  static func fill(
    _ side: Side, isTaker: Bool, user: Address?, _ method: LiquidationMethod = .market,
    _ direction: FillDirection = .closeLong
  ) -> Fill {
    var fill = Fill()
    fill.coin = CoinID(raw: 3)
    fill.px = Px(raw: 5_000_000_000)
    fill.sz = Sz(raw: 1_000_000_000)
    fill.side = side
    fill.time = WallTime(ms: 1_787_000_000_000)
    fill.tid = 77
    fill.isTaker = isTaker
    fill.direction = direction
    fill.liquidation = FillLiquidation(user: user, markPx: Px(raw: 5_100_000_000), method: method)
    return fill
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var fill: Fill
    var isLong: Bool
    var address: Address?
    var testDescription: String { name }
  }

  static let cases = [
    Case(name: "own row, sold", fill: fill(.sell, isTaker: true, user: own), isLong: true, address: own),
    Case(
      name: "own row, bought", fill: fill(.buy, isTaker: true, user: own, .market, .closeShort),
      isLong: false,
      address: own),
    Case(
      name: "taker's row that names nobody", fill: fill(.sell, isTaker: true, user: nil), isLong: true,
      address: own),
    Case(
      name: "maker's row, sold", fill: fill(.sell, isTaker: false, user: other, .market, .openShort),
      isLong: false, address: other),
    Case(
      name: "maker's row, bought", fill: fill(.buy, isTaker: false, user: other, .market, .openLong),
      isLong: true, address: other),
    Case(
      name: "maker's row that names nobody", fill: fill(.buy, isTaker: false, user: nil, .market, .openLong),
      isLong: true, address: nil),
    Case(
      name: "an ordinary label counts for nothing",
      fill: fill(.buy, isTaker: false, user: other, .market, .closeShort), isLong: true, address: other),
    Case(
      name: "the vault takes a short over",
      fill: fill(.sell, isTaker: true, user: other, .backstop, .liquidatedIsolatedShort), isLong: false,
      address: other),
    Case(
      name: "the vault takes a long over",
      fill: fill(.buy, isTaker: true, user: other, .backstop, .liquidatedCrossLong), isLong: true,
      address: other),
    Case(
      name: "the label names the liquidated side, not the vault's",
      fill: fill(.buy, isTaker: true, user: nil, .backstop, .liquidatedCrossLong), isLong: true, address: nil),
    Case(
      name: "backstop, own row", fill: fill(.sell, isTaker: true, user: own, .backstop), isLong: true,
      address: own),
    Case(
      name: "backstop, the other's row with an unknown label",
      fill: fill(.buy, isTaker: true, user: other, .backstop, .other), isLong: true, address: other),
    Case(
      name: "deleveraged winner, sold its long",
      fill: fill(.sell, isTaker: true, user: other, .backstop, .autoDeleveraging), isLong: false,
      address: other),
    Case(
      name: "deleveraged winner, bought its short back",
      fill: fill(.buy, isTaker: true, user: other, .backstop, .autoDeleveraging), isLong: true, address: other
    ),
    Case(
      name: "a method we do not know is read as one of the market",
      fill: fill(.sell, isTaker: true, user: nil, .other), isLong: true, address: own),
  ]

  @Test("side and account", arguments: cases)
  func side(_ item: Case) throws {
    let event = try #require(LiquidationEvent(item.fill, of: Self.own))
    #expect(event.isLong == item.isLong)
    #expect(event.address == item.address)
    #expect(event.sizeUsd == Usd(micros: 500_000_000))
    #expect(event.price == item.fill.px)
  }

  @Test("both rows of one trade say the same")
  func counterparties() {
    for side in [Side.buy, .sell] {
      let taker = LiquidationEvent(Self.fill(side, isTaker: true, user: Self.own), of: Self.own)
      let maker = LiquidationEvent(
        Self.fill(side == .buy ? .sell : .buy, isTaker: false, user: Self.own), of: Self.other)
      #expect(taker == maker)
    }
  }

  @Test("no mark, no listed coin, or no dollar amount is no event")
  func none() {
    var fill = Self.fill(.sell, isTaker: true, user: nil, .backstop, .liquidatedCrossLong)
    fill.liquidation = nil
    #expect(LiquidationEvent(fill, of: Self.own) == nil)
    fill = Self.fill(.sell, isTaker: true, user: nil)
    fill.coin = nil
    #expect(LiquidationEvent(fill, of: Self.own) == nil)
    fill = Self.fill(.sell, isTaker: true, user: nil)
    fill.px = Px(raw: .max)
    fill.sz = Sz(raw: .max)
    #expect(LiquidationEvent(fill, of: Self.own) == nil)
  }
}
