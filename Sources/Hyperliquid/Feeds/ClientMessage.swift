public import Base
import Wire

/// The messages the daemon sends over the WebSocket; literal shapes of the fact sheet, §11.
public enum ClientMessage {
  /// Appends `{"method":"ping"}`.
  public static func ping(into out: ByteBuffer) { out.append("{\"method\":\"ping\"}") }

  /// Appends a subscribe message.
  public static func subscribe(_ subscription: Subscription, into out: ByteBuffer) {
    write("subscribe", subscription, out)
  }

  /// Appends an unsubscribe message: the same subscription, word for word.
  public static func unsubscribe(_ subscription: Subscription, into out: ByteBuffer) {
    write("unsubscribe", subscription, out)
  }

  private static func write(_ method: StaticString, _ subscription: Subscription, _ out: ByteBuffer) {
    guard let feed = subscription.feed, let subject = feed.subject else {
      preconditionFailure("nobody subscribes to this channel")
    }
    var json = JSONWriter(into: out)
    json.beginObject()
    json.key("method")
    json.string(method)
    json.key("subscription")
    json.beginObject()
    json.key("type")
    json.string(feed.name)
    if !subscription.subject.isEmpty {
      switch subject {
      case .coin: json.key("coin")
      case .dex: json.key("dex")
      case .user: json.key("user")
      case .everything: preconditionFailure("this channel has no subject")
      }
      json.string(subscription.subject)
    }
    json.endObject()
    json.endObject()
  }
}
