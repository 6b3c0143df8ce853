import API
import Base
import Engines
import Market
import Store

/// What of the service's state goes to disk, and when.
///
/// One writing job at a time, in this order: what clients wait for (`ClientWrites`, durable, at once), rows that follow
/// from what was seen (`rows` and the address book, every `flushInterval`, and then before the next clients), slices of
/// the retention sweep in between.
/// Each kind has batches of its own, so that none can fail another. A derived batch that fails goes out again, with
/// growing pauses, and what waits behind it is coalesced and bounded; a row the file refuses for what it is, is found
/// by halving its batch, dropped and counted.
/// States: `loading` until the database answered, `restoring` while memory takes over what it holds, `ready`; `down`
/// after a failed open, tried again after a growing while. Clients' writes are refused in all but `ready`.
struct Persistence {
  /// Between two flushes of what was seen.
  static let flushInterval = TimeSpan.seconds(1)
  /// Between two retention sweeps, and before the first.
  static let sweepInterval = TimeSpan.seconds(3_600)
  static let firstSweep = TimeSpan.seconds(60)
  /// Between two slices of one.
  static let sliceInterval = TimeSpan.milliseconds(50)

  private enum State {
    case loading, restoring, ready, down
    /// A job has the writer.
    case storingClients, storingRows, sweeping
  }

  /// What collectors want on disk.
  var rows: WriteQueue
  private(set) var clients = ClientWrites()
  private var state = State.loading
  /// The clients' batch in flight.
  private var clientBatch = Batch()
  /// Derived batches, the next one last: one, or what halving left of it.
  private var parts: [Batch] = []
  private var due = Instant.never
  private var sweepDue = Instant.never
  private var backoff: Backoff
  /// The slice on its way: what the `sweep` effect means.
  private(set) var sweep: Sweep
  private(set) var rowsStored: UInt64 = 0
  private(set) var rowsRefused: UInt64 = 0
  private(set) var rowsSwept: UInt64 = 0
  private(set) var failures: UInt64 = 0
  private(set) var batches: UInt64 = 0
  private(set) var lastBatch = TimeSpan.zero
  /// When the last batch was committed; nil before the first.
  private(set) var committedAt: Instant?
  private var storeBegan = Instant.zero
  /// The last batch was one of clients' writes.
  private var wereClientsLast = false
  /// Damage was found beside a job that has the writer.
  private var isDamaged = false
  /// Why the database does not take writes now; nil while it does.
  private(set) var failure: String?

  init(pruneDays: Double, rowsMax: Int = WriteQueue.rowsMax, seed: UInt64) {
    rows = WriteQueue(rowsMax: rowsMax)
    backoff = Backoff(first: .seconds(1), longest: .seconds(60), seed: seed)
    sweep = Sweep(cursor: .start, pruneDays: Persistence.days(pruneDays), now: WallTime(ms: 0))
  }

  /// Takes over another retention, from the next slice on.
  mutating func configure(pruneDays: Double) { sweep.pruneDays = Persistence.days(pruneDays) }

  private static func days(_ pruneDays: Double) -> Int { Int(pruneDays.rounded(.up)) }

  // MARK: What others see

  /// The rows on their way to disk: what the `store` effect means.
  var batch: Batch { state == .storingClients ? clientBatch : parts.last ?? Batch() }

  /// Whether questions can be asked.
  var isOpen: Bool {
    switch state {
    case .loading, .down: false
    default: true
    }
  }

  /// The service stops: what waits is flushed, nothing else begun.
  private var isStopping = false

  /// Why the database does not do all it should, for a person; nil while it does.
  var trouble: String? {
    switch state {
    case .loading, .restoring: failure ?? "database: loading"
    default: failure
    }
  }

  /// While a job has the writer, only its end and the patience of clients bring anything to do.
  var deadline: Instant {
    let patience = clients.deadline
    switch state {
    case .loading, .restoring: return .never
    // At a stop nothing is opened and nothing swept, so neither must ask for a turn.
    case .down: return isStopping ? patience : min(due, patience)
    case .ready: return min(isStopping ? due : min(due, sweepDue), patience)
    case .storingClients, .storingRows, .sweeping: return patience
    }
  }

  /// Clients' writes on disk and refused.
  var clientWrites: (stored: UInt64, refused: UInt64) { (clients.stored, clients.refused) }
  /// Derived rows that wait, also behind a batch in flight.
  var rowsWaiting: Int { rows.count + parts.reduce(0) { $0 + $1.count } }

  // MARK: Opening

