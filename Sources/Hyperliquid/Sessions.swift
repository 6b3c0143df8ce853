// The pool of WebSocket connections to the exchange: keeps a set of subscriptions alive for ever.
//
// Sans-IO. The driver tells what happened (`connected`, `received`, `disconnected`, `tick`), then reads
// `nextEvent` until nil and `nextAction` until nil; `nextDeadline` is its timer. The owner says what it wants
// (`subscribe`, `unsubscribe`) and what it saw (`heard`, `marketMoved`, `garbage`).
//
// Per frame on the hot path: one WebSocket header, one look at the channel, three stores; no allocation.
// Bounds: `SessionLimits`; `eventsMax` unread events (newest dropped and counted); each connection's decoder
// holds one message of at most `Venue.messageBytesMax`. Deterministic from the seed and the calls.
// Invariant: what the exchange counts per address (connections, attempts, messages, subscriptions, users) never
// exceeds `SessionLimits`, over all connections together.
public import Base
public import Market

/// The connections and their subscriptions.
public final class Sessions {
  /// The most unread events kept.
  public static let eventsMax = 1024
  /// How much later than the trades in it a frame may come.
  public static let latenessMax = TimeSpan.seconds(1)
  /// How often subscriptions are looked at.
  public static let sweepInterval = TimeSpan.seconds(1)

  /// Where each coin's trades were not followed.
  public let gaps = GapLog()
  /// Names for messages and acks: hand over the register again whenever it changed.
  @exclusivity(unchecked) public var coins = Coins()

  let host: String
  let path: String
  let config: SessionLimits
  let outbox: ByteBuffer
  let table: SubscriptionTable
  let links: UnsafeMutablePointer<Session>
  let scratch = ByteBuffer(capacity: 512)
  @exclusivity(unchecked) var limits: ConnectionLimits
  @exclusivity(unchecked) var random: PRNG
  @exclusivity(unchecked) var counters = SessionStats()
  @exclusivity(unchecked) var isRunning = false
  @exclusivity(unchecked) var unassigned = 0
  @exclusivity(unchecked) var sweepAt: Instant = .never
  @exclusivity(unchecked) var current: Int?
  @exclusivity(unchecked) var nowHere: Instant = .zero
  @exclusivity(unchecked) private var cachedDeadline: Instant?
  @exclusivity(unchecked) private var actions: [SessionAction] = []
  @exclusivity(unchecked) private var actionHead = 0
  @exclusivity(unchecked) private var events: [SessionEvent] = []
  @exclusivity(unchecked) private var eventHead = 0

  /// A stopped pool that speaks to `host` (as in the Host header) and `path`, and writes into `outbox`, which
  /// must not be emptied before the actions were carried out.
  public init(
    host: String, path: String = "\(Venue.webSocketPath)", limits: SessionLimits = SessionLimits(),
    outbox: ByteBuffer, seed: UInt64
  ) {
    precondition(limits.connectionsMax > 0 && limits.connectionsMax <= 64)
    self.host = host
    self.path = path
    self.outbox = outbox
    config = limits
    self.limits = ConnectionLimits(limits)
    random = PRNG(seed: seed)
    table = SubscriptionTable(capacity: limits.subscriptionsMax, usersMax: limits.usersMax)
    links = .allocate(capacity: limits.connectionsMax)
    for index in 0..<limits.connectionsMax {
      (links + index).initialize(to: Session(index: index, seed: random.next()))
    }
    actions.reserveCapacity(64)
    events.reserveCapacity(64)
  }

  deinit {
    links.deinitialize(count: config.connectionsMax)
    links.deallocate()
  }

  // MARK: What the owner wants

  /// Begins to connect for what is wanted.
  public func start(now: Instant) {
    guard !isRunning else { return }
    isRunning = true
    nowHere = now
    for index in 0..<table.used where table.slots[index].state == .waiting && table.slots[index].link < 0 {
      unassigned += 1
    }
    sweepAt = now
    stale()
  }

  /// Closes every connection with code 1001; what is wanted stays known, `start` begins anew.
  public func stop(now: Instant) {
    guard isRunning else { return }
    nowHere = now
    for index in 0..<config.connectionsMax where links[index].phase != .idle {
      lose(index, .stopped, sendCode: 1001)
      links[index].phase = .idle
    }
    for index in 0..<table.used where table.slots[index].state == .waiting { table.slots[index].link = -1 }
    for index in 0..<config.connectionsMax { links[index].assigned = 0 }
    unassigned = 0
    isRunning = false
    sweepAt = .never
    stale()
  }

