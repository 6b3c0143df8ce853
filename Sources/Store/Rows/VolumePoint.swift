public import Base

/// The volume of one coin as a client recorded it.
public struct VolumePoint: Hashable, Sendable {
  /// The coin as the client wrote it.
  public var coin: String
  /// When it was recorded.
  public var at: WallTime
  /// Volume, USD.
  public var volumeUsd: Double

  /// A point with these fields.
  public init(coin: String, at: WallTime, volumeUsd: Double) {
    self.coin = coin
    self.at = at
    self.volumeUsd = volumeUsd
  }
}

extension Write {
  /// Adds a point; a second one of the same moment replaces the first.
  public static let volumePoint = Write(
    .volumeHistory, cells: 3,
    sql: """
      INSERT INTO volume_history (coin, recorded_at, volume_usd) VALUES (?1, ?2, ?3)
      ON CONFLICT (coin, recorded_at) DO UPDATE SET volume_usd = excluded.volume_usd
      """)
}

extension Batch {
  /// Adds a point; `false` when the batch is full.
  @discardableResult
  public mutating func add(_ row: VolumePoint) -> Bool {
    guard begin(.volumePoint) else { return false }
    put(.text(row.coin))
    put(.time(row.at))
    put(.real(row.volumeUsd))
    return true
  }
}
