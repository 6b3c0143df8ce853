import Base

/// What a client asks for on a WebSocket, and what it is told.
extension ExchangeLink {
  /// One text message of the client.
  func handle(_ bytes: UnsafeRawBufferPointer, nowMs: Int64) {
    guard limits.message(nowMs: nowMs, limits: exchange.limits) else {
      return sendError("Too many messages in the last minute")
    }
    guard let request = RequestValue(parsing: bytes), let method = request["method"]?.text else {
      return sendUnparsable(bytes)
    }
    switch method {
    case "ping":
      begin().raw("{\"channel\":\"pong\"}")
      send(.control)
    case "subscribe", "unsubscribe":
      guard let wanted = request["subscription"] else { return sendUnparsable(bytes) }
      do throws(LinkFeed.Refusal) {
        let feed = try LinkFeed(wanted, exchange.world)
        if method == "subscribe" { subscribe(feed, nowMs: nowMs) } else { unsubscribe(feed) }
      } catch {
        switch error {
        case .unparsable: sendUnparsable(bytes)
        case .invalid: sendError("Invalid subscription " + String(decoding: bytes, as: UTF8.self))
        }
      }
    case "post": post(request, bytes, nowMs: nowMs)
    default: sendUnparsable(bytes)
    }
  }

  private func subscribe(_ feed: LinkFeed, nowMs: Int64) {
    if feeds.contains(feed) { return sendStanding(feed, "Already subscribed: ") }
    guard limits.subscribe(limits: exchange.limits) else {
      return sendError("Cannot subscribe to more than \(exchange.limits.subscriptions) channels.")
    }
    if case .userFills(let user) = feed {
      guard limits.follow(userKey(user), limits: exchange.limits) else {
        limits.subscriptions -= 1
        return sendError("Cannot track more than \(exchange.limits.users) total users.")
      }
    }
    feeds.insert(feed)
    let dataFirst = exchange.faults.roll(faults.dataBeforeAck, &random)
    if !dataFirst { acknowledge("subscribe", feed) }
    start(feed, nowMs: nowMs)
    if dataFirst { acknowledge("subscribe", feed) }
  }

  private func unsubscribe(_ feed: LinkFeed) {
    guard feeds.remove(feed) != nil else { return sendStanding(feed, "Already unsubscribed: ") }
    limits.subscriptions -= 1
    if case .userFills(let user) = feed { limits.unfollow(userKey(user)) }
    stop(feed)
    acknowledge("unsubscribe", feed)
  }

  private func acknowledge(_ method: StaticString, _ feed: LinkFeed) {
    if exchange.faults.roll(faults.dropAck, &random) { return }
    let text = begin()
    text.raw("{\"channel\":\"subscriptionResponse\",\"data\":{\"method\":\"")
    text.raw(method)
    text.raw("\",\"subscription\":")
    feed.write(exchange.world, text)
    text.raw("}}")
    send(.control)
  }

  private func sendStanding(_ feed: LinkFeed, _ prefix: String) {
    let echo = ByteBuffer(capacity: 256)
    feed.write(exchange.world, ReplyText(echo))
    sendError(prefix + String(decoding: echo.bytes, as: UTF8.self))
  }

  private func sendUnparsable(_ bytes: UnsafeRawBufferPointer) {
    let echo = UnsafeRawBufferPointer(rebasing: bytes.prefix(1024))
    sendError("Error parsing JSON into valid websocket request: " + String(decoding: echo, as: UTF8.self))
  }

  func sendError(_ message: String) {
    let text = begin()
    text.raw("{\"channel\":\"error\",\"data\":")
    text.string(message)
    text.raw("}")
    send(.control)
  }

  /// An info request over the WebSocket: answered from the same REST budget.
  private func post(_ request: RequestValue, _ bytes: UnsafeRawBufferPointer, nowMs: Int64) {
    guard let id = request["id"]?.int, request["request"]?["type"]?.text == "info",
      let payload = request["request"]?["payload"], let type = payload["type"]?.text,
      let kind = InfoKind(payload)
    else { return sendUnparsable(bytes) }
    let text = begin()
    text.raw("{\"channel\":\"post\",\"data\":{\"id\":")
    text.int(id)
    guard limits.charge(kind.weight, nowMs: nowMs, limit: exchange.limits.weightPerMin) else {
      text.raw(",\"response\":{\"type\":\"error\",\"payload\":\"429 Too Many Requests\"}}}")
      return send(.control)
    }
    text.raw(",\"response\":{\"type\":\"info\",\"payload\":{\"type\":")
    text.string(type)
    text.raw(",\"data\":")
    let rows = exchange.answer(kind, into: text)
    text.raw("}}}}")
    limits.surcharge(kind.surcharge(rows: rows), nowMs: nowMs)
    send(.control)
  }
}
