// Jobs of several threads carry one `Database`: reads see whole batches only, and go on beside writes.
import Base
import Market
import Testing

@testable import Store

@Suite struct ConcurrencyTests {
  @Test func readsSeeWholeBatchesBesideAWriter() async throws {
    let scratch = try Scratch()
    let database = try scratch.open()
    let rounds = 60 as UInt64
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        for n in 0..<rounds {
          _ = try database.apply(batch(n * 20..<(n + 1) * 20))
          if n % 9 == 0 { _ = try database.checkpoint() }
        }
      }
      for _ in 0..<2 {
        group.addTask {
          var last = 0
          for _ in 0..<30 {
            let report = try database.loadAddresses(limit: .max) { _ in }
            #expect(report.rows % 20 == 0 && report.rows >= last)
            last = report.rows
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(try everyone(database).count == Int(rounds) * 20)
  }

  /// A load that is still going does not stop the writer, and does not see what it adds.
  @Test func aLoadReadsOneMoment() throws {
    let scratch = try Scratch()
    let database = try scratch.open()
    _ = try database.apply(batch(0..<100))
    var isWritten = false
    var failed: StoreError?
    let report = try database.loadAddresses(limit: .max) { _ in
      guard !isWritten else { return }
      isWritten = true
      do throws(StoreError) { _ = try database.apply(batch(100..<200)) } catch { failed = error }
    }
    #expect(failed == nil)
    #expect(report.rows == 100)
    #expect(try everyone(database).count == 200)
  }

  /// The log grows without a checkpoint, says so, and is copied by one; nobody waits for a reader in the way.
  @Test func checkpointsAreTheCallersAndReportTheirProgress() throws {
    let scratch = try Scratch()
    let database = try scratch.open()
    var pages = 0
    for n in 0..<30 as Range<UInt64> {
      let report = try database.apply(batch(n * 100..<(n + 1) * 100))
      #expect(report.logPages > pages)
      pages = report.logPages
    }
    let before = try contents(scratch.file).count
    let held = try Raw(scratch.file)
    try held.run("BEGIN")
    #expect(try held.one("SELECT count(*) FROM addresses") == "3000")
    _ = try database.apply(batch(3_000..<3_100))
    let partial = try database.checkpoint()
    #expect(partial.logPages > partial.copiedPages && partial.copiedPages >= pages)
    try held.run("COMMIT")
    let whole = try database.checkpoint()
    #expect(whole.logPages == whole.copiedPages)
    #expect(try contents(scratch.file).count > before)
    // The next commit starts the log again.
    #expect(try database.apply(batch(0..<1)).logPages < 10)
  }

  /// Durable and ordinary batches may follow each other in any order; the mode is per batch.
  @Test func durabilityIsPerBatch() throws {
    let scratch = try Scratch()
    let database = try scratch.open()
    let modes = [false, true, true, false, true]
    for (n, isDurable) in modes.enumerated() {
      _ = try database.apply(batch(UInt64(n)..<UInt64(n) + 1, isDurable: isDurable))
      let mode = try database.write { (writer) throws(StoreError) in
        try writer.connection.integer("PRAGMA synchronous")
      }
      #expect(mode == (isDurable ? 2 : 1))
    }
  }
}
