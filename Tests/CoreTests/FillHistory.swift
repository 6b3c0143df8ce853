import Base
import Hyperliquid
import Market

@testable import Core

/// One account's fills as the exchange hands them out: pages of 2000, oldest first, the latest 10,000 at the most.
struct FillHistory {
  struct Row: Hashable {
    var ms: Int64
    var tid: Int
    var isBuy: Bool
    var start: Double
  }

  var rows: [Row] = []

  /// `count` fills from `from` on, `step` ms apart; `same` of them share each moment. They go flat every second one.
  init(count: Int, from: Int64, stepMs: Int64, same: Int = 1) {
    for n in 0..<count {
      rows.append(
        Row(
          ms: from + Int64(n / same) * stepMs, tid: n + 1, isBuy: n % 2 == 0, start: n % 2 == 0 ? 0 : 1))
    }
  }

  /// The page beginning at `start`.
  func page(from start: Int64) -> [Row] {
    Array(rows.suffix(Venue.fillsReachableMax).drop { $0.ms < start }.prefix(Venue.fillsPageMax))
  }

  static func body(_ rows: [Row]) -> [UInt8] {
    var text = "["
    for (index, row) in rows.enumerated() {
      if index > 0 { text += "," }
      text += "{\"coin\":\"BTC\",\"px\":\"\(row.isBuy ? "100.0" : "101.0")\",\"sz\":\"1.0\",\"side\":\""
      text += row.isBuy ? "B" : "A"
      text +=
        "\",\"time\":\(row.ms),\"startPosition\":\"\(row.start)\",\"dir\":\"\(row.isBuy ? "Open" : "Close")"
      text += " Long\",\"closedPnl\":\"\(row.isBuy ? "0.0" : "1.0")\",\"hash\":\"0x0\",\"oid\":\(row.tid),"
      text += "\"crossed\":true,\"fee\":\"0.01\",\"tid\":\(row.tid),\"feeToken\":\"USDC\",\"twapId\":null}"
    }
    return Array((text + "]").utf8) + [UInt8](repeating: 32, count: 64)
  }

  static func coins() -> Coins {
    var coins = Coins()
    _ = coins.list(Coin(name: "BTC", dex: "", szDecimals: 5, maxLeverage: 40, isListed: true))
    return coins
  }

  static func decoded(_ rows: [Row]) -> Fills {
    var fills = Fills()
    let body = body(rows)
    body.withUnsafeBytes {
      try? fills.decode(body: UnsafeRawBufferPointer(rebasing: $0[0..<(body.count - 64)]), coins: coins())
    }
    return fills
  }
}
