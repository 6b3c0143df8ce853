/// A run of rows that grows behind and is dropped in front; positions stay valid as absolute numbers.
///
/// Invariant: `rows[head...]` are the rows `dropped ..< dropped + count`. The front is given back in slabs,
/// so dropping is O(1) amortised.
struct RowLog<Row> {
  private var rows: [Row] = []
  private var head = 0
  /// Rows dropped so far: the absolute number of the first row held.
  private(set) var dropped = 0

  /// Rows held.
  var count: Int { rows.count - head }
  /// The absolute number behind the last row.
  var end: Int { dropped + count }

  /// The row with the absolute number `position`, which must be held.
  subscript(position: Int) -> Row { rows[head + position - dropped] }

  mutating func append(_ row: Row) { rows.append(row) }

  mutating func dropFirst(_ n: Int = 1) {
    head += n
    dropped += n
    if head > 64 && head * 2 > rows.count {
      rows.removeFirst(head)
      head = 0
    }
  }

  /// The first absolute number whose row does not satisfy `isBefore`; rows must be ordered by it.
  func partition(_ isBefore: (Row) -> Bool) -> Int {
    var low = dropped
    var high = end
    while low < high {
      let middle = low + (high - low) / 2
      if isBefore(self[middle]) { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

/// Which coins traded in which block: what a connection walks to find its new trades.
///
/// Bound: `entriesMax`; the oldest entries are overwritten, and a reader that fell further behind misses
/// them, as a client too slow for the exchange would.
struct BlockLog {
  static let entriesMax = 1 << 16

  struct Entry {
    var timeMs: Int64
    /// Absolute number of the block's first trade of this coin.
    var first: Int
    var count: Int32
    var coin: Int32
  }

  private var entries: [Entry] = []
  /// Absolute number behind the last entry.
  private(set) var end = 0

  /// The oldest absolute number still held.
  var start: Int { max(0, end - BlockLog.entriesMax) }

  subscript(position: Int) -> Entry { entries[position & (BlockLog.entriesMax - 1)] }

  mutating func append(_ entry: Entry) {
    if entries.count < BlockLog.entriesMax {
      entries.append(entry)
    } else {
      entries[end & (BlockLog.entriesMax - 1)] = entry
    }
    end += 1
  }

  mutating func extend(_ position: Int) {
    entries[position & (BlockLog.entriesMax - 1)].count += 1
  }

  /// The first entry at or after `timeMs`.
  func first(atOrAfter timeMs: Int64) -> Int {
    var low = start
    var high = end
    while low < high {
      let middle = low + (high - low) / 2
      if self[middle].timeMs < timeMs { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
