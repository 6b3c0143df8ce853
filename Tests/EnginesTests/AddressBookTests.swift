import Base
import Engines
import Market
import Testing

/// The address book: sightings, bound, flush, warm start.
@Suite("Address book")
struct AddressBookTests {
  static func address(_ n: UInt64) -> Address {
    var random = PRNG(seed: n)
    return Address(a: random.next(), b: random.next(), c: UInt32(truncatingIfNeeded: random.next()))
  }

  static func at(_ seconds: Int64) -> WallTime { WallTime(ms: seconds * 1000) }

  /// What the book must say, kept in a dictionary.
  struct Reference {
    var rows: [Address: AddressRow] = [:]
    var unflushed: [Address: UInt32] = [:]

    mutating func see(_ address: Address, _ seconds: UInt32) -> Bool {
      unflushed[address, default: 0] += 1
      guard var row = rows[address] else {
        rows[address] = AddressRow(
          address: address, firstSeenS: seconds, lastSeenS: seconds, tradeCount: 1)
        return true
      }
      row.firstSeenS = min(row.firstSeenS, seconds)
      row.lastSeenS = max(row.lastSeenS, seconds)
      row.tradeCount += 1
      rows[address] = row
      return false
    }
  }

  @Test("equals a dictionary over growth, flushes and restores", arguments: [1, 2, 3] as [UInt64])
  func differential(seed: UInt64) {
    let book = AddressBook(addressesMax: 20_000, seed: seed)
    var reference = Reference()
    var random = PRNG(seed: seed)
    var wrong = 0
    for step in 0..<40_000 {
      let address = Self.address(UInt64(random.below(8000)))
      let seconds = 1_000_000 + step / 10 - random.below(50)
      if random.chance(0.05), reference.rows[address] == nil {
        let row = AddressRow(address: address, firstSeenS: 5, lastSeenS: 900, tradeCount: 77)
        if book.restore(row) == nil { wrong += 1 }
        reference.rows[address] = row
        continue
      }
      let isNew = reference.see(address, UInt32(seconds))
      guard let sighting = book.see(address, at: Self.at(Int64(seconds))) else {
        wrong += 1
        continue
      }
      if sighting.isNew != isNew { wrong += 1 }
      if book.row(sighting.id) != reference.rows[address] { wrong += 1 }
      if book.find(address) != sighting.id { wrong += 1 }
      if random.chance(0.001) {
        book.takeTouched(limit: random.below(3000)) { id, row, newTrades in
          if row != reference.rows[row.address] || book.address(id) != row.address { wrong += 1 }
          if reference.unflushed.removeValue(forKey: row.address) != newTrades { wrong += 1 }
        }
        if book.pendingFlush != reference.unflushed.count { wrong += 1 }
      }
    }
    #expect(wrong == 0)
    #expect(book.count == reference.rows.count)
    #expect(book.find(Self.address(9999)) == nil)
    #expect(book.pendingFlush == reference.unflushed.count)
  }

  @Test("at the bound the least recently seen go, the pinned stay")
  func bound() {
    let book = AddressBook(addressesMax: 256, seed: 9)
    for n in 0..<256 as Range<UInt64> { _ = book.see(Self.address(n), at: Self.at(Int64(n))) }
    #expect(book.see(Self.address(300), at: Self.at(300)) == nil)
    #expect(book.refused == 1)
    book.takeTouched(limit: 1000) { _, _, _ in }
    for n in 0..<8 as Range<UInt64> {
      if let id = book.find(Self.address(n)) { book.pin(id) }
    }
    for n in 1000..<1200 as Range<UInt64> {
      #expect(book.see(Self.address(n), at: Self.at(Int64(n)))?.isNew == true)
      book.takeTouched(limit: 1000) { _, _, _ in }
    }
    #expect(book.count == 256 && book.forgotten == 200)
    for n in 0..<8 as Range<UInt64> { #expect(book.find(Self.address(n)) != nil) }
    #expect(book.find(Self.address(8)) == nil)
    if let id = book.find(Self.address(0)) { book.unpin(id) }
    for n in 2000..<2400 as Range<UInt64> {
      #expect(book.see(Self.address(n), at: Self.at(Int64(n))) != nil)
      book.takeTouched(limit: 1000) { _, _, _ in }
    }
    #expect(book.find(Self.address(0)) == nil && book.find(Self.address(1)) != nil)
  }

  @Test("index and rows agree through thousands of replacements while growing and full")
  func churn() {
    let book = AddressBook(addressesMax: 3000, seed: 4)
    var random = PRNG(seed: 4)
    var wrong = 0
    for step in 0..<30_000 {
      let address = Self.address(UInt64(random.below(12_000)))
      guard let sighting = book.see(address, at: Self.at(Int64(step))) else {
        wrong += 1
        continue
      }
      if book.address(sighting.id) != address { wrong += 1 }
      if book.find(address) != sighting.id { wrong += 1 }
      if step % 100 == 0 { book.takeTouched(limit: 10_000) { _, _, _ in } }
      if step % 5000 == 0 { _ = book.forget(unseenSince: Self.at(Int64(step - 2000)), limit: 5000) }
    }
    #expect(wrong == 0)
    #expect(book.count <= 3000)
    var found = 0
    for n in 0..<12_000 as Range<UInt64> where book.find(Self.address(n)) != nil { found += 1 }
    #expect(found == book.count)
  }

  @Test("a failed flush is put back")
  func putBack() {
    let book = AddressBook(addressesMax: 10, seed: 1)
    _ = book.see(Self.address(1), at: Self.at(1))
    _ = book.see(Self.address(1), at: Self.at(2))
    #expect(book.takeTouched(limit: 10) { _, _, _ in } == 1)
    #expect(book.pendingFlush == 0)
    #expect(book.putBack(Self.address(1), newTrades: 2))
    #expect(!book.putBack(Self.address(2), newTrades: 2))
    _ = book.see(Self.address(1), at: Self.at(3))
    var newTrades: UInt32 = 0
    book.takeTouched(limit: 10) { newTrades = $2 }
    #expect(newTrades == 3)
  }

  @Test("more touched than the list holds are all flushed, once")
  func manyTouched() {
    let book = AddressBook(addressesMax: 40_000, seed: 2)
    for n in 0..<40_000 as Range<UInt64> { _ = book.see(Address(a: n, b: 0, c: 0), at: Self.at(1)) }
    #expect(book.pendingFlush == 40_000)
    var taken = Set<Address>()
    var again = 0
    for round in 0..<100 where book.pendingFlush > 0 {
      book.takeTouched(limit: 3000) { _, row, _ in again += taken.insert(row.address).inserted ? 0 : 1 }
      // Touched again after its flush: it must come once more, and nobody else.
      if round == 8 { _ = book.see(Address(a: 0, b: 0, c: 0), at: Self.at(2)) }
    }
    #expect(taken.count == 40_000 && again == 1)
    #expect(book.pendingFlush == 0)
  }

  @Test("memory per account stays small")
  func memory() {
    let book = AddressBook(addressesMax: 200_000, seed: 3)
    for n in 0..<100_000 as Range<UInt64> { _ = book.see(Address(a: n, b: n, c: 1), at: Self.at(1)) }
    #expect(book.count == 100_000)
    #expect(book.memoryBytes / 100_000 <= 60)
  }
}
