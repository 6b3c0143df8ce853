import Base
import Core

extension Simulation {
  /// At every step: no queue, table or buffer holds more than it may.
  func checkBounds() {
    var bit: UInt64 = 1
    core?.forEachBound { part, held, most in
      if held >= most, boundsSeen & bit == 0 {
        counts.boundsReached.insert("\(part)")
        boundsSeen |= bit
      }
      if held > most { complain(.effects, "\(held) \(part), \(most) allowed") }
      bit <<= 1
    }
  }

  /// Once in a virtual minute: what the engines hold must hang together. More often, looking would take longer than
  /// running.
  func checkInvariants() {
    guard (now - Simulation.epoch).milliseconds / 1000 % 60 == 0 else { return }
    if let broken = core?.brokenInvariant() { complain(.effects, broken) }
  }
}
