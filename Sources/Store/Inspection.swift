import CSQLite

#if canImport(Glibc)
  import Glibc
#endif

/// A database file looked at from outside: nothing is written, migrated or locked for longer than a read.
public struct Inspection: Hashable, Sendable {
  /// The version of the tables this program makes.
  public static let schemaVersion = Migration.schemaVersion

  /// Bytes of the file and of its write-ahead log.
  public var bytes: Int64 = 0
  /// Bytes of the log beside it.
  public var logBytes: Int64 = 0
  /// The file's own `schema_version`; nil when it names none.
  public var schemaVersion: Int?
  /// How many of this program's tables are in it.
  public var tables = 0
  /// What SQLite's `quick_check` found: `ok`, or the first damage; nil when there was no time to finish it.
  public var check: String?

  /// Damaged files of this name that were set aside, without their logs, in no order; at most `setAsideMax`.
  public var setAside: [String] = []
  /// More are not told.
  public static let setAsideMax = 16

  /// Looks at `path`; nil when there is no such file. The check ends unfinished when `stop` is set.
  public static func look(at path: String, stop: StopFlag) throws(StoreError) -> Inspection? {
    var status = stat()
    guard stat(path, &status) == 0 else {
      if errno == ENOENT { return nil }
      throw StoreError(.cannotOpen, "\(path): \(String(cString: strerror(errno)))")
    }
    guard status.st_mode & S_IFMT == S_IFREG else { throw StoreError(.cannotOpen, "\(path) is not a file") }
    var found = Inspection()
    found.bytes = Int64(status.st_size)
    if stat("\(path)-wal", &status) == 0 { found.logBytes = Int64(status.st_size) }
    found.setAside = Inspection.setAside(beside: path)
    // As of a file with a trouble: so that one in a folder without write access can be read, too.
    let options = DatabaseOptions(path: path)
    guard let connection = try Opening.reader(options, trouble: StoreError(.readOnly, "")) else { return nil }
    for table in Table.all {
      let count = try connection.integer("SELECT count(*) FROM sqlite_schema WHERE name = '\(table.name)'")
      found.tables += Int(count ?? 0)
    }
    if found.tables > 0 {
      found.schemaVersion = try connection.text("SELECT value FROM metadata WHERE key = 'schema_version'")
        .flatMap { Int($0) }
    }
    connection.interrupt(with: stop)
    do throws(StoreError) {
      found.check = try connection.text("PRAGMA quick_check(1)") ?? "ok"
    } catch {
      if !stop.isSet { throw error }
    }
    return found
  }

  private static func setAside(beside path: String) -> [String] {
    let slash = path.lastIndex(of: "/")
    let name = slash.map { path[path.index(after: $0)...] } ?? path[...]
    guard let folder = opendir(slash.map { String(path[...$0]) } ?? ".") else { return [] }
    defer { closedir(folder) }
    var found: [String] = []
    while found.count < setAsideMax, let entry = readdir(folder) {
      let other = withUnsafeBytes(of: &entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      guard other.hasPrefix("\(name)\(Damage.mark)"), !other.hasSuffix("-wal"), !other.hasSuffix("-shm")
      else { continue }
      found.append(other)
    }
    return found
  }
}
