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
  /// The options in force: those of the start, with what a reload changed.
  public internal(set) var options: Options
  let sessions: Sessions
  let stream: TradeStream
  let book: AddressBook
  let knowledge: Knowledge
  let bounds: Bounds
  /// Weight the last process had spent of the minute in which this one began.
  private let inheritedWeight: Int
  // Looked at per message, so without the runtime's exclusivity checks (about 10 ns each): every part is a value
  // that is handed on for the length of one call and never reached in two ways at once.
  @exclusivity(unchecked) var clock: ExchangeClock
  @exclusivity(unchecked) var keeper: UniverseKeeper
  @exclusivity(unchecked) var scheduler: Scheduler
  @exclusivity(unchecked) var persistence: Persistence
  @exclusivity(unchecked) var jobs = Jobs()
  @exclusivity(unchecked) var heatmaps: HeatmapKeeper
  @exclusivity(unchecked) var rankings = RankingsKeeper()
  @exclusivity(unchecked) var curator: Curator
  /// What is left of the file to take over; nil when that is done.
  @exclusivity(unchecked) var warmStart: WarmStart?
  /// Wallets whose trades are being read, by their question.
  @exclusivity(unchecked) var tradeQueries: [QueryID: Address] = [:]
  let poller: PositionPoller?
  let profiler: ProfileQueue
  let market: MarketWatch
  @exclusivity(unchecked) var vaultTracker: HlpTracker
  let liquidationWatch: LiquidationWatch
  let books: L2Subscriber?
  /// What a restart takes from the file is in memory, or cannot be had: accounts may be asked about.
  @exclusivity(unchecked) var isStateLoaded = false
  /// The damaged file that was set aside in this run.
  @exclusivity(unchecked) var setAside: SetAside?
  /// What clients were told goes from memory into a new file.
  @exclusivity(unchecked) var keepsWords = false
  let clients: Clients
  var measured = Measurements()
  var loopWatch = LoopWatch()
  @exclusivity(unchecked) var gapsSeen = -1
  /// The exchange's time at the clock's start, as estimated when coverage was last told to the views.
  @exclusivity(unchecked) var originSeen = WallTime(ms: .min)
  /// Bytes received from the exchange's WebSocket.
  @exclusivity(unchecked) var linkBytes: UInt64 = 0
  @exclusivity(unchecked) private var sweepAt = Instant.never
  @exclusivity(unchecked) private(set) var stopAt: Instant?
  /// The earliest deadline of all parts but the sessions, until something may have changed it: frames of trades, which
  /// are most inputs, do not.
  @exclusivity(unchecked) var partsDeadline: Instant?
  @exclusivity(unchecked) private var exited = false
  /// The driver's report of a failed attempt has been logged; the pool's word for it says less.
  @exclusivity(unchecked) var isFailureLogged = false

  /// A service that has not started; `seed` decides every jitter, `spending` is what the last process kept of its own
  /// (`Effect.keepSpending`). `bounds` are smaller in simulations only.
  public init(
    options: Options, version: String, bounds: Bounds = Bounds(), spending: [UInt8] = [], seed: UInt64,
    now: Now
  ) {
    self.options = options
    self.bounds = bounds
    var random = PRNG(seed: seed)
    let flow = OrderFlow(windowsS: options[.orderFlowWindows], chunksMax: bounds.flowChunks)
    book = AddressBook(addressesMax: bounds.addresses, seed: random.next())
    knowledge = Knowledge(
      orderFlow: flow, book: book, positionsMax: bounds.positions, equityMax: bounds.equity,
      profilesMax: bounds.profiles, changesMax: bounds.changes, liquidationsMax: bounds.liquidations,
      watchedMax: bounds.watched, alertsMax: bounds.alerts)
    views = Views(knowledge: knowledge, now: now)
    guard let address = ExchangeAddress(options[.wsURL]) else { preconditionFailure("checked by Options") }
    sessions = Sessions(
      host: address.authority, path: address.path, outbox: output.bytes, seed: random.next())
    stream = TradeStream(book)
    clock = ExchangeClock(now: now)
    keeper = UniverseKeeper(seed: random.next())
    var scheduler = Scheduler(options: options, seed: random.next())
    inheritedWeight = spending.withUnsafeBytes { scheduler.restore($0, now: now) } ?? 0
    self.scheduler = scheduler
    let weightMax = scheduler.budget.limit
    if options[.positionPollerEnabled] {
      poller = PositionPoller(
        settings: PollSettings(options), knowledge: knowledge, weightMax: weightMax, now: now.instant)
    } else {
      poller = nil
    }
    profiler = ProfileQueue(
      settings: ProfileSettings(options), knowledge: knowledge, weightMax: weightMax, now: now.instant)
    market = MarketWatch(
      markets: knowledge.markets, hasStream: options[.tradeStreamEnabled], now: now.instant)
    books = options[.l2Enabled] ? L2Subscriber(names: options[.l2Coins]) : nil
    vaultTracker = HlpTracker(options: options, vaults: knowledge.vaults, seed: random.next())
    liquidationWatch = LiquidationWatch(knowledge.liquidations)
    persistence = Persistence(
      pruneDays: options[.pruneDays], rowsMax: bounds.waitingRows, seed: random.next())
    heatmaps = HeatmapKeeper(options: options)
    curator = Curator(options: options)
    clients = Clients(views: views, options: options, version: version, token: options.apiToken)
    openViews()
    if let poller { stream.tell { poller.saw($0) } }
  }

  /// When the driver must send `wake` at the latest.
  public var nextDeadline: Instant {
    if exited { return .never }
    if let partsDeadline { return min(sessions.nextDeadline, partsDeadline) }
    // Pairs: `min` of more than two allocates an array.
    let parts = min(min(clients.deadline, storageDeadline), sweepAt)
    if let stopAt { return min(min(sessions.nextDeadline, parts), stopAt) }
    let exchange = min(min(keeper.deadline, accountsDeadline), vaultTracker.deadline)
    let next = min(min(parts, periodicDeadline), exchange)
    partsDeadline = next
    return min(sessions.nextDeadline, next)
  }

  /// The batch of the `store` effect.
  public func takeBatch() -> Batch { persistence.batch }

  /// The slice of the `sweep` effect.
  public func takeSweep() -> Sweep { persistence.sweep }

  /// The job of a `compute` effect; taken once.
  public func takeJob(_ id: JobID) -> Job { jobs.take(id) }

  /// The question of a `query` effect; taken once.
  public func takeQuery(_ id: QueryID) -> StoreQuery { jobs.take(id) }

  /// One input. Afterwards `output` says what to do; it is valid until the next call.
  public func step(_ input: Input, now: Now) {
    output.begin()
    guard !exited else { return }
    views.now = now
    var isFrame = false
    if case .linkReceived = input, stopAt == nil { isFrame = true } else { otherInput() }
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
    case .stored(let result): persistence.stored(result, knowledge, output, now: now)
    case .loaded(let result): loaded(result, now: now)
    case .swept(let result): persistence.swept(result, output, now: now)
    case .queried(let id, let result): queried(id, result, now: now)
    case .computed(let id, let result): computed(id, result, now: now)
    case .measured(let measurements): measured(measurements, now: now)
    case .reloaded(let wanted, let problems): reload(wanted, problems, now: now)
    case .stop: stop(now: now)
    }
    takeEvents(now: now)
    takeActions()
    if !isFrame { advanceStorage(now: now) }
    if let stopAt { finishStop(stopAt, now: now) }
  }

  /// What frames put off because nobody looks at it between them.
  private func otherInput() {
    partsDeadline = nil
    stream.settle()
  }

  // MARK: Start, time, stop

  private func start(now: Now) {
    output.log(.info, "starting")
    if inheritedWeight > 0 {
      output.log(.info, "weight spent before the restart counts on", ("weight", "\(inheritedWeight)"))
    }
    persistence.load(output)
    sweepAt = now.instant + Core.sweepInterval
    if options[.tradeStreamEnabled] {
      sessions.subscribe(.allDexsAssetCtxs, now: now.instant)
      sessions.subscribe(.allMids, now: now.instant)
    }
    if options[.tradeStreamEnabled] || options[.hlpTrackerEnabled] || books != nil {
      sessions.start(now: now.instant)
    }
    askExchange(now: now)
  }

  private func wake(now: Now) {
    sessions.tick(now: now.instant)
    clients.tick(output, now: now)
    restore(now: now)
    runPeriodic(now: now)
    askExchange(now: now)
    if now.instant >= sweepAt {
      sweepAt = now.instant + Core.sweepInterval
      views.orderFlow.sweep(now: clock.now(at: now.instant))
    }
  }

  private func measured(_ measurements: Measurements, now: Now) {
    measured = measurements
    guard let stall = loopWatch.report(now: now.instant) else { return }
    output.log(.warning, "event loop stood still", ("seconds", "\(stall.seconds)"))
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
    guard isLate || (clients.isEmpty && persistence.isIdle(book)) else { return }
    exited = true
    output.log(
      isLate ? .warning : .info, "stopped", ("unsaved_addresses", "\(persistence.unsaved(book))"),
      ("trades", "\(stream.counted)"))
    output.add(.exit(0))
  }
}
