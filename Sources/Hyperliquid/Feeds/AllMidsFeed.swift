public import Market
public import Wire

extension Feed {
  /// Mid prices of a whole dex, the full map each time; the main dex's map also holds spot and outcome coins.
  public static let allMids = Feed(channel: .allMids, name: "allMids", subject: .dex)
}

/// Mid prices by coin, reused between messages.
///
/// Bound: `midsMax` listed coins; more are counted in `dropped`. Coins we do not list are counted, not kept.
public struct Mids: Sendable {
  /// One coin's mid price.
  public struct Mid: Hashable, Sendable {
    /// The coin.
    public var coin: CoinID
    /// Its mid price.
    public var px: Px
  }

  /// The most prices kept; every listed coin once.
  public static let midsMax = Coins.coinsMax

  /// The prices, in the message's order.
  public private(set) var mids: [Mid] = []
  /// Coins that are no listed perps (spot pairs, outcomes, fresh listings).
  public private(set) var unlisted = 0
  /// Values that are no price.
  public private(set) var invalid = 0
  /// Prices beyond `midsMax`.
  public private(set) var dropped = 0

  /// No prices.
  public init() {}

  /// Reads the message of channel `allMids`; nothing is kept when it throws.
  public mutating func decode(_ frame: Frame, coins: Coins) throws(JSONError) {
    clear()
    do throws(JSONError) {
      var reader = frame.reader()
      var hasMids = false
      try reader.beginObject()
      while let key = try reader.nextKey() {
        if key.is("mids") {
          clear()
          try readMap(&reader, coins)
          hasMids = true
        } else {
          try reader.skipValue()
        }
      }
      let end = reader.offset
      try frame.finish(&reader)
      guard hasMids else { throw JSONError(.missingField, offset: end) }
    } catch {
      clear()
      throw error
    }
  }

  /// Reads the body of an `allMids` reply: the bare map. Nothing is kept when it throws.
  public mutating func decode(body: UnsafeRawBufferPointer, coins: Coins) throws(JSONError) {
    clear()
    do throws(JSONError) {
      var reader = JSONReader(body)
      if try reader.readNull() { throw JSONError(.null, offset: 0) }
      try readMap(&reader, coins)
      try reader.finish()
    } catch {
      clear()
      throw error
    }
  }

  private mutating func clear() {
    mids.removeAll(keepingCapacity: true)
    unlisted = 0
    invalid = 0
    dropped = 0
  }

  private mutating func readMap(_ reader: inout JSONReader, _ coins: Coins) throws(JSONError) {
    try reader.beginObject()
    while let name = try reader.nextKey() {
      guard let coin = coins.find(name) else {
        unlisted += 1
        try reader.skipValue()
        continue
      }
      guard let px = try reader.readPx() else {
        invalid += 1
        continue
      }
      if mids.count < Mids.midsMax { mids.append(Mid(coin: coin, px: px)) } else { dropped += 1 }
    }
  }
}
