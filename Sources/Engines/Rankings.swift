public import Base
public import Market

/// One account's place in the rankings.
public struct Ranking: Hashable, Sendable {
  /// The account.
  public var account: AddressID
  /// Its newest equity of the last 24 hours.
  public var equity: Usd
  /// Newest minus oldest equity of the last 24 hours.
  public var pnl: Usd
  /// The text's first 16 hex digits: decides almost every tie without a look into the address book.
  var tieKey: UInt64

  /// `pnl` in percent of the oldest equity; 0 when that was not positive.
  public var pnlPct: Double {
    let first = equity.double - pnl.double
    return first > 0 ? pnl.double / first * 100 : 0
  }
}

/// Accounts by profit of the last 24 hours, best first; ties in the order of the address's text.
///
/// Ranked are the accounts with at least two snapshots. A `refresh` takes the accounts whose range changed out of
/// the sorted list and puts them back where they belong: two passes over the list and a search per change, no sort
/// of everything. Bounds: as many rows as `EquityLog` has accounts with two snapshots (at most half of
/// `snapshotsMax`), 32 bytes each, twice; `changesMax` accounts per refresh, the rest waits for the next.
public final class Rankings {
  /// Accounts one `refresh` places; with 100,000 ranked it takes about a millisecond.
  public static let changesMax = 2_000
  /// Snapshots one `refresh` lets expire.
  public static let expiredMax = 10_000

  /// The ranked accounts, best first.
  public private(set) var rows: [Ranking] = []
  /// The moment `rows` was last known to be right.
  public private(set) var asOf: WallTime?
  /// Counts the refreshes that changed `rows`.
  public private(set) var version: UInt64 = 0

  private var spare: [Ranking] = []
  private var fresh: [Ranking] = []
  private var changed: [AddressID] = []
  /// A bit per account id: its row is about to be taken out.
  private var marks: [UInt64] = []

  /// No rankings.
  public init() {}

  /// Follows what changed in `log`; answers whether nothing is left to do, so that `rows` is right as of `now`.
  /// `false` asks for another call soon.
  @discardableResult
  public func refresh(
    _ log: EquityLog, book: AddressBook, limit: Int = changesMax, now: WallTime
  ) -> Bool {
    let expired = log.expire(limit: Rankings.expiredMax, now: now)
    changed.removeAll(keepingCapacity: true)
    log.takeDirty(limit: limit) { changed.append($0) }
    if !changed.isEmpty { place(log, book, now) }
    guard expired < Rankings.expiredMax, log.dirtyCount == 0 else { return false }
    asOf = now
    return true
  }

  /// Follows everything at once, however long it takes: for the warm start, before anybody is served.
  public func rebuild(_ log: EquityLog, book: AddressBook, now: WallTime) {
    while !refresh(log, book: book, limit: .max, now: now) {}
  }

  private func place(_ log: EquityLog, _ book: AddressBook, _ now: WallTime) {
    fresh.removeAll(keepingCapacity: true)
    let wordsNeeded = log.accountsEnd >> 6 + 1
    if marks.count < wordsNeeded {
      marks.append(contentsOf: repeatElement(0, count: wordsNeeded - marks.count))
    }
    for account in changed {
      marks[account.index >> 6] |= 1 << UInt64(account.index & 63)
      guard let range = log.range(of: account, now: now), range.count >= 2 else { continue }
      // Equities are bounded by the decoder's range, so that the difference of two fits.
      let (pnl, overflow) = range.last.micros.subtractingReportingOverflow(range.first.micros)
      guard !overflow else { continue }
      fresh.append(
        Ranking(
          account: account, equity: range.last, pnl: Usd(micros: pnl), tieKey: book.address(account).a))
    }
    fresh.sort { Rankings.isBefore($0, $1, book) }
    merge(book)
    for account in changed { marks[account.index >> 6] = 0 }
    version &+= 1
  }

  /// Old rows without the changed ones, and the fresh rows, into one list in order.
  private func merge(_ book: AddressBook) {
    spare.removeAll(keepingCapacity: true)
    spare.reserveCapacity(rows.count + fresh.count)
    let marks = marks
    for row in rows where marks[row.account.index >> 6] >> UInt64(row.account.index & 63) & 1 == 0 {
      spare.append(row)
    }
    rows.removeAll(keepingCapacity: true)
    rows.reserveCapacity(spare.count + fresh.count)
    var from = 0
    for row in fresh {
      let end = Rankings.firstAfter(row, in: spare, from: from, book)
      rows.append(contentsOf: spare[from..<end])
      rows.append(row)
      from = end
    }
    rows.append(contentsOf: spare[from...])
  }

  /// Where the rows begin that `row` comes before; none of those below `from` is one.
  private static func firstAfter(_ row: Ranking, in rows: [Ranking], from: Int, _ book: AddressBook) -> Int {
    var low = from
    var high = rows.count
    while low < high {
      let middle = (low + high) / 2
      if isBefore(row, rows[middle], book) { high = middle } else { low = middle + 1 }
    }
    return low
  }

  private static func isBefore(_ a: Ranking, _ b: Ranking, _ book: AddressBook) -> Bool {
    if a.pnl != b.pnl { return a.pnl > b.pnl }
    if a.tieKey != b.tieKey { return a.tieKey < b.tieKey }
    let (first, second) = (book.address(a.account), book.address(b.account))
    return first.b != second.b ? first.b < second.b : first.c < second.c
  }
}
