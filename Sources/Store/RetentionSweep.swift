import Base

/// Where a sweep of all tables stands: a plain value between two slices.
public struct RetentionCursor: Hashable, Sendable {
  /// The table's place in `Table.all`.
  var table: Int
  /// The last row looked at.
  var rowid: Int64

  /// The beginning of a sweep.
  public static let start = RetentionCursor(table: 0, rowid: .min)
}

/// What one slice of a sweep did.
public struct RetentionSlice: Hashable, Sendable {
  /// Rows removed.
  public var removed = 0
  /// Where the next slice goes on; `nil` when every table is done.
  public var next: RetentionCursor?

  /// A slice that did this.
  public init(removed: Int = 0, next: RetentionCursor? = nil) {
    self.removed = removed
    self.next = next
  }
}

/// Removes rows that are too old, a bounded number of rows at a time.
///
/// No index on time is needed (it would cost every insert): a slice looks at a window of rows in rowid order.
/// Tables that are only appended to are left at the first window without an old row, so an hourly sweep looks
/// at what it removes and one window more; tables renewed in place are small and looked through.
enum RetentionSweep {
  /// Rows removed by one slice, dependents included: 11 ms in the median, 32 at most, measured over 5 million
  /// snapshots with both cores busy; the bound is 50.
  static let removedMax = 250
  /// Rows looked at by one slice.
  static let windowMax = 2_000
  /// Does the slice at `cursor`.
  static func slice(
    _ cursor: RetentionCursor, now: WallTime, pruneDays: Int, on connection: borrowing Connection
  ) throws(StoreError) -> RetentionSlice {
    var index = cursor.table
    while index < Table.all.count, Table.all[index].retention == nil { index += 1 }
    guard index < Table.all.count, let retention = Table.all[index].retention else { return RetentionSlice() }
    let table = Table.all[index]
    let after = index == cursor.table ? cursor.rowid : .min
    let days: Double =
      switch retention.keep {
      case .days(let days): Double(days)
      case .pruneDays: Double(max(1, pruneDays))
      }
    let old = now.seconds - days * 86_400
    let window = try look(table, retention, after: after, old: old, now: now.seconds, on: connection)
    var slice = RetentionSlice()
    var last = window.last
    if !window.old.isEmpty {
      try connection.execute("BEGIN IMMEDIATE")
      do {
        let stopped = try remove(window.old, from: table, retention, counting: &slice.removed, on: connection)
        if let stopped { last = stopped - 1 }
        try connection.execute("COMMIT")
      } catch {
        connection.rollback()
        throw error
      }
    }
    if let last {
      slice.next = RetentionCursor(table: index, rowid: last)
    } else if index + 1 < Table.all.count {
      slice.next = RetentionCursor(table: index + 1, rowid: .min)
    }
    return slice
  }

  private struct Window {
    var old: [Int64] = []
    /// The last row looked at; `nil` when the table holds nothing more to look at.
    var last: Int64?
  }

  private static func look(
    _ table: Table, _ retention: Table.Retention, after: Int64, old: Double, now: Double,
    on connection: borrowing Connection
  ) throws(StoreError) -> Window {
    // By number, also where an older file declared the column otherwise; the condition only for old rows.
    let time = "CAST(\(retention.column) AS REAL)"
    let isOld = retention.condition.map { "CASE WHEN \(time) < ?1 THEN (\($0)) ELSE 0 END" } ?? "\(time) < ?1"
    let statement = try connection.prepare(
      "SELECT rowid, \(isOld), \(time) <= ?2 FROM \(table.name) "
        + "WHERE rowid > ?3 ORDER BY rowid LIMIT \(windowMax)")
    try statement.bind(old, at: 1)
    try statement.bind(now + Connection.aheadMaxS, at: 2)
    try statement.bind(after, at: 3)
    var window = Window()
    var seen = 0
    var isPastTheOld = false
    while try statement.step() {
      seen += 1
      window.last = statement.integer(0)
      if statement.integer(1) != 0 {
        window.old.append(statement.integer(0))
        if window.old.count == removedMax { return window }
      } else if statement.integer(2) != 0 {
        isPastTheOld = true
      }
    }
    let isDone = seen < windowMax || (retention.order == .appended && isPastTheOld && window.old.isEmpty)
    if isDone { window.last = nil }
    return window
  }

  /// Removes rows; the first one left when the slice's share was used up before it, else `nil`.
  private static func remove(
    _ rowids: [Int64], from table: Table, _ retention: Table.Retention, counting removed: inout Int,
    on connection: borrowing Connection
  ) throws(StoreError) -> Int64? {
    let delete = try connection.prepare("DELETE FROM \(table.name) WHERE rowid = ?1")
    for rowid in rowids {
      for dependent in retention.dependents {
        let rest = removedMax - removed
        if rest > 0 {
          removed += try removeDependents(dependent, of: table, rowid, most: rest, on: connection)
        }
      }
      if removed >= removedMax { return rowid }
      try delete.bind(rowid, at: 1)
      try delete.run()
      removed += connection.changes
    }
    return nil
  }

  private static func removeDependents(
    _ dependent: String, of table: Table, _ rowid: Int64, most: Int, on connection: borrowing Connection
  ) throws(StoreError) -> Int {
    let statement = try connection.prepare(
      "DELETE FROM \(dependent) WHERE rowid IN (SELECT rowid FROM \(dependent) "
        + "WHERE address = (SELECT address FROM \(table.name) WHERE rowid = ?1) LIMIT ?2)")
    try statement.bind(rowid, at: 1)
    try statement.bind(Int64(most), at: 2)
    try statement.run()
    return connection.changes
  }
}
