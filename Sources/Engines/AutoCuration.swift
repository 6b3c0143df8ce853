public import Market

/// What auto-tracking asks of a wallet, from the section smart_money of the configuration.
public struct CurationOptions: Hashable, Sendable {
  /// Floor of the win rate.
  public var minWinRate: Double
  /// Floor of finished trades.
  public var minTrades: Int
  /// Floor of the profit factor.
  public var minProfitFactor: Double
  /// Wallets with an automatic label at the most.
  public var maxWallets: Int
  /// Whether bots are left out.
  public var excludeBots: Bool

  /// Options with these values; the defaults are the configuration's.
  public init(
    minWinRate: Double = 0.55, minTrades: Int = 10, minProfitFactor: Double = 1.5, maxWallets: Int = 20,
    excludeBots: Bool = true
  ) {
    self.minWinRate = minWinRate
    self.minTrades = minTrades
    self.minProfitFactor = minProfitFactor
    self.maxWallets = maxWallets
    self.excludeBots = excludeBots
  }
}

/// A wallet to be watched from now on.
public struct CuratedWallet: Hashable, Sendable {
  /// The account.
  public var account: AddressID
  /// Its address.
  public var address: Address
  /// `auto | 57% WR | swing`
  public var label: String
}

/// Which profiled wallets to watch by ourselves: a pure function of profiles and the watch list.
public enum AutoCuration {
  /// What an automatic label starts with.
  public static let labelPrefix = "auto |"

  /// Wallets to add, best first: those at or above the floors that are not watched, by win rate × profit factor (ties
  /// by address), until `maxWallets` carry an automatic label. `labelled` is how many watched ones carry one now.
  /// Memory and work are bounded by `maxWallets` and the number of profiles.
  public static func pick(
    _ profiles: Profiles, book: AddressBook, options: CurationOptions, labelled: Int,
    isWatched: (AddressID, Address) -> Bool
  ) -> [CuratedWallet] {
    let room = options.maxWallets - labelled
    guard room > 0 else { return [] }
    var best: [Candidate] = []
    profiles.forEach { account, profile in
      guard isGood(profile, options) else { return true }
      let score = profile.winRate * profile.profitFactor
      if best.count == room, let last = best.last, score < last.score { return true }
      let address = book.address(account)
      guard !isWatched(account, address) else { return true }
      let candidate = Candidate(account: account, address: address, profile: profile, score: score)
      let place = best.firstIndex { candidate.isBefore($0) } ?? best.count
      guard place < room else { return true }
      best.insert(candidate, at: place)
      if best.count > room { best.removeLast() }
      return true
    }
    return best.map {
      CuratedWallet(account: $0.account, address: $0.address, label: label($0.profile))
    }
  }

  /// Whether the profile is at or above every floor.
  public static func isGood(_ profile: Profile, _ options: CurationOptions) -> Bool {
    profile.winRate >= options.minWinRate && profile.tradeCount >= options.minTrades
      && profile.profitFactor >= options.minProfitFactor && !(options.excludeBots && profile.isBot)
  }

  /// The label of a wallet with this profile.
  public static func label(_ profile: Profile) -> String {
    let percent = Int((profile.winRate * 100).rounded(.toNearestOrEven))
    return "\(labelPrefix) \(percent)% WR | \(profile.style.text)"
  }

  private struct Candidate {
    var account: AddressID
    var address: Address
    var profile: Profile
    var score: Double

    func isBefore(_ other: Candidate) -> Bool {
      if score != other.score { return score > other.score }
      let (a, b) = (address, other.address)
      return a.a != b.a ? a.a < b.a : a.b != b.b ? a.b < b.b : a.c < b.c
    }
  }
}
