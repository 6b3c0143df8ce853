import Base
public import Market

/// What `Profiles.set` changed.
public struct ProfileChange: Hashable, Sendable {
  /// Whether the account had none before: pin it.
  public var isNew: Bool
  /// The account whose profile had to make room: unpin it.
  public var evicted: AddressID?
}

/// The profiles held in memory, by account.
///
/// Bound: `profilesMax`; at the bound the one that was set longest ago goes. Wallets that matter are computed again
/// every few hours and so stay. Memory: about 150 bytes per profile, 4 bytes per account id.
public final class Profiles {
  private struct Slot {
    var profile: Profile
    var account: AddressID
    /// Neighbours in the order of `set`.
    var older: UInt32
    var newer: UInt32
  }

  private static let none: UInt32 = .max

  /// The most profiles held.
  public let profilesMax: Int
  /// Profiles that made room for others.
  @exclusivity(unchecked) public private(set) var evicted: UInt64 = 0
  /// Counts every change.
  @exclusivity(unchecked) public private(set) var version: UInt64 = 0

  /// Room for all of them, touched as they come; read without the counting of references that arrays cost.
  private let slots: UnsafeMutablePointer<Slot>
  @exclusivity(unchecked) private var slotsUsed = 0
  @exclusivity(unchecked) private var free: [UInt32] = []
  /// Slot by account id.
  @exclusivity(unchecked) private var slotOf: UnsafeMutablePointer<UInt32>
  @exclusivity(unchecked) private var idsEnd = 0
  @exclusivity(unchecked) private var oldest = none
  @exclusivity(unchecked) private var newest = none

  /// No profiles.
  public init(profilesMax: Int = 50_000) {
    precondition(profilesMax > 0 && profilesMax < 1 << 31)
    self.profilesMax = profilesMax
    slots = .allocate(capacity: profilesMax)
    slotOf = .allocate(capacity: 1)
  }

  deinit {
    slots.deallocate()
    slotOf.deallocate()
  }

  /// Profiles held.
  public var count: Int { slotsUsed - free.count }

  /// The account's profile.
  public func of(_ account: AddressID) -> Profile? {
    guard let slot = slot(account) else { return nil }
    return slots[slot].profile
  }

  /// Keeps `profile` as the account's. Stored profiles come back at a warm start oldest first.
  @discardableResult
  public func set(_ profile: Profile, of account: AddressID) -> ProfileChange {
    version &+= 1
    if let slot = slot(account) {
      slots[slot].profile = profile
      unlink(slot)
      append(slot)
      return ProfileChange(isNew: false, evicted: nil)
    }
    var gone: AddressID?
    if count == profilesMax {
      let victim = slots[Int(oldest)].account
      remove(victim)
      evicted &+= 1
      gone = victim
    }
    let filled = Slot(profile: profile, account: account, older: Profiles.none, newer: Profiles.none)
    let slot = free.popLast().map { Int($0) } ?? slotsUsed
    if slot == slotsUsed { slotsUsed += 1 }
    (slots + slot).initialize(to: filled)
    reserve(account.index)
    slotOf[account.index] = UInt32(slot)
    append(slot)
    return ProfileChange(isNew: true, evicted: gone)
  }

  /// Forgets the account's profile; whether there was one, to be unpinned.
  @discardableResult
  public func remove(_ account: AddressID) -> Bool {
    guard let slot = slot(account) else { return false }
    version &+= 1
    unlink(slot)
    free.append(UInt32(slot))
    slotOf[account.index] = Profiles.none
    return true
  }

  /// Hands over every profile, the one set longest ago first, until `body` says stop with `false`.
  public func forEach(_ body: (AddressID, Profile) -> Bool) {
    var at = oldest
    while at != Profiles.none {
      let slot = slots[Int(at)]
      guard body(slot.account, slot.profile) else { return }
      at = slot.newer
    }
  }

  /// Makes room for an account id.
  private func reserve(_ index: Int) {
    guard index >= idsEnd else { return }
    let end = max(index + 1, idsEnd * 2, 1_024)
    let larger = UnsafeMutablePointer<UInt32>.allocate(capacity: end)
    larger.initialize(from: slotOf, count: idsEnd)
    (larger + idsEnd).initialize(repeating: Profiles.none, count: end - idsEnd)
    slotOf.deallocate()
    slotOf = larger
    idsEnd = end
  }

  private func slot(_ account: AddressID) -> Int? {
    guard account.index < idsEnd, slotOf[account.index] != Profiles.none else { return nil }
    return Int(slotOf[account.index])
  }

  private func append(_ slot: Int) {
    slots[slot].older = newest
    slots[slot].newer = Profiles.none
    if newest == Profiles.none { oldest = UInt32(slot) } else { slots[Int(newest)].newer = UInt32(slot) }
    newest = UInt32(slot)
  }

  private func unlink(_ slot: Int) {
    let links = slots[slot]
    if links.older == Profiles.none {
      oldest = links.newer
    } else {
      slots[Int(links.older)].newer = links.newer
    }
    if links.newer == Profiles.none {
      newest = links.older
    } else {
      slots[Int(links.newer)].older = links.older
    }
  }
}
