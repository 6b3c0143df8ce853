import Base
import Market

/// What happens when the clock steps back by more than jitter: see "Time" at `OrderFlow`.
///
/// A coin is laid out again when it is next touched, or when the clock steps back once more, in time
/// proportional to what it holds.
extension FlowState {
  @inline(never)
  mutating func stepBack(_ now: WallTime) {
    // Coins that have not been touched since an earlier step must learn of it before this one.
    for index in 0..<coinsSeen where coins[index].epoch != epoch { layOutAgain(index) }
    clockBeforeStep = clock
    clock = max(now.ms, 0)
    clockAfterStep = clock
    epoch &+= 1
  }

  /// After the clock stepped back: forgets what is now in the far future, lets every window begin at the
  /// oldest trade held and says from when on the windows are complete.
  @inline(never)
  mutating func layOutAgain(_ index: Int) {
    let horizon = clockAfterStep + OrderFlow.aheadMaxMs
    // What left the windows, or was refused, under the old clock: nothing newer than it could be missing.
    let newestGone = max(coins[index].recent.newest, newestTooOld)
    let complete = newestGone == .min ? .min : min(clockBeforeStep - holdingMs, newestGone + 1)
    coins[index].heldSince = max(min(coins[index].heldSince, horizon), complete)
    cutExpired(index)
    cutFuture(index, horizon)
    noteTail(index)
    let tail = coins[index].tail
    let lastHeld =
      tail == FlowPool.none ? Int64.min : pool.time(tail, Int(pool.header(tail).pointee.count) - 1)
    coins[index].recent.forget(after: horizon, lastHeld: lastHeld)
    let row = cursors + index * windowCount
    for window in 0..<windowCount { row[window] = row[holdingWindow] }
    coins[index].epoch = epoch
    advance(index)
  }

  /// Takes the entries before the holding window's cursor, which is always in the oldest chunk, out of it, so
  /// that the coin holds nothing but what is in that window.
  private mutating func cutExpired(_ index: Int) {
    let holding = cursors + index * windowCount + holdingWindow
    while holding.pointee.chunk != FlowPool.none, holding.pointee.index > 0 {
      let chunk = holding.pointee.chunk
      let header = pool.header(chunk)
      let kept = Int(header.pointee.count) - holding.pointee.index
      if kept > 0 {
        pool.entry(chunk, holding.pointee.index).move(kept, to: pool.entry(chunk, 0))
        header.pointee.count = UInt32(kept)
      } else {
        holding.pointee.chunk = header.pointee.next
        releaseHead(index)
      }
      holding.pointee.index = 0
    }
  }

  /// Takes the entries later than `horizon` out of the coin's totals and chunks; only the holding window's
  /// cursor is kept right, which stands at the first entry.
  private mutating func cutFuture(_ index: Int, _ horizon: Int64) {
    let holding = cursors + index * windowCount + holdingWindow
    while coins[index].tail != FlowPool.none {
      let tail = coins[index].tail
      let header = pool.header(tail)
      while header.pointee.count > 0 {
        let last = Int(header.pointee.count) - 1
        guard pool.time(tail, last) > horizon else { return }
        coins[index].totals.remove(pool.entry(tail, last))
        header.pointee.count -= 1
      }
      let previous = header.pointee.previous
      coins[index].tail = previous
      if previous == FlowPool.none {
        coins[index].head = FlowPool.none
        holding.pointee.chunk = FlowPool.none
        holding.pointee.index = 0
      } else {
        pool.header(previous).pointee.next = FlowPool.none
      }
      pool.give(tail)
    }
  }
}
