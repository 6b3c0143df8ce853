// A process killed at any moment leaves every committed batch and nothing of the one it was in.
import Base
import Market
import Testing

@testable import Store

#if canImport(Glibc)
  import Glibc
#endif

@Suite struct CrashTests {
  @Test func batchesCommittedBeforeAKillAreThere() async throws {
    let scratch = try Scratch()
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = scratch.file as String] in
      let database = try Database(DatabaseOptions(path: path))
      for n in 0..<5 as Range<UInt64> { _ = try database.apply(batch(n * 100..<(n + 1) * 100)) }
      kill(getpid(), SIGKILL)
    }
    #expect(Scratch.list(scratch.path).contains("data.db-wal"))
    let database = try scratch.open()
    #expect(try everyone(database).map(\.address) == expected(500))
    #expect(try rows(scratch.file, "PRAGMA integrity_check") == ["ok"])
    #expect(try database.apply(batch(500..<510)).rows == 10)
  }

  @Test func aBatchHalfWrittenIsNot() async throws {
    let scratch = try Scratch()
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = scratch.file as String] in
      let database = try Database(DatabaseOptions(path: path))
      _ = try database.apply(batch(0..<100, isDurable: true))
      // With a cache this small, pages of the open transaction are already in the log when it dies.
      try database.write { (writer) throws(StoreError) in
        try writer.connection.execute("PRAGMA cache_size=4")
        try writer.connection.transaction { () throws(StoreError) in
          for n in 100..<4_100 as Range<UInt64> {
            try writer.connection.execute("INSERT INTO addresses (address) VALUES ('\(n)')")
          }
          kill(getpid(), SIGKILL)
        }
      }
    }
    let database = try scratch.open()
    #expect(try everyone(database).map(\.address) == expected(100))
    #expect(try rows(scratch.file, "PRAGMA integrity_check") == ["ok"])
  }

  /// Killed while it writes batch after batch, with checkpoints between: whole batches only, none missing.
  @Test(arguments: [1, 2, 3] as [UInt64])
  func aKillFromOutsideLeavesWholeBatches(seed: UInt64) async throws {
    let scratch = try Scratch()
    await #expect(processExitsWith: .signal(SIGKILL)) {
      [path = scratch.file as String, seed = seed as UInt64] in
      let database = try Database(DatabaseOptions(path: path))
      _ = try database.apply(batch(0..<50))
      // The timer strikes while the loop below is somewhere in its work.
      signal(SIGALRM) { _ in kill(getpid(), SIGKILL) }
      var random = PRNG(seed: seed)
      var timer = itimerval()
      timer.it_value.tv_usec = 2_000 + random.below(60_000)
      setitimer(__itimer_which_t(ITIMER_REAL.rawValue), &timer, nil)
      var n: UInt64 = 1
      while n < 20_000 {
        _ = try database.apply(batch(n * 50..<(n + 1) * 50))
        n += 1
        if n % 7 == 0 { _ = try database.checkpoint() }
      }
    }
    let database = try scratch.open()
    let found = try everyone(database)
    #expect(found.count > 0 && found.count % 50 == 0)
    #expect(found.map(\.address) == expected(UInt64(found.count)))
    #expect(found.allSatisfy { $0.tradeCount == 1 })
    #expect(try rows(scratch.file, "PRAGMA integrity_check") == ["ok"])
  }

  /// A write the operating system refuses half-way (a file size limit): an error, and earlier commits stay.
  @Test func aFailedWriteKeepsWhatWasCommitted() async throws {
    let scratch = try Scratch()
    await #expect(processExitsWith: .exitCode(7)) { [path = scratch.file as String] in
      signal(SIGXFSZ, SIG_IGN)
      let database = try Database(DatabaseOptions(path: path))
      _ = try database.apply(batch(0..<100, isDurable: true))
      var limit = rlimit(rlim_cur: 600_000, rlim_max: 600_000)
      setrlimit(__rlimit_resource_t(1), &limit)
      var n: UInt64 = 1
      while n < 10_000 {
        do throws(StoreError) {
          _ = try database.apply(batch(n * 100..<(n + 1) * 100))
          n += 1
        } catch {
          let isRight = (error.kind == .io || error.kind == .diskFull) && n > 1
          let records = try everyone(database)
          exit(isRight && records.count == Int(n) * 100 ? 7 : 1)
        }
      }
    }
    let database = try scratch.open()
    let found = try everyone(database)
    #expect(found.count >= 200 && found.count % 100 == 0)
    #expect(found.map(\.address) == expected(UInt64(found.count)))
    #expect(try rows(scratch.file, "PRAGMA integrity_check") == ["ok"])
  }

  private func expected(_ count: UInt64) -> [Address] {
    (0..<count).map(account).sorted { ($0.a, $0.b, $0.c) < ($1.a, $1.b, $1.c) }
  }
}
