import Base
import Engines
import Hyperliquid
import Market

// Looks for liquidations in fills: of the HLP vaults, over the WebSocket at no weight, and of whoever is profiled.
//
// A fill names the liquidated account on both counterparties' rows, so following those who take most liquidations over
// shows a part of all of them, as it happens (fact sheet §6.5, option 3); nothing shows all. The first frame after each
// subscription is history; the engine tells what it knows already.
// Bound: `Venue.usersMax` accounts, which is the exchange's limit per address.

/// The collector of liquidations.
final class LiquidationWatch {
  /// Vaults that take positions over (fact sheet §6.4); followed first when there are more vaults than places.
  static let liquidators: [Address] = [
    "0x2e3d94f0562703b25c83308a05046ddaf9a8dd14", "0xb0a55f13d22f66e6d495ac98113841b2326e9540",
    "0x5e177e5e39c0f4e421f5865a6d8beed8d921cb70", "0x2ed5c4484ea3ff8b57d5f2fb152a40d9f2b68308",
    "0x63c621a33714ec48660e32f2374895c8026a3a00",
  ].compactMap { Address($0) }

  let liquidations: Liquidations
  private var feed = UserFills()
  private var versionSeen: UInt64?
  /// Accounts whose fills are followed.
  private(set) var followed: [Address] = []
  /// Fills looked at, from the WebSocket and from histories.
  private(set) var fillsStreamed: UInt64 = 0
  private(set) var fillsRead: UInt64 = 0
  /// Events first told by the WebSocket, and by histories.
  private(set) var eventsStreamed: UInt64 = 0
  private(set) var eventsRead: UInt64 = 0

  init(_ liquidations: Liquidations) { self.liquidations = liquidations }

  /// Follows the vaults' fills, the liquidators' first; called whenever there may be other vaults. Coins must be
  /// listed: the history that comes first could not be named.
  func follow(_ vaults: HlpVaults, _ sessions: Sessions, now: Now) {
    guard versionSeen != vaults.membership else { return }
    versionSeen = vaults.membership
    let all = vaults.addresses
    let ordered =
      all.filter(LiquidationWatch.liquidators.contains)
      + all.filter { !LiquidationWatch.liquidators.contains($0) }
    let wanted = Array(ordered.prefix(Venue.usersMax))
    for user in followed where !wanted.contains(user) {
      sessions.unsubscribe(.userFills(user), now: now.instant)
    }
    followed = wanted.filter { sessions.subscribe(.userFills($0), now: now.instant) }
  }

  /// Takes one frame of the `userFills` channel; false when it could not be decoded. `found` gets each event not known
  /// before.
  func fills(
    _ frame: Frame, _ link: LinkID, _ sessions: Sessions, coins: Coins, exchangeNow: WallTime, now: Now,
    _ found: (LiquidationEvent) -> Void
  ) -> Bool {
    do { try feed.decode(frame, coins: coins) } catch { return false }
    sessions.heard(.userFills, user: feed.user, link, now: now.instant)
    let fills = feed.fills.fills
    fillsStreamed &+= UInt64(fills.count)
    eventsStreamed &+= apply(fills, of: feed.user, exchangeNow, found)
    return true
  }

  /// Takes a page of somebody's fill history, in any order.
  func take(
    fills: [Fill], of user: Address, exchangeNow: WallTime, _ found: (LiquidationEvent) -> Void
  ) {
    fillsRead &+= UInt64(fills.count)
    eventsRead &+= apply(fills, of: user, exchangeNow, found)
  }

  private func apply(
    _ fills: [Fill], of user: Address, _ exchangeNow: WallTime, _ found: (LiquidationEvent) -> Void
  ) -> UInt64 {
    var count: UInt64 = 0
    for fill in fills where fill.liquidation != nil {
      guard case .new(let event) = liquidations.apply(fill, of: user, now: exchangeNow) else { continue }
      count += 1
      found(event)
    }
    return count
  }
}
