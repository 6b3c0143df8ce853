public import Market

/// What the book knows of one account; the columns of the `addresses` table that trades decide.
public struct AddressRow: Hashable, Sendable {
  /// The account.
  public var address: Address
  /// First sight, seconds since the epoch.
  public var firstSeenS: UInt32
  /// Latest sight, seconds since the epoch.
  public var lastSeenS: UInt32
  /// Trades it was part of, on either side; stays at `UInt32.max`.
  public var tradeCount: UInt32

  /// A row with these values.
  public init(address: Address, firstSeenS: UInt32, lastSeenS: UInt32, tradeCount: UInt32) {
    self.address = address
    self.firstSeenS = firstSeenS
    self.lastSeenS = lastSeenS
    self.tradeCount = tradeCount
  }
}

/// What `AddressBook.see` found.
public struct Sighting: Hashable, Sendable {
  /// The account's id.
  public var id: AddressID
  /// Whether it was unknown until now.
  public var isNew: Bool
  /// Whether it was known, but had not been seen for `AddressBook.absenceS`.
  public var isBack: Bool

  /// A sighting with these values.
  @inlinable
  public init(id: AddressID, isNew: Bool, isBack: Bool = false) {
    self.id = id
    self.isNew = isNew
    self.isBack = isBack
  }
}
