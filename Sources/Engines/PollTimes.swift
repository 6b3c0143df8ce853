public import Base
public import Market

/// When each account was last polled, and the tier that poll put it into.
///
/// Flat arrays by `AddressID`, five bytes an account; memory is touched as ids come. Bound: the address book's.
/// An id that is given to another account must be `clear`ed first; the poller does it with each new sighting.
public final class PollTimes {
  /// The tier of an account nobody polled: the last.
  public static let tierOfUnknown = 3

  /// The ids there can be: `0 ..< addressesMax`.
  public let addressesMax: Int
  private let polledS: UnsafeMutablePointer<UInt32>
  private let tiers: UnsafeMutablePointer<UInt8>
  @exclusivity(unchecked) private var used = 0

  /// Nobody polled yet; `addressesMax` as of the address book.
  public init(addressesMax: Int) {
    self.addressesMax = addressesMax
    polledS = .allocate(capacity: addressesMax)
    tiers = .allocate(capacity: addressesMax)
  }

  deinit {
    polledS.deallocate()
    tiers.deallocate()
  }

  /// When the account was last polled with success, to the second; nil for never.
  public func polledAt(_ account: AddressID) -> WallTime? {
    guard account.index < used, polledS[account.index] > 0 else { return nil }
    return WallTime(ms: Int64(polledS[account.index]) * 1000)
  }

  /// The account's tier, 1 … 3; 3 when it was never polled.
  public func tier(_ account: AddressID) -> Int {
    account.index < used ? Int(tiers[account.index]) : PollTimes.tierOfUnknown
  }

  /// Notes a poll (or a stored one).
  public func set(_ account: AddressID, polledAt: WallTime?, tier: Int) {
    precondition((1...3).contains(tier))
    reach(account)
    polledS[account.index] = polledAt.map { UInt32(clamping: $0.ms / 1000) } ?? 0
    tiers[account.index] = UInt8(tier)
  }

  /// Forgets what belonged to whoever had this id.
  public func clear(_ account: AddressID) {
    set(account, polledAt: nil, tier: PollTimes.tierOfUnknown)
  }

  private func reach(_ account: AddressID) {
    precondition(account.index < addressesMax)
    while used <= account.index {
      polledS[used] = 0
      tiers[used] = UInt8(PollTimes.tierOfUnknown)
      used += 1
    }
  }
}
