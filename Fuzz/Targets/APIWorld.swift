import API
import Base
import Engines
import Market

/// What the routes read while client bytes are fuzzed: a few accounts with everything an account can have, so that
/// every handler has rows to print.
enum APIWorld {
  static let wall = WallTime(ms: 1_795_353_385_000)
  static let now = Instant(ns: 1_000_000_000)
  /// The account of the seeds: `0x` and forty ones.
  static let account = Address(a: 0x1111_1111_1111_1111, b: 0x1111_1111_1111_1111, c: 0x1111_1111)

  static func make() -> Views {
    let knowledge = Knowledge(
      orderFlow: OrderFlow(chunksMax: 64, recentMax: 64, coinsMax: 16),
      book: AddressBook(addressesMax: 64, seed: 1))
    let views = Views(knowledge: knowledge, now: Now(instant: now, wall: wall))
    for name in ["BTC", "kPEPE", "PURR/USDC"] {
      _ = views.coins.list(Coin(name: name, dex: "", szDecimals: 5, maxLeverage: 40, isListed: true))
    }
    trade(knowledge.orderFlow)
    for raw in 0..<4 { hold(knowledge, raw) }
    knowledge.rankings.rebuild(knowledge.equity, book: knowledge.book, now: wall)
    note(knowledge)
    market(views)
    open(views)
    return views
  }

  private static func trade(_ flow: OrderFlow) {
    let trade = Trade(
      coin: CoinID(raw: 0), side: .buy, px: Px(raw: 9_800_000_000_000), sz: Sz(raw: 100_000_000),
      time: WallTime(ms: wall.ms - 1000), tid: 1, buyer: Address(a: 1, b: 1, c: 1),
      seller: Address(a: 2, b: 2, c: 2))
    _ = flow.apply(trade, now: wall)
  }

  private static func hold(_ knowledge: Knowledge, _ raw: Int) {
    let address = raw == 0 ? account : Address(a: UInt64(raw), b: 5, c: 7)
    let row = AddressRow(address: address, firstSeenS: 1, lastSeenS: 2, tradeCount: 3)
    guard let id = knowledge.book.restore(row) else { return }
    knowledge.book.pin(id)
    knowledge.positions.replace(
      id,
      with: (0..<2).map { coin in
        TrackedPosition(
          account: id, coin: CoinID(raw: UInt32(coin)), szi: Sz(raw: (coin == 0 ? 1 : -1) * 5_000_000_000),
          entryPx: Px(raw: 9_700_000_000_000), sizeUsd: Usd(micros: 4_900_000_000_000 + Int64(raw)),
          liqPx: coin == 0 ? Px(raw: 9_000_000_000_000) : nil, unrealizedPnl: Usd(micros: -12_345_678),
          marginUsed: .zero, leverage: 12.5, updatedAt: WallTime(ms: wall.ms - 5000))
      })
    knowledge.equity.append(id, equity: Usd(micros: 1_000_000_000), at: WallTime(ms: wall.ms - 80_000_000))
    knowledge.equity.append(id, equity: Usd(micros: 1_100_000_000), at: WallTime(ms: wall.ms - 1000))
    guard let style = TradingStyle(rawValue: UInt8(raw)) else { return }
    _ = knowledge.profiles.set(
      Profile(
        computedAt: wall, windowDays: 7, winRate: 0.25 * Double(raw), tradeCount: 5 * raw, profitFactor: 1.5,
        avgHoldHours: Double(raw), avgPnlPct: 0.01, maxDrawdown: 12.34, style: style, isBot: raw == 1,
        equity: nil), of: id)
  }

  private static func note(_ knowledge: Knowledge) {
    let key = account.description
    knowledge.watchList.put(WatchEntry(key: key, label: "\"\\\u{1F40B}", addedAt: wall, notes: "\u{1}"))
    knowledge.alerts.put(
      Alert(id: 1, key: key, type: "any_trade", minSizeUsd: 1e300, coins: "BTC", createdAt: wall))
    knowledge.changes.append(
      PositionChange(
        address: account, coin: CoinID(raw: 1), action: .flip, isLong: true, sizeUsd: Usd(micros: .max),
        price: Px(raw: .max), detectedAt: wall))
    knowledge.liquidations.restore([
      LiquidationEvent(
        coin: CoinID(raw: 0), occurredAt: wall, isLong: false, sizeUsd: Usd(micros: 100_000_001),
        price: Px(raw: 1), address: nil)
    ])
    let trade = ClosedTrade(
      coin: CoinID(raw: 1), isLong: true, isWin: false, entryPx: 1e-8, exitPx: 9.2e10, sizeUsd: 1, pnlUsd: -1,
      pnlPct: -1, holdHours: 0.001, entryTime: wall, exitTime: wall)
    knowledge.recentTrades.set(Array(repeating: trade, count: 60), of: account)
  }

  private static func market(_ views: Views) {
    let knowledge = views.knowledge
    knowledge.markets.setMid(CoinID(raw: 0), Px(raw: 9_800_000_000_000), from: .stream, at: now)
    knowledge.heatmap =
      HeatmapJob(
        snapshot: knowledge.positions.snapshot(),
        inputs: [HeatmapInput(mid: Px(raw: 9_800_000_000_000), openInterestUsd: 1e9)], bucketCount: 50,
        rangePct: 15, now: wall
      ).run()
    var book = Book()
    book.coin = CoinID(raw: 0)
    book.time = wall
    book.bids = [BookLevel(px: Px(raw: 9_799_900_000_000), sz: Sz(raw: 1), orders: 1)]
    book.asks = [BookLevel(px: Px(raw: 9_800_100_000_001), sz: Sz(raw: 1), orders: .max)]
    views.books.apply(book, now: now)
    views.components.books = true
    views.components.bookCoins = ["BTC", "kPEPE"]
  }

  private static func open(_ views: Views) {
    var ticket: UInt64 = 0
    views.submit = { _ in
      ticket += 1
      return WriteTicket(ticket)
    }
    views.wantProfile = { address, days in
      address == account ? (days > 7 ? .pending : .ready) : .unavailable
    }
    views.wantTrades = { address in address.c & 1 == 0 ? .pending : .unavailable }
  }
}
