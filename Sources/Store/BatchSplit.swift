extension Batch {
  /// The first `count` rows and the others, each a batch of its own; for finding the row that a file refuses.
  public func split(at count: Int) -> (first: Batch, rest: Batch) {
    let rowsBefore = max(0, min(count, rows.count))
    var cellsBefore = 0
    for row in rows.prefix(rowsBefore) { cellsBefore += writes[Int(row)].cells }
    return (
      Batch(self, rows: 0..<rowsBefore, cells: 0..<cellsBefore),
      Batch(self, rows: rowsBefore..<rows.count, cells: cellsBefore..<cells.count)
    )
  }
}
