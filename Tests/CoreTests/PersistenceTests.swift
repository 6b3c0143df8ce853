import API
import Base
import Engines
import Market
import Store
import Testing

@testable import Core

/// What goes to disk when, and what becomes of it when the disk does not want it.
@Suite struct PersistenceTests {
  private let key = "0x00000000000000000000000000000000000000aa"
  private var watch: ClientWrite { .watch(key: key, label: "one") }

  private func equity(_ number: Int, _ value: Double = 1, atMs: Int64 = 1_799_999_999_000) -> EquitySnapshot {
    EquitySnapshot(
      address: StorageWorld.address(number), at: WallTime(ms: atMs), equity: value, unrealized: 0)
  }

  // MARK: Clients' writes

  @Test func aWriteIsKnownAndAnsweredAfterTheCommitOnly() throws {
    let world = try StorageWorld()
    let ticket = try #require(world.submit(watch))
    world.advance()
    #expect(world.batches.last?.isDurable == true)
    #expect(!world.knowledge.watchList.contains(key) && world.outcomes.isEmpty)
    world.end()
    #expect(world.outcomes[ticket] == .stored(id: nil))
    #expect(world.knowledge.watchList.contains(key))
    #expect(try world.stored().watched.map(\.key) == [key])
    #expect(world.persistence.takeWatched().map(\.key) == [key])
  }

  @Test func clientsGoFirstAndShareACommit() throws {
    let world = try StorageWorld()
    world.persistence.rows.add(equity(1))
    world.pass(.seconds(2))
    let tickets = (0..<5).compactMap { world.submit(.watch(key: key + "\($0)", label: "")) }
    world.advance()
    #expect(world.batches.count == 1 && world.batches[0].isDurable && world.batches[0].count == 5)
    let late = try #require(world.submit(.addAlert(key: key, type: "any_trade", minSizeUsd: 0, coins: "")))
    world.end()
    #expect(tickets.allSatisfy { world.outcomes[$0] == .stored(id: nil) } && world.outcomes[late] == nil)
    // Rows that are late go between two batches of clients'.
    world.advance()
    #expect(!world.batches[1].isDurable && world.batches[1].count == 1)
    world.end()
    world.advance()
    #expect(world.batches[2].isDurable)
    world.end()
    #expect(world.outcomes[late] == .stored(id: 1))
  }

