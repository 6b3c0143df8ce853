/// One kind of row change: the SQL that makes it, prepared once per open file.
///
/// Declared beside the row it writes (`Rows/`), listed in `Writes.swift`, put into a `Batch` by the row's own
/// `add`. Two writes with the same SQL are the same write.
public struct Write: Sendable {
  /// The table it changes.
  public let table: Table
  /// How many cells one row binds, in the order of the SQL's `?1 ?2 …`.
  public let cells: Int
  let sql: StaticString

  init(_ table: Table, cells: Int, sql: StaticString) {
    self.table = table
    self.cells = cells
    self.sql = sql
  }

  /// The SQL's text.
  var text: String { sql.withUTF8Buffer { String(decoding: $0, as: UTF8.self) } }

  /// The SQL's place in the program: what makes two writes the same without comparing texts.
  var identity: UInt { UInt(bitPattern: sql.utf8Start) }
}
