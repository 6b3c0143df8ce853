/// Everything the routes may read, gathered in one object that Core owns and fills.
///
/// Routes read, never write. What they read is Core's own state of this loop turn, so answers need no copies
/// and no locks. Facts that cost something to gather are filled on demand, by `refresh`.
public import Base
public import Engines
public import Market

/// A span of exchange time in which trades of a coin were not received.
@frozen
public struct Gap: Hashable, Sendable {
  /// The last moment before the loss for which trades are known.
  public var from: WallTime
  /// When trades were received again; `nil` while they are not.
  public var to: WallTime?

  /// The gap between these moments.
  @inlinable
  public init(from: WallTime, to: WallTime?) {
    self.from = from
    self.to = to
  }
}

/// Which part of the past a coin's trades are known for.
public struct Coverage: Sendable {
  /// Exchange time from which on the coin is followed; `nil` while it is not yet.
  public var since: WallTime?
  /// What is missing since then, oldest first, not overlapping; only the last may be open.
  public var gaps: [Gap]
  /// The most gaps kept per coin; the owner merges the oldest two when there are more.
  public static let gapsMax = 64

  /// Followed from `since`, without these gaps.
  public init(since: WallTime? = nil, gaps: [Gap] = []) {
    self.since = since
    self.gaps = gaps
  }
}

/// What the routes may read.
public final class Views {
  /// What the engines know.
  public let knowledge: Knowledge
  /// The order flow of all coins; `knowledge.orderFlow`.
  public let orderFlow: OrderFlow
  /// The coins. Core's own register lives here, so that there is one copy.
  @exclusivity(unchecked) public var coins = Coins() { didSet { revision &+= 1 } }
  /// By coin index; a coin behind the end is not followed.
  @exclusivity(unchecked) public var coverage: [Coverage] = [] { didSet { revision &+= 1 } }
  /// The coins' places in the order of their names.
  let coinOrder = CoinOrder()
  /// Lists an account's positions in that order.
  let accountPositions = AccountPositions()
  /// Changes of `coins` and `coverage`.
  @exclusivity(unchecked) private(set) var revision: UInt64 = 0
  /// This turn's clocks.
  @exclusivity(unchecked) public var now: Now
  /// The exchange's clock, as estimated this turn.
  @exclusivity(unchecked) public var exchangeNow: WallTime
  /// When the service started.
  @exclusivity(unchecked) public var started: Instant
  /// The machine's clock at the start.
  @exclusivity(unchecked) public var startedWall: WallTime
  /// What `/health` reports.
  @exclusivity(unchecked) public var health = HealthFacts()
  /// What `/v1/stats` reports.
  @exclusivity(unchecked) public var stats = StatsFacts()
  /// What `/readyz` reports.
  @exclusivity(unchecked) public var readiness = ReadinessFacts()
  /// Which components run, and how the heatmap is cut. Set once by Core.
  @exclusivity(unchecked) public var components = Components()
  /// The followed order books; those of Core's subscriber, set once by Core.
  @exclusivity(unchecked) public var books = OrderBooks()
  /// Fills `health`, `stats` and `readiness`; called by the routes that report them, before they read. Set once by Core.
  @exclusivity(unchecked) public var refresh: ((Views) -> Void)?

  /// Takes a client's write on its way to disk; `nil` when it cannot be taken now (disk failing, too many
  /// waiting), which is answered 503. Set once by Core.
  @exclusivity(unchecked) public var submit: ((ClientWrite) -> WriteTicket?)?
  /// Asks for a wallet's profile over at least the last `windowDays`; on-demand requests go before the
  /// background. Set once by Core.
  @exclusivity(unchecked) public var wantProfile: ((_ address: Address, _ windowDays: Int) -> ProfileStatus)?
  /// Asks for a wallet's closed trades to be read into memory; answers whether they are there already. Set once
  /// by Core.
  @exclusivity(unchecked) public var wantTrades: ((_ address: Address) -> ProfileStatus)?

  /// Views of `knowledge`, everything else empty, at `now`.
  public init(knowledge: Knowledge, now: Now) {
    self.knowledge = knowledge
    orderFlow = knowledge.orderFlow
    self.now = now
    exchangeNow = now.wall
    started = now.instant
    startedWall = now.wall
  }

  /// Views of `orderFlow` and of no account, everything else empty, at `now`.
  public convenience init(orderFlow: OrderFlow, now: Now) {
    self.init(
      knowledge: Knowledge(orderFlow: orderFlow, book: AddressBook(addressesMax: 1, seed: 0)), now: now)
  }

  /// Time since the start.
  var uptime: TimeSpan { now.instant - started }
}
