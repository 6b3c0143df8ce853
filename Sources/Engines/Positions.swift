public import Base
public import Market

/// Every position of every account the daemon polls, by coin and by account.
///
/// By coin: chunks of 64 rows, the columns a heatmap reads apart from the rest and copied only when changed while a
/// snapshot holds them. By account: a chain through its positions, in the order of its last poll. Sums are integers,
/// kept as positions come and go. Memory: 64 bytes per position, 4 per account id, and what is not full of a
/// coin's last chunk.
///
/// Bounds: `positionsMax`, `rowsPerCoinMax`, `accountsMax`, `coinsMax`; what does not fit is dropped and counted.
/// Accounts are ids of `book` and must stay pinned while they have positions.
public final class Positions {
  /// Positions one coin can hold.
  public static let rowsPerCoinMax = PositionPlace.rowsMax
  /// Account ids from here on are refused.
  public static let accountsMax = PositionMark.accountsMax
  /// Coin ids from here on are refused.
  public static let coinsMax = PositionPlace.coinsMax

  /// The most positions held.
  public let positionsMax: Int
  /// Positions held.
  @exclusivity(unchecked) public private(set) var count = 0
  /// Grows with every change.
  @exclusivity(unchecked) public private(set) var version: UInt64 = 0
  /// Positions refused at a bound.
  @exclusivity(unchecked) public private(set) var dropped: UInt64 = 0

  let book: AddressBook
  @exclusivity(unchecked) var coins: ContiguousArray<CoinPositions> = []
  /// By account: the place of its first position.
  @exclusivity(unchecked) var heads: ContiguousArray<UInt32> = []
  /// By account: a bit for bots.
  @exclusivity(unchecked) var bots: ContiguousArray<UInt64> = []
  /// By coin, during `replace`: one more than the index of the row that is wanted.
  @exclusivity(unchecked) private var wanted: ContiguousArray<UInt32> = []
  @exclusivity(unchecked) private var placed: ContiguousArray<UInt32> = []
  @exclusivity(unchecked) private var gone: ContiguousArray<CoinID> = []
  /// Where `expire` goes on.
  @exclusivity(unchecked) private var handCoin = 0
  @exclusivity(unchecked) private var handChunk = 0

  /// No positions. Accounts are ids of `book`, whose addresses decide ties of equal size.
  public init(book: AddressBook, positionsMax: Int = 1_000_000) {
    precondition(positionsMax > 0)
    self.book = book
    self.positionsMax = positionsMax
  }

  // MARK: One poll

  /// Takes one poll's whole truth of an account: its positions become `rows`, in that order; of two rows in one coin
  /// the last counts. Afterwards `closed` is told the coins it is no longer in, in the account's old order.
  public func replace(
    _ account: AddressID, with rows: [TrackedPosition], closed: (CoinID) -> Void = { _ in }
  ) {
    guard account.index < Positions.accountsMax else {
      dropped &+= UInt64(rows.count)
      return
    }
    let first = head(account)
    guard first != PositionPlace.none || !rows.isEmpty else { return }
    version &+= 1
    gone.removeAll(keepingCapacity: true)
    placed.removeAll(keepingCapacity: true)
    for (index, row) in rows.enumerated() {
      placed.append(PositionPlace.none)
      guard row.coin.index < Positions.coinsMax else { continue }
      while wanted.count <= row.coin.index { wanted.append(0) }
      wanted[row.coin.index] = UInt32(index + 1)
    }
    let isBot = isBot(account)
    settle(account, first, rows, isBot: isBot)
    link(account, rows, isBot: isBot)
    for coin in gone { closed(coin) }
  }

  /// Renews or frees what the account has.
  private func settle(_ account: AddressID, _ first: UInt32, _ rows: [TrackedPosition], isBot: Bool) {
    var place = first
    while place != PositionPlace.none {
      let (coin, row) = (PositionPlace.coin(place), PositionPlace.row(place))
      let next = coins[coin].detail(row).next
      let index = coin < wanted.count ? Int(wanted[coin]) - 1 : -1
      if index >= 0, coins[coin].update(row, rows[index], account, isBot: isBot) {
        placed[index] = place
      } else {
        coins[coin].remove(row)
        count -= 1
        if index >= 0 {
          wanted[coin] = 0
          dropped &+= 1
        } else {
          gone.append(CoinID(raw: UInt32(coin)))
        }
      }
      place = next
    }
  }

  /// Takes the new ones in and chains all in the order of `rows`.
  private func link(_ account: AddressID, _ rows: [TrackedPosition], isBot: Bool) {
    setHead(account, PositionPlace.none)
    var last = PositionPlace.none
    for (index, row) in rows.enumerated() {
      guard row.coin.index < Positions.coinsMax else {
        dropped &+= 1
        continue
      }
      guard wanted[row.coin.index] == UInt32(index + 1) else { continue }
      wanted[row.coin.index] = 0
      let place = placed[index] == PositionPlace.none ? insert(row, account, isBot: isBot) : placed[index]
      guard place != PositionPlace.none else { continue }
      if last == PositionPlace.none { setHead(account, place) } else { setNext(last, place) }
      setNext(place, PositionPlace.none)
      last = place
    }
  }

