import Base

/// How loads read tables whose rows lie in the order of their time, without an index on it.
///
/// Such a table holds a week of rows of which a restart wants the last hours. Where those begin is found by probing
/// rowids, and from there the table is read in order: the cost is that of the rows wanted. Rows that were written
/// under a wrong clock, or a little out of order, are allowed for: a probe looks at many rows, the search is
/// repeated behind any stretch of old rows that is not too long, and reading begins `marginRows` early.
extension Connection {
  /// Rows dated further ahead than this were written under a wrong clock: they are not of "the last hours".
  static let aheadMaxS = 86_400.0
  /// Rows a probe looks at; one young enough among them is enough.
  static let probeRows = 64
  /// Searches of one table: each ends before the one before it.
  static let searchesMax = 64
  /// Rows read before the place found.
  static let marginRows: Int64 = 4_096

  /// Reads the rows of `table` dated within `since...now` (and a day ahead) in rowid order. `columns` begin with the
  /// row's time. At most the last `rowsMax` rowids are looked at.
  func scan(
    _ table: Table, _ columns: String, since: WallTime, now: WallTime, rowsMax: Int,
    _ body: (borrowing Statement) throws(StoreError) -> Void
  ) throws(StoreError) {
    let span = TimeRange(oldest: since.seconds, newest: now.seconds + Connection.aheadMaxS)
    let time = String(columns.prefix { $0 != "," })
    // Nothing is wanted: of a table whose last number is the highest there is, no number lies behind it.
    guard rowsMax > 0, let first = try firstRowid(of: table, time, within: span) else { return }
    let last = try integer("SELECT max(rowid) FROM \(table.name)") ?? 0
    let (bound, isBelow) = last.subtractingReportingOverflow(Int64(clamping: rowsMax))
    let start = isBelow ? first : max(first, bound &+ 1)
    let statement = try prepare("SELECT \(columns) FROM \(table.name) WHERE rowid >= ?1 ORDER BY rowid")
    try statement.bind(start, at: 1)
    while try statement.step() {
      if span.contains(statement.real(0)) { try body(statement) }
    }
  }

  /// Seconds since the epoch, both ends included.
  struct TimeRange {
    var oldest: Double
    var newest: Double
    func contains(_ time: Double) -> Bool { time >= oldest && time <= newest }
  }

  /// A rowid from which on the rows within `span` lie, as far as probes can tell; `nil` when there are none.
  func firstRowid(of table: Table, _ time: String, within span: TimeRange) throws(StoreError) -> Int64? {
    guard let lowest = try integer("SELECT min(rowid) FROM \(table.name)"),
      let highest = try integer("SELECT max(rowid) FROM \(table.name)"), lowest <= highest
    else { return nil }
    let probe = try prepare(
      "SELECT \(time) FROM \(table.name) WHERE rowid >= ?1 ORDER BY rowid LIMIT \(Connection.probeRows)")
    func isYoung(_ rowid: Int64) throws(StoreError) -> Bool {
      probe.reset()
      try probe.bind(rowid, at: 1)
      while try probe.step() {
        if span.contains(probe.real(0)) { return true }
      }
      return false
    }
    // The end counts as young: old rows may lie there, after a clock was set back.
    var found = highest
    for _ in 0..<Connection.searchesMax {
      found = try search(lowest, found, isYoung)
      // Anything young before it? Ever further back, so that a stretch of old rows hides no longer stretch of
      // young ones.
      var earlier: Int64?
      var back = Int64(Connection.probeRows)
      while earlier == nil {
        let (place, isBelow) = found.subtractingReportingOverflow(back)
        guard !isBelow, place > lowest else { break }
        if try isYoung(place) { earlier = place }
        back = back > .max / 2 ? .max : back * 2
      }
      guard let earlier else { break }
      found = earlier
    }
    let (early, isBelow) = found.subtractingReportingOverflow(Connection.marginRows)
    return isBelow ? lowest : max(lowest, early)
  }

  /// The lowest place in `low...high` from which on `isYoung`, given that it is from `high` on.
  private func search(
    _ low: Int64, _ high: Int64, _ isYoung: (Int64) throws(StoreError) -> Bool
  ) throws(StoreError) -> Int64 {
    var (low, high) = (low, high)
    while low < high {
      // Halfway without overflow, whatever the signs.
      let middle = (low & high) + ((low ^ high) >> 1)
      if try isYoung(middle) { high = middle } else { low = middle + 1 }
    }
    return high
  }
}

extension WallTime {
  /// The last moment of the year 9999.
  static let lastStored = WallTime(ms: 253_402_300_799_999)

  /// The time a row's REAL seconds mean: 1970 to 9999, so that whoever reckons with it cannot overflow.
  init(epochSeconds: Double) {
    let ms = (epochSeconds * 1000).rounded()
    // A NaN is not above 0.
    self.init(ms: ms > 0 ? Int64(min(ms, Double(WallTime.lastStored.ms))) : 0)
  }
}

extension Statement {
  /// The time in a column of epoch seconds.
  func time(_ column: Int32) -> WallTime { WallTime(epochSeconds: real(column)) }

  /// Whether a `side` column says long: anything that does not begin like `short` does.
  func isLong(_ column: Int32) -> Bool {
    let first = firstByte(column)
    return first != UInt8(ascii: "s") && first != UInt8(ascii: "S")
  }

  /// A number that may be missing.
  func realOrNil(_ column: Int32) -> Double? { isNull(column) ? nil : real(column) }
}
