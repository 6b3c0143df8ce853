import Base
import Market

/// What a link is sent by itself: first frames, new trades and fills, and the feeds that repeat.
extension ExchangeLink {
  /// A feed that repeats.
  struct Repeating {
    var feed: LinkFeed
    var dueMs: Int64
    var periodMs: Int64
  }

  /// A followed user and the first fill not sent yet.
  struct Followed {
    var user: Address
    var account: Account?
    var cursor: Int
  }

  /// Sends a new subscription's first frame and remembers it for later ones.
  func start(_ feed: LinkFeed, nowMs: Int64) {
    switch feed {
    case .trades(let coin):
      // What happened before this moment is in the first frame, so it must not come again as news.
      deliverTrades()
      while tradesOf.count <= coin { tradesOf.append(false) }
      tradesOf[coin] = true
      guard !exchange.faults.silentCoins.contains(coin) else { return }
      let text = begin()
      text.raw("{\"channel\":\"trades\",\"data\":")
      _ = exchange.writeRecentTrades(coin, newestFirst: faults.newestFirst, text)
      text.raw("}")
      send(.trades)
    case .userFills(let user):
      let account = exchange.world.account(user)
      followed.append(Followed(user: user, account: account, cursor: account?.fills.end ?? 0))
      sendFills(followed.count - 1, isSnapshot: true)
    case .book(_, let shape):
      let period = shape.fast ? exchange.cadence.l2BookFastMs : exchange.cadence.l2BookMs
      startRepeating(feed, period, nowMs)
    case .allMids: startRepeating(feed, exchange.cadence.allMidsMs, nowMs)
    case .context: startRepeating(feed, exchange.cadence.activeAssetCtxMs, nowMs)
    case .allContexts: startRepeating(feed, exchange.cadence.allDexsAssetCtxsMs, nowMs)
    }
  }

  private func startRepeating(_ feed: LinkFeed, _ periodMs: Int, _ nowMs: Int64) {
    repeating.append(Repeating(feed: feed, dueMs: nowMs + Int64(periodMs), periodMs: Int64(periodMs)))
    sendState(feed)
  }

  func stop(_ feed: LinkFeed) {
    switch feed {
    case .trades(let coin): if coin < tradesOf.count { tradesOf[coin] = false }
    case .userFills(let user): followed.removeAll { $0.user == user }
    default: repeating.removeAll { $0.feed == feed }
    }
  }

  /// Everything that became due, up to the world's time.
  func deliverFeeds(nowMs: Int64) {
    deliverTrades()
    for index in followed.indices { sendFills(index, isSnapshot: false) }
    var index = 0
    while index < repeating.count, isOpen {
      if repeating[index].dueMs <= nowMs {
        let period = repeating[index].periodMs
        let late = (nowMs - repeating[index].dueMs) / period
        repeating[index].dueMs += (late + 1) * period
        sendState(repeating[index].feed)
      }
      index += 1
    }
    if let frame = held {
      held = nil
      frame.withUnsafeBytes { emit($0) }
    }
  }

  /// One frame per coin and block since the cursor, for the subscribed coins.
  func deliverTrades() {
    let world = exchange.world
    var position = max(blockCursor, world.blocks.start)
    missedBlocks += position - blockCursor
    let end = world.blocks.end
    while position < end {
      let entry = world.blocks[position]
      position += 1
      blockCursor = position
      let coin = Int(entry.coin)
      guard coin < tradesOf.count, tradesOf[coin], !exchange.faults.silentCoins.contains(coin) else {
        continue
      }
      let first = max(entry.first, world.coins[coin].trades.dropped)
      let last = entry.first + Int(entry.count)
      guard first < last else { continue }
      let text = begin()
      text.raw("{\"channel\":\"trades\",\"data\":")
      let isReversed = exchange.faults.roll(faults.reorder, &random)
      exchange.writeTrades(coin, first..<last, reversed: isReversed, text)
      text.raw("}")
      if isReversed, held == nil, !faults.isSilent {
        held = [UInt8](message.bytes)
      } else {
        send(.trades)
      }
      guard isOpen else { return }
    }
    blockCursor = end
  }

  private func sendFills(_ index: Int, isSnapshot: Bool) {
    let user = followed[index]
    let fills = user.account?.fills
    let end = fills?.end ?? 0
    guard isSnapshot || end > user.cursor else { return }
    let oldest = isSnapshot ? end - Exchange.fillsPageMax : user.cursor
    let first = max(oldest, fills?.dropped ?? 0)
    let text = begin()
    text.raw("{\"channel\":\"userFills\",\"data\":{")
    if isSnapshot { text.raw("\"isSnapshot\":true,") }
    text.raw("\"user\":")
    text.address(user.user)
    text.raw(",\"fills\":[")
    if let account = user.account {
      for number in first..<max(first, end) {
        if number > first { text.raw(",") }
        exchange.writeFill(account.fills[number], of: account, text)
      }
    }
    text.raw("]}}")
    followed[index].cursor = end
    send(.data)
  }

  private func sendState(_ feed: LinkFeed) {
    let world = exchange.world
    let text = begin()
    switch feed {
    case .allMids(let dex):
      text.raw("{\"channel\":\"allMids\",\"data\":{\"mids\":")
      exchange.writeMids(dex, text)
      if dex > 0 {
        text.raw(",\"dex\":")
        text.string(CoinList.dexes[dex])
      }
      text.raw("}}")
    case .book(let coin, let shape):
      guard !exchange.faults.silentCoins.contains(coin) else { return }
      text.raw("{\"channel\":\"l2Book\",\"data\":")
      exchange.writeBook(coin, shape, text)
      text.raw("}")
    case .context(let coin):
      text.raw("{\"channel\":\"activeAssetCtx\",\"data\":{\"coin\":")
      text.string(world.coins[coin].name)
      text.raw(",\"ctx\":")
      exchange.writeContext(coin, text)
      text.raw("}}")
    case .allContexts:
      text.raw("{\"channel\":\"allDexsAssetCtxs\",\"data\":{\"ctxs\":[")
      // The main dex's empty name sorts first by itself.
      for (place, name) in CoinList.dexes.sorted().enumerated() {
        text.raw(place > 0 ? ",[" : "[")
        text.string(name)
        text.raw(",")
        exchange.writeContexts(CoinList.dexes.firstIndex(of: name) ?? 0, text)
        text.raw("]")
      }
      text.raw("]}}")
    case .trades, .userFills: return
    }
    send(.data)
  }
}
