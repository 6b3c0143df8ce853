public import Base
import Market

/// A seeded exchange in virtual time: coins, marks, accounts with positions, and the trades that move them.
///
/// A plain deterministic state machine: the seed, the options and the calls decide every byte. Time moves
/// only through `advance(to:)`, work is proportional to the trades generated, and everything a client may
/// only learn through the exchange's messages can be read here as the exact truth.
/// All arithmetic is in integers (ticks, lots, micro-dollars); doubles only choose what happens.
/// Invariants (tested): positions of a coin sum to zero; every trade has two fills; deposits equal the
/// accounts' money plus fees and funding dust; a fill starts where the account's last one in that coin ended.
/// Bounds: those of `WorldOptions`; see there what is dropped when.
public final class World {
  /// The options in force, clamped to their bounds.
  public let options: WorldOptions
  /// Virtual time: everything up to it has happened.
  public private(set) var now: WallTime

  var coins: [WorldCoin] = []
  var accounts: [Account] = []
  /// Coins of each dex in universe order.
  var universe: [[Int]]
  var blocks = BlockLog()
  /// Counts listings and delistings, so that cached answers can be renewed.
  public private(set) var listingVersion = 0

  var random: PRNG
  /// Decides what is derived from a moment rather than lived through (books, oracle noise).
  let noiseSeed: UInt64
  private var addressIndex: [Address: Int32] = [:]
  private var nextOrderUs: Int64
  private var nextHourMs: Int64
  private var ordersPerUs: Double
  private var schedule: [Listing] = []
  /// Nothing happens but time (`holdStill`).
  public internal(set) var isStill = false
  var orderNumber: UInt64 = 0
  var nextOid: Int64 = 520_000_000_000
  var nextTwapId: Int32 = 1_700_000
  var fillsHeld = 0
  /// What the exchange kept: fees and rounding dust of funding, in micros.
  var collected: Int64 = 0
  var traders = 0..<0
  var makers = 0..<0
  var scratchMakers: [Int] = []
  var pending: [Triggers.Entry] = []
  /// Accounts to be looked at once the order in hand is done.
  var overdue: [Int] = []
  /// Executions of liquidations of the last `liquidationsKept`, by coin, time and liquidated user; for oracles.
  public internal(set) var liquidations: [LiquidationEvent: Int] = [:]
  /// How long `liquidations` knows of one.
  public static let liquidationsKept = TimeSpan.seconds(86_400)
  var liquidationsRoom = 1_024
  /// Trades, liquidations and the like since the start; for reports and oracles.
  public internal(set) var counters = WorldCounters()

  /// A world whose `now` is `options.start`, with positions and histories already in place.
  public init(seed: UInt64, options: WorldOptions = WorldOptions()) {
    let options = options.clamped()
    self.options = options
    random = PRNG(seed: seed ^ 0x5eed_0f_0e_4c_4a_4e_6e)
    noiseSeed = random.next()
    let historyMs = Int64(options.historyDays) * 86_400_000
    let birthMs = options.start.ms - historyMs
    now = WallTime(ms: birthMs)
    nextOrderUs = birthMs * 1000
    nextHourMs = (birthMs / 3_600_000 + 1) * 3_600_000
    ordersPerUs = 1
    universe = [[Int]](repeating: [], count: CoinList.dexes.count)
    for entry in CoinList.entries(count: options.coins) { addCoin(entry) }
    populate()
    liveThrough(historyMs: historyMs)
    listingVersion = 0
  }

  /// Lets everything happen up to `time`; earlier times than `now` change nothing.
  public func advance(to time: WallTime) {
    guard time.ms > now.ms else { return }
    guard !isStill else {
      now = time
      return
    }
    let blockMs = Int64(options.blockMs)
    while true {
      // A block carries everything that arrived while it was open and is dated by its end.
      let blockEnd = (nextOrderUs / 1000 / blockMs + 1) * blockMs
      let planned = schedule.first.map { $0.at.ms } ?? .max
      let next = min(blockEnd, nextHourMs, planned)
      guard next <= time.ms else { break }
      now = WallTime(ms: next)
      if next == nextHourMs {
        turnHour(timeMs: next)
        nextHourMs += 3_600_000
      } else if next == planned {
        carryOut(schedule.removeFirst())
      } else {
        placeOrder(timeMs: next)
        nextOrderUs += nextGapUs()
      }
    }
    now = time
  }

  /// When something happens next: until then `advance` only moves the clock.
  public var nextEvent: WallTime {
    guard !isStill else { return WallTime(ms: .max) }
    let blockMs = Int64(options.blockMs)
    let blockEnd = (nextOrderUs / 1000 / blockMs + 1) * blockMs
    return WallTime(ms: min(blockEnd, nextHourMs, schedule.first.map { $0.at.ms } ?? .max))
  }

  /// Takes up orders, hours and listings from `now` on.
  func resume() {
    nextOrderUs = max(nextOrderUs, now.ms * 1000 + nextGapUs())
    nextHourMs = max(nextHourMs, (now.ms / 3_600_000 + 1) * 3_600_000)
    for coin in coins { coin.steppedMs = now.ms }
  }

  /// Time to the next order: mean `1/ordersPerUs`, square of an even draw, so orders come in bursts.
  private func nextGapUs() -> Int64 {
    let u = random.unit()
    return Int64(3 * u * u / ordersPerUs) + 1
  }

  /// Sparse history, silence for the two hours before full-rate history, then the history asked for.
  private func liveThrough(historyMs: Int64) {
    let fullRate = options.tradesPerSecond / World.tradesPerOrder / 1e6
    let fullStartMs = options.start.ms - Int64(options.historyS) * 1000
    let sparseEndMs = max(now.ms + 1, fullStartMs - 7_200_000)
    let sparse = Double(options.historyTradesPerAccount * accounts.count) / World.tradesPerOrder
    if sparse > 0 {
      ordersPerUs = sparse / Double((sparseEndMs - now.ms) * 1000)
      advance(to: WallTime(ms: sparseEndMs))
    }
    ordersPerUs = fullRate
    nextOrderUs = fullStartMs * 1000 + nextGapUs()
    advance(to: options.start)
  }

  /// The account with `address`.
  func account(_ address: Address) -> Account? {
    addressIndex[address].map { accounts[Int($0)] }
  }

  func register(_ account: Account) {
    accounts.append(account)
    addressIndex[account.address] = Int32(account.index)
  }

  func countListing() { listingVersion += 1 }

  func plan(_ listing: Listing) {
    let place = schedule.firstIndex { $0.at.ms > listing.at.ms } ?? schedule.count
    schedule.insert(listing, at: place)
  }
}

/// What has happened in a world since its birth, its own history included.
public struct WorldCounters: Hashable, Sendable {
  /// Taker orders executed.
  public var orders = 0
  /// Public trades.
  public var trades = 0
  /// Positions sold into the book because their margin ran out.
  public var marketLiquidations = 0
  /// Positions taken over by a liquidator vault.
  public var backstopLiquidations = 0
  /// Marks that jumped.
  public var jumps = 0
  /// Times a trader paid in again.
  public var deposits = 0
  /// Fills dropped because of a bound.
  public var fillsDropped = 0
}
