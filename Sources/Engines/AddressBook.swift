public import Base
public import Market

/// What a trade needs of an account: 32 bytes, so that none lies in two cache lines.
struct AddressRecord {
  var address: Address
  var lastSeenS: UInt32
  var tradeCount: UInt32
  /// Trades since the last flush; the account is touched when there are any.
  var unflushedTrades: UInt32
}

/// What only a new account, or a rare question, needs: 8 bytes.
struct AddressMargin {
  var firstSeenS: UInt32
  var pins: UInt16
  /// The row holds nobody.
  var isFree: Bool
}

/// Every account seen in trades: Address ⇄ AddressID, when it was seen and how often.
///
/// Bound: `addressesMax`. At the bound a new account takes the place, and the id, of the least recently seen
/// of a run of `handRun` accounts under a moving hand; pinned accounts and those waiting to be flushed stay.
/// When the hand finds none in `handMax` accounts, the new one is refused (`nil`) and counted.
/// An id is therefore good while its account is pinned, or until the next `see`.
/// Memory: 40 bytes per account in two arrays and 6.4 to 12.8 bytes of index; rows are touched as accounts come.
/// No call takes longer than moving 32 index slots, or clearing a fresh index when it doubles.
public final class AddressBook {
  /// Accounts the hand compares for one place.
  public static let handRun = 32
  /// Accounts the hand looks at before it gives up.
  public static let handMax = 256
  /// Touched accounts listed between two flushes; beyond it a flush looks through all rows.
  public static let touchedMax = 16_384

  /// Seconds an account may not be seen before the next sight is told as its coming back: a minute less than the
  /// seven days after which nobody asks about it any more, so that whoever gave it up is told in any case.
  public static let absenceS: UInt32 = 7 * 86_400 - 60

  /// The most accounts held.
  public let addressesMax: Int
  /// Accounts forgotten at the bound.
  @exclusivity(unchecked) public private(set) var forgotten: UInt64 = 0
  /// New accounts refused at the bound.
  @exclusivity(unchecked) public private(set) var refused: UInt64 = 0
  /// Accounts touched since they were last handed to a flush.
  @exclusivity(unchecked) public private(set) var pendingFlush = 0

  private let rows: UnsafeMutablePointer<AddressRecord>
  private let margins: UnsafeMutablePointer<AddressMargin>
  @exclusivity(unchecked) private var index: AddressIndex
  @exclusivity(unchecked) private var rowsUsed = 0
  @exclusivity(unchecked) private var freeRows: [UInt32] = []
  @exclusivity(unchecked) private var hand = 0
  private let touched: UnsafeMutablePointer<UInt32>
  @exclusivity(unchecked) private var touchedCount = 0
  @exclusivity(unchecked) private var touchedLost = false
  @exclusivity(unchecked) private var flushHand = 0
  /// Keeps loads that only warm the cache from being left out.
  @exclusivity(unchecked) private var loaded: UInt32 = 0

  /// An empty book. `seed` keys the hash; the driver draws it from the operating system's randomness.
  public init(addressesMax: Int = 1_000_000, seed: UInt64) {
    precondition(addressesMax > 0 && addressesMax < 1 << 24)
    self.addressesMax = addressesMax
    rows = UnsafeMutableRawPointer.allocate(
      byteCount: addressesMax * MemoryLayout<AddressRecord>.stride, alignment: 64
    ).bindMemory(to: AddressRecord.self, capacity: addressesMax)
    margins = .allocate(capacity: addressesMax)
    touched = .allocate(capacity: AddressBook.touchedMax)
    index = AddressIndex(rowsMax: addressesMax, seed: seed)
  }

  deinit {
    UnsafeMutableRawPointer(rows).deallocate()
    margins.deallocate()
    touched.deallocate()
  }

  /// Accounts held.
  public var count: Int { index.count }
  /// Bytes of memory touched so far.
  public var memoryBytes: Int {
    rowsUsed * (MemoryLayout<AddressRecord>.stride + MemoryLayout<AddressMargin>.stride) + index.memoryBytes
      + AddressBook.touchedMax * 4
  }

  /// Counts a trade of `address` at `time`; `nil` when it is new and the bound refuses it.
  public func see(_ address: Address, at time: WallTime) -> Sighting? {
    see(address, hash: index.hash(address), from: time, to: time, trades: 1)
  }