  /// Puts a stored row in at a warm start, behind the account's others; an older row of the pair is renewed. `false`
  /// when it does not fit or holds nothing (`szi` 0).
  @discardableResult
  public func restore(_ row: TrackedPosition) -> Bool {
    guard row.account.index < Positions.accountsMax, row.coin.index < Positions.coinsMax, row.szi.raw != 0,
      row.szi.raw != .min, row.sizeUsd.micros >= 0
    else {
      dropped &+= 1
      return false
    }
    let isBot = isBot(row.account)
    version &+= 1
    var last = PositionPlace.none
    var place = head(row.account)
    while place != PositionPlace.none {
      if PositionPlace.coin(place) == row.coin.index {
        return coins[row.coin.index].update(PositionPlace.row(place), row, row.account, isBot: isBot)
      }
      last = place
      place = next(place)
    }
    place = insert(row, row.account, isBot: isBot)
    guard place != PositionPlace.none else { return false }
    if last == PositionPlace.none { setHead(row.account, place) } else { setNext(last, place) }
    return true
  }

  /// Forgets an account: its positions and whether it is a bot.
  public func remove(account: AddressID) {
    replace(account, with: [])
    setBot(account, false)
  }

  /// Looks at up to `limit` rows (whole chunks of 64, at least one) from where the last call stopped, hands over and
  /// forgets those last refreshed before `time`; answers how many.
  @discardableResult
  public func expire(before time: WallTime, limit: Int, _ body: (TrackedPosition) -> Void) -> Int {
    guard count > 0 else { return 0 }
    var (looked, expired, wraps) = (0, 0, 0)
    while looked < max(1, limit), count > 0 {
      if handCoin >= coins.count {
        wraps += 1
        guard wraps < 2 else { break }
        (handCoin, handChunk) = (0, 0)
      }
      guard handChunk < coins[handCoin].used.count else {
        (handCoin, handChunk) = (handCoin + 1, 0)
        continue
      }
      expired += expire(before: time, body)
      looked += PositionChunk.rows
      handChunk += 1
    }
    return expired
  }

  private func expire(before time: WallTime, _ body: (TrackedPosition) -> Void) -> Int {
    var bits = coins[handCoin].used[handChunk]
    var expired = 0
    while bits != 0 {
      let row = handChunk * PositionChunk.rows + bits.trailingZeroBitCount
      bits &= bits - 1
      guard coins[handCoin].mark(row).ms < time.ms else { continue }
      let position = coins[handCoin].position(row, coin: handCoin)
      unlink(position.account, PositionPlace.make(handCoin, row))
      coins[handCoin].remove(row)
      count -= 1
      version &+= 1
      expired += 1
      body(position)
    }
    return expired
  }

  /// Notes that an account is a bot, or is none; also for the positions it will have.
  public func setBot(_ account: AddressID, _ isBot: Bool) {
    guard account.index < Positions.accountsMax, self.isBot(account) != isBot else { return }
    while bots.count <= account.index >> 6 { bots.append(0) }
    bots[account.index >> 6] ^= 1 << UInt64(account.index & 63)
    var place = head(account)
    while place != PositionPlace.none {
      coins[PositionPlace.coin(place)].setBot(PositionPlace.row(place), isBot)
      place = next(place)
    }
    version &+= 1
  }

  // MARK: Chains

  func head(_ account: AddressID) -> UInt32 {
    account.index < heads.count ? heads[account.index] : PositionPlace.none
  }

  func next(_ place: UInt32) -> UInt32 {
    coins[PositionPlace.coin(place)].detail(PositionPlace.row(place)).next
  }

  private func setHead(_ account: AddressID, _ place: UInt32) {
    if account.index >= heads.count {
      guard place != PositionPlace.none else { return }
      let missing = account.index + 1 - heads.count
      heads.append(contentsOf: repeatElement(PositionPlace.none, count: missing))
    }
    heads[account.index] = place
  }

  private func setNext(_ place: UInt32, _ next: UInt32) {
    coins[PositionPlace.coin(place)].setNext(PositionPlace.row(place), next)
  }

  private func insert(_ row: TrackedPosition, _ account: AddressID, isBot: Bool) -> UInt32 {
    while coins.count <= row.coin.index { coins.append(CoinPositions()) }
    guard count < positionsMax, row.szi.raw != 0, row.sizeUsd.micros >= 0,
      let place = coins[row.coin.index].insert(row, account, isBot: isBot)
    else {
      dropped &+= 1
      return PositionPlace.none
    }
    count += 1
    return PositionPlace.make(row.coin.index, place)
  }

  private func unlink(_ account: AddressID, _ place: UInt32) {
    var (last, at) = (PositionPlace.none, head(account))
    while at != place, at != PositionPlace.none { (last, at) = (at, next(at)) }
    guard at == place else { preconditionFailure("a position outside its account's chain") }
    if last == PositionPlace.none { setHead(account, next(place)) } else { setNext(last, next(place)) }
  }
}
