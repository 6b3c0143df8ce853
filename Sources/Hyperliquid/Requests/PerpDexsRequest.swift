public import Wire

extension InfoType {
  /// The builder dexes.
  public static let perpDexs = InfoType(name: "perpDexs", weight: Venue.weightStandard, rowsPerWeight: nil)
}

/// A perp dex. Its index in the answer is the dex index of asset ids.
public struct PerpDex: Hashable, Sendable {
  /// The most entries in an answer; 138 were recorded on testnet.
  public static let dexesMax = 1024

  /// Position in the answer; 0 is the main dex.
  public var index: Int
  /// The name used in requests and as coin prefix; empty for the main dex.
  public var name: String
  /// The name for people.
  public var fullName: String

  /// Reads the body: the main dex is the entry `null` at the front; a `null` elsewhere leaves a gap in the indices.
  ///
  /// Throws `.null` for the body `null`, `.badValue` for an entry without a name.
  public static func decode(body: UnsafeRawBufferPointer) throws(JSONError) -> [PerpDex] {
    var reader = JSONReader(body)
    if try reader.readNull() { throw JSONError(.null, offset: 0) }
    var dexes: [PerpDex] = []
    var index = 0
    try reader.beginArray()
    while try reader.nextElement() {
      guard index < dexesMax else { throw JSONError(.tooLarge, offset: reader.offset) }
      if try reader.readNull() {
        if index == 0 { dexes.append(PerpDex(index: 0, name: "", fullName: "")) }
      } else {
        dexes.append(try read(&reader, index))
      }
      index += 1
    }
    try reader.finish()
    return dexes
  }

  private static func read(_ reader: inout JSONReader, _ index: Int) throws(JSONError) -> PerpDex {
    var dex = PerpDex(index: index, name: "", fullName: "")
    try reader.beginObject()
    while let key = try reader.nextKey() {
      if key.is("name") {
        dex.name = try reader.readString().string
      } else if key.is("fullName") {
        dex.fullName = try reader.readText()?.string ?? ""
      } else {
        try reader.skipValue()
      }
    }
    guard !dex.name.isEmpty else { throw JSONError(.badValue, offset: reader.offset) }
    return dex
  }
}
