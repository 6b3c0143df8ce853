public import Market
public import Wire

/// Fills of one account in the message's order; reused between messages.
///
/// REST pages come oldest first, the plain `userFills` reply newest first; rows of one millisecond keep execution
/// order in both (fact sheet §1.6). Rows that are no fills are counted in `invalid`.
/// Bound: `fillsMax`; more are counted in `dropped`.
public struct Fills: Sendable {
  /// The most rows kept; a page holds 2000.
  public static let fillsMax = 10_000

  /// The rows.
  public private(set) var fills: [Fill] = []
  /// Rows that are no fills.
  public private(set) var invalid = 0
  /// Rows beyond `fillsMax`.
  public private(set) var dropped = 0
  /// Rows in the message, good or bad: what the item weight is charged for.
  public var rows: Int { fills.count + invalid + dropped }

  /// No fills.
  public init() {}

  mutating func clear() {
    fills.removeAll(keepingCapacity: true)
    invalid = 0
    dropped = 0
  }

  mutating func read(
    _ reader: inout JSONReader, _ coins: Coins, byWords: Bool = true
  ) throws(JSONError) {
    clear()
    var names = FillFastPath.LastName()
    try reader.beginArray()
    while try reader.nextElement() {
      var fill = Fill()
      if byWords, let end = FillFastPath.read(&fill, at: reader.position, limit: reader.limit, coins, &names)
      {
        if let row = end.row {
          reader.jump(behind: row)
        } else {
          try reader.readTail(of: &fill, from: end.tid, coins)
        }
      } else if try !reader.readFill(&fill, coins) {
        invalid += 1
        continue
      }
      if fills.count < Fills.fillsMax { fills.append(fill) } else { dropped += 1 }
    }
  }

  /// Reads the body of a `userFills` or `userFillsByTime` reply; nothing is kept when it throws.
  public mutating func decode(body: UnsafeRawBufferPointer, coins: Coins) throws(JSONError) {
    try decode(body: body, coins: coins, byWords: true)
  }

  /// The same without the fast path, for the tests that hold the two together.
  package mutating func decodeSlowly(body: UnsafeRawBufferPointer, coins: Coins) throws(JSONError) {
    try decode(body: body, coins: coins, byWords: false)
  }

  private mutating func decode(
    body: UnsafeRawBufferPointer, coins: Coins, byWords: Bool
  ) throws(JSONError) {
    clear()
    do throws(JSONError) {
      var reader = JSONReader(body)
      if try reader.readNull() { throw JSONError(.null, offset: 0) }
      try read(&reader, coins, byWords: byWords)
      try reader.finish()
    } catch {
      clear()
      throw error
    }
  }
}

extension JSONReader {
  /// Reads one fill into an empty one; `false` for anything else well-formed, or when coin, px, sz, side or time is
  /// missing.
  mutating func readFill(_ fill: inout Fill, _ coins: Coins) throws(JSONError) -> Bool {
    guard try peekKind() == .object else {
      try skipValue()
      return false
    }
    try beginObject()
    return try readFields(of: &fill, seen: 0, coins) == 31
  }

  /// Goes on with a fill whose fields up to the tid, which ends at `tidEnd`, are known: the reader stands before the
  /// row.
  mutating func readTail(
    of fill: inout Fill, from tidEnd: UnsafePointer<UInt8>, _ coins: Coins
  ) throws(JSONError) {
    try beginObject()
    _ = try nextKey()
    jump(behind: tidEnd)
    _ = try readFields(of: &fill, seen: 31, coins)
  }

  /// Reads the object's fields up to its end; answers which of the five that must be there were.
  private mutating func readFields(
    of fill: inout Fill, seen: Int, _ coins: Coins
  ) throws(JSONError) -> Int {
    var seen = seen
    while let key = try nextKey() {
      if key.is("coin") {
        guard let name = try readText() else { continue }
        fill.coin = coins.find(name)
        seen |= 1
      } else if key.is("px") {
        guard let raw = try readScaled(8), raw >= 0 else { continue }
        fill.px = Px(raw: raw)
        seen |= 2
      } else if key.is("sz") {
        guard let sz = try readSz(), sz.raw > 0 else { continue }
        fill.sz = sz
        seen |= 4
      } else if key.is("side") {
        guard let side = try readSide() else { continue }
        fill.side = side
        seen |= 8
      } else if key.is("time") {
        guard let time = try readTime() else { continue }
        fill.time = time
        seen |= 16
      } else {
        try readFillDetail(key, &fill)
      }
    }
    return seen
  }