  @Test func oneWalletsWritesAreCommittedOneByOneAndBuildOnEachOther() throws {
    let world = try StorageWorld()
    let tickets = [
      world.submit(watch), world.submit(.patch(key: key, label: nil, notes: "n", tags: nil)),
      world.submit(.unwatch(key: key)), world.submit(.patch(key: key, label: nil, notes: "x", tags: nil)),
      world.submit(.unwatch(key: key)),
    ].compactMap { $0 }
    for _ in 0..<3 {
      world.advance()
      world.end()
    }
    world.advance()
    let outcomes = tickets.map { world.outcomes[$0] }
    #expect(
      outcomes == [.stored(id: nil), .stored(id: nil), .stored(id: nil), .notTracked, .stored(id: nil)])
    let row = try #require(try world.stored().watched.first)
    #expect(!row.isActive && row.notes == "n" && row.label == "one")
  }

  @Test(arguments: [StoreError.Kind.diskFull, .locked, .readOnly, .io])
  func aFailedCommitRefusesAndLeavesNothingBehind(kind: StoreError.Kind) throws {
    let world = try StorageWorld()
    let ticket = try #require(world.submit(watch))
    let alert = try #require(world.submit(.addAlert(key: key, type: "any_trade", minSizeUsd: 0, coins: "")))
    world.advance()
    world.end(kind)
    for ticket in [ticket, alert] {
      guard case .refused = world.outcomes[ticket] else {
        Issue.record("not refused")
        continue
      }
    }
    #expect(!world.knowledge.watchList.contains(key) && world.knowledge.alerts.count == 0)
    #expect(world.persistence.trouble?.contains(kind.rawValue) == true)
    world.pass(.seconds(10))
    world.advance()
    #expect(!world.isStoring)
    #expect(try world.stored().watched.isEmpty)
    // It works again as soon as the disk does.
    let again = try #require(world.submit(watch))
    world.advance()
    world.end()
    #expect(world.outcomes[again] == .stored(id: nil) && world.persistence.trouble == nil)
  }

  @Test func aRowTheFileRefusesTakesNobodyWithIt() throws {
    let world = try StorageWorld()
    // A number in the file that memory does not know of.
    var batch = Batch()
    batch.add(
      WalletAlert(id: 2, key: key, alertType: "x", minSizeUsd: 0, coins: "", createdAt: WallTime(ms: 0)))
    _ = try world.database.apply(batch)
    let alerts = (0..<3).compactMap { _ in
      world.submit(.addAlert(key: key, type: "any_trade", minSizeUsd: 0, coins: ""))
    }
    let other = try #require(world.submit(watch))
    for _ in 0..<8 {
      world.advance()
      if world.isStoring { world.end() }
    }
    #expect(world.outcomes.count == 4 && world.outcomes[other] == .stored(id: nil))
    let refused = alerts.filter { if case .refused = world.outcomes[$0] { true } else { false } }
    // The batch of all took numbers 1 to 3; one by one they are 4, 5, 6: none is in the file.
    #expect(refused.isEmpty)
    #expect(try world.stored().alerts.count == 4)
    #expect(world.persistence.trouble == nil)
  }

  @Test func withoutADatabaseNothingIsTaken() throws {
    let world = try StorageWorld(isOpen: false)
    #expect(world.submit(watch) == nil && world.persistence.trouble == "database: loading")
    _ = world.persistence.loaded(.failure(StoreError(.locked, "x")), world.out, now: world.now)
    #expect(world.submit(watch) == nil && world.persistence.trouble == "database: locked")
    try world.open()
    #expect(world.submit(watch) != nil && world.persistence.trouble == nil)
  }

  @Test func whoWaitsTooLongBehindAnotherBatchIsRefusedAndNotStored() throws {
    let world = try StorageWorld()
    world.persistence.rows.add(equity(1))
    world.pass(.seconds(2))
    world.advance()
    let ticket = try #require(world.submit(watch))
    world.pass(.seconds(3))
    #expect(world.persistence.deadline <= world.now.instant)
    world.advance()
    guard case .refused = world.outcomes[ticket] else {
      Issue.record("still waiting")
      return
    }
    world.end()
    world.advance()
    #expect(!world.isStoring)
    #expect(try world.stored().watched.isEmpty)
  }

  @Test func onlySoManyWait() throws {
    let world = try StorageWorld()
    let taken = (0..<(ClientWrites.waitingMax + 10)).compactMap { _ in world.submit(.removeAlert(id: 1)) }
    #expect(taken.count == ClientWrites.waitingMax)
    world.advance()
    world.end()
    #expect(world.outcomes.count == taken.count && world.submit(watch) != nil)
    let big = String(repeating: "x", count: ClientWrites.bytesMax)
    #expect(world.submit(.patch(key: key, label: big, notes: nil, tags: nil)) == nil)
  }

  @Test func recordedSeriesAreStoredWholeAtTheTimeOfAsking() throws {
    let world = try StorageWorld()
    let readings = [CoinReading(coin: "BTC", value: 1), CoinReading(coin: "ETH", value: 2)]
    let ticket = try #require(world.submit(.record(funding: readings, oi: readings, volume: [])))
    let empty = try #require(world.submit(.record(funding: [], oi: [], volume: [])))
    world.advance()
    #expect(world.batches.last?.count == 4)
    world.end()
    #expect(world.outcomes[ticket] == .stored(id: nil) && world.outcomes[empty] == .stored(id: nil))
  }

  // MARK: Derived rows

  @Test func derivedRowsThatFailGoOutAgain() throws {
    let world = try StorageWorld()
    world.persistence.rows.add(equity(1))
    world.pass(.seconds(1))
    world.advance()
    world.end(.diskFull)
    world.persistence.rows.add(equity(2))
    // Clients are served meanwhile, in a batch that the derived rows cannot fail.
    let ticket = try #require(world.submit(watch))
    world.advance()
    #expect(world.batches.last?.isDurable == true)
    world.end()
    #expect(world.outcomes[ticket] == .stored(id: nil))
    for _ in 0..<4 {
      world.pass(.seconds(10))
      world.advance()
      if world.isStoring { world.end() }
    }
    #expect(try world.stored().equity.count == 2)
    #expect(world.persistence.isIdle(world.knowledge.book))
  }

  @Test func aRowThatCannotBeStoredIsFoundAndDropped() throws {
    let world = try StorageWorld()
    for number in 0..<64 { world.persistence.rows.add(equity(number)) }
    world.pass(.seconds(1))
    world.advance()
    // Every batch with account 37 in it is refused.
    let bad = StorageWorld.address(37)
    var rounds = 0
    while world.isStoring, rounds < 100 {
      rounds += 1
      world.end(StorageWorldProbe.holds(world.persistence.batch, bad) ? .constraint : nil)
      world.advance()
    }
    #expect(try world.stored().equity.count == 63)
    #expect(world.persistence.rowsRefused == 1 && rounds <= 16)
    #expect(world.persistence.trouble == nil)
  }

  @Test func sweepsRunBetweenBatchesAndEnd() throws {
    let world = try StorageWorld()
    for number in 0..<1_000 {
      world.persistence.rows.add(equity(number, atMs: world.now.wall.ms - 20 * 86_400_000))
    }
    var slices = 0
    for _ in 0..<400 {
      world.pass(.milliseconds(200))
      world.advance()
      if world.isStoring { world.end() }
      if world.isSweeping {
        world.persistence.rows.add(equity(5_000 + slices))
        let ticket = world.submit(.removeAlert(id: 9))
        world.endSweep()
        world.advance()
        #expect(world.isStoring && ticket != nil)
        world.end()
        slices += 1
      }
    }
    #expect(slices > 2 && world.persistence.rowsSwept == 1_000)
    let slicesThen = slices
    world.pass(.seconds(3_700))
    world.advance()
    if world.isStoring { world.end() }
    world.advance()
    #expect(world.isSweeping && slices == slicesThen)
  }

  @Test func aStopWritesWhatIsLeft() throws {
    let world = try StorageWorld()
    world.persistence.rows.add(equity(1))
    _ = world.knowledge.book.see(StorageWorld.address(2), at: world.now.wall)
    #expect(!world.persistence.isIdle(world.knowledge.book))
    world.advance(isFinal: true)
    #expect(world.isStoring && !world.persistence.isIdle(world.knowledge.book))
    world.end()
    #expect(
      world.persistence.isIdle(world.knowledge.book) && world.persistence.unsaved(world.knowledge.book) == 0)
    let state = try world.stored()
    #expect(state.equity.count == 1 && state.addresses.count == 1)
  }
}

/// Looks into batches by applying them to a file of their own.
enum StorageWorldProbe {
  static func holds(_ batch: Batch, _ address: Address) -> Bool {
    guard let database = try? Database(DatabaseOptions(path: ":memory:")),
      (try? database.apply(batch)) != nil,
      let state = try? database.loadAll(StoredLimits(), now: WallTime(ms: 1_800_000_000_000))
    else { return false }
    return state.equity.contains { $0.address == address }
  }
}
