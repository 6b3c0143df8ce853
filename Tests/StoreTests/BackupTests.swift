// Copies of a file that is being written, looked at with SQL of the tests' own.
import Base
import Market
import Testing

@testable import Store

#if canImport(Glibc)
  import Glibc
#endif

@Suite("Backup") struct BackupTests {
  private static func make(_ path: String) throws {
    let made = open(path, O_CREAT | O_EXCL | O_WRONLY, 0o600)
    try #require(made >= 0)
    close(made)
  }

  /// Some 8 MB: several steps of a copy.
  private static func fill(_ database: borrowing Database) throws {
    for n in 0..<3 as Range<UInt64> { _ = try database.apply(batch(n * 16_000..<(n + 1) * 16_000)) }
  }

  @Test("a copy is of one moment: commits between its steps neither begin it anew nor come into it")
  func oneMoment() throws {
    let scratch = try Scratch()
    let database = try scratch.open()
    try Self.fill(database)
    let copy = "\(scratch.path)/copy.db"
    try Self.make(copy)
    var steps = 0
    var next = 48_000 as UInt64
    let copied = try Backup.copy(scratch.file, to: copy, stop: StopFlag(), pagesMax: nil) {
      steps += 1
      // Every step is followed by a commit, some by a checkpoint that must not reach behind the copy's moment.
      guard steps < 1_000, (try? database.apply(batch(next..<next + 50))) != nil else {
        Issue.record("the copy has no end")
        return
      }
      if steps % 2 == 0 { _ = try? database.checkpoint() }
      next += 50
    }
    let pages = try #require(copied).pages
    #expect(steps > 3 && steps == (pages + 255) / 256)
    let tables = try #require(try Backup.verify(copy, isQuick: false, stop: StopFlag()))
    #expect(tables.map(\.table) == Table.all.map(\.name))
    #expect(tables.first { $0.table == "addresses" }?.rows == 48_000)
    #expect(try rows(scratch.file, "SELECT count(*) FROM addresses") == ["\(next)"])
    #expect(Scratch.list(scratch.path).filter { $0.hasPrefix("copy.db") } == ["copy.db"])
    // The copy is a database like the first.
    #expect(try rows(copy, "PRAGMA integrity_check") == ["ok"])
    let second = try Database(DatabaseOptions(path: copy))
    #expect(second.report.tablesAdded.isEmpty && second.report.trouble == nil)
    _ = try second.apply(batch(90_000..<90_010))
    #expect(try everyone(second).count == 48_010)
  }

  @Test("what lies in the log only is in the copy")
  func logOnly() throws {
    let scratch = try Scratch()
    let database = try scratch.open()
    _ = try database.apply(batch(0..<100))
    let copy = "\(scratch.path)/copy.db"
    try Self.make(copy)
    #expect(try Backup.size(of: scratch.file) > 0)
    _ = try #require(try Backup.copy(scratch.file, to: copy, stop: StopFlag()))
    #expect(try rows(copy, "SELECT count(*) FROM addresses") == ["100"])
    _ = consume database
  }

  @Test("a copy that is stopped says so, between its steps and in its check")
  func stopped() throws {
    let scratch = try Scratch()
    let database = try scratch.open()
    try Self.fill(database)
    let copy = "\(scratch.path)/copy.db"
    try Self.make(copy)
    let stop = StopFlag()
    var steps = 0
    let copied = try Backup.copy(scratch.file, to: copy, stop: stop, pagesMax: nil) {
      steps += 1
      if steps == 2 { stop.set() }
    }
    #expect(copied == nil && steps == 2)
    unlink(copy)
    try Self.make(copy)
    #expect(try Backup.copy(scratch.file, to: copy, stop: StopFlag()) != nil)
    #expect(try Backup.verify(copy, isQuick: true, stop: stop) == nil)
  }

  @Test("no room for the copy is told as such")
  func diskFull() throws {
    let scratch = try Scratch()
    let database = try scratch.open()
    try Self.fill(database)
    let copy = "\(scratch.path)/copy.db"
    try Self.make(copy)
    let error = failure { () throws(StoreError) in
      _ = try Backup.copy(scratch.file, to: copy, stop: StopFlag(), pagesMax: 300) {}
    }
    #expect(error?.kind == .diskFull)
    _ = consume database
  }

  @Test("what is no database, not there, or somebody else's is refused")
  func refused() throws {
    let scratch = try Scratch()
    let copy = "\(scratch.path)/copy.db"
    try Self.make(copy)
    let missing = failure { () throws(StoreError) in
      _ = try Backup.copy("\(scratch.path)/none.db", to: copy, stop: StopFlag())
    }
    #expect(missing?.kind == .cannotOpen)
    try raw("\(scratch.path)/other.db", "CREATE TABLE t (a)")
    let other = failure { () throws(StoreError) in
      _ = try Backup.copy("\(scratch.path)/other.db", to: copy, stop: StopFlag())
    }
    #expect(other?.kind == .incompatible)
    let text = "\(scratch.path)/text.db"
    let file = fopen(text, "w")
    fputs("this is not a database, however long one looks at it; it is a text of some hundred bytes\n", file)
    fclose(file)
    let noDatabase = failure { () throws(StoreError) in
      _ = try Backup.copy(text, to: copy, stop: StopFlag())
    }
    #expect(noDatabase?.kind == .notADatabase)
  }

  @Test("a damaged copy does not pass")
  func damaged() throws {
    let scratch = try Scratch()
    let database = try scratch.open()
    try Self.fill(database)
    let copy = "\(scratch.path)/copy.db"
    try Self.make(copy)
    _ = try #require(try Backup.copy(scratch.file, to: copy, stop: StopFlag()))
    let descriptor = open(copy, O_WRONLY)
    let noise = [UInt8](repeating: 0xA5, count: 3 * 4096)
    #expect(pwrite(descriptor, noise, noise.count, 100 * 4096) == noise.count)
    close(descriptor)
    let error = failure { () throws(StoreError) in
      _ = try Backup.verify(copy, isQuick: true, stop: StopFlag())
    }
    #expect(error?.kind == .corrupt)
    _ = consume database
  }
}
