public import Wire

extension Feed {
  /// `{"channel":"error","data":"text"}`; limit errors do not say which request they mean.
  public static let error = Feed(channel: .error, name: "error", subject: nil)
}

/// A complaint of the server.
public struct ServerError {
  /// What it is about, by the texts the sheet knows (§2).
  public enum Kind: UInt8, CaseIterable, Sendable {
    /// `Already subscribed: <json>`; as good as an ack.
    case alreadySubscribed
    /// `Already unsubscribed: <json>`; as good as an ack.
    case alreadyUnsubscribed
    /// `Invalid subscription <json>`: an unknown coin, for instance.
    case invalidSubscription
    /// `Error parsing JSON into valid websocket request: …`
    case unparsableRequest
    /// `Cannot track more than … total users.`
    case tooManyUsers
    /// `too many pending post requests …`
    case tooManyPosts
    /// Any other text.
    case other
  }

  /// What it is about.
  public let kind: Kind
  /// The whole text.
  public let text: JSONText

  /// Reads the message of channel `error`.
  public static func decode(_ frame: Frame) throws(JSONError) -> ServerError {
    var reader = frame.reader()
    let text = try reader.readString()
    try frame.finish(&reader)
    return ServerError(kind: kind(text.bytes), text: text)
  }

  private static func kind(_ bytes: UnsafeRawBufferPointer) -> Kind {
    func begins(_ prefix: StaticString) -> Bool {
      bytes.starts(with: UnsafeRawBufferPointer(start: prefix.utf8Start, count: prefix.utf8CodeUnitCount))
    }
    if begins("Already subscribed") { return .alreadySubscribed }
    if begins("Already unsubscribed") { return .alreadyUnsubscribed }
    if begins("Invalid subscription") { return .invalidSubscription }
    if begins("Error parsing JSON") { return .unparsableRequest }
    if begins("Cannot track more than") { return .tooManyUsers }
    if begins("too many pending post") { return .tooManyPosts }
    return .other
  }
}
