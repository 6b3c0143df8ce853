public import Base
public import Market

/// What a watched wallet did to a position.
public struct PositionChangeRow: Hashable, Sendable {
  /// The wallet.
  public var address: Address
  /// The exchange's spelling of the coin.
  public var coin: String
  /// `entry`, `exit`, `flip` or `increase`.
  public var action: String
  /// The side afterwards; before an exit.
  public var isLong: Bool
  /// The position's size, USD.
  public var sizeUsd: Double
  /// The price it was valued at.
  public var price: Double
  /// When a poll showed it.
  public var detectedAt: WallTime

  /// A change with these fields.
  public init(
    address: Address, coin: String, action: String, isLong: Bool, sizeUsd: Double, price: Double,
    detectedAt: WallTime
  ) {
    self.address = address
    self.coin = coin
    self.action = action
    self.isLong = isLong
    self.sizeUsd = sizeUsd
    self.price = price
    self.detectedAt = detectedAt
  }
}

extension Write {
  /// Adds a position change.
  public static let positionChange = Write(
    .positionChanges, cells: 7,
    sql: """
      INSERT INTO position_changes (address, coin, action, side, size_usd, price, detected_at)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
      """)
}

extension Batch {
  /// Adds a position change; `false` when the batch is full.
  @discardableResult
  public mutating func add(_ row: PositionChangeRow) -> Bool {
    guard begin(.positionChange) else { return false }
    put(.address(row.address))
    put(.text(row.coin))
    put(.text(row.action))
    put(.side(isLong: row.isLong))
    put(.real(row.sizeUsd))
    put(.real(row.price))
    put(.time(row.detectedAt))
    return true
  }
}
