import Base
import Foundation
import Hyperliquid
import Market
import Wire

/// Our own captures: messages and bodies in the recorded shapes with invented values.
enum Captures {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Captures")

  /// One capture per channel and per info type, by the name of the register entry.
  static var names: [String] {
    Feed.all.map { "ws_\($0.name)" } + InfoType.all.map { "rest_\($0.name)" }
  }

  static func load(_ name: String) throws -> [UInt8] {
    try [UInt8](Data(contentsOf: folder.appendingPathComponent(name + ".json")))
  }

  /// Coins of the captures; `NEW` and spot coins are not listed.
  static let coins = Samples.coins(["BTC", "ETH", "OLD", "xyz:TSLA"])
}

/// Decodes any capture into reused storage and describes all it says, or the error.
///
/// The text of a fresh decoder and of one that has decoded other messages before must be the same.
final class CaptureDecoder {
  private let trades = TradesFeed()
  private var mids = Mids()
  private var book = Book()
  private var contexts = DexContexts()
  private var userFills = UserFills()
  private var fills = Fills()

  /// Copies the bytes so that what lies behind them is slack that looks like more of the same.
  func decode(_ name: String, _ bytes: [UInt8]) -> String {
    let buffer = ByteBuffer(capacity: bytes.count + 64)
    bytes.withUnsafeBytes { buffer.append($0) }
    let slack = UnsafeMutableRawBufferPointer(start: buffer.base + buffer.count, count: ByteBuffer.slackBytes)
    for i in slack.indices { slack[i] = Array("\"}],0".utf8)[i % 5] }
    return withExtendedLifetime(buffer) {
      do throws(JSONError) {
        return name.hasPrefix("ws_") ? try frame(buffer.bytes) : try body(name, buffer.bytes)
      } catch { return "error \(error.code) at \(error.offset)" }
    }
  }

  private func frame(_ bytes: UnsafeRawBufferPointer) throws(JSONError) -> String {
    let coins = Captures.coins
    let frame = Frame.classify(bytes)
    switch frame.channel {
    case .trades:
      try trades.decode(frame, coins: coins)
      return "\(Array(trades.trades)) \(trades.invalid) \(trades.unlisted) \(trades.dropped)"
    case .allMids:
      try mids.decode(frame, coins: coins)
      return "\(mids)"
    case .l2Book:
      try book.decode(frame, coins: coins)
      return "\(book)"
    case .activeAssetCtx: return "\(try ActiveAssetContext.decode(frame, coins: coins))"
    case .allDexsAssetCtxs:
      try contexts.decode(frame)
      return "\(contexts)"
    case .userFills:
      try userFills.decode(frame, coins: coins)
      return "\(userFills)"
    case .subscriptionResponse:
      let ack = try SubscriptionAck.decode(frame)
      return "\(ack.method) \([ack.type, ack.coin, ack.dex, ack.user].map { $0?.string }) \(ack.channel)"
    case .error:
      let error = try ServerError.decode(frame)
      return "\(error.kind) \(error.text.string)"
    case .pong, .unknown, .notJSON, .malformed: return "\(frame.channel)"
    }
  }

  private func body(_ name: String, _ bytes: UnsafeRawBufferPointer) throws(JSONError) -> String {
    let coins = Captures.coins
    switch name {
    case "rest_meta": return "\(try Meta.decode(body: bytes))"
    case "rest_metaAndAssetCtxs": return "\(try MetaAndContexts.decode(body: bytes))"
    case "rest_perpDexs": return "\(try PerpDex.decode(body: bytes))"
    case "rest_allPerpMetas": return "\(try Meta.decodeAll(body: bytes))"
    case "rest_clearinghouseState": return "\(try ClearinghouseState.decode(body: bytes, coins: coins))"
    case "rest_vaultDetails": return "\(try VaultDetails.decode(body: bytes))"
    case "rest_allMids":
      try mids.decode(body: bytes, coins: coins)
      return "\(mids)"
    case "rest_l2Book":
      try book.decode(body: bytes, coins: coins)
      return "\(book)"
    case "rest_userFillsByTime":
      try fills.decode(body: bytes, coins: coins)
      return "\(fills)"
    default: return "no decoder"
    }
  }
}

/// Where the values and keys of a JSON text lie.
struct ValueSpans {
  var values: [Range<Int>] = []
  var keys: [Range<Int>] = []

  init(_ bytes: [UInt8]) throws {
    let buffer = ByteBuffer(capacity: bytes.count)
    bytes.withUnsafeBytes { buffer.append($0) }
    var reader = JSONReader(buffer.bytes)
    try walk(&reader)
  }

  private mutating func walk(_ reader: inout JSONReader) throws {
    let kind = try reader.peekKind()
    let first = reader.offset
    switch kind {
    case .object:
      try reader.beginObject()
      while let key = try reader.nextKey() {
        // The reader stands behind the colon; captures have no white space.
        keys.append((reader.offset - 2 - key.count)..<(reader.offset - 2))
        try walk(&reader)
      }
    case .array:
      try reader.beginArray()
      while try reader.nextElement() { try walk(&reader) }
    default: try reader.skipValue()
    }
    values.append(first..<reader.offset)
  }
}
