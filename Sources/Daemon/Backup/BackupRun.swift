import Glibc
import Store

/// `hynous-data backup`: a checked copy of the database under its final name, or nothing.
///
/// The copy is made under a temporary name in the target's folder, synced, looked through, and only then renamed, so
/// that the target is never half a database. Whatever goes wrong, and a signal, removes the temporary file; one that a
/// killed run left is taken over by the next to the same target. A lock on it tells the two apart.
public struct BackupRun {
  /// What is to be done.
  public struct Plan: Sendable {
    /// The database.
    public var source: String
    /// Where the copy shall lie.
    public var target: String
    /// Whether a file there may be replaced.
    public var replaces: Bool
    /// Whether the check leaves out whether indexes and tables agree.
    public var isQuick: Bool

    /// A plan of these.
    public init(source: String, target: String, replaces: Bool, isQuick: Bool) {
      self.source = source
      self.target = target
      self.replaces = replaces
      self.isQuick = isQuick
    }
  }

  /// Why there is no copy: a sentence.
  public enum Failure: Error, Hashable, Sendable, CustomStringConvertible {
    /// It cannot be made, or not there.
    case refused(String)
    /// A signal came.
    case stopped

    /// The sentence.
    public var description: String {
      switch self {
      case .refused(let text): text
      case .stopped: "stopped; nothing was written"
      }
    }
  }

  private let plan: Plan
  private let folder: String
  private let temporary: String

  /// A run of `plan`.
  public init(_ plan: Plan) {
    self.plan = plan
    let slash = plan.target.lastIndex(of: "/")
    let name = slash.map { plan.target[plan.target.index(after: $0)...] } ?? plan.target[...]
    folder = slash.map { $0 == plan.target.startIndex ? "/" : String(plan.target[..<$0]) } ?? "."
    temporary = "\(folder)/.\(name).tmp"
  }

  /// Makes the copy; blocks until it is there or cannot be. Answers lines that say what it holds. SIGINT, SIGTERM and
  /// SIGHUP are watched from now on.
  public func run() throws(Failure) -> [String] {
    let stop = StopSignals.watch()
    try lookAtTarget()
    try lookAtSpace()
    let lock = try makeFile()
    defer { close(lock) }
    let lines: [String]
    do throws(Failure) {
      lines = try fill(stop)
      try lookAtTarget()
      guard rename(temporary, plan.target) == 0 else { throw failed(plan.target) }
    } catch {
      // SQLite makes no further files beside a copy without journal.
      unlink(temporary)
      throw error
    }
    try sync(folder)
    return lines
  }

  private func fill(_ stop: StopFlag) throws(Failure) -> [String] {
    do throws(StoreError) {
      let copied = try Backup.copy(plan.source, to: temporary, stop: stop)
      try syncCopy()
      let tables = try Backup.verify(temporary, isQuick: plan.isQuick, stop: stop)
      guard let copied, let tables else { throw StoreError(.closed, "stopped") }
      let check = plan.isQuick ? "quick_check" : "integrity_check"
      return ["\(plan.target): \(copied.bytes) bytes, \(copied.pages) pages, \(check) ok"]
        + tables.map { "\($0.table)=\($0.rows)" }
    } catch {
      if stop.isSet { throw .stopped }
      throw .refused(
        error.kind == .diskFull ? "no room for the copy in \(folder): \(error.message)" : error.message)
    }
  }

  private func syncCopy() throws(StoreError) {
    do throws(Failure) { try sync(temporary) } catch { throw StoreError(.io, "\(error)") }
  }

  // MARK: The target

  private func lookAtTarget() throws(Failure) {
    var target = stat()
    if stat(plan.target, &target) == 0 {
      guard target.st_mode & S_IFMT == S_IFREG else { throw .refused("\(plan.target) is not a file") }
      var source = stat()
      if stat(plan.source, &source) == 0, source.st_dev == target.st_dev, source.st_ino == target.st_ino {
        throw .refused("\(plan.target) is the database itself")
      }
      guard plan.replaces else { throw .refused("\(plan.target) exists; --force replaces it") }
    } else if errno != ENOENT {
      throw failed(plan.target)
    }
    // A log would be read as part of whatever lies beside it.
    for suffix in ["-wal", "-journal"] where access(plan.target + suffix, F_OK) == 0 {
      throw .refused("\(plan.target)\(suffix) exists: the file of that name is in use or was not closed")
    }
    for suffix in ["-wal", "-shm", "-journal"] where plan.target == plan.source + suffix {
      throw .refused("\(plan.target) belongs to the database")
    }
  }

  private func lookAtSpace() throws(Failure) {
    let needed: Int64
    do throws(StoreError) { needed = try Backup.size(of: plan.source) } catch {
      throw .refused(error.message)
    }
    var system = statvfs()
    guard statvfs(folder, &system) == 0 else { throw failed(folder) }
    let (bytes, isHuge) = UInt64(system.f_bavail).multipliedReportingOverflow(by: UInt64(system.f_frsize))
    guard isHuge || bytes > UInt64(max(0, needed)) else {
      throw .refused("no room for the copy in \(folder): it takes \(needed) bytes, \(bytes) are free")
    }
  }

  /// The temporary file, empty, ours alone and locked: the lock lasts as long as the descriptor.
  private func makeFile() throws(Failure) -> Int32 {
    let descriptor = open(temporary, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw failed(temporary) }
    do throws(Failure) {
      guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
        guard errno == EWOULDBLOCK else { throw failed(temporary) }
        throw .refused("another backup to \(plan.target) is running")
      }
      var held = stat()
      var named = stat()
      guard fstat(descriptor, &held) == 0 else { throw failed(temporary) }
      guard held.st_uid == geteuid(), held.st_nlink <= 1, held.st_mode & S_IFMT == S_IFREG else {
        throw .refused("\(temporary) is not ours")
      }
      // Whoever had the lock until now renamed or removed the file.
      guard stat(temporary, &named) == 0, named.st_ino == held.st_ino, named.st_dev == held.st_dev
      else { throw .refused("another backup to \(plan.target) has just ended") }
      guard ftruncate(descriptor, 0) == 0, fchmod(descriptor, 0o600) == 0 else { throw failed(temporary) }
    } catch {
      close(descriptor)
      throw error
    }
    return descriptor
  }

  /// Has the disk confirm a file or a folder.
  private func sync(_ path: String) throws(Failure) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failed(path) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw failed(path) }
  }

  private func failed(_ path: String) -> Failure { .refused("\(path): \(String(cString: strerror(errno)))") }
}
