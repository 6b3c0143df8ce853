public import Base

/// The open interest of one coin as a client recorded it.
public struct OiPoint: Hashable, Sendable {
  /// The coin as the client wrote it.
  public var coin: String
  /// When it was recorded.
  public var at: WallTime
  /// Open interest, USD.
  public var oiUsd: Double

  /// A point with these fields.
  public init(coin: String, at: WallTime, oiUsd: Double) {
    self.coin = coin
    self.at = at
    self.oiUsd = oiUsd
  }
}

extension Write {
  /// Adds a point; a second one of the same moment replaces the first.
  public static let oiPoint = Write(
    .oiHistory, cells: 3,
    sql: """
      INSERT INTO oi_history (coin, recorded_at, oi_usd) VALUES (?1, ?2, ?3)
      ON CONFLICT (coin, recorded_at) DO UPDATE SET oi_usd = excluded.oi_usd
      """)
}

extension Batch {
  /// Adds a point; `false` when the batch is full.
  @discardableResult
  public mutating func add(_ row: OiPoint) -> Bool {
    guard begin(.oiPoint) else { return false }
    put(.text(row.coin))
    put(.time(row.at))
    put(.real(row.oiUsd))
    return true
  }
}