  /// Counts the runs; writes the sightings of accounts that were new or came back to `news`, which has room for as many
  /// as there are runs, and answers how many those are.
  ///
  /// Three passes, the first two short enough for the processor to wait for the memory of a dozen accounts at once.
  func see(
    _ runs: UnsafeMutableBufferPointer<AddressRun>, news: UnsafeMutablePointer<Sighting>
  ) -> Int {
    var sum: UInt32 = 0
    for place in runs.indices {
      let hash = index.hash(runs[place].address)
      runs[place].hash = hash
      sum ^= index.slot(hash)
    }
    for place in runs.indices { sum ^= index.peek(runs[place].hash, rows) }
    loaded ^= sum
    var count = 0
    for run in runs {
      let seen = see(run.address, hash: run.hash, from: run.first, to: run.last, trades: run.trades)
      guard let seen, seen.isNew || seen.isBack else { continue }
      (news + count).initialize(to: seen)
      count += 1
    }
    return count
  }

  /// Counts `trades` trades of `address`, at least one, made between two times; `nil` when it is new and the bound
  /// refuses it.
  @inline(__always)
  private func see(
    _ address: Address, hash: UInt64, from first: WallTime, to last: WallTime, trades: UInt32
  ) -> Sighting? {
    let (firstS, lastS) = (UInt32(clamping: first.ms / 1000), UInt32(clamping: last.ms / 1000))
    index.moveSome(rows)
    if let row = index.find(address, hash, rows) {
      let record = rows + row
      // The first sight never lies behind the last, so it is only looked at when these trades came late.
      if firstS < record.pointee.lastSeenS, firstS < margins[row].firstSeenS {
        margins[row].firstSeenS = firstS
      }
      var isBack = false
      if lastS > record.pointee.lastSeenS {
        isBack = lastS &- record.pointee.lastSeenS > AddressBook.absenceS
        record.pointee.lastSeenS = lastS
      }
      let (sum, overflow) = record.pointee.tradeCount.addingReportingOverflow(trades)
      record.pointee.tradeCount = overflow ? .max : sum
      touch(row, trades: trades)
      return Sighting(id: AddressID(raw: UInt32(truncatingIfNeeded: row)), isNew: false, isBack: isBack)
    }
    guard let row = freeRow() else { return nil }
    fill(row, AddressRow(address: address, firstSeenS: firstS, lastSeenS: lastS, tradeCount: trades), hash)
    touch(row, trades: trades)
    return Sighting(id: AddressID(raw: UInt32(row)), isNew: true)
  }

  /// The id of `address`, if it is in the book.
  public func find(_ address: Address) -> AddressID? {
    index.find(address, index.hash(address), rows).map { AddressID(raw: UInt32($0)) }
  }

  /// What is known of the account with `id`, which must be held.
  public func row(_ id: AddressID) -> AddressRow {
    let record = held(id)
    return AddressRow(
      address: record.pointee.address, firstSeenS: margins[id.index].firstSeenS,
      lastSeenS: record.pointee.lastSeenS, tradeCount: record.pointee.tradeCount)
  }

  /// The account with `id`, which must be held.
  public func address(_ id: AddressID) -> Address { held(id).pointee.address }

  /// Puts a stored row into the book at a warm start; does not mark it touched. An account that was seen
  /// before keeps the wider times and the larger count. `nil` when the book is full.
  public func restore(_ row: AddressRow) -> AddressID? {
    let hash = index.hash(row.address)
    if let known = index.find(row.address, hash, rows) {
      let record = rows + known
      margins[known].firstSeenS = min(margins[known].firstSeenS, row.firstSeenS)
      record.pointee.lastSeenS = max(record.pointee.lastSeenS, row.lastSeenS)
      record.pointee.tradeCount = max(record.pointee.tradeCount, row.tradeCount)
      return AddressID(raw: UInt32(known))
    }
    guard let place = freeRow() else { return nil }
    fill(place, row, hash)
    return AddressID(raw: UInt32(place))
  }

  /// Keeps the account with `id` in the book until as many `unpin` calls.
  public func pin(_ id: AddressID) {
    _ = held(id)
    precondition(margins[id.index].pins < .max)
    margins[id.index].pins += 1
  }

  /// Whether anybody keeps the account in the book.
  public func isPinned(_ id: AddressID) -> Bool {
    _ = held(id)
    return margins[id.index].pins > 0
  }

  /// Takes one pin back.
  public func unpin(_ id: AddressID) {
    _ = held(id)
    precondition(margins[id.index].pins > 0)
    margins[id.index].pins -= 1
  }

