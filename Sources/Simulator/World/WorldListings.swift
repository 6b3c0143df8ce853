public import Base

/// A listing or delisting that is going to happen.
struct Listing {
  var at: WallTime
  var change: Change

  enum Change {
    case list(CoinList.Entry)
    case delist(Int)
  }
}

extension World {
  /// Lists a new coin now. The prefix of `name` chooses the dex (`xyz:NEW`); an unknown prefix or a name in
  /// use is refused, and so is a coin beyond `WorldOptions.coinsMax`.
  @discardableResult
  public func list(_ name: String) -> Bool {
    guard let entry = newEntry(name) else { return false }
    carryOut(Listing(at: now, change: .list(entry)))
    return true
  }

  /// Lists a new coin when virtual time reaches `time`.
  @discardableResult
  public func list(_ name: String, at time: WallTime) -> Bool {
    guard let entry = newEntry(name) else { return false }
    plan(Listing(at: max(time, now), change: .list(entry)))
    return true
  }

  /// Delists a coin now: its positions are settled at the mark and it never trades again.
  @discardableResult
  public func delist(_ name: String) -> Bool {
    guard let index = coinIndex(name), !coins[index].isDelisted else { return false }
    carryOut(Listing(at: now, change: .delist(index)))
    return true
  }

  /// Delists a coin when virtual time reaches `time`.
  @discardableResult
  public func delist(_ name: String, at time: WallTime) -> Bool {
    guard let index = coinIndex(name), !coins[index].isDelisted else { return false }
    plan(Listing(at: max(time, now), change: .delist(index)))
    return true
  }

  private func newEntry(_ name: String) -> CoinList.Entry? {
    guard !name.isEmpty, coinIndex(name) == nil, coins.count < WorldOptions.coinsMax else { return nil }
    var prefix = ""
    if let colon = name.firstIndex(of: ":") { prefix = String(name[..<colon]) + ":" }
    if !prefix.isEmpty && !CoinList.dexes.contains(String(prefix.dropLast())) { return nil }
    var entry = CoinList.madeUp(coins.count, prefix: prefix)
    entry.name = name
    return entry
  }

  func carryOut(_ listing: Listing) {
    switch listing.change {
    case .list(let entry):
      guard coinIndex(entry.name) == nil, coins.count < WorldOptions.coinsMax else { return }
      addCoin(entry)
      let coin = coins.count - 1
      for _ in 0..<max(8, traders.count / 20) {
        follow(coin, by: traders.lowerBound + random.below(traders.count))
      }
    case .delist(let index):
      guard !coins[index].isDelisted else { return }
      settle(index)
      coins[index].isDelisted = true
      coins[index].funding = 0
      countListing()
    }
  }

  /// Closes every position of a coin at its mark, without trades and without fees.
  private func settle(_ index: Int) {
    let coin = coins[index]
    orderNumber += 1
    for account in accounts {
      guard let slot = account.slot(of: index), account.slots[slot].szi != 0 else { continue }
      let szi = account.slots[slot].szi
      nextOid += 1
      let execution = Execution(
        timeMs: now.ms, order: orderNumber | 1 << 63, tid: World.tid(nextOid, Int64(account.index)))
      fill(
        account, slot: slot, isBuy: szi < 0, sz: Int64(szi.magnitude), px: coin.mark, crossed: true,
        oid: nextOid,
        direction: .settlement, of: execution)
      rearm(account)
    }
  }
}
