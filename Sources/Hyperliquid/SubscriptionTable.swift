// Every subscription we want or are leaving, in flat memory, findable by kind and coin without hashing.
//
// Bound: `Venue.subscriptionsMax` slots (the exchange's own limit) and `Venue.usersMax` different users;
// beyond it a subscription is refused. Memory: about 150 KB, allocated once.
// Invariant: a slot is found by its kind and key exactly while its state is not `free`.
import Base
import Market

/// Where a subscription stands.
enum SlotState: UInt8 {
  /// Not in use.
  case free
  /// Wanted; its connection is not live, or it has none yet.
  case waiting
  /// Its subscribe message is to be sent.
  case queued
  /// Unsubscribe and subscribe are to be sent: it was silent without reason.
  case renewing
  /// Subscribe sent, no ack and no data yet.
  case sent
  /// Acked, or data came.
  case live
  /// The exchange refused it or did not answer several times; tried again at `deadline`.
  case parked
  /// No longer wanted; its unsubscribe is to be sent.
  case leaving
  /// Unsubscribe sent, no ack yet.
  case left

  /// Whether it waits for its turn to send.
  var isQueued: Bool { self == .queued || self == .renewing || self == .leaving }
  /// Whether an ack is awaited.
  var isOutstanding: Bool { self == .sent || self == .left }
}

/// One subscription's state. Plain data.
struct Slot {
  var state: SlotState = .free
  /// The channel's raw value.
  var kind: UInt8 = 0
  var link: Int8 = -1
  /// Missing acks in a row.
  var failures: UInt8 = 0
  /// Renewals for silence since data last flowed.
  var strikes: UInt8 = 0
  /// Times parked since it was last live.
  var parks: UInt8 = 0
  var coin: UInt32 = .max
  var user = Address(a: 0, b: 0, c: 0)
  /// When the awaited ack is missing, or when a parked one is tried again.
  var deadline: Instant = .never
  var liveAt: Instant = .zero
  var lastDataAt: Instant = .zero
  /// The first sign, since the last data, that the coin traded.
  var movedAt: Instant = .never
  /// No renewal before this.
  var quietUntil: Instant = .zero

  var rule: TopicRule { TopicRule.all[Int(kind)] }

  var topic: Topic {
    let rule = rule
    return Topic(
      rule.channel, coin: rule.key == .coin ? CoinID(raw: coin) : nil,
      user: rule.key == .user ? user : nil)
  }
}

/// The slots and their index.
final class SubscriptionTable {
  static let kinds = 6
  let slots: UnsafeMutablePointer<Slot>
  let capacity: Int
  /// Slots that were ever used; scans end here.
  private(set) var used = 0
  /// Slots in use.
  private(set) var count = 0
  private let byCoin: UnsafeMutablePointer<UInt16>
  private var byKind: [UInt16]
  private(set) var users = 0
  private let usersMax: Int

  init(capacity: Int, usersMax: Int) {
    precondition(capacity > 0 && capacity < Int(UInt16.max))
    self.capacity = capacity
    self.usersMax = usersMax
    slots = .allocate(capacity: capacity)
    slots.initialize(repeating: Slot(), count: capacity)
    byCoin = .allocate(capacity: SubscriptionTable.kinds * Coins.coinsMax)
    byCoin.initialize(repeating: 0, count: SubscriptionTable.kinds * Coins.coinsMax)
    byKind = [UInt16](repeating: 0, count: SubscriptionTable.kinds)
  }

  deinit {
    slots.deallocate()
    byCoin.deallocate()
  }

  /// The slot of a coin's feed.
  @inline(__always)
  func find(kind: Int, coin: CoinID) -> Int? {
    guard kind < SubscriptionTable.kinds, coin.raw < UInt32(Coins.coinsMax) else { return nil }
    let entry = byCoin[kind &* Coins.coinsMax &+ Int(coin.raw)]
    return entry == 0 ? nil : Int(entry) &- 1
  }

  /// The slot of a market-wide feed.
  func find(kind: Int) -> Int? { byKind[kind] == 0 ? nil : Int(byKind[kind]) - 1 }

  /// The slot of an account's feed.
  func find(kind: Int, user: Address) -> Int? {
    for index in 0..<used where slots[index].state != .free && Int(slots[index].kind) == kind {
      if slots[index].user == user { return index }
    }
    return nil
  }

  /// The slot of `topic`.
  func find(_ topic: Topic) -> Int? {
    let kind = Int(topic.channel.rawValue)
    if let coin = topic.coin { return find(kind: kind, coin: coin) }
    if let user = topic.user { return find(kind: kind, user: user) }
    return find(kind: kind)
  }

  /// A new slot in state `waiting`; `nil` when the table or the users are full.
  func insert(_ topic: Topic) -> Int? {
    if let coin = topic.coin, coin.index >= Coins.coinsMax { return nil }
    if topic.user != nil, users == usersMax { return nil }
    guard let index = freeSlot() else { return nil }
    slots[index] = Slot()
    slots[index].state = .waiting
    slots[index].kind = topic.channel.rawValue
    if let coin = topic.coin { slots[index].coin = coin.raw }
    if let user = topic.user {
      slots[index].user = user
      users += 1
    }
    enter(index, UInt16(index + 1))
    count += 1
    return index
  }

  /// Frees the slot.
  func remove(_ index: Int) {
    if slots[index].rule.key == .user { users -= 1 }
    enter(index, 0)
    slots[index].state = .free
    count -= 1
  }

  private func enter(_ index: Int, _ entry: UInt16) {
    let kind = Int(slots[index].kind)
    switch TopicRule.all[kind].key {
    case .coin: byCoin[kind * Coins.coinsMax + Int(slots[index].coin)] = entry
    case .none: byKind[kind] = entry
    case .user: break
    }
  }

  private func freeSlot() -> Int? {
    if used < capacity {
      used += 1
      return used - 1
    }
    for index in 0..<capacity where slots[index].state == .free { return index }
    return nil
  }
}
