import API
import Base
import Engines
import Market
import Store

@testable import Core

/// Persistence with a real database in memory under it; the test decides how each job of the writer ends.
final class StorageWorld {
  let knowledge = Knowledge(
    orderFlow: OrderFlow(windowsS: [60]), book: AddressBook(addressesMax: 1_000, seed: 1))
  let database: Database
  var persistence = Persistence(pruneDays: 7, seed: 1)
  let out = Output()
  var now = Now(instant: Instant(ns: 1_000_000_000), wall: WallTime(ms: 1_800_000_000_000))
  /// Whether a batch is on its way, whether it is durable, and how many were.
  private(set) var isStoring = false
  private(set) var isSweeping = false
  private(set) var batches: [Batch] = []
  private(set) var outcomes: [WriteTicket: WaitOutcome] = [:]

  init(isOpen: Bool = true) throws {
    database = try Database(DatabaseOptions(path: ":memory:"))
    persistence.load(out)
    if isOpen { try open() }
  }

  func open() throws {
    _ = persistence.loaded(.success(try database.loadAll(StoredLimits(), now: now.wall)), out, now: now)
    persistence.restored(now: now)
  }

  static func address(_ number: Int) -> Address { Address(a: UInt64(number) << 8, b: 7, c: 9) }

  func submit(_ write: ClientWrite) -> WriteTicket? { persistence.submit(write, now: now) }

  /// Lets the writer start what is due.
  func advance(isFinal: Bool = false) {
    out.begin()
    persistence.advance(knowledge, isFinal: isFinal, out, now: now)
    for effect in out.effects {
      switch effect {
      case .store:
        precondition(!isStoring && !isSweeping && !persistence.batch.isEmpty)
        isStoring = true
        batches.append(persistence.batch)
      case .sweep:
        precondition(!isStoring && !isSweeping)
        isSweeping = true
      default: break
      }
    }
    takeOutcomes()
  }

  /// Ends the batch under way: well, or with `failure`.
  func end(_ failure: StoreError.Kind? = nil) {
    precondition(isStoring)
    isStoring = false
    out.begin()
    if let failure {
      persistence.stored(.failure(StoreError(failure, "made up")), knowledge, out, now: now)
    } else {
      let batch = persistence.batch
      let result: Result<BatchReport, StoreError>
      do throws(StoreError) { result = .success(try database.apply(batch)) } catch {
        result = .failure(error)
      }
      persistence.stored(result, knowledge, out, now: now)
    }
    takeOutcomes()
  }

  /// Ends the slice of the sweep under way.
  func endSweep() {
    precondition(isSweeping)
    isSweeping = false
    persistence.swept(persistence.sweep.run(on: database), out, now: now)
  }

  func pass(_ span: TimeSpan) {
    now = Now(instant: now.instant + span, wall: WallTime(ms: now.wall.ms + span.milliseconds))
  }

  func stored() throws -> StoredState { try database.loadAll(StoredLimits(), now: now.wall) }

  private func takeOutcomes() {
    while let (ticket, outcome) = persistence.takeOutcome() {
      precondition(outcomes[ticket] == nil, "a ticket is answered once")
      outcomes[ticket] = outcome
    }
  }
}
