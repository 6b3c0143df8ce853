public import Market
public import Wire

extension Feed {
  /// The context of one coin, about once a second.
  public static let activeAssetCtx = Feed(channel: .activeAssetCtx, name: "activeAssetCtx", subject: .coin)
}

/// One coin's context as channel `activeAssetCtx` sends it.
public struct ActiveAssetContext: Sendable {
  /// The coin; `nil` when it is not listed.
  public var coin: CoinID?
  /// Its context.
  public var context: AssetContext

  /// Reads the message; `.missingField` without coin or context, `.badValue` for a context without a mark price.
  public static func decode(_ frame: Frame, coins: Coins) throws(JSONError) -> ActiveAssetContext {
    var result = ActiveAssetContext(coin: nil, context: AssetContext())
    var seen = 0
    var reader = frame.reader()
    try reader.beginObject()
    while let key = try reader.nextKey() {
      if key.is("coin") {
        result.coin = coins.find(try reader.readString())
        seen |= 1
      } else if key.is("ctx") {
        guard let context = try reader.readAssetContext() else {
          throw JSONError(.badValue, offset: reader.offset)
        }
        result.context = context
        seen |= 2
      } else {
        try reader.skipValue()
      }
    }
    let end = reader.offset
    try frame.finish(&reader)
    guard seen == 3 else { throw JSONError(.missingField, offset: end) }
    return result
  }
}

extension JSONReader {
  /// A perp's context; `nil` for anything else well-formed, or when a field all contexts have is missing.
  mutating func readAssetContext() throws(JSONError) -> AssetContext? {
    guard try peekKind() == .object else {
      try skipValue()
      return nil
    }
    var context = AssetContext()
    var seen = 0
    try beginObject()
    while let key = try nextKey() {
      seen |= try readContextField(key, &context)
    }
    return seen == AssetContext.required ? context : nil
  }

  /// Reads one field; answers its bit when it is a required one and good.
  @inline(__always)
  private mutating func readContextField(
    _ key: JSONText, _ context: inout AssetContext
  ) throws(JSONError) -> Int {
    if key.is("markPx") {
      guard let px = try readPx() else { return 0 }
      context.markPx = px
      return AssetContext.hasMark
    }
    if key.is("oraclePx") {
      guard let px = try readPx() else { return 0 }
      context.oraclePx = px
      return AssetContext.hasOracle
    }
    if key.is("openInterest") {
      guard let value = try readStatistic() else { return 0 }
      context.openInterest = value
      return AssetContext.hasInterest
    }
    if key.is("funding") {
      guard let value = try readStatistic() else { return 0 }
      context.funding = value
      return AssetContext.hasFunding
    }
    if key.is("midPx") {
      context.midPx = try readPx()
    } else if key.is("prevDayPx") {
      context.prevDayPx = try readPx() ?? Px(raw: 0)
    } else if key.is("dayNtlVlm") {
      context.dayNtlVlm = try readStatistic() ?? 0
    } else if key.is("dayBaseVlm") {
      context.dayBaseVlm = try readStatistic() ?? 0
    } else if key.is("premium") {
      context.premium = try readStatistic()
    } else if key.is("impactPxs") {
      (context.impactBidPx, context.impactAskPx) = try readImpact()
    } else {
      try skipValue()
    }
    return 0
  }

  /// `[bid, ask]`, or nothing.
  private mutating func readImpact() throws(JSONError) -> (Px?, Px?) {
    guard try peekKind() == .array else {
      try skipValue()
      return (nil, nil)
    }
    var pxs: (Px?, Px?) = (nil, nil)
    var count = 0
    try beginArray()
    while try nextElement() {
      let px = try readPx()
      if count == 0 { pxs.0 = px }
      if count == 1 { pxs.1 = px }
      count += 1
    }
    return count == 2 ? pxs : (nil, nil)
  }
}

extension AssetContext {
  static var hasMark: Int { 1 }
  static var hasOracle: Int { 2 }
  static var hasInterest: Int { 4 }
  static var hasFunding: Int { 8 }
  static var required: Int { 15 }
}
