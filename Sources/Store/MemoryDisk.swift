import Base
import CSQLite
import Synchronization

/// A disk in memory with troubles of its own, for simulation and tests: files outlive the connections that use them, as
/// they outlive a process.
///
/// A SQLite VFS of its own name (`DatabaseOptions.vfs`), so that everything above it, the log and its recovery included, is
/// what runs in production. One thread uses it. What it can do that a real disk rarely does on demand: refuse locks as if
/// another process held them, be full, become read-only, fail operations from the n-th on, and lose its user in the middle
/// of a commit, with or without what was not synced.
/// Bounds: what SQLite writes; whoever makes one keeps the database small. Invariant: after `crash` nothing the former
/// users still do reaches a file.
public final class MemoryDisk {
  /// What is wrong with the disk.
  public enum Trouble: Hashable, Sendable {
    /// Nothing.
    case none
    /// Another process writes, and does not end.
    case locked
    /// Another process has the file for itself.
    case lockedWhole
    /// Writes that need more room fail, from the n-th on.
    case full(after: Int)
    /// The file system is mounted read-only.
    case readOnly
    /// Reads, writes and syncs fail, from the n-th on.
    case io(after: Int)
  }

  /// The path of the database on this disk.
  public static let path = "/simulated.db"

  /// The name SQLite knows it by.
  public let name: String
  /// What is wrong now. Set anew, it counts anew.
  public var trouble = Trouble.none {
    didSet { operations = 0 }
  }
  /// Operations that failed for a trouble.
  public private(set) var failed = 0

  var files: [String: MemoryFile] = [:]
  /// The error number of the last failure, as SQLite asks for it.
  var lastError: Int32 = 0
  /// Handles of an earlier life are dead.
  private(set) var life = 0
  /// Nobody is there to do anything: what is still called is a dead process's.
  private(set) var isDead = false
  private var operations = 0
  /// Operations to go until the image of the disk is taken.
  private var imageIn: Int?
  private var image: [String: (bytes: [UInt8], synced: [UInt8])]?
  private var random: PRNG
  let table: MemoryDiskTable

  private static let made = Atomic<Int>(0)

  /// An empty disk; `seed` decides the random numbers SQLite asks it for.
  public init(seed: UInt64) {
    random = PRNG(seed: seed)
    name = "memory-\(MemoryDisk.made.add(1, ordering: .relaxed).newValue)"
    table = MemoryDiskTable(name: name)
    table.register(Unmanaged.passUnretained(self).toOpaque())
  }

  deinit { table.unregister() }

  /// Bytes in all files.
  public var bytes: Int { files.values.reduce(0) { $0 + $1.bytes.count } }

  // MARK: Crashes

  /// From here on the disk's state after `count` more changes is what a crash leaves; without `crash` nothing happens.
  public func dieAfter(changes count: Int) {
    imageIn = count
    image = nil
    if count == 0 { takeImage() }
  }

  /// The process that used the disk is gone, with `release` dropping what it had open: its handles no longer reach a file
  /// and its locks are free. The files are as they were after the changes `dieAfter` allowed, or as they are; without
  /// `keepsUnsynced` (the machine lost its power) as they were when last synced.
  public func crash(keepsUnsynced: Bool = true, release: () -> Void) {
    if image == nil { takeImage() }
    isDead = true
    life += 1
    release()
    isDead = false
    let left = image ?? [:]
    image = nil
    imageIn = nil
    trouble = .none
    files = left.mapValues { MemoryFile(keepsUnsynced ? $0.bytes : $0.synced) }
  }

  private func takeImage() {
    image = files.mapValues { ($0.bytes, $0.synced) }
    imageIn = nil
  }

  /// Something on the disk has changed, or was made safe.
  func changed() {
    guard let left = imageIn else { return }
    imageIn = left - 1
    if left <= 1 { takeImage() }
  }

  // MARK: Troubles

  /// The result code of a read, or of a sync, which `code` is the failure of.
  func result(of code: Int32) -> Int32 {
    guard case .io(let after) = trouble else { return SQLITE_OK }
    return count(after) ? fail(code, MemoryDiskTable.eIO) : SQLITE_OK
  }

  /// The result code of a write or truncation.
  func writing(grows: Bool) -> Int32 {
    switch trouble {
    case .full(let after) where grows:
      return count(after) ? fail(SQLITE_FULL, MemoryDiskTable.eNoSpace) : SQLITE_OK
    case .readOnly: return fail(MemoryDiskTable.ioWrite, MemoryDiskTable.eReadOnly)
    default: return result(of: MemoryDiskTable.ioWrite)
    }
  }

  /// Whether a lock is refused as held by another process; `isWrite`: the one lock of whoever writes.
  func refusesLock(isWrite: Bool) -> Bool {
    let isRefused = trouble == .lockedWhole || (trouble == .locked && isWrite)
    if isRefused { failed += 1 }
    return isRefused
  }

  private func count(_ after: Int) -> Bool {
    operations += 1
    return operations > after
  }

  func fail(_ code: Int32, _ error: Int32) -> Int32 {
    failed += 1
    lastError = error
    return code
  }

  func fill(_ bytes: UnsafeMutableRawBufferPointer) {
    for at in bytes.indices { bytes[at] = UInt8(truncatingIfNeeded: random.next()) }
  }
}

/// A file as one connection has it open.
final class MemoryHandle {
  /// Kept until the handle is closed, whoever lets go of the disk before.
  let disk: MemoryDisk
  let file: MemoryFile
  let life: Int
  let isReadOnly: Bool
  /// Removed when closed, as temporary files are.
  let nameToRemove: String?
  /// SQLite's lock on the file itself.
  var lock = SQLITE_LOCK_NONE
  /// Its locks on the shared index, one bit each.
  var shared: UInt32 = 0
  var exclusive: UInt32 = 0

  init(_ disk: MemoryDisk, _ file: MemoryFile, isReadOnly: Bool, nameToRemove: String?) {
    self.disk = disk
    self.file = file
    self.isReadOnly = isReadOnly
    self.nameToRemove = nameToRemove
    life = disk.life
  }

  /// The process it belonged to is gone.
  var isDead: Bool { life != disk.life || disk.isDead }

  /// Takes or raises the lock on the file; false when another handle's is in the way.
  func take(_ wanted: Int32) -> Bool {
    for other in file.handles where other !== self && !other.isDead {
      switch wanted {
      case SQLITE_LOCK_SHARED: if other.lock >= SQLITE_LOCK_PENDING { return false }
      case SQLITE_LOCK_RESERVED: if other.lock >= SQLITE_LOCK_RESERVED { return false }
      default: if other.lock > SQLITE_LOCK_NONE { return false }
      }
    }
    lock = max(lock, wanted)
    return true
  }

  /// Takes locks on the shared index; false when another handle's are in the way.
  func take(mask: UInt32, isExclusive: Bool) -> Bool {
    for other in file.handles where other !== self && !other.isDead {
      if other.exclusive & mask != 0 { return false }
      if isExclusive, other.shared & mask != 0 { return false }
    }
    if isExclusive { exclusive |= mask } else { shared |= mask }
    return true
  }

  func release(mask: UInt32) {
    shared &= ~mask
    exclusive &= ~mask
  }
}
