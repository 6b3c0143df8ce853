public import Base
public import Market
import Wire

/// A question to the exchange's REST interface: a POST to `/info` with this body. All are free of side effects.
///
/// `dex` is the builder dex's name, empty for the main dex, which is not written.
public enum InfoRequest: Hashable, Sendable {
  /// The listing of one dex.
  case meta(dex: String)
  /// The listing and the contexts of one dex.
  case metaAndAssetCtxs(dex: String)
  /// The builder dexes.
  case perpDexs
  /// The listings of every dex.
  case allPerpMetas
  /// The mid prices of one dex.
  case allMids(dex: String)
  /// The book of one coin.
  case l2Book(coin: String)
  /// The positions of one account on one dex.
  case clearinghouseState(user: Address, dex: String)
  /// A page of at most 2000 fills, oldest first; both times are inclusive.
  case userFillsByTime(user: Address, start: WallTime, end: WallTime?)
  /// A vault: its children, among others.
  case vaultDetails(vault: Address)

  /// The register entry with name and weight.
  public var type: InfoType {
    switch self {
    case .meta: .meta
    case .metaAndAssetCtxs: .metaAndAssetCtxs
    case .perpDexs: .perpDexs
    case .allPerpMetas: .allPerpMetas
    case .allMids: .allMids
    case .l2Book: .l2Book
    case .clearinghouseState: .clearinghouseState
    case .userFillsByTime: .userFillsByTime
    case .vaultDetails: .vaultDetails
    }
  }

  /// Appends the body; literal shapes of the fact sheet, §11.
  public func write(into out: ByteBuffer) {
    var json = JSONWriter(into: out)
    json.beginObject()
    json.key("type")
    json.string(type.name)
    switch self {
    case .perpDexs, .allPerpMetas: break
    case .meta(let dex), .metaAndAssetCtxs(let dex), .allMids(let dex):
      InfoRequest.write(dex: dex, &json)
    case .l2Book(let coin):
      json.key("coin")
      json.string(coin)
    case .clearinghouseState(let user, let dex):
      InfoRequest.write("user", user, &json)
      InfoRequest.write(dex: dex, &json)
    case .userFillsByTime(let user, let start, let end):
      InfoRequest.write("user", user, &json)
      json.key("startTime")
      json.int(start.ms)
      if let end {
        json.key("endTime")
        json.int(end.ms)
      }
    case .vaultDetails(let vault): InfoRequest.write("vaultAddress", vault, &json)
    }
    json.endObject()
  }

  private static func write(dex: String, _ json: inout JSONWriter) {
    guard !dex.isEmpty else { return }
    json.key("dex")
    json.string(dex)
  }

  private static func write(_ key: StaticString, _ address: Address, _ json: inout JSONWriter) {
    json.key(key)
    json.string(address.description)
  }
}
