public import Base
public import Market

/// The exact truth, for oracles and tests: nothing here goes through the exchange's messages.
extension World {
  /// Coins ever listed, delisted ones included; a coin's index never changes.
  public var coinCount: Int { coins.count }

  /// The name of the coin with `index`.
  public func coinName(_ index: Int) -> String { coins[index].name }

  /// Whether the coin with `index` can be traded.
  public func isListed(_ index: Int) -> Bool { !coins[index].isDelisted }

  /// The names of the coins that can be traded now, dex by dex in universe order.
  public var listedCoins: [String] {
    universe.flatMap { $0.filter { !coins[$0].isDelisted }.map { coins[$0].name } }
  }

  /// The index of the coin spelled exactly so.
  public func coinIndex(_ name: String) -> Int? { coins.firstIndex { $0.name == name } }

  /// The mark price of a coin.
  public func markPx(_ index: Int) -> Px { Px(raw: coins[index].mark * coins[index].pxUnit) }

  /// Half the open positions' absolute sizes of a coin.
  public func openInterest(_ index: Int) -> Sz { Sz(raw: coins[index].gross / 2 * coins[index].szUnit) }

  /// Accounts, vaults and makers included.
  public var accountCount: Int { accounts.count }

  /// The address of the account with `index`; 0 is HLP's parent vault.
  public func address(_ index: Int) -> Address { accounts[index].address }

  /// HLP's vaults, the parent first.
  public var vaultAddresses: [Address] { World.vaults.map(\.address) }

  /// The absolute numbers of the trades of a coin that are still held; see `trade(_:_:)`.
  public func trades(of index: Int) -> Range<Int> {
    let log = coins[index].trades
    return log.dropped..<log.end
  }

  /// The trade of a coin with an absolute number inside `trades(of:)`; ordered by time.
  public func trade(_ index: Int, _ number: Int) -> WorldTrade {
    let coin = coins[index]
    let row = coin.trades[number]
    return WorldTrade(
      coin: index, isBuy: row.isBuy, px: Px(raw: row.px * coin.pxUnit), sz: Sz(raw: row.sz * coin.szUnit),
      ntl: Usd(micros: row.px * row.sz), time: WallTime(ms: row.timeMs), tid: row.tid,
      buyer: accounts[row.buyer].address, seller: accounts[Int(row.seller)].address)
  }

  /// What the trades with `from ≤ time ≤ to` of a coin add up to, recounted from the rows.
  public func flow(of index: Int, from: WallTime, to: WallTime) -> FlowTruth {
    var truth = FlowTruth()
    let log = coins[index].trades
    for number in log.partition({ $0.timeMs < from.ms })..<log.end {
      let row = log[number]
      if row.timeMs > to.ms { break }
      if row.isBuy {
        truth.buyNtl += Usd(micros: row.px * row.sz)
        truth.buyCount += 1
      } else {
        truth.sellNtl += Usd(micros: row.px * row.sz)
        truth.sellCount += 1
      }
    }
    return truth
  }

  /// The order flow of a window: every trade with `time ≥ now − window` and not after `now`.
  public func flow(of index: Int, windowS: Int, now: WallTime) -> FlowTruth {
    flow(of: index, from: WallTime(ms: now.ms - Int64(windowS) * 1000), to: now)
  }

  /// The open positions of an account over all dexes; empty for an unknown address.
  public func positions(of address: Address) -> [WorldPosition] {
    guard let account = account(address) else { return [] }
    return account.slots.filter { $0.szi != 0 }.map { slot in
      let index = Int(slot.coin)
      let coin = coins[index]
      let value = slot.szi * coin.mark
      let health = slot.isIsolated ? isolatedHealth(slot) : crossHealth(account, dex: coin.dex)
      return WorldPosition(
        coin: index, szi: Sz(raw: slot.szi * coin.szUnit), cost: Usd(micros: slot.cost),
        value: Usd(micros: Int64(value.magnitude)), unrealizedPnl: Usd(micros: value - slot.cost),
        leverage: Int(slot.leverage), isIsolated: slot.isIsolated,
        liquidationPx: liquidationPx(slot, health).map { Double($0) / 1e10 })
    }
  }

  /// What an account is worth on one dex (USD, isolated buckets and positions at the mark).
  public func accountValue(of address: Address, dex: Int = 0) -> Usd {
    guard let account = account(address), dex < account.raw.count else { return .zero }
    var value = crossHealth(account, dex: dex).value
    for slot in account.slots where slot.szi != 0 && slot.isIsolated && coins[Int(slot.coin)].dex == dex {
      value += isolatedHealth(slot).value
    }
    return Usd(micros: value)
  }

  /// Fills of an account that are still held.
  public func fillCount(of address: Address) -> Int { account(address)?.fills.count ?? 0 }
}
