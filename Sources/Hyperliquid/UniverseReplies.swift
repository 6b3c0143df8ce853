// Replies of perpDexs and meta become changes of the register of coins.
public import Base
public import Market

extension Universe {
  /// The names of the builder dexes, in the exchange's order, without the leading `null` (the main dex).
  ///
  /// Dexes that are gone are taken as delisted, with all their coins, once `shrinkVotes` replies agree.
  public mutating func perpDexs(_ names: [String], coins: inout Coins, now: Instant) -> Change {
    answered(.perpDexs)
    perpDexsDue = now + Universe.perpDexsInterval
    perpDexsBackoff.reset()
    hasPerpDexs = true
    var change = Change()
    for name in names where !name.isEmpty {
      if let index = dexes.firstIndex(where: { $0.name == name }) {
        if !dexes[index].isListed {
          dexes[index].isListed = true
          dexes[index].due = now
        }
      } else if dexes.count < Universe.dexesMax {
        dexes.append(Dex(name: name, backoff: Universe.backoff(&random)))
      } else {
        refused += 1
      }
    }
    let known = Set(names)
    let gone = dexes.indices.filter { $0 > 0 && dexes[$0].isListed && !known.contains(dexes[$0].name) }
    guard !gone.isEmpty else {
      perpDexsShrunk = 0
      return change
    }
    perpDexsShrunk += 1
    guard perpDexsShrunk >= Universe.shrinkVotes else {
      doubted += 1
      perpDexsDue = now + Universe.driftInterval
      return change
    }
    perpDexsShrunk = 0
    for index in gone {
      dexes[index].isListed = false
      for case .some(let id) in dexes[index].coins { Universe.delist(id, &coins, &change) }
    }
    return change
  }

  /// The rows of `meta.universe` of the dex with index `dex`, in the exchange's order.
  public mutating func meta(_ dex: Int, _ rows: [Listing], coins: inout Coins, now: Instant) -> Change {
    answered(.meta(dex: dex))
    var change = Change()
    guard dexes.indices.contains(dex) else { return change }
    dexes[dex].due = now + (dex == 0 ? Universe.mainInterval : builderInterval)
    dexes[dex].backoff.reset()
    dexes[dex].hasAnswered = true
    if rows.count < dexes[dex].coins.count {
      dexes[dex].shrunk += 1
      guard dexes[dex].shrunk >= Universe.shrinkVotes else {
        doubted += 1
        dexes[dex].due = now + Universe.driftInterval
        return change
      }
    }
    dexes[dex].shrunk = 0
    let former = dexes[dex].coins
    dexes[dex].coins = rows.map { list($0, dexes[dex].name, &coins, &change) }
    let present = Set(dexes[dex].coins.compactMap { $0 })
    for case .some(let id) in former where !present.contains(id) { Universe.delist(id, &coins, &change) }
    return change
  }

  /// The question got no usable answer: it is asked again after a growing, jittered while.
  public mutating func failed(_ request: Request, now: Instant) {
    answered(request)
    switch request {
    case .perpDexs: perpDexsDue = now + perpDexsBackoff.next()
    case .meta(let dex):
      guard dexes.indices.contains(dex) else { return }
      dexes[dex].due = now + dexes[dex].backoff.next()
    }
  }

  private mutating func answered(_ request: Request) {
    switch request {
    case .perpDexs:
      if isPerpDexsAsked { asked -= 1 }
      isPerpDexsAsked = false
    case .meta(let dex):
      guard dexes.indices.contains(dex), dexes[dex].isAsked else { return }
      dexes[dex].isAsked = false
      asked -= 1
    }
  }

  private mutating func list(
    _ row: Listing, _ dex: String, _ coins: inout Coins, _ change: inout Change
  ) -> CoinID? {
    var name = row.name
    let known = name.withUTF8 { coins.find(UnsafeRawBufferPointer($0)) }
    if let known, coins[known].dex != dex {
      refused += 1
      return nil
    }
    let wasListed = known.map { coins[$0].isListed } ?? false
    let coin = Coin(
      name: row.name, dex: dex, szDecimals: row.szDecimals, maxLeverage: row.maxLeverage,
      isListed: !row.isDelisted)
    guard let id = coins.list(coin) else {
      refused += 1
      return nil
    }
    if wasListed, row.isDelisted { change.delisted.append(id) }
    if !wasListed, !row.isDelisted { change.listed.append(id) }
    return id
  }

  private static func delist(_ id: CoinID, _ coins: inout Coins, _ change: inout Change) {
    guard coins[id].isListed else { return }
    coins.delist(id)
    change.delisted.append(id)
  }
}
