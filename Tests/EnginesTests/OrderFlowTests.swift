import Base
import Engines
import Market
import Testing

/// Order flow, one rule at a time.
@Suite("Order flow")
struct OrderFlowTests {
  static let start: Int64 = 1_795_353_385_000
  static let coin = CoinID(raw: 0)

  static func trade(
    at ms: Int64, tid: UInt64 = 1, side: Side = .buy, px: Int64 = 100, sz: Int64 = 1, coin: CoinID = coin
  ) -> Trade {
    Trade(
      coin: coin, side: side, px: Px(raw: px * 100_000_000), sz: Sz(raw: sz * 100_000_000),
      time: WallTime(ms: start + ms), tid: tid, buyer: Address(a: 1, b: 1, c: 1),
      seller: Address(a: 2, b: 2, c: 2))
  }

  static func now(_ ms: Int64) -> WallTime { WallTime(ms: start + ms) }

  @Test("a window's edge is exact to the millisecond")
  func edge() {
    let flow = OrderFlow(windowsS: [60])
    #expect(flow.apply(Self.trade(at: 0), now: Self.now(0)) == .counted)
    #expect(flow.read(Self.coin, window: 0, now: Self.now(60_000)).buy == Usd(micros: 100_000_000))
    #expect(flow.read(Self.coin, window: 0, now: Self.now(60_001)) == .empty)
    #expect(flow.readSummary(Self.coin, now: Self.now(60_001)).buyCount == 1)
    #expect(flow.readSummary(Self.coin, now: Self.now(300_001)) == .empty)
  }

  @Test("sides, sums, counts and the delta")
  func sums() {
    let flow = OrderFlow(windowsS: [60, 3600])
    _ = flow.apply(Self.trade(at: 0, tid: 1, side: .buy, px: 100, sz: 3), now: Self.now(0))
    _ = flow.apply(Self.trade(at: 0, tid: 2, side: .sell, px: 200, sz: 2), now: Self.now(0))
    _ = flow.apply(Self.trade(at: 1, tid: 3, side: .sell, px: 50, sz: 1), now: Self.now(1))
    let window = flow.read(Self.coin, window: 1, now: Self.now(2))
    #expect(window.buy.micros == 300_000_000 && window.sell.micros == 450_000_000)
    #expect(window.buyCount == 1 && window.sellCount == 2 && window.count == 3)
    #expect(window.cvd.micros == -150_000_000)
    #expect(flow.totalTrades(Self.coin, now: Self.now(2)) == 3)
    #expect(flow.lastTradeTime(Self.coin) == Self.now(1))
  }

  @Test("a trade that was never seen leaves everything empty")
  func untraded() {
    let flow = OrderFlow()
    #expect(!flow.hasTraded(CoinID(raw: 7)) && flow.lastTradeTime(CoinID(raw: 7)) == nil)
    #expect(flow.read(CoinID(raw: 7), window: 3, now: Self.now(0)) == .empty)
    _ = flow.apply(Self.trade(at: 0, coin: CoinID(raw: 9)), now: Self.now(0))
    #expect(!flow.hasTraded(CoinID(raw: 7)) && flow.hasTraded(CoinID(raw: 9)))
    #expect(flow.heldSince(CoinID(raw: 9)) == nil)
  }

