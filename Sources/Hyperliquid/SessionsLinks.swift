// A connection's transitions: attempt, upgrade, frames, loss.
import Base
import Market
import Wire

extension Sessions {
  /// The link's deadline passed.
  func passed(_ index: Int) {
    switch links[index].phase {
    case .idle: break
    case .waiting: attempt(index)
    case .connecting: lose(index, .connectFailed)
    case .upgrading: lose(index, .upgradeFailed)
    case .live:
      if nowHere >= links[index].pongDue { missedPong(index) }
      guard links[index].phase == .live else { return }
      if nowHere >= links[index].pingAt { ping(index) }
      if nowHere >= links[index].sendAt { pump(index) }
    }
  }

  private func attempt(_ index: Int) {
    let at = limits.nextAttempt(nowHere)
    guard at <= nowHere else {
      links[index].until = at
      return
    }
    limits.attempted(nowHere)
    counters.attempts += 1
    links[index].attempt &+= 1
    links[index].phase = .connecting
    links[index].until = nowHere + Venue.connectDeadline
    act(.connect(links[index].id))
  }

  func upgrade(_ index: Int, _ bytes: UnsafeRawBufferPointer) {
    switch links[index].wire.readUpgrade(bytes) {
    case .needMore: break
    case .refused(let status): lose(index, .upgradeFailed, code: UInt16(clamping: status))
    case .open(let rest):
      links[index].wentLive(nowHere)
      emit(.linkLive(links[index].id))
      for slot in 0..<table.used where Int(table.slots[slot].link) == index {
        if table.slots[slot].state == .waiting { set(slot, .queued) }
      }
      if !rest.isEmpty {
        links[index].wire.feed(rest)
        current = index
      }
      pump(index)
    }
    stale()
  }

  // MARK: Heartbeat

  private func ping(_ index: Int) {
    links[index].pingAt = nowHere + Venue.pingInterval
    scratch.removeAll()
    ClientMessage.ping(into: scratch)
    write(index)
    links[index].pingedAt = nowHere
    links[index].pongDue = nowHere + Venue.pongDeadline
  }

  /// No pong and no other frame either: dead. Frames without a pong: dead at the third time.
  private func missedPong(_ index: Int) {
    links[index].pongDue = .never
    links[index].pongsMissed += 1
    if links[index].lastFrameAt <= links[index].pingedAt || links[index].pongsMissed >= 3 {
      lose(index, .pongMissing, sendCode: 1000)
    }
  }

  /// Sends the message in `scratch`.
  func write(_ index: Int) {
    let from = outbox.count
    links[index].wire.writeText(scratch.bytes, random: &random, into: outbox)
    limits.sent(1, nowHere)
    counters.messages += 1
    send(index, from: from)
  }

  // MARK: Frames

  /// Decodes one message of the link; nil when it was for the pool itself or when more bytes are needed.
  func advance(_ index: Int) -> SessionEvent? {
    switch links[index].wire.next() {
    case .needMore:
      current = nil
      if links[index].queued > 0 {
        pump(index)
        stale()
      }
      return nil
    case .text(let bytes): return text(index, bytes)
    case .binary:
      links[index].lastFrameAt = nowHere
      sawGarbage(index)
    case .ping(let payload): answer(index, payload)
    case .pong: links[index].lastFrameAt = nowHere
    case .close(let code):
      lose(index, .closed, code: code, sendCode: code == 1005 || code == 1006 ? 1000 : code)
    case .broken(let code): lose(index, .protocolError, code: code, sendCode: code)
    }
    return nil
  }

