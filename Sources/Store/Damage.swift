public import Base
import CSQLite

#if canImport(Glibc)
  import Glibc
#endif

/// What became of a file found damaged: it lies beside the new one, untouched, for people and `sqlite3 … .recover`.
public struct SetAside: Hashable, Sendable {
  /// What was found.
  public var reason: String
  /// Where the file lies now; its log, if it had one, beside it.
  public var path: String
  /// Watched wallets taken over from it into the new file.
  public var wallets = 0
  /// Alerts taken over.
  public var alerts = 0

  /// A file that lies at `path` now.
  public init(reason: String, path: String) {
    self.reason = reason
    self.path = path
  }
}

extension StoreError {
  /// Whether the file itself is broken, as opposed to a disk, a lock or a permission that may come right.
  public var isDamage: Bool { kind == .corrupt || kind == .notADatabase }
}

extension Database {
  /// Opens a file and reads what a restart takes from it. A damaged one is set aside when the options say so, and the
  /// answer is a new file: better empty than wrong. What clients were told is saved is taken over from the damaged
  /// file if its tables prove whole.
  ///
  /// Only damage is a reason: locks, permissions, a full disk and failed reads are thrown, as is a file that never was
  /// one of SQLite's.
  public static func openLoaded(_ options: DatabaseOptions, _ limits: StoredLimits, now: WallTime)
    throws(StoreError) -> (Database, StoredState)
  {
    guard options.setsDamagedAside, options.path != ":memory:", options.vfs == nil else {
      return try opened(options, limits, now)
    }
    let log = LogCheck.look(at: options.path)
    do throws(StoreError) {
      if let known = options.knownDamage { throw known }
      if case .broken(let what, _) = log { throw StoreError(.corrupt, what) }
      if let what = Damage.inHeader(options.path) { throw StoreError(.corrupt, what) }
      var (database, state) = try opened(options, limits, now)
      if case .cut(let what) = log { state.opened.logCut = what }
      return (database, state)
    } catch {
      guard error.isDamage || Damage.isInSchema(error, options), Damage.isOurs(options.path) else {
        throw error
      }
      return try startedAnew(options, limits, now, because: error, log)
    }
  }

  private static func opened(_ options: DatabaseOptions, _ limits: StoredLimits, _ now: WallTime)
    throws(StoreError) -> (Database, StoredState)
  {
    let database = try Database(options)
    do throws(StoreError) {
      let damage = database.report.trouble
      if options.setsDamagedAside, let damage, damage.isDamage { throw damage }
      let state = try database.loadAll(limits, now: now)
      if options.setsDamagedAside, let damage = state.unread.first(where: \.isDamage) { throw damage }
      return (database, state)
    } catch {
      if error.isDamage { database.abandon() }
      throw error
    }
  }

  private static func startedAnew(
    _ options: DatabaseOptions, _ limits: StoredLimits, _ now: WallTime, because error: StoreError,
    _ log: LogCheck
  ) throws(StoreError) -> (Database, StoredState) {
    var aside = SetAside(
      reason: error.message, path: try Damage.setAside(options.path, because: error, now: now))
    var words = Batch(isDurable: true)
    // After damage found at run time memory knows better; a log that lost its middle may have mixed times.
    if options.knownDamage == nil, !log.isBroken {
      let saved = Salvage.read(aside.path, limits)
      aside.wallets = saved.watched.count
      aside.alerts = saved.alerts.count
      for row in saved.watched { words.add(row) }
      for row in saved.alerts { words.add(row) }
      if let last = saved.numberToRemember {
        words.add(last)
        words.add(RemovedAlert(id: last.id))
      }
    }
    let database = try Database(options)
    if !words.isEmpty { _ = try database.apply(words) }
    var state = try database.loadAll(limits, now: now)
    state.opened.setAside = aside
    return (database, state)
  }
}

/// Moving damaged files out of the way.
enum Damage {
  /// Damaged files kept. With as many, the next one is refused and stays where it is: a disk that breaks file after
  /// file needs a person, and nothing is ever deleted here.
  static let keptMax = 4
  /// What the names of files set aside have between the file's own and the time.
  static let mark = ".damaged-"

  /// Renames the file and its log; its new path. The file goes first: a log alone is recognised at the next start.
  static func setAside(_ path: String, because error: StoreError, now: WallTime) throws(StoreError) -> String
  {
    guard kept(path) < keptMax else {
      throw StoreError(
        .corrupt,
        "\(error.message); \(keptMax) damaged files lie beside it already (\(path)\(mark)…): look at the disk, "
          + "remove them, and start again")
    }
    let base = "\(path)\(mark)\(stamp(now))"
    var target = base
    var number = 1
    while exists(target) || exists("\(target)-wal") {
      number += 1
      target = "\(base)-\(number)"
    }
    for suffix in ["", "-wal", "-shm"] where exists(path + suffix) {
      guard rename(path + suffix, target + suffix) == 0 else {
        throw StoreError(
          .corrupt,
          "\(error.message); it cannot be set aside: \(String(cString: strerror(errno)))")
      }
    }
    return target
  }

  /// What is wrong with the file's first bytes that SQLite would take for another kind of file, or not notice.
  static func inHeader(_ path: String) -> String? {
    let head = LogCheck.bytes(path, at: 0, count: 100)
    guard head.count == 100, head.starts(with: Array("SQLite format 3\0".utf8)) else { return nil }
    let pageBytes = Int(head[16]) << 8 | Int(head[17])
    let isPageSize = pageBytes == 1 || (pageBytes >= 512 && pageBytes & (pageBytes - 1) == 0)
    let isVersion = head[18] == head[19] && (1...2).contains(head[18])
    let isFormat = head[44..<47].allSatisfy { $0 == 0 } && head[47] <= 4
    let isEncoding = head[56..<59].allSatisfy { $0 == 0 } && head[59] <= 3
    let isRest = head[21] == 64 && head[22] == 32 && head[23] == 32 && head[72..<92].allSatisfy { $0 == 0 }
    let isWhole = isPageSize && isVersion && isFormat && isEncoding && isRest
    return isWhole ? nil : "the file's header is damaged"
  }

