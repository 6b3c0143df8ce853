// A subscription's transitions: assigned to a connection, sent, acked, live, left.
import Base
import Market
import Wire

extension Sessions {
  /// Messages kept for pings and pongs.
  static let messagesKept = 40

  // MARK: Counted states

  /// Moves a slot to `state`, keeping its link's counts right.
  func set(_ slot: Int, _ state: SlotState) {
    let former = table.slots[slot].state
    let isTrades = table.slots[slot].kind == Channel.trades.rawValue
    let hasCadence = !isTrades && table.slots[slot].rule.silenceMax != nil
    table.slots[slot].state = state
    let index = Int(table.slots[slot].link)
    guard index >= 0 else { return }
    links[index].queued += (state.isQueued ? 1 : 0) - (former.isQueued ? 1 : 0)
    links[index].outstanding += (state.isOutstanding ? 1 : 0) - (former.isOutstanding ? 1 : 0)
    let live = (state == .live ? 1 : 0) - (former == .live ? 1 : 0)
    if isTrades { links[index].tradesLive += live }
    if hasCadence { links[index].cadenceLive += live }
  }

  /// Frees a slot.
  func drop(_ slot: Int) {
    set(slot, .free)
    let index = Int(table.slots[slot].link)
    if index >= 0 { links[index].assigned -= 1 }
    table.remove(slot)
  }

  func isLeaving(_ slot: Int) -> Bool {
    table.slots[slot].state == .leaving || table.slots[slot].state == .left
  }

  /// Wanted again while it was being left.
  func rejoin(_ slot: Int) {
    switch table.slots[slot].state {
    case .leaving: set(slot, .renewing)
    case .left: set(slot, .queued)
    default: return
    }
    counters.wanted += 1
    pump(Int(table.slots[slot].link))
    stale()
  }

  func leave(_ slot: Int) {
    if table.slots[slot].kind == Channel.trades.rawValue {
      let coin = CoinID(raw: table.slots[slot].coin)
      if !gaps.isOpen(coin) { gaps.open(coin, from: nowHere, reason: .unsubscribed) }
    }
    switch table.slots[slot].state {
    case .waiting, .queued: drop(slot)
    case .renewing, .sent, .live, .parked:
      let index = Int(table.slots[slot].link)
      guard index >= 0, links[index].phase == .live else { return drop(slot) }
      set(slot, .leaving)
      pump(index)
    case .free, .leaving, .left: break
    }
  }

  // MARK: Assignment

  private func lane(_ slot: Int) -> TopicRule.Lane {
    config.connectionsMax == 1 ? .coins : table.slots[slot].rule.lane
  }

  /// Gives every waiting subscription without a connection one: as many connections per lane as its size asks
  /// for, the least loaded first. Who has a connection keeps it.
  func assign() {
    unassigned = 0
    for lane in [TopicRule.Lane.market, .coins] {
      var total = 0
      var isAnyNew = false
      for slot in 0..<table.used where table.slots[slot].state != .free && self.lane(slot) == lane {
        total += 1
        if table.slots[slot].link < 0 { isAnyNew = true }
      }
      guard isAnyNew else { continue }
      open(lane, (total + config.perConnectionMax - 1) / config.perConnectionMax)
      for slot in 0..<table.used where table.slots[slot].state == .waiting && table.slots[slot].link < 0 {
        guard self.lane(slot) == lane, let index = leastLoaded(lane) else { continue }
        table.slots[slot].link = Int8(index)
        links[index].assigned += 1
        links[index].emptySince = .never
        if links[index].phase == .live { set(slot, .queued) }
      }
    }
    for index in 0..<config.connectionsMax where links[index].queued > 0 { pump(index) }
  }

  private func open(_ lane: TopicRule.Lane, _ wanted: Int) {
    var open = 0
    for index in 0..<config.connectionsMax where links[index].phase != .idle && links[index].lane == lane {
      open += 1
    }
    // The market's one connection is never taken by the coins.
    let most = lane == .coins && config.connectionsMax > 1 ? config.connectionsMax - 1 : config.connectionsMax
    for index in 0..<config.connectionsMax where open < min(wanted, most) && links[index].phase == .idle {
      links[index].lane = lane
      links[index].phase = .waiting
      links[index].until = nowHere
      links[index].emptySince = .never
      open += 1
    }
  }

  private func leastLoaded(_ lane: TopicRule.Lane) -> Int? {
    var best: Int?
    for index in 0..<config.connectionsMax where links[index].phase != .idle && links[index].lane == lane {
      if let known = best, links[known].assigned <= links[index].assigned { continue }
      best = index
    }
    return best
  }

  // MARK: Sending

  /// Sends what is queued, as far as the message limit and the acks awaited allow.
  func pump(_ index: Int) {
    guard index >= 0, links[index].phase == .live else { return }
    links[index].sendAt = .never
    while links[index].queued > 0, links[index].outstanding < config.unackedMax {
      guard limits.messagesLeft(nowHere) > Sessions.messagesKept + 2 else {
        links[index].sendAt = nowHere + .milliseconds(250)
        return
      }
      transmit(nextQueued(index), index)
    }
  }

