public import Market
public import Wire

extension Feed {
  /// Fills of one account; the first message is its history, oldest first.
  public static let userFills = Feed(channel: .userFills, name: "userFills", subject: .user)
}

/// What a message of channel `userFills` says; reused between messages.
public struct UserFills: Sendable {
  /// Whose fills.
  public private(set) var user = Address(a: 0, b: 0, c: 0)
  /// Whether this is the history sent after subscribing.
  public private(set) var isSnapshot = false
  /// The fills.
  public private(set) var fills = Fills()

  /// No fills.
  public init() {}

  /// Reads the message; `.missingField` without user or fills. Nothing is kept when it throws.
  public mutating func decode(_ frame: Frame, coins: Coins) throws(JSONError) {
    clear()
    do throws(JSONError) {
      var reader = frame.reader()
      try read(&reader, coins)
      try frame.finish(&reader)
    } catch {
      clear()
      throw error
    }
  }

  private mutating func clear() {
    user = Address(a: 0, b: 0, c: 0)
    isSnapshot = false
    fills.clear()
  }

  private mutating func read(_ reader: inout JSONReader, _ coins: Coins) throws(JSONError) {
    var seen = 0
    try reader.beginObject()
    while let key = try reader.nextKey() {
      if key.is("user") {
        guard let user = try reader.readAddress() else { throw JSONError(.badValue, offset: reader.offset) }
        self.user = user
        seen |= 1
      } else if key.is("isSnapshot") {
        isSnapshot = try reader.readFlag() ?? false
      } else if key.is("fills") {
        try fills.read(&reader, coins)
        seen |= 2
      } else {
        try reader.skipValue()
      }
    }
    guard seen == 3 else { throw JSONError(.missingField, offset: reader.offset) }
  }
}