  /// Whether an error that speaks of shapes or SQL means damage: in a file of our own version nothing else explains it.
  static func isInSchema(_ error: StoreError, _ options: DatabaseOptions) -> Bool {
    guard error.kind == .incompatible || error.kind == .misuse else { return false }
    do throws(StoreError) {
      let connection = try Connection(path: options.path, mode: .read, busyMs: options.busyMs)
      return try Migration.version(connection) == Migration.schemaVersion
    } catch {
      return error.isDamage || error.kind == .misuse
    }
  }

  /// Whether the file is SQLite's, or was: somebody else's file under a wrongly written path is left alone.
  static func isOurs(_ path: String) -> Bool {
    let size = LogCheck.size(path)
    // A log without its file, or beside an empty one.
    if size == 0 { return LogCheck.size("\(path)-wal") > 0 }
    let magic = Array("SQLite format 3\0".utf8)
    let head = LogCheck.bytes(path, at: 0, count: magic.count)
    return head == Array(magic.prefix(head.count)) || size % 512 == 0
  }

  /// Damaged files beside `path`.
  private static func kept(_ path: String) -> Int {
    let slash = path.lastIndex(of: "/")
    let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
    guard let directory = opendir(folder) else { return 0 }
    defer { closedir(directory) }
    var count = 0
    while let entry = readdir(directory) {
      let found = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      let isFile = !found.hasSuffix("-wal") && !found.hasSuffix("-shm")
      if isFile, found.hasPrefix(name + mark) { count += 1 }
    }
    return count
  }

  private static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// `YYYYMMDD-HHMMSS`, UTC.
  static func stamp(_ time: WallTime) -> String {
    var seconds = time_t(time.ms / 1000)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return "\(Int(parts.tm_year) + 1900)\(two(parts.tm_mon + 1))\(two(parts.tm_mday))"
      + "-\(two(parts.tm_hour))\(two(parts.tm_min))\(two(parts.tm_sec))"
  }
}

/// What clients were told is saved, out of a file set aside: only from tables that prove whole, and all of a table or
/// nothing.
enum Salvage {
  /// Rows that may go into a new file.
  struct Words {
    var watched: [WatchedWallet] = []
    var alerts: [WalletAlert] = []
    /// A row under the highest number ever given, when the alerts themselves do not show it.
    var numberToRemember: WalletAlert?
  }

  /// Reads the wallets and alerts of the file at `path`; what does not prove whole is left there.
  static func read(_ path: String, _ limits: StoredLimits) -> Words {
    var words = Words()
    guard let connection = try? Connection(path: path, mode: .read, busyMs: 0) else { return words }
    _ = try? connection.execute("PRAGMA cell_size_check=ON")
    if isWhole(.watchedWallets, connection),
      let state = loaded({ (state) throws(StoreError) in
        try connection.loadWatched(limits, into: &state)
      }), state.watched.allSatisfy(isPlausible)
    {
      words.watched = state.watched
    }
    if isWhole(.walletAlerts, connection),
      let state = loaded({ (state) throws(StoreError) in
        try connection.loadAlerts(limits, into: &state)
      }), state.alerts.allSatisfy(isPlausible)
    {
      words.alerts = state.alerts
      let highest = state.alerts.last?.id ?? 0
      if state.lastAlertID > highest, state.lastAlertID < highest + 1_000_000 {
        words.numberToRemember = WalletAlert(
          id: state.lastAlertID, key: "", alertType: "", minSizeUsd: 0, coins: "", createdAt: WallTime(ms: 0))
      }
    }
    return words
  }

  private static func loaded(_ body: (inout StoredState) throws(StoreError) -> Void) -> StoredState? {
    var state = StoredState()
    do throws(StoreError) { try body(&state) } catch { return nil }
    return state.beyondLimit == 0 ? state : nil
  }

  /// Whether the table and its key's index agree with each other and with their shape.
  private static func isWhole(_ table: Table, _ connection: borrowing Connection) -> Bool {
    do throws(StoreError) {
      guard try connection.text("PRAGMA integrity_check('\(table.name)')") == "ok" else { return false }
      return try connection.text("PRAGMA foreign_key_check('\(table.name)')") == nil
    } catch {
      return false
    }
  }

  /// What this service, or the one it replaces, may have written; damage mostly is not.
  private static func isPlausible(_ row: WatchedWallet) -> Bool {
    isText(row.key) && !row.key.isEmpty && isText(row.label) && isText(row.notes) && isText(row.tags)
      && isTime(row.addedAt)
  }

  private static func isPlausible(_ row: WalletAlert) -> Bool {
    row.id > 0 && isText(row.key) && !row.key.isEmpty && isText(row.alertType) && isText(row.coins)
      && row.minSizeUsd.isFinite && isTime(row.createdAt)
  }

  private static func isText(_ text: String) -> Bool {
    !text.unicodeScalars.contains {
      $0.value < 32 && $0 != "\n" && $0 != "\t" && $0 != "\r" || $0 == "\u{fffd}"
    }
  }

  private static func isTime(_ time: WallTime) -> Bool { time.ms >= 0 && time.ms < 4_102_444_800_000 }
}
