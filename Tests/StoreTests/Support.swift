// What every store test needs: a directory of its own, raw SQL beside the module, and sample rows.
import Base
import CSQLite
import Market
import Testing

@testable import Store

#if canImport(Glibc)
  import Glibc
#endif

/// A directory that is removed with everything in it.
final class Scratch: Sendable {
  let path: String

  init() throws {
    var template = Array("/tmp/hynous-store-XXXXXX".utf8CString)
    let made = template.withUnsafeMutableBufferPointer { mkdtemp($0.baseAddress!) != nil }
    try #require(made)
    path = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
  }

  deinit { Scratch.remove(path) }

  /// The file every test opens.
  var file: String { "\(path)/data.db" }

  func open() throws(StoreError) -> Database { try Database(DatabaseOptions(path: file)) }

  static func list(_ path: String) -> [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  private static func remove(_ path: String) {
    for name in list(path) {
      let inner = "\(path)/\(name)"
      if rmdir(inner) != 0, unlink(inner) != 0 { remove(inner) }
    }
    rmdir(path)
  }
}

extension OpenReport {
  /// A small file that was closed in order: looked through, nothing added.
  static var unchanged: OpenReport {
    var report = OpenReport()
    report.check = .whole
    return report
  }
}

/// SQL run on a connection of the test's own, without a line of the module under test.
struct Raw: ~Copyable {
  let handle: OpaquePointer

  init(_ path: String) throws {
    var made: OpaquePointer?
    try #require(sqlite3_open(path, &made) == SQLITE_OK)
    handle = try #require(made)
  }

  deinit { sqlite3_close_v2(handle) }

  /// Closes now: a value's last use is not the end of its life.
  consuming func close() {}

  func run(_ sql: String) throws {
    let code = sqlite3_exec(handle, sql, nil, nil, nil)
    try #require(code == SQLITE_OK, "\(String(cString: sqlite3_errmsg(handle))): \(sql)")
  }

  /// Every row as its columns' texts joined by `|`, NULL as `-`.
  func rows(_ sql: String) throws -> [String] {
    var statement: OpaquePointer?
    try #require(
      sqlite3_prepare_v2(handle, sql, -1, &statement, nil) == SQLITE_OK,
      "\(String(cString: sqlite3_errmsg(handle))): \(sql)")
    defer { sqlite3_finalize(statement) }
    var rows: [String] = []
    while sqlite3_step(statement) == SQLITE_ROW {
      let cells = (0..<sqlite3_column_count(statement)).map { column in
        sqlite3_column_text(statement, column).map { String(cString: $0) } ?? "-"
      }
      rows.append(cells.joined(separator: "|"))
    }
    return rows
  }

  func one(_ sql: String) throws -> String { try rows(sql).first ?? "" }
}

/// The bytes of the file at `path`.
func contents(_ path: String) throws -> [UInt8] {
  let file = try #require(fopen(path, "r"), "\(path)")
  defer { fclose(file) }
  var bytes: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 1 << 16)
  while true {
    let count = fread(&chunk, 1, chunk.count, file)
    if count == 0 { return bytes }
    bytes += chunk[..<count]
  }
}

/// Runs `sql` on the file at `path`.
func raw(_ path: String, _ sql: String...) throws {
  let connection = try Raw(path)
  for statement in sql { try connection.run(statement) }
}

/// The rows of `sql` on the file at `path`.
func rows(_ path: String, _ sql: String) throws -> [String] { try Raw(path).rows(sql) }

/// What `body` fails with; records an issue and returns `nil` when it does not fail.
func failure(_ body: () throws(StoreError) -> Void) -> StoreError? {
  do throws(StoreError) {
    try body()
    Issue.record("expected an error")
    return nil
  } catch {
    return error
  }
}

/// The `n`th sample account: no two alike, all digits in use.
func account(_ n: UInt64) -> Address {
  Address(a: n &* 0x9e37_79b9_7f4a_7c15, b: ~n, c: UInt32(truncatingIfNeeded: n))
}

/// A sighting of the `n`th account.
func sighting(_ n: UInt64, first: Int64 = 1_000, last: Int64 = 2_000, trades: Int64 = 1) -> AddressSighting {
  AddressSighting(
    address: account(n), firstSeen: WallTime(ms: first), lastSeen: WallTime(ms: last), trades: trades)
}

/// A batch of sightings of the accounts in `range`.
func batch(_ range: Range<UInt64>, isDurable: Bool = false) -> Batch {
  var batch = Batch(isDurable: isDurable)
  for n in range { batch.add(sighting(n)) }
  return batch
}

/// Every account in the file, by its address's text order.
func everyone(_ database: borrowing Database, limit: Int = .max) throws -> [AddressRecord] {
  var records: [AddressRecord] = []
  _ = try database.loadAddresses(limit: limit) { records.append($0) }
  return records.sorted {
    ($0.address.a, $0.address.b, $0.address.c) < ($1.address.a, $1.address.b, $1.address.c)
  }
}
