public import Base
public import Market

/// An account's equity at one poll.
public struct EquitySnapshot: Hashable, Sendable {
  /// The account.
  public var address: Address
  /// When it was polled.
  public var at: WallTime
  /// Account value, USD.
  public var equity: Double
  /// Unrealized profit over its positions, USD.
  public var unrealized: Double

  /// A snapshot with these fields.
  public init(address: Address, at: WallTime, equity: Double, unrealized: Double) {
    self.address = address
    self.at = at
    self.equity = equity
    self.unrealized = unrealized
  }
}

extension Write {
  /// Adds an equity snapshot; a second one of the same moment replaces the first.
  public static let equitySnapshot = Write(
    .pnlSnapshots, cells: 4,
    sql: """
      INSERT INTO pnl_snapshots (address, snapshot_at, equity, unrealized) VALUES (?1, ?2, ?3, ?4)
      ON CONFLICT (address, snapshot_at) DO UPDATE SET
        equity = excluded.equity, unrealized = excluded.unrealized
      """)
}

extension Batch {
  /// Adds an equity snapshot; `false` when the batch is full.
  @discardableResult
  public mutating func add(_ row: EquitySnapshot) -> Bool {
    guard begin(.equitySnapshot) else { return false }
    put(.address(row.address))
    put(.time(row.at))
    put(.real(row.equity))
    put(.real(row.unrealized))
    return true
  }
}
