public import Base
public import Market

/// Where a mid price came from.
public enum MidSource: UInt8, Sendable {
  /// The WebSocket's `allMids`.
  case stream
  /// A coin's context, over the WebSocket or REST.
  case context
  /// REST `allMids`.
  case rest
}

/// The latest price and context of every coin.
///
/// A mid is the newest that came, whoever sent it. Bound: `Coins.coinsMax` rows; ids beyond are ignored.
public final class Markets {
  /// A mid this old is not served as a mid any more: one missed REST round, or two missed contexts.
  public static let midStale = TimeSpan.seconds(60)

  private struct Row {
    var context: AssetContext?
    var contextAt = Instant.zero
    var mid = Px(raw: 0)
    var midAt = Instant.zero
    var midSource = MidSource.stream
  }

  @exclusivity(unchecked) private var rows: ContiguousArray<Row> = []
  /// When the WebSocket last sent mids; decides whether REST must be asked.
  @exclusivity(unchecked) public private(set) var streamedAt: Instant?
  /// Grows with every price or context.
  @exclusivity(unchecked) public private(set) var version: UInt64 = 0

  /// Nothing known.
  public init() {}

  /// Coins something may be known of; ids are below.
  public var count: Int { rows.count }

  /// Takes a mid in; one that is not positive, or older than the one known, is ignored.
  public func setMid(_ coin: CoinID, _ px: Px, from source: MidSource, at now: Instant) {
    if source == .stream, now >= streamedAt ?? .zero { streamedAt = now }
    guard px.raw > 0, reach(coin) else { return }
    guard now >= rows[coin.index].midAt else { return }
    rows[coin.index].mid = px
    rows[coin.index].midAt = now
    rows[coin.index].midSource = source
    version &+= 1
  }

  /// Takes a context in, and its mid when it has one.
  public func setContext(_ coin: CoinID, _ context: AssetContext, at now: Instant) {
    guard reach(coin), now >= rows[coin.index].contextAt else { return }
    rows[coin.index].context = context
    rows[coin.index].contextAt = now
    version &+= 1
    if let mid = context.midPx { setMid(coin, mid, from: .context, at: now) }
  }

  /// The latest context of `coin`.
  public func context(of coin: CoinID) -> AssetContext? {
    coin.index < rows.count ? rows[coin.index].context : nil
  }

  /// When the context of `coin` came.
  public func contextAt(of coin: CoinID) -> Instant? {
    context(of: coin) == nil ? nil : rows[coin.index].contextAt
  }

  /// The mid of `coin` if it is younger than `midStale`.
  public func mid(of coin: CoinID, now: Instant) -> Px? {
    guard let at = midAt(of: coin), now - at < Markets.midStale else { return nil }
    return rows[coin.index].mid
  }

  /// When the latest mid of `coin` came.
  public func midAt(of coin: CoinID) -> Instant? {
    guard coin.index < rows.count, rows[coin.index].mid.raw > 0 else { return nil }
    return rows[coin.index].midAt
  }

  /// Where the latest mid of `coin` came from.
  public func midSource(of coin: CoinID) -> MidSource? {
    midAt(of: coin) == nil ? nil : rows[coin.index].midSource
  }

  /// The latest mark price of `coin`.
  public func markPx(of coin: CoinID) -> Px? {
    guard let px = context(of: coin)?.markPx, px.raw > 0 else { return nil }
    return px
  }

  /// The best price known of `coin`, of whatever age: a fresh mid, else whichever of mid and mark is newer.
  public func price(of coin: CoinID, now: Instant) -> Px? {
    if let mid = mid(of: coin, now: now) { return mid }
    guard let mark = markPx(of: coin) else { return midAt(of: coin) == nil ? nil : rows[coin.index].mid }
    if let at = midAt(of: coin), at >= rows[coin.index].contextAt { return rows[coin.index].mid }
    return mark
  }

  /// The notional of all open positions of `coin` on one side, by its latest context: open interest × mark.
  public func openInterestUsd(of coin: CoinID) -> Double? {
    guard let context = context(of: coin), context.markPx.raw > 0, context.openInterest >= 0 else {
      return nil
    }
    let notional = context.openInterest * context.markPx.double
    return notional.isFinite ? notional : nil
  }

  /// Whether `allMids` must be asked over REST: the stream has not sent any for `midStale / 2`.
  public func isStreamStale(now: Instant) -> Bool {
    guard let streamedAt else { return true }
    return now - streamedAt >= TimeSpan(ns: Markets.midStale.ns / 2)
  }

  private func reach(_ coin: CoinID) -> Bool {
    guard coin.index < Coins.coinsMax else { return false }
    while rows.count <= coin.index { rows.append(Row()) }
    return true
  }
}
