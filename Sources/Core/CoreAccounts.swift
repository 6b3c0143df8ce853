import API
import Base
import Engines
import Hyperliquid
import Market
import Store

/// The accounts' side of the router: polls, fills and profiles on their way from replies into memory and onto disk.
extension Core {
  /// When one of these collectors has something to ask.
  var accountsDeadline: Instant {
    guard isListingKnown else { return .never }
    guard isStateLoaded else { return market.deadline }
    return min(min(poller?.deadline ?? .never, profiler.deadline), market.deadline)
  }

  /// Whether the main dex's coins are known: before that an answer about positions could not be read.
  private var isListingKnown: Bool { !(keeper.coins(ofDex: "") ?? []).isEmpty }

  /// Offers what is due about accounts and prices to the scheduler.
  func askAccounts(now: Now) {
    guard isListingKnown else { return }
    if market.deadline <= now.instant {
      market.ask(&scheduler, output, dexes: keeper.universe.dexes.map(\.name), now: now)
    }
    guard isStateLoaded else { return }
    let exchangeNow = clock.isSet ? clock.now(at: now.instant) : now.wall
    profiler.askOnDemand(&scheduler, output, exchangeNow: exchangeNow, now: now)
    for address in profiler.takeKnown() { wake(.profile(address), .ready, now: now) }
    // Until the exchange's time is known, a wrong clock of the machine must not give anybody up.
    let seenNow = clock.isSet || !options[.tradeStreamEnabled] ? exchangeNow : WallTime(ms: 0)
    poller?.ask(&scheduler, output, exchangeNow: seenNow, now: now)
    profiler.ask(&scheduler, output, exchangeNow: exchangeNow, now: now)
    if let poller, poller.upkeepAt <= now.instant { keepUp(poller, exchangeNow: seenNow, now: now) }
  }

  /// Lets go of what is too old: positions, accounts, profiles, changes, liquidations; a part at a time.
  private func keepUp(_ poller: PositionPoller, exchangeNow: WallTime, now: Now) {
    poller.expire(now: now) { row in
      persistence.rows.add(
        ClosedPosition(address: book.address(row.account), coin: views.coins[row.coin].name))
    }
    forgetProfiles(exchangeNow: exchangeNow, now: now)
    poller.forget(exchangeNow: exchangeNow, now: now)
    knowledge.changes.expire(now: now.wall)
    knowledge.liquidations.expire(now: now.wall)
  }

  /// Forgets profiles of wallets nobody saw trading or watches, as the file does.
  private func forgetProfiles(exchangeNow: WallTime, now: Now) {
    let lifeMs = PositionPoller.memory.milliseconds
    var old: [AddressID] = []
    var looked = 0
    knowledge.profiles.forEach { account, profile in
      looked += 1
      guard looked <= 256, now.wall.ms - profile.computedAt.ms > lifeMs else { return false }
      let row = book.row(account)
      let isSilent = Int64(row.lastSeenS) * 1000 < exchangeNow.ms - lifeMs
      if isSilent, knowledge.polls.tier(account) == 3, !knowledge.watchList.contains(row.address) {
        old.append(account)
      }
      return true
    }
    for account in old where knowledge.profiles.remove(account) {
      book.unpin(account)
      knowledge.positions.setBot(account, false)
    }
  }

  /// Watches a wallet, or no longer; one nobody saw trading is taken into the address book.
  func watch(_ address: Address, _ isWatched: Bool, now: Now) {
    guard let poller else { return }
    if !isWatched {
      if let account = book.find(address) { poller.watch(account, false, now: now.instant) }
      return
    }
    let row = AddressRow(address: address, firstSeenS: 0, lastSeenS: 0, tradeCount: 0)
    guard let account = book.find(address) ?? book.restore(row) else {
      return output.log(.warning, "address book full: wallet not polled", ("address", address.description))
    }
    poller.watch(account, true, now: now.instant)
  }

