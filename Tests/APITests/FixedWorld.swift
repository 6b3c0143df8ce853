import Base
import Engines
import Market

@testable import API

/// What the engines know in the golden answers: a handful of accounts with positions, equity, profiles and trades,
/// three vaults, watched wallets, alerts, changes and liquidations. Every number is chosen by hand.
enum FixedWorld {
  static let bot = "0x0ef12d2b3a2a286b6464453e78e8d2e6731a4d55"
  static let demanded = "0xf82bd09ed497d1d0f5a1a5e8200f3c96baf523c4"
  static let watched = "0x5039156e2c2158144bd6e5fe226e388904d46bc2"
  static let whale = "0x4e68abbf1fb9aa179910888463f8ffa295798fa3"
  static let swinger = "0xe5c9528a143eed59c463967e066831a804af2fbe"
  static let scalper = "0xd3a05c777cbca7b8e1594066eebb2e084507548d"
  static let mixed = "0x1242de1a0c390633f6aa5366e3dbac54a9c7e803"
  static let unprofiled = "0xcb1f08cf9cb64b53f4f47a79177063560490730f"
  static let vaults = [
    "0xdfc24b077bc1425ad1dea75bcb6f8158e10df303", "0x010461c14e146ac35fe42271bdc1134ee31c703a",
    "0x35cfc9c671b9a2f43fa23f3f08fb46e6a893463e",
  ]

  /// The wall clock in the golden answers.
  static let wall = WallTime(ms: 1_795_353_385_058)

  static func ago(_ ms: Int64) -> WallTime { WallTime(ms: wall.ms - ms) }
  static func address(_ text: String) -> Address { Address(text)! }
  static func usd(_ dollars: Double) -> Usd { Usd(micros: Int64((dollars * 1e6).rounded())) }
  static func px(_ price: Double) -> Px { Px(raw: Int64((price * 1e8).rounded())) }
  static func sz(_ size: Double) -> Sz { Sz(raw: Int64((size * 1e8).rounded())) }

  static func coin(_ views: Views, _ name: String) -> CoinID { views.coins.resolve(name)! }

  /// The id of an account, which stays in the book.
  @discardableResult
  static func account(_ views: Views, _ text: String) -> AddressID {
    let book = views.knowledge.book
    if let known = book.find(address(text)) { return known }
    let row = AddressRow(
      address: address(text), firstSeenS: 1_795_000_000, lastSeenS: 1_795_353_000, tradeCount: 3)
    let id = book.restore(row)!
    book.pin(id)
    return id
  }

  static func fill(_ views: Views) {
    for name in ["SOL", "DOGE", "AAVE", "HYPE"] {
      _ = views.coins.list(Coin(name: name, dex: "", szDecimals: 2, maxLeverage: 20, isListed: true))
    }
    _ = views.coins.list(Coin(name: "GONE", dex: "", szDecimals: 2, maxLeverage: 20, isListed: false))
    views.components.books = true
    views.components.bookCoins = ["BTC", "ETH"]
    markets(views)
    positions(views)
    equity(views)
    profiles(views)
    trades(views)
    vaultRounds(views)
    wallets(views)
    liquidations(views)
    book(views)
    heatmap(views)
  }

  private static func markets(_ views: Views) {
    let prices = [
      ("BTC", 98_341.0, 31_234.5), ("ETH", 2669.8, 410_000.25), ("kPEPE", 0.0078125, 9e9),
      ("SOL", 176.07, 4_200_000.5), ("xyz:TSLA", 431.5, 0),
    ]
    for (name, price, openInterest) in prices {
      var context = AssetContext()
      context.markPx = px(price)
      context.midPx = px(price)
      context.openInterest = openInterest
      views.knowledge.markets.setContext(coin(views, name), context, at: views.now.instant)
    }
  }

  /// A position: size signed, the mark it is valued at, liquidation price or 0, age in milliseconds.
  static func position(
    _ views: Views, _ account: AddressID, _ name: String, _ szi: Double, entry: Double, mark: Double,
    liq: Double = 0, leverage: Double = 3, ageMs: Int64
  ) -> TrackedPosition {
    TrackedPosition(
      account: account, coin: coin(views, name), szi: sz(szi), entryPx: px(entry),
      sizeUsd: px(mark).times(sz(abs(szi)))!, liqPx: liq > 0 ? px(liq) : nil,
      unrealizedPnl: usd((mark - entry) * szi), marginUsed: usd(abs(szi) * mark / leverage),
      leverage: leverage, updatedAt: ago(ageMs))
  }

