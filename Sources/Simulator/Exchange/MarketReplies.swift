import Base
import Market

/// Answers about the market: universes, contexts, mids, books, recent trades.
extension Exchange {
  /// Writes the answer to `kind`; answers how many rows it held, for requests that pay by row.
  func answer(_ kind: InfoKind, into text: ReplyText) -> Int {
    switch kind {
    case .meta(let dex): writeForDex(dex, text) { writeMeta($0, text) }
    case .metaAndAssetCtxs(let dex):
      writeForDex(dex, text) {
        text.raw("[")
        writeMeta($0, text)
        text.raw(",")
        writeContexts($0, text)
        text.raw("]")
      }
    case .perpDexs: writeDexes(text)
    case .allPerpMetas:
      text.raw("[")
      for dex in world.universe.indices {
        if dex > 0 { text.raw(",") }
        writeMeta(dex, text)
      }
      text.raw("]")
    case .allMids(let dex): writeForDex(dex, text) { writeMids($0, text) }
    case .clearinghouseState(let user, let dex):
      writeForDex(dex, text) { writeClearinghouse(world.account(user), dex: $0, text) }
    case .userFills(let user): return writeNewestFills(user, text)
    case .userFillsByTime(let user, let start, let end, let reversed):
      return writeFills(user, startMs: start, endMs: end, reversed: reversed, text)
    case .vaultDetails(let vault): writeVault(vault, text)
    case .l2Book(let coin, let figures, let mantissa):
      guard let index = world.coinIndex(coin) else {
        text.raw("null")
        return 0
      }
      writeBook(index, BookShape(figures: figures, mantissa: mantissa, levels: 20, fast: false), text)
    case .recentTrades(let coin):
      guard let index = world.coinIndex(coin) else {
        text.raw("null")
        return 0
      }
      return writeRecentTrades(index, newestFirst: true, text)
    case .exchangeStatus:
      text.raw("{\"specialStatuses\":null,\"time\":")
      text.int(world.now.ms)
      text.raw("}")
    case .spotMeta: text.raw(Exchange.spotMeta)
    case .spotClearinghouseState: text.raw("{\"balances\":[]}")
    case .userRole(let user):
      let kind = world.account(user).map(\.kind)
      let role: StaticString = kind == nil ? "missing" : kind == .trader || kind == .maker ? "user" : "vault"
      text.raw("{\"role\":\"")
      text.raw(role)
      text.raw("\"}")
    }
    return 0
  }

  private func writeForDex(_ name: String, _ text: ReplyText, _ write: (Int) -> Void) {
    guard let dex = CoinList.dexes.firstIndex(of: name) else { return text.raw("null") }
    write(dex)
  }

  private func writeMeta(_ dex: Int, _ text: ReplyText) {
    text.raw("{\"universe\":[")
    for (number, index) in world.universe[dex].enumerated() {
      let coin = world.coins[index]
      if number > 0 { text.raw(",") }
      text.raw("{\"szDecimals\":")
      text.int(coin.szDecimals)
      text.raw(",\"name\":")
      text.string(coin.name)
      text.raw(",\"maxLeverage\":")
      text.int(coin.maxLeverage)
      text.raw(",\"marginTableId\":")
      text.int(coin.maxLeverage)
      if coin.onlyIsolated {
        text.raw(",\"onlyIsolated\":true")
        if dex > 0 { text.raw(",\"marginMode\":\"strictIsolated\"") }
      }
      if coin.isDelisted { text.raw(",\"isDelisted\":true") }
      text.raw("}")
    }
    text.raw("],\"marginTables\":[[50,{\"description\":\"\",\"marginTiers\":[{\"lowerBound\":\"0.0\",")
    text.raw("\"maxLeverage\":50}]}],[51,{\"description\":\"tiered 10x\",\"marginTiers\":[")
    text.raw(
      "{\"lowerBound\":\"0.0\",\"maxLeverage\":10},{\"lowerBound\":\"3000000.0\",\"maxLeverage\":5}]}]]")
    text.raw(",\"collateralToken\":0}")
  }

  func writeContexts(_ dex: Int, _ text: ReplyText) {
    text.raw("[")
    for (number, index) in world.universe[dex].enumerated() {
      if number > 0 { text.raw(",") }
      writeContext(index, text)
    }
    text.raw("]")
  }

  func writeContext(_ index: Int, _ text: ReplyText) {
    let coin = world.coins[index]
    let oracle = coin.isDelisted ? coin.mark : world.oracle(index, timeMs: world.now.ms)
    let touch = coin.touch
    let step = coin.step(at: coin.mark)
    text.raw("{\"funding\":")
    text.decimal(coin.funding, 10)
    text.raw(",\"openInterest\":")
    text.sz(coin.gross / 2, coin)
    text.raw(",\"prevDayPx\":")
    text.px(coin.hourMarks[0], coin)
    text.raw(",\"dayNtlVlm\":")
    text.usd(coin.hourNtl.reduce(0, &+))
    text.raw(",\"premium\":")
    if coin.isDelisted {
      text.raw("null")
    } else {
      text.decimal(World.scaled(coin.mark - oracle, by: 10_000_000_000, over: oracle), 10)
    }
    text.raw(",\"oraclePx\":")
    text.px(oracle, coin)
    text.raw(",\"markPx\":")
    text.px(coin.mark, coin)
    text.raw(",\"midPx\":")
    writeMid(index, text)
    text.raw(",\"impactPxs\":")
    if coin.isDelisted {
      text.raw("null")
    } else {
      text.raw("[")
      text.px(max(touch.bid - step, 1), coin)
      text.raw(",")
      text.px(touch.ask + step, coin)
      text.raw("]")
    }
    text.raw(",\"dayBaseVlm\":")
    text.sz(coin.hourLots.reduce(0, &+), coin)
    text.raw("}")
  }

