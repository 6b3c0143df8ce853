import Base
import Engines
import Market

@testable import API

extension FixedWorld {
  /// One vault's row as the exchange reports it.
  static func row(_ views: Views, _ name: String, _ szi: Double, mark: Double) -> Position {
    var position = Position(coin: coin(views, name))
    position.szi = sz(szi)
    position.entryPx = px(mark * 0.999)
    position.positionValue = px(mark).times(sz(abs(szi)))!
    position.unrealizedPnl = usd(mark * 0.001 * szi)
    position.leverage = 5
    return position
  }

  /// Three rounds an hour apart; SOL turns from short to long, DOGE is closed.
  static func vaultRounds(_ views: Views) {
    let known = views.knowledge.vaults
    let addresses = vaults.map(address)
    if known.vaults.isEmpty { known.configure(addresses) }
    for (index, sol) in [-100.0, -20, 300].enumerated() {
      var round = VaultRound(vaults: known.addresses)
      _ = round.answer(
        addresses[0],
        [
          row(views, "BTC", -25.74554, mark: 98_395), row(views, "ETH", -1544.3228, mark: 2668.6),
          row(views, "SOL", sol, mark: 176.07),
        ])
      _ = round.answer(addresses[1], index < 2 ? [row(views, "DOGE", 500, mark: 0.25041)] : [])
      _ = round.answer(
        addresses[2], [row(views, "BTC", 20, mark: 98_395), row(views, "SOL", 10, mark: 176.07)])
      _ = known.apply(round, at: ago(Int64(3 - index) * 3_600_000 - 3_590_000))
    }
  }

  static func wallets(_ views: Views) {
    let list = views.knowledge.watchList
    list.put(.init(key: watched, label: "dyn 0", addedAt: ago(400_000)))
    list.put(
      .init(
        key: scalper, label: "auto | 57% WR | scalper", addedAt: ago(108_301), notes: "say \"hi\"",
        tags: "a,b"))
    list.put(.init(key: "not an address", label: "\u{20BF} \u{1F40B}", addedAt: ago(90_000)))
    list.put(.init(key: swinger, label: "old", addedAt: ago(500_000), isActive: false))
    let changes = views.knowledge.changes
    let rows: [(String, String, PositionAction, Bool, Double, Double, Int64)] = [
      (watched, "DOGE", .exit, false, 629.60702, 0.25054, 100_000_000),
      (swinger, "BTC", .entry, true, 49_170.5, 98_341, 7_200_000),
      (watched, "ETH", .flip, true, 2423.3612, 2668.9, 1_700_000),
      (scalper, "SOL", .exit, true, 4769.329, 175.99, 61_000),
      (watched, "BTC", .increase, true, 3156.1908, 98_385, 20_097),
    ]
    for (text, name, action, isLong, size, price, age) in rows {
      changes.append(
        PositionChange(
          address: address(text), coin: coin(views, name), action: action, isLong: isLong, sizeUsd: usd(size),
          price: px(price), detectedAt: ago(age)))
    }
    let alerts = views.knowledge.alerts
    for (id, type) in AlertWords.types.enumerated() {
      alerts.put(
        Alert(
          id: Int64(id + 2), key: bot, type: type, minSizeUsd: 1000.5, coins: "BTC,ETH", isEnabled: id != 3,
          createdAt: ago(500_000 - Int64(id))))
    }
    alerts.put(Alert(id: 9, key: "zz", type: "any_trade", minSizeUsd: 0, coins: "", createdAt: ago(1000)))
  }

  static func liquidations(_ views: Views) {
    let rows: [(String, Bool, Double, Double, String?, Int64)] = [
      ("BTC", true, 15_230.11, 97_120, watched, 26_000), ("BTC", false, 250.005, 99_000, nil, 3_600_000),
      ("SOL", true, 1200, 171.5, scalper, 7_200_000), ("BTC", true, 500.25, 96_000, swinger, 90_000_000),
    ]
    views.knowledge.liquidations.restore(
      rows.map { name, isLong, size, price, account, age in
        LiquidationEvent(
          coin: coin(views, name), occurredAt: WallTime(ms: FixedViews.exchangeNow.ms - age), isLong: isLong,
          sizeUsd: usd(size), price: px(price), address: account.map(address))
      })
  }

  static func book(_ views: Views) {
    var book = Book()
    book.coin = coin(views, "BTC")
    book.time = ago(400)
    book.bids = [.init(px: px(98_341), sz: sz(0.5), orders: 3), .init(px: px(98_340), sz: sz(2), orders: 7)]
    book.asks = [.init(px: px(98_342), sz: sz(1), orders: 2)]
    views.books.apply(book, now: Instant(ns: views.now.instant.ns - 300_000_000))
    book.coin = coin(views, "ETH")
    views.books.apply(book, now: Instant(ns: views.now.instant.ns - 10_100_000_000))
  }

  static func heatmap(_ views: Views) {
    let inputs = (0..<views.coins.count).map { raw in
      let coin = CoinID(raw: UInt32(raw))
      return HeatmapInput(
        mid: views.knowledge.markets.mid(of: coin, now: views.now.instant),
        openInterestUsd: views.knowledge.markets.openInterestUsd(of: coin))
    }
    views.knowledge.heatmap = HeatmapJob(
      snapshot: views.knowledge.positions.snapshot(), inputs: inputs, bucketCount: 50, rangePct: 15,
      now: ago(7_387)
    ).run()
  }
}