  /// Opens the database; called once at start and after each failed attempt.
  mutating func load(_ out: Output) {
    state = .loading
    due = .never
    out.add(.load)
  }

  /// The database answered; the state to restore, or nil when it could not be opened.
  mutating func loaded(_ result: Result<StoredState, StoreError>, _ out: Output, now: Now) -> StoredState? {
    switch result {
    case .success(let stored):
      state = .restoring
      failure = nil
      backoff.reset()
      return stored
    case .failure(let error):
      state = .down
      failures += 1
      failure = "database: \(error.kind.rawValue)"
      due = now.instant + backoff.next()
      out.log(.error, "database refused", ("kind", error.kind.rawValue), ("reason", error.message))
      return nil
    }
  }

  /// The file is damaged: memory goes on, and the driver is asked to open it again, which sets it aside. At once, unless
  /// a job has the writer.
  mutating func found(_ damage: StoreError, _ out: Output, now: Now) {
    switch state {
    case .loading, .restoring, .down: return
    case .storingClients, .storingRows, .sweeping: isDamaged = true
    case .ready:
      isDamaged = false
      state = .down
      due = now.instant
      if failure == nil || damage.isDamage {
        out.log(.error, "database damaged", ("kind", damage.kind.rawValue), ("reason", damage.message))
      }
      failure = "database: \(damage.kind.rawValue)"
    }
  }

  /// A new file took the place of a damaged one while the service ran: what clients were told is saved goes into it.
  mutating func keepWords(_ knowledge: Knowledge) {
    var batch = Batch(isDurable: true)
    knowledge.watchList.forEachKnown { row in
      if batch.isFull { parts.append(batch) }
      if batch.isFull { batch = Batch(isDurable: true) }
      batch.add(WatchedWallet(row))
    }
    if !batch.isEmpty { parts.append(batch) }
    batch = Batch(isDurable: true)
    knowledge.alerts.forEach { batch.add(WalletAlert($0)) }
    if !batch.isEmpty { parts.append(batch) }
  }

  /// Memory holds what the file held: writing may begin.
  mutating func restored(now: Now) {
    state = .ready
    due = now.instant + Persistence.flushInterval
    sweepDue = now.instant + Persistence.firstSweep
  }

  // MARK: Clients' writes

  /// Takes a client's write; nil when it cannot be taken now.
  mutating func submit(_ write: ClientWrite, now: Now) -> WriteTicket? {
    switch state {
    case .loading, .restoring, .down: nil
    default: clients.submit(write, now: now)
    }
  }

  /// The next client to be told what became of its write.
  mutating func takeOutcome() -> (ticket: WriteTicket, outcome: WaitOutcome)? { clients.takeOutcome() }

  /// The wallets whose row on disk changed since the last call.
  mutating func takeWatched() -> [WatchEntry] { clients.takeWatched() }

  // MARK: Writing

  /// Starts what is due, if the writer is free; at a stop (`isFinal`) without waiting for the next interval.
  mutating func advance(_ knowledge: Knowledge, isFinal: Bool = false, _ out: Output, now: Now) {
    clients.expire(now: now.instant)
    if isFinal { isStopping = true }
    if state == .down, now.instant >= due, !isFinal { load(out) }
    // Behind a batch of clients' the others' turn comes when they are late: many clients cannot keep them waiting.
    if wereClientsLast, now.instant >= due { storeRows(knowledge.book, out, now: now) }
    storeClients(knowledge, out, now: now)
    if now.instant >= due || isFinal { storeRows(knowledge.book, out, now: now) }
    guard state == .ready else { return }
    guard now.instant >= sweepDue, !isFinal else { return }
    if sweep.cursor == .start { sweep.now = now.wall }
    state = .sweeping
    out.add(.sweep)
  }

  /// Starts a batch of what clients wait for, if the writer is free.
  private mutating func storeClients(_ knowledge: Knowledge, _ out: Output, now: Now) {
    while state == .ready, clients.isWaiting {
      clientBatch = clients.makeBatch(knowledge)
      // Some writes need no row; the others wait for theirs.
      guard !clientBatch.isEmpty else { continue }
      state = .storingClients
      wereClientsLast = true
      storeBegan = now.instant
      out.add(.store)
    }
  }

  /// Starts a batch of what was seen, if the writer is free and there is anything.
  private mutating func storeRows(_ book: AddressBook, _ out: Output, now: Now) {
    guard state == .ready else { return }
    due = now.instant + Persistence.flushInterval
    wereClientsLast = false
    collect(book)
    guard !parts.isEmpty else { return }
    state = .storingRows
    storeBegan = now.instant
    out.add(.store)
  }

