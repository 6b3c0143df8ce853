import Base
import Market

/// Who lives in a world: vaults, market makers and traders, and what each of them trades.
extension World {
  /// The vaults, parent first; addresses of the protocol sheet §6.4 and of the default configuration.
  static let vaults: [(address: Address, kind: Account.Kind, name: StaticString)] = [
    (
      Address(a: 0xdfc2_4b07_7bc1_425a, b: 0xd1de_a75b_cb6f_8158, c: 0xe10d_f303), .parent,
      "Hyperliquidity Provider (HLP)"
    ),
    (
      Address(a: 0x0104_61c1_4e14_6ac3, b: 0x5fe4_2271_bdc1_134e, c: 0xe31c_703a), .strategy, "HLP Strategy A"
    ),
    (
      Address(a: 0x35cf_c9c6_71b9_a2f4, b: 0x3fa2_3f3f_08fb_46e6, c: 0xa893_463e), .strategy, "HLP Strategy C"
    ),
    (
      Address(a: 0x31ca_8395_cf83_7de0, b: 0x8b24_da3f_660e_7776, c: 0x1dfb_974b), .strategy, "HLP Strategy B"
    ),
    (
      Address(a: 0x2e3d_94f0_5627_03b2, b: 0x5c83_308a_0504_6dda, c: 0xf9a8_dd14), .liquidator,
      "HLP Liquidator"
    ),
    (
      Address(a: 0xb0a5_5f13_d22f_66e6, b: 0xd495_ac98_1138_41b2, c: 0x326e_9540), .liquidator,
      "HLP Liquidator 2"
    ),
  ]

  /// The account that leads the vaults.
  static let vaultLeader = Address(a: 0x677d_831a_ef53_2819, b: 0x0852_e24f_13c4_6cac, c: 0x05f9_84e7)

  /// Mean makers per taker order, as measured: chosen ones drop out when they cannot fill.
  static let tradesPerOrder = 1.5

  func populate() {
    for vault in World.vaults { addWide(vault.address, vault.kind, stake: 150_000_000_000_000) }
    let firstMaker = accounts.count
    for _ in 0..<max(4, min(16, options.accounts / 20)) {
      addWide(randomAddress(), .maker, stake: 50_000_000_000_000)
    }
    makers = firstMaker..<accounts.count
    let popularity = coinPopularity()
    for _ in 0..<options.accounts { addTrader(popularity) }
    traders = makers.upperBound..<accounts.count
    // A coin somebody must be able to make a market with besides the makers.
    for coin in coins.indices where !coins[coin].isDelisted && coins[coin].followers.count < 3 {
      for _ in 0..<3 { follow(coin, by: traders.lowerBound + random.below(traders.count)) }
    }
  }

  private func addWide(_ address: Address, _ kind: Account.Kind, stake: Int64) {
    let account = Account(
      index: accounts.count, address: address, kind: kind, stake: stake, isolatedShare: 0, boldness: 0.1,
      hasCloid: kind == .maker, makerFee: kind == .maker ? -10 : 150, dexes: universe.count)
    account.slots = coins.indices.map { Slot(coin: Int32($0)) }
    if kind != .parent {
      for dex in account.raw.indices {
        account.raw[dex] = stake
        account.deposits += stake
      }
    }
    register(account)
  }

  private func addTrader(_ popularity: [Double]) {
    // Six decades of wealth, most of it with few: 200 USD … 5 million.
    let wealth = random.unit() * random.unit() * random.unit()
    let stake = Int64(200e6 + wealth * wealth * 5e12)
    let account = Account(
      index: accounts.count, address: randomAddress(), kind: .trader, stake: stake,
      isolatedShare: random.chance(0.5) ? 0.15 : 0.7, boldness: 0.15 + 0.8 * random.unit(),
      hasCloid: random.chance(0.3), makerFee: 150, dexes: universe.count)
    register(account)
    for _ in 0..<(3 + random.below(4)) { follow(draw(popularity), by: account.index) }
  }

  /// Makes `coin` one of the trader's favourites.
  func follow(_ coin: Int, by index: Int) {
    let account = accounts[index]
    guard account.slot(of: coin) == nil else { return }
    account.slots.append(Slot(coin: Int32(coin)))
    coins[coin].followers.append(Int32(index))
  }

  /// Running sums of the coins' shares of attention: the well-known ones first, then 1/rank.
  private func coinPopularity() -> [Double] {
    let liquid = ["BTC", "ETH", "SOL", "HYPE", "XRP", "kPEPE", "xyz:XYZ100", "xyz:TSLA"]
    var sum = 0.0
    return coins.indices.map { index in
      let coin = coins[index]
      if !coin.isDelisted {
        sum += 1 / (Double(liquid.firstIndex(of: coin.name) ?? (index + liquid.count)) + 1.5)
      }
      return sum
    }
  }

  private func draw(_ sums: [Double]) -> Int {
    let target = random.unit() * (sums.last ?? 0)
    var low = 0
    var high = sums.count - 1
    while low < high {
      let middle = (low + high) / 2
      if sums[middle] <= target { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private func randomAddress() -> Address {
    Address(a: random.next(), b: random.next(), c: UInt32(truncatingIfNeeded: random.next()))
  }

  func addCoin(_ entry: CoinList.Entry) {
    let prefix = entry.name.prefix { $0 != ":" }
    let dex = entry.name.contains(":") ? (CoinList.dexes.firstIndex(of: String(prefix)) ?? 0) : 0
    let volatility = 1e-4 * options.volatility * (coins.isEmpty ? 1 : 1.2 + 1.3 * random.unit())
    let coin = WorldCoin(
      entry: entry, dex: dex, position: universe[dex].count, volatility: volatility, timeMs: now.ms)
    universe[dex].append(coins.count)
    coins.append(coin)
    for account in accounts where account.isWide { account.slots.append(Slot(coin: Int32(coins.count - 1))) }
    countListing()
  }
}
