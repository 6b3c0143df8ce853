import Base
import Engines
import Market
import Store

/// What of the service's state goes to disk, and when: one batch at a time, every `flushInterval`.
///
/// Derived rows (accounts seen) are added up until they are committed: a batch that fails is counted and its rows
/// go out again with the next one, so a locked or full disk loses nothing while the process lives.
/// States: `loading` until the database answered at start; `ready`; `down` after a failed open, tried again after a
/// growing while. Bound: one batch of `Batch.rowsMax` rows in flight, the rest waits in the address book.
struct Persistence {
  /// Between two flushes of what was seen.
  static let flushInterval = TimeSpan.seconds(1)

  private enum State { case loading, ready, storing, down }

  private var state = State.loading
  /// The rows on their way to disk: what the `store` effect means.
  private(set) var batch = Batch()
  /// What collectors want on disk.
  var rows = WriteQueue()
  private var due = Instant.never
  private var backoff: Backoff
  private(set) var rowsStored: UInt64 = 0
  private(set) var failures: UInt64 = 0
  /// Why the database does not take writes now; nil while it does.
  private(set) var trouble: String?

  init(seed: UInt64) { backoff = Backoff(first: .seconds(1), longest: .seconds(60), seed: seed) }

  /// While a batch is being written only its end can bring anything to do.
  var deadline: Instant { state == .storing ? .never : due }

  /// Opens the database; called once at start and after each failed attempt.
  mutating func load(_ out: Output) {
    state = .loading
    due = .never
    out.add(.load)
  }

  mutating func loaded(
    _ result: Result<LoadedState, StoreError>, book: AddressBook, _ out: Output, now: Now
  ) {
    switch result {
    case .success(let loaded):
      var refused = 0
      for row in loaded.addresses where book.restore(AddressRow(row)) == nil { refused += 1 }
      state = .ready
      trouble = nil
      backoff.reset()
      due = now.instant + Persistence.flushInterval
      let file = loaded.opened
      out.log(
        .info, "database open", ("new", "\(file.isNew)"), ("addresses", "\(loaded.addresses.count)"),
        ("skipped", "\(loaded.skipped + refused)"),
        ("added", (file.tablesAdded + file.columnsAdded + file.indexesAdded).joined(separator: ",")))
    case .failure(let error):
      state = .down
      failures += 1
      trouble = "database: \(error.kind.rawValue)"
      due = now.instant + backoff.next()
      out.log(.error, "database refused", ("kind", error.kind.rawValue), ("reason", error.message))
    }
  }

  /// Starts a flush when one is due; at a stop (`isFinal`) at once.
  mutating func flush(_ book: AddressBook, isFinal: Bool = false, _ out: Output, now: Now) {
    guard now.instant >= due || isFinal else { return }
    if state == .down {
      if !isFinal { load(out) }
      return
    }
    guard state == .ready else { return }
    due = now.instant + Persistence.flushInterval
    collect(book)
    guard !batch.isEmpty else { return }
    state = .storing
    out.add(.store)
  }

  /// Whether nothing is left to write, or no way to write it.
  func isIdle(_ book: AddressBook) -> Bool {
    switch state {
    case .loading, .storing: false
    case .down: true
    case .ready: batch.isEmpty && book.pendingFlush == 0 || trouble != nil
    }
  }

  /// Accounts whose last sightings are not on disk.
  func unsaved(_ book: AddressBook) -> Int { batch.count + book.pendingFlush }

  mutating func stored(_ result: Result<BatchReport, StoreError>, _ out: Output, now: Now) {
    guard state == .storing else { return }
    state = .ready
    switch result {
    case .success(let report):
      rowsStored += UInt64(report.rows)
      batch.removeAll()
      backoff.reset()
      if trouble != nil { out.log(.info, "database takes writes again") }
      trouble = nil
      // More is waiting than one batch holds: do not wait for the next interval.
      if report.rows >= Batch.rowsMax { due = now.instant }
    case .failure(let error):
      failures += 1
      due = now.instant + backoff.next()
      if trouble == nil {
        out.log(.error, "database write failed", ("kind", error.kind.rawValue), ("reason", error.message))
      }
      trouble = "database: \(error.kind.rawValue)"
    }
  }

  /// The slice on its way: what the `sweep` effect means.
  private(set) var sweep = Sweep(cursor: .start, pruneDays: 7, now: WallTime(ms: 0))

  mutating func swept(_ result: Result<SweepReport, StoreError>, _ out: Output, now: Now) {}

  private mutating func collect(_ book: AddressBook) {
    let room = Batch.rowsMax - batch.count
    guard room > 0 else { return }
    rows.take(into: &batch)
    book.takeTouched(limit: room) { _, row, newTrades in
      _ = batch.add(
        AddressSighting(
          address: row.address, firstSeen: WallTime(ms: Int64(row.firstSeenS) * 1000),
          lastSeen: WallTime(ms: Int64(row.lastSeenS) * 1000), trades: Int64(newTrades)))
    }
  }
}

extension AddressRow {
  /// The account as the file knows it.
  fileprivate init(_ record: AddressRecord) {
    self.init(
      address: record.address, firstSeenS: UInt32(clamping: record.firstSeen.ms / 1000),
      lastSeenS: UInt32(clamping: record.lastSeen.ms / 1000), tradeCount: UInt32(clamping: record.tradeCount))
  }
}
