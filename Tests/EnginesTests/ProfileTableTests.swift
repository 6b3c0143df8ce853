import Base
import Engines
import Market
import Testing

@Suite("Tables of profiles and trades") struct ProfileTableTests {
  static func profile(_ number: Int, winRate: Double = 0.6, factor: Double = 2, isBot: Bool = false)
    -> Profile
  {
    Profile(
      computedAt: WallTime(ms: Int64(number)), windowDays: 7, winRate: winRate, tradeCount: number,
      profitFactor: factor, avgHoldHours: 2, avgPnlPct: 0, maxDrawdown: 0, style: isBot ? .bot : .swing,
      isBot: isBot, equity: nil)
  }

  @Test("Profiles: as a list in the order of setting, bounded", arguments: 0..<8)
  func profiles(seed: UInt64) {
    var random = PRNG(seed: seed)
    let profiles = Profiles(profilesMax: 12)
    var list: [(AddressID, Profile)] = []
    for step in 0..<800 {
      let account = AddressID(raw: UInt32(random.below(30)))
      let known = list.firstIndex { $0.0 == account }
      switch random.below(4) {
      case 0:
        #expect(profiles.remove(account) == (known != nil))
        if let known { list.remove(at: known) }
      case 1:
        #expect(profiles.of(account) == known.map { list[$0].1 })
      default:
        let profile = Self.profile(step)
        let change = profiles.set(profile, of: account)
        if let known { list.remove(at: known) }
        let evicted = known == nil && list.count == 12 ? list.removeFirst().0 : nil
        #expect(change.isNew == (known == nil) && change.evicted == evicted)
        list.append((account, profile))
      }
      var all: [AddressID] = []
      profiles.forEach { account, _ in
        all.append(account)
        return true
      }
      #expect(all == list.map { $0.0 } && profiles.count == list.count)
    }
    #expect(profiles.evicted > 0)
  }

  @Test("Auto-curation: as filtering and sorting everything finds it", arguments: 0..<20)
  func curation(seed: UInt64) {
    var random = PRNG(seed: seed)
    let book = AddressBook(addressesMax: 200, seed: 1)
    let profiles = Profiles()
    var all: [(AddressID, Address, Profile)] = []
    for number in 0..<150 {
      let address = Address(a: UInt64(random.below(5)), b: UInt64(random.below(1_000)), c: UInt32(number))
      guard let seen = book.see(address, at: WallTime(ms: 1)) else { continue }
      let profile = Self.profile(
        5 + random.below(20), winRate: Double(random.below(10)) / 10, factor: Double(random.below(6)) / 2,
        isBot: random.chance(0.3))
      profiles.set(profile, of: seen.id)
      all.append((seen.id, address, profile))
    }
    let options = CurationOptions(
      minWinRate: 0.4, minTrades: 8, minProfitFactor: 1, maxWallets: random.below(40),
      excludeBots: random.chance(0.5))
    let labelled = random.below(10)
    let expected = all.filter { _, address, profile in
      profile.winRate >= 0.4 && profile.tradeCount >= 8 && profile.profitFactor >= 1
        && !(options.excludeBots && profile.isBot) && address.c % 7 != 0
    }.sorted { a, b in
      let (x, y) = (a.2.winRate * a.2.profitFactor, b.2.winRate * b.2.profitFactor)
      return x != y ? x > y : a.1.description < b.1.description
    }.prefix(max(options.maxWallets - labelled, 0))
    let picked = AutoCuration.pick(profiles, book: book, options: options, labelled: labelled) {
      $1.c % 7 == 0
    }
    #expect(picked.map { $0.account } == expected.map { $0.0 })
    #expect(picked.allSatisfy { $0.address == book.address($0.account) })
  }

  @Test("Labels as recorded")
  func labels() {
    #expect(AutoCuration.label(Self.profile(1, winRate: 0.5714)) == "auto | 57% WR | swing")
    #expect(AutoCuration.label(Self.profile(1, winRate: 0.7273)) == "auto | 73% WR | swing")
    #expect(AutoCuration.label(Self.profile(1, winRate: 1)) == "auto | 100% WR | swing")
    #expect(TradingStyle.allCases.map { $0.text } == ["bot", "scalper", "swing", "mixed"])
    #expect(TradingStyle(text: "mixed") == .mixed && TradingStyle(text: "x") == nil)
  }
}
