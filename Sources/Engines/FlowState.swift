import Base
import Market

/// The totals of a coin's trades since it was first seen; they wrap, only differences mean anything.
struct FlowTotals: Equatable {
  var buy: UInt64 = 0
  var sell: UInt64 = 0
  var buyCount: UInt64 = 0
  var sellCount: UInt64 = 0

  @inline(__always)
  mutating func add(_ entry: FlowEntry) { add(entry.micros, count: entry.count) }

  /// Adds to one side without a branch: sides follow each other like coin tosses.
  @inline(__always)
  mutating func add(_ micros: Int64, count: UInt16) {
    let trades = UInt64(count & FlowPool.countMax)
    let isSell = 0 &- UInt64(count >> 15)
    buy &+= UInt64(bitPattern: micros) & ~isSell
    buyCount &+= trades & ~isSell
    sell &+= UInt64(bitPattern: micros) & isSell
    sellCount &+= trades & isSell
  }

  /// Takes back what `add` added.
  mutating func remove(_ entry: FlowEntry) {
    let (trades, isSell) = (UInt64(entry.count & FlowPool.countMax), 0 &- UInt64(entry.count >> 15))
    buy &-= UInt64(bitPattern: entry.micros) & ~isSell
    buyCount &-= trades & ~isSell
    sell &-= UInt64(bitPattern: entry.micros) & isSell
    sellCount &-= trades & isSell
  }
}

/// Where one window of one coin begins.
struct FlowCursor {
  /// The totals of everything before the window.
  var before = FlowTotals()
  /// The chunk of the first entry inside; `FlowPool.none` when the coin holds nothing.
  var chunk = FlowPool.none
  /// The index of that entry; the chunk's count when no entry is inside.
  var index = 0
}

/// One coin. What every trade needs comes first.
struct FlowCoin {
  var totals = FlowTotals()
  /// Notional that can still be added to either side of the longest window without leaving `Usd`. May be too
  /// low.
  var headroom = Int64.max
  /// The clock at which the first entry leaves a window: no cursor needs to move before. May be too early.
  var nextExpiry = Int64.max
  /// The base of the chunk at `tail`.
  var tailBase: Int64 = 0
  /// The entries in the chunk at `tail`; a full chunk's count when there is none.
  var tailCount = UInt32(FlowPool.entriesPerChunk)
  /// The chunks with the newest and the oldest entries.
  var tail = FlowPool.none
  var head = FlowPool.none
  /// The clock's epoch the cursors belong to.
  var epoch: UInt32 = 0
  var recent = FlowRecent()
  /// See `OrderFlow.heldSince`; `Int64.min` for "always".
  var heldSince = Int64.min
}

/// The engine's whole state, behind one pointer so that no access pays for exclusivity checks or ARC.
struct FlowState: ~Copyable {
  var pool: FlowPool
  var outcomes: UnsafeMutablePointer<UInt64>
  var unverifiedTrades: UInt64 = 0
  var droppedChunks: UInt64 = 0
  var droppedTrades: UInt64 = 0

  /// The monotone clock, milliseconds.
  var clock: Int64 = 0
  /// Counts the backward steps of the clock that were believed.
  var epoch: UInt32 = 0
  /// What the clock showed before and after the last such step.
  var clockBeforeStep: Int64 = 0
  var clockAfterStep: Int64 = 0
  /// The newest time of a trade refused as too old, of any coin; `Int64.min` when there was none.
  var newestTooOld = Int64.min

  /// Windows in milliseconds, the summary's behind the configured ones unless it is one of them.
  let windowMs: UnsafeMutablePointer<Int64>
  let windowCount: Int
  let summaryWindow: Int
  /// The longest configured window.
  let longestWindow: Int
  /// The window that decides how long a trade is held: the longest of all.
  let holdingWindow: Int
  let holdingMs: Int64
  let shortestMs: Int64

  let coinsMax: Int
  let recentMax: Int
  var coins: UnsafeMutablePointer<FlowCoin>
  /// `windowCount` cursors per coin.
  var cursors: UnsafeMutablePointer<FlowCursor>
  var coinsRoom = 64
  var coinsSeen = 0

  init(windowsS: [Int], chunksMax: Int, recentMax: Int, coinsMax: Int) {
    var all = windowsS.map { Int64($0) * 1000 }
    let summaryMs = Int64(OrderFlow.summaryWindowS) * 1000
    longestWindow = all.indices.max { all[$0] < all[$1] }!
    if let index = all.firstIndex(of: summaryMs) {
      summaryWindow = index
    } else {
      all.append(summaryMs)
      summaryWindow = all.count - 1
    }
    holdingMs = all.max()!
    holdingWindow = all.firstIndex(of: holdingMs)!
    shortestMs = all.min()!
    windowCount = all.count
    windowMs = .allocate(capacity: all.count)
    windowMs.initialize(from: all, count: all.count)
    outcomes = .allocate(capacity: FlowOutcome.allCases.count)
    outcomes.initialize(repeating: 0, count: FlowOutcome.allCases.count)
    pool = FlowPool(chunksMax: chunksMax)
    self.coinsMax = coinsMax
    var places = FlowRecent.placesMin
    while places < recentMax { places *= 2 }
    self.recentMax = places
    coins = .allocate(capacity: coinsRoom)
    cursors = .allocate(capacity: coinsRoom * windowCount)
  }

