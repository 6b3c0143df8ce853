/// Looking through an order-flow engine for broken invariants; for tests and for the simulator's oracles.
extension OrderFlow {
  /// The first broken invariant found, in words; `nil` when all is well. Takes time in proportion to the
  /// trades held.
  public func brokenInvariant() -> String? {
    var chunks = 0
    for index in 0..<state.pointee.coinsSeen {
      if let broken = state.pointee.audit(index, &chunks) { return "coin \(index): \(broken)" }
    }
    return chunks == state.pointee.pool.used ? nil : "\(chunks) chunks in lists, \(chunksUsed) in use"
  }
}

extension FlowState {
  /// The first broken invariant of one coin; adds its chunks to `chunks`.
  fileprivate func audit(_ index: Int, _ chunks: inout Int) -> String? {
    let coin = coins[index]
    var (chunk, previous, last) = (coin.head, FlowPool.none, Int64.min)
    while chunk != FlowPool.none {
      let header = pool.header(chunk).pointee
      if header.previous != previous { return "chunk \(chunk) is linked to \(header.previous)" }
      if header.count == 0 || header.count > UInt32(FlowPool.entriesPerChunk) {
        return "\(header.count) entries"
      }
      for entry in 0..<Int(header.count) {
        let time = pool.time(chunk, entry)
        if time < last { return "\(time) behind \(last)" }
        if pool.entry(chunk, entry).micros < 0 { return "negative notional" }
        if pool.entry(chunk, entry).count & FlowPool.countMax == 0 { return "an entry for no trade" }
        last = time
      }
      chunks += 1
      (previous, chunk) = (chunk, header.next)
    }
    let tailCount = previous == FlowPool.none ? 128 : pool.header(previous).pointee.count
    if coin.tailCount != tailCount { return "\(coin.tailCount) entries noted, \(tailCount) there" }
    if coin.tail != previous { return "the last chunk is \(previous), not \(coin.tail)" }
    if last > coin.recent.newest { return "\(last) is newer than the newest" }
    for window in 0..<windowCount {
      if let broken = auditCursor(index, window) { return "window \(window): \(broken)" }
    }
    return coin.recent.brokenInvariant()
  }

  /// Whether the totals before a cursor and the entries behind it make up the coin's totals.
  private func auditCursor(_ index: Int, _ window: Int) -> String? {
    let cursor = cursors[index * windowCount + window]
    if window == holdingWindow, cursor.chunk != coins[index].head { return "the first chunk is not held" }
    var (totals, chunk, entry) = (cursor.before, cursor.chunk, cursor.index)
    while chunk != FlowPool.none {
      let header = pool.header(chunk).pointee
      if entry > Int(header.count) { return "the cursor is at \(entry) of \(header.count)" }
      while entry < Int(header.count) {
        if pool.time(chunk, entry) + windowMs[window] < coins[index].nextExpiry { return "expires too late" }
        totals.add(pool.entry(chunk, entry))
        entry += 1
      }
      (chunk, entry) = (header.next, 0)
    }
    return totals == coins[index].totals ? nil : "the sums do not add up"
  }
}

extension FlowRecent {
  /// The first broken invariant of the remembered trades.
  fileprivate func brokenInvariant() -> String? {
    let all = remembered
    for (a, b) in zip(all, all.dropFirst()) where a.time > b.time { return "remembered out of order" }
    if let last = all.last, last.time > newest { return "newest is \(newest), not \(last.time)" }
    if let first = all.first, first.time < floor { return "remembers what it has forgotten" }
    return nil
  }
}
