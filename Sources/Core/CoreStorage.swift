import API
import Base
import Engines
import Market
import Store

/// The disk's side of the router: opening, restoring, batches, and clients that wait for theirs.
extension Core {
  /// When the writer or the warm start wants its next turn.
  var storageDeadline: Instant { warmStart == nil ? persistence.deadline : .zero }

  /// The database answered.
  func loaded(_ result: Result<LoadedState, StoreError>, now: Now) {
    if let state = persistence.loaded(result, output, now: now) {
      for error in state.unread {
        output.log(
          .error, "table not read", ("kind", error.kind.rawValue), ("reason", error.message))
      }
      let file = state.opened
      if let aside = file.setAside {
        setAside = aside
        output.log(
          .error, "damaged database set aside, a new one begun", ("file", aside.path),
          ("reason", aside.reason), ("wallets_kept", "\(aside.wallets)"), ("alerts_kept", "\(aside.alerts)"),
          ("recover", "sqlite3 \(aside.path) .recover"))
      }
      if let cut = file.logCut { output.log(.error, "database log damaged", ("reason", cut)) }
      output.log(
        .info, "database open", ("new", "\(file.isNew)"), ("addresses", "\(state.addresses.count)"),
        ("positions", "\(state.positions.count)"), ("profiles", "\(state.profiles.count)"),
        ("skipped", "\(state.skipped + state.beyondLimit)"),
        ("added", (file.tablesAdded + file.columnsAdded + file.indexesAdded).joined(separator: ",")))
      // What could be was taken over from the damaged file; what was found damaged while in use lives in memory.
      keepsWords =
        file.setAside != nil && state.watched.isEmpty && state.alerts.isEmpty && state.lastAlertID == 0
      warmStart = WarmStart(state)
      // A file that opens late finds accounts being asked about already: that rests while their past comes in.
      isStateLoaded = false
      restore(now: now)
    } else if !isStateLoaded {
      // Without its past the service works all the same.
      startAsking(now: now)
    }
  }

  /// Takes over the next slice of what the file held.
  func restore(now: Now) {
    guard let warmStart else { return }
    warmStart.advance(self, now: now)
    guard warmStart.isDone else { return }
    self.warmStart = nil
    if warmStart.refused > 0 { output.log(.warning, "rows not restored", ("count", "\(warmStart.refused)")) }
    persistence.restored(now: now)
    if keepsWords { persistence.keepWords(views.knowledge) }
    keepsWords = false
    views.knowledge.watchList.forEach { if let address = $0.address { watch(address, true, now: now) } }
    startAsking(now: now)
    curator.begin(now: now)
  }

  private func startAsking(now: Now) {
    isStateLoaded = true
    poller?.finishRestore(now: now)
    if poller != nil { heatmaps.begin(now: now) }
    rankings.begin(now: now)
    askExchange(now: now)
  }

  // MARK: Writing

  /// Lets the writer go on, follows what it changed of the watch list, and tells clients what became of their writes.
  func advanceStorage(now: Now) {
    if warmStart == nil { persistence.advance(knowledge, isFinal: stopAt != nil, output, now: now) }
    for row in persistence.takeWatched() {
      if let address = row.address { watch(address, row.isActive, now: now) }
    }
    while let (ticket, outcome) = persistence.takeOutcome() { wake(.write(ticket), outcome, now: now) }
  }

  /// Fills the facts of the database and of what is computed from memory.
  func reportStorage() {
    var facts = DatabaseFacts()
    facts.totalBatches = Int(clamping: persistence.batches)
    facts.totalRows = Int(clamping: persistence.rowsStored)
    facts.totalErrors = Int(clamping: persistence.failures)
    facts.pendingRows = persistence.unsaved(book)
    facts.totalDropped = Int(clamping: persistence.rows.dropped &+ persistence.rowsRefused)
    facts.lastBatch = persistence.lastBatch
    facts.totalPruned = Int(clamping: persistence.rowsSwept)
    (facts.totalClientWrites, facts.totalClientWritesRefused) = (
      Int(clamping: persistence.clientWrites.stored), Int(clamping: persistence.clientWrites.refused)
    )
    facts.lastCommitAge = persistence.committedAt.map { views.now.instant - $0 }
    facts.isFailing = persistence.failure != nil
    facts.fileBytes = measured.databaseBytes
    facts.logBytes = measured.databaseLogBytes
    views.stats.database = facts
    guard poller != nil else { return views.stats.liqHeatmap = nil }
    var heatmap = LiqHeatmapFacts()
    heatmap.cachedCoins = knowledge.heatmap?.coins.count { $0 != nil } ?? 0
    heatmap.lastRecompute = knowledge.heatmap?.computedAt ?? WallTime(ms: 0)
    heatmap.totalRecomputes = heatmaps.computations
    heatmap.lastDuration = heatmaps.lastDuration
    views.stats.liqHeatmap = heatmap
  }

  /// Runs the requests again that wait for `reason`.
  func wake(_ reason: WaitReason, _ outcome: WaitOutcome, now: Now) {
    clients.wake(reason, outcome, output, now: now)
  }
}