  deinit {
    for index in 0..<coinsSeen { coins[index].recent.deallocate() }
    coins.deallocate()
    cursors.deallocate()
    windowMs.deallocate()
    outcomes.deallocate()
  }

  var memoryBytes: Int {
    let perCoin = MemoryLayout<FlowCoin>.stride + windowCount * MemoryLayout<FlowCursor>.stride
    var bytes = pool.memoryBytes + coinsRoom * perCoin
    for index in 0..<coinsSeen { bytes += coins[index].recent.bytes }
    return bytes
  }

  /// Moves the clock to `now`; see "Time" at `OrderFlow`.
  @inline(__always)
  mutating func tick(_ now: WallTime) {
    if now.ms > clock { clock = min(now.ms, 1 << 50) }
    if now.ms < clock - OrderFlow.backstepMaxMs { stepBack(now) }
  }

  func hasTraded(_ coin: CoinID) -> Bool { coin.index < coinsSeen && coins[coin.index].recent.hasAny }

  func lastTradeTime(_ coin: CoinID) -> WallTime? {
    hasTraded(coin) ? WallTime(ms: coins[coin.index].recent.newest) : nil
  }

  func heldSince(_ coin: CoinID) -> WallTime? {
    guard coin.index < coinsSeen, coins[coin.index].heldSince != .min else { return nil }
    return WallTime(ms: coins[coin.index].heldSince)
  }

  /// The window's sums at the clock.
  @inline(__always)
  mutating func read(_ coin: CoinID, _ window: Int) -> FlowWindow {
    guard coin.index < coinsSeen else { return .empty }
    settle(coin.index)
    let totals = coins[coin.index].totals
    let before = cursors[coin.index * windowCount + window].before
    return FlowWindow(
      buy: Usd(micros: Int64(bitPattern: totals.buy &- before.buy)),
      sell: Usd(micros: Int64(bitPattern: totals.sell &- before.sell)),
      buyCount: Int(bitPattern: UInt(totals.buyCount &- before.buyCount)),
      sellCount: Int(bitPattern: UInt(totals.sellCount &- before.sellCount)))
  }

  /// Makes the coin's cursors right for the clock.
  @inline(__always)
  mutating func settle(_ index: Int) {
    if coins[index].epoch != epoch { layOutAgain(index) }
    if clock > coins[index].nextExpiry { advance(index) }
  }

  /// Moves every cursor of the coin behind what has expired and gives back the chunks no window reaches.
  @inline(never)
  mutating func advance(_ index: Int) {
    let row = cursors + index * windowCount
    var nextExpiry = Int64.max
    for window in 0..<windowCount {
      let first = advance(&row[window], to: clock - windowMs[window])
      if first != .max { nextExpiry = min(nextExpiry, first + windowMs[window]) }
    }
    coins[index].nextExpiry = nextExpiry
    releaseExpired(index)
  }

  /// Moves one cursor to the first entry not older than `cut`; answers its time, `.max` when there is none.
  private mutating func advance(_ cursor: inout FlowCursor, to cut: Int64) -> Int64 {
    while cursor.chunk != FlowPool.none {
      let header = pool.header(cursor.chunk)
      let (base, count) = (header.pointee.base, Int(header.pointee.count))
      while cursor.index < count {
        let entry = pool.entry(cursor.chunk, cursor.index)
        let time = base + Int64(entry.offset)
        if time >= cut { return time }
        cursor.before.add(entry)
        cursor.index += 1
      }
      guard header.pointee.next != FlowPool.none else { return .max }
      cursor.chunk = header.pointee.next
      cursor.index = 0
    }
    return .max
  }

  /// Gives back the chunks before the holding window, and all when it is empty.
  mutating func releaseExpired(_ index: Int) {
    let row = cursors + index * windowCount
    let holding = row[holdingWindow]
    guard holding.chunk != FlowPool.none else { return }
    while coins[index].head != holding.chunk { releaseHead(index) }
    guard holding.index == Int(pool.header(holding.chunk).pointee.count) else { return }
    releaseHead(index)
    for window in 0..<windowCount {
      row[window].chunk = FlowPool.none
      row[window].index = 0
    }
  }

  /// Gives the coin's oldest chunk back; cursors must not point into it any more.
  mutating func releaseHead(_ index: Int) {
    let head = coins[index].head
    let next = pool.header(head).pointee.next
    coins[index].head = next
    if next == FlowPool.none {
      coins[index].tail = FlowPool.none
    } else {
      pool.header(next).pointee.previous = FlowPool.none
    }
    pool.give(head)
    noteTail(index)
  }

  /// Copies what the coin keeps of its newest chunk.
  @inline(__always)
  mutating func noteTail(_ index: Int) {
    let tail = coins[index].tail
    coins[index].tailCount =
      tail == FlowPool.none ? UInt32(FlowPool.entriesPerChunk) : pool.header(tail).pointee.count
    coins[index].tailBase = tail == FlowPool.none ? 0 : pool.header(tail).pointee.base
  }
}
