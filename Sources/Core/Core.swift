import API
public import Base
import Engines
import Hyperliquid
import Market
public import Store

/// The service as one value: `step(input, now)` turns what happened into what shall be done.
///
/// Reads no clock, opens no socket, starts no thread; the same inputs give the same effects. Here is only the
/// routing: policy lives in the parts (session pool, scheduler, collectors, engines, client sessions).
/// One turn: begin the output, route the input, let the exchange side settle (events, actions, questions due).
/// The driver carries out `output.effects`, arms its timer for `nextDeadline`, and calls again.
public final class Core {
  /// Between two looks at engines that hold expired data of quiet coins; readers see none of it at any time.
  static let sweepInterval = TimeSpan.seconds(10)
  /// A stop that takes longer ends the process as it is.
  static let stopMax = TimeSpan.milliseconds(4_500)

  /// What the last step wants done.
  public let output = Output()
  let views: Views
  let options: Options
  let sessions: Sessions
  let stream: TradeStream
  let book: AddressBook
  // Looked at per message, so without the runtime's exclusivity checks (about 10 ns each): every part is a value
  // that is handed on for the length of one call and never reached in two ways at once.
  @exclusivity(unchecked) var clock: ExchangeClock
  @exclusivity(unchecked) var keeper: UniverseKeeper
  @exclusivity(unchecked) var scheduler: Scheduler
  @exclusivity(unchecked) var persistence: Persistence
  let clients: Clients
  var measured = Measurements()
  @exclusivity(unchecked) var gapsSeen = -1
  /// The exchange's time at the clock's start, as estimated when coverage was last told to the views.
  @exclusivity(unchecked) var originSeen = WallTime(ms: .min)
  /// Bytes received from the exchange's WebSocket.
  @exclusivity(unchecked) var linkBytes: UInt64 = 0
  @exclusivity(unchecked) private var sweepAt = Instant.never
  @exclusivity(unchecked) private var stopAt: Instant?
  /// The earliest deadline of all parts but the sessions, until something may have changed it: frames of trades, which
  /// are most inputs, do not.
  @exclusivity(unchecked) private var partsDeadline: Instant?
  @exclusivity(unchecked) private var exited = false
  /// The driver's report of a failed attempt has been logged; the pool's word for it says less.
  @exclusivity(unchecked) private var isFailureLogged = false

  /// A service that has not started; `seed` decides every jitter.
  public init(options: Options, version: String, seed: UInt64, now: Now) {
    self.options = options
    var random = PRNG(seed: seed)
    let flow = OrderFlow(windowsS: options[.orderFlowWindows])
    views = Views(orderFlow: flow, now: now)
    guard let address = ExchangeAddress(options[.wsURL]) else { preconditionFailure("checked by Options") }
    sessions = Sessions(
      host: address.authority, path: address.path, outbox: output.bytes, seed: random.next())
    book = AddressBook(seed: random.next())
    stream = TradeStream(book)
    clock = ExchangeClock(now: now)
    keeper = UniverseKeeper(seed: random.next())
    scheduler = Scheduler(options: options, seed: random.next())
    persistence = Persistence(seed: random.next())
    clients = Clients(views: views, options: options, version: version)
    views.refresh = { [unowned self] _ in report() }
  }

  /// When the driver must send `wake` at the latest.
  public var nextDeadline: Instant {
    if exited { return .never }
    if let partsDeadline { return min(sessions.nextDeadline, partsDeadline) }
    // Pairs: `min` of more than two allocates an array.
    let parts = min(min(clients.deadline, persistence.deadline), sweepAt)
    if let stopAt { return min(min(sessions.nextDeadline, parts), stopAt) }
    let next = min(parts, keeper.deadline)
    partsDeadline = next
    return min(sessions.nextDeadline, next)
  }

  /// The batch of the `store` effect.
  public func takeBatch() -> Batch { persistence.batch }

