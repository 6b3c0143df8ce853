import API
import Base
import Engines
import Market
import Store

/// Memory takes over what the file held, a slice at a time, so that the loop goes on meanwhile.
///
/// Order matters: accounts first (all else names them), positions before the poller hears of the polls, equity oldest
/// first, rankings last. Coins are entered by name as not listed: the exchange's list, which comes later, renews them.
/// A part is let go as soon as it is done. Bound per slice: `rowsMax` rows, well below 5 ms.
final class WarmStart {
  /// Rows taken over in one slice.
  static let rowsMax = 1_024
  /// Prices older than that are not used; the heatmap's bound for positions.
  static let markAge = TimeSpan.seconds(1_200)

  private enum Part: Int {
    case wallets, addresses, positions, polls, profiles, equity, rankings, vaults, events, done
  }

  private var state: StoredState
  private var part = Part.wallets
  private var next = 0
  private var coins: [String: CoinID] = [:]
  /// The price each coin was last valued at, by its index, until prices come from the exchange.
  private var marks: [(px: Px, at: WallTime)?] = []
  /// Equity seen before a file that opened late: it comes after what is stored.
  private var equityOfNow: [EquitySample] = []
  /// Rows that could not be taken over: they say nothing, or did not fit.
  private(set) var refused = 0
  /// When each part is done is told to the log.
  let addressesCount: Int
  let positionsCount: Int

  init(_ state: StoredState) {
    self.state = state
    addressesCount = state.addresses.count
    positionsCount = state.positions.count
    // Wallets come back in the order they were added, whatever the file's order is.
    self.state.watched.sort { ($0.addedAt, $0.key) < ($1.addedAt, $1.key) }
  }

  var isDone: Bool { part == .done }

  /// Does one slice.
  func advance(_ core: Core, now: Now) {
    let knowledge = core.views.knowledge
    switch part {
    case .wallets:
      wallets(knowledge)
      end()
    case .addresses:
      slice(state.addresses.count) { index in
        core.book.restore(AddressRow(state.addresses[index])) != nil
      }
    case .positions:
      slice(state.positions.count) { index in
        restore(state.positions[index], core)
      }
      if part != .positions { setPrices(knowledge, now: now) }
    case .polls:
      slice(state.addresses.count) { index in
        let row = state.addresses[index]
        guard let account = core.book.find(row.address) else { return false }
        core.poller?.restore(
          account, tier: Int(row.tier), polledAt: row.lastPolled, lastSeen: row.lastSeen, now: now)
        return true
      }
    case .profiles:
      slice(state.profiles.count) { index in
        restore(state.profiles[index], core)
      }
    case .equity:
      if next == 0 { equityOfNow = knowledge.equity.takeAll() }
      slice(state.equity.count) { index in
        let row = state.equity[index]
        guard let account = core.book.find(row.address), let micros = Int64(scaled: row.equity, 1e6) else {
          return false
        }
        knowledge.equity.append(account, equity: Usd(micros: micros), at: row.at)
        core.poller?.hold(account)
        return true
      }
    case .rankings:
      for sample in equityOfNow {
        knowledge.equity.append(sample.account, equity: sample.equity, at: sample.time)
      }
      equityOfNow = []
      if knowledge.rankings.refresh(knowledge.equity, book: core.book, now: now.wall) { end() }
    case .vaults:
      vaults(core)
      end()
    case .events:
      events(core)
      end()
    case .done: break
    }
  }

  /// Runs `body` over the next rows of a part that has `count`; it answers whether the row was of use.
  private func slice(_ count: Int, _ body: (Int) -> Bool) {
    let upTo = min(count, next + WarmStart.rowsMax)
    var lost = 0
    for index in next..<upTo where !body(index) { lost += 1 }
    refused += lost
    next = upTo
    if next >= count { end() }
  }

  /// Lets go of the part and begins the next.
  private func end() {
    switch part {
    case .wallets: (state.watched, state.alerts) = ([], [])
    case .addresses, .rankings, .done: break
    case .positions: state.positions = []
    case .polls: state.addresses = []
    case .profiles: state.profiles = []
    case .equity: state.equity = []
    case .vaults: (state.hlpSnapshots, state.hlpSides) = ([], [])
    case .events: (state.changes, state.liquidations) = ([], [])
    }
    next = 0
    part = Part(rawValue: part.rawValue + 1) ?? .done
  }

  // MARK: Rows

  private func wallets(_ knowledge: Knowledge) {
    for row in state.watched {
      knowledge.watchList.put(
        WatchEntry(
          key: row.key, label: row.label, addedAt: row.addedAt, isActive: row.isActive, notes: row.notes,
          tags: row.tags))
    }
    for row in state.alerts {
      knowledge.alerts.put(
        Alert(
          id: row.id, key: row.key, type: row.alertType, minSizeUsd: row.minSizeUsd, coins: row.coins,
          isEnabled: row.isEnabled, createdAt: row.createdAt))
    }
    knowledge.alerts.restoreLastID(state.lastAlertID)
  }

