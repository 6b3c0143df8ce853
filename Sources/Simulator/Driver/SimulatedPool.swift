import Base

/// The pool's threads: a job begins when one of them is free, the longest waiting first, so results of different kinds
/// come in any order and never more at once than there are threads.
struct SimulatedPool {
  private var freeAt: [Instant]

  init(threads: Int) { freeAt = Array(repeating: .zero, count: max(1, threads)) }

  /// When a job that takes `span` is done.
  mutating func take(_ span: TimeSpan, now: Instant) -> Instant {
    var thread = 0
    for other in freeAt.indices where freeAt[other] < freeAt[thread] { thread = other }
    freeAt[thread] = max(freeAt[thread], now) + span
    return freeAt[thread]
  }
}
