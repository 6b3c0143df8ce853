public import Market
public import Wire

extension InfoType {
  /// The listing of one dex.
  public static let meta = InfoType(name: "meta", weight: Venue.weightStandard, rowsPerWeight: nil)
}

/// The listing of one dex. A coin's position in `universe` is its id on that dex for ever; never re-sort.
public struct Meta: Hashable, Sendable {
  /// A listed coin.
  public struct Asset: Hashable, Sendable {
    /// The coin's name, with the dex prefix on builder dexes.
    public var name = ""
    /// Decimals of a size.
    public var szDecimals = 0
    /// Leverage cap.
    public var maxLeverage = 0
    /// Its margin table: below 50 a flat one of that leverage, else one of `marginTables`; `nil` in old bodies.
    public var marginTableId: Int?
    /// No longer tradable.
    public var isDelisted = false
    /// Only isolated margin, by either of the two keys that say so.
    public var isOnlyIsolated = false
  }

  /// Leverage caps by notional.
  public struct MarginTable: Hashable, Sendable {
    /// The table's id.
    public var id: Int
    /// Its tiers, lowest first.
    public var tiers: [MarginTier]
  }

  /// One step of a margin table.
  public struct MarginTier: Hashable, Sendable {
    /// The notional it begins at.
    public var lowerBound: Usd
    /// Leverage cap from there on.
    public var maxLeverage: Int
  }

  /// The most coins of one dex; 230 were recorded.
  public static let assetsMax = Coins.coinsMax
  /// The most margin tables of one dex.
  public static let marginTablesMax = 1024
  /// The most tiers of one margin table.
  public static let marginTiersMax = 64

  /// The coins by position.
  public var universe: [Asset] = []
  /// The tables with tiers.
  public var marginTables: [MarginTable] = []
  /// Token index of the collateral: 0 is USDC; missing in old bodies.
  public var collateralToken: Int?

  /// Reads the body of a `meta` reply. Throws `.null` for the body `null`, `.badValue` for a coin without name
  /// or numbers (its position must not be lost), `.tooLarge` beyond the bounds.
  public static func decode(body: UnsafeRawBufferPointer) throws(JSONError) -> Meta {
    var reader = JSONReader(body)
    let meta = try reader.readMeta()
    try reader.finish()
    return meta
  }
}

extension JSONReader {
  mutating func readMeta() throws(JSONError) -> Meta {
    if try readNull() { throw JSONError(.null, offset: offset) }
    var meta = Meta()
    var hasUniverse = false
    try beginObject()
    while let key = try nextKey() {
      if key.is("universe") {
        meta.universe = try readUniverse()
        hasUniverse = true
      } else if key.is("marginTables") {
        meta.marginTables = try readMarginTables()
      } else if key.is("collateralToken") {
        meta.collateralToken = try readCount().map { Int(clamping: $0) }
      } else {
        try skipValue()
      }
    }
    guard hasUniverse else { throw JSONError(.missingField, offset: offset) }
    return meta
  }

  private mutating func readUniverse() throws(JSONError) -> [Meta.Asset] {
    var assets: [Meta.Asset] = []
    try beginArray()
    while try nextElement() {
      guard assets.count < Meta.assetsMax else { throw JSONError(.tooLarge, offset: offset) }
      assets.append(try readAsset())
    }
    return assets
  }

  private mutating func readAsset() throws(JSONError) -> Meta.Asset {
    var asset = Meta.Asset()
    var seen = 0
    try beginObject()
    while let key = try nextKey() {
      if key.is("name") {
        asset.name = try readString().string
        seen |= asset.name.isEmpty ? 0 : 1
      } else if key.is("szDecimals") {
        guard let value = try readCount(), value <= 18 else { continue }
        asset.szDecimals = Int(value)
        seen |= 2
      } else if key.is("maxLeverage") {
        guard let value = try readCount(), value <= 100_000 else { continue }
        asset.maxLeverage = Int(value)
        seen |= 4
      } else if key.is("marginTableId") {
        asset.marginTableId = try readCount().map { Int(clamping: $0) }
      } else if key.is("isDelisted") {
        asset.isDelisted = try readFlag() ?? false
      } else if key.is("onlyIsolated") {
        asset.isOnlyIsolated = try readFlag() ?? false || asset.isOnlyIsolated
      } else if key.is("marginMode") {
        asset.isOnlyIsolated = try readText() != nil || asset.isOnlyIsolated
      } else {
        try skipValue()
      }
    }
    guard seen == 7 else { throw JSONError(.badValue, offset: offset) }
    return asset
  }

  /// `[[id, {"marginTiers": […]}] …]`
  private mutating func readMarginTables() throws(JSONError) -> [Meta.MarginTable] {
    var tables: [Meta.MarginTable] = []
    try beginArray()
    while try nextElement() {
      guard tables.count < Meta.marginTablesMax else { throw JSONError(.tooLarge, offset: offset) }
      var table = Meta.MarginTable(id: 0, tiers: [])
      var part = 0
      try beginArray()
      while try nextElement() {
        switch part {
        case 0: table.id = Int(clamping: try readUInt64())
        case 1: table.tiers = try readMarginTable()
        default: try skipValue()
        }
        part += 1
      }
      guard part >= 2 else { throw JSONError(.badValue, offset: offset) }
      tables.append(table)
    }
    return tables
  }

  private mutating func readMarginTable() throws(JSONError) -> [Meta.MarginTier] {
    var tiers: [Meta.MarginTier] = []
    try beginObject()
    while let key = try nextKey() {
      guard key.is("marginTiers") else {
        try skipValue()
        continue
      }
      try beginArray()
      while try nextElement() {
        guard tiers.count < Meta.marginTiersMax else { throw JSONError(.tooLarge, offset: offset) }
        tiers.append(try readMarginTier())
      }
    }
    return tiers
  }

  private mutating func readMarginTier() throws(JSONError) -> Meta.MarginTier {
    var bound: Usd?
    var leverage: UInt64?
    try beginObject()
    while let key = try nextKey() {
      if key.is("lowerBound") {
        bound = try readUsd()
      } else if key.is("maxLeverage") {
        leverage = try readCount()
      } else {
        try skipValue()
      }
    }
    guard let bound, let leverage else { throw JSONError(.badValue, offset: offset) }
    return Meta.MarginTier(lowerBound: bound, maxLeverage: Int(clamping: leverage))
  }
}
