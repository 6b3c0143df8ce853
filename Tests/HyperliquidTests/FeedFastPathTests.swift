import Base
import Hyperliquid
import Market
import Testing
import Wire

/// The fast path of trades takes exactly what the reader takes, and says the same of it.
struct FeedFastPathTests {
  /// What a decoder says of a message.
  struct Outcome: Equatable {
    var trades: [Trade] = []
    var counts: [Int] = []
    var error: JSONError?
    var channel = Channel.trades
  }

  static func outcome(_ feed: TradesFeed, _ bytes: [UInt8], slowly: Bool) -> Outcome {
    let buffer = ByteBuffer(capacity: bytes.count + 64)
    bytes.withUnsafeBytes { buffer.append($0) }
    return withExtendedLifetime(buffer) {
      let frame = Frame.classify(buffer.bytes)
      guard frame.channel == .trades else { return Outcome(channel: frame.channel) }
      var outcome = Outcome()
      do throws(JSONError) {
        if slowly {
          try feed.decodeSlowly(frame, coins: Captures.coins)
        } else {
          try feed.decode(frame, coins: Captures.coins)
        }
      } catch { outcome.error = error }
      outcome.trades = Array(feed.trades)
      outcome.counts = [feed.invalid, feed.unlisted, feed.dropped]
      return outcome
    }
  }

  static func digits(_ random: inout PRNG, _ lengths: ClosedRange<Int>) -> String {
    let count = lengths.lowerBound + random.below(lengths.count)
    return String((0..<count).map { _ in Character("\(random.below(10))") })
  }

  static func hex(_ random: inout PRNG, _ count: Int) -> String {
    let letters = Array(random.chance(0.1) ? "0123456789ABCDEFabcdef" : "0123456789abcdef")
    return String((0..<count).map { _ in letters[random.below(letters.count)] })
  }

  /// A row near the border of the shape: lengths from none to too many, odd values now and then.
  static func row(_ random: inout PRNG) -> String {
    let odd = random.chance(0.5)
    let coins = [
      "BTC", "ETH", "xyz:TSLA", "NEW", "", "A234567890123456", "A2345678901234567", "B\\u0054C", "é",
    ]
    let coin = odd ? coins[random.below(coins.count)] : "BTC"
    let px = odd ? decimal(&random) : "70123.5"
    let sz = odd ? decimal(&random) : "0.25"
    let time = odd ? digits(&random, 12...14) : "1790000000123"
    let tid = odd ? digits(&random, 1...19) : "812345678901234"
    let hash = odd ? hash(&random) : "0x" + hex(&random, 64)
    let side = odd ? ["A", "B", "C", "a", "", "@"][random.below(6)] : "A"
    let users = (0..<2).map { _ in
      "\"0x\(hex(&random, odd && random.chance(0.1) ? 39 + random.below(3) : 40))\""
    }
    return
      "{\"coin\":\"\(coin)\",\"side\":\"\(side)\",\"px\":\"\(px)\",\"sz\":\"\(sz)\",\"time\":\(time),\"hash\":\"\(hash)\","
      + "\"tid\":\(tid),\"users\":[\(users.joined(separator: ","))]}"
  }

  static func decimal(_ random: inout PRNG) -> String {
    switch random.below(8) {
    case 0: return digits(&random, 0...9)
    case 1: return "-" + digits(&random, 1...7) + "." + digits(&random, 1...7)
    case 2:
      return [
        "0.0", "0", "00.0", "1.", ".1", "1e5", "1.5e1", "0.00000001", "0.000000001", "99999999.99999999",
      ][random.below(10)]
    default: return digits(&random, 0...9) + "." + digits(&random, 0...9)
    }
  }

  static func hash(_ random: inout PRNG) -> String {
    switch random.below(5) {
    case 0: return "0x" + hex(&random, 60 + random.below(8))
    case 1: return String(repeating: "é", count: 33)
    case 2: return String(repeating: "x", count: random.below(66)) + "\\n" + String(repeating: "y", count: 64)
    default: return "0x" + hex(&random, 64)
    }
  }

  @Test func bordersOfTheShape() {
    var random = PRNG(seed: 41)
    let fast = TradesFeed()
    let slow = TradesFeed()
    var kept = 0
    for _ in 0..<6000 {
      let rows = (0..<random.below(5)).map { _ in FeedFastPathTests.row(&random) }
      let bytes = Array("{\"channel\":\"trades\",\"data\":[\(rows.joined(separator: ","))]}".utf8)
      let said = FeedFastPathTests.outcome(fast, bytes, slowly: false)
      #expect(said == FeedFastPathTests.outcome(slow, bytes, slowly: true), "\(rows)")
      kept += fast.trades.count
    }
    #expect(kept > 5000)
  }

  /// Every byte of a row set to every interesting value.
  @Test func everyByteOfARow() throws {
    let good = try Captures.load("ws_trades")
    let fast = TradesFeed()
    let slow = TradesFeed()
    for at in good.indices {
      for value in Array("\"\\{}[],:.-+09afgAFGzZ xe\u{1F}\u{7F}".utf8) + [0, 0x80, 0xC3, 0xFF] {
        var bytes = good
        bytes[at] = value
        let said = FeedFastPathTests.outcome(fast, bytes, slowly: false)
        #expect(said == FeedFastPathTests.outcome(slow, bytes, slowly: true), "\(at) \(value)")
      }
    }
  }

  /// Decimals of every length on both sides of the point.
  @Test func everyLengthOfDecimals() {
    let fast = TradesFeed()
    let slow = TradesFeed()
    for whole in 0...10 {
      for fraction in 0...10 {
        let px = String("1234567890".prefix(whole)) + "." + String("9876543210".prefix(fraction))
        let row =
          "{\"coin\":\"BTC\",\"side\":\"A\",\"px\":\"\(px)\",\"sz\":\"1.0\",\"time\":1790000000123,\"hash\":\"0x\(String(repeating: "0", count: 64))\",\"tid\":812345678901234,\"users\":[\"0x\(String(repeating: "a", count: 40))\",\"0x\(String(repeating: "b", count: 40))\"]}"
        let bytes = Array("{\"channel\":\"trades\",\"data\":[\(row)]}".utf8)
        let said = FeedFastPathTests.outcome(fast, bytes, slowly: false)
        #expect(said == FeedFastPathTests.outcome(slow, bytes, slowly: true), "\(px)")
        #expect(fast.trades.count == ((1...8).contains(fraction) && whole > 0 ? 1 : 0), "\(px)")
      }
    }
  }

  /// A message whose last row ends where the message ends, with slack behind it that looks like more rows.
  @Test func nothingBehindTheEndIsRead() throws {
    let row = FeedMutationRow.text
    let whole = Array("{\"channel\":\"trades\",\"data\":[\(row),\(row)".utf8)
    let feed = TradesFeed()
    for end in 0..<whole.count {
      let outcome = FeedFastPathTests.outcome(feed, Array(whole[..<end]), slowly: false)
      #expect(outcome.error != nil || outcome.channel != .trades, "\(end)")
      #expect(feed.trades.isEmpty)
    }
  }
}

/// A good row.
enum FeedMutationRow {
  static let text =
    "{\"coin\":\"BTC\",\"side\":\"B\",\"px\":\"70123.0\",\"sz\":\"0.5\",\"time\":1790000000123,\"hash\":\"0x"
    + String(repeating: "0", count: 64) + "\",\"tid\":812345678901234,\"users\":[\"0x"
    + String(repeating: "1", count: 40) + "\",\"0x" + String(repeating: "2", count: 40) + "\"]}"
}
