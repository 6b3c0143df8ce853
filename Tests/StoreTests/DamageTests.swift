// Damaged files: never wrong rows without a word, never a crash; set aside as they lie, and what clients were told kept.
import Base
import Market
import Testing

@testable import Store

#if canImport(Glibc)
  import Glibc
#endif

@Suite struct DamageTests {
  private static let now = HealthyFile.now

  private func put(_ healthy: [UInt8], _ log: [UInt8], _ scratch: Scratch) throws {
    for (path, bytes) in [(scratch.file, healthy), ("\(scratch.file)-wal", log)] {
      unlink(path)
      guard !bytes.isEmpty || path == scratch.file else { continue }
      let file = try #require(fopen(path, "w"))
      #expect(fwrite(bytes, 1, bytes.count, file) == bytes.count)
      fclose(file)
    }
  }

  private func options(_ scratch: Scratch) -> DatabaseOptions {
    var options = DatabaseOptions(path: scratch.file)
    options.setsDamagedAside = true
    options.busyMs = 20
    return options
  }

  private func openLoaded(_ scratch: Scratch) throws -> (Database, StoredState) {
    try Database.openLoaded(options(scratch), StoredLimits(), now: Self.now)
  }

  /// What was set aside has the very bytes that were found, and the new file is whole and takes writes.
  private func checkSetAside(
    _ aside: SetAside, _ database: Database, _ scratch: Scratch, _ bytes: [UInt8], _ log: [UInt8],
    _ context: String
  ) throws {
    #expect(!aside.reason.isEmpty, "\(context)")
    #expect(try contents(aside.path) == bytes, "\(context)")
    if !log.isEmpty { #expect(try contents("\(aside.path)-wal") == log, "\(context)") }
    #expect(try database.apply(batch(0..<3)).rows == 3, "\(context)")
    #expect(try rows(scratch.file, "PRAGMA integrity_check") == ["ok"], "\(context)")
  }

  @Test(arguments: Spoiling.allCases)
  func aSpoiledFileIsRightOrEmpty(_ spoiling: Spoiling) throws {
    let healthy = try HealthyFile.closed(seed: 5)
    let wanted = healthy.states[0]
    var counts = (asides: 0, same: 0, changed: 0)
    for seed in 0..<40 as Range<UInt64> {
      let scratch = try Scratch()
      var random = PRNG(seed: seed &* 1_000 &+ UInt64(spoiling.rawValue.utf8.reduce(0) { $0 + Int($1) }))
      var bytes = healthy.file
      spoiling.apply(to: &bytes, &random)
      let context = "\(spoiling.rawValue), seed \(seed)"
      try put(bytes, [], scratch)
      let (database, state): (Database, StoredState)
      do { (database, state) = try openLoaded(scratch) } catch {
        Issue.record("\(context): \(error)")
        continue
      }
      let strange = state.strangers(to: wanted)
      if let aside = state.opened.setAside {
        counts.asides += 1
        #expect(state.addresses.isEmpty && state.positions.isEmpty && state.equity.isEmpty, "\(context)")
        #expect(strange.count <= spoiling.changedRowsMax, "\(context): \(strange)")
        #expect(state.watched.isEmpty || state.watched.count == wanted.watched.count, "\(context)")
        #expect(state.alerts.isEmpty || state.lastAlertID == wanted.lastAlertID, "\(context)")
        try checkSetAside(aside, database, scratch, bytes, [], context)
      } else {
        #expect(state.unread.isEmpty && state.opened.trouble == nil, "\(context)")
        let gone = wanted.strangers(to: state)
        #expect(max(strange.count, gone.count) <= spoiling.changedRowsMax, "\(context): \(gone) \(strange)")
        if gone.isEmpty && strange.isEmpty { counts.same += 1 } else { counts.changed += 1 }
        #expect(try database.apply(batch(0..<3)).rows == 3, "\(context)")
      }
      try database.close()
    }
    print(
      "damage: \(spoiling.rawValue): set aside \(counts.asides), same \(counts.same), changed \(counts.changed)"
    )
    #expect(counts.asides > 0)
  }

  /// Cut anywhere: every commit that lies before the cut is there, and nothing of the next.
  @Test(arguments: [1, 2] as [UInt64])
  func aTornLogHasEveryWholeCommit(_ seed: UInt64) throws {
    let healthy = try HealthyFile.open(seed: seed, commits: 7, copied: nil)
    var random = PRNG(seed: seed)
    let cuts =
      Array(stride(from: 0, through: healthy.log.count, by: 512))
      + (0..<50).map { _ in random.below(healthy.log.count) }
    for cut in cuts {
      let scratch = try Scratch()
      try put(healthy.file, Array(healthy.log[..<cut]), scratch)
      let (database, state) = try openLoaded(scratch)
      let whole = healthy.ends.lastIndex { $0 <= cut } ?? 0
      #expect(state.holdsTheSame(as: healthy.states[whole]), "cut at \(cut)")
      #expect(state.opened.setAside == nil && state.opened.logCut == nil, "cut at \(cut)")
      #expect(try database.metadata("commit") == (whole == 0 ? nil : "\(whole)"))
      #expect(try database.apply(batch(0..<3)).rows == 3)
    }
    // A power cut may also leave the last written blocks as zeros or as they were.
    for _ in 0..<40 {
      var log = healthy.log
      let from = random.below(log.count / 512) * 512
      for index in from..<log.count { log[index] = random.chance(0.5) ? 0 : log[index] }
      let scratch = try Scratch()
      try put(healthy.file, log, scratch)
      let (_, state) = try openLoaded(scratch)
      let whole = healthy.ends.lastIndex { $0 <= from } ?? 0
      #expect(
        state.holdsTheSame(as: healthy.states[whole]) || state.opened.setAside != nil, "zeros from \(from)")
    }
  }

