public import Market
public import Wire

extension Feed {
  /// The contexts of every coin of every dex in one message (177 KB recorded), main dex first.
  public static let allDexsAssetCtxs = Feed(
    channel: .allDexsAssetCtxs, name: "allDexsAssetCtxs", subject: .everything)
}

/// The contexts of every dex, by position; reused between messages.
///
/// Join by the dex's name, then by position with that dex's `meta.universe`; when the counts differ, a coin was
/// listed since, so refresh the listing and drop the message. A row that is no context is `nil`, keeping the
/// positions of the others. Bounds: `dexesMax`, `contextsMax`; beyond them the message is refused.
public struct DexContexts: Sendable {
  /// The part of one dex.
  public struct Dex: Sendable {
    /// The dex's name; empty for the main dex.
    public var name: String
    /// Its rows in `contexts`, in the order of its universe.
    public var rows: Range<Int>
  }

  /// The most dexes; 9 were recorded.
  public static let dexesMax = 1024
  /// The most contexts over all dexes; 412 were recorded.
  public static let contextsMax = 16384

  /// The dexes in the message's order.
  public private(set) var dexes: [Dex] = []
  /// All rows, dex after dex.
  public private(set) var contexts: [AssetContext?] = []
  /// Rows that are no context.
  public private(set) var invalid = 0

  /// No contexts.
  public init() {}

  /// Reads the message of channel `allDexsAssetCtxs`; nothing is kept when it throws.
  public mutating func decode(_ frame: Frame) throws(JSONError) {
    clear()
    do throws(JSONError) {
      var reader = frame.reader()
      var hasContexts = false
      try reader.beginObject()
      while let key = try reader.nextKey() {
        if key.is("ctxs") {
          clear()
          try readDexes(&reader)
          hasContexts = true
        } else {
          try reader.skipValue()
        }
      }
      let end = reader.offset
      try frame.finish(&reader)
      guard hasContexts else { throw JSONError(.missingField, offset: end) }
    } catch {
      clear()
      throw error
    }
  }

  private mutating func clear() {
    dexes.removeAll(keepingCapacity: true)
    contexts.removeAll(keepingCapacity: true)
    invalid = 0
  }

  private mutating func readDexes(_ reader: inout JSONReader) throws(JSONError) {
    try reader.beginArray()
    while try reader.nextElement() {
      guard dexes.count < DexContexts.dexesMax else { throw JSONError(.tooLarge, offset: reader.offset) }
      var pair = 0
      var name = ""
      let first = contexts.count
      try reader.beginArray()
      while try reader.nextElement() {
        switch pair {
        case 0: name = try reader.readString().string
        case 1: try readRows(&reader)
        default: try reader.skipValue()
        }
        pair += 1
      }
      guard pair >= 2 else { throw JSONError(.badValue, offset: reader.offset) }
      dexes.append(Dex(name: name, rows: first..<contexts.count))
    }
  }

  private mutating func readRows(_ reader: inout JSONReader) throws(JSONError) {
    try reader.beginArray()
    while try reader.nextElement() {
      guard contexts.count < DexContexts.contextsMax else {
        throw JSONError(.tooLarge, offset: reader.offset)
      }
      let context = try reader.readAssetContext()
      if context == nil { invalid += 1 }
      contexts.append(context)
    }
  }
}
