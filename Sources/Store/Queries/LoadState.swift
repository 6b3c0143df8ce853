public import Base
import Market

// Everything a restart takes over, table by table, on the reading connection.

extension Database {
  /// Reads what a restart takes from the file. A table that cannot be read is named in `unread` and the others are
  /// read all the same; what may pass (a lock, an I/O error …) is thrown instead, for another try.
  ///
  /// Measured by Tests/Bench/store.sh over 100,000 accounts, 200,000 positions, 20,000 profiles, a day's 700,000
  /// equity snapshots of a week's 5 million, and a week of vault snapshots.
  public func loadAll(_ limits: StoredLimits, now: WallTime) throws(StoreError) -> StoredState {
    var state = StoredState()
    state.opened = report
    try attempt(&state) { (state) throws(StoreError) in
      let loaded = try loadAddresses(limit: limits.addressesMax) { state.addresses.append($0) }
      // The order in which they are to be polled again, so that nobody has to sort them on the loop.
      state.addresses.sort { ($0.lastPolled?.ms ?? .min) < ($1.lastPolled?.ms ?? .min) }
      state.skipped += loaded.skipped
      state.beyondLimit += loaded.beyondLimit
    }
    try attempt(&state) { (state) throws(StoreError) in
      try read { (connection) throws(StoreError) in
        try connection.loadPositions(limits, now: now, into: &state)
      }
    }
    try attempt(&state) { (state) throws(StoreError) in
      try read { (connection) throws(StoreError) in try connection.loadWatched(limits, into: &state) }
    }
    try attempt(&state) { (state) throws(StoreError) in
      try read { (connection) throws(StoreError) in try connection.loadAlerts(limits, into: &state) }
    }
    try attempt(&state) { (state) throws(StoreError) in
      try read { (connection) throws(StoreError) in try connection.loadProfiles(limits, into: &state) }
    }
    try attempt(&state) { (state) throws(StoreError) in
      try read { (connection) throws(StoreError) in
        try connection.loadChanges(limits, now: now, into: &state)
      }
    }
    try attempt(&state) { (state) throws(StoreError) in
      try read { (connection) throws(StoreError) in
        try connection.loadVaults(limits, now: now, into: &state)
      }
    }
    try attempt(&state) { (state) throws(StoreError) in
      try read { (connection) throws(StoreError) in
        try connection.loadEquity(limits, now: now, into: &state)
      }
    }
    try attempt(&state) { (state) throws(StoreError) in
      try read { (connection) throws(StoreError) in
        try connection.loadLiquidations(limits, now: now, into: &state)
      }
    }
    return state
  }

  private func attempt(
    _ state: inout StoredState, _ body: (inout StoredState) throws(StoreError) -> Void
  ) throws(StoreError) {
    do throws(StoreError) {
      try body(&state)
    } catch {
      // What passes must not become a table without rows: the next try may read all of it.
      if error.kind == .closed || Opening.mayPass(error) { throw error }
      state.unread.append(error)
    }
  }
}

extension Connection {
  /// How far the last poll of a vault may lie behind the newest of any.
  fileprivate static let vaultStaleMs: Int64 = 300_000
  /// Rows at the end of the snapshots in which last polls are looked for.
  fileprivate static let lastPollRowsMax = 20_000

  fileprivate func loadPositions(
    _ limits: StoredLimits, now: WallTime, into state: inout StoredState
  ) throws(StoreError) {
    let oldest = WallTime(ms: now.ms - limits.positionAge.ns / 1_000_000).seconds
    let total = Int(try integer("SELECT count(*) FROM positions") ?? 0)
    let order = total > limits.positionsMax ? "ORDER BY size_usd DESC" : ""
    let statement = try prepare(
      "SELECT address, coin, side, size, size_usd, entry_px, mark_px, leverage, margin_used, liq_px, "
        + "unrealized_pnl, updated_at FROM positions \(order)")
    while try statement.step() {
      guard statement.real(11) >= oldest else { continue }
      guard state.positions.count < limits.positionsMax else {
        state.beyondLimit += 1
        continue
      }
      guard let address = statement.address(0) else {
        state.skipped += 1
        continue
      }
      state.positions.append(
        PositionRow(
          address: address, coin: statement.text(1) ?? "", isLong: statement.isLong(2),
          size: statement.real(3), sizeUsd: statement.real(4), entryPx: statement.real(5),
          markPx: statement.real(6), leverage: statement.real(7), marginUsed: statement.real(8),
          liqPx: statement.realOrNil(9), unrealizedPnl: statement.real(10), updatedAt: statement.time(11)))
    }
  }

