import Base
import Market
public import Wire

extension Feed {
  /// The ack of a subscribe or unsubscribe, with the subscription echoed in a normalised form.
  public static let subscriptionResponse = Feed(
    channel: .subscriptionResponse, name: "subscriptionResponse", subject: nil)
}

/// What an ack says. The echo may hold more keys than were sent, in another order, addresses in lower case:
/// an ack belongs to a subscription when every key we sent is in the echo with the same value.
public struct SubscriptionAck {
  /// What was acked.
  public enum Method: Sendable {
    /// `subscribe`
    case subscribe
    /// `unsubscribe`
    case unsubscribe
    /// A word we do not know.
    case other
  }

  /// What was acked.
  public private(set) var method = Method.other
  /// The echo's `type`.
  public private(set) var type: JSONText?
  /// The echo's `coin`; absent or null is `nil`, as for all of them.
  public private(set) var coin: JSONText?
  /// The echo's `dex`.
  public private(set) var dex: JSONText?
  /// The echo's `user`.
  public private(set) var user: JSONText?

  /// Reads the message of channel `subscriptionResponse`; `.missingField` without method or type.
  public static func decode(_ frame: Frame) throws(JSONError) -> SubscriptionAck {
    var ack = SubscriptionAck()
    var hasMethod = false
    var reader = frame.reader()
    try reader.beginObject()
    while let key = try reader.nextKey() {
      if key.is("method") {
        let method = try reader.readString()
        ack.method = method.is("subscribe") ? .subscribe : method.is("unsubscribe") ? .unsubscribe : .other
        hasMethod = true
      } else if key.is("subscription") {
        try ack.readEcho(&reader)
      } else {
        try reader.skipValue()
      }
    }
    let end = reader.offset
    try frame.finish(&reader)
    guard hasMethod, ack.type != nil else { throw JSONError(.missingField, offset: end) }
    return ack
  }

  private mutating func readEcho(_ reader: inout JSONReader) throws(JSONError) {
    try reader.beginObject()
    while let key = try reader.nextKey() {
      if key.is("type") {
        type = try reader.readString()
      } else if key.is("coin") {
        coin = try SubscriptionAck.text(&reader)
      } else if key.is("dex") {
        dex = try SubscriptionAck.text(&reader)
      } else if key.is("user") {
        user = try SubscriptionAck.text(&reader)
      } else {
        try reader.skipValue()
      }
    }
  }

  private static func text(_ reader: inout JSONReader) throws(JSONError) -> JSONText? {
    try reader.readNull() ? nil : try reader.readString()
  }

  /// The channel of the echo's type.
  public var channel: Channel { type.map(Channel.init(named:)) ?? .unknown }

  /// Whether this is the ack of `subscription`.
  public func acks(_ subscription: Subscription) -> Bool {
    guard let feed = subscription.feed, let subject = feed.subject, let type, type.is(feed.name) else {
      return false
    }
    switch subject {
    case .everything: return true
    case .coin: return same(coin, subscription.subject)
    case .dex: return subscription.subject.isEmpty ? isMain(dex) : same(dex, subscription.subject)
    case .user:
      guard let user, let echoed = Address(user.bytes) else { return false }
      return echoed == Address(subscription.subject)
    }
  }

  private func same(_ text: JSONText?, _ wanted: String) -> Bool {
    guard let text else { return false }
    return text.hasEscapes ? text.string == wanted : text.bytes.elementsEqual(wanted.utf8)
  }

  private func isMain(_ dex: JSONText?) -> Bool { dex.map { $0.count == 0 } ?? true }
}
