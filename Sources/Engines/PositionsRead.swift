public import Base
public import Market

/// Questions about positions.
extension Positions {
  /// Grows with every change of a position in `coin`; 0 before the first.
  public func version(of coin: CoinID) -> UInt64 { coin.index < coins.count ? coins[coin.index].version : 0 }

  /// Positions in `coin`.
  public func count(of coin: CoinID) -> Int { coin.index < coins.count ? coins[coin.index].count : 0 }

  /// The exact notional of all positions in `coin`, by side.
  public func totals(of coin: CoinID) -> (long: Usd, short: Usd) {
    guard coin.index < coins.count else { return (.zero, .zero) }
    return (Usd(micros: coins[coin.index].long), Usd(micros: coins[coin.index].short))
  }

  /// When the position of `coin` refreshed longest ago was; `nil` without positions. Looks at all of them.
  public func oldest(of coin: CoinID) -> WallTime? {
    guard coin.index < coins.count, coins[coin.index].count > 0 else { return nil }
    var oldest = Int64.max
    coins[coin.index].forEachRow { oldest = min(oldest, coins[coin.index].mark($0).ms) }
    return WallTime(ms: oldest)
  }

  /// Calls `body` with up to `limit` positions of `coin`, largest `sizeUsd` first, ties by the address's text; answers
  /// how many. The order is kept, so asking again costs little even after changes.
  @discardableResult
  public func largest(of coin: CoinID, _ limit: Int, _ body: (TrackedPosition) -> Void) -> Int {
    guard coin.index < coins.count, limit > 0 else { return 0 }
    coins[coin.index].rank(limit, book)
    let shown = min(limit, coins[coin.index].count)
    for index in 0..<shown {
      body(coins[coin.index].position(Int(coins[coin.index].order.rows[index]), coin: coin.index))
    }
    return shown
  }

  /// Calls `body` with every position of `coin`, in no order that means anything.
  public func forEach(of coin: CoinID, _ body: (TrackedPosition) -> Void) {
    guard coin.index < coins.count else { return }
    coins[coin.index].forEachRow { body(coins[coin.index].position($0, coin: coin.index)) }
  }

  /// Calls `body` with every position of `account`, in the order of its last poll.
  public func forEach(of account: AddressID, _ body: (TrackedPosition) -> Void) {
    var place = head(account)
    while place != PositionPlace.none {
      let coin = PositionPlace.coin(place)
      body(coins[coin].position(PositionPlace.row(place), coin: coin))
      place = next(place)
    }
  }

  /// The account's position in `coin`, if it has one.
  public func position(of account: AddressID, in coin: CoinID) -> TrackedPosition? {
    var place = head(account)
    while place != PositionPlace.none {
      if PositionPlace.coin(place) == coin.index {
        return coins[coin.index].position(PositionPlace.row(place), coin: coin.index)
      }
      place = next(place)
    }
    return nil
  }

  /// Positions of `account`.
  public func count(of account: AddressID) -> Int {
    var (count, place) = (0, head(account))
    while place != PositionPlace.none { (count, place) = (count + 1, next(place)) }
    return count
  }

  /// The notional of all positions of `account`, which decides its tier; stops at the range of `Usd`.
  public func totalSizeUsd(of account: AddressID) -> Usd {
    var (sum, place) = (0 as Int64, head(account))
    while place != PositionPlace.none {
      let size = coins[PositionPlace.coin(place)].sizeUsd(PositionPlace.row(place))
      let (more, overflow) = sum.addingReportingOverflow(size)
      sum = overflow ? .max : more
      place = next(place)
    }
    return Usd(micros: sum)
  }

  /// Whether `account` was noted as a bot.
  public func isBot(_ account: AddressID) -> Bool {
    account.index >> 6 < bots.count && bots[account.index >> 6] >> UInt64(account.index & 63) & 1 == 1
  }

  /// All positions as they are now, for a job off the loop.
  public func snapshot() -> PositionSnapshot {
    var parts: ContiguousArray<CoinSnapshot> = []
    parts.reserveCapacity(coins.count)
    for coin in coins.indices {
      parts.append(
        CoinSnapshot(
          chunks: coins[coin].chunks, count: coins[coin].count, long: coins[coin].long,
          short: coins[coin].short))
    }
    return PositionSnapshot(coins: parts, count: count, version: version)
  }

  /// Bytes of memory held, by capacity.
  public var memoryBytes: Int {
    var bytes = heads.capacity * 4 + bots.capacity * 8
    for coin in coins.indices { bytes += coins[coin].memoryBytes + MemoryLayout<CoinPositions>.stride }
    return bytes
  }
}
