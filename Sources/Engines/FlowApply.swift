import Base
import Market

/// Taking trades in: the common case at the front, late trades and full chunks behind.
extension FlowState {
  @inline(__always)
  mutating func apply(_ trade: borrowing Trade) -> FlowOutcome {
    let time = trade.time.ms
    guard time >= clock - holdingMs else {
      newestTooOld = max(newestTooOld, time)
      return .tooOld
    }
    guard time <= clock + OrderFlow.aheadMaxMs else { return .tooNew }
    guard trade.px.raw > 0, trade.sz.raw > 0 else { return .invalid }
    guard let notional = trade.px.times(trade.sz) else { return .overflow }
    let index = trade.coin.index
    if index >= coinsSeen {
      guard index < coinsMax else { return .unknownCoin }
      meet(index)
    }
    let coin = coins + index
    if coin.pointee.epoch != epoch { layOutAgain(index) }
    var isUnverified = false
    if time <= coin.pointee.recent.newest {
      switch coin.pointee.recent.judge(time, trade.tid) {
      case .duplicate: return .duplicate
      case .forgotten: return .tooOldToTell
      case .fresh: break
      case .freshUnverified: isUnverified = true
      }
    }
    let (micros, side) = (notional.micros, trade.side)
    guard micros <= coin.pointee.headroom || hasHeadroom(index, micros, side) else { return .overflow }
    coin.pointee.headroom -= min(micros, coin.pointee.headroom)
    if isUnverified { unverifiedTrades &+= 1 }

    let mark = side == .buy ? 0 : FlowPool.sellBit
    // A trade that is already too old for some window must step over that window's cursor.
    if time >= max(coin.pointee.recent.newest, clock - shortestMs) {
      if !append(coin, time, micros, mark) { appendChunk(index, time, micros, mark) }
      coin.pointee.recent.append(time, trade.tid, placesMax: recentMax)
    } else {
      insert(index, time, micros, mark)
      coin.pointee.recent.insert(time, trade.tid, placesMax: recentMax)
    }
    coin.pointee.totals.add(micros, count: mark | 1)
    return .counted
  }

  /// Whether the longest window's sum stays inside `Usd` with `micros` more, counted exactly; the shorter
  /// windows' sums are parts of it. Renews the coin's headroom.
  @inline(never)
  private mutating func hasHeadroom(_ index: Int, _ micros: Int64, _ side: Side) -> Bool {
    advance(index)
    let before = cursors[index * windowCount + holdingWindow].before
    let buy = Int64(bitPattern: coins[index].totals.buy &- before.buy)
    let sell = Int64(bitPattern: coins[index].totals.sell &- before.sell)
    coins[index].headroom = Int64.max - max(buy, sell)
    return micros <= Int64.max - (side == .buy ? buy : sell)
  }

  /// Puts a trade behind all others of its coin when the last chunk can take it.
  @inline(__always)
  private mutating func append(
    _ coin: UnsafeMutablePointer<FlowCoin>, _ time: Int64, _ micros: Int64, _ mark: UInt16
  ) -> Bool {
    let (tail, count) = (coin.pointee.tail, Int(coin.pointee.tailCount))
    let offset = UInt64(bitPattern: time &- coin.pointee.tailBase)
    if time == coin.pointee.recent.newest, tail != FlowPool.none, merge(tail, count, offset, micros, mark) {
      return true
    }
    guard count < FlowPool.entriesPerChunk, offset <= UInt64(UInt32.max) else { return false }
    let entry = pool.entry(tail, count)
    entry.offset = UInt32(truncatingIfNeeded: offset)
    entry.count = mark | 1
    entry.micros = micros
    coin.pointee.tailCount &+= 1
    pool.header(tail).pointee.count = coin.pointee.tailCount
    coin.pointee.nextExpiry = min(coin.pointee.nextExpiry, time + shortestMs)
    return true
  }

