public import Market

/// A WebSocket channel the daemon reads: its name, what is said to subscribe to it, what its file decodes.
///
/// A register: one value per channel in a file of its own, listed once in `all`.
public struct Feed: Sendable {
  /// What its messages are classified as.
  public let channel: Channel
  /// The channel's name in messages, and its subscription's `type`.
  public let name: StaticString
  /// What a subscription names besides the type; `nil` for channels nobody subscribes to.
  public let subject: Subject?

  /// What a subscription is about.
  public enum Subject: Sendable {
    /// A coin.
    case coin
    /// A dex; the main dex is not written.
    case dex
    /// An account.
    case user
    /// Everything.
    case everything
  }

  /// Every channel.
  public static let all: [Feed] = [
    .trades, .allMids, .l2Book, .activeAssetCtx, .allDexsAssetCtxs, .userFills, .pong, .subscriptionResponse,
    .error,
  ]
}

/// One thing to be subscribed to, as it is named on the wire.
public struct Subscription: Hashable, Sendable {
  /// The channel.
  public var channel: Channel
  /// The coin's name, the dex's name or the account's address; empty for none.
  public var subject: String

  /// A subscription of `channel` to `subject`.
  public init(_ channel: Channel, _ subject: String = "") {
    self.channel = channel
    self.subject = subject
  }

  /// A subscription of `channel` to an account.
  public init(_ channel: Channel, user: Address) {
    self.init(channel, user.description)
  }

  /// The channel's register entry.
  public var feed: Feed? { Feed.all.first { $0.channel == channel } }
}
