import Wire

/// What a WebSocket message is about.
public enum Channel: UInt8, CaseIterable, Sendable {
  /// Executions of one coin.
  case trades
  /// Mid prices of a dex.
  case allMids
  /// The book of one coin.
  case l2Book
  /// The context of one coin.
  case activeAssetCtx
  /// The contexts of every dex.
  case allDexsAssetCtxs
  /// The fills of one account.
  case userFills
  /// The answer to a ping.
  case pong
  /// The ack of a subscribe or unsubscribe.
  case subscriptionResponse
  /// A complaint in words.
  case error
  /// A well-formed message of a channel the daemon does not know; counted and dropped.
  case unknown
  /// No JSON object at all: the plain-text greeting some servers send.
  case notJSON
  /// Looks like JSON but is broken or has no channel; counted and dropped.
  case malformed
}

/// A WebSocket message, opened as far as to know who reads it.
///
/// The recorded key order (`{"channel":…,"data":…}`) is recognised by its first bytes, and then nothing behind
/// them has been looked at yet: the channel's decoder validates as it reads. Any other order or spacing takes a
/// validating pass over the whole message. Borrowed: valid as long as the message's bytes, which must have 64
/// readable bytes behind them.
public struct Frame {
  /// What it is about.
  public let channel: Channel
  /// From the value of `data` on; to that value's end, or to the message's end when `isOpen`.
  let rest: UnsafeRawBufferPointer
  /// `rest` runs on to the end of the envelope.
  let isOpen: Bool

  /// Opens a message.
  public static func classify(_ bytes: UnsafeRawBufferPointer) -> Frame {
    if let frame = recorded(bytes) { return frame }
    return slowly(bytes)
  }

  /// The message in the recorded shape, judged by its first bytes alone.
  private static func recorded(_ bytes: UnsafeRawBufferPointer) -> Frame? {
    // 12 bytes of `{"channel":"`, a name, 9 bytes of `","data":`.
    guard bytes.count >= 24, let base = bytes.baseAddress, matches(base, "{\"channel\":\"") else {
      return nil
    }
    let name = base + 12
    switch name.load(as: UInt8.self) {
    case UInt8(ascii: "t"): return recorded(bytes, .trades, "trades\",\"data\":")
    case UInt8(ascii: "l"): return recorded(bytes, .l2Book, "l2Book\",\"data\":")
    case UInt8(ascii: "a"):
      return recorded(bytes, .allMids, "allMids\",\"data\":")
        ?? recorded(bytes, .activeAssetCtx, "activeAssetCtx\",\"data\":")
        ?? recorded(bytes, .allDexsAssetCtxs, "allDexsAssetCtxs\",\"data\":")
    case UInt8(ascii: "u"): return recorded(bytes, .userFills, "userFills\",\"data\":")
    case UInt8(ascii: "s"): return recorded(bytes, .subscriptionResponse, "subscriptionResponse\",\"data\":")
    case UInt8(ascii: "e"): return recorded(bytes, .error, "error\",\"data\":")
    default: return nil
    }
  }

  private static func recorded(
    _ bytes: UnsafeRawBufferPointer, _ channel: Channel, _ rest: StaticString
  ) -> Frame? {
    let value = 12 + rest.utf8CodeUnitCount
    guard bytes.count > value, let base = bytes.baseAddress, matches(base + 12, rest) else { return nil }
    return Frame(channel: channel, rest: UnsafeRawBufferPointer(rebasing: bytes[value...]), isOpen: true)
  }

  @inline(__always)
  private static func matches(_ bytes: UnsafeRawPointer, _ text: StaticString) -> Bool {
    for i in 0..<text.utf8CodeUnitCount
    where bytes.load(fromByteOffset: i, as: UInt8.self) != text.utf8Start[i] {
      return false
    }
    return true
  }

  /// Any key order, any white space, any further keys.
  private static func slowly(_ bytes: UnsafeRawBufferPointer) -> Frame {
    let nothing = UnsafeRawBufferPointer(start: bytes.baseAddress, count: 0)
    guard let first = bytes.first(where: { $0 > 0x20 }), first == UInt8(ascii: "{") else {
      return Frame(channel: .notJSON, rest: nothing, isOpen: false)
    }
    var reader = JSONReader(bytes)
    var channel: Channel?
    var data = nothing
    do throws(JSONError) {
      try reader.beginObject()
      while let key = try reader.nextKey() {
        if key.is("channel") {
          channel = Channel(named: try reader.readString())
        } else if key.is("data") {
          data = try reader.readRaw()
        } else {
          try reader.skipValue()
        }
      }
      try reader.finish()
    } catch {
      return Frame(channel: .malformed, rest: nothing, isOpen: false)
    }
    return Frame(channel: channel ?? .malformed, rest: data, isOpen: false)
  }

  /// A reader standing before the value of `data`; end with `finish`.
  @inline(__always)
  func reader() -> JSONReader {
    isOpen ? JSONReader(inObject: rest) : JSONReader(rest)
  }

  /// Checks what follows the value of `data`: further keys of the envelope, its end, nothing else.
  @inline(__always)
  func finish(_ reader: inout JSONReader) throws(JSONError) {
    if isOpen {
      while try reader.nextKey() != nil { try reader.skipValue() }
    }
    try reader.finish()
  }
}

extension Channel {
  /// The channel a server's name means.
  init(named name: JSONText) {
    let feed = Feed.all.first { name.is($0.name) }
    self = feed?.channel ?? .unknown
  }
}