  /// Hands up to `limit` touched accounts to `body`, each with its trades since it was last handed over, and
  /// marks them flushed; answers how many. The order is that of the first touch (of the ids, when more than
  /// `touchedMax` were touched).
  @discardableResult
  public func takeTouched(limit: Int, _ body: (AddressID, AddressRow, _ newTrades: UInt32) -> Void) -> Int {
    var taken = 0
    var done = 0
    while done < touchedCount, taken < limit {
      let row = Int(touched[done])
      done += 1
      taken += flush(row, body)
    }
    touchedCount -= done
    touched.update(from: touched + done, count: touchedCount)
    guard touchedLost, touchedCount == 0 else { return taken }
    var looked = 0
    while taken < limit, looked < rowsUsed, pendingFlush > 0 {
      if flushHand >= rowsUsed { flushHand = 0 }
      taken += flush(flushHand, body)
      flushHand += 1
      looked += 1
    }
    if pendingFlush == 0 { touchedLost = false }
    return taken
  }

  /// Marks an account as touched again when the flush of its `newTrades` failed; `false` when the book has
  /// forgotten it meanwhile.
  public func putBack(_ address: Address, newTrades: UInt32) -> Bool {
    guard let row = index.find(address, index.hash(address), rows) else { return false }
    if newTrades > 0 { touch(row, trades: newTrades) }
    return true
  }

  /// Forgets unpinned, flushed accounts last seen before `time`, looking at up to `limit` rows from where the
  /// last call stopped; answers how many were forgotten. `gone` hears of each while its row can still be read.
  public func forget(unseenSince time: WallTime, limit: Int, _ gone: (AddressID) -> Void = { _ in }) -> Int {
    let seconds = UInt32(clamping: time.ms / 1000)
    var forgotten = 0
    for _ in 0..<min(limit, rowsUsed) {
      if hand >= rowsUsed { hand = 0 }
      if isForgettable(hand), rows[hand].lastSeenS < seconds {
        gone(AddressID(raw: UInt32(hand)))
        drop(hand)
        freeRows.append(UInt32(hand))
        forgotten += 1
      }
      hand += 1
    }
    return forgotten
  }

  private func held(_ id: AddressID) -> UnsafeMutablePointer<AddressRecord> {
    precondition(id.index < rowsUsed && !margins[id.index].isFree)
    return rows + id.index
  }

  private func fill(_ row: Int, _ values: AddressRow, _ hash: UInt64) {
    (rows + row).initialize(
      to: AddressRecord(
        address: values.address, lastSeenS: values.lastSeenS, tradeCount: values.tradeCount,
        unflushedTrades: 0))
    (margins + row).initialize(to: AddressMargin(firstSeenS: values.firstSeenS, pins: 0, isFree: false))
    index.insert(row, hash, rows)
  }

  @inline(__always)
  private func touch(_ row: Int, trades: UInt32) {
    let before = rows[row].unflushedTrades
    let (sum, overflow) = before.addingReportingOverflow(trades)
    rows[row].unflushedTrades = overflow ? .max : sum
    guard before == 0 else { return }
    pendingFlush += 1
    if touchedCount < AddressBook.touchedMax {
      touched[touchedCount] = UInt32(truncatingIfNeeded: row)
      touchedCount += 1
    } else {
      touchedLost = true
    }
  }

  /// Hands one row over when it is dirty; answers 1 if so.
  private func flush(_ row: Int, _ body: (AddressID, AddressRow, UInt32) -> Void) -> Int {
    guard rows[row].unflushedTrades > 0 else { return 0 }
    pendingFlush -= 1
    let id = AddressID(raw: UInt32(row))
    let newTrades = rows[row].unflushedTrades
    rows[row].unflushedTrades = 0
    body(id, self.row(id), newTrades)
    return 1
  }

  /// A row to fill: a free one, a fresh one, or the one the hand takes from somebody.
  private func freeRow() -> Int? {
    if let row = freeRows.popLast() { return Int(row) }
    if rowsUsed < addressesMax {
      rowsUsed += 1
      return rowsUsed - 1
    }
    var best = -1
    var looked = 0
    while looked < AddressBook.handMax, looked < rowsUsed {
      if hand >= rowsUsed { hand = 0 }
      if isForgettable(hand), best < 0 || rows[hand].lastSeenS < rows[best].lastSeenS { best = hand }
      hand += 1
      looked += 1
      if looked >= AddressBook.handRun, best >= 0 { break }
    }
    guard best >= 0 else {
      refused &+= 1
      return nil
    }
    drop(best)
    forgotten &+= 1
    return best
  }

  private func isForgettable(_ row: Int) -> Bool {
    rows[row].unflushedTrades == 0 && margins[row].pins == 0 && !margins[row].isFree
  }

  private func drop(_ row: Int) {
    let address = rows[row].address
    index.remove(address, index.hash(address), rows)
    margins[row].isFree = true
  }
}
