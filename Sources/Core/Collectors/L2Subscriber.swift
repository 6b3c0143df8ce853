import Base
import Engines
import Hyperliquid
import Market

/// Follows the order books of the configured coins while the exchange lists them.
///
/// A configured name is matched exactly; one that is not listed (yet) is subscribed when it is. Bound: the option's
/// list of 100 names.
final class L2Subscriber {
  let books = OrderBooks()
  private(set) var names: [String]
  private var coins: [CoinID] = []
  private var book = Book()

  /// A subscriber of the coins with these names.
  init(names: [String]) { self.names = names }

  /// Takes over another list of names; `listed` follows.
  func configure(names: [String], _ sessions: Sessions, coins all: Coins, now: Now) {
    self.names = names
    for coin in coins where !names.contains(all[coin].name) {
      sessions.unsubscribe(.l2Book(coin), now: now.instant)
      books.remove(coin)
    }
    coins.removeAll { !names.contains(all[$0].name) }
  }

  /// Coins configured, and those followed now.
  var configured: Int { names.count }
  var followed: Int { coins.count }

  /// Follows what is listed now and lets go of what no longer is; called after every change of the listing.
  func listed(_ all: Coins, _ sessions: Sessions, now: Now) {
    for name in names {
      guard let coin = all.resolve(name), all[coin].name == name, all[coin].isListed else { continue }
      guard !coins.contains(coin) else { continue }
      coins.append(coin)
      sessions.subscribe(.l2Book(coin), now: now.instant)
    }
    for coin in coins where !all[coin].isListed {
      sessions.unsubscribe(.l2Book(coin), now: now.instant)
      books.remove(coin)
    }
    coins.removeAll { !all[$0].isListed }
  }

  /// Takes one frame of the `l2Book` channel; false when it could not be decoded.
  func frame(_ frame: Frame, _ link: LinkID, coins all: Coins, _ sessions: Sessions, now: Now) -> Bool {
    do { try book.decode(frame, coins: all) } catch { return false }
    // An unlisted coin, or one let go of while the frame was on its way, is normal.
    guard let coin = book.coin, coins.contains(coin) else { return true }
    sessions.heard(.l2Book, coin, link, now: now.instant)
    books.apply(book, now: now.instant)
    return true
  }
}
