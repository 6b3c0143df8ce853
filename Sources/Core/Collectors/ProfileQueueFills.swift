import Base
import Engines
import Hyperliquid
import Market

/// One wallet's fills of a window, gathered page by page.
///
/// Pages come oldest first and begin at the last row's millisecond of the page before, so its rows come twice and are
/// dropped. A page that is not full is the last. A millisecond that fills a whole page would not advance: then the next
/// millisecond is asked for, and `lostMs` counts it. The exchange reaches back 10,000 fills and no further: when that
/// many came, `completeFrom` is the first one's time.
/// Bound: `pagesMax` pages of 2000 rows, 80 bytes a row.
struct FillPages {
  /// One more than 10,000 fills take with a few repeated rows at each border.
  static let pagesMax = 7

  /// The window's begin.
  let from: WallTime
  /// What to ask for next.
  private(set) var start: WallTime
  /// What the profiler needs, in the order it came.
  private(set) var fills: [ProfileFill] = []
  /// Different rows so far, spot included.
  private(set) var rows = 0
  private(set) var pages = 0
  /// Milliseconds of which only the first page could be read.
  private(set) var lostMs = 0
  /// Nothing is left to be asked.
  private(set) var isComplete = false
  private var first: WallTime?
  private var border: Set<Fill> = []

  init(from: WallTime) {
    self.from = from
    start = from
  }

  /// Where the fills begin when the exchange has no older ones to give.
  var completeFrom: WallTime? { rows >= Venue.fillsReachableMax ? first : nil }

  /// Takes a page in; answers the rows that are new.
  mutating func take(_ page: borrowing Fills) -> [Fill] {
    precondition(!isComplete)
    pages += 1
    var new: [Fill] = []
    new.reserveCapacity(page.fills.count)
    var last = start
    for fill in page.fills {
      guard fill.time >= from else { continue }
      if fill.time > last { last = fill.time }
      if fill.time == start, border.contains(fill) { continue }
      if first.map({ fill.time < $0 }) ?? true { first = fill.time }
      new.append(fill)
      if let row = ProfileFill(fill) { fills.append(row) }
    }
    rows += new.count
    if page.rows < Venue.fillsPageMax || pages >= FillPages.pagesMax {
      isComplete = true
      border = []
    } else if last > start {
      start = last
      border = Set(page.fills.filter { $0.time == last })
    } else {
      lostMs += 1
      start = WallTime(ms: start.ms + 1)
      border = []
    }
    return new
  }
}
