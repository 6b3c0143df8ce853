import Base
import Glibc
import Hyperliquid
import Market

/// The bare decoding of `trades` frames beside Tests/Bench/simdjson/trades_extract.cpp: bytes → `Market.Trade` with
/// coin ids, exact decimals and addresses; no de-duplication, no windows.
enum DecodeBench {
  /// What one measurement found; `nil` from `run` when the file cannot be read or holds a broken frame.
  struct Report {
    var trades = 0
    var frames = 0
    var bytes = 0
    /// Of the median repeat.
    var seconds = 0.0
    /// Over what both programs of the bench know of a trade.
    var checksum: UInt64 = 0
    /// Over px and sz, which only we decode.
    var decimals: UInt64 = 0

    /// One line of `name=value` fields.
    var line: String {
      let speed =
        "trades_per_s=\(Int(Double(trades) / seconds)) mb_per_s=\(Int(Double(bytes) / seconds / 1e6))"
      let hex = String(checksum, radix: 16)
      return "\(speed) ns_per_trade=\(Double(Int(seconds * 1e10 / Double(trades))) / 10) trades=\(trades) "
        + "frames=\(frames) decimals=\(String(decimals, radix: 16)) "
        + "checksum=\(String(repeating: "0", count: 16 - hex.utf8.count))\(hex)"
    }
  }

  /// Decodes every line of `file` `repeats` times; `coins` are the names to be listed.
  static func run(file: String, coins: [String], repeats: Int) -> Report? {
    guard let bytes = load(file) else { return nil }
    var register = Coins()
    for name in coins {
      _ = register.list(Coin(name: name, dex: "", szDecimals: 5, maxLeverage: 40, isListed: true))
    }
    let frames = lines(bytes)
    let feed = TradesFeed()
    feed.coins = register
    var report = Report()
    var times: [Double] = []
    for _ in 0..<max(repeats, 1) {
      report = Report(frames: frames.count, bytes: bytes.count)
      let begin = seconds()
      for frame in frames {
        do { try feed.decode(Frame.classify(bytes.bytes(in: frame))) } catch { return nil }
        for trade in feed.trades { add(trade, &report) }
      }
      times.append(seconds() - begin)
    }
    times.sort()
    report.seconds = times[times.count / 2]
    return report.trades > 0 ? report : nil
  }

  @inline(__always)
  private static func add(_ trade: Trade, _ report: inout Report) {
    report.trades += 1
    let side: UInt64 = trade.side == .buy ? 1 : 0
    report.checksum &+=
      UInt64(bitPattern: trade.time.ms) &+ 3 &* trade.tid &+ side &+ 5 &* last(trade.buyer)
      &+ 7 &* last(trade.seller)
    report.decimals &+= UInt64(bitPattern: trade.px.raw) &+ 3 &* UInt64(bitPattern: trade.sz.raw)
  }

  /// The last character of an address's text.
  @inline(__always)
  private static func last(_ address: Address) -> UInt64 {
    let digit = UInt64(address.c & 0xF)
    return digit < 10 ? 0x30 + digit : 0x57 + digit
  }
}