  private func restore(_ row: PositionRow, _ core: Core) -> Bool {
    guard let coin = coin(row.coin, core), let size = Int64(scaled: row.size, 1e8), size > 0,
      let entryPx = Int64(scaled: row.entryPx, 1e8), let sizeUsd = Int64(scaled: row.sizeUsd, 1e6),
      let pnl = Int64(scaled: row.unrealizedPnl, 1e6), let margin = Int64(scaled: row.marginUsed, 1e6)
    else { return false }
    let seenS = UInt32(clamping: row.updatedAt.ms / 1000)
    let stranger = AddressRow(address: row.address, firstSeenS: seenS, lastSeenS: seenS, tradeCount: 0)
    guard let account = core.book.find(row.address) ?? core.book.restore(stranger) else { return false }
    // A file that opened late: what a poll has found meanwhile is newer than any row of it.
    if core.knowledge.polls.polledAt(account) != nil { return true }
    let liqPx = row.liqPx.flatMap { Int64(scaled: $0, 1e8) }.flatMap { $0 > 0 ? Px(raw: $0) : nil }
    let position = TrackedPosition(
      account: account, coin: coin, szi: Sz(raw: row.isLong ? size : -size), entryPx: Px(raw: entryPx),
      sizeUsd: Usd(micros: sizeUsd), liqPx: liqPx, unrealizedPnl: Usd(micros: pnl),
      marginUsed: Usd(micros: margin), leverage: TrackedPosition.cleanLeverage(row.leverage),
      updatedAt: row.updatedAt)
    guard core.views.knowledge.positions.restore(position) else { return false }
    core.poller?.hold(account)
    while marks.count <= coin.index { marks.append(nil) }
    if marks[coin.index].map({ $0.at < row.updatedAt }) ?? true {
      marks[coin.index] = (position.markPx, row.updatedAt)
    }
    return true
  }

  /// Until the exchange names prices, the ones positions were last valued at say where the market is.
  private func setPrices(_ knowledge: Knowledge, now: Now) {
    for (index, mark) in marks.enumerated() {
      guard let mark, now.wall.ms - mark.at.ms < WarmStart.markAge.milliseconds else { continue }
      knowledge.markets.setMid(CoinID(raw: UInt32(index)), mark.px, from: .rest, at: now.instant)
    }
    marks = []
  }

  private func restore(_ row: WalletProfile, _ core: Core) -> Bool {
    guard let style = TradingStyle(text: row.style) else { return false }
    let seenS = UInt32(clamping: row.computedAt.ms / 1000)
    let stranger = AddressRow(address: row.address, firstSeenS: seenS, lastSeenS: seenS, tradeCount: 0)
    guard let account = core.book.find(row.address) ?? core.book.restore(stranger) else { return false }
    // So is a profile computed meanwhile.
    if core.knowledge.profiles.of(account) != nil { return true }
    let profile = Profile(
      computedAt: row.computedAt, windowDays: row.windowDays > 0 ? Double(row.windowDays) : nil,
      winRate: row.winRate, tradeCount: Int(clamping: row.tradeCount), profitFactor: row.profitFactor,
      avgHoldHours: row.avgHoldHours, avgPnlPct: row.avgPnlPct, maxDrawdown: row.maxDrawdown, style: style,
      isBot: row.isBot, equity: row.equity.flatMap { Int64(scaled: $0, 1e6) }.map(Usd.init(micros:)),
      tradesPerDay: row.tradesPerDay > 0 ? row.tradesPerDay : nil, completeFrom: row.completeFrom,
      gaps: Int(clamping: row.gaps))
    core.keep(profile, of: account)
    return true
  }

  private func vaults(_ core: Core) {
    let vaults = core.views.knowledge.vaults
    vaults.sentiment.restore(
      state.hlpSides.compactMap { row in
        coin(row.coin, core).map { RestoredSide(coin: $0, sign: Int(row.sign), at: row.at) }
      })
    var rows: [VaultPosition] = []
    for row in state.hlpSnapshots {
      guard let coin = coin(row.coin, core), let position = VaultPosition(row, coin: coin) else {
        refused += 1
        continue
      }
      rows.append(position)
    }
    // After a round of this life the file's is of the past.
    guard vaults.rounds == 0, let at = state.hlpSnapshots.map(\.at).max() else { return }
    vaults.restore(rows, at: at)
  }

  private func events(_ core: Core) {
    let knowledge = core.views.knowledge
    for row in state.changes {
      guard let coin = coin(row.coin, core), let change = PositionChange(row, coin: coin) else {
        refused += 1
        continue
      }
      knowledge.changes.restore(change)
    }
    var liquidations: [LiquidationEvent] = []
    for row in state.liquidations {
      guard let coin = coin(row.coin, core), let event = LiquidationEvent(row, coin: coin) else {
        refused += 1
        continue
      }
      liquidations.append(event)
    }
    // A file that opened late: what was told meanwhile waits to be stored, and is stored already.
    let known = knowledge.liquidations.restore(liquidations)
    core.persistence.rows.remove(known.map { LiquidationEventRow($0, coins: core.views.coins) })
  }

  /// The coin of a row; nil when there is no room for it.
  private func coin(_ name: String, _ core: Core) -> CoinID? {
    if let known = coins[name] { return known }
    let id = core.coin(named: name)
    if let id { coins[name] = id }
    return id
  }
}

extension Core {
  /// The coin a row of the file names, entered as not listed when nobody listed it yet; nil when there is no room for it.
  func coin(named name: String) -> CoinID? {
    if let known = views.coins.find(exactly: name) { return known }
    let dex = name.utf8.firstIndex(of: UInt8(ascii: ":")).map { String(name[..<$0]) } ?? ""
    return views.coins.list(Coin(name: name, dex: dex, szDecimals: 0, maxLeverage: 0, isListed: false))
  }
}

extension Coins {
  /// The coin spelled exactly like this.
  fileprivate func find(exactly name: String) -> CoinID? {
    var name = name
    return name.withUTF8 { find(UnsafeRawBufferPointer($0)) }
  }
}

extension AddressRow {
  /// The account as the file knows it.
  fileprivate init(_ record: AddressRecord) {
    self.init(
      address: record.address, firstSeenS: UInt32(clamping: record.firstSeen.ms / 1000),
      lastSeenS: UInt32(clamping: record.lastSeen.ms / 1000), tradeCount: UInt32(clamping: record.tradeCount))
  }
}