  private func text(_ index: Int, _ bytes: UnsafeRawBufferPointer) -> SessionEvent? {
    counters.frames += 1
    let isFirst = links[index].lastFrameAt == links[index].liveSince && !links[index].isVerified
    links[index].frameBeforeAt = links[index].lastFrameAt
    links[index].lastFrameAt = nowHere
    let frame = Frame.classify(bytes)
    switch frame.channel {
    case .trades:
      links[index].lastTradeAt = nowHere
      counters.tradeFrames += 1
      counters.lastTradeAt = nowHere
    case .l2Book, .activeAssetCtx, .userFills: break
    case .allMids, .allDexsAssetCtxs:
      if let slot = table.find(kind: Int(frame.channel.rawValue)) { touch(slot, index, nowHere) }
    case .pong:
      links[index].pongDue = .never
      links[index].pongsMissed = 0
      stale()
      return nil
    case .subscriptionResponse:
      acknowledge(index, frame)
      return nil
    case .error:
      complain(index, frame)
      return nil
    case .unknown:
      counters.unknownFrames += 1
      return nil
    case .notJSON, .malformed:
      // Some servers greet in plain text (the sheet, §2).
      if frame.channel == .malformed || !isFirst { sawGarbage(index) }
      return nil
    }
    links[index].lastDataAt = nowHere
    links[index].isVerified = true
    return .data(frame, links[index].id)
  }

  private func answer(_ index: Int, _ payload: UnsafeRawBufferPointer) {
    links[index].lastFrameAt = nowHere
    // A flood of pings must not make us break the message limit.
    guard limits.messagesLeft(nowHere) > Sessions.messagesKept else { return }
    let from = outbox.count
    links[index].wire.writePong(payload, random: &random, into: outbox)
    limits.sent(1, nowHere)
    send(index, from: from)
  }

  func sawGarbage(_ index: Int) {
    counters.garbage += 1
    if nowHere - links[index].garbageSince >= .seconds(60) {
      links[index].garbageSince = nowHere
      links[index].garbage = 0
    }
    links[index].garbage += 1
    if links[index].garbage > config.garbagePerMinMax { lose(index, .garbage, code: 1008, sendCode: 1008) }
  }

  // MARK: Loss

  /// Ends this life of the link: opens gaps, tells driver and owner, and waits for the next attempt.
  func lose(
    _ index: Int, _ reason: LinkLoss, code: UInt16 = 0, sendCode: UInt16? = nil, isOpen: Bool = true
  ) {
    let id = links[index].id
    let phase = links[index].phase
    if current == index { current = nil }
    if phase == .live, let sendCode {
      let from = outbox.count
      links[index].wire.writeClose(sendCode, random: &random, into: outbox)
      send(index, from: from)
    }
    if isOpen, phase != .idle, phase != .waiting { act(.close(id)) }
    let since = reason == .tradeSilence ? links[index].lastTradeAt : links[index].lastFrameAt
    release(index, since: since, reason)
    links[index].attempt &+= 1
    links[index].wire.reset()
    let isWanted = links[index].assigned > 0 && reason != .stopped
    links[index].phase = isWanted ? .waiting : .idle
    links[index].until = isWanted ? nowHere + links[index].backoff.next() : .never
    if phase == .live, reason != .stopped, reason != .idle { counters.reconnects += 1 }
    if phase != .idle, phase != .waiting { emit(.linkLost(id, reason, code: code)) }
    stale()
  }

  /// Every subscription of the link waits again; those being left are gone with the connection.
  private func release(_ index: Int, since: Instant, _ reason: LinkLoss) {
    let gapReason: GapReason =
      switch reason {
      case .tradeSilence, .pongMissing, .noData: .silence
      case .silentSubscription: .silentCoin
      case .stopped, .idle: .unsubscribed
      default: .connection
      }
    for slot in 0..<table.used where Int(table.slots[slot].link) == index {
      switch table.slots[slot].state {
      case .free: break
      case .leaving, .left: drop(slot)
      default:
        set(slot, .waiting)
        table.slots[slot].movedAt = .never
        table.slots[slot].failures = 0
        guard table.slots[slot].kind == Channel.trades.rawValue else { break }
        let coin = CoinID(raw: table.slots[slot].coin)
        if !gaps.isOpen(coin) { gaps.open(coin, from: since, reason: gapReason) }
      }
    }
  }
}
