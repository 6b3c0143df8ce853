import Base
import Engines
import Market
import Testing

/// Prices and contexts: the newest wins, the old are not served as mids.
@Suite("Markets")
struct MarketsTests {
  static let coin = CoinID(raw: 5)
  static let start = Instant(ns: 1_000_000_000_000)

  static func after(_ seconds: Int) -> Instant { start + .seconds(seconds) }

  static func context(mark: Int64, mid: Int64?, openInterest: Double = 10) -> AssetContext {
    var context = AssetContext()
    context.markPx = Px(raw: mark)
    context.midPx = mid.map(Px.init(raw:))
    context.openInterest = openInterest
    return context
  }

  @Test("the newest mid is served, whoever sent it")
  func newest() {
    let markets = Markets()
    #expect(
      markets.mid(of: Self.coin, now: Self.start) == nil
        && markets.price(of: Self.coin, now: Self.start) == nil)
    markets.setMid(Self.coin, Px(raw: 100), from: .rest, at: Self.after(10))
    markets.setMid(Self.coin, Px(raw: 90), from: .stream, at: Self.after(9))
    #expect(markets.mid(of: Self.coin, now: Self.after(10)) == Px(raw: 100))
    #expect(markets.midSource(of: Self.coin) == .rest)
    markets.setMid(Self.coin, Px(raw: 110), from: .stream, at: Self.after(10))
    markets.setMid(Self.coin, Px(raw: 0), from: .stream, at: Self.after(11))
    #expect(markets.mid(of: Self.coin, now: Self.after(11)) == Px(raw: 110))
    #expect(markets.midAt(of: Self.coin) == Self.after(10) && markets.midSource(of: Self.coin) == .stream)
    #expect(markets.mid(of: CoinID(raw: 4), now: Self.after(11)) == nil)
  }

  @Test("a context brings its mid; without one the mark stands in once the mid is stale")
  func contexts() {
    let markets = Markets()
    markets.setContext(Self.coin, Self.context(mark: 200_000_000, mid: 210), at: Self.start)
    #expect(markets.mid(of: Self.coin, now: Self.start) == Px(raw: 210))
    #expect(markets.midSource(of: Self.coin) == .context)
    #expect(markets.openInterestUsd(of: Self.coin) == 20)
    markets.setContext(Self.coin, Self.context(mark: 300_000_000, mid: nil), at: Self.after(50))
    #expect(markets.mid(of: Self.coin, now: Self.after(59)) == Px(raw: 210))
    #expect(markets.mid(of: Self.coin, now: Self.after(60)) == nil)
    #expect(markets.price(of: Self.coin, now: Self.after(59)) == Px(raw: 210))
    #expect(markets.price(of: Self.coin, now: Self.after(60)) == Px(raw: 300_000_000))
    markets.setMid(Self.coin, Px(raw: 250), from: .rest, at: Self.after(70))
    #expect(markets.price(of: Self.coin, now: Self.after(500)) == Px(raw: 250))
    markets.setContext(Self.coin, Self.context(mark: 1, mid: 2), at: Self.after(20))
    #expect(markets.markPx(of: Self.coin) == Px(raw: 300_000_000))
    #expect(markets.contextAt(of: Self.coin) == Self.after(50))
  }

  @Test("REST is asked while the stream is silent")
  func streamStale() {
    let markets = Markets()
    #expect(markets.isStreamStale(now: Self.start))
    markets.setMid(Self.coin, Px(raw: 1), from: .stream, at: Self.start)
    #expect(!markets.isStreamStale(now: Self.after(29)) && markets.isStreamStale(now: Self.after(30)))
    markets.setMid(Self.coin, Px(raw: 1), from: .rest, at: Self.after(30))
    #expect(markets.isStreamStale(now: Self.after(30)))
  }

  @Test("absurd values are refused or kept out of sums")
  func absurd() {
    let markets = Markets()
    markets.setMid(CoinID(raw: 4096), Px(raw: 5), from: .rest, at: Self.start)
    markets.setContext(CoinID(raw: .max), Self.context(mark: 1, mid: 1), at: Self.start)
    #expect(markets.count == 0 && markets.version == 0)
    for openInterest in [-1, .infinity, .nan] {
      markets.setContext(
        Self.coin, Self.context(mark: 1, mid: nil, openInterest: openInterest), at: Self.start)
      #expect(markets.openInterestUsd(of: Self.coin) == nil)
    }
    markets.setContext(Self.coin, Self.context(mark: 0, mid: nil), at: Self.start)
    #expect(markets.openInterestUsd(of: Self.coin) == nil && markets.markPx(of: Self.coin) == nil)
  }
}
