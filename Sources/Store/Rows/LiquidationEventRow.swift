public import Base
public import Market

/// A liquidation found in fills.
public struct LiquidationEventRow: Hashable, Sendable {
  /// The exchange's spelling of the coin.
  public var coin: String
  /// When it happened, exchange time.
  public var occurredAt: WallTime
  /// Whether a long was liquidated.
  public var isLong: Bool
  /// Its size, USD.
  public var sizeUsd: Double
  /// The price it was closed at.
  public var price: Double
  /// The liquidated account; `nil` when unknown.
  public var address: Address?

  /// An event with these fields.
  public init(
    coin: String, occurredAt: WallTime, isLong: Bool, sizeUsd: Double, price: Double, address: Address?
  ) {
    self.coin = coin
    self.occurredAt = occurredAt
    self.isLong = isLong
    self.sizeUsd = sizeUsd
    self.price = price
    self.address = address
  }
}

extension Write {
  /// Adds a liquidation.
  public static let liquidationEvent = Write(
    .liquidationEvents, cells: 6,
    sql: """
      INSERT INTO liquidation_events (coin, occurred_at, side, size_usd, price, address)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6)
      """)
}

extension Batch {
  /// Adds a liquidation; `false` when the batch is full.
  @discardableResult
  public mutating func add(_ row: LiquidationEventRow) -> Bool {
    guard begin(.liquidationEvent) else { return false }
    put(.text(row.coin))
    put(.time(row.occurredAt))
    put(.side(isLong: row.isLong))
    put(.real(row.sizeUsd))
    put(.real(row.price))
    put(row.address.map { .address($0) } ?? .null)
    return true
  }
}