  /// The middle of the touch, which may have one decimal more than a price; null when there is no book.
  private func writeMid(_ index: Int, _ text: ReplyText) {
    let coin = world.coins[index]
    if coin.isDelisted { return text.raw("null") }
    text.decimal((coin.touch.bid + coin.touch.ask) * 5, coin.pxDecimals + 1)
  }

  /// The flat map of mids in order of names; the main dex brings spot pairs along.
  func writeMids(_ dex: Int, _ text: ReplyText) {
    var names = world.universe[dex].map { (name: world.coins[$0].name, index: $0) }
    if dex == 0 { names += [("@107", -1), ("@142", -2), ("PURR/USDC", -3)] }
    names.sort { Array($0.name.utf8).lexicographicallyPrecedes(Array($1.name.utf8)) }
    text.raw("{")
    for (number, entry) in names.enumerated() {
      if number > 0 { text.raw(",") }
      text.string(entry.name)
      text.raw(":")
      if entry.index < 0 {
        text.decimal(Int64(28_718 - entry.index * 1_000), 3)
      } else if world.coins[entry.index].isDelisted {
        text.px(world.coins[entry.index].mark, world.coins[entry.index])
      } else {
        writeMid(entry.index, text)
      }
    }
    text.raw("}")
  }

  private func writeDexes(_ text: ReplyText) {
    text.raw("[null")
    for dex in 1..<world.universe.count {
      text.raw(",{\"name\":")
      text.string(CoinList.dexes[dex])
      text.raw(",\"fullName\":")
      text.string(CoinList.dexes[dex].uppercased())
      text.raw(",\"deployer\":")
      text.address(Address(a: world.noise(900, UInt64(dex)), b: world.noise(901, UInt64(dex)), c: 7))
      text.raw(",\"oracleUpdater\":null,\"feeRecipient\":")
      text.address(Address(a: world.noise(902, UInt64(dex)), b: world.noise(903, UInt64(dex)), c: 8))
      text.raw(",\"assetToStreamingOiCap\":[")
      for (number, index) in world.universe[dex].enumerated() {
        text.raw(number > 0 ? ",[" : "[")
        text.string(world.coins[index].name)
        text.raw(",\"25000000.0\"]")
      }
      text.raw("],\"subDeployers\":[],\"deployerFeeScale\":\"1.0\",")
      text.raw("\"lastDeployerFeeScaleChangeTime\":\"1970-01-01T00:00:00\",\"assetToFundingMultiplier\":[]}")
    }
    text.raw("]")
  }

  /// The two spot pairs whose names clients must not take for perps.
  private static let spotMeta: StaticString = """
    {"universe":[{"tokens":[1,0],"name":"PURR/USDC","index":0,"isCanonical":true},\
    {"tokens":[150,0],"name":"@107","index":107,"isCanonical":false}],\
    "tokens":[{"name":"USDC","szDecimals":8,"weiDecimals":8,"index":0,\
    "tokenId":"0x6d1e7cde53ba9467b783cb7c530ce054","isCanonical":true,"evmContract":null,"fullName":null},\
    {"name":"PURR","szDecimals":0,"weiDecimals":5,"index":1,\
    "tokenId":"0xc1fb593aeffbeb02f85e0308e9956a90","isCanonical":true,"evmContract":null,"fullName":null}]}
    """

  /// The last trades of a coin as an array of the feed's rows; answers their number.
  func writeRecentTrades(_ index: Int, newestFirst: Bool, _ text: ReplyText) -> Int {
    let log = world.coins[index].trades
    let first = max(log.dropped, log.end - World.recentTradesMax)
    writeTrades(index, first..<log.end, reversed: newestFirst, text)
    return log.end - first
  }

  /// Trades of a coin by absolute number, as an array of the feed's rows.
  func writeTrades(_ index: Int, _ range: Range<Int>, reversed: Bool, _ text: ReplyText) {
    let coin = world.coins[index]
    text.raw("[")
    for offset in 0..<range.count {
      if offset > 0 { text.raw(",") }
      let row = coin.trades[reversed ? range.upperBound - 1 - offset : range.lowerBound + offset]
      text.raw("{\"coin\":")
      text.string(coin.name)
      text.raw(row.isBuy ? ",\"side\":\"B\",\"px\":" : ",\"side\":\"A\",\"px\":")
      text.px(row.px, coin)
      text.raw(",\"sz\":")
      text.sz(row.sz, coin)
      text.raw(",\"time\":")
      text.int(row.timeMs)
      text.raw(",\"hash\":")
      text.hash(row.order)
      text.raw(",\"tid\":")
      text.int(row.tid)
      text.raw(",\"users\":[")
      text.address(world.accounts[row.buyer].address)
      text.raw(",")
      text.address(world.accounts[Int(row.seller)].address)
      text.raw("]}")
    }
    text.raw("]")
  }
}
