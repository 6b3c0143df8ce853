import API
import Base
import Engines
import Market
import Store
import Testing

@testable import Core

/// Damage of the file, as Core meets it: memory goes on, the file is opened anew, and what clients were told is kept.
@Suite struct DamageCoreTests {
  private let key = "0x00000000000000000000000000000000000000aa"

  /// A world with a wallet, two alerts and one removed, all on disk.
  private func world() throws -> StorageWorld {
    let world = try StorageWorld()
    for write: ClientWrite in [
      .watch(key: key, label: "one"), .watch(key: key + "b", label: "two"),
      .addAlert(key: key, type: "any_trade", minSizeUsd: 1, coins: "BTC"),
      .addAlert(key: key, type: "exit_only", minSizeUsd: 2, coins: ""), .unwatch(key: key + "b"),
    ] {
      _ = try #require(world.submit(write))
      world.advance()
      world.end()
    }
    return world
  }

  @Test(arguments: [StoreError.Kind.corrupt, .notADatabase])
  func aDamagedFileIsOpenedAnewAtOnce(_ kind: StoreError.Kind) throws {
    let world = try world()
    let ticket = try #require(world.submit(.watch(key: key + "c", label: "three")))
    world.advance()
    world.end(kind)
    // The client is told that nothing was stored, and nothing is.
    guard case .refused = world.outcomes[ticket] else { return #expect(Bool(false), "not refused") }
    #expect(!world.knowledge.watchList.contains(key + "c"))
    #expect(world.persistence.trouble == "database: \(kind.rawValue)" && !world.persistence.isOpen)
    world.out.begin()
    world.persistence.advance(world.knowledge, world.out, now: world.now)
    #expect(world.out.effects.contains { if case .load = $0 { true } else { false } })
  }

  /// What clients were told before the damage is in the new file, numbers included.
  @Test func whatClientsWereToldGoesIntoTheNewFile() throws {
    let world = try world()
    let anew = try Database(DatabaseOptions(path: ":memory:"))
    world.persistence.found(StoreError(.corrupt, "found"), world.out, now: world.now)
    world.persistence.load(world.out)
    let empty = try anew.loadAll(StoredLimits(), now: world.now.wall)
    _ = world.persistence.loaded(.success(empty), world.out, now: world.now)
    world.persistence.restored(now: world.now)
    world.persistence.keepWords(world.knowledge)
    world.pass(.seconds(2))
    for _ in 0..<4 {
      world.out.begin()
      world.persistence.advance(world.knowledge, world.out, now: world.now)
      let batch = world.persistence.batch
      guard !batch.isEmpty else { break }
      #expect(batch.isDurable)
      let report = try anew.apply(batch)
      world.persistence.stored(.success(report), world.knowledge, world.out, now: world.now)
    }
    let before = try world.stored()
    let after = try anew.loadAll(StoredLimits(), now: world.now.wall)
    #expect(Set(after.watched) == Set(before.watched) && after.watched.count == 2)
    #expect(after.alerts == before.alerts && after.alerts.count == 2)
    #expect(world.persistence.trouble == nil)
  }

  /// Damage a question meets while a batch is on its way waits for the batch.
  @Test func damageFoundBesideABatchWaitsForIt() throws {
    let world = try world()
    let ticket = try #require(world.submit(.watch(key: key + "d", label: "four")))
    world.advance()
    world.persistence.found(StoreError(.corrupt, "met by a question"), world.out, now: world.now)
    #expect(world.persistence.isOpen)
    world.end()
    #expect(world.outcomes[ticket] == .stored(id: nil))
    #expect(!world.persistence.isOpen && world.persistence.trouble == "database: corrupt")
  }

  /// Locks, full disks and permissions never cost a file.
  @Test(arguments: StoreError.Kind.allCases)
  func onlyDamageIsDamage(_ kind: StoreError.Kind) throws {
    let world = try world()
    world.persistence.rows.add(
      EquitySnapshot(address: StorageWorld.address(1), at: world.now.wall, equity: 1, unrealized: 0))
    world.pass(.seconds(2))
    world.advance()
    world.end(kind)
    let isDamage = kind == .corrupt || kind == .notADatabase
    #expect(StoreError(kind, "").isDamage == isDamage)
    #expect(world.persistence.isOpen == !isDamage)
  }

  /// However many clients write, what was seen reaches the disk within an interval and a batch.
  @Test func clientsCannotKeepDerivedRowsFromTheDisk() throws {
    let world = try StorageWorld()
    var seen = 0
    for round in 0..<200 {
      _ = world.submit(.watch(key: key + "\(round)", label: ""))
      let row = EquitySnapshot(
        address: StorageWorld.address(round % 50), at: world.now.wall, equity: 1, unrealized: 0)
      world.persistence.rows.add(row)
      world.advance()
      // Another client asks while the batch is on its way.
      _ = world.submit(.removeAlert(id: Int64(round)))
      world.pass(.milliseconds(100))
      seen = max(seen, world.persistence.rowsWaiting)
      world.end()
      world.advance()
      world.end()
    }
    #expect(seen <= 16, "\(seen) rows waited")
  }
}
