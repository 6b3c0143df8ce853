public import Base
public import Market

/// One account as it lies in memory: 40 bytes.
struct AddressRecord {
  var address: Address
  var firstSeenS: UInt32
  var lastSeenS: UInt32
  var tradeCount: UInt32
  /// Trades since the last flush.
  var unflushedTrades: UInt32
  var pins: UInt16
  /// 0 normal, `dirty`, `free`.
  var flags: UInt8

  static let dirty: UInt8 = 1
  static let free: UInt8 = 2
}

/// Every account seen in trades: Address ⇄ AddressID, when it was seen and how often.
///
/// Bound: `addressesMax`. At the bound a new account takes the place, and the id, of the least recently seen
/// of a run of `handRun` accounts under a moving hand; pinned accounts and those waiting to be flushed stay.
/// When the hand finds none in `handMax` accounts, the new one is refused (`nil`) and counted.
/// An id is therefore good while its account is pinned, or until the next `see`.
/// Memory: 40 bytes per account and 6.4 to 12.8 bytes of index; rows are touched as accounts come.
/// No call takes longer than moving 32 index slots, or clearing a fresh index when it doubles.
public final class AddressBook {
  /// Accounts the hand compares for one place.
  public static let handRun = 32
  /// Accounts the hand looks at before it gives up.
  public static let handMax = 256
  /// Touched accounts listed between two flushes; beyond it a flush looks through all rows.
  public static let touchedMax = 16_384

  /// The most accounts held.
  public let addressesMax: Int
  /// Accounts forgotten at the bound.
  @exclusivity(unchecked) public private(set) var forgotten: UInt64 = 0
  /// New accounts refused at the bound.
  @exclusivity(unchecked) public private(set) var refused: UInt64 = 0
  /// Accounts touched since they were last handed to a flush.
  @exclusivity(unchecked) public private(set) var pendingFlush = 0

  private let rows: UnsafeMutablePointer<AddressRecord>
  @exclusivity(unchecked) private var index: AddressIndex
  @exclusivity(unchecked) private var rowsUsed = 0
  @exclusivity(unchecked) private var freeRows: [UInt32] = []
  @exclusivity(unchecked) private var hand = 0
  private let touched: UnsafeMutablePointer<UInt32>
  @exclusivity(unchecked) private var touchedCount = 0
  @exclusivity(unchecked) private var touchedLost = false
  @exclusivity(unchecked) private var flushHand = 0
  /// The rows seen by the last two calls: a taker is in every trade of its frame, beside ever new makers.
  @exclusivity(unchecked) private var lastRow = -1
  @exclusivity(unchecked) private var rowBefore = -1

  /// An empty book. `seed` keys the hash; the driver draws it from the operating system's randomness.
  public init(addressesMax: Int = 1_000_000, seed: UInt64) {
    precondition(addressesMax > 0 && addressesMax < 1 << 24)
    self.addressesMax = addressesMax
    rows = .allocate(capacity: addressesMax)
    touched = .allocate(capacity: AddressBook.touchedMax)
    index = AddressIndex(rowsMax: addressesMax, seed: seed)
  }

  deinit {
    rows.deallocate()
    touched.deallocate()
  }

  /// Accounts held.
  public var count: Int { index.count }
  /// Bytes of memory touched so far.
  public var memoryBytes: Int {
    rowsUsed * MemoryLayout<AddressRecord>.stride + index.memoryBytes + AddressBook.touchedMax * 4
  }

