import API
import Base
import Engines
import Hyperliquid
import Market

/// Follows every trade: frames of the session pool become order flow and known accounts.
///
/// The hot path of the daemon: per frame one decode into reused storage, per trade one `OrderFlow.apply`, and one look
/// into the address book per run of trades of one account on one side, many at a time; no allocation, no lock.
final class TradeStream {
  private let feed = TradesFeed()
  @exclusivity(unchecked) private var contexts = DexContexts()
  /// Each coin's volume of the day when the context feed last came, by coin index: growth is evidence of trades.
  @exclusivity(unchecked) private var volumes: [Double] = []

  private let seen: SeenAccounts

  /// Trades counted into the engines.
  @exclusivity(unchecked) private(set) var counted: UInt64 = 0
  /// Trades dropped because they had been seen.
  @exclusivity(unchecked) private(set) var duplicates: UInt64 = 0
  /// Trades dropped because they are older than anything that could be told from a duplicate.
  @exclusivity(unchecked) private(set) var late: UInt64 = 0
  /// Trades older than any window: the replay of a quiet coin's last trades. Nothing is lost by dropping them.
  @exclusivity(unchecked) private(set) var expired: UInt64 = 0
  /// Rows that are no trades, or do not fit.
  @exclusivity(unchecked) private(set) var invalid: UInt64 = 0
  /// Rows of coins the exchange has not listed to us.
  @exclusivity(unchecked) private(set) var unlisted: UInt64 = 0
  /// Rows beyond the bound of one frame.
  @exclusivity(unchecked) private(set) var dropped: UInt64 = 0
  /// Accounts seen for the first time.
  var discovered: UInt64 { seen.discovered }

  /// A stream whose accounts go into `book`.
  init(_ book: AddressBook) { seen = SeenAccounts(book) }

  /// Who hears of accounts that were new or came back, when the book is brought up to date.
  func tell(_ body: @escaping (Sighting) -> Void) { seen.onNews = body }

  /// Takes one frame of the `trades` channel; false when it could not be decoded.
  func trades(
    _ frame: Frame, _ link: LinkID, _ sessions: Sessions, _ views: Views,
    _ clock: inout ExchangeClock, now: Now
  ) -> Bool {
    do { try feed.decode(frame) } catch { return false }
    invalid &+= UInt64(feed.invalid)
    unlisted &+= UInt64(feed.unlisted)
    dropped &+= UInt64(feed.dropped)
    let trades = feed.trades
    guard let last = trades.last else { return true }
    clock.observe(last.time, now: now.instant)
    let exchangeNow = clock.now(at: now.instant)
    let flow = views.orderFlow
    var heard: CoinID?
    for index in trades.indices {
      let trade = trades.baseAddress.unsafelyUnwrapped + index
      if trade.pointee.coin != heard {
        heard = trade.pointee.coin
        sessions.heard(.trades, trade.pointee.coin, link, now: now.instant)
      }
      apply(trade, flow, exchangeNow)
    }
    views.exchangeNow = exchangeNow
    return true
  }

  @inline(__always)
  private func apply(
    _ trade: UnsafePointer<Trade>, _ flow: OrderFlow, _ exchangeNow: WallTime
  ) {
    switch flow.apply(trade.pointee, now: exchangeNow) {
    case .counted:
      counted &+= 1
      seen.add(trade)
    case .duplicate: duplicates &+= 1
    case .tooOldToTell: late &+= 1
    case .tooOld: expired &+= 1
    default: invalid &+= 1
    }
  }

  /// Takes the names of the coins; called whenever there may be new ones.
  func learn(_ coins: Coins) {
    // Names only ever come in addition.
    if coins.count != feed.coins.count { feed.coins = coins }
  }

  /// Brings the address book up to date; called before anybody reads it.
  func settle() { seen.settle() }

  /// Takes one frame of the `allDexsAssetCtxs` channel: coins whose volume grew have traded, and a dex whose count
  /// differs from its list has to be asked again. Each context goes to `market`. False when it could not be decoded.
  func contexts(
    _ frame: Frame, _ sessions: Sessions, _ keeper: inout UniverseKeeper, _ market: MarketWatch, now: Now
  ) -> Bool {
    do { try contexts.decode(frame) } catch { return false }
    keeper.compare(contexts, now: now)
    for dex in contexts.dexes {
      guard let coins = keeper.coins(ofDex: dex.name), coins.count == dex.rows.count else { continue }
      for (row, coin) in zip(dex.rows, coins) {
        guard let coin, let context = contexts.contexts[row] else { continue }
        while volumes.count <= coin.index { volumes.append(.infinity) }
        if context.dayBaseVlm > volumes[coin.index] { sessions.marketMoved(coin, now: now.instant) }
        volumes[coin.index] = context.dayBaseVlm
        market.context(coin, context, now: now)
      }
    }
    return true
  }
}
