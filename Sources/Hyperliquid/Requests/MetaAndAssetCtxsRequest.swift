public import Market
public import Wire

extension InfoType {
  /// The listing and the contexts of one dex.
  public static let metaAndAssetCtxs = InfoType(
    name: "metaAndAssetCtxs", weight: Venue.weightStandard, rowsPerWeight: nil)
}

/// A listing with the context of each of its coins.
public struct MetaAndContexts: Sendable {
  /// The listing.
  public var meta: Meta
  /// `contexts[i]` belongs to `meta.universe[i]`; `nil` where the row was no context.
  public var contexts: [AssetContext?]

  /// Reads the body; `.null` for the body `null`, `.badValue` when the two parts differ in length.
  public static func decode(body: UnsafeRawBufferPointer) throws(JSONError) -> MetaAndContexts {
    var reader = JSONReader(body)
    if try reader.readNull() { throw JSONError(.null, offset: 0) }
    var meta: Meta?
    var contexts: [AssetContext?] = []
    var part = 0
    try reader.beginArray()
    while try reader.nextElement() {
      switch part {
      case 0: meta = try reader.readMeta()
      case 1: contexts = try readContexts(&reader)
      default: try reader.skipValue()
      }
      part += 1
    }
    let end = reader.offset
    try reader.finish()
    guard let meta, part >= 2 else { throw JSONError(.missingField, offset: end) }
    guard meta.universe.count == contexts.count else { throw JSONError(.badValue, offset: end) }
    return MetaAndContexts(meta: meta, contexts: contexts)
  }

  private static func readContexts(_ reader: inout JSONReader) throws(JSONError) -> [AssetContext?] {
    var contexts: [AssetContext?] = []
    try reader.beginArray()
    while try reader.nextElement() {
      guard contexts.count < Meta.assetsMax else { throw JSONError(.tooLarge, offset: reader.offset) }
      contexts.append(try reader.readAssetContext())
    }
    return contexts
  }
}