  /// What came of a poll.
  func polled(_ account: AddressID, _ reply: Reply, now: Now) {
    guard let poller else { return }
    guard case .body(let body) = reply else { return poller.failed(account, now: now) }
    guard let result = poller.answered(account, body, coins: views.coins, now: now) else { return }
    let address = book.address(account)
    for row in result.positions {
      persistence.rows.add(PositionRow(row, address, views.coins[row.coin].name))
    }
    for coin in result.closed {
      persistence.rows.add(ClosedPosition(address: address, coin: views.coins[coin].name))
    }
    persistence.rows.add(
      AccountPoll(
        address: address, at: now.wall, tier: UInt8(result.tier), totalSizeUsd: result.totalSizeUsd.double))
    if result.equity.micros > 0 {
      persistence.rows.add(
        EquitySnapshot(
          address: address, at: now.wall, equity: result.equity.double, unrealized: result.unrealized.double))
      if result.isFirst { profiler.snapshotted(account, equity: result.equity, now: now) }
    }
    for change in result.changes {
      persistence.rows.add(
        PositionChangeRow(
          address: address, coin: views.coins[change.coin].name, action: "\(change.action.text)",
          isLong: change.isLong, sizeUsd: change.sizeUsd.double, price: change.price.double,
          detectedAt: change.detectedAt))
    }
  }

  /// What came of a page of fills; answers its rows.
  func filled(_ account: AddressID, _ reply: Reply, now: Now) -> Int? {
    let (rows, fills) = profiler.answered(account, reply, coins: views.coins, now: now)
    if !fills.isEmpty { profiledFills(fills, of: book.address(account), now: now) }
    if let job = profiler.job(of: account, now: now) { jobs.start(.profile(job), output) }
    for address in profiler.takeGivenUp() { wake(.profile(address), .unavailable, now: now) }
    return rows
  }

  /// A profile was computed. Too few trades give none: then what was known of the wallet stays, as it does on disk.
  func profiled(_ outcome: ProfileOutcome, now: Now) {
    if let profile = outcome.profile { keep(profile, of: outcome.account) }
    if outcome.profile != nil || knowledge.profiles.of(outcome.account) == nil {
      knowledge.recentTrades.set(outcome.trades, of: outcome.address)
      persistence.rows.add(
        outcome.address, outcome.profile.map { WalletProfile($0, outcome.address) },
        trades: outcome.trades.map { WalletTrade($0, outcome.address, views.coins[$0.coin].name) })
    }
    profiler.finished(outcome, now: now)
    wake(.profile(outcome.address), .ready, now: now)
    wake(.trades(outcome.address), .ready, now: now)
  }

  /// Hands the routes what they may ask these collectors for.
  func openAccountViews() {
    views.wantProfile = { [unowned self] address, days in
      profiler.want(address, days: Double(days), now: views.now)
    }
    if let books { views.books = books.books }
  }

  /// Fills of a profiled wallet, on their way to whoever looks for liquidations in them.
  private func profiledFills(_ fills: [Fill], of address: Address, now: Now) {
    self.fills(fills, of: address, now: now)
  }
}

extension PositionRow {
  init(_ row: TrackedPosition, _ address: Address, _ coin: String) {
    self.init(
      address: address, coin: coin, isLong: row.isLong, size: row.size.double, sizeUsd: row.sizeUsd.double,
      entryPx: row.entryPx.double, markPx: row.markPx.double, leverage: row.leverage,
      marginUsed: row.marginUsed.double, liqPx: row.liqPx?.double, unrealizedPnl: row.unrealizedPnl.double,
      updatedAt: row.updatedAt)
  }
}

extension WalletProfile {
  init(_ profile: Profile, _ address: Address) {
    self.init(
      address: address, computedAt: profile.computedAt, winRate: profile.winRate,
      tradeCount: Int64(profile.tradeCount), profitFactor: profile.profitFactor,
      avgHoldHours: profile.avgHoldHours, avgPnlPct: profile.avgPnlPct, maxDrawdown: profile.maxDrawdown,
      style: profile.style.text, isBot: profile.isBot, equity: profile.equity?.double,
      windowDays: Int64((profile.windowDays ?? 0).rounded()), completeFrom: profile.completeFrom,
      tradesPerDay: profile.tradesPerDay ?? 0, gaps: Int64(profile.gaps))
  }
}

extension WalletTrade {
  init(_ trade: ClosedTrade, _ address: Address, _ coin: String) {
    self.init(
      address: address, coin: coin, isLong: trade.isLong, entryPx: trade.entryPx, exitPx: trade.exitPx,
      sizeUsd: trade.sizeUsd, pnlUsd: trade.pnlUsd, pnlPct: trade.pnlPct, holdHours: trade.holdHours,
      entryTime: trade.entryTime, exitTime: trade.exitTime, isWin: trade.isWin)
  }
}
