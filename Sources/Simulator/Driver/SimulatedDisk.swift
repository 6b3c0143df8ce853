import Base
import Core
import Market
import Store

/// The database file: a real one on a disk in memory that outlives the simulated process, and what was acknowledged of it.
///
/// Everything from SQLite's log to the tables is what runs in production; faults strike where a disk's do (`MemoryDisk`),
/// and a process dies between any two writes of a commit, a load or a sweep. Beside it, one lie on demand: a batch that is
/// acknowledged and forgotten.
struct SimulatedDisk {
  /// What the process was doing with the disk when it died.
  enum Work {
    case store, sweep(Sweep), load(WallTime)
  }

  let memory: MemoryDisk
  /// As the living process has it open.
  private(set) var database: Database?
  /// What the daemon was told is in the file.
  private(set) var acknowledged: Set<Address> = []
  /// Trade counts over all rows the daemon was told of, to notice a batch that is counted twice or lost.
  private(set) var acknowledgedTrades: Int64 = 0
  private(set) var inFlight: Batch?
  /// A slice of a retention sweep is under way.
  var isSweeping = false
  /// The last attempts failed: what is left unsaved at a stop is forgiven.
  var isTroubled = false
  /// The process died: what it was never told of may be in the file.
  private var isCountDue = false
  /// The machine lost its power: what was not synced is gone, which only durable writes are safe from.
  private(set) var lostPower = false

  init(seed: UInt64) { memory = MemoryDisk(seed: seed) }

  mutating func begin(_ batch: Batch) { inFlight = batch }

  /// Looks into the file: through the process's own connection, or one opened for it.
  func look<Found>(_ body: (Database) throws(StoreError) -> Found) throws(StoreError) -> Found {
    if let database { return try body(database) }
    let opened = try open()
    let found = try body(opened)
    try opened.close()
    return found
  }

  private func open() throws(StoreError) -> Database {
    var options = DatabaseOptions(path: MemoryDisk.path)
    options.vfs = memory.name
    return try Database(options)
  }

  /// Accounts in the file, and their trades.
  var accounts: (count: Int, trades: Int64) {
    var found = (count: 0, trades: Int64(0))
    try? look { (database) throws(StoreError) in
      _ = try database.loadAddresses(limit: .max) { found = (found.count + 1, found.trades + $0.tradeCount) }
    }
    return found
  }

  /// Whether the file has the account.
  func holds(_ address: Address) -> Bool {
    var isHeld = false
    try? look { (database) throws(StoreError) in
      _ = try database.loadAddresses(limit: .max) { if $0.address == address { isHeld = true } }
    }
    return isHeld
  }

  /// Carries the batch out; `keeps` false is a disk that lies.
  mutating func commit(keeps: Bool = true) -> Result<BatchReport, StoreError> {
    guard let batch = inFlight, let database else { return .failure(StoreError(.misuse, "no batch")) }
    inFlight = nil
    var report = BatchReport(rows: batch.count, logPages: 10)
    if keeps {
      do throws(StoreError) {
        report = try database.apply(batch)
        // As the daemon's driver does it.
        if report.logPages >= 1_000 { _ = try? database.checkpoint() }
      } catch { return .failure(error) }
    }
    batch.forEachSighting { sighting in
      acknowledged.insert(sighting.address)
      acknowledgedTrades += sighting.trades
    }
    return .success(report)
  }

  /// Whether the batch under way says that somebody was seen.
  var hasSightings: Bool {
    var isFound = false
    inFlight?.forEachSighting { _ in isFound = true }
    return isFound
  }

  /// The process died after `changes` of the writes that `work` would have made.
  mutating func crash(in work: Work?, after changes: Int, keepsUnsynced: Bool) {
    memory.trouble = .none
    memory.dieAfter(changes: changes)
    switch work {
    case .store?: if let inFlight { _ = try? database?.apply(inFlight) }
    case .sweep(let sweep)?: if let database { _ = sweep.run(on: database) }
    case .load(let now)?: _ = load(now: now)
    case nil: break
    }
    memory.crash(keepsUnsynced: keepsUnsynced) { database = nil }
    inFlight = nil
    isSweeping = false
    isCountDue = true
    if !keepsUnsynced { lostPower = true }
  }

  /// The process ends in order: lets its pool finish, and closes the file.
  mutating func finish(_ work: Work?) {
    memory.trouble = .none
    if inFlight != nil { _ = commit() }
    if case .sweep(let sweep)? = work, let database { _ = sweep.run(on: database) }
    isSweeping = false
    try? database?.close()
    database = nil
  }

  mutating func load(now: WallTime) -> Result<LoadedState, StoreError> {
    do throws(StoreError) {
      let opened = try open()
      let state = try opened.loadAll(StoredLimits(), now: now)
      database = opened
      return .success(state)
    } catch { return .failure(error) }
  }

  /// Accounts the daemon was told are stored, which a restart did not find; from now on what it found counts.
  mutating func lost(in state: LoadedState) -> Int {
    guard state.unread.isEmpty else { return 0 }
    var found = Set<Address>()
    for record in state.addresses { found.insert(record.address) }
    let lost = lostPower ? 0 : acknowledged.subtracting(found).count
    if lostPower { acknowledged = found }
    // Nobody was told of a batch the process died in, so the sums start anew from what is there.
    if isCountDue { acknowledgedTrades = accounts.trades }
    lostPower = false
    isCountDue = false
    return lost
  }
}