  private static func positions(_ views: Views) {
    func hold(_ text: String, _ rows: (AddressID) -> [TrackedPosition]) {
      let id = account(views, text)
      views.knowledge.positions.replace(id, with: rows(id))
    }
    hold(whale) { id in
      [
        position(
          views, id, "BTC", 1416.93175, entry: 94_890, mark: 98_234, liq: 91_755.4176692852, leverage: 20,
          ageMs: 25_686),
        position(views, id, "ETH", -23_368.4185, entry: 2635.8, mark: 2666.8, liq: 3048.25, ageMs: 25_686),
      ]
    }
    hold(unprofiled) { id in
      [
        position(views, id, "SOL", -120.5, entry: 180, mark: 176.07, liq: 190, leverage: 10, ageMs: 61_000),
        position(views, id, "BTC", -0.5, entry: 97_000, mark: 98_341, liq: 101_000, ageMs: 61_000),
        position(views, id, "AAVE", 12, entry: 300, mark: 310.25, ageMs: 61_000),
      ]
    }
    hold(swinger) { id in
      [
        position(views, id, "kPEPE", 2_500_000, entry: 0.008, mark: 0.0078125, liq: 0.0071, ageMs: 5_000),
        position(views, id, "BTC", 0.5, entry: 96_000, mark: 98_341, liq: 90_000, leverage: 5, ageMs: 5_000),
      ]
    }
    hold(watched) { id in
      [
        position(views, id, "ETH", 0.908, entry: 2606.9, mark: 2668.9, ageMs: 2_000),
        position(views, id, "BTC", 0.03208, entry: 98_595, mark: 98_385, leverage: 5, ageMs: 2_000),
      ]
    }
    hold(demanded) { id in
      [position(views, id, "HYPE", 202.43, entry: 26.878, mark: 26.235, leverage: 10, ageMs: 12_000)]
    }
  }

  private static func equity(_ views: Views) {
    // Oldest first, as they came: account, equity then, equity now.
    let days: [(String, Double, Double)] = [
      (unprofiled, 32_315_291.91, 32_355_905.67), (bot, 445_165.564273, 448_589.81),
      (swinger, 131_854.77, 132_622.73), (scalper, 55_060.18, 55_665.34), (mixed, 2_007_802.34, 2_006_929.27),
    ]
    let log = views.knowledge.equity
    for (text, first, _) in days { log.append(account(views, text), equity: usd(first), at: ago(80_000_000)) }
    for (text, _, last) in days { log.append(account(views, text), equity: usd(last), at: ago(60_000)) }
    log.append(account(views, watched), equity: usd(6422.833157), at: ago(30_000))
    views.knowledge.rankings.rebuild(log, book: views.knowledge.book, now: ago(858))
  }

  static func profile(
    _ style: TradingStyle, winRate: Double, trades: Int, factor: Double, hours: Double, equity: Usd?,
    ageMs: Int64
  ) -> Profile {
    Profile(
      computedAt: ago(ageMs), windowDays: 7, winRate: winRate, tradeCount: trades, profitFactor: factor,
      avgHoldHours: hours, avgPnlPct: -0.001, maxDrawdown: 101_146.77, style: style, isBot: style == .bot,
      equity: equity, tradesPerDay: 61, completeFrom: style == .bot ? ago(200_000_000) : nil, gaps: 2)
  }

  private static func profiles(_ views: Views) {
    let profiles = views.knowledge.profiles
    let rows: [(String, Profile)] = [
      (
        bot,
        profile(
          .bot, winRate: 0.4543, trades: 427, factor: 0.7, hours: 0.01, equity: usd(445_165.564273),
          ageMs: 64_432)
      ),
      (
        swinger,
        profile(.swing, winRate: 0.4286, trades: 7, factor: 1.3, hours: 9.5, equity: nil, ageMs: 900_000)
      ),
      (
        scalper,
        profile(
          .scalper, winRate: 0.5714, trades: 28, factor: 2.98, hours: 0.2, equity: usd(55_600), ageMs: 1)
      ),
      (
        mixed,
        profile(
          .mixed, winRate: 0.5455, trades: 11, factor: 999, hours: 2, equity: usd(2_006_000), ageMs: 5_000)
      ),
    ]
    for (text, profile) in rows { _ = profiles.set(profile, of: account(views, text)) }
  }

  static func trade(_ views: Views, _ index: Int, exitAgeMs: Int64) -> ClosedTrade {
    ClosedTrade(
      coin: coin(views, index.isMultiple(of: 2) ? "BTC" : "kPEPE"), isLong: index % 3 != 0,
      isWin: index % 3 != 1, entryPx: 8.283219876556444, exitPx: 8.342598704302143,
      sizeUsd: 54_083.63 + Double(index), pnlUsd: 387.7, pnlPct: 0.007169, holdHours: 0.003,
      entryTime: ago(exitAgeMs + 12_476), exitTime: ago(exitAgeMs))
  }

  private static func trades(_ views: Views) {
    views.knowledge.recentTrades.set(
      (0..<60).map { trade(views, $0, exitAgeMs: 3_198_852 + Int64($0) * 60_000) }, of: address(bot))
    views.knowledge.recentTrades.set([], of: address(watched))
  }
}