  /// One input. Afterwards `output` says what to do; it is valid until the next call.
  public func step(_ input: Input, now: Now) {
    output.begin()
    guard !exited else { return }
    views.now = now
    if case .linkReceived = input, stopAt == nil {} else { otherInput() }
    switch input {
    case .clientAccepted, .clientReceived, .clientEnded, .clientDrained, .clientClosed:
      views.exchangeNow = clock.now(at: now.instant)
      if sessions.gaps.version != gapsSeen || clock.now(at: .zero) != originSeen { refreshCoverage() }
      clients.step(input, output, now: now)
    case .linkOpened(let link): sessions.connected(link, now: now.instant)
    case .linkReceived(let link, let bytes):
      linkBytes &+= UInt64(bytes.count)
      sessions.received(link, bytes, now: now.instant)
    case .linkClosed(let link, let failure): closed(link, failure, now: now)
    case .reply(let id, let status, let body, let retryAfterS):
      replied(id, status: status, body: body, retryAfterS: retryAfterS, now: now)
    case .fetchFailed(let id, let failure): failed(id, failure, now: now)
    case .started: start(now: now)
    case .wake: wake(now: now)
    case .stored(let result): persistence.stored(result, output, now: now)
    case .loaded(let result): persistence.loaded(result, book: book, output, now: now)
    case .measured(let measurements): measured = measurements
    case .stop: stop(now: now)
    }
    takeEvents(now: now)
    takeActions()
    if let stopAt { finishStop(stopAt, now: now) }
  }

  // MARK: Start, time, stop

  private func start(now: Now) {
    output.log(.info, "starting")
    persistence.load(output)
    sweepAt = now.instant + Core.sweepInterval
    guard options[.tradeStreamEnabled] else { return }
    sessions.subscribe(.allDexsAssetCtxs, now: now.instant)
    sessions.start(now: now.instant)
    keeper.ask(&scheduler, output, now: now)
  }

  private func wake(now: Now) {
    sessions.tick(now: now.instant)
    clients.tick(output, now: now)
    persistence.flush(book, output, now: now)
    if stopAt == nil, options[.tradeStreamEnabled] { keeper.ask(&scheduler, output, now: now) }
    if now.instant >= sweepAt {
      sweepAt = now.instant + Core.sweepInterval
      views.orderFlow.sweep(now: clock.now(at: now.instant))
    }
  }

  private func stop(now: Now) {
    guard stopAt == nil else { return }
    output.log(.info, "stopping")
    stopAt = now.instant + Core.stopMax
    sweepAt = .never
    output.add(.stopAccepting)
    clients.stop(output, now: now)
    sessions.stop(now: now.instant)
  }

  /// Exits as soon as the clients are gone and what was seen is on disk, or when it has taken too long.
  private func finishStop(_ deadline: Instant, now: Now) {
    let isLate = now.instant >= deadline
    if !isLate { persistence.flush(book, isFinal: true, output, now: now) }
    guard isLate || (clients.isEmpty && persistence.isIdle(book)) else { return }
    exited = true
    output.log(
      isLate ? .warning : .info, "stopped", ("unsaved_addresses", "\(persistence.unsaved(book))"),
      ("trades", "\(stream.counted)"))
    output.add(.exit(0))
  }

  // MARK: The exchange

  private func closed(_ link: LinkID, _ failure: LinkFailure, now: Now) {
    switch failure {
    case .ended, .reset, .closed: break
    default:
      output.log(.warning, "exchange connection failed", ("reason", "\(failure)"))
      isFailureLogged = true
    }
    sessions.disconnected(link, now: now.instant)
  }

