import Base
import Core
import Market
import Store

/// The database file: a real one in memory that outlives the simulated process, and what was acknowledged of it.
///
/// Faults strike outside: a batch is refused before SQLite sees it, kept or not when the process dies, or, by a disk that
/// lies, acknowledged and forgotten.
struct SimulatedDisk {
  let database: Database
  /// What the daemon was told is in the file.
  private(set) var acknowledged: Set<Address> = []
  /// Trade counts over all rows the daemon was told of, to notice a batch that is counted twice or lost.
  private(set) var acknowledgedTrades: Int64 = 0
  private(set) var inFlight: Batch?
  /// A slice of a retention sweep is under way.
  var isSweeping = false
  /// The last attempts failed: what is left unsaved at a stop is forgiven.
  var isTroubled = false

  init() {
    do throws(StoreError) { database = try Database(DatabaseOptions(path: ":memory:")) } catch {
      preconditionFailure("no database in memory: \(error.message)")
    }
  }

  mutating func begin(_ batch: Batch) { inFlight = batch }

  /// Accounts in the file, and their trades.
  var accounts: (count: Int, trades: Int64) {
    var found = (count: 0, trades: Int64(0))
    _ = try? database.loadAddresses(limit: .max) { found = (found.count + 1, found.trades + $0.tradeCount) }
    return found
  }

  /// Whether the file has the account.
  func holds(_ address: Address) -> Bool {
    var isHeld = false
    _ = try? database.loadAddresses(limit: .max) { if $0.address == address { isHeld = true } }
    return isHeld
  }

  /// Carries the batch out; `keeps` false is a disk that lies.
  mutating func commit(keeps: Bool = true) -> Result<BatchReport, StoreError> {
    guard let batch = inFlight else { return .failure(StoreError(.misuse, "no batch")) }
    inFlight = nil
    var report = BatchReport(rows: batch.count, logPages: 10)
    if keeps {
      do throws(StoreError) { report = try database.apply(batch) } catch { return .failure(error) }
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

  mutating func refuse() { inFlight = nil }

  /// The process died: a batch under way is kept or not, but nobody was told.
  mutating func crash(keeps: Bool) {
    if keeps, let batch = inFlight { _ = try? database.apply(batch) }
    // Nobody was told, so the sums start anew from what is there.
    inFlight = nil
    isSweeping = false
    acknowledgedTrades = accounts.trades
  }

  /// The process ends in order, and lets its pool finish.
  mutating func finish() { if inFlight != nil { _ = commit() } }

  func load(now: WallTime) -> Result<LoadedState, StoreError> {
    do throws(StoreError) { return .success(try database.loadAll(StoredLimits(), now: now)) } catch {
      return .failure(error)
    }
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
    if disk.isSweeping { complain(.effects, "stores while a sweep is under way") }
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
    if strikes(.diskLocked) {
      return step(.queried(id, .failure(StoreError(.locked, "database is locked"))))
    }
    let answer: Result<StoreAnswer, StoreError>
    do throws(StoreError) { answer = .success(try disk.database.answer(query)) } catch {
      answer = .failure(error)
    }
    step(.queried(id, answer))
  }

  func sweep() {
    if disk.inFlight != nil { complain(.effects, "sweeps while a batch is in flight") }
    if disk.isSweeping { complain(.effects, "a second sweep in flight") }
    disk.isSweeping = true
    add(.swept, in: diskTime())
  }

  func swept() {
    disk.isSweeping = false
    guard let core else { return }
    if strikes(.diskLocked) { return step(.swept(.failure(StoreError(.locked, "database is locked")))) }
    step(.swept(core.takeSweep().run(on: disk.database)))
  }

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
    let result = disk.load(now: clocks.wall)
    if case .success(let state) = result { checkLoaded(state) } else { complain(.disk, "\(result)") }
    step(.loaded(result))
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
    // Any batch from the twentieth on in which somebody was seen: only their trades are added up.
    let loses = tamper == .loseBatch && counts.batches >= 20 && tampered == 0 && disk.hasSightings
    if loses { tampered = 1 }
    let result = disk.commit(keeps: !loses)
    if case .failure(let error) = result { complain(.disk, "a batch is refused: \(error.message)") }
    step(.stored(result))
  }
}
