public import Base
public import Store

/// A slice of upkeep of the file: removes rows that are too old, then gives freed pages back.
///
/// A plain value, run by a pool job between two batches.
public struct Sweep: Hashable, Sendable {
  /// Where the slice begins; `nil` when all rows have been looked at and only pages are to be given back.
  public var cursor: RetentionCursor?
  /// `db.prune_days`, rounded up.
  public var pruneDays: Int
  /// The time ages are measured from.
  public var now: WallTime

  /// Pages the last slice left to give back.
  var pagesLeft: Int?
  /// Slices in a row that gave none back.
  var stalls = 0
  /// After as many the file keeps them; they are used again.
  static let stallsMax = 8

  /// Pages given back by one slice; 1 MiB.
  public static let pagesMax = 256

  init(cursor: RetentionCursor?, pruneDays: Int, now: WallTime) {
    self.cursor = cursor
    self.pruneDays = pruneDays
    self.now = now
  }

  /// Does the slice; blocks on the disk.
  public func run(on database: Database) -> Result<SweepReport, StoreError> {
    do throws(StoreError) {
      guard let cursor else {
        return .success(
          SweepReport(removed: 0, next: nil, pagesLeft: try database.reclaim(pagesMax: Sweep.pagesMax)))
      }
      let slice = try database.sweep(from: cursor, pruneDays: pruneDays, now: now)
      return .success(SweepReport(removed: slice.removed, next: slice.next, pagesLeft: nil))
    } catch { return .failure(error) }
  }
}

/// What a slice of upkeep did.
public struct SweepReport: Hashable, Sendable {
  /// Rows removed.
  public var removed: Int
  /// Where the next slice goes on; `nil` when no rows are left to look at.
  public var next: RetentionCursor?
  /// Freed pages still to give back; `nil` when the slice looked at rows.
  public var pagesLeft: Int?

  /// A report of these numbers.
  public init(removed: Int, next: RetentionCursor?, pagesLeft: Int?) {
    self.removed = removed
    self.next = next
    self.pagesLeft = pagesLeft
  }
}
