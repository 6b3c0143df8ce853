// The file as plain dictionaries, and random rows: what every batch is held against.
import Base
import Market

@testable import Store

/// Every table as the simplest thing that could hold it.
struct Model {
  struct Pair: Hashable {
    var key: String
    var other: String
    init(_ key: String, _ other: String) {
      self.key = key
      self.other = other
    }
  }

  var addresses: [String: AddressRecord] = [:]
  var positions: [Pair: PositionRow] = [:]
  var equity: [Pair: EquitySnapshot] = [:]
  var vaults: [Pair: HlpSnapshot] = [:]
  var watched: [String: WatchedWallet] = [:]
  var profiles: [String: WalletProfile] = [:]
  var trades: [String: [WalletTrade]] = [:]
  var changes: [PositionChangeRow] = []
  var alerts: [Int64: WalletAlert] = [:]
  var lastAlertID: Int64 = 0
  var points: [Pair: Double] = [:]
  var liquidations: [LiquidationEventRow] = []
  var metadata: [String: String] = [:]
}

/// Puts a random row into a batch and into the model, by the same rules told twice.
struct Mutation {
  static let coins = ["BTC", "kPEPE", "xyz:TSLA", "@107", "PURR/USDC", "A coin of a long name", ""]
  static let words = ["", "whale", "auto | 57% WR | swing", "₿ 'q' \"", "0xabc"]
  static let actions = ["entry", "exit", "flip", "increase"]
  static let kinds = 17

  var random: PRNG
  /// Rows are dated ever later, in whole milliseconds.
  var nowMs: Int64 = 1_700_000_000_000

  init(seed: UInt64) { random = PRNG(seed: seed) }

  private mutating func pick<Value>(_ values: [Value]) -> Value { values[random.below(values.count)] }
  private mutating func number() -> Double { Double(random.below(2_000_000) - 1_000_000) / 64 }
  private mutating func address() -> Address { account(UInt64(random.below(12))) }
  private mutating func time() -> WallTime {
    nowMs += 1 + Int64(random.below(2_000))
    return WallTime(ms: nowMs)
  }

  mutating func add(to batch: inout Batch, _ model: inout Model) {
    switch random.below(Mutation.kinds) {
    case 0: sighting(&batch, &model)
    case 1: poll(&batch, &model)
    case 2, 3: position(&batch, &model)
    case 4: close(&batch, &model)
    case 5: equity(&batch, &model)
    case 6: vault(&batch, &model)
    case 7: watch(&batch, &model)
    case 8: unwatch(&batch, &model)
    case 9: patch(&batch, &model)
    case 10: profile(&batch, &model)
    case 11: trades(&batch, &model)
    case 12: change(&batch, &model)
    case 13: alert(&batch, &model)
    case 14: removeAlert(&batch, &model)
    case 15: point(&batch, &model)
    default: liquidation(&batch, &model)
    }
  }

  private mutating func sighting(_ batch: inout Batch, _ model: inout Model) {
    let at = time()
    let row = AddressSighting(
      address: address(), firstSeen: at, lastSeen: WallTime(ms: at.ms + 5), trades: Int64(random.below(5)))
    batch.add(row)
    let key = row.address.description
    var known =
      model.addresses[key]
      ?? AddressRecord(address: row.address, firstSeen: at, lastSeen: row.lastSeen, tradeCount: 0)
    known.firstSeen = min(known.firstSeen, row.firstSeen)
    known.lastSeen = max(known.lastSeen, row.lastSeen)
    known.tradeCount += row.trades
    model.addresses[key] = known
  }

  private mutating func poll(_ batch: inout Batch, _ model: inout Model) {
    let row = AccountPoll(
      address: address(), at: time(), tier: UInt8(1 + random.below(3)), totalSizeUsd: number())
    batch.add(row)
    let key = row.address.description
    var known =
      model.addresses[key]
      ?? AddressRecord(address: row.address, firstSeen: row.at, lastSeen: row.at, tradeCount: 0)
    known.lastPolled = row.at
    known.tier = row.tier
    known.totalSizeUsd = row.totalSizeUsd
    model.addresses[key] = known
  }

  private mutating func position(_ batch: inout Batch, _ model: inout Model) {
    let row = PositionRow(
      address: address(), coin: pick(Mutation.coins), isLong: random.chance(0.5), size: number(),
      sizeUsd: number(), entryPx: number(), markPx: number(), leverage: number(), marginUsed: number(),
      liqPx: random.chance(0.3) ? nil : number(), unrealizedPnl: number(), updatedAt: time())
    batch.add(row)
    model.positions[Model.Pair(row.address.description, row.coin)] = row
  }

  private mutating func close(_ batch: inout Batch, _ model: inout Model) {
    let row = ClosedPosition(address: address(), coin: pick(Mutation.coins))
    batch.add(row)
    model.positions[Model.Pair(row.address.description, row.coin)] = nil
  }

  private mutating func equity(_ batch: inout Batch, _ model: inout Model) {
    let row = EquitySnapshot(address: address(), at: time(), equity: number(), unrealized: number())
    batch.add(row)
    model.equity[Model.Pair(row.address.description, "\(row.at.ms)")] = row
  }

