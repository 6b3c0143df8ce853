public import Base

/// The funding rate of one coin as a client recorded it.
public struct FundingPoint: Hashable, Sendable {
  /// The coin as the client wrote it.
  public var coin: String
  /// When it was recorded.
  public var at: WallTime
  /// The rate.
  public var rate: Double

  /// A point with these fields.
  public init(coin: String, at: WallTime, rate: Double) {
    self.coin = coin
    self.at = at
    self.rate = rate
  }
}

extension Write {
  /// Adds a point; a second one of the same moment replaces the first.
  public static let fundingPoint = Write(
    .fundingHistory, cells: 3,
    sql: """
      INSERT INTO funding_history (coin, recorded_at, rate) VALUES (?1, ?2, ?3)
      ON CONFLICT (coin, recorded_at) DO UPDATE SET rate = excluded.rate
      """)
}

extension Batch {
  /// Adds a point; `false` when the batch is full.
  @discardableResult
  public mutating func add(_ row: FundingPoint) -> Bool {
    guard begin(.fundingPoint) else { return false }
    put(.text(row.coin))
    put(.time(row.at))
    put(.real(row.rate))
    return true
  }
}