  func loadWatched(_ limits: StoredLimits, into state: inout StoredState) throws(StoreError) {
    let statement = try prepare(
      "SELECT address, label, added_at, is_active, notes, tags FROM watched_wallets "
        + "ORDER BY is_active = 0, added_at DESC")
    while try statement.step() {
      guard state.watched.count < limits.watchedMax else {
        state.beyondLimit += 1
        continue
      }
      state.watched.append(
        WatchedWallet(
          key: statement.text(0) ?? "", label: statement.text(1) ?? "", addedAt: statement.time(2),
          isActive: statement.integer(3) != 0, notes: statement.text(4) ?? "", tags: statement.text(5) ?? ""))
    }
  }

  func loadAlerts(_ limits: StoredLimits, into state: inout StoredState) throws(StoreError) {
    state.lastAlertID = try lastID(of: .walletAlerts)
    let statement = try prepare(
      "SELECT id, address, alert_type, min_size_usd, coins, enabled, created_at FROM wallet_alerts "
        + "ORDER BY id")
    while try statement.step() {
      guard state.alerts.count < limits.alertsMax else {
        state.beyondLimit += 1
        continue
      }
      state.alerts.append(
        WalletAlert(
          id: statement.integer(0), key: statement.text(1) ?? "", alertType: statement.text(2) ?? "",
          minSizeUsd: statement.real(3), coins: statement.text(4) ?? "",
          isEnabled: statement.integer(5) != 0, createdAt: statement.time(6)))
    }
  }

  /// The highest number a table with numbered rows ever gave; 0 for none.
  private func lastID(of table: Table) throws(StoreError) -> Int64 {
    let highest = try integer("SELECT max(id) FROM \(table.name)") ?? 0
    // Only there once a table with AUTOINCREMENT is.
    let hasSequence = try integer("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence'") != nil
    guard hasSequence else { return highest }
    let remembered = try integer("SELECT max(seq) FROM sqlite_sequence WHERE name = '\(table.name)'") ?? 0
    return max(highest, remembered)
  }

  fileprivate func loadProfiles(_ limits: StoredLimits, into state: inout StoredState) throws(StoreError) {
    let total = Int(try integer("SELECT count(*) FROM wallet_profiles") ?? 0)
    state.beyondLimit += max(0, total - limits.profilesMax)
    let order = total > limits.profilesMax ? "ORDER BY computed_at DESC" : ""
    let statement = try prepare(
      "SELECT address, computed_at, win_rate, trade_count, profit_factor, avg_hold_hours, avg_pnl_pct, "
        + "max_drawdown, style, is_bot, equity, window_days, complete_from, trades_per_day, gaps "
        + "FROM wallet_profiles \(order) LIMIT ?1")
    try statement.bind(Int64(limits.profilesMax), at: 1)
    while try statement.step() {
      guard let address = statement.address(0) else {
        state.skipped += 1
        continue
      }
      let equity = statement.real(10)
      state.profiles.append(
        WalletProfile(
          address: address, computedAt: statement.time(1), winRate: statement.real(2),
          tradeCount: statement.integer(3), profitFactor: statement.real(4), avgHoldHours: statement.real(5),
          avgPnlPct: statement.real(6), maxDrawdown: statement.real(7), style: statement.text(8) ?? "",
          isBot: statement.integer(9) != 0, equity: equity == 0 ? nil : equity,
          windowDays: statement.integer(11), completeFrom: statement.isNull(12) ? nil : statement.time(12),
          tradesPerDay: statement.real(13), gaps: statement.integer(14)))
    }
  }

  fileprivate func loadChanges(
    _ limits: StoredLimits, now: WallTime, into state: inout StoredState
  ) throws(StoreError) {
    var rows: [PositionChangeRow] = []
    var skipped = 0
    try scan(
      .positionChanges, "detected_at, address, coin, action, side, size_usd, price",
      since: now - limits.changeAge, now: now, rowsMax: limits.changesMax
    ) { (statement) in
      guard let address = statement.address(1) else {
        skipped += 1
        return
      }
      rows.append(
        PositionChangeRow(
          address: address, coin: statement.text(2) ?? "", action: statement.text(3) ?? "",
          isLong: statement.isLong(4), sizeUsd: statement.real(5), price: statement.real(6),
          detectedAt: statement.time(0)))
    }
    state.skipped += skipped
    sortByTime(&rows) { $0.detectedAt }
    state.changes = rows
  }