  /// Adds a trade to an entry of its millisecond and side among the two before `end`, if there is one with
  /// room. Where the entry lies within its millisecond does not matter: windows never cut one.
  @inline(__always)
  private func merge(_ chunk: UInt32, _ end: Int, _ offset: UInt64, _ micros: Int64, _ mark: UInt16) -> Bool {
    for index in stride(from: end - 1, through: max(end - 2, 0), by: -1) {
      let entry = pool.entry(chunk, index)
      guard UInt64(entry.offset) == offset else { return false }
      let count = entry.count
      guard count & FlowPool.sellBit == mark, count & FlowPool.countMax != FlowPool.countMax else { continue }
      let (sum, overflow) = entry.micros.addingReportingOverflow(micros)
      guard !overflow else { continue }
      entry.micros = sum
      entry.count = count + 1
      return true
    }
    return false
  }

  /// Puts a trade behind all others of its coin into a new chunk.
  @inline(never)
  private mutating func appendChunk(_ index: Int, _ time: Int64, _ micros: Int64, _ mark: UInt16) {
    advance(index)
    makeRoom()
    guard let chunk = pool.take(base: time) else { return }
    let tail = coins[index].tail
    pool.header(chunk).pointee.previous = tail
    coins[index].tail = chunk
    if tail == FlowPool.none {
      coins[index].head = chunk
      let row = cursors + index * windowCount
      for window in 0..<windowCount {
        row[window].chunk = chunk
        row[window].index = 0
      }
    } else {
      pool.header(tail).pointee.next = chunk
    }
    noteTail(index)
    _ = append(coins + index, time, micros, mark)
  }

  /// Puts a trade that came late at its place in time. Windows it is already too old for step over it.
  @inline(never)
  private mutating func insert(_ index: Int, _ time: Int64, _ micros: Int64, _ mark: UInt16) {
    advance(index)
    guard coins[index].tail != FlowPool.none else { return appendChunk(index, time, micros, mark) }
    var (chunk, entry) = place(index, time)
    let offset = UInt64(bitPattern: time &- pool.header(chunk).pointee.base)
    if time > pool.header(chunk).pointee.base, offset > UInt64(UInt32.max) {
      return appendChunk(index, time, micros, mark)
    }
    let isMerged = entry > 0 && merge(chunk, entry, offset, micros, mark)
    if !isMerged {
      if pool.header(chunk).pointee.count == UInt32(FlowPool.entriesPerChunk) {
        makeRoom()
        // Making room may have dropped chunks of this very coin.
        guard coins[index].tail != FlowPool.none else { return appendChunk(index, time, micros, mark) }
        (chunk, entry) = place(index, time)
        if pool.header(chunk).pointee.count == UInt32(FlowPool.entriesPerChunk) {
          split(index, chunk)
          (chunk, entry) = place(index, time)
        }
      }
      open(chunk, entry, time)
      pool.entry(chunk, entry).micros = micros
      pool.entry(chunk, entry).count = mark | 1
      noteTail(index)
      coins[index].nextExpiry = min(coins[index].nextExpiry, time + shortestMs)
    }
    let row = cursors + index * windowCount
    for window in 0..<windowCount where time < clock - windowMs[window] {
      row[window].before.add(micros, count: mark | 1)
      if !isMerged, row[window].chunk == chunk { row[window].index += 1 }
    }
  }

  /// The place behind the last entry not later than `time`, searched from the newest: what the coin remembers
  /// bounds how far back an accepted trade can lie. At the end of a chunk only when it is the last one.
  private func place(_ index: Int, _ time: Int64) -> (chunk: UInt32, entry: Int) {
    var chunk = coins[index].tail
    while true {
      var entry = Int(pool.header(chunk).pointee.count)
      while entry > 0, pool.time(chunk, entry - 1) > time { entry -= 1 }
      let previous = pool.header(chunk).pointee.previous
      guard entry == 0, previous != FlowPool.none else { return (chunk, entry) }
      let last = Int(pool.header(previous).pointee.count) - 1
      guard pool.time(previous, last) > time else { return (chunk, 0) }
      chunk = previous
    }
  }

