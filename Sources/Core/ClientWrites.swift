import API
import Base
import Engines
import Market
import Store

/// What clients (and auto-curation) asked to have written, until it is on disk.
///
/// Writes are committed several at once, in a durable batch of their own, in the order they came; memory is changed and
/// the ticket answered after the commit, never before. What cannot be stored is refused, never kept for later: a client
/// that was told "not stored" finds nothing stored. Only when the commit itself outlasts the client's patience is the
/// outcome unknown to it.
/// Bounds: `waitingMax` writes and `bytesMax` bytes of them, each for `patience` at most; beyond them they are refused.
struct ClientWrites {
  /// Writes waiting or in flight.
  static let waitingMax = 512
  /// Bytes of text in them.
  static let bytesMax = 4 << 20
  /// How long a write may wait for its turn; less than its client does (`RouteCall.writeMax`).
  static let patience = TimeSpan.milliseconds(2_500)

  private struct Waiting {
    var ticket: WriteTicket
    var write: ClientWrite
    var bytes: Int
    var until: Instant
    var at: WallTime
  }

  /// What is to be done in memory when a row is on disk.
  private enum Change {
    case watched(WatchEntry)
    case alert(Alert)
    case noAlert(Int64)
    case nothing
  }

  private struct InFlight {
    var waiting: Waiting
    var change: Change
  }

  private var waiting: [Waiting] = []
  private var inFlight: [InFlight] = []
  private var lastTicket: UInt64 = 0
  private(set) var bytes = 0
  /// A batch of several was refused for what is in it: its writes go one by one.
  private var alone = 0
  /// Answers for `takeOutcome`.
  private var outcomes: [(ticket: WriteTicket, outcome: WaitOutcome)] = []
  /// Wallets whose row changed, for `takeWatched`.
  private var watched: [WatchEntry] = []
  /// Writes on disk, and writes refused.
  private(set) var stored: UInt64 = 0
  private(set) var refused: UInt64 = 0

  /// Writes waiting or in flight.
  var count: Int { waiting.count + inFlight.count }
  /// Whether a batch can be made.
  var isWaiting: Bool { !waiting.isEmpty }
  /// Whether nothing waits, nothing is being written and every ticket is answered.
  var isEmpty: Bool { waiting.isEmpty && inFlight.isEmpty && outcomes.isEmpty }
  /// When the first waiting write loses its patience.
  var deadline: Instant { waiting.first?.until ?? .never }

  /// Takes a write; nil when too many wait.
  mutating func submit(_ write: ClientWrite, now: Now) -> WriteTicket? {
    let size = write.bytes
    guard count < ClientWrites.waitingMax, bytes + size <= ClientWrites.bytesMax
    else {
      refused &+= 1
      return nil
    }
    lastTicket += 1
    bytes += size
    let ticket = WriteTicket(lastTicket)
    waiting.append(
      Waiting(
        ticket: ticket, write: write, bytes: size, until: now.instant + ClientWrites.patience, at: now.wall))
    return ticket
  }

  /// The next batch of waiting writes; empty when all of them were answered without one.
  mutating func makeBatch(_ knowledge: Knowledge) -> Batch {
    var batch = Batch(isDurable: true)
    var keys: Set<String> = []
    var taken = 0
    for item in waiting {
      if alone > 0, !inFlight.isEmpty { break }
      // What a write makes of a wallet depends on those before it, so a wallet has one write per commit.
      if let key = item.write.walletKey, !keys.insert(key).inserted { break }
      if !batch.isEmpty, batch.count + item.write.rows > Batch.rowsMax { break }
      taken += 1
      if let change = ClientWrites.add(item, to: &batch, knowledge) {
        inFlight.append(InFlight(waiting: item, change: change))
      } else {
        answer(item, ClientWrites.immediate(item.write, knowledge))
      }
    }
    waiting.removeFirst(taken)
    return batch
  }

  /// The batch is on disk: memory may know, and clients are told.
  mutating func committed(_ knowledge: Knowledge) {
    if alone > 0 { alone -= 1 }
    for item in inFlight {
      var id: Int64?
      switch item.change {
      case .watched(let row):
        knowledge.watchList.put(row)
        watched.append(row)
      case .alert(let alert):
        knowledge.alerts.put(alert)
        id = alert.id
      case .noAlert(let alert): knowledge.alerts.remove(alert)
      case .nothing: break
      }
      stored &+= 1
      answer(item.waiting, .stored(id: id))
    }
    inFlight.removeAll(keepingCapacity: true)
  }

  /// The batch is not on disk. Rows that the file refuses for what they are must not take others with them: several are
  /// tried again one by one.
  mutating func failed(_ error: StoreError, _ knowledge: Knowledge) {
    withdrawAlerts(knowledge)
    let isAboutRows = error.kind == .constraint || error.kind == .misuse
    if isAboutRows, inFlight.count > 1 {
      alone = inFlight.count
      waiting.insert(contentsOf: inFlight.map(\.waiting), at: 0)
    } else {
      if alone > 0 { alone -= 1 }
      for item in inFlight { refuse(item.waiting, error.kind) }
    }
    inFlight.removeAll(keepingCapacity: true)
  }

  /// Refuses everything that waits: there is no database to write to.
  mutating func refuseWaiting(_ kind: StoreError.Kind) {
    let gone = waiting
    waiting.removeAll()
    for item in gone { refuse(item, kind) }
  }

