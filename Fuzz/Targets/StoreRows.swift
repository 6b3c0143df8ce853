import Base
import Core
import Store

extension FuzzTarget {
  /// Any rows of any types in a database of our schema, or of one whose columns have no types → what a restart reads:
  /// never an error, within its limits, in its order and window, the same twice; written by us and read again it is the
  /// same; and a service that starts with it holds its invariants.
  public static let storeRows = FuzzTarget("store-rows") { bytes in
    var script = FuzzBytes(bytes)
    let shape = script.next()
    let limits = StoreRowsSubject.limits(script.next())
    StoreRowsSubject.typed.clear()
    let subject = shape & 1 == 0 ? StoreRowsSubject.typed : StoreRowsSubject.untyped
    subject.clear()
    var rows = 0
    while !script.isAtEnd, rows < 64 {
      rows += 1
      // Refused rows (a NULL where none may be, a text as a row's number) are refused by SQLite, not read by us.
      try? subject.database.execute(FuzzRows.insert(&script))
    }
    let state = subject.load(limits)
    StoreRowsSubject.check(state, limits)
    StoreRowsSubject.checkSame(state, subject.load(limits))
    subject.sweep()
    StoreRowsSubject.checkRoundTrip(state)
    CoreDriver.restart(with: state, seed: UInt64(shape))
  }
}

/// A database in memory that is emptied for every run.
private final class StoreRowsSubject: Sendable {
  static let typed = StoreRowsSubject(isTyped: true)
  static let untyped = StoreRowsSubject(isTyped: false)

  let database: Database

  private init(isTyped: Bool) {
    guard let made = try? Database(DatabaseOptions(path: ":memory:")) else {
      preconditionFailure("no database")
    }
    database = made
    guard !isTyped else { return }
    for table in Table.all {
      let names = table.columns.map { $0.key == .automatic ? "id INTEGER PRIMARY KEY" : $0.name }
      run("DROP TABLE \(table.name)")
      run("CREATE TABLE \(table.name) (\(names.joined(separator: ",")))")
    }
  }

  private func run(_ sql: String) {
    do throws(StoreError) { try database.execute(sql) } catch {
      preconditionFailure("\(sql): \(error.message)")
    }
  }

  func clear() { for table in Table.all { run("DELETE FROM \(table.name)") } }

  func load(_ limits: StoredLimits) -> StoredState {
    do throws(StoreError) {
      let state = try database.loadAll(limits, now: FuzzRows.now)
      precondition(state.unread.isEmpty, "a table is not read: \(state.unread)")
      return state
    } catch { preconditionFailure("nothing is read: \(error.message)") }
  }

  /// A whole sweep, which ends and leaves what is young.
  func sweep() {
    var cursor: RetentionCursor? = .start
    var slices = 0
    while let from = cursor {
      slices += 1
      precondition(slices < 1_000, "a sweep without an end")
      do throws(StoreError) {
        cursor = try database.sweep(from: from, pruneDays: 7, now: FuzzRows.now).next
      } catch {
        preconditionFailure("a sweep fails: \(error.message)")
      }
    }
  }

  static func limits(_ byte: UInt8) -> StoredLimits {
    var limits = StoredLimits()
    guard byte > 127 else { return limits }
    let most = Int(byte % 5)
    (limits.addressesMax, limits.positionsMax, limits.watchedMax, limits.alertsMax) = (most, most, most, most)
    (limits.profilesMax, limits.changesMax, limits.hlpSidesMax) = (most, most, most + 1)
    (limits.equityMax, limits.liquidationsMax) = (most, most)
    return limits
  }

  static func check(_ state: StoredState, _ limits: StoredLimits) {
    precondition(state.addresses.count <= limits.addressesMax && state.positions.count <= limits.positionsMax)
    precondition(state.watched.count <= limits.watchedMax && state.alerts.count <= limits.alertsMax)
    precondition(state.profiles.count <= limits.profilesMax && state.changes.count <= limits.changesMax)
    precondition(state.equity.count <= limits.equityMax && state.liquidations.count <= limits.liquidationsMax)
    precondition(state.hlpSides.count <= limits.hlpSidesMax && state.skipped >= 0 && state.beyondLimit >= 0)
    checkOrder(state.changes.map(\.detectedAt), limits.changeAge)
    checkOrder(state.equity.map(\.at), limits.equityAge)
    checkOrder(state.liquidations.map(\.occurredAt), limits.liquidationAge)
    for row in state.addresses { precondition((1...3).contains(row.tier) && row.tradeCount >= 0) }
    for row in state.positions {
      precondition(row.updatedAt.ms >= FuzzRows.now.ms - 86_400_001, "an old position")
    }
    precondition(
      state.alerts.allSatisfy { $0.id <= state.lastAlertID }, "an alert's number would be given again")
  }

  /// In order of time, within the window and a day ahead.
  private static func checkOrder(_ times: [WallTime], _ age: TimeSpan) {
    precondition(zip(times, times.dropFirst()).allSatisfy { $0 <= $1 }, "not in order of time")
    let oldest = FuzzRows.now.ms - age.ns / 1_000_000
    precondition(
      times.allSatisfy { $0.ms >= oldest - 1 && $0.ms <= FuzzRows.now.ms + 86_400_001 }, "out of the window")
  }

  static func checkSame(_ a: StoredState, _ b: StoredState) {
    precondition(a.addresses == b.addresses && a.positions == b.positions && a.watched == b.watched)
    precondition(a.alerts == b.alerts && a.lastAlertID == b.lastAlertID && a.profiles == b.profiles)
    precondition(a.changes == b.changes && a.hlpSnapshots == b.hlpSnapshots && a.hlpSides == b.hlpSides)
    precondition(a.equity == b.equity && a.liquidations == b.liquidations)
    precondition(a.skipped == b.skipped && a.beyondLimit == b.beyondLimit)
  }

  /// What we write of what was read, read again, is what the same would be once more: one writing settles all that
  /// other programs' rows may have had (infinities, names that are no text).
  static func checkRoundTrip(_ state: StoredState) {
    let once = rewritten(state)
    let twice = rewritten(once)
    precondition(Set(once.positions) == Set(twice.positions), "positions come back changed")
    precondition(Set(once.profiles) == Set(twice.profiles), "profiles come back changed")
    precondition(Set(once.watched) == Set(twice.watched), "watched wallets come back changed")
    precondition(once.alerts == twice.alerts, "alerts come back changed")
    precondition(Set(once.equity) == Set(twice.equity), "equity comes back changed")
    precondition(once.watched.count == Set(state.watched.map(\.key)).count, "a watched wallet is lost")
    precondition(once.alerts.count == state.alerts.count, "an alert is lost")
  }

  private static func rewritten(_ state: StoredState) -> StoredState {
    var batch = Batch()
    for row in state.positions { batch.add(row) }
    for row in state.profiles { batch.add(row) }
    for row in state.watched { batch.add(row) }
    for row in state.alerts { batch.add(row) }
    for row in state.equity { batch.add(row) }
    typed.clear()
    do throws(StoreError) {
      let report = try typed.database.apply(batch)
      precondition(report.rows == batch.count)
    } catch { preconditionFailure("our own rows are refused: \(error.message)") }
    return typed.load(StoredLimits())
  }
}