  private func nextQueued(_ index: Int) -> Int {
    var at = links[index].cursor
    for _ in 0...table.used {
      if at >= table.used { at = 0 }
      if Int(table.slots[at].link) == index, table.slots[at].state.isQueued {
        links[index].cursor = at + 1
        return at
      }
      at += 1
    }
    preconditionFailure("the count of queued subscriptions is wrong")
  }

  private func transmit(_ slot: Int, _ index: Int) {
    let topic = table.slots[slot].topic
    let subject: Subscription
    if let coin = topic.coin {
      // A coin the register does not know yet cannot be spelled; it comes with the next `coins`.
      guard coin.index < coins.count else { return park(slot) }
      subject = Subscription(topic.channel, coins[coin].name)
    } else if let user = topic.user {
      subject = Subscription(topic.channel, user: user)
    } else {
      subject = Subscription(topic.channel)
    }
    let state = table.slots[slot].state
    if state != .queued {
      scratch.removeAll()
      ClientMessage.unsubscribe(subject, into: scratch)
      write(index)
    }
    if state != .leaving {
      scratch.removeAll()
      ClientMessage.subscribe(subject, into: scratch)
      write(index)
    }
    set(slot, state == .leaving ? .left : .sent)
    table.slots[slot].deadline = nowHere + Venue.ackDeadline
  }

  // MARK: Answers

  /// An ack: of the topic whose keys are all in the echo.
  func acknowledge(_ index: Int, _ frame: Frame) {
    guard let ack = try? SubscriptionAck.decode(frame) else { return sawGarbage(index) }
    guard let slot = find(ack.channel, coin: ack.coin, user: ack.user, dex: ack.dex) else { return }
    switch ack.method {
    case .subscribe: subscribed(slot, index)
    case .unsubscribe: unsubscribed(slot, index)
    case .other: break
    }
  }

  /// An error frame; only some texts say what they are about.
  func complain(_ index: Int, _ frame: Frame) {
    counters.errorFrames += 1
    guard let error = try? ServerError.decode(frame) else { return sawGarbage(index) }
    guard let slot = named(in: error.text) else { return }
    switch error.kind {
    case .alreadySubscribed: subscribed(slot, index)
    case .alreadyUnsubscribed: unsubscribed(slot, index)
    case .invalidSubscription, .unparsableRequest:
      guard Int(table.slots[slot].link) == index else { return }
      if isLeaving(slot) { drop(slot) } else { park(slot) }
    case .tooManyUsers, .tooManyPosts, .other: break
    }
  }

  private func subscribed(_ slot: Int, _ index: Int) {
    guard Int(table.slots[slot].link) == index, table.slots[slot].state == .sent else { return }
    wentLive(slot)
  }

  private func unsubscribed(_ slot: Int, _ index: Int) {
    guard Int(table.slots[slot].link) == index, table.slots[slot].state == .left else { return }
    drop(slot)
  }

  private func find(_ channel: Channel, coin: JSONText?, user: JSONText?, dex: JSONText?) -> Int? {
    guard Int(channel.rawValue) < TopicRule.all.count else { return nil }
    switch TopicRule.all[Int(channel.rawValue)].key {
    case .none: return (dex?.count ?? 0) == 0 ? table.find(kind: Int(channel.rawValue)) : nil
    case .coin:
      guard let coin, let id = coins.find(coin) else { return nil }
      return table.find(kind: Int(channel.rawValue), coin: id)
    case .user:
      guard let user, let address = Address(user.bytes) else { return nil }
      return table.find(kind: Int(channel.rawValue), user: address)
    }
  }

  /// The slot of the subscription that an error text quotes, as itself or inside the whole request.
  private func named(in text: JSONText) -> Int? {
    scratch.removeAll()
    text.append(to: scratch)
    guard let start = scratch.bytes.firstIndex(of: UInt8(ascii: "{")) else { return nil }
    var reader = JSONReader(UnsafeRawBufferPointer(rebasing: scratch.bytes[start...]))
    return try? topic(&reader, depth: 0)
  }

  private func topic(_ reader: inout JSONReader, depth: Int) throws(JSONError) -> Int? {
    var type: JSONText?
    var coin: JSONText?
    var user: JSONText?
    var dex: JSONText?
    try reader.beginObject()
    while let key = try reader.nextKey() {
      if depth == 0, key.is("subscription") { return try topic(&reader, depth: 1) }
      if key.is("type") {
        type = try optional(&reader)
      } else if key.is("coin") {
        coin = try optional(&reader)
      } else if key.is("user") {
        user = try optional(&reader)
      } else if key.is("dex") {
        dex = try optional(&reader)
      } else {
        try reader.skipValue()
      }
    }
    guard let type else { return nil }
    return find(Channel(named: type), coin: coin, user: user, dex: dex)
  }

  private func optional(_ reader: inout JSONReader) throws(JSONError) -> JSONText? {
    try reader.readNull() ? nil : try reader.readString()
  }
}
