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
