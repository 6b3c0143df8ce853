// What the exchange lists, and what to ask next to keep knowing it.
//
// perpDexs names the dexes; meta of each dex lists its coins, by position. Replies become changes of `Coins`.
// Refresh, in weight: perpDexs every 10 minutes (2/min), the main dex every minute (20/min), each builder dex
// every 5 minutes (8 dexes: 32/min); with many dexes the interval grows so that the sum stays within
// `weightPerMinMax`. A dex whose context feed shows another count than its meta is asked at once.
// A reply that forgets assets is not believed before `shrinkVotes` in a row: positions stay for ever at the
// exchange, so a shorter list is far more likely a truncated answer than a change.
// Bounds: `dexesMax` dexes, `Coins.coinsMax` coins; beyond it listings are refused and counted.
public import Base
public import Market

/// One row of `meta.universe`, as far as the daemon needs it.
public struct Listing: Hashable, Sendable {
  /// The exchange's spelling, prefix included.
  public var name: String
  /// Decimals of a size.
  public var szDecimals: Int
  /// Leverage cap.
  public var maxLeverage: Int
  /// Marked as delisted; the row keeps its position.
  public var isDelisted: Bool

  /// A row with these fields.
  public init(name: String, szDecimals: Int, maxLeverage: Int, isDelisted: Bool) {
    self.name = name
    self.szDecimals = szDecimals
    self.maxLeverage = maxLeverage
    self.isDelisted = isDelisted
  }
}

/// The listed dexes and coins, and the plan of refreshing them.
public struct Universe: Sendable {
  /// A question that is due.
  public enum Request: Hashable, Sendable {
    /// The list of dexes.
    case perpDexs
    /// The coins of the dex with this index into `dexes`.
    case meta(dex: Int)
  }

  /// What a reply changed, in listing order.
  public struct Change: Hashable, Sendable {
    /// Coins that became tradable.
    public var listed: [CoinID] = []
    /// Coins that are no longer tradable.
    public var delisted: [CoinID] = []
    /// Nothing changed.
    public var isEmpty: Bool { listed.isEmpty && delisted.isEmpty }
  }

  /// A dex as known now.
  public struct Dex: Sendable {
    /// Its name; empty for the main dex.
    public internal(set) var name: String
    /// Its coins by position in `meta.universe`; `nil` where the register of coins refused one.
    public internal(set) var coins: [CoinID?] = []
    /// Whether perpDexs still names it.
    public internal(set) var isListed = true
    var due: Instant = .zero
    var isAsked = false
    var hasAnswered = false
    var askedAgainAt: Instant = .zero
    var shrunk = 0
    var backoff: Backoff
  }

  /// The most dexes; a testnet recording has 137.
  public static let dexesMax = 256
  /// Weight per minute that refreshing may cost in the long run.
  public static let weightPerMinMax = 80
  /// Between two questions for the list of dexes.
  public static let perpDexsInterval = TimeSpan.seconds(600)
  /// Between two questions for the main dex.
  public static let mainInterval = TimeSpan.seconds(60)
  /// Between two questions for a builder dex, unless there are many.
  public static let builderInterval = TimeSpan.seconds(300)
  /// Between two questions out of turn for the same dex.
  public static let driftInterval = TimeSpan.seconds(30)
  /// Replies in a row that must agree before a shorter list is believed.
  public static let shrinkVotes = 3
  /// Questions in flight together.
  public static let askedMax = 2

  /// Every dex seen, main first; indices never change.
  public internal(set) var dexes: [Dex]
  /// Listings refused because the register of coins was full or the name belongs to another dex.
  public internal(set) var refused = 0
  /// Replies that were not believed.
  public internal(set) var doubted = 0
  var asked = 0
  var perpDexsDue: Instant = .zero
  var isPerpDexsAsked = false
  var hasPerpDexs = false
  var perpDexsShrunk = 0
  var perpDexsBackoff: Backoff
  var random: PRNG

  /// A universe of one empty main dex; everything is due at once.
  public init(seed: UInt64) {
    random = PRNG(seed: seed)
    perpDexsBackoff = Universe.backoff(&random)
    dexes = [Dex(name: "", backoff: Universe.backoff(&random))]
  }

  /// Whether every listed dex has answered once.
  public var isComplete: Bool { hasPerpDexs && dexes.allSatisfy { !$0.isListed || $0.hasAnswered } }

  /// Between two questions for one builder dex, given how many there are.
  public var builderInterval: TimeSpan {
    let builders = dexes.count(where: { $0.isListed }) - 1
    let fixed = Venue.weightStandard + Venue.weightStandard / 10
    let seconds = builders * Venue.weightStandard * 60 / (Universe.weightPerMinMax - fixed)
    return max(Universe.builderInterval, .seconds(seconds))
  }

  /// The question due at `now`, marked as asked; answer it with a reply or `failed`. `nil`: see `nextDeadline`.
  public mutating func nextDue(now: Instant) -> Request? {
    guard asked < Universe.askedMax else { return nil }
    if !isPerpDexsAsked, perpDexsDue <= now {
      isPerpDexsAsked = true
      asked += 1
      return .perpDexs
    }
    for index in dexes.indices where dexes[index].isListed && !dexes[index].isAsked {
      guard dexes[index].due <= now else { continue }
      dexes[index].isAsked = true
      asked += 1
      return .meta(dex: index)
    }
    return nil
  }

  /// When the next question is due; `never` while the most allowed are in flight.
  public var nextDeadline: Instant {
    guard asked < Universe.askedMax else { return .never }
    var next = isPerpDexsAsked ? .never : perpDexsDue
    for dex in dexes where dex.isListed && !dex.isAsked { next = min(next, dex.due) }
    return next
  }

  /// The index of the dex spelled exactly like these bytes.
  public func find(_ name: UnsafeRawBufferPointer) -> Int? {
    for index in dexes.indices {
      let known = dexes[index].name.utf8
      if known.count == name.count, known.elementsEqual(name) { return index }
    }
    return nil
  }

  /// Takes note that a dex's context feed carries `count` assets where its meta lists another number: asks
  /// its meta at once, at most every `driftInterval`.
  public mutating func drifted(_ dex: Int, count: Int, now: Instant) {
    guard dexes.indices.contains(dex), dexes[dex].coins.count != count else { return }
    guard dexes[dex].isListed, now >= dexes[dex].askedAgainAt else { return }
    dexes[dex].askedAgainAt = now + Universe.driftInterval
    dexes[dex].due = min(dexes[dex].due, now)
  }

  /// A dex nobody listed appeared in the context feed: asks the list of dexes at once, likewise bounded.
  public mutating func strangeDex(now: Instant) {
    let soonest = perpDexsDue - Universe.perpDexsInterval + Universe.driftInterval
    perpDexsDue = min(perpDexsDue, max(now, soonest))
  }

  static func backoff(_ random: inout PRNG) -> Backoff {
    Backoff(first: .seconds(4), longest: .seconds(120), seed: random.next())
  }
}
