// Whatever is wrong with the file is named, and never costs what was committed before.
import Base
import Market
import Testing

@testable import Store

#if canImport(Glibc)
  import Glibc
#endif

@Suite struct FaultTests {
  /// A closed file with ten accounts.
  private func filled() throws -> Scratch {
    let scratch = try Scratch()
    let database = try scratch.open()
    _ = try database.apply(batch(0..<10))
    try database.close()
    return scratch
  }

  private func write(_ bytes: some Collection<UInt8>, to path: String) throws {
    let file = try #require(fopen(path, "w"))
    defer { fclose(file) }
    #expect(fwrite(Array(bytes), 1, bytes.count, file) == bytes.count)
  }

  private func opening(_ path: String) -> StoreError? {
    failure { () throws(StoreError) in
      var options = DatabaseOptions(path: path)
      options.busyMs = 20
      _ = try Database(options)
    }
  }

  @Test func aMissingDirectoryIsNamed() throws {
    let scratch = try Scratch()
    let error = opening("\(scratch.path)/absent/data.db")
    #expect(error?.kind == .cannotOpen)
    #expect(error?.message.contains("absent/data.db") == true)
    #expect(error?.message.contains("No such file or directory") == true)
    #expect(Scratch.list(scratch.path) == [])
  }

  @Test func aDirectoryInItsPlaceIsNamed() throws {
    let scratch = try Scratch()
    #expect(opening(scratch.path)?.kind == .cannotOpen)
  }

  @Test func textIsNotADatabase() throws {
    let scratch = try Scratch()
    let text = Array(String(repeating: "This is a letter, not a database.\n", count: 200).utf8)
    try write(text, to: scratch.file)
    #expect(opening(scratch.file)?.kind == .notADatabase)
    #expect(try contents(scratch.file) == text)
  }

  @Test func aShortFileIsNotADatabase() throws {
    let scratch = try Scratch()
    try write("SQLite format 3\0".utf8, to: scratch.file)
    #expect(opening(scratch.file)?.kind == .notADatabase)
  }

  @Test(arguments: [3, 9])
  func aTruncatedFileIsCorrupt(pages: Int) throws {
    let scratch = try filled()
    let bytes = try contents(scratch.file)
    try write(bytes[..<(pages * 4096)], to: scratch.file)
    #expect(opening(scratch.file)?.kind == .corrupt)
    #expect(try contents(scratch.file).count == pages * 4096)
  }

  @Test func aScribbledSchemaIsCorrupt() throws {
    let scratch = try filled()
    var bytes = try contents(scratch.file)
    for index in 100..<140 { bytes[index] = 0xff }
    try write(bytes, to: scratch.file)
    #expect(opening(scratch.file)?.kind == .corrupt)
  }

  /// Damage beyond the schema is met later, by the query that reads it.
  @Test func aScribbledTableIsCorruptWhenRead() throws {
    let scratch = try filled()
    let root = Int(try rows(scratch.file, "SELECT rootpage FROM sqlite_schema WHERE name = 'addresses'")[0])!
    var bytes = try contents(scratch.file)
    for index in (root - 1) * 4096..<root * 4096 { bytes[index] = 0x5a }
    try write(bytes, to: scratch.file)
    let database = try scratch.open()
    let read = failure { () throws(StoreError) in _ = try database.loadAddresses(limit: 100) { _ in } }
    #expect(read?.kind == .corrupt)
    let written = failure { () throws(StoreError) in _ = try database.apply(batch(0..<3)) }
    #expect(written?.kind == .corrupt)
    // What is whole stays readable.
    #expect(try database.metadata("schema_version") == "2")
  }

  /// One byte changed, half the time in the header and the schema's page: an error or an open file, no crash.
  @Test func noSingleByteCrashes() throws {
    let scratch = try filled()
    let bytes = try contents(scratch.file)
    var kinds: Set<StoreError.Kind> = []
    var random = PRNG(seed: 11)
    for _ in 0..<120 {
      var damaged = bytes
      damaged[random.below(random.chance(0.5) ? 120 : damaged.count)] ^= UInt8(1 + random.below(255))
      try write(damaged, to: scratch.file)
      do throws(StoreError) {
        let database = try scratch.open()
        _ = try? database.apply(batch(0..<3))
        _ = try? database.loadAddresses(limit: 100) { _ in }
        try? database.close()
      } catch { kinds.insert(error.kind) }
      for name in Scratch.list(scratch.path) where name != "data.db" { unlink("\(scratch.path)/\(name)") }
    }
    #expect(
      kinds.isSubset(of: [.corrupt, .notADatabase, .incompatible, .cannotOpen, .readOnly, .diskFull, .misuse])
    )
    #expect(!kinds.isEmpty)
  }

  @Test func aLockOfSomebodyElseIsNamed() throws {
    let scratch = try filled()
    let other = try Raw(scratch.file)
    try other.run("PRAGMA locking_mode=EXCLUSIVE")
    try other.run("UPDATE metadata SET value = value")
    #expect(opening(scratch.file)?.kind == .locked)
    other.close()
    #expect(try everyone(scratch.open()).count == 10)
  }

  @Test func aWriteLockHeldElsewhereFailsTheBatchOnly() throws {
    let scratch = try filled()
    var options = DatabaseOptions(path: scratch.file)
    options.busyMs = 20
    let database = try Database(options)
    let other = try Raw(scratch.file)
    try other.run("BEGIN IMMEDIATE")
    let more = batch(10..<15)
    #expect(failure { () throws(StoreError) in _ = try database.apply(more) }?.kind == .locked)
    #expect(try everyone(database).count == 10)
    try other.run("ROLLBACK")
    #expect(try database.apply(more).rows == 5)
    #expect(try everyone(database).count == 15)
  }

  @Test func aFullDiskKeepsWhatWasCommitted() throws {
    let scratch = try Scratch()
    var options = DatabaseOptions(path: scratch.file)
    options.pagesMax = 60
    let database = try Database(options)
    var committed: UInt64 = 0
    var error: StoreError?
    while error == nil, committed < 10_000 {
      do throws(StoreError) {
        _ = try database.apply(batch(committed..<committed + 100, isDurable: true))
        committed += 100
      } catch let failed { error = failed }
    }
    #expect(error?.kind == .diskFull)
    #expect(committed >= 300)
    // Reads go on, and so do writes that need no new page.
    #expect(try everyone(database).count == Int(committed))
    var same = Batch()
    for n in 0..<50 as Range<UInt64> { same.add(sighting(n, last: 3_000, trades: 0)) }
    #expect(try database.apply(same).rows == 50)
    try database.close()
    let again = try scratch.open()
    #expect(try everyone(again).count == Int(committed))
    #expect(try rows(scratch.file, "PRAGMA integrity_check") == ["ok"])
    #expect(try again.apply(batch(committed..<committed + 100)).rows == 100)
  }

  @Test func callsAfterClosingSayClosed() throws {
    let scratch = try filled()
    let database = try scratch.open()
    try database.close()
    try database.close()
    #expect(failure { () throws(StoreError) in _ = try database.apply(batch(0..<1)) }?.kind == .closed)
    #expect(failure { () throws(StoreError) in _ = try database.checkpoint() }?.kind == .closed)
    #expect(failure { () throws(StoreError) in _ = try database.metadata("x") }?.kind == .closed)
  }

  @Test func everyKindHasAWordOfItsOwn() {
    let words = StoreError.Kind.allCases.map(\.rawValue)
    #expect(Set(words).count == words.count)
    #expect(words.allSatisfy { $0.allSatisfy { $0 == "_" || $0.isLowercase } })
  }
}
