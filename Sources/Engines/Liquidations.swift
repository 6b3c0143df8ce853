public import Base
public import Market

/// Liquidations found in the fills of followed accounts. Partial by nature: what nobody followed took part in is not
/// seen.
///
/// One execution may be told several times: by both counterparties, again after each reconnect, by REST and WebSocket.
/// It counts once: by coin, trade id and time. After a restart the file's rows have no trade id; each of them is held
/// against the first execution told of the same coin, time, side, price and size.
/// Bounds: `eventsMax` events; when full the oldest go and what is older than they is not taken any more. Events older
/// than a week are neither taken nor kept: the file keeps them longer, but what it has of them is not known here. Below 100 dollars nothing counts.
public final class Liquidations {
  /// The most events remembered (8 MB with their keys).
  public static let eventsMax = 50_000
  /// The smallest event.
  public static let sizeUsdMin = Usd(micros: 100_000_000)
  /// How long an event is kept.
  public static let kept = TimeSpan.seconds(7 * 86_400)

  /// What became of a fill.
  public enum Outcome: Hashable, Sendable {
    /// A liquidation not known before.
    case new(LiquidationEvent)
    /// A liquidation counted already.
    case duplicate
    /// A liquidation below 100 dollars.
    case small
    /// A liquidation older than what is kept.
    case tooOld
    /// No liquidation of a listed coin.
    case other
  }

  /// Sums of one side.
  public struct Side: Hashable, Sendable {
    /// Dollars liquidated.
    public var sizeUsd = Usd.zero
    /// Events.
    public var count = 0

    /// Nothing.
    public init() {}
  }

  /// Sums by side.
  public struct Totals: Hashable, Sendable {
    /// Longs liquidated.
    public var long = Side()
    /// Shorts liquidated.
    public var short = Side()

    /// Nothing.
    public init() {}
  }

  private struct Held {
    var event: LiquidationEvent
    /// Nil for one restored that no execution has claimed.
    var key: Key?
  }

  /// One execution: its trade id, or for rows without one (of 2023, or 0) a digest of hash, size and price.
  private struct Key: Hashable {
    var timeMs: Int64
    var tid: UInt64
    var coin: CoinID
    var isDigest: Bool
  }

  /// What the file keeps of an execution.
  private struct Content: Hashable {
    var coin: CoinID
    var timeMs: Int64
    var isLong: Bool
    var px: Px
    var sizeUsd: Usd
  }

  private let eventsMax: Int
  /// Oldest first.
  private var events: [Held] = []
  /// Come since `events` was last in order.
  private var pending: [Held] = []
  private var keys: Set<Key> = []
  /// Restored events no execution has claimed yet.
  private var unclaimed: [Content: Int] = [:]
  private var notBefore = Int64.min

  /// Events counted in this run.
  public private(set) var counted: UInt64 = 0
  /// Executions told again.
  public private(set) var duplicates: UInt64 = 0
  /// Executions below 100 dollars.
  public private(set) var small: UInt64 = 0
  /// Events dropped at the bound.
  public private(set) var dropped: UInt64 = 0
  /// Counts changes of what can be read here.
  public private(set) var version: UInt64 = 0
  /// When the last event counted in this run occurred.
  public private(set) var lastAt: WallTime?

  /// None known.
  public init(eventsMax: Int = Liquidations.eventsMax) { self.eventsMax = eventsMax }

  /// Events remembered.
  public var count: Int { events.count + pending.count }

  /// Takes a row of `user`'s fill history.
  public func apply(_ fill: Fill, of user: Address, now: WallTime) -> Outcome {
    guard let event = LiquidationEvent(fill, of: user) else { return .other }
    guard event.sizeUsd >= Liquidations.sizeUsdMin else {
      small += 1
      return .small
    }
    guard event.occurredAt.ms >= max(notBefore, now.ms - Liquidations.kept.milliseconds) else {
      return .tooOld
    }
    let key = Liquidations.key(fill, event)
    guard keys.insert(key).inserted else {
      duplicates += 1
      return .duplicate
    }
    let content = Liquidations.content(event)
    if let left = unclaimed[content] {
      unclaimed[content] = left > 1 ? left - 1 : nil
      claim(content, key)
      duplicates += 1
      return .duplicate
    }
    counted += 1
    lastAt = lastAt.map { max($0, event.occurredAt) } ?? event.occurredAt
    add(Held(event: event, key: key))
    return .new(event)
  }

  /// Takes the file's events, in any order. The answer is those of them that were told in this life already, because
  /// the file opened late: they are the same executions.
  @discardableResult
  public func restore(_ file: [LiquidationEvent]) -> [LiquidationEvent] {
    settle()
    var told: [Content: Int] = [:]
    for held in events where held.key != nil { told[Liquidations.content(held.event), default: 0] += 1 }
    var known: [LiquidationEvent] = []
    for event in file {
      let content = Liquidations.content(event)
      if let left = told[content] {
        told[content] = left > 1 ? left - 1 : nil
        known.append(event)
      } else {
        unclaimed[content, default: 0] += 1
        add(Held(event: event, key: nil))
      }
    }
    return known
  }