  /// Wants a feed; false when the exchange's limits leave no room (counted as `refused`).
  @discardableResult
  public func subscribe(_ topic: Topic, now: Instant) -> Bool {
    nowHere = now
    if let known = table.find(topic) {
      rejoin(known)
      return true
    }
    guard table.insert(topic) != nil else {
      counters.refused += 1
      return false
    }
    counters.wanted += 1
    if isRunning { unassigned += 1 }
    stale()
    return true
  }

  /// No longer wants a feed; its gap opens now.
  public func unsubscribe(_ topic: Topic, now: Instant) {
    nowHere = now
    guard let index = table.find(topic), !isLeaving(index) else { return }
    counters.wanted -= 1
    leave(index)
    stale()
  }

  // MARK: What the owner saw

  /// A frame of a coin's feed was decoded and is about `coin`: the evidence that this subscription lives.
  @inline(__always)
  public func heard(_ channel: Channel, _ coin: CoinID, _ link: LinkID, now: Instant) {
    guard let index = table.find(kind: Int(channel.rawValue), coin: coin) else { return }
    touch(index, Int(link.index), now)
  }

  /// The same for an account's feed.
  public func heard(_ channel: Channel, user: Address, _ link: LinkID, now: Instant) {
    guard let index = table.find(kind: Int(channel.rawValue), user: user) else { return }
    touch(index, Int(link.index), now)
  }

  /// Other evidence (its volume grew) says that `coin` traded: if its own trades stay silent for
  /// `coinSilenceMax`, its subscription is renewed.
  @inline(__always)
  public func marketMoved(_ coin: CoinID, now: Instant) {
    guard let index = table.find(kind: Int(Channel.trades.rawValue), coin: coin) else { return }
    let slot = table.slots + index
    guard slot.pointee.state == .live, slot.pointee.movedAt == .never else { return }
    // The context feed comes about once a second, the trade itself earlier: a move this close to data is it.
    guard now - slot.pointee.lastDataAt > .seconds(5) else { return }
    slot.pointee.movedAt = now
  }

  /// A frame of `link` could not be decoded; too many of them end the connection.
  public func garbage(_ link: LinkID, now: Instant) {
    nowHere = now
    guard isLive(link) else { return }
    sawGarbage(Int(link.index))
  }

  /// A frame of trades of `link` could not be decoded: whatever it told, of whichever coin, is lost. A gap of
  /// every coin of the connection says so.
  public func unreadTrades(_ link: LinkID, now: Instant) {
    guard isLive(link) else { return }
    // What a frame tells happened before it arrived.
    admit(.unreadable, from: links[Int(link.index)].frameBeforeAt - Sessions.latenessMax, now, link: link)
  }

  /// Trades received since `from` were not counted, because the exchange's clock was not known: a gap of every
  /// coin.
  public func misdatedTrades(since from: Instant, now: Instant) {
    admit(.misdated, from: from - Sessions.latenessMax, now, link: nil)
  }

  /// A gap that ends now, of every coin that is followed (over `link`).
  private func admit(_ reason: GapReason, from: Instant, _ now: Instant, link: LinkID?) {
    for slot in 0..<table.used where link.map({ Int(table.slots[slot].link) == Int($0.index) }) ?? true {
      guard table.slots[slot].state != .free, table.slots[slot].kind == Channel.trades.rawValue else {
        continue
      }
      let coin = CoinID(raw: table.slots[slot].coin)
      gaps.admit(coin, from: from, to: now, reason: reason)
    }
  }

  // MARK: What the driver did

  /// The TCP (and TLS) connection asked for by `.connect(link)` is up.
  public func connected(_ link: LinkID, now: Instant) {
    nowHere = now
    let index = Int(link.index)
    guard index < config.connectionsMax, links[index].isCurrent(link) else { return }
    guard links[index].phase == .connecting else { return }
    links[index].phase = .upgrading
    links[index].until = now + Venue.upgradeDeadline
    let from = outbox.count
    links[index].wire.writeUpgrade(host: host, path: path, random: &random, into: outbox)
    send(index, from: from)
    stale()
  }