extension Simulation {
  /// Draws the trouble one job on the disk meets.
  func meetTrouble() {
    disk.memory.trouble = .none
    if strikes(.diskLocked) {
      disk.memory.trouble = (fault(.diskLocked)?.target ?? 0) % 4 == 0 ? .lockedWhole : .locked
    }
    if strikes(.diskFull) { disk.memory.trouble = .full(after: chance.below(3) * chance.below(12)) }
    if strikes(.diskIO) { disk.memory.trouble = .io(after: chance.below(3) * chance.below(40)) }
    if strikes(.diskReadOnly) { disk.memory.trouble = .readOnly }
  }

  /// Ends the job's trouble; whether anything failed for it.
  private func leaveTrouble(_ error: StoreError?, _ doing: String) {
    let isExcused = disk.memory.trouble != .none
    disk.memory.trouble = .none
    if let error, !isExcused { complain(.disk, "\(doing) without cause: \(error.kind) \(error.message)") }
  }

  func load() {
    if clients.isLoading || disk.inFlight != nil { complain(.effects, "loads while the disk is at work") }
    clients.isLoading = true
    add(.loaded, at: pool.take(diskTime(), now: now))
    mayDie(.load)
  }

  func loaded() {
    clients.isLoading = false
    meetTrouble()
    let result = disk.load(now: clocks.wall)
    var error: StoreError?
    switch result {
    case .success(let state): error = state.unread.first
    case .failure(let failure): error = failure
    }
    leaveTrouble(error, "a load fails")
    disk.isTroubled = error != nil
    if case .success(let state) = result {
      openedAt = now
      checkLoaded(state)
    }
    step(.loaded(result))
  }

  func store() {
    if disk.inFlight != nil { complain(.effects, "a second batch in flight") }
    if clients.isLoading { complain(.effects, "stores before it has loaded") }
    guard let core else { return }
    disk.begin(core.takeBatch())
    if disk.isSweeping { complain(.effects, "stores while a sweep is under way") }
    if disk.inFlight?.isEmpty ?? true { complain(.effects, "stores an empty batch") }
    add(.stored, at: pool.take(diskTime(), now: now))
    mayDie(.store)
  }

  func stored() {
    guard disk.inFlight != nil else { return }
    meetTrouble()
    // Any batch from the twentieth on in which somebody was seen: only their trades are added up.
    let loses = tamper == .loseBatch && counts.batches >= 20 && tampered == 0 && disk.hasSightings
    if loses { tampered = 1 }
    let result = disk.commit(keeps: !loses)
    var error: StoreError?
    if case .failure(let failure) = result { error = failure }
    leaveTrouble(error, "a batch fails")
    disk.isTroubled = error != nil
    if error == nil { counts.batches += 1 } else { counts.diskFailures += 1 }
    step(.stored(result))
  }

  func compute(_ id: JobID) {
    guard let core else { return }
    // By its result nobody sees when it was computed.
    var span = TimeSpan.milliseconds(1 + chance.below(60))
    if let slow = fault(.poolSlow) {
      span = span + .milliseconds(Int(slow.strength * Double(chance.below(8_000))))
    }
    add(.computed(id, core.takeJob(id)), at: pool.take(span, now: now))
    mayDie(.compute)
  }

  func query(_ id: QueryID) {
    guard let core else { return }
    add(.queried(id, core.takeQuery(id)), at: pool.take(diskTime(), now: now))
    mayDie(.query)
  }

  func queried(_ id: QueryID, _ query: StoreQuery) {
    meetTrouble()
    var answer: Result<StoreAnswer, StoreError> = .failure(StoreError(.closed, "the database is not open"))
    if let database = disk.database {
      do throws(StoreError) { answer = .success(try database.answer(query)) } catch {
        answer = .failure(error)
      }
    }
    disk.memory.trouble = .none
    step(.queried(id, answer))
  }

  func sweep() {
    if disk.inFlight != nil { complain(.effects, "sweeps while a batch is in flight") }
    if disk.isSweeping { complain(.effects, "a second sweep in flight") }
    disk.isSweeping = true
    add(.swept, at: pool.take(diskTime(), now: now))
    mayDie(.sweep)
  }

  func swept() {
    disk.isSweeping = false
    guard let core, let database = disk.database else { return }
    meetTrouble()
    let result = core.takeSweep().run(on: database)
    var error: StoreError?
    if case .failure(let failure) = result { error = failure }
    leaveTrouble(error, "a sweep fails")
    step(.swept(result))
  }

  /// What the process is doing with the disk.
  var diskWork: SimulatedDisk.Work? {
    if disk.inFlight != nil { return .store }
    if disk.isSweeping, let core { return .sweep(core.takeSweep()) }
    return clients.isLoading ? .load(clocks.wall) : nil
  }

  private func diskTime() -> TimeSpan {
    let usual = TimeSpan.milliseconds(1 + chance.below(30))
    guard let slow = fault(.diskSlow) else { return usual }
    return usual + .milliseconds(Int(slow.strength * 20_000))
  }
}
