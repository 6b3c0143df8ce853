import Base
import Core
import Hyperliquid

/// What must be well again a minute after the last fault, beside what `/health` says: the stream, the database, and every
/// schedule; and what must never have been amiss in a run without faults.
extension Simulation {
  func checkCalm() {
    guard isCalm, oracle.isDue else { return }
    let stats = oracle.statistics
    if stats["trade_stream"]?["ws_connected"] != .bool(true) {
      complain(.recovery, "a connection of the stream is down")
    }
    if stats["trade_stream"]?["ws_healthy"] != .bool(true) { complain(.recovery, "no trades flow") }
    let errors = stats["database"]?["total_errors"]?.int ?? 0
    if let before = calmErrors, before.life == life, errors > before.count {
      complain(.recovery, "\(errors - before.count) batches failed in calm")
    }
    calmErrors = (life, errors)
    let pending = stats["database"]?["pending_rows"]?.int ?? 0
    if pending > 2_000 { complain(.recovery, "\(pending) rows still wait for the disk") }
    checkSchedules(stats)
  }

  /// Whether the accounts to be polled first (large ones, watched ones, vaults) cost more than the share of the budget
  /// they are promised: nothing bounds what a seed draws and its clients ask for. Then they may be late, as `/health`
  /// says.
  var isOverasked: Bool {
    guard let tier = oracle.statistics["position_poller"]?["tiers"]?["1"], let large = tier["accounts"]?.int,
      let interval = tier["interval_s"]?.number, interval > 0
    else { return false }
    let accounts = Double(min(Int(large) + accounts.watched.count, exchange.world.accountCount))
    let vaults = Double(oracle.statistics["hlp_tracker"]?["vaults_tracked"]?.int ?? 0)
    let polls = accounts / interval + vaults / options[.hlpPollInterval]
    let asked = polls * 60 * Double(InfoType.clearinghouseState.weight)
    return asked > Double(weightMax * WeightClass.watched.sharePct) / 100
  }

  /// Polls and computations come when they are due, within what a turn and a round trip take.
  private func checkSchedules(_ stats: RequestValue) {
    for tier in ["1", "2", "3"] {
      guard let state = stats["position_poller"]?["tiers"]?[tier], let lag = state["lag_s"]?.number,
        let interval = state["interval_s"]?.number
      else { continue }
      if tier == "1", isOverasked { continue }
      // Tier 1 goes first; what the others may lack while the budget is short is in `/health`.
      let most = tier == "1" ? max(45, interval) : max(180, interval)
      if lag > most {
        complain(.recovery, "tier \(tier) is \(lag) s late, every \(interval) s it should be polled")
      }
    }
    if let computed = stats["liq_heatmap"]?["last_recompute"]?.number {
      let age = Double(clocks.wall.ms) / 1_000 - computed
      let most = max(60, 3 * options[.heatmapInterval])
      if age > most { complain(.recovery, "the heatmaps are \(age) s old") }
    }
  }

  /// A run without faults has no gaps, no refusals and no failures.
  func checkFaultFree() {
    guard swarm.plan.faults.isEmpty, swarm.plan.wallOffsetMs == 0, counts.answers > 0 else { return }
    let stats = oracle.statistics
    for (group, key) in [
      ("trade_stream", "total_gaps"), ("trade_stream", "reconnect_count"), ("rate_limiter", "total_429"),
      ("database", "total_errors"), ("trade_stream", "total_invalid_trades"),
    ] {
      let count = stats[group]?[key]?.int ?? -1
      if count != 0 { complain(.recovery, "\(key) is \(count) in a run without faults") }
    }
  }
}
