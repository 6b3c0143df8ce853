import Base
import Engines
import Hyperliquid
import Market

/// Keeps the prices: mids and contexts from the WebSocket at no weight, REST `allMids` only while that is silent.
///
/// Contexts of every dex come about once a second and carry mids too; `allMids` comes every five. When neither brought
/// a mid for `Venue.allMidsSilenceMax`, one dex after the other is asked over REST, one request at a time, every
/// `restInterval`, in the class of the listings: about 12 weight a minute.
final class MarketWatch {
  /// Between two REST questions while the stream is silent.
  static let restInterval = TimeSpan.seconds(10)

  let markets: Markets
  private var mids = Mids()
  /// When mids last came over the WebSocket; the start, before the first.
  private var streamedAt: Instant
  private var restAt: Instant
  private var round = 0
  private var isAsking = false
  /// REST questions sent.
  private(set) var fallbacks = 0

  /// A watch that fills `markets`. Without a stream (`hasStream` false) REST is asked from the start.
  init(markets: Markets, hasStream: Bool, now: Instant) {
    self.markets = markets
    streamedAt = now
    restAt = hasStream ? now + Venue.allMidsSilenceMax : now
  }

  /// When `ask` may have something to do.
  var deadline: Instant { isAsking ? .never : restAt }

  /// Time since mids last came over the WebSocket, or since the start.
  func silence(now: Instant) -> TimeSpan { now - streamedAt }

  /// Takes one coin's context.
  func context(_ coin: CoinID, _ context: AssetContext, now: Now) {
    markets.setContext(coin, context, at: now.instant)
    if context.midPx != nil { streamed(now.instant) }
  }

  /// Takes one frame of the `allMids` channel; false when it could not be decoded.
  func frame(_ frame: Frame, coins: Coins, now: Now) -> Bool {
    do { try mids.decode(frame, coins: coins) } catch { return false }
    apply(from: .stream, now: now)
    if !mids.mids.isEmpty { streamed(now.instant) }
    return true
  }

  /// Asks one dex for its mids when the stream is silent. `dexes` are the names as listed, the main dex's empty.
  func ask(_ scheduler: inout Scheduler, _ out: Output, dexes: [String], now: Now) {
    guard !isAsking, now.instant >= restAt else { return }
    guard !dexes.isEmpty else {
      restAt = now.instant + MarketWatch.restInterval
      return
    }
    // The main dex is most of the market: it is asked every other time.
    let others = dexes.count - 1
    let dex = others > 0 && round % 2 == 1 ? 1 + round / 2 % others : 0
    switch scheduler.offer(.allMids(dex: dexes[dex]), for: .mids, .universe, out, now: now) {
    case .wait(let until):
      restAt = min(max(until, now.instant + .milliseconds(1)), now.instant + Scheduler.patience)
    case .sent:
      isAsking = true
      fallbacks += 1
      round += 1
    }
  }

  /// What came of the question.
  func answered(_ reply: Reply, coins: Coins, _ out: Output, now: Now) {
    isAsking = false
    restAt = max(restAt, now.instant + MarketWatch.restInterval)
    switch reply {
    case .failed(let reason): out.log(.warning, "mids not read", ("reason", reason))
    case .body(let body):
      do { try mids.decode(body: body, coins: coins) } catch {
        return out.log(.warning, "mids not read", ("reason", "\(error)"))
      }
      apply(from: .rest, now: now)
    }
  }

  private func streamed(_ now: Instant) {
    streamedAt = now
    restAt = now + Venue.allMidsSilenceMax
  }

  private func apply(from source: MidSource, now: Now) {
    for mid in mids.mids { markets.setMid(mid.coin, mid.px, from: source, at: now.instant) }
  }
}
