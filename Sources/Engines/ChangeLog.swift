public import Base
public import Market

/// The changes of watched wallets' positions of the last week, newest first.
///
/// Bound: `changesMax`; the oldest go first and are counted. What is older than a week is not answered.
public final class ChangeLog {
  /// The most changes remembered (3 MB).
  public static let changesMax = 32_768
  /// How long a change is kept.
  public static let kept = TimeSpan.seconds(7 * 86_400)

  private var changes: Ring<PositionChange>
  /// Changes detected in this run.
  public private(set) var detected: UInt64 = 0
  /// Changes dropped at the bound.
  public private(set) var dropped: UInt64 = 0
  /// Counts changes of what can be read here.
  public private(set) var version: UInt64 = 0

  /// An empty log.
  public init(changesMax: Int = ChangeLog.changesMax) { changes = Ring(capacity: changesMax) }

  /// Changes remembered.
  public var count: Int { changes.count }

  /// Takes a change just detected.
  public func append(_ change: PositionChange) {
    detected += 1
    push(change)
  }

  /// Takes a change of the past; they come oldest first, before any new one.
  public func restore(_ change: PositionChange) { push(change) }

  /// Drops changes older than a week.
  public func expire(now: WallTime) {
    let before = now.ms - ChangeLog.kept.milliseconds
    while let oldest = changes.oldest, oldest.detectedAt.ms < before {
      _ = changes.popFirst()
      version &+= 1
    }
  }

  /// The changes not older than `since`, newest first, at most `limit`; of one wallet if `address` is given.
  public func forEach(
    since: WallTime, of address: Address? = nil, limit: Int, _ body: (PositionChange) -> Void
  ) {
    var left = limit
    var index = changes.count - 1
    while index >= 0, left > 0 {
      let change = changes[index]
      index -= 1
      // No early end at an older one: the daemon's wall clock may have been set back.
      guard change.detectedAt >= since else { continue }
      if let address, change.address != address { continue }
      body(change)
      left -= 1
    }
  }

  private func push(_ change: PositionChange) {
    if changes.push(change) != nil { dropped += 1 }
    version &+= 1
  }
}
