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
}
