import API
import Base
import Engines
import Hyperliquid
import Market

/// Follows every trade: frames of the session pool become order flow and known accounts.
///
/// The hot path of the daemon: per frame one decode into reused storage, per trade one `OrderFlow.apply` and two looks
/// into the address book; no allocation, no lock.
final class TradeStream {
  private let feed = TradesFeed()
  @exclusivity(unchecked) private var contexts = DexContexts()
  /// Each coin's volume of the day when the context feed last came, by coin index: growth is evidence of trades.
  @exclusivity(unchecked) private var volumes: [Double] = []

  /// Keeps the loads of `warm` from being optimised away.
  @exclusivity(unchecked) private var warmed: UInt32 = 0

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
  @exclusivity(unchecked) private(set) var discovered: UInt64 = 0

  /// Takes one frame of the `trades` channel; false when it could not be decoded.
  func trades(
    _ frame: Frame, _ link: LinkID, _ sessions: Sessions, _ views: Views, _ book: AddressBook,
    _ clock: inout ExchangeClock, now: Now
  ) -> Bool {
    do { try feed.decode(frame, coins: views.coins) } catch { return false }
    invalid &+= UInt64(feed.invalid)
    unlisted &+= UInt64(feed.unlisted)
    dropped &+= UInt64(feed.dropped)
    let trades = feed.trades
    guard let last = trades.last else { return true }
    clock.observe(last.time, now: now.instant)
    let exchangeNow = clock.now(at: now.instant)
    warmed ^= warm(trades, book)
    var heard: CoinID?
    for trade in trades {
      if trade.coin != heard {
        heard = trade.coin
        sessions.heard(.trades, trade.coin, link, now: now.instant)
      }
      apply(trade, views.orderFlow, book, exchangeNow)
    }
    views.exchangeNow = exchangeNow
    return true
  }

  /// Most of a frame's time is waiting for the memory of its accounts; here the waits overlap.
  @inline(__always)
  private func warm(_ trades: UnsafeBufferPointer<Trade>, _ book: AddressBook) -> UInt32 {
    guard trades.count > 1 else { return 0 }
    var loaded: UInt32 = 0
    // One side is the same taker throughout; it is loaded once.
    var buyer = trades[0].buyer
    var seller = trades[0].seller
    loaded = book.warm(buyer) ^ book.warm(seller)
    for trade in trades {
      if trade.buyer != buyer {
        buyer = trade.buyer
        loaded ^= book.warm(buyer)
      }
      if trade.seller != seller {
        seller = trade.seller
        loaded ^= book.warm(seller)
      }
    }
    return loaded
  }

  @inline(__always)
  private func apply(_ trade: Trade, _ flow: OrderFlow, _ book: AddressBook, _ exchangeNow: WallTime) {
    switch flow.apply(trade, now: exchangeNow) {
    case .counted:
      counted &+= 1
      if let buyer = book.see(trade.buyer, at: trade.time), buyer.isNew { discovered &+= 1 }
      if let seller = book.see(trade.seller, at: trade.time), seller.isNew { discovered &+= 1 }
    case .duplicate: duplicates &+= 1
    case .tooOldToTell: late &+= 1
    case .tooOld: expired &+= 1
    default: invalid &+= 1
    }
  }

  /// Takes one frame of the `allDexsAssetCtxs` channel: coins whose volume grew have traded, and a dex whose count
  /// differs from its list has to be asked again. False when it could not be decoded.
  func contexts(
    _ frame: Frame, _ sessions: Sessions, _ keeper: inout UniverseKeeper, now: Now
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
      }
    }
    return true
  }
}