  @Test("what apply answers")
  func outcomes() {
    let flow = OrderFlow(windowsS: [60], coinsMax: 4)
    #expect(flow.apply(Self.trade(at: 0), now: Self.now(0)) == .counted)
    #expect(flow.apply(Self.trade(at: 0), now: Self.now(0)) == .duplicate)
    #expect(flow.apply(Self.trade(at: 0, coin: CoinID(raw: 1)), now: Self.now(0)) == .counted)
    #expect(flow.apply(Self.trade(at: 1), now: Self.now(0)) == .counted)
    #expect(flow.apply(Self.trade(at: -300_001, tid: 2), now: Self.now(0)) == .tooOld)
    #expect(flow.apply(Self.trade(at: 3_600_001, tid: 3), now: Self.now(0)) == .tooNew)
    #expect(flow.apply(Self.trade(at: 2, tid: 4, px: 0), now: Self.now(0)) == .invalid)
    #expect(flow.apply(Self.trade(at: 2, tid: 4, sz: -1), now: Self.now(0)) == .invalid)
    #expect(flow.apply(Self.trade(at: 2, coin: CoinID(raw: 4)), now: Self.now(0)) == .unknownCoin)
    #expect(flow.apply(Self.trade(at: 2, px: 92_000_000_000, sz: 101), now: Self.now(0)) == .overflow)
    #expect(flow.apply(Self.trade(at: 2, px: 92_000_000_000, sz: 100), now: Self.now(0)) == .counted)
    #expect(flow.apply(Self.trade(at: 3, px: 92_000_000_000, sz: 100), now: Self.now(0)) == .overflow)
    #expect(
      flow.apply(Self.trade(at: 3, side: .sell, px: 92_000_000_000, sz: 100), now: Self.now(0)) == .counted)
    #expect(
      flow.count(of: .counted) == 5 && flow.count(of: .overflow) == 2 && flow.count(of: .duplicate) == 1)
    #expect(flow.brokenInvariant() == nil)
  }

  @Test("more trades of one millisecond than are remembered all count")
  func burst() {
    let flow = OrderFlow(windowsS: [60], recentMax: 64)
    for tid in 1...1000 as ClosedRange<UInt64> {
      #expect(flow.apply(Self.trade(at: 5, tid: tid), now: Self.now(5)) == .counted)
    }
    #expect(flow.apply(Self.trade(at: 5, tid: 1000), now: Self.now(5)) == .duplicate)
    #expect(flow.read(Self.coin, window: 0, now: Self.now(5)).buyCount == 1000)
    #expect(flow.chunksUsed == 1)
    #expect(flow.unverifiedTrades > 0)
  }

  @Test("an entry's count does not overflow")
  func fullEntry() {
    let flow = OrderFlow(windowsS: [60], recentMax: 64)
    for tid in 0..<70_000 as Range<UInt64> { _ = flow.apply(Self.trade(at: 5, tid: tid), now: Self.now(5)) }
    #expect(flow.read(Self.coin, window: 0, now: Self.now(5)).buyCount == 70_000)
    #expect(flow.brokenInvariant() == nil)
  }

  @Test("a replay of the last thirty trades changes nothing")
  func replay() {
    let flow = OrderFlow()
    let trades = (0..<200).map { Self.trade(at: Int64($0 * 10), tid: UInt64($0)) }
    for trade in trades { _ = flow.apply(trade, now: Self.now(2000)) }
    let before = flow.read(Self.coin, window: 0, now: Self.now(2000))
    for trade in trades.suffix(30).reversed() {
      #expect(flow.apply(trade, now: Self.now(2000)) == .duplicate)
    }
    #expect(flow.read(Self.coin, window: 0, now: Self.now(2000)) == before)
  }

  @Test("quiet coins give their memory back")
  func quiet() {
    let flow = OrderFlow(windowsS: [1])
    for raw in 0..<50 as Range<UInt32> {
      _ = flow.apply(Self.trade(at: 0, coin: CoinID(raw: raw)), now: Self.now(0))
    }
    #expect(flow.chunksUsed == 50)
    flow.sweep(now: Self.now(300_000))
    #expect(flow.chunksUsed == 50)
    flow.sweep(now: Self.now(300_001))
    #expect(flow.chunksUsed == 0)
    #expect(flow.lastTradeTime(Self.coin) == Self.now(0))
    #expect(flow.brokenInvariant() == nil)
  }

  @Test("the summary visits every traded coin, in order")
  func summary() {
    let flow = OrderFlow(windowsS: [60])
    for raw in [5, 2, 9] as [UInt32] {
      _ = flow.apply(Self.trade(at: 0, px: Int64(raw), coin: CoinID(raw: raw)), now: Self.now(0))
    }
    var seen: [String] = []
    flow.summary5m(now: Self.now(200_000)) { seen.append("\($0.raw) \($1.cvd.micros)") }
    #expect(seen == ["2 2000000", "5 5000000", "9 9000000"])
  }

  @Test("years go by: offsets begin anew")
  func years() {
    let flow = OrderFlow(windowsS: [604_800])
    let day: Int64 = 86_400_000
    for index in 0..<400 as Range<Int64> {
      // Six days ago, seven days ago (the edge counts) and now.
      let at = index * 6 * day
      #expect(flow.apply(Self.trade(at: at, tid: UInt64(index)), now: Self.now(at)) == .counted)
      #expect(flow.read(Self.coin, window: 0, now: Self.now(at)).buyCount == (index == 0 ? 1 : 3))
      #expect(flow.apply(Self.trade(at: at - day, tid: 7), now: Self.now(at)) == .counted)
    }
    #expect(flow.brokenInvariant() == nil)
  }

  @Test("a full pool drops the oldest chunk and says so")
  func fullPool() {
    let flow = OrderFlow(windowsS: [3600], chunksMax: 2)
    for index in 0..<300 as Range<Int64> {
      #expect(flow.apply(Self.trade(at: index, tid: UInt64(index)), now: Self.now(index)) == .counted)
    }
    #expect(flow.droppedChunks == 1 && flow.droppedTrades == 128)
    #expect(flow.heldSince(Self.coin) == Self.now(128))
    #expect(flow.totalTrades(Self.coin, now: Self.now(300)) == 172)
  }

  @Test("a held trade costs its 14 bytes and little more; steady traffic costs no more memory")
  func memory() {
    let flow = OrderFlow(windowsS: [3600])
    var tid: UInt64 = 0
    func run(_ range: Range<Int64>) {
      for ms in range {
        tid += 1
        let coin = CoinID(raw: UInt32(tid % 10))
        _ = flow.apply(Self.trade(at: ms * 40, tid: tid, coin: coin), now: Self.now(ms * 40))
      }
    }
    run(0..<90_000)
    #expect(flow.totalTrades(Self.coin, now: Self.now(90_000 * 40)) == 9000)
    #expect(flow.memoryBytes <= 90_000 * 15 + 100_000)
    run(90_000..<100_000)
    let steady = flow.memoryBytes
    run(100_000..<200_000)
    #expect(flow.memoryBytes == steady)
  }

  @Test("any clock is survived", arguments: [Int64.min, -1, 0, 1 << 50, 1 << 55, Int64.max])
  func anyClock(ms: Int64) {
    let flow = OrderFlow()
    for raw in 0..<3 as Range<UInt32> {
      _ = flow.apply(Self.trade(at: Int64(raw), coin: CoinID(raw: raw)), now: WallTime(ms: ms))
      _ = flow.apply(Self.trade(at: 1, tid: 2, coin: CoinID(raw: raw)), now: Self.now(1))
      _ = flow.read(CoinID(raw: raw), window: 0, now: WallTime(ms: ms))
      flow.sweep(now: WallTime(ms: ms))
    }
    #expect(flow.brokenInvariant() == nil)
    // The clock came back: trades count again.
    #expect(flow.apply(Self.trade(at: 5, tid: 9), now: Self.now(20_000)) != .tooOld)
  }
}
