import API
import Base
import Engines
import Market

/// Watches good wallets by itself, as soon as their profiles say so.
///
/// What it adds goes the way of a client's write: onto disk first. A wallet somebody stopped following is not added
/// again. Bound: `auto_curate_max_wallets` labels, so at most as many writes.
struct Curator {
  /// Between two looks at the profiles.
  static let interval = TimeSpan.seconds(60)

  private(set) var isEnabled: Bool
  private(set) var options: CurationOptions
  /// The watch list is known.
  private var hasBegun = false
  private var due = Instant.never
  /// The profiles looked at last.
  private var seen: UInt64?

  init(options: Options) {
    isEnabled = options[.autoCurateEnabled]
    self.options = CurationOptions(options)
  }

  /// Takes over changed options: the profiles are looked at anew, after `interval` when it was off.
  mutating func configure(_ options: Options, now: Now) {
    let wasEnabled = isEnabled
    isEnabled = options[.autoCurateEnabled]
    self.options = CurationOptions(options)
    seen = nil
    guard isEnabled != wasEnabled else { return }
    due = isEnabled && hasBegun ? now.instant + Curator.interval : .never
  }

  var deadline: Instant { due }

  /// The watch list is known, so that what is on it is not added again.
  mutating func begin(now: Now) {
    hasBegun = true
    if isEnabled { due = now.instant + Curator.interval }
  }

  /// The writes that watch who deserves it now; empty until the next look is due.
  mutating func tick(_ knowledge: Knowledge, now: Now) -> [ClientWrite] {
    guard now.instant >= due else { return [] }
    due = now.instant + Curator.interval
    guard knowledge.profiles.version != seen else { return [] }
    seen = knowledge.profiles.version
    let list = knowledge.watchList
    let picked = AutoCuration.pick(
      knowledge.profiles, book: knowledge.book, options: options, labelled: list.autoCount,
      isWatched: { _, address in list[address.description] != nil })
    return picked.map { .watch(key: $0.address.description, label: $0.label) }
  }

  /// A write could not be taken: the same profiles shall be looked at again.
  mutating func again() { seen = nil }
}

extension CurationOptions {
  fileprivate init(_ options: Options) {
    self.init(
      minWinRate: options[.autoCurateMinWinRate], minTrades: options[.autoCurateMinTrades],
      minProfitFactor: options[.autoCurateMinProfitFactor], maxWallets: options[.autoCurateMaxWallets],
      excludeBots: options[.autoCurateExcludeBots])
  }
}
