public import Base
public import Market

/// One trip of an account through a coin: from flat to flat, told by the account's own bookkeeping.
public struct WorldTrip: Hashable, Sendable {
  /// Index of the coin in `World.coins`.
  public var coin: Int
  /// Whether it was long.
  public var isLong: Bool
  /// Σ size × price of what opened, exact.
  public var entryNtl: Usd
  /// Σ size of what opened.
  public var entrySz: Sz
  /// Σ size × price of what closed, exact.
  public var exitNtl: Usd
  /// Σ closed profit, as its fills say.
  public var pnl: Usd
  /// The first fill.
  public var entryTime: WallTime
  /// The last fill.
  public var exitTime: WallTime
}

extension World {
  /// The trips of an account that began and ended at or after `since` and whose fills are still held, in the order they
  /// ended. A position already open at `since` is no trip until it has been flat once.
  public func trips(of address: Address, since: WallTime) -> [WorldTrip] {
    guard let account = account(address) else { return [] }
    var open: [Int32: WorldTrip] = [:]
    var done: [WorldTrip] = []
    let fills = account.fills
    for number in fills.partition({ $0.timeMs < since.ms })..<fills.end {
      let row = fills[number]
      let coin = coins[Int(row.coin)]
      let delta = row.isBuy ? row.sz : -row.sz
      let closed = (row.start > 0) == (delta > 0) ? 0 : min(row.start.magnitude, row.sz.magnitude)
      let opened = row.sz - Int64(closed)
      if closed > 0, var trip = open[row.coin] {
        trip.exitNtl += Usd(micros: Int64(closed) * row.px)
        trip.pnl += Usd(micros: row.closedPnl)
        trip.exitTime = WallTime(ms: row.timeMs)
        open[row.coin] = row.start.magnitude == closed ? nil : trip
        if row.start.magnitude == closed { done.append(trip) }
      }
      guard opened > 0 else { continue }
      if row.start == 0 || closed > 0 {
        open[row.coin] = WorldTrip(
          coin: Int(row.coin), isLong: row.isBuy, entryNtl: .zero, entrySz: Sz(raw: 0), exitNtl: .zero,
          pnl: .zero,
          entryTime: WallTime(ms: row.timeMs), exitTime: WallTime(ms: row.timeMs))
      }
      open[row.coin]?.entryNtl += Usd(micros: opened * row.px)
      open[row.coin]?.entrySz.raw += opened * coin.szUnit
    }
    return done
  }
}
