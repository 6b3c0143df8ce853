import Foundation

/// What the simulated exchange says is true, read from its own account of itself.
struct WorldPicture {
  struct Position: Equatable {
    var szi: Double
    var value: Double
    var unrealizedPnl: Double
    var leverage: Double
  }

  struct Account {
    var address: String
    var isVault: Bool
    var equity: Double
    /// By coin; the main dex only, which is what the daemon asks about.
    var positions: [String: Position]
  }

  struct Trip {
    var coin: String
    var side: String
    var entryNtl: Double
    var exitNtl: Double
    var sz: Double
    var pnl: Double
    var entryMs: Int
    var exitMs: Int
  }

  var nowMs: Int
  var markPx: [String: Double] = [:]
  var openInterest: [String: Double] = [:]
  var listed: Set<String> = []
  var accounts: [String: Account] = [:]

  struct Unreadable: Error { let what: String }

  init(exchangePort: Int) throws {
    let answer = try LoopbackClient.get("/truth/world", port: exchangePort).json()
    guard let now = answer["now"] as? Int, let coins = answer["coins"] as? [[String: Any]],
      let rows = answer["accounts"] as? [[String: Any]]
    else { throw Unreadable(what: "/truth/world") }
    nowMs = now
    for coin in coins {
      let name = coin["coin"] as? String ?? ""
      markPx[name] = WorldPicture.number(coin["markPx"])
      openInterest[name] = WorldPicture.number(coin["openInterest"])
      if coin["isListed"] as? Bool == true { listed.insert(name) }
    }
    for row in rows {
      var account = Account(
        address: row["address"] as? String ?? "", isVault: row["isVault"] as? Bool ?? false,
        equity: WorldPicture.number(row["equity"]), positions: [:])
      for position in row["positions"] as? [[String: Any]] ?? [] {
        account.positions[position["coin"] as? String ?? ""] = Position(
          szi: WorldPicture.number(position["szi"]), value: WorldPicture.number(position["value"]),
          unrealizedPnl: WorldPicture.number(position["unrealizedPnl"]),
          leverage: position["leverage"] as? Double ?? 0)
      }
      accounts[account.address] = account
    }
  }

  /// The finished round trips of `address` since a moment, in the order they ended.
  static func trips(_ address: String, sinceMs: Int, exchangePort: Int) throws -> [Trip] {
    let answer = try LoopbackClient.get("/truth/trips?user=\(address)&since=\(sinceMs)", port: exchangePort)
    guard let rows = try JSONSerialization.jsonObject(with: Data(answer.body)) as? [[String: Any]] else {
      throw Unreadable(what: "/truth/trips")
    }
    return rows.map {
      Trip(
        coin: $0["coin"] as? String ?? "", side: $0["side"] as? String ?? "",
        entryNtl: number($0["entryNtl"]),
        exitNtl: number($0["exitNtl"]), sz: number($0["sz"]), pnl: number($0["pnl"]),
        entryMs: $0["entryTime"] as? Int ?? 0, exitMs: $0["exitTime"] as? Int ?? 0)
    }
  }

  private static func number(_ value: Any?) -> Double { (value as? String).flatMap(Double.init) ?? .nan }
}

/// Whether two numbers are one but for rounding of doubles.
func isClose(_ a: Double, _ b: Double, within: Double = 1e-9) -> Bool {
  abs(a - b) <= within * max(1, abs(a), abs(b))
}
