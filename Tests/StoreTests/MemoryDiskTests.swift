// The disk simulations store on: what a crash leaves, and what its troubles look like through the module.
import Base
import Market
import Testing

@testable import Store

@Suite struct MemoryDiskTests {
  let disk = MemoryDisk(seed: 1)

  private func open() throws(StoreError) -> Database {
    var options = DatabaseOptions(path: MemoryDisk.path)
    options.vfs = disk.name
    return try Database(options)
  }

  /// Crashes under a database that is open, and opens it again.
  private func reopen(_ database: inout Database?, keepsUnsynced: Bool = true) throws {
    disk.crash(keepsUnsynced: keepsUnsynced) { database = nil }
    database = try open()
    #expect(database?.report.isNew == false && database?.report.check != FileCheck.none)
  }

  private func error(_ body: () throws(StoreError) -> Void) -> StoreError? {
    do throws(StoreError) {
      try body()
      return nil
    } catch { return error }
  }

  private func known(_ count: UInt64) -> [Address] {
    (0..<count).map(account).sorted { ($0.a, $0.b, $0.c) < ($1.a, $1.b, $1.c) }
  }

  @Test func whatIsCommittedOutlivesACrash() throws {
    var database: Database? = try open()
    for n in 0..<5 as Range<UInt64> { _ = try database?.apply(batch(n * 100..<(n + 1) * 100)) }
    try reopen(&database)
    #expect(try everyone(#require(database)).map(\.address) == known(500))
    try database?.close()
    database = nil
    database = try open()
    #expect(database?.report.check == FileCheck.none && database?.report.wasLeftOpen == false)
    #expect(try everyone(#require(database)).map(\.address) == known(500))
  }

  @Test func aCrashInsideACommitLeavesAllOrNothing() throws {
    var sizes: Set<Int> = []
    for count in stride(from: 0, to: 240, by: 7) {
      let disk = MemoryDisk(seed: UInt64(count))
      var options = DatabaseOptions(path: MemoryDisk.path)
      options.vfs = disk.name
      var database: Database? = try Database(options)
      _ = try database?.apply(batch(0..<100))
      disk.dieAfter(changes: count)
      _ = try database?.apply(batch(100..<1_000))
      disk.crash { database = nil }
      database = try Database(options)
      sizes.insert(try everyone(#require(database)).count)
    }
    #expect(sizes == [100, 1_000])
  }

  @Test func aLossOfPowerKeepsWhatIsDurable() throws {
    var database: Database? = try open()
    _ = try database?.apply(batch(0..<100, isDurable: true))
    _ = try database?.apply(batch(100..<200))
    try reopen(&database, keepsUnsynced: false)
    #expect(try everyone(#require(database)).map(\.address) == known(100))
  }

  @Test func troublesAreWhatADiskWouldSay() throws {
    let database = try open()
    _ = try database.apply(batch(0..<10))
    // What SQLite says of a COMMIT comes without the system's error number, so that a disk become read-only is `io`.
    let cases: [(MemoryDisk.Trouble, StoreError.Kind)] = [
      (.locked, .locked), (.full(after: 0), .diskFull), (.full(after: 3), .diskFull), (.readOnly, .io),
      (.io(after: 0), .io), (.io(after: 4), .io),
    ]
    for (number, (trouble, expected)) in cases.enumerated() {
      disk.trouble = trouble
      let first = UInt64(1_000 * (number + 1))
      let found = error { () throws(StoreError) in _ = try database.apply(batch(first..<first + 900)) }
      #expect(found?.kind == expected, "\(trouble): \(found?.message ?? "")")
      disk.trouble = .none
      #expect(try everyone(database).count == 10 + number)
      _ = try database.apply(batch(first..<first + 1))
    }
  }

  /// A table that could not be read for a moment would be a table without rows until the next restart.
  @Test func aLoadFindsEverythingOrFails() throws {
    let first = try open()
    _ = try first.apply(batch(0..<300))
    try first.close()
    var whole = 0
    for after in 0..<80 {
      disk.trouble = .io(after: after)
      let failed = error { () throws(StoreError) in
        let state = try open().loadAll(StoredLimits(), now: WallTime(ms: 3_000))
        if state.addresses.count == 300, state.unread.isEmpty { whole += 1 } else { whole = .min }
      }
      // Of one kind of page SQLite does not say why it could not be read.
      let isPassing = failed.map { Opening.mayPass($0) || $0.message.contains("ptrmap") } ?? true
      #expect(isPassing, "\(String(describing: failed))")
    }
    #expect(whole > 0 && whole < 80)
  }

  @Test func openingInTroubleSaysWhich() throws {
    let cases: [(MemoryDisk.Trouble, StoreError.Kind)] = [
      (.lockedWhole, .locked), (.full(after: 0), .diskFull), (.readOnly, .readOnly), (.io(after: 0), .io),
    ]
    for (trouble, expected) in cases {
      disk.trouble = trouble
      #expect(error { () throws(StoreError) in _ = try open() }?.kind == expected, "\(trouble)")
    }
    disk.trouble = .none
    #expect(try open().report.isNew)
  }
}
