extension Feed {
  /// `{"channel":"pong"}`, the answer to `{"method":"ping"}`; carries no data.
  public static let pong = Feed(channel: .pong, name: "pong", subject: nil)
}
