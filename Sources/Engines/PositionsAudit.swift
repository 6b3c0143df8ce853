/// Looking through the table of positions for broken invariants; for tests and for the simulator's oracles.
import Base
import Market

extension Positions {
  /// The first broken invariant found, in words; `nil` when all is well. Takes time in proportion to the positions.
  public func brokenInvariant() -> String? {
    var total = 0
    for index in coins.indices {
      if let broken = coins[index].audit(book) { return "coin \(index): \(broken)" }
      total += coins[index].count
    }
    if total != count { return "\(total) positions in coins, \(count) counted" }
    if count > positionsMax { return "\(count) positions, \(positionsMax) allowed" }
    return auditChains()
  }

  /// Whether every position is in its account's chain, once, and marked as its account is.
  private func auditChains() -> String? {
    var chained = 0
    var seen: Set<UInt32> = []
    for account in heads.indices {
      let id = AddressID(raw: UInt32(account))
      var coinsOfAccount: Set<Int> = []
      var place = heads[account]
      while place != PositionPlace.none {
        guard seen.insert(place).inserted else { return "place \(place) is in two chains" }
        let (coin, row) = (PositionPlace.coin(place), PositionPlace.row(place))
        guard coin < coins.count, coins[coin].isUsed(row) else { return "account \(account) has a free row" }
        if coins[coin].mark(row).account != id { return "account \(account) has somebody's position" }
        if coins[coin].mark(row).isBot != isBot(id) { return "account \(account) is marked wrongly" }
        if !coinsOfAccount.insert(coin).inserted { return "account \(account) is twice in coin \(coin)" }
        chained += 1
        place = coins[coin].detail(row).next
      }
    }
    return chained == count ? nil : "\(chained) positions in chains, \(count) counted"
  }
}

extension CoinPositions {
  func isUsed(_ row: Int) -> Bool {
    let chunk = row / PositionChunk.rows
    return chunk < used.count && used[chunk] >> UInt64(row % PositionChunk.rows) & 1 == 1
  }

  /// The first broken invariant of one coin.
  fileprivate func audit(_ book: AddressBook) -> String? {
    var (rows, longs, shorts) = (0, 0 as Int64, 0 as Int64)
    guard chunks.count == used.count, details.count == used.count, changed.count == used.count else {
      return "its lists differ in length"
    }
    if used.last == 0 { return "its last chunk is empty" }
    for chunk in used.indices {
      if chunk < roomFrom, used[chunk] != .max { return "chunk \(chunk) has room and is passed over" }
      if let broken = auditChunk(chunk) { return broken }
    }
    forEachRow { row in
      rows += 1
      if isLong(row) { longs += sizeUsd(row) } else { shorts += sizeUsd(row) }
    }
    if rows != count { return "\(rows) rows used, \(count) counted" }
    if (longs, shorts) != (long, short) { return "the sums do not add up" }
    return auditOrder(book)
  }

  private func auditChunk(_ chunk: Int) -> String? {
    let columns = chunks[chunk].columns
    guard used[chunk] != 0 else {
      return columns.isEmpty && details[chunk].isEmpty ? nil : "chunk \(chunk) is kept for nobody"
    }
    guard columns.count == PositionChunk.words else { return "chunk \(chunk) is \(columns.count) words" }
    for bit in 0..<PositionChunk.rows {
      let values = (
        columns[bit], columns[PositionChunk.sizes + bit], columns[PositionChunk.marks + bit]
      )
      guard used[chunk] >> UInt64(bit) & 1 == 1 else {
        if values != (0, 0, 0) { return "a free row of chunk \(chunk) holds something" }
        continue
      }
      guard bit < details[chunk].count else { return "a row of chunk \(chunk) has no details" }
      if values.0 < 0 { return "a negative price of liquidation" }
      if details[chunk][bit].szi == 0 { return "a position of size 0" }
      if values.1 != 0, (values.1 > 0) != (details[chunk][bit].szi > 0) { return "a position of two sides" }
    }
    return nil
  }

  /// Whether the kept order is one, and nothing that belongs into it is missing.
  private func auditOrder(_ book: AddressBook) -> String? {
    guard order.isKept, order.version == version else { return nil }
    var listed: Set<UInt32> = []
    for (index, row) in order.rows.enumerated() {
      guard isUsed(Int(row)), listed.insert(row).inserted else { return "row \(row) is ordered wrongly" }
      if index > 0, !isBefore(order.rows[index - 1], row, book) { return "rows out of order at \(index)" }
    }
    if order.isWhole { return listed.count == count ? nil : "\(listed.count) of \(count) rows in order" }
    var missing: String?
    forEachRow { row in
      if !listed.contains(UInt32(row)), !(order.floor < standing(row, book)) {
        missing = "row \(row) is not in order"
      }
    }
    return missing
  }
}
