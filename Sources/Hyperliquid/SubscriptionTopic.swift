// What the pool keeps subscribed: a channel and whom it is about, by id; and what is normal for each channel.
//
// Add a channel to the pool: one rule here (in the order of `Channel`), one constructor below.
import Base
public import Market

/// What is normal for the subscriptions of a channel.
struct TopicRule: Sendable {
  /// What a topic of this channel is about.
  enum Key: UInt8, Sendable {
    case none
    case coin
    case user
  }

  /// Connections are of one lane: the evidence that a coin trades (market-wide feeds) must not come over the
  /// connection it is evidence against.
  enum Lane: UInt8, Sendable, CaseIterable {
    case coins
    case market
  }

  let channel: Channel
  let key: Key
  let lane: Lane
  /// Silence after which it is subscribed again; `nil` when silence is normal.
  let silenceMax: TimeSpan?

  /// Every rule, by the channel's raw value.
  static let all: [TopicRule] = [
    TopicRule(channel: .trades, key: .coin, lane: .coins, silenceMax: nil),
    TopicRule(channel: .allMids, key: .none, lane: .market, silenceMax: Venue.allMidsSilenceMax),
    TopicRule(channel: .l2Book, key: .coin, lane: .coins, silenceMax: Venue.bookSilenceMax),
    TopicRule(channel: .activeAssetCtx, key: .coin, lane: .coins, silenceMax: Venue.contextSilenceMax),
    TopicRule(channel: .allDexsAssetCtxs, key: .none, lane: .market, silenceMax: Venue.contextSilenceMax),
    TopicRule(channel: .userFills, key: .user, lane: .market, silenceMax: nil),
  ]
}

/// One feed the pool can keep alive: plain data, compared by value.
public struct Topic: Hashable, Sendable {
  /// The channel; one of those with a `TopicRule`.
  public let channel: Channel
  /// The coin of a coin's feed.
  public let coin: CoinID?
  /// The account of an account's feed.
  public let user: Address?

  init(_ channel: Channel, coin: CoinID? = nil, user: Address? = nil) {
    self.channel = channel
    self.coin = coin
    self.user = user
  }

  /// Every trade of `coin`.
  public static func trades(_ coin: CoinID) -> Topic { Topic(.trades, coin: coin) }
  /// The order book of `coin`, 20 levels a side.
  public static func l2Book(_ coin: CoinID) -> Topic { Topic(.l2Book, coin: coin) }
  /// Every mid price of the main dex.
  public static var allMids: Topic { Topic(.allMids) }
  /// Every coin's context, all dexes.
  public static var allDexsAssetCtxs: Topic { Topic(.allDexsAssetCtxs) }
  /// The fills of `user`; takes one of the `Venue.usersMax` user slots.
  public static func userFills(_ user: Address) -> Topic { Topic(.userFills, user: user) }
}