  /// The fields that may be missing in some years or some rows.
  private mutating func readFillDetail(_ key: JSONText, _ fill: inout Fill) throws(JSONError) {
    if key.is("startPosition") {
      fill.startPosition = try readSz() ?? Sz(raw: 0)
    } else if key.is("dir") {
      fill.direction = try readText().map(FillDirection.init(text:)) ?? .missing
    } else if key.is("closedPnl") {
      fill.closedPnl = try readUsd() ?? .zero
    } else if key.is("hash") {
      fill.hash = try readText().flatMap(TxHash.init(text:)) ?? TxHash(words: .zero)
    } else if key.is("oid") {
      fill.oid = try readCount() ?? 0
    } else if key.is("tid") {
      fill.tid = try readCount()
    } else if key.is("crossed") {
      fill.isTaker = try readFlag() ?? false
    } else if key.is("fee") {
      fill.fee = try readUsd() ?? .zero
    } else if key.is("feeToken") {
      fill.isFeeInUsdc = try readText().map { $0.is("USDC") } ?? false
    } else if key.is("twapId") {
      fill.twapId = try readCount()
    } else if key.is("liquidation") {
      fill.liquidation = try readLiquidation()
    } else {
      try skipValue()
    }
  }

  /// The mark of a liquidation; `nil` for anything else well-formed.
  private mutating func readLiquidation() throws(JSONError) -> FillLiquidation? {
    guard try peekKind() == .object else {
      try skipValue()
      return nil
    }
    // The object alone is the mark: no field in it may make the fill look ordinary.
    var mark = FillLiquidation(user: nil, markPx: Px(raw: 0), method: .other)
    try beginObject()
    while let key = try nextKey() {
      if key.is("liquidatedUser") {
        mark.user = try readAddress()
      } else if key.is("markPx") {
        mark.markPx = try readPx() ?? Px(raw: 0)
      } else if key.is("method") {
        let method = try readText()
        mark.method =
          method.map { $0.is("market") ? .market : $0.is("backstop") ? .backstop : .other } ?? .other
      } else {
        try skipValue()
      }
    }
    return mark
  }
}

extension FillDirection {
  /// The label a text means; `.other` for those we do not know. By length first, since most lengths are unique.
  init(text: JSONText) {
    switch text.count {
    case _ where text.hasEscapes: self = FillDirection.known.first { text.is($0.0) }?.1 ?? .other
    case 3 where text.is("Buy"): self = .buy
    case 4 where text.is("Sell"): self = .sell
    case 9 where text.is("Open Long"): self = .openLong
    case 10 where text.is("Open Short"): self = .openShort
    case 10 where text.is("Close Long"): self = .closeLong
    case 11 where text.is("Close Short"): self = .closeShort
    case 12 where text.is("Long > Short"): self = .longToShort
    case 12 where text.is("Short > Long"): self = .shortToLong
    default: self = FillDirection.known.first { text.is($0.0) }?.1 ?? .other
    }
  }

  private static let known: [(StaticString, FillDirection)] = [
    ("Open Long", .openLong), ("Open Short", .openShort), ("Close Long", .closeLong),
    ("Close Short", .closeShort),
    ("Long > Short", .longToShort), ("Short > Long", .shortToLong), ("Buy", .buy), ("Sell", .sell),
    ("Spot Dust Conversion", .spotDustConversion), ("Settlement", .settlement),
    ("Net Child Vaults", .netChildVaults), ("Auto-Deleveraging", .autoDeleveraging),
    ("Liquidated Cross Long", .liquidatedCrossLong), ("Liquidated Cross Short", .liquidatedCrossShort),
    ("Liquidated Isolated Long", .liquidatedIsolatedLong),
    ("Liquidated Isolated Short", .liquidatedIsolatedShort),
  ]
}

extension TxHash {
  /// The hash written as `0x` + 64 hex digits; `nil` for anything else.
  init?(text: JSONText) {
    guard text.count == 66, !text.hasEscapes, let base = text.bytes.baseAddress,
      text.bytes[0] == UInt8(ascii: "0"), text.bytes[1] == UInt8(ascii: "x")
    else { return nil }
    self.init(digits: base + 2)
  }
}