  /// Bytes came. They must stay valid, with 64 readable bytes behind them, until `nextEvent` answered nil.
  public func received(_ link: LinkID, _ bytes: UnsafeRawBufferPointer, now: Instant) {
    nowHere = now
    let index = Int(link.index)
    guard index < config.connectionsMax, links[index].isCurrent(link) else { return }
    precondition(current == nil, "read nextEvent to its end before the next bytes")
    switch links[index].phase {
    case .live:
      links[index].wire.feed(bytes)
      current = index
    case .upgrading: upgrade(index, bytes)
    case .idle, .waiting, .connecting: break
    }
  }

  /// The connection failed or ended; late reports of earlier lives are ignored.
  public func disconnected(_ link: LinkID, now: Instant) {
    nowHere = now
    let index = Int(link.index)
    guard index < config.connectionsMax, links[index].isCurrent(link) else { return }
    switch links[index].phase {
    case .connecting: lose(index, .connectFailed, isOpen: false)
    case .upgrading: lose(index, .upgradeFailed, isOpen: false)
    case .live: lose(index, .cut, isOpen: false)
    case .idle, .waiting: break
    }
  }

  /// Lets time pass: deadlines, watches, paced messages. Harmless at any moment.
  public func tick(now: Instant) {
    nowHere = now
    guard isRunning else { return }
    for index in 0..<config.connectionsMax where now >= links[index].deadline { passed(index) }
    if unassigned > 0 { assign() }
    if now >= sweepAt {
      sweep()
      sweepAt = now + Sessions.sweepInterval
    }
    stale()
  }

  /// When `tick` must be called next; `never` when stopped.
  public var nextDeadline: Instant {
    if let cachedDeadline { return cachedDeadline }
    guard isRunning else { return .never }
    var next = unassigned > 0 ? nowHere : sweepAt
    for index in 0..<config.connectionsMax { next = min(next, links[index].deadline) }
    cachedDeadline = next
    return next
  }

  /// The next thing the driver shall do, in order; nil when all are taken.
  public func nextAction() -> SessionAction? {
    guard actionHead < actions.count else {
      if actionHead > 0 {
        actions.removeAll(keepingCapacity: true)
        actionHead = 0
      }
      return nil
    }
    actionHead += 1
    return actions[actionHead - 1]
  }

  /// The next event, decoding as much of the received bytes as it needs; nil when all are read.
  public func nextEvent() -> SessionEvent? {
    while true {
      if eventHead < events.count {
        eventHead += 1
        return events[eventHead - 1]
      }
      if eventHead > 0 {
        events.removeAll(keepingCapacity: true)
        eventHead = 0
      }
      guard let index = current else { return nil }
      if let event = advance(index) { return event }
    }
  }

  /// The numbers of this moment.
  public var stats: SessionStats {
    var stats = counters
    for index in 0..<config.connectionsMax {
      if links[index].phase == .live { stats.linksLive += 1 }
      stats.tradesLive += links[index].tradesLive
    }
    for index in 0..<table.used where table.slots[index].state == .live { stats.live += 1 }
    return stats
  }

  /// Feeds wanted.
  public var subscriptionCount: Int { table.count }
  /// Events nobody has taken yet.
  public var unreadEvents: Int { events.count - eventHead }

  /// Whether trades flow: live trade subscriptions and a trade within `Venue.tradeSilenceMax`.
  public func isHealthy(now: Instant) -> Bool {
    counters.lastTradeAt > .zero && now - counters.lastTradeAt <= Venue.tradeSilenceMax
  }

  // MARK: Shared by the parts

  func stale() { cachedDeadline = nil }

  func isLive(_ link: LinkID) -> Bool {
    let index = Int(link.index)
    return index < config.connectionsMax && links[index].isCurrent(link) && links[index].phase == .live
  }

  func emit(_ event: SessionEvent) {
    guard events.count - eventHead < Sessions.eventsMax else {
      counters.eventsDropped += 1
      return
    }
    events.append(event)
  }

  func act(_ action: SessionAction) { actions.append(action) }

  /// Sends what lies behind `from` in the outbox; runs for the same link grow into one action.
  func send(_ index: Int, from: Int) {
    let range = from..<outbox.count
    guard !range.isEmpty else { return }
    if actions.count > actionHead, case .send(let link, let last) = actions[actions.count - 1],
      link == links[index].id, last.upperBound == from
    {
      actions[actions.count - 1] = .send(link, last.lowerBound..<range.upperBound)
    } else {
      actions.append(.send(links[index].id, range))
    }
  }
}
