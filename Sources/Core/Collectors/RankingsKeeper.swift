import Base
import Engines

/// Keeps the rankings right: places the accounts whose day changed, a bounded number at a time.
struct RankingsKeeper {
  /// Between two looks while nothing is left to do; rankings are this fresh.
  static let interval = TimeSpan.seconds(2)
  /// Between two looks while there is.
  static let shortInterval = TimeSpan.milliseconds(20)

  private(set) var deadline = Instant.never

  /// There is equity to rank.
  mutating func begin(now: Now) { deadline = now.instant }

  /// Goes on where the last look stopped, when it is time.
  mutating func tick(_ knowledge: Knowledge, now: Now) {
    guard now.instant >= deadline else { return }
    let isDone = knowledge.rankings.refresh(knowledge.equity, book: knowledge.book, now: now.wall)
    deadline = now.instant + (isDone ? RankingsKeeper.interval : RankingsKeeper.shortInterval)
  }
}
