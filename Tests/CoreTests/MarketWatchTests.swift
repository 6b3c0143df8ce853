import Base
import Engines
import Hyperliquid
import Market
import Testing

@testable import Core

/// Prices over the WebSocket cost nothing; REST is asked only while that is silent.
@Suite("Market watch")
struct MarketWatchTests {
  static func now(_ seconds: Int) -> Now {
    Now(
      instant: PollWorld.start + .seconds(seconds),
      wall: WallTime(ms: PollWorld.wall.ms + Int64(seconds) * 1000))
  }

  static func context(mid: Int64?) -> AssetContext {
    var context = AssetContext()
    context.markPx = Px(raw: 100)
    context.midPx = mid.map { Px(raw: $0) }
    return context
  }

  /// Asks whenever it wants to, answers after a second; the questions with their seconds.
  static func questions(_ watch: MarketWatch, seconds: Range<Int>, body: String, each: (Int) -> Void)
    -> [String]
  {
    var scheduler = Scheduler(options: Options(), seed: 1)
    let out = Output()
    var asked: [String] = []
    var waiting: FetchID?
    for second in seconds {
      each(second)
      out.begin()
      if let id = waiting, let request = scheduler.take(id) {
        waiting = nil
        scheduler.settle(request, .answered(itemWeight: 0), now: now(second))
        let bytes = Array(body.utf8) + [UInt8](repeating: 32, count: 64)
        bytes.withUnsafeBytes {
          watch.answered(
            .body(UnsafeRawBufferPointer(rebasing: $0[0..<body.utf8.count])), coins: FillHistory.coins(), out,
            now: now(second))
        }
      }
      watch.ask(&scheduler, out, dexes: ["", "xyz", "flx"], now: now(second))
      for case .fetch(let id, let range, _) in out.effects {
        waiting = id
        asked.append("\(second) " + String(decoding: out.bytes.bytes[range], as: UTF8.self))
      }
    }
    return asked
  }

  @Test("while contexts bring mids nothing is asked; 30 seconds after the last, every ten seconds")
  func fallback() {
    let markets = Markets()
    let watch = MarketWatch(markets: markets, hasStream: true, now: Self.now(0).instant)
    let coin = CoinID(raw: 0)
    let asked = Self.questions(watch, seconds: 0..<200, body: "{\"BTC\":\"50000.5\",\"@1\":\"1.0\"}") {
      second in
      if second < 100 || second >= 160 {
        watch.context(coin, Self.context(mid: 4_000_000_000_000), now: Self.now(second))
      }
      if second == 155 {
        #expect(markets.mid(of: coin, now: Self.now(second).instant)?.raw == 5_000_050_000_000)
        #expect(markets.midSource(of: coin) == .rest)
      }
    }
    #expect(
      asked == [
        "129 {\"type\":\"allMids\"}", "140 {\"type\":\"allMids\",\"dex\":\"xyz\"}",
        "151 {\"type\":\"allMids\"}",
      ])
    #expect(watch.fallbacks == 3 && markets.midSource(of: coin) == .context)
    #expect(markets.mid(of: coin, now: Self.now(199).instant)?.raw == 4_000_000_000_000)
  }

  @Test("contexts without mids do not count as mids; without a stream REST is asked from the start")
  func noStream() {
    let watch = MarketWatch(markets: Markets(), hasStream: false, now: Self.now(0).instant)
    let asked = Self.questions(watch, seconds: 0..<45, body: "<html>") { second in
      watch.context(CoinID(raw: 0), Self.context(mid: nil), now: Self.now(second))
    }
    #expect(asked.map { $0.prefix { $0 != " " } } == ["0", "11", "22", "33", "44"])
    #expect(asked.count { $0.contains("flx") } == 1)
  }
}
