public import Base
public import Market

/// What an account's equity did within the rolling day.
public struct EquityRange: Hashable, Sendable {
  /// The oldest snapshot of the day.
  public var first: Usd
  /// The newest one.
  public var last: Usd
  /// Snapshots of the day, at least one.
  public var count: Int

  /// A range with these values.
  public init(first: Usd, last: Usd, count: Int) {
    self.first = first
    self.last = last
    self.count = count
  }
}

/// One equity snapshot.
public struct EquitySample: Hashable, Sendable {
  /// Whose.
  public var account: AddressID
  /// How much.
  public var equity: Usd
  /// When, on the daemon's wall clock.
  public var time: WallTime
}

/// Equity snapshots of the last 24 hours, and each account's latest equity for good.
///
/// One ring holds the snapshots of all accounts in the order they came; each points to the next one of its
/// account, so the oldest of an account that is still within the day is known exactly and every snapshot is
/// touched twice in its life. Ages are counted on a clock of our own that follows the wall clock forwards and
/// stands still while that steps back, so the ring is always in order and a corrected clock loses nothing.
/// Bounds: `snapshotsMax` (24 bytes each, touched as used; 1,020 weight a minute make about 734,000 a day); at the
/// bound the oldest goes and is counted. 32 bytes per account id, in pages of 4,096.
/// No call takes longer than the snapshots it is allowed to let go.
public final class EquityLog {
  /// What a snapshot counts for.
  public static let windowMs: Int64 = 86_400_000
  /// Snapshots an `append` lets go of at the most, besides what is asked of `expire`.
  static let expiredPerAppend = 4

  private struct Snapshot {
    var equity: Int64
    /// On our own clock.
    var timeMs: Int64
    var account: UInt32
    /// Place of the account's next snapshot, `none` for its last.
    var next: UInt32
  }

  private struct Record {
    var latest: Int64 = 0
    var latestAtMs: Int64 = .min
    var first: UInt32 = none
    var last: UInt32 = none
    var count: UInt32 = 0
    var isDirty = false
  }

  private static let none: UInt32 = .max
  private static let pageBits = 12
  private static let pageMask = 1 << pageBits - 1

  /// The most snapshots held.
  public let snapshotsMax: Int
  /// Snapshots held; some may be older than a day until `expire` comes by.
  @exclusivity(unchecked) public private(set) var count = 0
  /// Snapshots let go before their day was over.
  @exclusivity(unchecked) public private(set) var dropped: UInt64 = 0
  /// Counts every change of a range or of a latest equity.
  @exclusivity(unchecked) public private(set) var version: UInt64 = 0
  /// Account ids that were ever used lie below.
  @exclusivity(unchecked) public private(set) var accountsEnd = 0

  private let ring: UnsafeMutablePointer<Snapshot>
  @exclusivity(unchecked) private var oldest = 0
  @exclusivity(unchecked) private var pages: [UnsafeMutablePointer<Record>?] = []
  @exclusivity(unchecked) private var clockMs: Int64 = 0
  @exclusivity(unchecked) private var wallMs: Int64 = .min
  @exclusivity(unchecked) private var dirty: [AddressID] = []

  /// An empty log.
  public init(snapshotsMax: Int = 1_000_000) {
    precondition(snapshotsMax > 0 && snapshotsMax < 1 << 31)
    self.snapshotsMax = snapshotsMax
    ring = .allocate(capacity: snapshotsMax)
  }

  deinit {
    ring.deallocate()
    for page in pages { page?.deallocate() }
  }

  /// Bytes of memory touched so far, the ring's counted as if it never wrapped.
  public var memoryBytes: Int {
    count * MemoryLayout<Snapshot>.stride + pages.count { $0 != nil } << EquityLog.pageBits
      * MemoryLayout<Record>.stride
  }
  /// Accounts whose range changed since `takeDirty` last handed them over.
  public var dirtyCount: Int { dirty.count }

  /// Adds a snapshot of `account`. Also how stored snapshots come back at a warm start, oldest first.
  public func append(_ account: AddressID, equity: Usd, at time: WallTime) {
    advance(to: time)
    letGo(limit: EquityLog.expiredPerAppend)
    if count == snapshotsMax {
      pop()
      dropped &+= 1
    }
    let place = UInt32((oldest + count) % snapshotsMax)
    (ring + Int(place)).initialize(
      to: Snapshot(equity: equity.micros, timeMs: clockMs, account: account.raw, next: EquityLog.none))
    count += 1
    let record = makeRecord(account)
    if record.pointee.count == 0 {
      record.pointee.first = place
    } else {
      ring[Int(record.pointee.last)].next = place
    }
    record.pointee.last = place
    record.pointee.count += 1
    record.pointee.latest = equity.micros
    record.pointee.latestAtMs = time.ms
    mark(record, account)
  }