  /// Counts a trade of `address` at `time`; `nil` when it is new and the bound refuses it.
  public func see(_ address: Address, at time: WallTime) -> Sighting? {
    let seconds = UInt32(clamping: time.ms / 1000)
    let known = seenLately(address)
    let hash = known < 0 ? index.hash(address) : 0
    if known < 0 { index.moveSome(rows) }
    if let row = known < 0 ? index.find(address, hash, rows) : known {
      rowBefore = lastRow
      lastRow = row
      let record = rows + row
      if seconds > record.pointee.lastSeenS { record.pointee.lastSeenS = seconds }
      if seconds < record.pointee.firstSeenS { record.pointee.firstSeenS = seconds }
      if record.pointee.tradeCount != .max { record.pointee.tradeCount += 1 }
      touch(row, trades: 1)
      return Sighting(id: AddressID(raw: UInt32(truncatingIfNeeded: row)), isNew: false)
    }
    guard let row = freeRow() else { return nil }
    fill(row, AddressRow(address: address, firstSeenS: seconds, lastSeenS: seconds, tradeCount: 1), hash)
    touch(row, trades: 1)
    rowBefore = lastRow
    lastRow = row
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
      address: record.pointee.address, firstSeenS: record.pointee.firstSeenS,
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
      record.pointee.firstSeenS = min(record.pointee.firstSeenS, row.firstSeenS)
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
    let record = held(id)
    precondition(record.pointee.pins < .max)
    record.pointee.pins += 1
  }

  /// Takes one pin back.
  public func unpin(_ id: AddressID) {
    let record = held(id)
    precondition(record.pointee.pins > 0)
    record.pointee.pins -= 1
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
    touch(row, trades: newTrades)
    return true
  }

  /// Forgets unpinned, flushed accounts last seen before `time`, looking at up to `limit` rows from where the
  /// last call stopped; answers how many were forgotten.
  public func forget(unseenSince time: WallTime, limit: Int) -> Int {
    let seconds = UInt32(clamping: time.ms / 1000)
    var gone = 0
    for _ in 0..<min(limit, rowsUsed) {
      if hand >= rowsUsed { hand = 0 }
      if isForgettable(hand), rows[hand].lastSeenS < seconds {
        drop(hand)
        freeRows.append(UInt32(hand))
        gone += 1
      }
      hand += 1
    }
    return gone
  }

  /// The row of `address` if one of the last two calls saw it, else -1. A row given up since is marked free, and one
  /// given to somebody else holds another address.
  @inline(__always)
  private func seenLately(_ address: Address) -> Int {
    if rowBefore >= 0, rows[rowBefore].address == address, rows[rowBefore].flags & AddressRecord.free == 0 {
      return rowBefore
    }
    if lastRow >= 0, rows[lastRow].address == address, rows[lastRow].flags & AddressRecord.free == 0 {
      return lastRow
    }
    return -1
  }

  /// Loads what `see` will need of `address`: called for all accounts of a frame before the first `see`, so that
  /// the waits for memory overlap. Answers a number that only keeps the loads from being left out.
  @inline(__always)
  public func warm(_ address: Address) -> UInt32 { index.peek(index.hash(address), rows) }

  private func held(_ id: AddressID) -> UnsafeMutablePointer<AddressRecord> {
    precondition(id.index < rowsUsed && rows[id.index].flags & AddressRecord.free == 0)
    return rows + id.index
  }

  private func fill(_ row: Int, _ values: AddressRow, _ hash: UInt64) {
    (rows + row).initialize(
      to: AddressRecord(
        address: values.address, firstSeenS: values.firstSeenS, lastSeenS: values.lastSeenS,
        tradeCount: values.tradeCount, unflushedTrades: 0, pins: 0, flags: 0))
    index.insert(row, hash, rows)
  }

  @inline(__always)
  private func touch(_ row: Int, trades: UInt32) {
    let (sum, overflow) = rows[row].unflushedTrades.addingReportingOverflow(trades)
    rows[row].unflushedTrades = overflow ? .max : sum
    guard rows[row].flags & AddressRecord.dirty == 0 else { return }
    rows[row].flags |= AddressRecord.dirty
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
    guard rows[row].flags & AddressRecord.dirty != 0 else { return 0 }
    rows[row].flags &= ~AddressRecord.dirty
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

  private func isForgettable(_ row: Int) -> Bool { rows[row].flags == 0 && rows[row].pins == 0 }

  private func drop(_ row: Int) {
    let address = rows[row].address
    index.remove(address, index.hash(address), rows)
    rows[row].flags = AddressRecord.free
  }
}
