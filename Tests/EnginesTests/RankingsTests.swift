import Base
import Engines
import Market
import Testing

@Suite("Rankings") struct RankingsTests {
  /// Accounts of which many share the first words, so that ties go to the last one.
  private func book(_ count: Int, _ random: inout PRNG) -> (AddressBook, [AddressID]) {
    let book = AddressBook(addressesMax: 10_000, seed: 1)
    var ids: [AddressID] = []
    while ids.count < count {
      let address = Address(
        a: UInt64(random.below(3)), b: UInt64(random.below(3)), c: UInt32(truncatingIfNeeded: random.next()))
      guard let seen = book.see(address, at: WallTime(ms: 1_000)), seen.isNew else { continue }
      ids.append(seen.id)
    }
    return (book, ids)
  }

  /// The rankings by their definition: sort everything.
  private func reference(_ log: EquityLog, _ book: AddressBook, _ ids: [AddressID], _ now: WallTime)
    -> [String]
  {
    var rows: [(pnl: Int64, text: String, equity: Int64)] = []
    for id in ids {
      guard let range = log.range(of: id, now: now), range.count >= 2 else { continue }
      rows.append(
        (range.last.micros - range.first.micros, book.address(id).description, range.last.micros))
    }
    rows.sort { $0.pnl != $1.pnl ? $0.pnl > $1.pnl : $0.text < $1.text }
    return rows.map { "\($0.text) \($0.equity) \($0.pnl)" }
  }

  private func texts(_ rankings: Rankings, _ book: AddressBook) -> [String] {
    rankings.rows.map { "\(book.address($0.account)) \($0.equity.micros) \($0.pnl.micros)" }
  }

  @Test("Equals sorting everything, after every refresh", arguments: 0..<10)
  func differential(seed: UInt64) {
    var random = PRNG(seed: seed)
    let (book, ids) = book(120, &random)
    let log = EquityLog(snapshotsMax: 90)
    let rankings = Rankings()
    var now: Int64 = 1_700_000_000_000
    for round in 0..<120 {
      for _ in 0..<random.below(25) {
        now += Int64(random.below(800_000))
        // Few different equities: many ties, zero above all.
        log.append(
          ids[random.below(ids.count)], equity: Usd(micros: Int64(random.below(4)) * 1_000_000),
          at: WallTime(ms: now))
      }
      if random.chance(0.1) { log.remove(ids[random.below(ids.count)]) }
      if random.chance(0.05) { now += 40_000_000 }
      let time = WallTime(ms: now)
      let limit = 1 + random.below(40)
      while !rankings.refresh(log, book: book, limit: limit, now: time) {}
      #expect(texts(rankings, book) == reference(log, book, ids, time), "seed \(seed) round \(round)")
      #expect(rankings.asOf == time)
    }
    #expect(log.dropped > 0, "the ring's bound was part of it")
  }

  @Test("A limit leaves the rest for the next call, and says so")
  func limit() {
    var random = PRNG(seed: 5)
    let (book, ids) = book(50, &random)
    let log = EquityLog(snapshotsMax: 1_000)
    for step in 0..<2 {
      for id in ids {
        log.append(
          id, equity: Usd(micros: Int64(1_000_000 + step * Int(id.raw))), at: WallTime(ms: Int64(step)))
      }
    }
    let rankings = Rankings()
    let now = WallTime(ms: 10)
    #expect(!rankings.refresh(log, book: book, limit: 20, now: now))
    #expect(rankings.rows.count == 20 && rankings.asOf == nil)
    #expect(!rankings.refresh(log, book: book, limit: 20, now: now))
    #expect(rankings.refresh(log, book: book, limit: 20, now: now))
    #expect(rankings.rows.count == 50 && rankings.asOf == now)
    let version = rankings.version
    #expect(rankings.refresh(log, book: book, now: WallTime(ms: 11)))
    #expect(rankings.version == version && rankings.asOf == WallTime(ms: 11))
    let other = Rankings()
    log.append(ids[0], equity: Usd(micros: 7), at: now)
    other.rebuild(log, book: book, now: now)
    #expect(other.rows.count == 1, "what was handed to one ranking is not handed to another")
  }

  @Test("Percent of the first equity")
  func percent() throws {
    let book = AddressBook(addressesMax: 10, seed: 1)
    let id = try #require(book.see(Address(a: 1, b: 2, c: 3), at: WallTime(ms: 1))).id
    let log = EquityLog(snapshotsMax: 10)
    log.append(id, equity: Usd(micros: 11_640_260_000), at: WallTime(ms: 1))
    log.append(id, equity: Usd(micros: 11_555_920_000), at: WallTime(ms: 2))
    let rankings = Rankings()
    rankings.rebuild(log, book: book, now: WallTime(ms: 3))
    let row = try #require(rankings.rows.first)
    // As recorded: -84.34 of 11640.26 is -0.72 %.
    #expect(row.pnl == Usd(micros: -84_340_000) && row.equity == Usd(micros: 11_555_920_000))
    #expect((row.pnlPct * 100).rounded() == -72)
  }

  @Test("A large book: 50 accounts move among 10,000")
  func large() {
    var random = PRNG(seed: 2)
    let book = AddressBook(addressesMax: 10_000, seed: 3)
    let log = EquityLog(snapshotsMax: 30_000)
    var ids: [AddressID] = []
    for _ in 0..<10_000 {
      let address = Address(a: random.next(), b: random.next(), c: 1)
      guard let seen = book.see(address, at: WallTime(ms: 1_000)) else { continue }
      ids.append(seen.id)
      for step in 0..<2 {
        let equity = step == 0 ? 1_000_000_000 : Int64(900_000_000 + random.below(200_000_000))
        log.append(seen.id, equity: Usd(micros: equity), at: WallTime(ms: 1_000))
      }
    }
    let rankings = Rankings()
    rankings.rebuild(log, book: book, now: WallTime(ms: 2_000))
    #expect(rankings.rows.count == 10_000)
    for index in 0..<50 {
      log.append(
        ids[index * 7], equity: Usd(micros: Int64(random.below(2_000_000_000))), at: WallTime(ms: 3_000))
    }
    rankings.refresh(log, book: book, now: WallTime(ms: 3_000))
    #expect(texts(rankings, book) == reference(log, book, ids, WallTime(ms: 3_000)))
  }
}
