import Base

/// What one client address has used of the exchange's limits.
///
/// Counted over sliding 60-second windows, event by event, the plainest way there is; the daemon's own
/// accounting is written apart from this one, so that the two can disagree.
/// Bound: `Window.eventsMax` events of the last 60 s; a flood beyond it is not counted further, it is refused
/// anyway.
final class ClientLimits {
  /// Events with amounts over the last 60 s.
  struct Window {
    static let eventsMax = 10_000
    private var events = RowLog<(ms: Int64, amount: Int)>()
    private(set) var sum = 0
    /// The most the window ever held.
    private(set) var peak = 0

    mutating func expire(_ nowMs: Int64) {
      while events.count > 0, events[events.dropped].ms <= nowMs - 60_000 {
        sum -= events[events.dropped].amount
        events.dropFirst()
      }
    }

    mutating func add(_ amount: Int, _ nowMs: Int64) {
      guard amount > 0, events.count < Window.eventsMax else { return }
      events.append((nowMs, amount))
      sum += amount
      peak = max(peak, sum)
    }
  }

  var weight = Window()
  var connects = Window()
  var messages = Window()
  var connections = 0
  var subscriptions = 0
  /// Account numbers followed on user channels, one entry per subscription.
  var users: [Int] = []
  var use = ClientUse()

  /// Charges `amount` if the minute has room for it, of which `others` behind the same address take a part: what is
  /// refused because of them is not the client's doing.
  func charge(_ amount: Int, nowMs: Int64, limit: Int, others: Int = 0) -> Bool {
    weight.expire(nowMs)
    guard weight.sum + amount + others <= limit else {
      if weight.sum + amount > limit { use.refusedRequests += 1 }
      return false
    }
    weight.add(amount, nowMs)
    use.requests += 1
    use.weightPeak = weight.peak
    return true
  }

  /// Charges what an answer cost beyond its base weight; this may go over the limit.
  func surcharge(_ amount: Int, nowMs: Int64) {
    weight.add(amount, nowMs)
    use.weightPeak = weight.peak
  }

  /// Counts a connection attempt; false when the client has too many.
  func connect(nowMs: Int64, limits: ExchangeLimits) -> Bool {
    connects.expire(nowMs)
    connects.add(1, nowMs)
    use.newConnectionsPeak = connects.peak
    if connects.sum > limits.newConnectionsPerMin || connections >= limits.connections {
      use.refusedConnections += 1
      return false
    }
    connections += 1
    use.connectionsPeak = max(use.connectionsPeak, connections)
    return true
  }

  /// Counts a message; false when the client sent too many in the minute.
  func message(nowMs: Int64, limits: ExchangeLimits) -> Bool {
    messages.expire(nowMs)
    messages.add(1, nowMs)
    use.messagesPeak = messages.peak
    guard messages.sum <= limits.messagesPerMin else {
      use.refusedMessages += 1
      return false
    }
    return true
  }

  /// Counts a subscription; false when the client has too many.
  func subscribe(limits: ExchangeLimits) -> Bool {
    guard subscriptions < limits.subscriptions else {
      use.refusedSubscriptions += 1
      return false
    }
    subscriptions += 1
    use.subscriptionsPeak = max(use.subscriptionsPeak, subscriptions)
    return true
  }

  /// Counts a followed user; false when the client follows too many different ones.
  func follow(_ user: Int, limits: ExchangeLimits) -> Bool {
    let different = distinctUsers
    guard users.contains(user) || different < limits.users else {
      use.refusedUsers += 1
      return false
    }
    users.append(user)
    use.usersPeak = max(use.usersPeak, distinctUsers)
    return true
  }

  private var distinctUsers: Int { users.enumerated().count { !users[..<$0.offset].contains($0.element) } }

  func unfollow(_ user: Int) {
    if let index = users.firstIndex(of: user) { users.remove(at: index) }
  }
}

/// The limits the exchange enforces per client address (protocol sheet §4).
public struct ExchangeLimits: Hashable, Sendable {
  /// REST weight in any 60 s.
  public var weightPerMin = 1200
  /// Open WebSocket connections.
  public var connections = 10
  /// New WebSocket connections in any 60 s, refused ones included.
  public var newConnectionsPerMin = 30
  /// Subscriptions over all connections.
  public var subscriptions = 1000
  /// Different users over all user channels.
  public var users = 10
  /// Messages to the exchange in any 60 s over all connections.
  public var messagesPerMin = 2000

  /// The strictest values on record.
  public init() {}
}

/// What a client address did so far, for oracles: a daemon that behaves has only zeros in `refused…`.
public struct ClientUse: Hashable, Sendable {
  /// Requests answered.
  public var requests = 0
  /// Requests refused with 429 because of their weight.
  public var refusedRequests = 0
  /// Connections refused.
  public var refusedConnections = 0
  /// Subscriptions refused.
  public var refusedSubscriptions = 0
  /// Users refused.
  public var refusedUsers = 0
  /// Messages refused.
  public var refusedMessages = 0
  /// The most weight in any 60 s, surcharges at the time of the answer.
  public var weightPeak = 0
  /// The most connections open at once.
  public var connectionsPeak = 0
  /// The most connection attempts in any 60 s.
  public var newConnectionsPeak = 0
  /// The most subscriptions at once.
  public var subscriptionsPeak = 0
  /// The most different users at once.
  public var usersPeak = 0
  /// The most messages in any 60 s.
  public var messagesPeak = 0

  /// Whether the exchange ever had to refuse something.
  public var isClean: Bool {
    refusedRequests + refusedConnections + refusedSubscriptions + refusedUsers + refusedMessages == 0
  }
}
