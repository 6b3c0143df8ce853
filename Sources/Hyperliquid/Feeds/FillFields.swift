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

  mutating func read(_ reader: inout JSONReader, _ coins: Coins) throws(JSONError) {
    clear()
    try reader.beginArray()
    while try reader.nextElement() {
      guard let fill = try reader.readFill(coins) else {
        invalid += 1
        continue
      }
      if fills.count < Fills.fillsMax { fills.append(fill) } else { dropped += 1 }
    }
  }

  /// Reads the body of a `userFills` or `userFillsByTime` reply; nothing is kept when it throws.
  public mutating func decode(body: UnsafeRawBufferPointer, coins: Coins) throws(JSONError) {
    clear()
    do throws(JSONError) {
      var reader = JSONReader(body)
      if try reader.readNull() { throw JSONError(.null, offset: 0) }
      try read(&reader, coins)
      try reader.finish()
    } catch {
      clear()
      throw error
    }
  }
}

extension JSONReader {
  /// One fill; `nil` for anything else well-formed, or when coin, px, sz, side or time is missing.
  mutating func readFill(_ coins: Coins) throws(JSONError) -> Fill? {
    guard try peekKind() == .object else {
      try skipValue()
      return nil
    }
    var fill = Fill()
    var seen = 0
    try beginObject()
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
    return seen == 31 ? fill : nil
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
  /// The label a text means; `.other` for those we do not know.
  init(text: JSONText) {
    let known: [(StaticString, FillDirection)] = [
      ("Open Long", .openLong), ("Open Short", .openShort), ("Close Long", .closeLong),
      ("Close Short", .closeShort),
      ("Long > Short", .longToShort), ("Short > Long", .shortToLong), ("Buy", .buy), ("Sell", .sell),
      ("Spot Dust Conversion", .spotDustConversion), ("Settlement", .settlement),
      ("Net Child Vaults", .netChildVaults), ("Auto-Deleveraging", .autoDeleveraging),
      ("Liquidated Cross Long", .liquidatedCrossLong), ("Liquidated Cross Short", .liquidatedCrossShort),
      ("Liquidated Isolated Long", .liquidatedIsolatedLong),
      ("Liquidated Isolated Short", .liquidatedIsolatedShort),
    ]
    self = known.first { text.is($0.0) }?.1 ?? .other
  }
}

extension TxHash {
  /// The hash written as `0x` + 64 hex digits; `nil` for anything else.
  init?(text: JSONText) {
    guard text.count == 66, text.is0x, let base = text.bytes.baseAddress else { return nil }
    var words = SIMD4<UInt64>.zero
    for word in 0..<4 {
      guard let value = UInt64(hexDigits: base + 2 + word * 16) else { return nil }
      words[word] = value
    }
    self.init(words: words)
  }
}

extension JSONText {
  fileprivate var is0x: Bool { bytes[0] == UInt8(ascii: "0") && bytes[1] == UInt8(ascii: "x") }
}

extension UInt64 {
  /// The value of the 16 hex digits at `digits`; `nil` when one of them is none.
  fileprivate init?(hexDigits digits: UnsafeRawPointer) {
    self = 0
    for place in 0..<16 {
      let byte = digits.load(fromByteOffset: place, as: UInt8.self)
      guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
      self = self << 4 | UInt64(digit)
    }
  }
}