  /// Refuses what has waited too long for its turn.
  mutating func expire(now: Instant) {
    while let first = waiting.first, first.until <= now {
      waiting.removeFirst()
      refuse(first, .locked)
    }
  }

  /// The next ticket that can be answered.
  mutating func takeOutcome() -> (ticket: WriteTicket, outcome: WaitOutcome)? {
    outcomes.isEmpty ? nil : outcomes.removeFirst()
  }

  /// The wallets followed, or followed no longer, since the last call.
  mutating func takeWatched() -> [WatchEntry] {
    defer { watched.removeAll() }
    return watched
  }

  // MARK: One write

  /// Adds the rows of a write; nil when it is answered without any.
  private static func add(_ item: Waiting, to batch: inout Batch, _ knowledge: Knowledge) -> Change? {
    switch item.write {
    case .watch(let key, let label):
      guard let row = knowledge.watchList.watching(key, label: label, at: item.at) else { return nil }
      batch.add(WatchedWallet(row))
      return .watched(row)
    case .unwatch(let key):
      guard let row = knowledge.watchList.unwatching(key) else { return nil }
      batch.add(UnwatchedWallet(key: key))
      return .watched(row)
    case .patch(let key, let label, let notes, let tags):
      guard
        case .some(.some(let row)) = knowledge.watchList.patching(key, label: label, notes: notes, tags: tags)
      else { return nil }
      batch.add(WatchedWalletPatch(key: key, label: label, notes: notes, tags: tags))
      return .watched(row)
    case .addAlert(let key, let type, let minSizeUsd, let coins):
      let alert = knowledge.alerts.next(
        key: key, type: type, minSizeUsd: minSizeUsd, coins: coins, at: item.at)
      guard let alert else { return nil }
      batch.add(WalletAlert(alert))
      return .alert(alert)
    case .removeAlert(let id):
      batch.add(RemovedAlert(id: id))
      return .noAlert(id)
    case .record(let funding, let oi, let volume):
      guard item.write.rows > 0, item.write.rows <= Batch.rowsMax else { return nil }
      for reading in funding { batch.add(FundingPoint(coin: reading.coin, at: item.at, rate: reading.value)) }
      for reading in oi { batch.add(OiPoint(coin: reading.coin, at: item.at, oiUsd: reading.value)) }
      for reading in volume {
        batch.add(VolumePoint(coin: reading.coin, at: item.at, volumeUsd: reading.value))
      }
      return .nothing
    }
  }

  /// What a write without a row comes to.
  private static func immediate(_ write: ClientWrite, _ knowledge: Knowledge) -> WaitOutcome {
    switch write {
    case .unwatch, .removeAlert: .stored(id: nil)
    case .patch(let key, _, _, _) where !knowledge.watchList.contains(key): .notTracked
    case .watch, .patch: .refused(reason: "The watch list is full")
    case .addAlert: .refused(reason: "Too many alerts")
    case .record where write.rows == 0: .stored(id: nil)
    case .record: .refused(reason: "Too many values")
    }
  }

  private func withdrawAlerts(_ knowledge: Knowledge) {
    for item in inFlight {
      if case .alert(let alert) = item.change { knowledge.alerts.withdraw(alert.id) }
    }
  }

  private mutating func refuse(_ item: Waiting, _ kind: StoreError.Kind) {
    refused &+= 1
    answer(item, .refused(reason: "Not stored, database: \(kind.rawValue)"))
  }

  private mutating func answer(_ item: Waiting, _ outcome: WaitOutcome) {
    bytes -= item.bytes
    outcomes.append((item.ticket, outcome))
  }
}

extension ClientWrite {
  /// The wallet whose row it changes.
  fileprivate var walletKey: String? {
    switch self {
    case .watch(let key, _), .unwatch(let key), .patch(let key, _, _, _): key
    case .addAlert, .removeAlert, .record: nil
    }
  }

  /// Rows it becomes.
  fileprivate var rows: Int {
    if case .record(let funding, let oi, let volume) = self { return funding.count + oi.count + volume.count }
    return 1
  }

  /// Memory it holds while it waits, about.
  fileprivate var bytes: Int {
    switch self {
    case .watch(let key, let label): key.utf8.count + label.utf8.count
    case .unwatch(let key): key.utf8.count
    case .patch(let key, let label, let notes, let tags):
      key.utf8.count + (label?.utf8.count ?? 0) + (notes?.utf8.count ?? 0) + (tags?.utf8.count ?? 0)
    case .addAlert(let key, let type, _, let coins): key.utf8.count + type.utf8.count + coins.utf8.count
    case .removeAlert: 0
    case .record: rows * 40
    }
  }
}

extension WatchedWallet {
  /// The row of a wallet as memory shall know it.
  init(_ row: WatchEntry) {
    self.init(
      key: row.key, label: row.label, addedAt: row.addedAt, isActive: row.isActive, notes: row.notes,
      tags: row.tags)
  }
}

extension WalletAlert {
  /// The row of an alert as memory shall know it.
  init(_ alert: Alert) {
    self.init(
      id: alert.id, key: alert.key, alertType: alert.type, minSizeUsd: alert.minSizeUsd, coins: alert.coins,
      isEnabled: alert.isEnabled, createdAt: alert.createdAt)
  }
}
