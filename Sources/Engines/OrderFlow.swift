public import Base
public import Market

/// What `OrderFlow.apply` did with a trade.
public enum FlowOutcome: UInt8, Sendable, CaseIterable {
  /// It counts in the windows it is young enough for.
  case counted
  /// Coin, time and tid are those of a trade already counted.
  case duplicate
  /// Older than the longest window: no window would ever show it.
  case tooOld
  /// Older than everything the coin still remembers for recognising duplicates: it may have been counted.
  case tooOldToTell
  /// Further ahead of the clock than `OrderFlow.aheadMaxMs`: a wrong time would stay in every window.
  case tooNew
  /// The notional, or a window's sum with it, does not fit into `Usd`.
  case overflow
  /// Price or size is not positive.
  case invalid
  /// The coin's id is not below `OrderFlow.coinsMax`.
  case unknownCoin
}

/// The trades of one coin in one window.
public struct FlowWindow: Hashable, Sendable {
  /// Notional of the aggressive buys.
  public var buy: Usd
  /// Notional of the aggressive sells.
  public var sell: Usd
  /// Number of aggressive buys.
  public var buyCount: Int
  /// Number of aggressive sells.
  public var sellCount: Int

  /// A window with these sums.
  @inlinable
  public init(buy: Usd, sell: Usd, buyCount: Int, sellCount: Int) {
    self.buy = buy
    self.sell = sell
    self.buyCount = buyCount
    self.sellCount = sellCount
  }

  /// No trades.
  @inlinable public static var empty: FlowWindow {
    FlowWindow(buy: .zero, sell: .zero, buyCount: 0, sellCount: 0)
  }

  /// Cumulative volume delta: buys minus sells. Cannot overflow, since neither is negative.
  @inlinable public var cvd: Usd { buy - sell }
  /// Trades of either side.
  @inlinable public var count: Int { buyCount + sellCount }
}

/// Aggressive buying and selling of every coin over rolling windows, exact to the millisecond.
///
/// A window of `w` seconds counts every trade with `time ≥ now − w·1000` ms, however many there are; trades
/// ahead of `now` (by at most `aheadMaxMs`) count too. Sums are integers, so a running value equals a fresh
/// recount of the same trades bit for bit.
///
/// How: a coin's trades lie in time order in chunks (`FlowPool`); trades of one millisecond and side share an
/// entry. Each coin keeps totals that only grow (and wrap); each window remembers a cursor, the first entry
/// inside it, and the totals up to there, so its value is one subtraction, and a new trade touches no window.
/// Cursors move when a read, or the need for a new chunk, finds an entry expired: O(1) amortised per trade.
///
/// Time: `now` is the exchange's clock as the caller estimates it. It is made monotone: a step back of up to
/// `backstepMaxMs` is ignored. A longer one is believed: the clock follows it, windows are laid out again from
/// the trades still held, and `heldSince` tells from when on they are complete.
///
/// Bounds: `windowsMax` windows; `coinsMax` coins, later ones refused; `chunksMax` chunks, beyond which the
/// chunk with the oldest trades of all coins is dropped (counted, and `heldSince` moves); `recentMax`
/// remembered trades per coin. Allocates when a coin is first seen or needs to remember more, else never.
public final class OrderFlow {
  /// The most windows.
  public static let windowsMax = 8
  /// The longest window: seven days.
  public static let windowSecondsMax = 604_800
  /// How far ahead of the clock a trade may be, milliseconds.
  public static let aheadMaxMs: Int64 = 3_600_000
  /// The longest backward step of the clock taken for jitter, milliseconds.
  public static let backstepMaxMs: Int64 = 10_000
  /// The window of the all-coins summary, seconds.
  public static let summaryWindowS = 300
  /// Chunks for about 8 million entries.
  public static let chunksMaxDefault = 8_388_608 / FlowPool.entriesPerChunk

  /// The configured windows in seconds, in the configured order.
  public let windowsS: [Int]
  let state: UnsafeMutablePointer<FlowState>

