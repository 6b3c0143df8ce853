// The watches: is each connection alive, is each subscription alive, and what to do when not.
//
// A quiet coin is normal, so silence alone proves nothing about a trade subscription. Proof is evidence from
// elsewhere: the coin's volume grew (`marketMoved`) while its own feed stayed silent for `coinSilenceMax`. Then
// just this subscription is renewed (unsubscribe, subscribe), at growing intervals; after `strikesMax` renewals
// without data its connection is replaced, at most every `strikeReconnectInterval`, so that one bad coin cannot
// keep three hundred others reconnecting. Feeds with a cadence are judged by their own silence likewise.
import Base
import Market

extension Sessions {
  /// Looks at every connection and subscription; once a second.
  func sweep() {
    for index in 0..<config.connectionsMax where links[index].phase == .live { watch(index) }
    var stranded = 0
    for slot in 0..<table.used {
      switch table.slots[slot].state {
      case .free, .queued, .renewing, .leaving: break
      case .waiting: if table.slots[slot].link < 0 { stranded += 1 }
      case .sent: if nowHere >= table.slots[slot].deadline { ackMissing(slot) }
      case .left: if nowHere >= table.slots[slot].deadline { drop(slot) }
      case .parked: if nowHere >= table.slots[slot].deadline { set(slot, .queued) }
      case .live: watchSilence(slot)
      }
    }
    if stranded > 0 { assign() }
    for index in 0..<config.connectionsMax where links[index].queued > 0 { pump(index) }
  }

  private func watch(_ index: Int) {
    let quiet = nowHere - links[index].lastDataAt
    if links[index].assigned == 0 {
      if links[index].emptySince == .never { links[index].emptySince = nowHere }
      if nowHere - links[index].emptySince >= .seconds(60) { lose(index, .idle, sendCode: 1000) }
      return
    }
    let isBusy = links[index].tradesLive >= config.busyCoinsMin
    let patience = isBusy ? Venue.tradeSilenceMax : Venue.tradeSilenceMax * 4
    if links[index].tradesLive > 0, nowHere - links[index].lastTradeAt > patience {
      return lose(index, .tradeSilence, sendCode: 1000)
    }
    let mustFlow = links[index].lane == .market && links[index].cadenceLive > 0
    if mustFlow || !links[index].isVerified, quiet > Venue.connectionSilenceMax {
      return lose(index, .noData, sendCode: 1000)
    }
    if links[index].isVerified, nowHere - links[index].liveSince >= .seconds(30) {
      links[index].backoff.reset()
    }
  }

  private func watchSilence(_ slot: Int) {
    let lastAt = max(table.slots[slot].lastDataAt, table.slots[slot].liveAt)
    if let silenceMax = table.slots[slot].rule.silenceMax {
      if nowHere - lastAt > silenceMax { renew(slot) }
    } else if table.slots[slot].movedAt != .never {
      if nowHere - table.slots[slot].movedAt >= config.coinSilenceMax { renew(slot) }
    }
  }

  /// Subscribes a silent one again, or replaces its connection when that did not help.
  private func renew(_ slot: Int) {
    guard nowHere >= table.slots[slot].quietUntil else { return }
    let index = Int(table.slots[slot].link)
    let strikes = Int(table.slots[slot].strikes) + 1
    table.slots[slot].strikes = UInt8(min(strikes, 32))
    let pause = min(config.coinSilenceMax * (1 << min(strikes, 6)), .seconds(600))
    table.slots[slot].quietUntil = nowHere + pause
    counters.renewals += 1
    if table.slots[slot].kind == Channel.trades.rawValue {
      let coin = CoinID(raw: table.slots[slot].coin)
      let from = max(table.slots[slot].lastDataAt, table.slots[slot].liveAt)
      if !gaps.isOpen(coin) {
        gaps.open(coin, from: from, reason: .silentCoin)
        emit(.gapOpened(coin, from: from, .silentCoin))
      }
    }
    let mayReplace = links[index].struckAt.map { nowHere - $0 >= config.strikeReconnectInterval } ?? true
    if strikes > config.strikesMax, mayReplace {
      links[index].struckAt = nowHere
      table.slots[slot].strikes = 0
      lose(index, .silentSubscription, sendCode: 1000)
    } else {
      set(slot, .renewing)
    }
  }

  /// Data of this subscription came over `link`.
  @inline(__always)
  func touch(_ index: Int, _ link: Int, _ now: Instant) {
    let slot = table.slots + index
    guard Int(slot.pointee.link) == link else { return }
    slot.pointee.lastDataAt = now
    slot.pointee.movedAt = .never
    if slot.pointee.state == .live {
      // Frames right after a renewal are its replay; only later ones show that it flows again.
      if slot.pointee.strikes > 0, now - slot.pointee.liveAt > .seconds(2) { slot.pointee.strikes = 0 }
      return
    }
    dataBeforeAck(index, now)
  }

  @inline(never)
  private func dataBeforeAck(_ index: Int, _ now: Instant) {
    switch table.slots[index].state {
    case .sent, .renewing, .parked:
      nowHere = now
      wentLive(index)
    case .free, .waiting, .queued, .live, .leaving, .left: break
    }
  }

  /// Acked, or data came: its gap ends.
  func wentLive(_ slot: Int) {
    set(slot, .live)
    table.slots[slot].failures = 0
    table.slots[slot].parks = 0
    table.slots[slot].deadline = .never
    table.slots[slot].liveAt = nowHere
    table.slots[slot].movedAt = .never
    guard table.slots[slot].kind == Channel.trades.rawValue else { return }
    let coin = CoinID(raw: table.slots[slot].coin)
    guard gaps.isOpen(coin) else { return }
    let gap = gaps[coin, gaps.count(coin) - 1]
    gaps.close(coin, at: nowHere)
    if gap.reason == .silentCoin || gap.reason == .unacknowledged {
      emit(.gapClosed(coin, from: gap.from, to: nowHere))
    }
  }

  private func ackMissing(_ slot: Int) {
    counters.acksMissing += 1
    table.slots[slot].failures += 1
    if Int(table.slots[slot].failures) < config.ackFailuresMax { set(slot, .queued) } else { park(slot) }
  }

  /// Tried again after a growing while: a coin delisted meanwhile, a user too many.
  func park(_ slot: Int) {
    let parks = min(Int(table.slots[slot].parks), 4)
    table.slots[slot].parks = UInt8(parks + 1)
    table.slots[slot].failures = 0
    table.slots[slot].deadline = nowHere + min(config.parkFirst * (1 << parks), .seconds(600))
    set(slot, .parked)
    if table.slots[slot].kind == Channel.trades.rawValue {
      let coin = CoinID(raw: table.slots[slot].coin)
      if !gaps.isOpen(coin) { gaps.open(coin, from: nowHere, reason: .unacknowledged) }
    }
    emit(.parked(table.slots[slot].topic))
  }
}
