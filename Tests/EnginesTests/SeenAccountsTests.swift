import Base
import Engines
import Market
import Testing

/// Gathering accounts before they are looked up changes nothing that a reader can see.
@Suite("Accounts on their way into the book") struct SeenAccountsTests {
  private func account(_ number: Int) -> Address { Address(a: UInt64(number), b: 7, c: UInt32(number % 3)) }

  private func trade(_ random: inout PRNG, accounts: Int, taker: Int) -> Trade {
    let maker = account(random.below(accounts))
    let isBuy = random.chance(0.5)
    return Trade(
      coin: CoinID(raw: 0), side: isBuy ? .buy : .sell, px: Px(raw: 1), sz: Sz(raw: 1),
      time: WallTime(ms: 1_790_000_000_000 + Int64(random.below(100_000))), tid: random.next(),
      buyer: isBuy ? account(taker) : maker, seller: isBuy ? maker : account(taker))
  }

  @Test(arguments: [3, 40, 5_000])
  func aGatheredBookEqualsOneLookedUpAtOnce(_ accounts: Int) {
    var random = PRNG(seed: UInt64(accounts))
    let (direct, gathered) = (AddressBook(seed: 1), AddressBook(seed: 2))
    let seen = SeenAccounts(gathered)
    var new: UInt64 = 0
    for _ in 0..<3_000 {
      let taker = random.below(accounts)
      for _ in 0..<1 + random.below(12) {
        var trade = trade(&random, accounts: accounts, taker: taker)
        for address in [trade.buyer, trade.seller] where direct.see(address, at: trade.time)?.isNew == true {
          new += 1
        }
        withUnsafePointer(to: &trade) { seen.add($0) }
      }
      if random.chance(0.1) { seen.settle() }
    }
    seen.settle()
    #expect(seen.discovered == new)
    #expect(gathered.count == direct.count)
    for number in 0..<accounts {
      let (one, other) = (direct.find(account(number)), gathered.find(account(number)))
      #expect((one == nil) == (other == nil))
      if let one, let other { #expect(direct.row(one) == gathered.row(other), "account \(number)") }
    }
    var trades: [Address: UInt32] = [:]
    direct.takeTouched(limit: .max) { _, row, new in trades[row.address, default: 0] += new }
    var same: [Address: UInt32] = [:]
    gathered.takeTouched(limit: .max) { _, row, new in same[row.address, default: 0] += new }
    #expect(same == trades)
  }

  @Test func atTheBoundOfTheBookNobodyIsLostTwice() {
    var random = PRNG(seed: 9)
    let book = AddressBook(addressesMax: 64, seed: 3)
    let seen = SeenAccounts(book)
    for _ in 0..<20_000 {
      var trade = trade(&random, accounts: 1_000, taker: random.below(1_000))
      withUnsafePointer(to: &trade) { seen.add($0) }
      if random.chance(0.01) {
        seen.settle()
        book.takeTouched(limit: .max) { _, _, _ in }
      }
    }
    seen.settle()
    #expect(book.count <= 64)
    #expect(book.forgotten + book.refused > 0)
  }

  /// Whoever follows the news knows at every settle who is in the book: nobody else, nobody twice, ids reused or not.
  @Test(arguments: [64, 400, 100_000])
  func theNewsTellWhoIsInTheBook(_ addressesMax: Int) {
    var random = PRNG(seed: UInt64(addressesMax))
    let book = AddressBook(addressesMax: addressesMax, seed: 3)
    let seen = SeenAccounts(book)
    var holders: [AddressID: Address] = [:]
    var news: UInt64 = 0
    seen.onNews = { sighting in
      if sighting.isNew {
        news += 1
        holders[sighting.id] = book.address(sighting.id)
      } else {
        #expect(sighting.isBack && holders[sighting.id] == book.address(sighting.id))
      }
    }
    for step in 0..<20_000 {
      var trade = trade(&random, accounts: 1_000, taker: random.below(1_000))
      trade.time = WallTime(ms: trade.time.ms + Int64(step) * 60_000)
      withUnsafePointer(to: &trade) { seen.add($0) }
      guard random.chance(0.02) else { continue }
      seen.settle()
      book.takeTouched(limit: .max) { _, _, _ in }
      if random.chance(0.1) {
        let since = WallTime(ms: trade.time.ms - 86_400_000)
        _ = book.forget(unseenSince: since, limit: 1_000) { id in
          #expect(holders.removeValue(forKey: id) == book.address(id))
        }
      }
      #expect(holders.count == book.count)
      for (id, address) in holders { #expect(book.find(address) == id) }
    }
    #expect(seen.discovered == news && news > 300)
  }

  @Test func whoComesBackAfterAWeekIsTold() {
    let book = AddressBook(addressesMax: 100, seed: 3)
    let seen = SeenAccounts(book)
    var told: [(Int64, Bool)] = []
    let absence = Int64(AddressBook.absenceS)
    var second: Int64 = 1_790_000_000
    seen.onNews = { told.append((second, $0.isNew)) }
    for gap in [0, 5, absence, 1, absence + 1, 0, -50, absence + 40, 20, absence + 60] {
      second += gap
      var trade = Trade(
        coin: CoinID(raw: 0), side: .buy, px: Px(raw: 1), sz: Sz(raw: 1), time: WallTime(ms: second * 1000),
        tid: 1,
        buyer: account(1), seller: account(1))
      withUnsafePointer(to: &trade) { seen.add($0) }
      seen.settle()
    }
    #expect(told.count { $0.1 } == 1)
    // Both sides of a trade are one look-up each; the first tells.
    #expect(told.count { !$0.1 } == 2)
  }
}
