public import Base
public import Market

/// One account's place in the rankings: 40 bytes.
public struct Ranking: Hashable, Sendable {
  /// Its newest equity of the last 24 hours.
  public var equity: Usd
  /// Newest minus oldest equity of the last 24 hours.
  public var pnl: Usd
  private var a: UInt64
  private var b: UInt64
  private var c: UInt32
  /// The account.
  public var account: AddressID

  init(account: AddressID, address: Address, equity: Usd, pnl: Usd) {
    self.account = account
    self.equity = equity
    self.pnl = pnl
    (a, b, c) = (address.a, address.b, address.c)
  }

  /// The account's address.
  public var address: Address { Address(a: a, b: b, c: c) }

  /// `pnl` in percent of the oldest equity; 0 when that was not positive.
  public var pnlPct: Double {
    let first = equity.double - pnl.double
    return first > 0 ? pnl.double / first * 100 : 0
  }

  /// More profit before less, ties in the order of the address's text. No look into the address book: an account
  /// that is about to leave may be forgotten there.
  @inline(__always)
  func isBefore(_ other: Ranking) -> Bool {
    if pnl != other.pnl { return pnl > other.pnl }
    return a != other.a ? a < other.a : b != other.b ? b < other.b : c < other.c
  }
}

/// Accounts by profit of the last 24 hours, best first; ties in the order of the address's text.
///
/// Ranked are the accounts with at least two snapshots. A `refresh` takes the accounts whose range changed out of
/// the sorted list and puts them back where they belong: a look at every row, a search per change and moves of what
/// lies between; nothing is sorted but the changes. Bounds: as many rows as `EquityLog` has accounts with two
/// snapshots (at most half of `snapshotsMax`); `changesMax` accounts per refresh, the rest waits for the next.
public final class Rankings {
  /// Accounts one `refresh` places; with 100,000 ranked that takes about a millisecond.
  public static let changesMax = 2_000
  /// Snapshots one `refresh` lets expire.
  public static let expiredMax = 10_000

  /// The moment `rows` was last known to be right.
  @exclusivity(unchecked) public private(set) var asOf: WallTime?
  /// Counts the refreshes that changed `rows`.
  @exclusivity(unchecked) public private(set) var version: UInt64 = 0

  @exclusivity(unchecked) private var storage: UnsafeMutablePointer<Ranking>
  @exclusivity(unchecked) private var capacity = 1_024
  @exclusivity(unchecked) private var count = 0
  @exclusivity(unchecked) private var fresh: [Ranking] = []
  @exclusivity(unchecked) private var changed: [AddressID] = []
  /// A bit per account id: its row is about to be taken out.
  @exclusivity(unchecked) private var marks: [UInt64] = []

  /// No rankings.
  public init() { storage = .allocate(capacity: capacity) }

  deinit { storage.deallocate() }

  /// The ranked accounts, best first; valid until the next `refresh`.
  public var rows: UnsafeBufferPointer<Ranking> { UnsafeBufferPointer(start: storage, count: count) }

  /// Follows what changed in `log`; answers whether nothing is left to do, so that `rows` is right as of `now`.
  /// `false` asks for another call soon.
  @discardableResult
  public func refresh(
    _ log: EquityLog, book: AddressBook, limit: Int = changesMax, now: WallTime
  ) -> Bool {
    let expired = log.expire(limit: Rankings.expiredMax, now: now)
    changed.removeAll(keepingCapacity: true)
    log.takeDirty(limit: limit) { changed.append($0) }
    if !changed.isEmpty {
      collect(log, book, now)
      takeOut()
      putBack()
      version &+= 1
    }
    guard expired < Rankings.expiredMax, log.dirtyCount == 0 else { return false }
    asOf = now
    return true
  }

  /// Follows everything at once, however long it takes: for the warm start, before anybody is served.
  public func rebuild(_ log: EquityLog, book: AddressBook, now: WallTime) {
    while !refresh(log, book: book, limit: .max, now: now) {}
  }

  /// Marks the changed accounts and makes their rows, in order.
  private func collect(_ log: EquityLog, _ book: AddressBook, _ now: WallTime) {
    fresh.removeAll(keepingCapacity: true)
    let wordsNeeded = log.accountsEnd >> 6 + 1
    if marks.count < wordsNeeded {
      marks.append(contentsOf: repeatElement(0, count: wordsNeeded - marks.count))
    }
    for account in changed {
      marks[account.index >> 6] |= 1 << UInt64(account.index & 63)
      guard let range = log.range(of: account, now: now), range.count >= 2 else { continue }
      // What no decoder lets in is no ranking.
      let (pnl, overflow) = range.last.micros.subtractingReportingOverflow(range.first.micros)
      guard !overflow else { continue }
      fresh.append(
        Ranking(
          account: account, address: book.address(account), equity: range.last, pnl: Usd(micros: pnl)))
    }
    fresh.sort { $0.isBefore($1) }
  }

  /// Takes the marked accounts' rows out, closes up what is left, and takes the marks back.
  private func takeOut() {
    let rows = storage
    var kept = 0
    marks.withUnsafeBufferPointer { marks in
      var from = 0
      for at in 0...count {
        if at < count {
          let index = rows[at].account.index
          guard marks[index >> 6] >> UInt64(index & 63) & 1 == 1 else { continue }
        }
        if kept != from { (rows + kept).update(from: rows + from, count: at - from) }
        kept += at - from
        from = at + 1
      }
    }
    count = kept
    for account in changed { marks[account.index >> 6] = 0 }
  }

  /// Puts the fresh rows in, the last first, moving what comes behind each.
  private func putBack() {
    reserve(count + fresh.count)
    let rows = storage
    var end = count
    for index in fresh.indices.reversed() {
      let place = Rankings.firstBehind(fresh[index], in: rows, end)
      (rows + place + index + 1).update(from: rows + place, count: end - place)
      rows[place + index] = fresh[index]
      end = place
    }
    count += fresh.count
  }

  /// The first of `count` rows that `row` comes before.
  private static func firstBehind(
    _ row: Ranking, in rows: UnsafeMutablePointer<Ranking>, _ count: Int
  ) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if row.isBefore(rows[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }

  private func reserve(_ needed: Int) {
    guard needed > capacity else { return }
    capacity = needed + needed / 2
    let larger = UnsafeMutablePointer<Ranking>.allocate(capacity: capacity)
    larger.initialize(from: storage, count: count)
    storage.deallocate()
    storage = larger
  }
}
