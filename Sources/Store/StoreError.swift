import CSQLite

#if canImport(Glibc)
  import Glibc
#endif

/// Why the store could not do what it was asked, as the rest of the daemon has to tell cases apart.
///
/// Reads and writes fail alone: an error never takes back what an earlier transaction committed.
public struct StoreError: Error, Hashable, Sendable {
  /// The cases that are treated differently; the raw value is the word logs and metrics use.
  public enum Kind: String, CaseIterable, Hashable, Sendable {
    /// The file is not there and cannot be made: no such directory, a directory in its place, no permission.
    case cannotOpen = "cannot_open"
    /// The file's first bytes are not SQLite's.
    case notADatabase = "not_a_database"
    /// The file is SQLite's but damaged or cut short.
    case corrupt
    /// Another process or connection holds a lock for longer than the busy time.
    case locked
    /// The file, its directory or its file system does not take writes, or the file was moved away.
    case readOnly = "read_only"
    /// No room for the write.
    case diskFull = "disk_full"
    /// The operating system failed a read, write or sync.
    case io
    /// SQLite could not get memory.
    case outOfMemory = "out_of_memory"
    /// A table in the file has another shape than the register's, beyond what migration may add.
    case incompatible
    /// A row broke a constraint of its table.
    case constraint
    /// The database was closed before.
    case closed
    /// SQL the library refuses: a bug of this module.
    case misuse
  }

  /// What happened.
  public var kind: Kind
  /// SQLite's extended result code; 0 when SQLite was not asked.
  public var code: Int32
  /// One line for the log: what was tried and SQLite's words for why it failed.
  public var message: String

  /// An error found without SQLite's help, or made up by a simulated disk.
  public init(_ kind: Kind, _ message: String) {
    self.kind = kind
    code = 0
    self.message = message
  }

  /// The error `code` means, with the connection's own words when there is a connection.
  init(code: Int32, connection: OpaquePointer?, doing what: String) {
    self.code = code
    let reason =
      connection.map { String(cString: sqlite3_errmsg($0)) } ?? String(cString: sqlite3_errstr(code))
    let errno = connection.map { sqlite3_system_errno($0) } ?? 0
    kind = StoreError.kind(code, errno: errno)
    message = "\(what): \(reason)"
    let told: [Kind] = [.cannotOpen, .io, .readOnly]
    if errno != 0, told.contains(kind) { message += " (\(String(cString: strerror(errno))))" }
  }

  private static func kind(_ code: Int32, errno: Int32) -> Kind {
    switch code & 0xff {
    case SQLITE_CANTOPEN, SQLITE_PERM, SQLITE_AUTH: errno == EROFS ? .readOnly : .cannotOpen
    case SQLITE_NOTADB: .notADatabase
    case SQLITE_CORRUPT: .corrupt
    case SQLITE_BUSY, SQLITE_LOCKED, SQLITE_PROTOCOL: .locked
    case SQLITE_READONLY: .readOnly
    case SQLITE_FULL: .diskFull
    case SQLITE_IOERR:
      switch errno {
      case ENOSPC, EDQUOT: .diskFull
      case EROFS: .readOnly
      default: code == CSQLITE_IOERR_NOMEM ? .outOfMemory : .io
      }
    case SQLITE_NOMEM: .outOfMemory
    case SQLITE_CONSTRAINT, SQLITE_MISMATCH, SQLITE_TOOBIG: .constraint
    default: .misuse
    }
  }
}
