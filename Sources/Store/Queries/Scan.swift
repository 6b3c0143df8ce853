import Base

/// How loads read tables: by SQL that needs no index, whatever types an older file declared.
extension Connection {
  /// Rows dated further ahead than this were written under a wrong clock: they are not of "the last hours".
  static let aheadMaxS = 86_400.0

  /// Rows in a row that must be too old before a scan believes that all earlier ones are.
  static let patience = 20_000

  /// Reads a table whose rows lie in the order of their time, from the newest to the oldest, and stops where they
  /// are too old: without an index on time it costs what it finds and `patience` rows more. A stretch of rows
  /// written under a clock that was wrong, either way, is passed over.
  ///
  /// `columns` begin with the row's time. `body` says whether it took the row; after `limit` taken rows the scan ends.
  func scanBack(
    _ table: Table, _ columns: String, since: WallTime, now: WallTime, limit: Int, patience: Int = patience,
    _ body: (borrowing Statement) throws(StoreError) -> Bool
  ) throws(StoreError) {
    guard limit > 0 else { return }
    let statement = try prepare("SELECT \(columns) FROM \(table.name) ORDER BY rowid DESC")
    let oldest = since.seconds
    let newest = now.seconds + Connection.aheadMaxS
    var old = 0
    var taken = 0
    while try statement.step() {
      let time = statement.real(0)
      if time < oldest {
        old += 1
        if old > patience { return }
        continue
      }
      guard time <= newest else { continue }
      old = 0
      if try body(statement) {
        taken += 1
        if taken == limit { return }
      }
    }
  }
}

extension WallTime {
  /// The time a row's REAL seconds mean, clamped to ±292 million years.
  init(epochSeconds: Double) {
    let ms = (epochSeconds * 1000).rounded()
    self.init(ms: Int64(exactly: ms) ?? (ms > 0 ? .max : ms < 0 ? .min : 0))
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
