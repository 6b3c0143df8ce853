// Who may spend REST weight, in the order of importance, and what each is guaranteed.
//
// Add a class: one value here, one line in `all`; shares must sum to at most 100 (a test checks it).

/// A class of requests with a guaranteed share of the weight.
public struct WeightClass: Hashable, Sendable {
  /// Its name in metrics.
  public let name: String
  /// Its place in the order of importance; 0 is served first. The index into `all`.
  public let rank: Int
  /// Guaranteed share of the budget in percent. What it does not use is lent to others.
  public let sharePct: Int
  /// The part of the share (percent of the budget) that is never lent, so that a class that wakes up
  /// need not wait a minute for its first request.
  public let heldPct: Int

  /// Whether somebody waits for it: inside its share it need not wait until enough was given back bit by bit, but
  /// everybody else waits until it has what it needs.
  public let isUrgent: Bool

  init(name: String, rank: Int, sharePct: Int, heldPct: Int, isUrgent: Bool = false) {
    self.name = name
    self.rank = rank
    self.sharePct = sharePct
    self.heldPct = heldPct
    self.isUrgent = isUrgent
  }

  /// Listings and vault structure: small, and everything else depends on it.
  public static let universe = WeightClass(name: "universe", rank: 0, sharePct: 10, heldPct: 3)
  /// Fill histories a client waits for: pages of up to 120.
  public static let asked = WeightClass(name: "asked", rank: 1, sharePct: 12, heldPct: 3, isUrgent: true)
  /// Watched wallets, HLP vaults and the biggest positions (tier 1).
  public static let watched = WeightClass(name: "watched", rank: 2, sharePct: 38, heldPct: 6)
  /// The other tiers' polls.
  public static let tiers = WeightClass(name: "tiers", rank: 3, sharePct: 28, heldPct: 4)
  /// Fill histories for profiles nobody waits for.
  public static let profiles = WeightClass(name: "profiles", rank: 4, sharePct: 12, heldPct: 0)

  /// Every class, by rank.
  public static let all: [WeightClass] = [.universe, .asked, .watched, .tiers, .profiles]
}

extension InfoType {
  /// The most weight the items of one answer can add: what to reserve besides `weight`.
  public var itemWeightMax: Int { weight(rows: Venue.fillsPageMax) }
}
