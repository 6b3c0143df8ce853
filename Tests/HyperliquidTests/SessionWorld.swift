import Base
import Hyperliquid
import Market

/// The pool, its owner and its driver against a fake exchange, in steps of virtual time.
final class SessionWorld {
  let sessions: Sessions
  let outbox = ByteBuffer()
  var coins = Coins()
  var exchange = FakeExchange()
  var random: PRNG
  var now = Instant(ns: 5_000_000_000)
  let feed = TradesFeed()
  /// What new connections are like.
  var onConnect: (FakeConnection) -> Void = { _ in }
  var tradeChance = 0.05
  var step = TimeSpan.milliseconds(100)
  var hangUps: [LinkID] = []
  var events: [String] = []
  var losses: [LinkLoss] = []
  var tradesSeen = 0
  var reportsVolume = true
  private let buffer = ByteBuffer()
  private var nextMarketAt = Instant.zero

  init(coins count: Int, limits: SessionLimits = SessionLimits(), seed: UInt64) {
    random = PRNG(seed: seed)
    sessions = Sessions(host: "fake", limits: limits, outbox: outbox, seed: seed)
    for index in 0..<count { list("C\(index)") }
    sessions.subscribe(.allDexsAssetCtxs, now: now)
    sessions.subscribe(.allMids, now: now)
  }

  func list(_ name: String) {
    guard
      let id = coins.list(Coin(name: name, dex: "", szDecimals: 2, maxLeverage: 10, isListed: true))
    else { return }
    sessions.coins = coins
    sessions.subscribe(.trades(id), now: now)
  }

  func name(_ index: Int) -> String { coins[CoinID(raw: UInt32(index))].name }

  /// Lets `seconds` pass, or less when `done` holds.
  @discardableResult
  func run(_ seconds: Int, until done: () -> Bool = { false }) -> Bool {
    let end = now + .seconds(seconds)
    while now < end {
      now = now + step
      turn()
      if done() { return true }
    }
    return false
  }

  private func turn() {
    if sessions.nextDeadline <= now { sessions.tick(now: now) }
    drain()
    for index in 0..<coins.count where random.chance(tradeChance) {
      exchange.trade(name(index))
      if reportsVolume { sessions.marketMoved(CoinID(raw: UInt32(index)), now: now) }
    }
    if now >= nextMarketAt {
      exchange.market()
      nextMarketAt = now + .seconds(1)
    }
    for connection in exchange.connections { deliver(connection) }
    for link in hangUps {
      exchange.close(link)
      sessions.disconnected(link, now: now)
      drain()
    }
    hangUps.removeAll()
  }

  private func deliver(_ connection: FakeConnection) {
    if connection.state == .opening, now >= connection.opensAt, !connection.hangs {
      if connection.refuses { return hangUps.append(connection.link) }
      connection.state = .upgrading
      sessions.connected(connection.link, now: now)
      drain()
    }
    guard !connection.isMute else { return }
    while !connection.pending.isEmpty, connection.state != .gone {
      // Cut anywhere: inside headers, inside the upgrade, several frames at once.
      let count = min(connection.pending.count, 1 + random.below(4000))
      buffer.removeAll()
      buffer.append(connection.pending.bytes(in: 0..<count))
      connection.pending.removeFirst(count)
      sessions.received(connection.link, buffer.bytes, now: now)
      drain()
    }
  }

  func drain() {
    while let event = sessions.nextEvent() {
      switch event {
      case .data(let frame, let link): data(frame, link)
      case .linkLive: events.append("live")
      case .linkLost(_, let reason, let code):
        events.append("lost \(reason) \(code)")
        losses.append(reason)
      case .gapOpened(let coin, _, _): events.append("gap \(coins[coin].name)")
      case .gapClosed(let coin, _, _): events.append("closed \(coins[coin].name)")
      case .parked: events.append("parked")
      }
    }
    while let action = sessions.nextAction() {
      switch action {
      case .connect(let link):
        let delay = TimeSpan.milliseconds(random.below(400))
        onConnect(exchange.connect(link, opensAt: now + delay, now: now))
      case .send(let link, let range): exchange.receive(link, outbox.bytes(in: range), now: now)
      case .close(let link): exchange.close(link)
      }
    }
    outbox.removeAll()
  }

  private func data(_ frame: Frame, _ link: LinkID) {
    guard frame.channel == .trades else { return }
    guard (try? feed.decode(frame, coins: coins)) != nil else { return sessions.garbage(link, now: now) }
    tradesSeen += feed.trades.count
    if let first = feed.trades.first { sessions.heard(.trades, first.coin, link, now: now) }
  }

  /// Whether every wanted subscription is live.
  var isWhole: Bool { sessions.stats.live == sessions.stats.wanted }

  /// What the exchange would complain of.
  var isWithinLimits: Bool {
    exchange.connectionsPeak <= Venue.connectionsMax
      && FakeExchange.peak(exchange.attempts) <= Venue.connectsPerMinMax
      && FakeExchange.peak(exchange.messages) <= Venue.messagesPerMinMax
      && exchange.subscriptionsPeak <= Venue.subscriptionsMax
  }
}
