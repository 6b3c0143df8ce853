import Base
import Hyperliquid
import Market
import Wire

extension FuzzTarget {
  /// Any bytes as a WebSocket message: every channel's decoder, and the fast path of trades beside the reader.
  public static let feed = FuzzTarget("feed") { bytes in
    let input = ByteBuffer(capacity: bytes.count)
    input.append(bytes)
    withExtendedLifetime(input) { decode(Frame.classify(input.bytes), fuzzCoins) }
  }

  /// The same bytes as the rows of a `trades` message.
  public static let feedTrades = FuzzTarget("feed-trades") { bytes in
    let input = ByteBuffer(capacity: bytes.count + 64)
    input.append("{\"channel\":\"trades\",\"data\":[")
    input.append(bytes)
    input.append("]}")
    withExtendedLifetime(input) { decode(Frame.classify(input.bytes), fuzzCoins) }
  }

  static let fuzzCoins: Coins = {
    var coins = Coins()
    for name in ["BTC", "ETH", "xyz:TSLA", "A234567890123456"] {
      _ = coins.list(Coin(name: name, dex: "", szDecimals: 5, maxLeverage: 40, isListed: true))
    }
    return coins
  }()

  private static func decode(_ frame: Frame, _ coins: Coins) {
    do throws(JSONError) {
      switch frame.channel {
      case .trades: compare(frame, coins)
      case .allMids:
        var mids = Mids()
        try mids.decode(frame, coins: coins)
      case .l2Book:
        var book = Book()
        try book.decode(frame, coins: coins)
      case .activeAssetCtx: _ = try ActiveAssetContext.decode(frame, coins: coins)
      case .allDexsAssetCtxs:
        var contexts = DexContexts()
        try contexts.decode(frame)
        precondition(contexts.dexes.allSatisfy { $0.rows.upperBound <= contexts.contexts.count })
      case .userFills:
        var fills = UserFills()
        try fills.decode(frame, coins: coins)
      case .subscriptionResponse: _ = try SubscriptionAck.decode(frame).channel
      case .error: _ = try ServerError.decode(frame).text.string
      case .pong, .unknown, .notJSON, .malformed: break
      }
    } catch {}
  }

  /// Words and reader must say the same.
  private static func compare(_ frame: Frame, _ coins: Coins) {
    let fast = TradesFeed()
    let slow = TradesFeed()
    let fastError = failure { () throws(JSONError) in try fast.decode(frame, coins: coins) }
    let slowError = failure { () throws(JSONError) in try slow.decodeSlowly(frame, coins: coins) }
    precondition(fastError == slowError)
    precondition(fast.trades.elementsEqual(slow.trades))
    precondition(
      fast.invalid == slow.invalid && fast.unlisted == slow.unlisted && fast.dropped == slow.dropped)
    for trade in fast.trades { precondition(trade.px.raw > 0 && trade.sz.raw > 0 && trade.time.ms > 0) }
  }

  private static func failure(_ body: () throws(JSONError) -> Void) -> JSONError? {
    do throws(JSONError) {
      try body()
      return nil
    } catch { return error }
  }
}
