// A file made by the module itself, its rows, and the ways a disk can spoil it.
import Base
import Market
import Testing

@testable import Store

#if canImport(Glibc)
  import Glibc
#endif

/// A healthy file: its bytes, and its log's when it was copied from under a running daemon.
struct HealthyFile {
  var file: [UInt8]
  var log: [UInt8]
  /// What it holds after each commit of the log that is in it: `ends[n]` bytes of log hold the first n.
  var states: [StoredState] = []
  var ends: [Int] = []
  static let now = WallTime(ms: 1_800_000_000_000)

  /// A file closed in order, a few hundred kilobytes of rows of every kind.
  static func closed(seed: UInt64) throws -> HealthyFile {
    let scratch = try Scratch()
    let database = try scratch.open()
    var mutation = Mutation(seed: seed)
    mutation.nowMs = now.ms - 40_000_000
    var model = Model()
    for _ in 0..<6 {
      var batch = Batch()
      for _ in 0..<120 { mutation.add(to: &batch, &model) }
      _ = try database.apply(batch)
    }
    _ = try database.apply(crowd(seed))
    let state = try database.loadAll(StoredLimits(), now: now)
    try database.close()
    return HealthyFile(file: try contents(scratch.file), log: [], states: [state])
  }

  /// Many accounts, positions and snapshots: tables of several levels.
  private static func crowd(_ seed: UInt64) -> Batch {
    var batch = Batch()
    for n in 0..<200 as Range<UInt64> {
      let at = WallTime(ms: now.ms - 60_000 - Int64(n))
      batch.add(sighting(n + seed, first: at.ms - 5_000, last: at.ms, trades: 3))
      batch.add(
        PositionRow(
          address: account(n), coin: "ETH", isLong: n % 2 == 0, size: 2, sizeUsd: 9_000, entryPx: 4_400,
          markPx: 4_500,
          leverage: 5, marginUsed: 1_800, liqPx: 3_900, unrealizedPnl: 200, updatedAt: at))
      batch.add(EquitySnapshot(address: account(n), at: at, equity: 10_000, unrealized: 200))
    }
    for n in 0..<60 {
      batch.add(WatchedWallet(key: account(UInt64(n)).description, label: "wallet \(n)", addedAt: now))
    }
    return batch
  }

  /// A file and its log as they lie after the last of `commits` commits; `copied` says after how many of them the log
  /// was copied into the file.
  static func open(seed: UInt64, commits: Int, copied: Int?) throws -> HealthyFile {
    let scratch = try Scratch()
    let database = try scratch.open()
    var mutation = Mutation(seed: seed)
    mutation.nowMs = now.ms - 40_000_000
    var model = Model()
    _ = try database.apply(crowd(seed))
    _ = try database.checkpoint()
    var healthy = HealthyFile(file: [], log: [])
    healthy.states.append(try database.loadAll(StoredLimits(), now: now))
    healthy.ends.append(0)
    for number in 1...commits {
      var batch = Batch(isDurable: true)
      for _ in 0..<1 + mutation.random.below(3) { mutation.add(to: &batch, &model) }
      batch.add(MetadataEntry(key: "commit", value: "\(number)"))
      let report = try database.apply(batch)
      healthy.states.append(try database.loadAll(StoredLimits(), now: now))
      healthy.ends.append(32 + report.logPages * (24 + 4_096))
      if number == copied {
        let done = try database.checkpoint()
        #expect(done.copiedPages == done.logPages)
        // The next commit would begin the log anew.
        #expect(number == commits)
      }
    }
    healthy.file = try contents(scratch.file)
    healthy.log = try contents("\(scratch.file)-wal")
    return healthy
  }
}

/// A way to spoil a file.
enum Spoiling: String, CaseIterable, Sendable {
  case flipBit, flipBits, header, schemaPage, truncate, zeroPage, swapPages, sector, copyPage

  /// Spoils `bytes`; how many bytes may have changed inside cells at most.
  func apply(to bytes: inout [UInt8], _ random: inout PRNG) {
    let pages = bytes.count / 4_096
    func page(_ random: inout PRNG) -> Int { random.below(pages) }
    switch self {
    case .flipBit: bytes[random.below(bytes.count)] ^= 1 << UInt8(random.below(8))
    case .flipBits: for _ in 0..<4 { bytes[random.below(bytes.count)] ^= 1 << UInt8(random.below(8)) }
    case .header: bytes[random.below(100)] ^= 1 << UInt8(random.below(8))
    case .schemaPage: bytes[100 + random.below(3_996)] ^= 1 << UInt8(random.below(8))
    case .truncate: bytes.removeLast(1 + random.below(bytes.count))
    case .zeroPage:
      let at = page(&random) * 4_096
      for index in at..<at + 4_096 { bytes[index] = 0 }
    case .swapPages:
      let (a, b) = (page(&random) * 4_096, page(&random) * 4_096)
      let kept = Array(bytes[a..<a + 4_096])
      bytes.replaceSubrange(a..<a + 4_096, with: bytes[b..<b + 4_096])
      bytes.replaceSubrange(b..<b + 4_096, with: kept)
    case .copyPage:
      let (a, b) = (page(&random) * 4_096, page(&random) * 4_096)
      bytes.replaceSubrange(a..<a + 4_096, with: Array(bytes[b..<b + 4_096]))
    case .sector:
      let at = random.below(bytes.count / 512) * 512
      for index in at..<at + 512 { bytes[index] = UInt8(truncatingIfNeeded: random.next()) }
    }
  }

  /// Rows that may differ without anybody being able to tell: bytes inside a number or a word.
  var changedRowsMax: Int {
    switch self {
    case .flipBit, .header, .schemaPage: 1
    case .flipBits: 4
    case .sector: 12
    case .truncate, .zeroPage, .swapPages, .copyPage: 0
    }
  }
}

extension StoredState {
  /// Whether two loads found the same rows in the same order.
  func holdsTheSame(as other: StoredState) -> Bool {
    addresses == other.addresses && positions == other.positions && watched == other.watched
      && alerts == other.alerts && lastAlertID == other.lastAlertID && profiles == other.profiles
      && changes == other.changes && hlpSnapshots == other.hlpSnapshots && equity == other.equity
      && liquidations == other.liquidations
  }

  /// Whether nothing was found.
  var isEmpty: Bool { rowCounts.isEmpty }

  fileprivate var rowCounts: [AnyHashable: Int] {
    var counts: [AnyHashable: Int] = [:]
    func count(_ rows: [some Hashable]) { for row in rows { counts[AnyHashable(row), default: 0] += 1 } }
    count(addresses)
    count(positions)
    count(watched)
    count(alerts)
    count(profiles)
    count(changes)
    count(hlpSnapshots)
    count(equity)
    count(liquidations)
    return counts
  }

  /// Rows that `other` does not have.
  func strangers(to other: StoredState) -> [String] {
    if holdsTheSame(as: other) { return [] }
    let known = other.rowCounts
    return rowCounts.filter { known[$0.key, default: 0] < $0.value }.map { "\($0.key)" }
  }
}
