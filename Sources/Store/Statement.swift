import CSQLite
import Market

/// One prepared statement: binds by position from 1, reads columns from 0, finalised at the end of its life.
///
/// It may outlive its connection (`sqlite3_close_v2` waits for it) but must stay in the same job.
struct Statement: ~Copyable {
  let handle: OpaquePointer

  /// Compiles `sql`; `isKept` tells SQLite that the statement will be used for long.
  init(_ sql: String, on connection: OpaquePointer, isKept: Bool = false) throws(StoreError) {
    var made: OpaquePointer?
    let flags = isKept ? UInt32(SQLITE_PREPARE_PERSISTENT) : 0
    let code = sqlite3_prepare_v3(connection, sql, -1, flags, &made, nil)
    guard code == SQLITE_OK, let made else {
      throw StoreError(code: code, connection: connection, doing: "preparing \"\(sql)\"")
    }
    handle = made
  }

  deinit { sqlite3_finalize(handle) }

  /// Moves to the next row; `false` when there is none and the statement is done.
  func step() throws(StoreError) -> Bool {
    let code = sqlite3_step(handle)
    if code == SQLITE_ROW { return true }
    if code == SQLITE_DONE { return false }
    throw failure(code)
  }

  /// Runs a statement without rows to its end and makes it ready to be bound and run again.
  func run() throws(StoreError) {
    let code = sqlite3_step(handle)
    let error = code == SQLITE_DONE || code == SQLITE_ROW ? nil : failure(code)
    sqlite3_reset(handle)
    if let error { throw error }
  }

  /// Ready to be run again; keeps what is bound.
  func reset() { sqlite3_reset(handle) }

  /// The words for a failed step, read before anything else touches the connection.
  private func failure(_ code: Int32) -> StoreError {
    let sql = sqlite3_sql(handle).map { String(cString: $0) } ?? ""
    return StoreError(code: code, connection: sqlite3_db_handle(handle), doing: "running \"\(sql)\"")
  }

  // MARK: binding

  /// How many parameters the SQL has.
  var parameterCount: Int { Int(sqlite3_bind_parameter_count(handle)) }

  func bind(_ value: Int64, at index: Int32) throws(StoreError) {
    try check(sqlite3_bind_int64(handle, index, value))
  }

  /// Binds a number; SQLite would store NaN as NULL.
  func bind(_ value: Double, at index: Int32) throws(StoreError) {
    try check(sqlite3_bind_double(handle, index, value))
  }

  func bind(_ value: String, at index: Int32) throws(StoreError) {
    // As a C string: an empty one still has an address, where a null pointer would mean NULL.
    try check(value.withCString { csqlite_bind_text(handle, index, $0, UInt64(value.utf8.count)) })
  }

  /// Binds the account's lower-case `0x…` text.
  func bind(_ value: Address, at index: Int32) throws(StoreError) {
    let code = withUnsafeTemporaryAllocation(of: CChar.self, capacity: Address.textCount) { text in
      guard let bytes = text.baseAddress else { return SQLITE_NOMEM }
      value.write(at: UnsafeMutableRawPointer(bytes))
      return csqlite_bind_text(handle, index, bytes, UInt64(text.count))
    }
    try check(code)
  }

  func bindNull(at index: Int32) throws(StoreError) {
    try check(sqlite3_bind_null(handle, index))
  }

  private func check(_ code: Int32) throws(StoreError) {
    guard code == SQLITE_OK else {
      throw StoreError(code: code, connection: sqlite3_db_handle(handle), doing: "binding")
    }
  }

  // MARK: columns

  func isNull(_ column: Int32) -> Bool { sqlite3_column_type(handle, column) == SQLITE_NULL }

  /// The integer; 0 for NULL, SQLite's conversion for other types.
  func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

  /// The number; 0 for NULL.
  func real(_ column: Int32) -> Double { sqlite3_column_double(handle, column) }

  /// The text with malformed UTF-8 repaired; `nil` for NULL.
  func text(_ column: Int32) -> String? {
    guard let bytes = sqlite3_column_text(handle, column) else { return nil }
    let count = Int(sqlite3_column_bytes(handle, column))
    return String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
  }

  /// The first byte of the text; 0 for NULL or an empty one.
  func firstByte(_ column: Int32) -> UInt8 { sqlite3_column_text(handle, column)?.pointee ?? 0 }

  /// The account whose text this is, in either case; `nil` when it is not an address.
  func address(_ column: Int32) -> Address? {
    guard let bytes = sqlite3_column_text(handle, column) else { return nil }
    return Address(UnsafeRawBufferPointer(start: bytes, count: Int(sqlite3_column_bytes(handle, column))))
  }
}
