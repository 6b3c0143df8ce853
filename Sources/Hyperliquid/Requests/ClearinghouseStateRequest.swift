public import Base
public import Market
public import Wire

extension InfoType {
  /// The positions of one account on one dex.
  public static let clearinghouseState = InfoType(
    name: "clearinghouseState", weight: Venue.weightLight, rowsPerWeight: nil)
}

/// The sums of an account's margin; all signed.
public struct MarginSummary: Hashable, Sendable {
  /// Equity.
  public var accountValue = Usd.zero
  /// Notional of all positions.
  public var totalNtlPos = Usd.zero
  /// Cash, negative for leveraged longs.
  public var totalRawUsd = Usd.zero
  /// Margin in use.
  public var totalMarginUsed = Usd.zero
}

/// The state of one account on one dex.
public struct ClearinghouseState: Hashable, Sendable {
  /// The most positions kept; more are counted in `dropped`.
  public static let positionsMax = Coins.coinsMax

  /// All margin.
  public private(set) var margin = MarginSummary()
  /// The cross part.
  public private(set) var crossMargin = MarginSummary()
  /// Maintenance margin of the cross part.
  public private(set) var crossMaintenanceMarginUsed = Usd.zero
  /// What could be withdrawn.
  public private(set) var withdrawable = Usd.zero
  /// Server time of the state.
  public private(set) var time = WallTime(ms: 0)
  /// The positions in listed coins, in the message's order.
  public private(set) var positions: [Position] = []
  /// Positions in coins that are not listed.
  public private(set) var unlisted = 0
  /// Rows that are no positions.
  public private(set) var invalid = 0
  /// Positions beyond `positionsMax`.
  public private(set) var dropped = 0

  /// Reads the body; `.null` for the body `null`, `.missingField` without margin summary or positions.
  public static func decode(body: UnsafeRawBufferPointer, coins: Coins) throws(JSONError)
    -> ClearinghouseState
  {
    var state = ClearinghouseState()
    var seen = 0
    var reader = JSONReader(body)
    if try reader.readNull() { throw JSONError(.null, offset: 0) }
    try reader.beginObject()
    while let key = try reader.nextKey() {
      if key.is("marginSummary") {
        state.margin = try readSummary(&reader)
        seen |= 1
      } else if key.is("assetPositions") {
        try state.readPositions(&reader, coins)
        seen |= 2
      } else if key.is("crossMarginSummary") {
        state.crossMargin = try readSummary(&reader)
      } else if key.is("crossMaintenanceMarginUsed") {
        state.crossMaintenanceMarginUsed = try reader.readUsd() ?? .zero
      } else if key.is("withdrawable") {
        state.withdrawable = try reader.readUsd() ?? .zero
      } else if key.is("time") {
        state.time = try reader.readTime() ?? WallTime(ms: 0)
      } else {
        try reader.skipValue()
      }
    }
    let end = reader.offset
    try reader.finish()
    guard seen == 3 else { throw JSONError(.missingField, offset: end) }
    return state
  }

  private static func readSummary(_ reader: inout JSONReader) throws(JSONError) -> MarginSummary {
    var summary = MarginSummary()
    var hasValue = false
    try reader.beginObject()
    while let key = try reader.nextKey() {
      if key.is("accountValue") {
        guard let value = try reader.readUsd() else { continue }
        summary.accountValue = value
        hasValue = true
      } else if key.is("totalNtlPos") {
        summary.totalNtlPos = try reader.readUsd() ?? .zero
      } else if key.is("totalRawUsd") {
        summary.totalRawUsd = try reader.readUsd() ?? .zero
      } else if key.is("totalMarginUsed") {
        summary.totalMarginUsed = try reader.readUsd() ?? .zero
      } else {
        try reader.skipValue()
      }
    }
    guard hasValue else { throw JSONError(.badValue, offset: reader.offset) }
    return summary
  }

  private mutating func readPositions(_ reader: inout JSONReader, _ coins: Coins) throws(JSONError) {
    positions = []
    unlisted = 0
    invalid = 0
    dropped = 0
    try reader.beginArray()
    while try reader.nextElement() {
      guard try reader.peekKind() == .object else {
        try reader.skipValue()
        invalid += 1
        continue
      }
      var row = PositionRow.invalid
      try reader.beginObject()
      while let key = try reader.nextKey() {
        if key.is("position") { row = try reader.readPosition(coins) } else { try reader.skipValue() }
      }
      switch row {
      case .invalid: invalid += 1
      case .unlisted: unlisted += 1
      case .position(let position):
        if positions.count < ClearinghouseState.positionsMax {
          positions.append(position)
        } else {
          dropped += 1
        }
      }
    }
  }
}

/// What a row of `assetPositions` turned out to be.
private enum PositionRow {
  case invalid
  case unlisted
  case position(Position)
}

extension JSONReader {
  fileprivate mutating func readPosition(_ coins: Coins) throws(JSONError) -> PositionRow {
    guard try peekKind() == .object else {
      try skipValue()
      return .invalid
    }
    var position = Position(coin: CoinID(raw: 0))
    var isListed = false
    var seen = 0
    try beginObject()
    while let key = try nextKey() {
      if key.is("coin") {
        guard let name = try readText() else { continue }
        if let coin = coins.find(name) {
          position.coin = coin
          isListed = true
        }
        seen |= 1
      } else if key.is("szi") {
        guard let szi = try readSz() else { continue }
        position.szi = szi
        seen |= 2
      } else if key.is("positionValue") {
        guard let value = try readUsd() else { continue }
        position.positionValue = value
        seen |= 4
      } else {
        try readPositionDetail(key, &position)
      }
    }
    guard seen == 7 else { return .invalid }
    return isListed ? .position(position) : .unlisted
  }

  private mutating func readPositionDetail(_ key: JSONText, _ position: inout Position) throws(JSONError) {
    if key.is("entryPx") {
      position.entryPx = try readPx() ?? Px(raw: 0)
    } else if key.is("unrealizedPnl") {
      position.unrealizedPnl = try readUsd() ?? .zero
    } else if key.is("returnOnEquity") {
      position.returnOnEquity = try readStatistic() ?? 0
    } else if key.is("liquidationPx") {
      // Null, or too high for any price to reach: nothing liquidates it.
      position.liquidationPx = try readPx()
    } else if key.is("marginUsed") {
      position.marginUsed = try readUsd() ?? .zero
    } else if key.is("maxLeverage") {
      position.maxLeverage = try readCount().map { Int(clamping: $0) } ?? 0
    } else if key.is("leverage") {
      try readLeverage(&position)
    } else if key.is("cumFunding"), try peekKind() == .object {
      try beginObject()
      while let key = try nextKey() {
        if key.is("sinceOpen") { position.fundingSinceOpen = try readUsd() ?? .zero } else { try skipValue() }
      }
    } else {
      try skipValue()
    }
  }

  /// `{"type":"cross","value":20}` or `{"type":"isolated","value":10,"rawUsd":"-68.1"}`
  private mutating func readLeverage(_ position: inout Position) throws(JSONError) {
    guard try peekKind() == .object else { return try skipValue() }
    try beginObject()
    while let key = try nextKey() {
      if key.is("type") {
        position.isIsolated = try readText().map { $0.is("isolated") } ?? false
      } else if key.is("value") {
        position.leverage = try readCount().map { Int(clamping: $0) } ?? 0
      } else if key.is("rawUsd") {
        position.isolatedRawUsd = try readUsd()
      } else {
        try skipValue()
      }
    }
  }
}