  private mutating func vault(_ batch: inout Batch, _ model: inout Model) {
    let row = HlpSnapshot(
      vault: address(), coin: pick(Mutation.coins), at: time(), isLong: random.chance(0.5), size: number(),
      sizeUsd: number(), entryPx: number(), markPx: number(), leverage: number(), unrealizedPnl: number())
    batch.add(row)
    model.vaults[Model.Pair(row.vault.description, "\(row.coin) \(row.at.ms)")] = row
  }

  private mutating func watch(_ batch: inout Batch, _ model: inout Model) {
    let row = WatchedWallet(key: pick(Mutation.words), label: pick(Mutation.words), addedAt: time())
    batch.add(row)
    guard var known = model.watched[row.key] else { return model.watched[row.key] = row }
    if !row.label.isEmpty { known.label = row.label }
    known.isActive = true
    model.watched[row.key] = known
  }

  private mutating func unwatch(_ batch: inout Batch, _ model: inout Model) {
    let key = pick(Mutation.words)
    batch.add(UnwatchedWallet(key: key))
    model.watched[key]?.isActive = false
  }

  private mutating func patch(_ batch: inout Batch, _ model: inout Model) {
    let row = WatchedWalletPatch(
      key: pick(Mutation.words), label: random.chance(0.5) ? pick(Mutation.words) : nil,
      notes: random.chance(0.5) ? pick(Mutation.words) : nil,
      tags: random.chance(0.5) ? pick(Mutation.words) : nil)
    batch.add(row)
    guard let known = model.watched[row.key] else { return }
    model.watched[row.key]?.label = row.label ?? known.label
    model.watched[row.key]?.notes = row.notes ?? known.notes
    model.watched[row.key]?.tags = row.tags ?? known.tags
  }

  private mutating func profile(_ batch: inout Batch, _ model: inout Model) {
    let row = WalletProfile(
      address: address(), computedAt: time(), winRate: number(), tradeCount: Int64(random.below(900)),
      profitFactor: number(), avgHoldHours: number(), avgPnlPct: number(), maxDrawdown: number(),
      style: pick(Mutation.words), isBot: random.chance(0.5),
      equity: random.chance(0.3) ? nil : 1 + abs(number()),
      windowDays: Int64(random.below(90)), completeFrom: random.chance(0.5) ? nil : time(),
      tradesPerDay: number(), gaps: Int64(random.below(9)))
    batch.add(row)
    model.profiles[row.address.description] = row
  }

  private mutating func trades(_ batch: inout Batch, _ model: inout Model) {
    let address = address()
    let rows = (0..<random.below(4)).map { _ in
      WalletTrade(
        address: address, coin: pick(Mutation.coins), isLong: random.chance(0.5), entryPx: number(),
        exitPx: number(), sizeUsd: number(), pnlUsd: number(), pnlPct: number(), holdHours: number(),
        entryTime: time(), exitTime: time(), isWin: random.chance(0.5))
    }
    batch.replaceTrades(of: address, with: rows)
    model.trades[address.description] = rows
  }

  private mutating func change(_ batch: inout Batch, _ model: inout Model) {
    let row = PositionChangeRow(
      address: address(), coin: pick(Mutation.coins), action: pick(Mutation.actions),
      isLong: random.chance(0.5), sizeUsd: number(), price: number(), detectedAt: time())
    batch.add(row)
    model.changes.append(row)
  }

  private mutating func alert(_ batch: inout Batch, _ model: inout Model) {
    model.lastAlertID += 1
    let row = WalletAlert(
      id: model.lastAlertID, key: pick(Mutation.words), alertType: "any_trade", minSizeUsd: number(),
      coins: pick(Mutation.words), isEnabled: random.chance(0.8), createdAt: time())
    batch.add(row)
    model.alerts[row.id] = row
  }

  private mutating func removeAlert(_ batch: inout Batch, _ model: inout Model) {
    // The highest too: its number must not come again.
    let id = random.chance(0.5) ? model.lastAlertID : Int64(random.below(20))
    batch.add(RemovedAlert(id: id))
    model.alerts[id] = nil
  }

  private mutating func point(_ batch: inout Batch, _ model: inout Model) {
    let coin = pick(Mutation.coins)
    let at = random.chance(0.5) ? WallTime(ms: 1_700_000_000_000) : time()
    let value = number()
    let table: String
    switch random.below(3) {
    case 0:
      batch.add(FundingPoint(coin: coin, at: at, rate: value))
      table = "funding_history"
    case 1:
      batch.add(OiPoint(coin: coin, at: at, oiUsd: value))
      table = "oi_history"
    default:
      batch.add(VolumePoint(coin: coin, at: at, volumeUsd: value))
      table = "volume_history"
    }
    model.points[Model.Pair(table, "\(coin)|\(at.seconds)")] = value
  }

  private mutating func liquidation(_ batch: inout Batch, _ model: inout Model) {
    let row = LiquidationEventRow(
      coin: pick(Mutation.coins), occurredAt: time(), isLong: random.chance(0.5), sizeUsd: number(),
      price: number(), address: random.chance(0.5) ? nil : address())
    batch.add(row)
    model.liquidations.append(row)
  }
}
