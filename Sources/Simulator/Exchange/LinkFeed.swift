import Market

/// One subscription, understood.
enum LinkFeed: Hashable {
  case trades(Int)
  case book(Int, BookShape)
  case allMids(Int)
  case context(Int)
  case allContexts
  case userFills(Address)

  /// Why a subscription was not understood.
  enum Refusal: Error {
    /// No such type, or fields missing: the same answer as for nonsense.
    case unparsable
    /// A coin or dex that does not exist.
    case invalid
  }

  init(_ request: RequestValue, _ world: World) throws(Refusal) {
    switch request["type"]?.text {
    case "trades": self = .trades(try LinkFeed.coin(request, world))
    case "activeAssetCtx": self = .context(try LinkFeed.coin(request, world))
    case "l2Book":
      let coin = try LinkFeed.coin(request, world)
      guard let figures = InfoKind.optional(request["nSigFigs"], 2...5),
        let mantissa = InfoKind.optional(request["mantissa"], 1...5)
      else { throw .unparsable }
      let fast = request["fast"] == .bool(true)
      self = .book(
        coin, BookShape(figures: figures.value, mantissa: mantissa.value, levels: fast ? 5 : 20, fast: fast))
    case "allMids":
      let name = request["dex"]?.text ?? ""
      guard let dex = CoinList.dexes.firstIndex(of: name) else { throw .invalid }
      self = .allMids(dex)
    case "allDexsAssetCtxs": self = .allContexts
    case "userFills":
      guard let user = request["user"]?.address else { throw .unparsable }
      self = .userFills(user)
    default: throw .unparsable
    }
  }

  private static func coin(_ request: RequestValue, _ world: World) throws(Refusal) -> Int {
    guard let name = request["coin"]?.text else { throw .unparsable }
    guard let index = world.coinIndex(name) else { throw .invalid }
    return index
  }

  /// Writes the subscription as the exchange echoes it: every key it knows filled in, addresses in lower
  /// case, whatever the client wrote.
  func write(_ world: World, _ text: ReplyText) {
    switch self {
    case .trades(let coin):
      text.raw("{\"type\":\"trades\",\"coin\":")
      text.string(world.coins[coin].name)
    case .context(let coin):
      text.raw("{\"type\":\"activeAssetCtx\",\"coin\":")
      text.string(world.coins[coin].name)
    case .book(let coin, let shape):
      text.raw("{\"type\":\"l2Book\",\"coin\":")
      text.string(world.coins[coin].name)
      text.raw(",\"nSigFigs\":")
      writeOptional(shape.figures, text)
      text.raw(",\"mantissa\":")
      writeOptional(shape.mantissa, text)
      text.raw(shape.fast ? ",\"fast\":true" : ",\"fast\":false")
    case .allMids(let dex):
      text.raw("{\"type\":\"allMids\",\"dex\":")
      if dex == 0 { text.raw("null") } else { text.string(CoinList.dexes[dex]) }
    case .allContexts: text.raw("{\"type\":\"allDexsAssetCtxs\"")
    case .userFills(let user):
      text.raw("{\"type\":\"userFills\",\"user\":")
      text.address(user)
      text.raw(",\"aggregateByTime\":false")
    }
    text.raw("}")
  }

  private func writeOptional(_ number: Int?, _ text: ReplyText) {
    if let number { text.int(number) } else { text.raw("null") }
  }
}
