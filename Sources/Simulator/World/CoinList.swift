/// The coins a world opens with, in the exchange's listing order: names, decimals and leverage caps as
/// recorded, prices of the right size. Beyond the table names are made up (`T041`, `xyz:T17`).
enum CoinList {
  /// One line of the table.
  struct Entry {
    var name: String
    var szDecimals: Int
    var maxLeverage: Int
    /// USD in hundred-thousandths (1e-5).
    var price: Int
    var isDelisted = false
    var onlyIsolated = false
  }

  /// Builder dexes in deployment order, which is not the alphabetical order of `allDexsAssetCtxs`.
  static let dexes = ["", "xyz", "flx"]

  static let main: [Entry] = [
    Entry(name: "BTC", szDecimals: 5, maxLeverage: 40, price: 8_498_100_000),
    Entry(name: "ETH", szDecimals: 4, maxLeverage: 25, price: 270_704_000),
    Entry(name: "ATOM", szDecimals: 2, maxLeverage: 5, price: 482_000),
    Entry(name: "MATIC", szDecimals: 1, maxLeverage: 20, price: 37_150, isDelisted: true),
    Entry(name: "DYDX", szDecimals: 1, maxLeverage: 5, price: 61_200),
    Entry(name: "SOL", szDecimals: 2, maxLeverage: 20, price: 12_299_270),
    Entry(name: "AVAX", szDecimals: 2, maxLeverage: 10, price: 1_099_100),
    Entry(name: "BNB", szDecimals: 3, maxLeverage: 10, price: 61_250_000),
    Entry(name: "APE", szDecimals: 1, maxLeverage: 5, price: 55_120),
    Entry(name: "OP", szDecimals: 1, maxLeverage: 10, price: 70_410),
    Entry(name: "LTC", szDecimals: 2, maxLeverage: 10, price: 11_203_000),
    Entry(name: "ARB", szDecimals: 1, maxLeverage: 10, price: 48_775),
    Entry(name: "DOGE", szDecimals: 0, maxLeverage: 10, price: 9_779),
    Entry(name: "INJ", szDecimals: 1, maxLeverage: 10, price: 1_378_200),
    Entry(name: "SUI", szDecimals: 1, maxLeverage: 10, price: 331_540),
    Entry(name: "kPEPE", szDecimals: 0, maxLeverage: 10, price: 1_071),
    Entry(name: "CRV", szDecimals: 1, maxLeverage: 10, price: 82_110),
    Entry(name: "LINK", szDecimals: 1, maxLeverage: 10, price: 2_402_300),
    Entry(name: "XRP", szDecimals: 0, maxLeverage: 20, price: 283_120),
    Entry(name: "RNDR", szDecimals: 1, maxLeverage: 20, price: 634_000, isDelisted: true),
    Entry(name: "FTM", szDecimals: 0, maxLeverage: 10, price: 69_700, isDelisted: true),
    Entry(name: "HPOS", szDecimals: 0, maxLeverage: 3, price: 13_400, isDelisted: true, onlyIsolated: true),
    Entry(name: "HYPE", szDecimals: 2, maxLeverage: 10, price: 9_238_250),
    Entry(name: "PURR", szDecimals: 0, maxLeverage: 3, price: 10_869),
    Entry(name: "kBONK", szDecimals: 0, maxLeverage: 10, price: 2_114),
    Entry(name: "AI16Z", szDecimals: 1, maxLeverage: 5, price: 14_230),
    Entry(name: "0G", szDecimals: 0, maxLeverage: 3, price: 89_854),
    Entry(name: "2Z", szDecimals: 0, maxLeverage: 3, price: 12_065),
    Entry(name: "PENDLE", szDecimals: 0, maxLeverage: 5, price: 411_000),
    Entry(name: "HMSTR", szDecimals: 0, maxLeverage: 3, price: 231),
  ]

  static let builder: [Entry] = [
    Entry(name: "xyz:XYZ100", szDecimals: 4, maxLeverage: 25, price: 2_501_200_000, onlyIsolated: true),
    Entry(name: "xyz:TSLA", szDecimals: 3, maxLeverage: 10, price: 41_220_000, onlyIsolated: true),
    Entry(name: "xyz:NVDA", szDecimals: 3, maxLeverage: 10, price: 18_640_000, onlyIsolated: true),
    Entry(name: "flx:TSLA", szDecimals: 3, maxLeverage: 10, price: 41_215_000, onlyIsolated: true),
    Entry(name: "xyz:GOLD", szDecimals: 4, maxLeverage: 20, price: 411_500_000, onlyIsolated: true),
    Entry(name: "flx:CRCL", szDecimals: 3, maxLeverage: 10, price: 8_123_000, onlyIsolated: true),
    Entry(name: "xyz:SILVER", szDecimals: 2, maxLeverage: 20, price: 8_274_400, onlyIsolated: true),
    Entry(name: "xyz:CRWV", szDecimals: 2, maxLeverage: 10, price: 11_684_000, onlyIsolated: true),
    Entry(name: "flx:GOLD", szDecimals: 4, maxLeverage: 20, price: 411_450_000, onlyIsolated: true),
    Entry(name: "xyz:AAPL", szDecimals: 3, maxLeverage: 10, price: 26_110_000, onlyIsolated: true),
  ]

  /// A table of `count` coins: a fifth on builder dexes, the well-known ones first, the four most traded
  /// ones (BTC, ETH, SOL, HYPE) always among them.
  static func entries(count: Int) -> [Entry] {
    let builderCount = count / 5
    let mainCount = count - builderCount
    let liquid = ["BTC", "ETH", "SOL", "HYPE", "kPEPE", "MATIC"]
    var chosen: [Entry]
    if mainCount >= main.count {
      chosen = main
      for number in main.count..<mainCount { chosen.append(madeUp(number, prefix: "")) }
    } else {
      let first = main.filter { liquid.contains($0.name) }.prefix(mainCount)
      let others = main.filter { !liquid.contains($0.name) }.prefix(mainCount - first.count)
      let names = Set(first.map(\.name)).union(others.map(\.name))
      chosen = main.filter { names.contains($0.name) }
    }
    chosen += builder.prefix(builderCount)
    if builderCount > builder.count {
      for number in builder.count..<builderCount {
        chosen.append(madeUp(number, prefix: number % 3 == 0 ? "flx:" : "xyz:"))
      }
    }
    return chosen
  }

  /// A coin that exists nowhere else, its decimals and price decided by its number.
  static func madeUp(_ number: Int, prefix: String) -> Entry {
    let szDecimals = [0, 0, 1, 1, 2, 3][number % 6]
    let price = [1_234, 23_450, 345_600, 4_567_000, 14_500_000, 51_000_000][number % 6] + number * 17
    let digits = String(number)
    let name = prefix + "T" + String(repeating: "0", count: max(0, 3 - digits.count)) + digits
    let leverage = [3, 5, 10][number % 3]
    return Entry(
      name: name, szDecimals: szDecimals, maxLeverage: leverage, price: price,
      onlyIsolated: !prefix.isEmpty)
  }
}