  /// An engine without trades.
  ///
  /// `windowsS`: 1 to `windowsMax` windows of 1 s to `windowSecondsMax`. `recentMax`: trades a busy coin
  /// remembers for recognising duplicates (rounded up to a power of two, at least 64). `coinsMax`: ids
  /// `0 ..< coinsMax` are accepted. `chunksMax`: chunks of 128 entries, 14 bytes each.
  public init(
    windowsS: [Int] = [60, 300, 900, 3600], chunksMax: Int = OrderFlow.chunksMaxDefault,
    recentMax: Int = 1024,
    coinsMax: Int = Coins.coinsMax
  ) {
    precondition(!windowsS.isEmpty && windowsS.count <= OrderFlow.windowsMax)
    precondition(windowsS.allSatisfy { $0 >= 1 && $0 <= OrderFlow.windowSecondsMax })
    precondition(coinsMax > 0 && coinsMax <= 1 << 20 && recentMax <= 1 << 20)
    self.windowsS = windowsS
    state = .allocate(capacity: 1)
    state.initialize(
      to: FlowState(windowsS: windowsS, chunksMax: chunksMax, recentMax: recentMax, coinsMax: coinsMax))
  }

  deinit {
    state.deinitialize(count: 1)
    state.deallocate()
  }

  /// Counts `trade` unless it is a duplicate or does not belong in any window.
  public func apply(_ trade: borrowing Trade, now: WallTime) -> FlowOutcome {
    state.pointee.tick(now)
    let outcome = state.pointee.apply(trade)
    state.pointee.outcomes[Int(outcome.rawValue)] &+= 1
    return outcome
  }

  /// The coin's trades in the window `windowsS[window]`.
  public func read(_ coin: CoinID, window: Int, now: WallTime) -> FlowWindow {
    precondition(window >= 0 && window < windowsS.count)
    state.pointee.tick(now)
    return state.pointee.read(coin, window)
  }

  /// The coin's trades in the last `summaryWindowS` seconds, also when that is not a configured window.
  public func readSummary(_ coin: CoinID, now: WallTime) -> FlowWindow {
    state.pointee.tick(now)
    return state.pointee.read(coin, state.pointee.summaryWindow)
  }

  /// The five-minute volume delta of every coin ever traded: `body` is called in the order of ids.
  public func summary5m(now: WallTime, _ body: (CoinID, FlowWindow) -> Void) {
    state.pointee.tick(now)
    for raw in 0..<UInt32(coinsSeen) where state.pointee.hasTraded(CoinID(raw: raw)) {
      body(CoinID(raw: raw), state.pointee.read(CoinID(raw: raw), state.pointee.summaryWindow))
    }
  }

  /// Trades of the coin in the longest configured window: the contract's `total_trades`.
  public func totalTrades(_ coin: CoinID, now: WallTime) -> Int {
    read(coin, window: state.pointee.longestWindow, now: now).count
  }

  /// Lets go of everything expired, of every coin; called now and then so that coins nobody trades or reads
  /// give their chunks back.
  public func sweep(now: WallTime) {
    state.pointee.tick(now)
    for index in 0..<coinsSeen { state.pointee.settle(index) }
  }

  /// Whether a trade of the coin was ever counted.
  public func hasTraded(_ coin: CoinID) -> Bool { state.pointee.hasTraded(coin) }

  /// The time of the coin's newest counted trade.
  public func lastTradeTime(_ coin: CoinID) -> WallTime? { state.pointee.lastTradeTime(coin) }

  /// From when on the coin's windows hold all that was applied, when something inside them was let go early
  /// (the chunk bound, or a clock that stepped back); `nil` when nothing ever was.
  public func heldSince(_ coin: CoinID) -> WallTime? { state.pointee.heldSince(coin) }

  /// Ids below this may have traded.
  public var coinsSeen: Int { state.pointee.coinsSeen }

  /// How often `apply` answered `outcome`.
  public func count(of outcome: FlowOutcome) -> UInt64 { state.pointee.outcomes[Int(outcome.rawValue)] }

  /// Trades that counted although more trades of their millisecond came than the coin remembers.
  public var unverifiedTrades: UInt64 { state.pointee.unverifiedTrades }
  /// Chunks dropped early because the pool was full.
  public var droppedChunks: UInt64 { state.pointee.droppedChunks }
  /// Trades dropped early with them.
  public var droppedTrades: UInt64 { state.pointee.droppedTrades }
  /// Backward steps of the clock that were believed.
  public var clockSteps: UInt64 { UInt64(state.pointee.epoch) }
  /// Chunks holding trades now.
  public var chunksUsed: Int { state.pointee.pool.used }
  /// Bytes of memory touched so far, all parts together.
  public var memoryBytes: Int { state.pointee.memoryBytes }
}
