import Market

/// An info request, understood: its type and its checked fields.
enum InfoKind {
  case meta(dex: String)
  case metaAndAssetCtxs(dex: String)
  case perpDexs
  case allPerpMetas
  case allMids(dex: String)
  case clearinghouseState(user: Address, dex: String)
  case userFills(user: Address)
  case userFillsByTime(user: Address, startMs: Int64, endMs: Int64, reversed: Bool)
  case vaultDetails(vault: Address)
  case l2Book(coin: String, figures: Int?, mantissa: Int?)
  case recentTrades(coin: String)
  case exchangeStatus
  case spotMeta
  case spotClearinghouseState
  case userRole(user: Address)

  /// `nil` for an unknown type and for a missing or wrongly typed field.
  init?(_ request: RequestValue) {
    guard let type = request["type"]?.text else { return nil }
    var dex = ""
    switch request["dex"] {
    case nil, .null: break
    case .string(let name): dex = name
    default: return nil
    }
    switch type {
    case "meta": self = .meta(dex: dex)
    case "metaAndAssetCtxs": self = .metaAndAssetCtxs(dex: dex)
    case "perpDexs": self = .perpDexs
    case "allPerpMetas": self = .allPerpMetas
    case "allMids": self = .allMids(dex: dex)
    case "exchangeStatus": self = .exchangeStatus
    case "spotMeta": self = .spotMeta
    case "vaultDetails":
      guard let vault = request["vaultAddress"]?.address else { return nil }
      self = .vaultDetails(vault: vault)
    case "l2Book", "recentTrades":
      guard let coin = request["coin"]?.text else { return nil }
      guard type == "l2Book" else {
        self = .recentTrades(coin: coin)
        return
      }
      guard let figures = InfoKind.optional(request["nSigFigs"], 2...5),
        let mantissa = InfoKind.optional(request["mantissa"], 1...5)
      else { return nil }
      self = .l2Book(coin: coin, figures: figures.value, mantissa: mantissa.value)
    default:
      guard let user = request["user"]?.address else { return nil }
      switch type {
      case "clearinghouseState": self = .clearinghouseState(user: user, dex: dex)
      case "userFills": self = .userFills(user: user)
      case "userRole": self = .userRole(user: user)
      case "spotClearinghouseState": self = .spotClearinghouseState
      case "userFillsByTime":
        guard let start = request["startTime"]?.int, let end = InfoKind.time(request["endTime"]) else {
          return nil
        }
        self = .userFillsByTime(
          user: user, startMs: start, endMs: end, reversed: request["reversed"] == .bool(true))
      default: return nil
      }
    }
  }

  /// A number in `range`, or nothing; `nil` for anything else.
  static func optional(_ value: RequestValue?, _ range: ClosedRange<Int>) -> (value: Int?, ())? {
    switch value {
    case nil, .null: return (nil, ())
    case .integer(let number) where range.contains(Int(clamping: number)): return (Int(number), ())
    default: return nil
    }
  }

  /// An end time: absent and null mean no end.
  private static func time(_ value: RequestValue?) -> Int64? {
    switch value {
    case nil, .null: .max
    case .integer(let ms): ms
    default: nil
    }
  }

  /// The weight charged before answering (protocol sheet §4.1).
  var weight: Int {
    switch self {
    case .l2Book, .allMids, .clearinghouseState, .spotClearinghouseState, .exchangeStatus: 2
    case .userRole: 60
    default: 20
    }
  }

  /// The weight charged for what the answer held.
  func surcharge(rows: Int) -> Int {
    switch self {
    case .userFills, .userFillsByTime, .recentTrades: rows / 20
    default: 0
    }
  }
}