  /// Moves the entries from `entry` on one place up and writes the new one's time.
  private func open(_ chunk: UInt32, _ entry: Int, _ time: Int64) {
    let header = pool.header(chunk)
    let count = Int(header.pointee.count)
    if time < header.pointee.base {
      let shift = UInt32(clamping: header.pointee.base - time)
      for other in 0..<count { pool.entry(chunk, other).offset += shift }
      header.pointee.base = time
    }
    pool.entry(chunk, entry).move(count - entry, to: pool.entry(chunk, entry + 1))
    pool.entry(chunk, entry).offset = UInt32(clamping: time - header.pointee.base)
    header.pointee.count += 1
  }

  /// Moves the newer half of a full chunk into a fresh one behind it.
  private mutating func split(_ index: Int, _ chunk: UInt32) {
    let header = pool.header(chunk)
    guard let fresh = pool.take(base: header.pointee.base) else { return }
    let (half, rest) = (FlowPool.entriesPerChunk / 2, FlowPool.entriesPerChunk / 2)
    pool.entry(chunk, half).move(rest, to: pool.entry(fresh, 0))
    let next = header.pointee.next
    pool.header(fresh).pointee.count = UInt32(rest)
    pool.header(fresh).pointee.previous = chunk
    pool.header(fresh).pointee.next = next
    header.pointee.count = UInt32(half)
    header.pointee.next = fresh
    if next == FlowPool.none {
      coins[index].tail = fresh
    } else {
      pool.header(next).pointee.previous = fresh
    }
    let row = cursors + index * windowCount
    for window in 0..<windowCount where row[window].chunk == chunk && row[window].index >= half {
      row[window].chunk = fresh
      row[window].index -= half
    }
    releaseExpired(index)
  }

  /// Makes sure that a chunk can be taken: when the pool is full, whatever has expired anywhere is given
  /// back first, then the chunk that begins earliest of all coins is dropped.
  private mutating func makeRoom() {
    guard !pool.hasFree else { return }
    var oldest = -1
    for index in 0..<coinsSeen {
      settle(index)
      let head = coins[index].head
      guard head != FlowPool.none else { continue }
      if oldest < 0 || pool.header(head).pointee.base < pool.header(coins[oldest].head).pointee.base {
        oldest = index
      }
    }
    if !pool.hasFree, oldest >= 0 { dropHead(oldest) }
  }

  /// Drops the coin's oldest chunk although a window still counts it.
  private mutating func dropHead(_ index: Int) {
    let head = coins[index].head
    let (count, next) = (Int(pool.header(head).pointee.count), pool.header(head).pointee.next)
    let row = cursors + index * windowCount
    for entry in row[holdingWindow].index..<count {
      droppedTrades &+= UInt64(pool.entry(head, entry).count & FlowPool.countMax)
    }
    for window in 0..<windowCount where row[window].chunk == head {
      for entry in row[window].index..<count { row[window].before.add(pool.entry(head, entry)) }
      row[window].chunk = next
      row[window].index = 0
    }
    coins[index].heldSince = max(coins[index].heldSince, pool.time(head, count - 1) + 1)
    droppedChunks &+= 1
    releaseHead(index)
  }

  /// Makes place for the coin's state and all coins before it.
  @inline(never)
  private mutating func meet(_ index: Int) {
    if index >= coinsRoom {
      var room = coinsRoom
      while room <= index { room *= 2 }
      let freshCoins = UnsafeMutablePointer<FlowCoin>.allocate(capacity: room)
      let freshCursors = UnsafeMutablePointer<FlowCursor>.allocate(capacity: room * windowCount)
      freshCoins.moveInitialize(from: coins, count: coinsSeen)
      freshCursors.moveInitialize(from: cursors, count: coinsSeen * windowCount)
      coins.deallocate()
      cursors.deallocate()
      coins = freshCoins
      cursors = freshCursors
      coinsRoom = room
    }
    for new in coinsSeen...index {
      (coins + new).initialize(to: FlowCoin())
      coins[new].epoch = epoch
    }
    (cursors + coinsSeen * windowCount).initialize(
      repeating: FlowCursor(), count: (index + 1 - coinsSeen) * windowCount)
    coinsSeen = index + 1
  }
}