  private func takeEvents(now: Now) {
    defer { isFailureLogged = false }
    while let event = sessions.nextEvent() {
      switch event {
      case .data(let frame, let link):
        guard !data(frame, link, now: now) else { break }
        // Whose trades these were is not known, so no coin of the connection can be vouched for.
        if frame.channel == .trades { sessions.unreadTrades(link, now: now.instant) }
        sessions.garbage(link, now: now.instant)
      case .linkLive(let link):
        output.log(.info, "exchange connection open", ("link", "\(link.index)"))
      case .linkLost(_, .connectFailed, _) where isFailureLogged: break
      case .linkLost(_, .stopped, _): break
      case .linkLost(let link, let loss, let code):
        output.log(
          .warning, "exchange connection lost", ("link", "\(link.index)"), ("reason", "\(loss)"),
          ("code", "\(code)"))
      case .gapOpened(let coin, _, let reason):
        output.log(.warning, "coin not followed", ("coin", views.coins[coin].name), ("reason", "\(reason)"))
      case .gapClosed(let coin, let from, let to):
        output.log(
          .info, "coin followed again", ("coin", views.coins[coin].name),
          ("missed_s", "\((to - from).seconds)"))
      case .parked(let topic):
        let coin = topic.coin.map { views.coins[$0].name } ?? ""
        output.log(.warning, "subscription refused", ("channel", "\(topic.channel)"), ("coin", coin))
      }
    }
  }

  private func data(_ frame: Frame, _ link: LinkID, now: Now) -> Bool {
    switch frame.channel {
    case .trades: trades(frame, link, now: now)
    case .allDexsAssetCtxs: contexts(frame, now: now)
    default: true
    }
  }

  /// What frames put off because nobody looks at it between them.
  private func otherInput() {
    partsDeadline = nil
    stream.settle()
  }

  private func contexts(_ frame: Frame, now: Now) -> Bool {
    partsDeadline = nil
    return stream.contexts(frame, sessions, &keeper, now: now)
  }

  private func trades(_ frame: Frame, _ link: LinkID, now: Now) -> Bool {
    let reanchored = clock.reanchored
    let isRead = stream.trades(frame, link, sessions, views, &clock, now: now)
    if clock.reanchored != reanchored {
      output.log(.warning, "exchange clock corrected", ("skew_ms", "\(clock.skewMs(now))"))
      sessions.misdatedTrades(since: clock.wrongSince, now: now.instant)
    }
    return isRead
  }

  private func takeActions() {
    while let action = sessions.nextAction() {
      switch action {
      case .connect(let link): output.add(.connect(link))
      case .send(let link, let range): output.add(.sendLink(link, range))
      case .close(let link): output.add(.closeLink(link))
      }
    }
  }

  private func replied(
    _ id: FetchID, status: Int, body: UnsafeRawBufferPointer, retryAfterS: Int?, now: Now
  ) {
    guard let request = scheduler.take(id) else { return }
    switch status {
    case 200: scheduler.settle(request, .answered(itemWeight: 0), now: now)
    case 429:
      output.log(.warning, "exchange says too many requests")
      scheduler.settle(
        request, .tooMany(retryAfter: retryAfterS.map { .seconds(min($0, 86_400)) }), now: now)
    default: scheduler.settle(request, .refused, now: now)
    }
    switch request.owner {
    case .universe(let question):
      let change = keeper.answer(question, status: status, body: body, coins: &views.coins, output, now: now)
      stream.learn(views.coins)
      if let change { listed(change, now: now) }
    }
    if stopAt == nil { keeper.ask(&scheduler, output, now: now) }
  }

  private func failed(_ id: FetchID, _ failure: FetchFailure, now: Now) {
    guard let request = scheduler.take(id) else { return }
    scheduler.settle(request, .lost, now: now)
    switch request.owner {
    case .universe(let question): keeper.failed(question, "\(failure)", output, now: now)
    }
    if stopAt == nil { keeper.ask(&scheduler, output, now: now) }
  }

  /// Follows what was listed, lets go of what was delisted.
  private func listed(_ change: Universe.Change, now: Now) {
    guard !change.isEmpty else { return }
    sessions.coins = views.coins
    for coin in change.listed { sessions.subscribe(.trades(coin), now: now.instant) }
    for coin in change.delisted { sessions.unsubscribe(.trades(coin), now: now.instant) }
    output.log(
      .info, "listing changed", ("listed", "\(change.listed.count)"),
      ("delisted", "\(change.delisted.count)"),
      ("coins", "\(views.coins.count)"))
  }
}