  mutating func stored(
    _ result: Result<BatchReport, StoreError>, _ knowledge: Knowledge, _ out: Output, now: Now
  ) {
    let wasForClients = state == .storingClients
    guard wasForClients || state == .storingRows else { return }
    state = .ready
    defer { if isDamaged { found(StoreError(.corrupt, "found by a question"), out, now: now) } }
    switch result {
    case .success(let report):
      rowsStored += UInt64(report.rows)
      batches += 1
      lastBatch = now.instant - storeBegan
      committedAt = now.instant
      if failure != nil { out.log(.info, "database takes writes again") }
      failure = nil
      guard !wasForClients else { return clients.committed(knowledge) }
      backoff.reset()
      parts.removeLast()
      // More is waiting than one batch holds: do not wait for the next interval.
      if report.rows >= Batch.rowsMax || !parts.isEmpty { due = now.instant }
    case .failure(let error):
      failures += 1
      if wasForClients { clients.failed(error, knowledge) }
      if error.kind == .constraint || error.kind == .misuse {
        out.log(.error, "row refused", ("kind", error.kind.rawValue), ("reason", error.message))
        if !wasForClients { halve(now: now) }
        return
      }
      if error.isDamage { return found(error, out, now: now) }
      if !wasForClients { due = now.instant + backoff.next() }
      if failure == nil {
        out.log(.error, "database write failed", ("kind", error.kind.rawValue), ("reason", error.message))
      }
      failure = "database: \(error.kind.rawValue)"
    }
  }

  /// A row of the batch will never be taken: the others shall not wait for it.
  private mutating func halve(now: Now) {
    let whole = parts.removeLast()
    due = now.instant
    guard whole.count > 1 else {
      rowsRefused += 1
      return
    }
    let (first, rest) = whole.split(at: whole.count / 2)
    parts.append(rest)
    parts.append(first)
  }

  /// Makes the next derived batch, unless one is still to be written: what collectors sent first, then the accounts
  /// seen. One of each at least half, so that neither starves the other.
  private mutating func collect(_ book: AddressBook) {
    guard parts.isEmpty else { return }
    var batch = Batch()
    rows.take(into: &batch, limit: book.pendingFlush > 0 ? Batch.rowsMax / 2 : Batch.rowsMax)
    book.takeTouched(limit: Batch.rowsMax - batch.count) { _, row, newTrades in
      _ = batch.add(
        AddressSighting(
          address: row.address, firstSeen: WallTime(ms: Int64(row.firstSeenS) * 1000),
          lastSeen: WallTime(ms: Int64(row.lastSeenS) * 1000), trades: Int64(newTrades)))
    }
    if !batch.isEmpty { parts.append(batch) }
  }

  // MARK: Upkeep

  mutating func swept(_ result: Result<SweepReport, StoreError>, _ out: Output, now: Now) {
    guard state == .sweeping else { return }
    state = .ready
    defer { if isDamaged { found(StoreError(.corrupt, "found by the sweep or a question"), out, now: now) } }
    sweepDue = now.instant + Persistence.sliceInterval
    switch result {
    case .success(let report):
      rowsSwept += UInt64(report.removed)
      sweep.cursor = report.next
      guard let left = report.pagesLeft else { return }
      // No page given back, again and again: a reader needs them, or the file cannot shrink.
      sweep.stalls = left == sweep.pagesLeft ? sweep.stalls + 1 : 0
      sweep.pagesLeft = left
      if left > 0, sweep.stalls < Sweep.stallsMax { return }
    case .failure(let error):
      failures += 1
      isDamaged = isDamaged || error.isDamage
      out.log(.warning, "retention sweep failed", ("kind", error.kind.rawValue), ("reason", error.message))
    }
    sweep.cursor = .start
    sweep.pagesLeft = nil
    sweep.stalls = 0
    sweepDue = now.instant + Persistence.sweepInterval
    out.log(.debug, "retention sweep done", ("removed", "\(rowsSwept)"))
  }

  // MARK: Stop

  /// Whether nothing is left to write, or no way to write it.
  func isIdle(_ book: AddressBook) -> Bool {
    switch state {
    case .loading, .restoring, .storingClients, .storingRows, .sweeping: false
    case .down: true
    case .ready:
      clients.isEmpty && (failure != nil || parts.isEmpty && rows.isEmpty && book.pendingFlush == 0)
    }
  }

  /// Rows, and accounts whose last sightings, are not on disk.
  func unsaved(_ book: AddressBook) -> Int { rowsWaiting + book.pendingFlush }
}
