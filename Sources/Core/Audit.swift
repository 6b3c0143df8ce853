/// Looking through everything for bounds and invariants that do not hold; for the simulator's oracles.
import API
import Engines
import Hyperliquid
import Market

extension Core {
  /// Tells of every part that has a bound how much it holds and how much it may. Constant time.
  public func forEachBound(_ body: (_ part: StaticString, _ held: Int, _ most: Int) -> Void) {
    body("accounts", book.count, bounds.addresses)
    body("positions", knowledge.positions.count, bounds.positions)
    body("equity snapshots", knowledge.equity.count, bounds.equity)
    body("rankings", knowledge.rankings.rows.count, bounds.addresses)
    body("profiles", knowledge.profiles.count, bounds.profiles)
    body("wallets with their trades", knowledge.recentTrades.count, knowledge.recentTrades.walletsMax)
    body("watched wallets", knowledge.watchList.count, bounds.watched)
    body("alerts", knowledge.alerts.count, bounds.alerts)
    body("changes", knowledge.changes.count, bounds.changes)
    body("liquidations", knowledge.liquidations.count, bounds.liquidations)
    body("flips", knowledge.vaults.sentiment.flipCount, HlpSentiment.flipsMax)
    body("coins", knowledge.markets.count, Coins.coinsMax)
    body("books", views.books.count, OrderBooks.booksMax)
    body("chunks of trades", knowledge.orderFlow.chunksUsed, bounds.flowChunks)
    body("subscriptions", sessions.subscriptionCount, Venue.subscriptionsMax)
    body("unread events", sessions.unreadEvents, Sessions.eventsMax)
    body("requests in flight", scheduler.inFlightCount, scheduler.budget.slotCount)
    body("wallets to profile", profiler.waiting, profiler.waitingMax)
    body("jobs", jobs.underWay, Jobs.jobsMax)
    body("questions for trades", tradeQueries.count, Core.tradeQueriesMax)
    body("rows for the disk", persistence.rows.count, persistence.rows.countMax)
    body("clients' writes", persistence.clients.count, ClientWrites.waitingMax)
    body("bytes of clients' writes", persistence.clients.bytes, ClientWrites.bytesMax)
    body("waiting requests", clients.parked, Router.parkedMax)
    body("bytes of unfinished requests", clients.router.heldBytes, Router.heldBytesMax)
    body("clients", clients.count, options[.connectionsMax])
  }

  /// The first broken invariant of what the daemon knows, in words; `nil` when all is well. Takes time in proportion to
  /// the trades and positions held.
  public func brokenInvariant() -> String? {
    if let broken = knowledge.orderFlow.brokenInvariant() { return "order flow: \(broken)" }
    if let broken = knowledge.positions.brokenInvariant() { return "positions: \(broken)" }
    return knowledge.heatmap?.brokenInvariant()
  }
}
