public import Base
public import Market

/// What was seen of an account since it was last written: added to what the file already knows.
///
/// A sum and not a state, so that an account the bounded address book forgot and met again loses nothing, and
/// a batch that failed can be added to the next one.
public struct AddressSighting: Hashable, Sendable {
  /// The account.
  public var address: Address
  /// Its first trade in this span; the file keeps the earliest.
  public var firstSeen: WallTime
  /// Its last trade in this span; the file keeps the latest.
  public var lastSeen: WallTime
  /// Trades in this span.
  public var trades: Int64

  /// A sighting with these fields.
  public init(address: Address, firstSeen: WallTime, lastSeen: WallTime, trades: Int64) {
    self.address = address
    self.firstSeen = firstSeen
    self.lastSeen = lastSeen
    self.trades = trades
  }
}

extension Write {
  /// Adds a sighting to `addresses`; a new account starts in tier 3.
  public static let addressSighting = Write(
    .addresses, cells: 4,
    sql: """
      INSERT INTO addresses (address, first_seen, last_seen, trade_count, tier, total_size_usd)
      VALUES (?1, ?2, ?3, ?4, 3, 0)
      ON CONFLICT (address) DO UPDATE SET
        first_seen = min(first_seen, excluded.first_seen),
        last_seen = max(last_seen, excluded.last_seen),
        trade_count = trade_count + excluded.trade_count
      """)
}

extension Batch {
  /// Adds what was seen of an account; `false` when the batch is full.
  @discardableResult
  public mutating func add(_ row: AddressSighting) -> Bool {
    guard begin(.addressSighting) else { return false }
    put(.address(row.address))
    put(.real(row.firstSeen.seconds))
    put(.real(row.lastSeen.seconds))
    put(.integer(row.trades))
    return true
  }
}

extension Batch {
  /// Hands over the sightings in it, in order; for whoever stands in for the database.
  public func forEachSighting(_ body: (AddressSighting) -> Void) {
    var at = 0
    for row in rows {
      let write = writes[Int(row)]
      defer { at += write.cells }
      guard write.identity == Write.addressSighting.identity, case .address(let address) = cells[at],
        case .real(let first) = cells[at + 1], case .real(let last) = cells[at + 2],
        case .integer(let trades) = cells[at + 3]
      else { continue }
      body(
        AddressSighting(
          address: address, firstSeen: WallTime(epochSeconds: first), lastSeen: WallTime(epochSeconds: last),
          trades: trades))
    }
  }
}
