// What the exchange allows and how it behaves, as numbers with their source.
//
// Every limit, weight, interval and path the daemon relies on stands here once; "§" is the section of the
// project's protocol fact sheet (notes on the public API; see ARCHITECTURE.md). Where the sheet knows several
// values, the strictest is taken.
public import Base

/// The exchange's limits, weights, intervals and addresses.
public enum Venue {
  // MARK: Addresses

  /// REST host of mainnet (§0).
  public static let restURL: StaticString = "https://api.hyperliquid.xyz"
  /// WebSocket address of mainnet (§0).
  public static let webSocketURL: StaticString = "wss://api.hyperliquid.xyz/ws"
  /// Appended to the REST address; every info request is a POST there (§1).
  public static let infoPath: StaticString = "/info"
  /// Path of the WebSocket endpoint (§2).
  public static let webSocketPath: StaticString = "/ws"

  // MARK: REST weight (§4.1)

  /// Weight one address may spend in any 60 seconds.
  public static let weightPerMinMax = 1200
  /// Share of it we use by default: the sheet calls 1000 of 1200 a sensible target.
  public static let safetyPct = 85
  /// The window of the weight limit.
  public static let weightWindow = TimeSpan.seconds(60)
  /// Weight of l2Book, allMids, clearinghouseState, orderStatus, spotClearinghouseState, exchangeStatus.
  public static let weightLight = 2
  /// Weight of every other documented info request (meta, perpDexs, userFillsByTime, vaultDetails, …).
  public static let weightStandard = 20
  /// Weight of userRole.
  public static let weightUserRole = 60
  /// Weight of a request to the explorer.
  public static let weightExplorer = 40
  /// Rows of userFills, userFillsByTime, recentTrades, fundingHistory, … that cost one more weight.
  public static let rowsPerWeight = 20
  /// Candles that cost one more weight.
  public static let candlesPerWeight = 60
  /// Rows in one answer of userFills and userFillsByTime (§1.6, §1.7).
  public static let fillsPageMax = 2000
  /// The most item weight a page of fills can add (§4.1, "worked costs").
  public static let fillsPageWeightMax = fillsPageMax / rowsPerWeight
  /// Fills of one account that can be reached at all (§1.7).
  public static let fillsReachableMax = 10_000
  /// How long a request may take before we give it up (§9, "HTTP without timeout hung a poller").
  public static let requestDeadline = TimeSpan.seconds(10)
  /// Refusals with 429: the first wait's upper bound. The sheet: stop for the rest of the minute, with jitter.
  public static let refusalBackoffFirst = TimeSpan.seconds(15)
  /// Refusals with 429: the longest wait.
  public static let refusalBackoffLongest = TimeSpan.seconds(120)
  /// The longest Retry-After we obey; the header was never evidenced (§1.22), so a wild value is cut.
  public static let retryAfterMax = TimeSpan.seconds(300)

  // MARK: WebSocket limits per address (§4.2, strictest column)

  /// Open connections.
  public static let connectionsMax = 10
  /// New connections in any 60 seconds, failed attempts included.
  public static let connectsPerMinMax = 30
  /// Subscriptions over all connections.
  public static let subscriptionsMax = 1000
  /// Different users over all user channels.
  public static let usersMax = 10
  /// Messages sent in any 60 seconds over all connections.
  public static let messagesPerMinMax = 2000
  /// Info requests in flight over WebSocket `post` (not used by the daemon).
  public static let postsInFlightMax = 100

  // MARK: WebSocket times (§2)

  /// The server closes a connection to which it sent nothing for this long.
  public static let serverIdleMax = TimeSpan.seconds(60)
  /// We send `{"method":"ping"}` this often, whatever else flows.
  public static let pingInterval = TimeSpan.seconds(30)
  /// A pong later than this after the ping is missing.
  public static let pongDeadline = TimeSpan.seconds(10)
  /// Silence that makes the trade stream dead (§9 and the service's contract: 30 s without a trade).
  public static let tradeSilenceMax = TimeSpan.seconds(30)
  /// Silence of any kind after which a connection is dead (§9, "stream open, no data, no close").
  public static let connectionSilenceMax = TimeSpan.seconds(30)
  /// allMids comes about every 5 s (§3.2): six missing in a row are a dead feed.
  public static let allMidsSilenceMax = TimeSpan.seconds(30)
  /// Contexts come about every second (§3.5).
  public static let contextSilenceMax = TimeSpan.seconds(30)
  /// Books come about every 5 s (§3.3); a quiet book may be re-sent less often.
  public static let bookSilenceMax = TimeSpan.seconds(60)
  /// The longest the TCP and TLS connection may take.
  public static let connectDeadline = TimeSpan.seconds(10)
  /// The longest the answer to the HTTP upgrade may take.
  public static let upgradeDeadline = TimeSpan.seconds(10)
  /// The longest a subscription's ack may take.
  public static let ackDeadline = TimeSpan.seconds(10)
  /// Reconnecting: the first wait's upper bound (§9, "network upgrade disconnects everyone").
  public static let reconnectBackoffFirst = TimeSpan.milliseconds(500)
  /// Reconnecting: the longest wait.
  public static let reconnectBackoffLongest = TimeSpan.seconds(60)

  // MARK: Sizes

  /// The largest recorded frame has 177 KB; the sheet says to plan for 1 MiB (§10 no. 10).
  public static let messageBytesMax = 4 << 20
  /// Trades replayed, not flagged, after each subscribe (§2.1).
  public static let tradesReplayed = 30
  /// The largest answer of an info request we accept (fills page of 2000 rows ≈ 0.7 MB, vaultDetails < 1 MB).
  public static let replyBytesMax = 16 << 20
}
