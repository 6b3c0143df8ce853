import Base
import Core

extension Simulation {
  /// Once in a virtual minute: what the engines hold must hang together. More often, looking would take longer than
  /// running.
  func checkInvariants() {
    guard (now - Simulation.epoch).milliseconds / 1000 % 60 == 0 else { return }
    if let broken = core?.brokenInvariant() { complain(.effects, broken) }
  }
}
