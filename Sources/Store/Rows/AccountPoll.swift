public import Base
public import Market

/// What a poll of an account's positions found: its tier and when.
public struct AccountPoll: Hashable, Sendable {
  /// The account.
  public var address: Address
  /// When it was polled.
  public var at: WallTime
  /// 1, 2 or 3.
  public var tier: UInt8
  /// Total size of its positions, USD.
  public var totalSizeUsd: Double

  /// A poll with these fields.
  public init(address: Address, at: WallTime, tier: UInt8, totalSizeUsd: Double) {
    self.address = address
    self.at = at
    self.tier = tier
    self.totalSizeUsd = totalSizeUsd
  }
}

extension Write {
  /// Notes a poll in `addresses`. A watched account that never traded gets a row with no trades, seen when it was
  /// polled first: its tier survives a restart like any other's.
  public static let accountPoll = Write(
    .addresses, cells: 4,
    sql: """
      INSERT INTO addresses (address, first_seen, last_seen, trade_count, last_polled, tier, total_size_usd)
      VALUES (?1, ?2, ?2, 0, ?2, ?3, ?4)
      ON CONFLICT (address) DO UPDATE SET
        last_polled = excluded.last_polled, tier = excluded.tier, total_size_usd = excluded.total_size_usd
      """)
}

extension Batch {
  /// Notes a poll; `false` when the batch is full.
  @discardableResult
  public mutating func add(_ row: AccountPoll) -> Bool {
    guard begin(.accountPoll) else { return false }
    put(.address(row.address))
    put(.time(row.at))
    put(.integer(Int64(row.tier)))
    put(.real(row.totalSizeUsd))
    return true
  }
}
