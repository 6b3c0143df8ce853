import API
import Base
import Engines
import Market
import Store

/// What runs by the clock or off the loop: heatmaps, rankings, auto-curation, jobs and questions to the database.
extension Core {
  /// The most wallets whose trades are being read.
  static let tradeQueriesMax = 64

  /// When one of the periodic computations is due.
  var periodicDeadline: Instant { min(min(heatmaps.deadline, rankings.deadline), curator.deadline) }

  /// Starts what is due.
  func runPeriodic(now: Now) {
    guard stopAt == nil else { return }
    heatmaps.tick(knowledge, coins: views.coins.count, &jobs, output, now: now)
    rankings.tick(knowledge, now: now)
    for write in curator.tick(knowledge, now: now) where persistence.submit(write, now: now) == nil {
      curator.again()
    }
  }

  /// A job is done.
  func computed(_ id: JobID, _ result: JobResult, now: Now) {
    jobs.ended()
    switch result {
    case .rested: break
    case .heatmap(let result): heatmaps.computed(result, knowledge, now: now)
    case .profile(let outcome): profiled(outcome, now: now)
    }
    askExchange(now: now)
  }

  /// A question to the database is answered.
  func queried(_ id: QueryID, _ result: Result<StoreAnswer, StoreError>, now: Now) {
    jobs.ended()
    let wanted = tradeQueries.removeValue(forKey: id)
    switch result {
    case .success(.walletTrades(let address, let rows)):
      // A profile computed meanwhile knows better.
      if knowledge.recentTrades.of(address) == nil {
        knowledge.recentTrades.set(
          rows.compactMap { ClosedTrade($0, coin: coin(named: $0.coin)) }, of: address)
      }
      wake(.trades(address), .ready, now: now)
    case .failure(let error):
      output.log(.warning, "question not answered", ("kind", error.kind.rawValue), ("reason", error.message))
      if let wanted { wake(.trades(wanted), .unavailable, now: now) }
      if error.isDamage { persistence.found(error, output, now: now) }
    }
  }

  /// Keeps a profile in memory, and its account in the address book.
  func keep(_ profile: Profile, of account: AddressID) {
    let change = knowledge.profiles.set(profile, of: account)
    if change.isNew { book.pin(account) }
    if let evicted = change.evicted {
      book.unpin(evicted)
      knowledge.positions.setBot(evicted, false)
    }
    knowledge.positions.setBot(account, profile.isBot)
  }

  /// Hands the routes what they may ask for.
  func openViews() {
    views.refresh = { [unowned self] _ in report() }
    views.submit = { [unowned self] write in persistence.submit(write, now: views.now) }
    views.wantTrades = { [unowned self] address in wantTrades(address) }
    views.components = Components(options)
    openAccountViews()
  }

  /// Has a wallet's trades read from the file, unless they are in memory.
  private func wantTrades(_ address: Address) -> ProfileStatus {
    if knowledge.recentTrades.of(address) != nil { return .ready }
    if tradeQueries.values.contains(address) { return .pending }
    guard persistence.isOpen, tradeQueries.count < Core.tradeQueriesMax, jobs.hasRoom else {
      return .unavailable
    }
    tradeQueries[jobs.ask(.walletTrades(address, limit: RecentTrades.rowsMax), output)] = address
    return .pending
  }
}

extension Components {
  init(_ options: Options) {
    self.init()
    tradeStream = options[.tradeStreamEnabled]
    positionPoller = options[.positionPollerEnabled]
    hlpTracker = options[.hlpTrackerEnabled]
    books = options[.l2Enabled]
    bookCoins = options[.l2Coins]
    heatmapBuckets = options[.heatmapBuckets]
    heatmapRangePct = options[.heatmapRange]
  }
}

extension ClosedTrade {
  /// The trade a row tells; nil for an open one, or one of a coin nobody knows.
  fileprivate init?(_ row: WalletTrade, coin: CoinID?) {
    guard let coin, let exitPx = row.exitPx, let exitTime = row.exitTime else { return nil }
    self.init(
      coin: coin, isLong: row.isLong, isWin: row.isWin, entryPx: row.entryPx, exitPx: exitPx,
      sizeUsd: row.sizeUsd, pnlUsd: row.pnlUsd, pnlPct: row.pnlPct, holdHours: row.holdHours,
      entryTime: row.entryTime, exitTime: exitTime)
  }
}
