import Base
import Core
import Market
import Store

/// The database file: rows that survive the process, and what was acknowledged to it.
struct SimulatedDisk {
  struct Row {
    var firstSeen: WallTime
    var lastSeen: WallTime
    var trades: Int64
  }

  /// What is in the file.
  private(set) var rows: [Address: Row] = [:]
  /// What the daemon was told is in the file.
  private(set) var acknowledged: Set<Address> = []
  /// Trade counts over all rows the daemon was told of, to notice a batch that is counted twice or lost.
  private(set) var acknowledgedTrades: Int64 = 0
  private(set) var inFlight: [AddressSighting]?
  /// The last attempts failed: what is left unsaved at a stop is forgiven.
  var isTroubled = false

  mutating func begin(_ batch: Batch) {
    var sightings: [AddressSighting] = []
    batch.forEachSighting { sightings.append($0) }
    inFlight = sightings
  }

  var trades: Int64 { rows.values.reduce(0) { $0 + $1.trades } }

  /// Carries the batch out; `keeps` false is a disk that lies.
  mutating func commit(keeps: Bool = true) -> Int {
    let sightings = inFlight ?? []
    inFlight = nil
    for sighting in sightings {
      acknowledged.insert(sighting.address)
      acknowledgedTrades += sighting.trades
      if keeps { put(sighting) }
    }
    return sightings.count
  }

  private mutating func put(_ sighting: AddressSighting) {
    let row = rows[sighting.address]
    rows[sighting.address] = Row(
      firstSeen: min(row?.firstSeen ?? sighting.firstSeen, sighting.firstSeen),
      lastSeen: max(row?.lastSeen ?? sighting.lastSeen, sighting.lastSeen),
      trades: (row?.trades ?? 0) + sighting.trades)
  }

  mutating func refuse() { inFlight = nil }

  /// The process died: a batch under way is kept or not, but nobody was told.
  mutating func crash(keeps: Bool) {
    if keeps { for sighting in inFlight ?? [] { put(sighting) } }
    // Nobody was told, so the sums start anew from what is there.
    inFlight = nil
    acknowledgedTrades = trades
  }

  /// The process ends in order, and lets its pool finish.
  mutating func finish() { if inFlight != nil { _ = commit() } }

  func load() -> LoadedState {
    var state = LoadedState()
    state.addresses = rows.map { address, row in
      AddressRecord(
        address: address, firstSeen: row.firstSeen, lastSeen: row.lastSeen, tradeCount: row.trades)
    }
    // Dictionaries differ from process to process; a run must not.
    state.addresses.sort {
      ($0.address.a, $0.address.b, $0.address.c) < ($1.address.a, $1.address.b, $1.address.c)
    }
    state.opened.isNew = rows.isEmpty
    return state
  }
}

extension Simulation {
  func load() {
    if clients.isLoading || disk.inFlight != nil { complain(.effects, "loads while the disk is at work") }
    clients.isLoading = true
    add(.loaded, in: diskTime())
  }

  func store() {
    if disk.inFlight != nil { complain(.effects, "a second batch in flight") }
    if clients.isLoading { complain(.effects, "stores before it has loaded") }
    guard let core else { return }
    disk.begin(core.takeBatch())
    if disk.inFlight?.isEmpty ?? true { complain(.effects, "stores an empty batch") }
    add(.stored(isKept: true), in: diskTime())
  }

  /// A job takes some turns of the loop; by its result nobody sees when it was computed.
  func compute(_ id: JobID) {
    guard let core else { return }
    add(.computed(id, core.takeJob(id)), in: .milliseconds(1 + chance.below(60)))
  }

  func query(_ id: QueryID) {
    guard let core else { return }
    add(.queried(id, core.takeQuery(id)), in: diskTime())
  }

  func queried(_ id: QueryID, _ query: StoreQuery) {
    step(.queried(id, .failure(StoreError(.closed, "not simulated"))))
  }

  func sweep() {
    if disk.inFlight != nil { complain(.effects, "sweeps while a batch is in flight") }
    add(.swept, in: diskTime())
  }

  func swept() { step(.swept(.success(SweepReport(removed: 0, next: nil, pagesLeft: 0)))) }

  private func diskTime() -> TimeSpan {
    let usual = TimeSpan.milliseconds(1 + chance.below(30))
    guard let slow = fault(.diskSlow) else { return usual }
    return usual + .milliseconds(Int(slow.strength * 20_000))
  }

  func loaded() {
    clients.isLoading = false
    if strikes(.diskLocked) {
      disk.isTroubled = true
      return step(.loaded(.failure(StoreError(.locked, "database is locked"))))
    }
    disk.isTroubled = false
    let state = disk.load()
    checkLoaded(state)
    step(.loaded(.success(state)))
  }

  func stored(isKept: Bool) {
    guard disk.inFlight != nil else { return }
    for (kind, error) in [(FaultKind.diskLocked, StoreError.Kind.locked), (.diskFull, .diskFull)] {
      guard strikes(kind) else { continue }
      disk.refuse()
      disk.isTroubled = true
      return step(.stored(.failure(StoreError(error, "simulated"))))
    }
    disk.isTroubled = false
    counts.batches += 1
    let loses = tamper == .loseBatch && counts.batches == 20
    let count = disk.commit(keeps: !loses)
    step(.stored(.success(BatchReport(rows: count, logPages: 10))))
  }
}
