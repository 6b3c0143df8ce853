public import Base
public import Market

/// An account as the file knows it.
public struct AddressRecord: Hashable, Sendable {
  /// The account.
  public var address: Address
  /// Its first trade.
  public var firstSeen: WallTime
  /// Its latest trade.
  public var lastSeen: WallTime
  /// Trades counted.
  public var tradeCount: Int64
  /// When its positions were last asked for; `nil` for never.
  public var lastPolled: WallTime?
  /// 1, 2 or 3; anything else in the file reads as 3.
  public var tier: UInt8
  /// Total size of its positions when last polled, USD.
  public var totalSizeUsd: Double

  /// A record with these fields; the last three as a new account has them unless given.
  public init(
    address: Address, firstSeen: WallTime, lastSeen: WallTime, tradeCount: Int64, lastPolled: WallTime? = nil,
    tier: UInt8 = 3, totalSizeUsd: Double = 0
  ) {
    self.address = address
    self.firstSeen = firstSeen
    self.lastSeen = lastSeen
    self.tradeCount = tradeCount
    self.lastPolled = lastPolled
    self.tier = tier
    self.totalSizeUsd = totalSizeUsd
  }
}

/// How a load went.
public struct LoadReport: Hashable, Sendable {
  /// Records handed over.
  public var rows = 0
  /// Rows whose address is none, left in the file and not handed over.
  public var skipped = 0
  /// Rows beyond the limit, left in the file and not handed over.
  public var beyondLimit = 0
}

extension Database {
  /// Hands over the accounts in the file, at most `limit` and then the latest seen; the order is not defined.
  /// The writer goes on meanwhile; `receive` must not query the database itself.
  public func loadAddresses(limit: Int, into receive: (AddressRecord) -> Void) throws(StoreError)
    -> LoadReport
  {
    try read { (connection) throws(StoreError) in
      let total = Int(try connection.integer("SELECT count(*) FROM addresses") ?? 0)
      // Sorting costs several times the reading, so only when something has to be left out.
      let order = total > limit ? "ORDER BY last_seen DESC" : ""
      let statement = try connection.prepare(
        "SELECT address, first_seen, last_seen, trade_count, last_polled, tier, total_size_usd "
          + "FROM addresses \(order) LIMIT ?1")
      try statement.bind(Int64(limit), at: 1)
      var report = LoadReport(beyondLimit: max(0, total - limit))
      while try statement.step() {
        guard let address = statement.address(0) else {
          report.skipped += 1
          continue
        }
        let tier = statement.integer(5)
        receive(
          AddressRecord(
            address: address, firstSeen: WallTime(epochSeconds: statement.real(1)),
            lastSeen: WallTime(epochSeconds: statement.real(2)), tradeCount: max(0, statement.integer(3)),
            lastPolled: statement.isNull(4) ? nil : WallTime(epochSeconds: statement.real(4)),
            tier: (1...3).contains(tier) ? UInt8(tier) : 3, totalSizeUsd: statement.real(6)))
        report.rows += 1
      }
      return report
    }
  }
}
