import Base
import Engines
import Market
import Store

// Rows of the vaults' snapshots and of liquidations, as engines hold them and as the file does.

extension HlpSnapshot {
  /// A vault's position at the time of its round.
  init(_ position: VaultPosition, at time: WallTime, coins: Coins) {
    self.init(
      vault: position.vault, coin: coins[position.coin].name, at: time, isLong: position.isLong,
      size: abs(position.szi.double), sizeUsd: position.sizeUsd.double, entryPx: position.entryPx.double,
      markPx: position.markPx.double, leverage: position.leverage,
      unrealizedPnl: position.unrealizedPnl.double)
  }
}

extension VaultPosition {
  /// The position a row tells; nil when its numbers are none. `coin` is the row's coin.
  init?(_ row: HlpSnapshot, coin: CoinID) {
    guard let size = Int64(scaled: row.size, 1e8), size > 0, let sizeUsd = Int64(scaled: row.sizeUsd, 1e6),
      let entryPx = Int64(scaled: row.entryPx, 1e8), let markPx = Int64(scaled: row.markPx, 1e8),
      let pnl = Int64(scaled: row.unrealizedPnl, 1e6)
    else { return nil }
    self.init(
      vault: row.vault, coin: coin, szi: Sz(raw: row.isLong ? size : -size), entryPx: Px(raw: entryPx),
      markPx: Px(raw: markPx), sizeUsd: Usd(micros: sizeUsd), leverage: row.leverage,
      unrealizedPnl: Usd(micros: pnl))
  }
}

extension LiquidationEventRow {
  /// An event with its coin's name.
  init(_ event: LiquidationEvent, coins: Coins) {
    self.init(
      coin: coins[event.coin].name, occurredAt: event.occurredAt, isLong: event.isLong,
      sizeUsd: event.sizeUsd.double, price: event.price.double, address: event.address)
  }
}

extension LiquidationEvent {
  /// The event a row tells; nil when its numbers are none. `coin` is the row's coin.
  init?(_ row: LiquidationEventRow, coin: CoinID) {
    guard let sizeUsd = Int64(scaled: row.sizeUsd, 1e6), let price = Int64(scaled: row.price, 1e8) else {
      return nil
    }
    self.init(
      coin: coin, occurredAt: row.occurredAt, isLong: row.isLong, sizeUsd: Usd(micros: sizeUsd),
      price: Px(raw: price), address: row.address)
  }
}

extension PositionChangeRow {
  /// A change with its coin's name.
  init(_ change: PositionChange, coins: Coins) {
    self.init(
      address: change.address, coin: coins[change.coin].name, action: "\(change.action.text)",
      isLong: change.isLong, sizeUsd: change.sizeUsd.double, price: change.price.double,
      detectedAt: change.detectedAt)
  }
}

extension PositionChange {
  /// The change a row tells; nil for an action we do not know or numbers that are none.
  init?(_ row: PositionChangeRow, coin: CoinID) {
    guard let action = PositionAction(row.action), let sizeUsd = Int64(scaled: row.sizeUsd, 1e6),
      let price = Int64(scaled: row.price, 1e8)
    else { return nil }
    self.init(
      address: row.address, coin: coin, action: action, isLong: row.isLong, sizeUsd: Usd(micros: sizeUsd),
      price: Px(raw: price), detectedAt: row.detectedAt)
  }
}

extension Int64 {
  /// `value` in units of 1/`scale`, rounded to the nearest; nil when it is no number or does not fit.
  init?(scaled value: Double, _ scale: Double) { self.init(exactly: (value * scale).rounded()) }
}