  fileprivate func loadVaults(
    _ limits: StoredLimits, now: WallTime, into state: inout StoredState
  ) throws(StoreError) {
    var sides = HlpSides(sidesMax: limits.hlpSidesMax)
    var skipped = 0
    try scan(
      .hlpSnapshots, "snapshot_at, vault_address, coin, side, size", since: now - limits.hlpAge, now: now,
      rowsMax: limits.hlpSnapshotsMax
    ) { (statement) in
      guard let vault = statement.address(1), let coin = statement.text(2) else {
        skipped += 1
        return
      }
      let size = statement.real(4)
      sides.add(vault, coin: coin, at: statement.time(0), signedSize: statement.isLong(3) ? size : -size)
    }
    state.skipped += skipped
    state.hlpSides = sides.finish()
    state.hlpSnapshots = try lastVaultPolls(since: now - limits.hlpAge, now: now)
  }

  /// The rows of each vault's last poll, read from the end. A vault without a row for `vaultStaleMs` before the
  /// newest of any holds nothing any more: a poll that finds no position leaves none.
  private func lastVaultPolls(since: WallTime, now: WallTime) throws(StoreError) -> [HlpSnapshot] {
    let statement = try prepare(
      "SELECT snapshot_at, vault_address, coin, side, size, size_usd, entry_px, mark_px, leverage, "
        + "unrealized_pnl FROM hlp_snapshots ORDER BY rowid DESC LIMIT \(Connection.lastPollRowsMax)")
    var latest: [(vault: Address, at: WallTime)] = []
    var rows: [HlpSnapshot] = []
    while try statement.step() {
      let at = statement.time(0)
      guard at >= since, at.seconds <= now.seconds + Connection.aheadMaxS else { continue }
      if let newest = latest.first, newest.at.ms - at.ms > Connection.vaultStaleMs { break }
      guard let vault = statement.address(1), let coin = statement.text(2) else { continue }
      if let known = latest.first(where: { $0.vault == vault }) {
        guard known.at == at else { continue }
      } else {
        latest.append((vault, at))
      }
      rows.append(
        HlpSnapshot(
          vault: vault, coin: coin, at: at, isLong: statement.isLong(3), size: statement.real(4),
          sizeUsd: statement.real(5), entryPx: statement.real(6), markPx: statement.real(7),
          leverage: statement.real(8), unrealizedPnl: statement.real(9)))
    }
    return rows.reversed()
  }

  fileprivate func loadEquity(
    _ limits: StoredLimits, now: WallTime, into state: inout StoredState
  ) throws(StoreError) {
    var rows: [EquitySnapshot] = []
    var skipped = 0
    try scan(
      .pnlSnapshots, "snapshot_at, address, equity, unrealized", since: now - limits.equityAge, now: now,
      rowsMax: limits.equityMax
    ) { (statement) in
      guard let address = statement.address(1) else {
        skipped += 1
        return
      }
      rows.append(
        EquitySnapshot(
          address: address, at: statement.time(0), equity: statement.real(2), unrealized: statement.real(3)))
    }
    state.skipped += skipped
    sortByTime(&rows) { $0.at }
    state.equity = rows
  }

  fileprivate func loadLiquidations(
    _ limits: StoredLimits, now: WallTime, into state: inout StoredState
  ) throws(StoreError) {
    var rows: [LiquidationEventRow] = []
    try scan(
      .liquidationEvents, "occurred_at, coin, side, size_usd, price, address",
      since: now - limits.liquidationAge, now: now, rowsMax: limits.liquidationsMax
    ) { (statement) in
      rows.append(
        LiquidationEventRow(
          coin: statement.text(1) ?? "", occurredAt: statement.time(0), isLong: statement.isLong(2),
          sizeUsd: statement.real(3), price: statement.real(4), address: statement.address(5)))
    }
    sortByTime(&rows) { $0.occurredAt }
    state.liquidations = rows
  }
}

/// Puts rows in the order of their time, which they are nearly always in already.
private func sortByTime<Row>(_ rows: inout [Row], _ time: (Row) -> WallTime) {
  let isInOrder = zip(rows, rows.dropFirst()).allSatisfy { time($0) <= time($1) }
  // The standard sort is stable: rows of one moment stay as they were written.
  if !isInOrder { rows.sort { time($0) < time($1) } }
}

/// The moment `span` before `time`.
private func - (time: WallTime, span: TimeSpan) -> WallTime { WallTime(ms: time.ms - span.ns / 1_000_000) }