  /// Takes all snapshots out, oldest first: when stored ones, which are older, come only now, they are appended first and
  /// these after them.
  public func takeAll() -> [EquitySample] {
    var samples: [EquitySample] = []
    while count > 0 {
      let snapshot = ring[oldest]
      let account = AddressID(raw: snapshot.account)
      // Those of forgotten accounts are nobody's.
      if let record = record(account), record.pointee.count > 0, Int(record.pointee.first) == oldest {
        samples.append(
          EquitySample(
            account: account, equity: Usd(micros: snapshot.equity),
            time: WallTime(ms: wallMs - (clockMs - snapshot.timeMs))))
      }
      pop()
    }
    return samples
  }

  /// Lets go of up to `limit` snapshots older than a day; answers how many went.
  @discardableResult
  public func expire(limit: Int, now: WallTime) -> Int {
    advance(to: now)
    return letGo(limit: limit)
  }

  /// The account's oldest and newest snapshot of the last 24 hours; `nil` when it has none.
  public func range(of account: AddressID, now: WallTime) -> EquityRange? {
    advance(to: now)
    guard let record = record(account) else { return nil }
    trim(record, account)
    guard record.pointee.count > 0 else { return nil }
    return EquityRange(
      first: Usd(micros: ring[Int(record.pointee.first)].equity),
      last: Usd(micros: ring[Int(record.pointee.last)].equity), count: Int(record.pointee.count))
  }

  /// The account's latest equity, however old; `nil` when none was ever seen.
  public func latest(of account: AddressID) -> Usd? {
    guard let record = record(account), record.pointee.latestAtMs > .min else { return nil }
    return Usd(micros: record.pointee.latest)
  }

  /// When the account's latest equity was seen.
  public func latestTime(of account: AddressID) -> WallTime? {
    guard let record = record(account), record.pointee.latestAtMs > .min else { return nil }
    return WallTime(ms: record.pointee.latestAtMs)
  }

  /// Forgets the account; its id may mean somebody else afterwards.
  public func remove(_ account: AddressID) {
    guard let record = record(account), record.pointee.latestAtMs > .min else { return }
    // Its snapshots stay in the ring as nobody's: no record leads to them.
    let isDirty = record.pointee.isDirty
    record.pointee = Record()
    record.pointee.isDirty = isDirty
    mark(record, account)
  }

  /// Hands over up to `limit` accounts whose range changed since they were last handed over, latest first.
  @discardableResult
  public func takeDirty(limit: Int, _ body: (AddressID) -> Void) -> Int {
    let taken = min(limit, dirty.count)
    for _ in 0..<taken {
      guard let account = dirty.popLast() else { break }
      record(account)?.pointee.isDirty = false
      body(account)
    }
    return taken
  }

  /// Our clock follows the wall clock's steps forwards and ignores those back.
  private func advance(to time: WallTime) {
    if wallMs != .min {
      let (step, overflow) = time.ms.subtractingReportingOverflow(wallMs)
      if !overflow, step > 0 { clockMs = clockMs.addingReportingOverflow(step).partialValue }
    }
    wallMs = time.ms
  }

  private var cutMs: Int64 { clockMs - EquityLog.windowMs }

  @discardableResult
  private func letGo(limit: Int) -> Int {
    var gone = 0
    while gone < limit, count > 0, ring[oldest].timeMs < cutMs {
      pop()
      gone += 1
    }
    return gone
  }

  /// Lets the oldest snapshot go.
  private func pop() {
    let snapshot = ring[oldest]
    let account = AddressID(raw: snapshot.account)
    if let record = record(account), record.pointee.count > 0, Int(record.pointee.first) == oldest {
      step(record)
      mark(record, account)
    }
    oldest = oldest + 1 == snapshotsMax ? 0 : oldest + 1
    count -= 1
  }

  /// Walks the account's first snapshot into the day.
  private func trim(_ record: UnsafeMutablePointer<Record>, _ account: AddressID) {
    while record.pointee.count > 0, ring[Int(record.pointee.first)].timeMs < cutMs {
      step(record)
      mark(record, account)
    }
  }

  private func step(_ record: UnsafeMutablePointer<Record>) {
    record.pointee.first = ring[Int(record.pointee.first)].next
    record.pointee.count -= 1
    if record.pointee.count == 0 { record.pointee.last = EquityLog.none }
  }

  private func mark(_ record: UnsafeMutablePointer<Record>, _ account: AddressID) {
    version &+= 1
    guard !record.pointee.isDirty else { return }
    record.pointee.isDirty = true
    dirty.append(account)
  }

  private func record(_ account: AddressID) -> UnsafeMutablePointer<Record>? {
    let page = account.index >> EquityLog.pageBits
    guard page < pages.count, let records = pages[page] else { return nil }
    return records + account.index & EquityLog.pageMask
  }

  private func makeRecord(_ account: AddressID) -> UnsafeMutablePointer<Record> {
    if let record = record(account) {
      accountsEnd = max(accountsEnd, account.index + 1)
      return record
    }
    let page = account.index >> EquityLog.pageBits
    while pages.count <= page { pages.append(nil) }
    let records = UnsafeMutablePointer<Record>.allocate(capacity: 1 << EquityLog.pageBits)
    records.initialize(repeating: Record(), count: 1 << EquityLog.pageBits)
    pages[page] = records
    accountsEnd = max(accountsEnd, account.index + 1)
    return records + account.index & EquityLog.pageMask
  }
}