  /// A bit flipped in the log: an earlier state with a word about it, or none if it was the very last write.
  @Test func aFlippedLogIsAnEarlierState() throws {
    let healthy = try HealthyFile.open(seed: 3, commits: 12, copied: nil)
    let last = try #require(healthy.states.last)
    var random = PRNG(seed: 9)
    var told = 0
    for round in 0..<120 {
      var log = healthy.log
      // Often in a frame's own header, sometimes in the log's.
      var at = random.below(log.count)
      if round % 3 == 0 { at = 32 + random.below((log.count - 32) / 4_120) * 4_120 + random.below(24) }
      if round % 10 == 1 { at = random.below(32) }
      log[at] ^= 1 << UInt8(random.below(8))
      let scratch = try Scratch()
      try put(healthy.file, log, scratch)
      let (database, state) = try openLoaded(scratch)
      let context = "bit at \(at)"
      if let aside = state.opened.setAside {
        try checkSetAside(aside, database, scratch, healthy.file, log, context)
        continue
      }
      let whole = at < 32 ? 0 : healthy.ends.lastIndex { $0 <= at } ?? 0
      #expect(state.holdsTheSame(as: healthy.states[whole]) || state.holdsTheSame(as: last), "\(context)")
      if !state.holdsTheSame(as: last), whole < healthy.states.count - 2 {
        #expect(state.opened.logCut != nil, "\(context)")
        told += 1
      }
    }
    #expect(told > 30)
  }

  /// The log was copied into the file already: read in part it would put older pages over newer ones.
  @Test func aFlippedLogBesideACopiedFileIsSetAside() throws {
    let healthy = try HealthyFile.open(seed: 4, commits: 12, copied: 12)
    let last = try #require(healthy.states.last)
    var random = PRNG(seed: 10)
    var asides = 0
    for _ in 0..<80 {
      var log = healthy.log
      let at = 32 + random.below(log.count - 32)
      log[at] ^= 1 << UInt8(random.below(8))
      let scratch = try Scratch()
      try put(healthy.file, log, scratch)
      let (database, state) = try openLoaded(scratch)
      guard let aside = state.opened.setAside else {
        #expect(state.holdsTheSame(as: last), "bit at \(at)")
        continue
      }
      asides += 1
      #expect(state.isEmpty)
      try checkSetAside(aside, database, scratch, healthy.file, log, "bit at \(at)")
    }
    #expect(asides > 50)
  }
}