  /// The events not older than `since`, newest first, at most `limit`; of one coin if given.
  public func forEach(
    coin: CoinID? = nil, since: WallTime, limit: Int, _ body: (LiquidationEvent) -> Void
  ) {
    settle()
    var left = limit
    for held in events.reversed() where left > 0 {
      if held.event.occurredAt < since { return }
      if let coin, held.event.coin != coin { continue }
      body(held.event)
      left -= 1
    }
  }

  /// The sums over all events not older than `since`; of one coin if given.
  public func totals(coin: CoinID? = nil, since: WallTime) -> Totals {
    settle()
    var totals = Totals()
    for held in events.reversed() {
      if held.event.occurredAt < since { break }
      if let coin, held.event.coin != coin { continue }
      if held.event.isLong {
        Liquidations.add(held.event, &totals.long)
      } else {
        Liquidations.add(held.event, &totals.short)
      }
    }
    return totals
  }

  /// Drops events older than a week.
  public func expire(now: WallTime) {
    settle()
    let before = now.ms - Liquidations.kept.milliseconds
    let end = events.firstIndex { $0.event.occurredAt.ms >= before } ?? events.count
    remove(end)
  }

  private static func add(_ event: LiquidationEvent, _ side: inout Side) {
    let (sum, overflow) = side.sizeUsd.micros.addingReportingOverflow(event.sizeUsd.micros)
    side.sizeUsd = Usd(micros: overflow ? .max : sum)
    side.count += 1
  }

  private static func key(_ fill: Fill, _ event: LiquidationEvent) -> Key {
    if let tid = fill.tid, tid != 0 {
      return Key(timeMs: fill.time.ms, tid: tid, coin: event.coin, isDigest: false)
    }
    var digest: UInt64 = 0
    let words = fill.hash.words
    for word in [
      words.x, words.y, words.z, words.w, UInt64(bitPattern: fill.px.raw), UInt64(bitPattern: fill.sz.raw),
    ] {
      let product = (digest ^ word &+ 0x9E37_79B9_7F4A_7C15).multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
      digest = product.high ^ product.low
    }
    return Key(timeMs: fill.time.ms, tid: digest, coin: event.coin, isDigest: true)
  }

  private static func content(_ event: LiquidationEvent) -> Content {
    Content(
      coin: event.coin, timeMs: event.occurredAt.ms, isLong: event.isLong, px: event.price,
      sizeUsd: event.sizeUsd)
  }

  /// Gives the restored event its execution's key, so that both go together.
  private func claim(_ content: Content, _ key: Key) {
    settle()
    var index = firstIndex(notBefore: content.timeMs)
    while index < events.count, events[index].event.occurredAt.ms == content.timeMs {
      if events[index].key == nil, Liquidations.content(events[index].event) == content {
        events[index].key = key
        return
      }
      index += 1
    }
  }

  private func firstIndex(notBefore ms: Int64) -> Int {
    var low = 0
    var high = events.count
    while low < high {
      let middle = (low + high) / 2
      if events[middle].event.occurredAt.ms < ms { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private func add(_ held: Held) {
    version &+= 1
    pending.append(held)
    if pending.count >= 1024 || count > eventsMax { settle() }
  }

  /// Brings the events into order of time; those of one millisecond as they came.
  private func settle() {
    guard !pending.isEmpty else { return }
    if pending.count <= 4 {
      for held in pending { events.insert(held, at: firstIndex(notBefore: held.event.occurredAt.ms &+ 1)) }
    } else {
      merge()
    }
    pending.removeAll(keepingCapacity: true)
    if events.count > eventsMax {
      let over = events.count - eventsMax
      dropped += UInt64(over)
      remove(over)
    }
    // Full, or as much of the file as a restart takes: what is as old as the oldest may be known or not.
    if events.count == eventsMax, let oldest = events.first { notBefore = oldest.event.occurredAt.ms &+ 1 }
  }

  /// Only what lies behind the earliest of the new ones moves.
  private func merge() {
    let order = pending.indices.sorted {
      (pending[$0].event.occurredAt, $0) < (pending[$1].event.occurredAt, $1)
    }
    guard let earliest = order.first.map({ pending[$0].event.occurredAt.ms }) else { return }
    let start = firstIndex(notBefore: earliest &+ 1)
    let tail = Array(events[start...])
    events.removeLast(tail.count)
    var old = 0
    for index in order {
      let held = pending[index]
      while old < tail.count, tail[old].event.occurredAt <= held.event.occurredAt {
        events.append(tail[old])
        old += 1
      }
      events.append(held)
    }
    events.append(contentsOf: tail[old...])
  }

  private func remove(_ count: Int) {
    guard count > 0 else { return }
    for held in events[..<count] {
      if let key = held.key {
        keys.remove(key)
      } else if let left = unclaimed[Liquidations.content(held.event)] {
        unclaimed[Liquidations.content(held.event)] = left > 1 ? left - 1 : nil
      }
    }
    events.removeFirst(count)
    version &+= 1
  }
}
