import Base
import Core
import Hyperliquid

/// Ends of the process: in order or not, at any moment, in the middle of what it does, and starts on the same disk.
extension Simulation {
  /// What a process may be doing when it ends.
  enum Moment: Int, CaseIterable {
    case load, store, sweep, query, compute, fetch, connect, answer
  }

  /// Something has begun in which a fault may end the process, now or a little later.
  func mayDie(_ moment: Moment) {
    for kind in [FaultKind.killAmid, .stopAmid] {
      guard core != nil, stopAsked == nil, let fault = fault(kind),
        fault.target % Moment.allCases.count == moment.rawValue, chance.chance(0.3 * fault.strength)
      else { continue }
      let span = TimeSpan.milliseconds(chance.below(40))
      add(kind == .killAmid ? .kill : .stop, in: span)
      isRestartDue = true
    }
  }

  /// The process is gone: its sockets are reset, what the disk was doing is done in part.
  func kill() {
    counts.kills += 1
    let isWhole = chance.chance(0.25)
    let changes = isWhole ? 100_000 : chance.below(3) * chance.below(60)
    disk.crash(in: diskWork, after: changes, keepsUnsynced: !losesPower)
    // A machine that lost its power keeps nothing of the last minute, and in truth takes longer to be back.
    if losesPower {
      spending = []
      powerLostAt = now
    }
    losesPower = false
    die()
    restartIfDue()
  }

  /// Starts the process again after one that a fault ended in the middle of something.
  func restartIfDue() {
    guard isRestartDue else { return }
    isRestartDue = false
    add(.start, in: .milliseconds(100 + chance.below(3_000)))
  }

  func die() {
    core = nil
    for link in links where !link.isForgotten { vanish(link) }
    fetches.removeAll()
    clients.end()
  }
}

/// The configuration read again while running.
extension Simulation {
  func reload(_ fault: Fault) {
    let dials: [(name: String, least: Int, most: Int)] = [
      ("position_poller.workers", 1, 16), ("position_poller.tier1_interval", 10, 60),
      ("position_poller.tier3_interval", 300, 1_200), ("hlp_tracker.poll_interval", 10, 180),
      ("heatmap.recompute_interval", 1, 90), ("heatmap.bucket_count", 1, 200),
      ("smart_money.max_profiles_per_cycle", 0, 60), ("smart_money.min_trades_for_profile", 1, 10),
      ("db.prune_days", 1, 30), ("runtime.worker_threads", 1, 4),
    ]
    var wanted = options
    for dial in dials where chance.chance(0.4) {
      let value = dial.least + chance.below(dial.most - dial.least + 1)
      if let problem = wanted.set(dial.name, to: "\(value)") { preconditionFailure(problem) }
    }
    // What a running process cannot change it takes over at its next start.
    options = wanted
    step(.reloaded(wanted, []))
  }
}
