public import Wire

extension InfoType {
  /// The listings of every dex, in the order of `perpDexs`.
  public static let allPerpMetas = InfoType(
    name: "allPerpMetas", weight: Venue.weightStandard, rowsPerWeight: nil)
}

extension Meta {
  /// Reads the body of an `allPerpMetas` reply; elements carry no dex name (take it from the coins' prefix).
  ///
  /// Throws `.null` for the body `null`, else as `decode(body:)`.
  public static func decodeAll(body: UnsafeRawBufferPointer) throws(JSONError) -> [Meta] {
    var reader = JSONReader(body)
    if try reader.readNull() { throw JSONError(.null, offset: 0) }
    var metas: [Meta] = []
    try reader.beginArray()
    while try reader.nextElement() {
      guard metas.count < PerpDex.dexesMax else { throw JSONError(.tooLarge, offset: reader.offset) }
      metas.append(try reader.readMeta())
    }
    try reader.finish()
    return metas
  }
}
