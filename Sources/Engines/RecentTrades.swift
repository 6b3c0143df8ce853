public import Market

/// The newest finished trades of the wallets that were asked for last.
///
/// Bounds: `walletsMax` wallets, the one not used longest goes; `rowsMax` trades each (what one answer can hold), about
/// 80 bytes per trade.
public final class RecentTrades {
  /// Trades kept of a wallet: the most any route hands out.
  public static let rowsMax = 200

  private struct Slot {
    var address: Address
    var trades: [ClosedTrade]
    /// Neighbours in the order of use.
    var older: Int
    var newer: Int
  }

  /// The most wallets held.
  public let walletsMax: Int
  /// Wallets that made room for others.
  public private(set) var evicted: UInt64 = 0

  private var slots: [Slot] = []
  private var slotOf: [Address: Int] = [:]
  private var oldest = -1
  private var newest = -1

  /// No trades.
  public init(walletsMax: Int = 256) {
    precondition(walletsMax > 0)
    self.walletsMax = walletsMax
  }

  /// Wallets held.
  public var count: Int { slots.count }

  /// The wallet's newest trades, newest exit first, at most `rowsMax`; `nil` when they are not held here. Counts as
  /// a use.
  public func of(_ wallet: Address) -> [ClosedTrade]? {
    guard let slot = slotOf[wallet] else { return nil }
    touch(slot)
    return slots[slot].trades
  }

  /// Keeps the wallet's trades, newest exit first; those beyond `rowsMax` are cut off.
  public func set(_ trades: [ClosedTrade], of wallet: Address) {
    let kept = trades.count > RecentTrades.rowsMax ? Array(trades.prefix(RecentTrades.rowsMax)) : trades
    if let slot = slotOf[wallet] {
      slots[slot].trades = kept
      touch(slot)
    } else if slots.count < walletsMax {
      slots.append(Slot(address: wallet, trades: kept, older: -1, newer: -1))
      slotOf[wallet] = slots.count - 1
      link(slots.count - 1)
    } else {
      let slot = oldest
      slotOf[slots[slot].address] = nil
      evicted &+= 1
      slots[slot].address = wallet
      slots[slot].trades = kept
      slotOf[wallet] = slot
      touch(slot)
    }
  }

  /// Lets the wallet's trades go, as when they were deleted; whether there were any.
  @discardableResult
  public func remove(_ wallet: Address) -> Bool {
    guard let slot = slotOf.removeValue(forKey: wallet) else { return false }
    unlink(slot)
    let last = slots.count - 1
    if slot != last { moveLast(to: slot) }
    slots.removeLast()
    return true
  }

  private func moveLast(to slot: Int) {
    let moved = slots[slots.count - 1]
    slots[slot] = moved
    slotOf[moved.address] = slot
    if moved.older < 0 { oldest = slot } else { slots[moved.older].newer = slot }
    if moved.newer < 0 { newest = slot } else { slots[moved.newer].older = slot }
  }

  private func touch(_ slot: Int) {
    guard slot != newest else { return }
    unlink(slot)
    link(slot)
  }

  private func link(_ slot: Int) {
    slots[slot].older = newest
    slots[slot].newer = -1
    if newest < 0 { oldest = slot } else { slots[newest].newer = slot }
    newest = slot
  }

  private func unlink(_ slot: Int) {
    let (older, newer) = (slots[slot].older, slots[slot].newer)
    if older < 0 { oldest = newer } else { slots[older].newer = newer }
    if newer < 0 { newest = older } else { slots[newer].older = older }
  }
}
