import Base
import Foundation
import Store

extension FuzzTarget {
  /// A database file, or one of ours with bytes changed or cut off, in it or in its log → opened as at a start: a
  /// state, or an error that says why, never a trap; what opens takes a row, gives it back after a second start, and is
  /// swept; an unharmed one is whole and nothing of it is set aside.
  ///
  /// First byte: bit 0, the rest is the file itself; bit 1, damaged files are set aside; bit 2, a log is left behind.
  /// Else the rest are changes of four bytes: page (bit 7: of the log; 127: cut there), offset, value.
  public static let storeFile = FuzzTarget("store-file") { bytes in
    guard let mode = bytes.first else { return }
    let rest = UnsafeRawBufferPointer(rebasing: bytes.dropFirst())
    let scratch = FuzzFolder()
    defer { scratch.remove() }
    let hasLog = mode & 4 != 0
    var (file, log) = hasLog ? StoreFileSubject.leftOpen : (StoreFileSubject.closed, [])
    let isRaw = mode & 1 != 0
    if isRaw { file = [UInt8](rest) } else { StoreFileSubject.change(rest, &file, &log) }
    scratch.write(file, "data.db")
    if !log.isEmpty { scratch.write(log, "data.db-wal") }
    StoreFileSubject.start(scratch, setsAside: mode & 2 != 0, isUnharmed: !isRaw && rest.isEmpty)
  }
}

/// A folder in memory where there is one, for the length of a run.
private struct FuzzFolder {
  let path: String

  init() {
    let root = FileManager.default.isWritableFile(atPath: "/dev/shm") ? "/dev/shm" : NSTemporaryDirectory()
    path = "\(root)/hynous-fuzz-\(ProcessInfo.processInfo.processIdentifier)-\(UInt32.random(in: 0 ... .max))"
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    } catch { preconditionFailure("no folder: \(error)") }
  }

  func remove() { try? FileManager.default.removeItem(atPath: path) }

  func write(_ bytes: [UInt8], _ name: String) {
    precondition(FileManager.default.createFile(atPath: "\(path)/\(name)", contents: Data(bytes)))
  }

  func read(_ name: String) -> [UInt8] {
    FileManager.default.contents(atPath: "\(path)/\(name)").map { [UInt8]($0) } ?? []
  }
}

private enum StoreFileSubject {
  private static let wallets = 3
  private static let pageBytes = 4_096

  /// A file that was closed in order.
  static let closed: [UInt8] = {
    let folder = FuzzFolder()
    defer { folder.remove() }
    let database = fill(folder)
    do throws(StoreError) { try database.close() } catch { preconditionFailure(error.message) }
    return folder.read("data.db")
  }()

  /// A file and its log as a killed process leaves them, half of it copied.
  static let leftOpen: (file: [UInt8], log: [UInt8]) = {
    let folder = FuzzFolder()
    defer { folder.remove() }
    let database = fill(folder)
    return withExtendedLifetime(database) { (folder.read("data.db"), folder.read("data.db-wal")) }
  }()

  private static func fill(_ folder: FuzzFolder) -> Database {
    do throws(StoreError) {
      let database = try Database(DatabaseOptions(path: "\(folder.path)/data.db"))
      for step in 0..<4 as Range<UInt8> {
        try database.execute(healthyRow(step))
        if step == 1 { _ = try database.checkpoint() }
      }
      for wallet in 0..<wallets { _ = try database.apply(watch(wallet)) }
      return database
    } catch { preconditionFailure(error.message) }
  }

  private static func healthyRow(_ step: UInt8) -> String {
    // A table, and the likeliest value in every column.
    let script = [step] + (0..<64 as Range<UInt8>).map { $0 & 1 == 0 ? 9 : step &* 31 &+ $0 }
    return script.withUnsafeBytes { bytes in
      var bytes = FuzzBytes(bytes)
      return FuzzRows.insert(&bytes)
    }
  }

  private static func watch(_ wallet: Int) -> Batch {
    var batch = Batch(isDurable: true)
    batch.add(
      WatchedWallet(
        key: "0x\(String(repeating: String(wallet), count: 40))", label: "w\(wallet)", addedAt: FuzzRows.now,
        isActive: true,
        notes: "", tags: ""))
    return batch
  }

  static func change(_ changes: UnsafeRawBufferPointer, _ file: inout [UInt8], _ log: inout [UInt8]) {
    var changes = FuzzBytes(changes)
    while !changes.isAtEnd {
      let place = changes.next()
      let offset = Int(changes.next()) << 8 | Int(changes.next())
      let value = changes.next()
      let isLog = place & 128 != 0
      let at = Int(place & 127) * pageBytes + offset % pageBytes
      if place & 127 == 127 {
        if isLog { log.removeLast(min(log.count, offset)) } else { file.removeLast(min(file.count, offset)) }
      } else if isLog, !log.isEmpty {
        log[at % log.count] = value
      } else if !isLog, !file.isEmpty {
        file[at % file.count] = value
      }
    }
  }

  static func start(_ folder: FuzzFolder, setsAside: Bool, isUnharmed: Bool) {
    var options = DatabaseOptions(path: "\(folder.path)/data.db")
    options.setsDamagedAside = setsAside
    options.busyMs = 0
    let limits = StoredLimits()
    do throws(StoreError) {
      let (database, state) = try Database.openLoaded(options, limits, now: FuzzRows.now)
      if isUnharmed {
        precondition(state.opened.setAside == nil && state.unread.isEmpty, "a whole file is called damaged")
        precondition(state.watched.count >= wallets, "what was saved is lost")
      }
      if setsAside {
        precondition(!state.unread.contains(where: \.isDamage), "goes on with a file known to be damaged")
      }
      let isSaved = use(database)
      do throws(StoreError) { try database.close() } catch { precondition(!isUnharmed, error.message) }
      guard isSaved else { return precondition(!isUnharmed, "a whole file takes no row") }
      // What was acknowledged is there at the next start, or the file says itself that it is damaged.
      let (second, again) = try Database.openLoaded(options, limits, now: FuzzRows.now)
      let isKnownDamaged = !again.unread.isEmpty || again.opened.setAside != nil
      precondition(
        again.watched.contains { $0.label == "w9" } || isKnownDamaged,
        "an acknowledged row is lost in silence")
      try second.close()
    } catch {
      precondition(!isUnharmed, "a whole file does not open: \(error.message)")
      precondition(!error.message.isEmpty, "an error without words")
    }
  }

  /// Writes a row and sweeps; whether the row was acknowledged.
  private static func use(_ database: Database) -> Bool {
    do throws(StoreError) {
      _ = try database.apply(watch(9))
      var cursor: RetentionCursor? = .start
      var slices = 0
      while let from = cursor, slices < 64 {
        slices += 1
        cursor = try? database.sweep(from: from, pruneDays: 7, now: FuzzRows.now).next
      }
      _ = try? database.reclaim(pagesMax: 4)
      return true
    } catch { return false }
  }
}
