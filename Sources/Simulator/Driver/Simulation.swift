public import Base
public import Core
import Hyperliquid
import Market
import Store

/// The whole service in virtual time: the real Core, a seeded exchange, network, disk and clients that fail.
///
/// The second interpreter of Core's effects (the first is Daemon): nothing here is policy, everything is chance
/// drawn from the seed. Bytes go both ways through `ExchangeLink`, as over a socket; replies, timers, disk and
/// clients are events in one queue. The same seed, options and plan give the same run, hashed in `trace`.
/// Bounds: `violationsMax` complaints are kept; a run ends early when Core asks for the same instant
/// `turnsPerInstantMax` times (time would not pass).
public final class Simulation {
  /// Complaints kept.
  public static let violationsMax = 20
  static let turnsPerInstantMax = 10_000
  /// The exchange's client address of the daemon.
  static let address = 1
  static let epoch = Instant(ns: 1_000_000_000_000)

  enum Event {
    case wake(Instant)
    case connect(SimulatedLink, LinkFailure?)
    case toCore(SimulatedLink, [UInt8])
    case toExchange(SimulatedLink, [UInt8])
    case linkEnds(SimulatedLink, LinkFailure)
    case deliver(SimulatedLink)
    case exchangeEnd(SimulatedLink)
    case ask(SimulatedFetch)
    case answer(SimulatedFetch)
    case loaded
    case stored
    case swept
    case queried(QueryID, StoreQuery)
    case computed(JobID, Job)
    case client(SimulatedClient, SimulatedClient.Moment)
    case fault(Fault, isBegin: Bool)
    case probe
    case write
    case guest
    case measure
    case start
    case stop
    case kill
  }

  /// The seed of everything.
  public let seed: UInt64
  /// How long the run lasts.
  public let length: TimeSpan
  /// What goes wrong.
  public var plan: FaultPlan { swarm.plan }
  /// The exchange.
  public let exchange: Exchange
  /// What the oracles complained about.
  public internal(set) var violations: [Violation] = []
  /// What was counted, for reports and for tests that must know something was checked at all.
  public internal(set) var counts = SimulationCounts()
  /// Receives a line for every input, effect and log line, when set.
  public var onLine: ((String) -> Void)?
  /// A planted bug; see `Tamper`.
  public var tamper = Tamper.none

  /// What the seed drew.
  let swarm: Swarm
  var options: Options
  var core: Core?
  var queue = EventQueue<(life: Int, event: Event)>()
  var now = Simulation.epoch
  var wallOffsetMs: Int64
  /// Counts the lives of the daemon's process; events of an earlier one are ignored where they must be.
  var life = 0
  var chance: PRNG
  var trace = Trace()
  var active: [Fault] = []
  let inbox = ByteBuffer(capacity: 64 << 10)
  private var armedFor = Instant.never
  private var turnsHere = 0
  private var isOver = false

  // The parts' state; their code is in the extensions.
  var links: [SimulatedLink] = []
  var fetches: [SimulatedFetch] = []
  var lastFetch: UInt64 = 0
  var disk: SimulatedDisk
  var pool: SimulatedPool
  var clients = SimulatedClients()
  var stopAsked: Instant?
  var startedAt = Simulation.epoch
  var oracle = FlowOracle()
  var accounts = AccountOracle()
  var schemas = SchemaOracle()
  var kept = KeptOracle()
  var tampered = 0
  /// The process is to be started again when it has ended.
  var isRestartDue = false
  /// The next end takes what was not synced with it.
  var losesPower = false
  /// Bounds that are in `counts.boundsReached` already, a bit each.
  var boundsSeen: UInt64 = 0
  var powerLostAt: Instant?
  /// What the process keeps of its spending, in a file the system writes through on its own time.
  var spending: [UInt8] = []
  /// By how much the machine's clock will be off when the process starts again.
  var clockJumpMs: Int64 = 0
  /// When this life had its file open: before, it cannot know whom it watches.
  var openedAt = Instant.never
  /// What the crowds asked to have kept.
  var posts = 0
  /// Batches that had failed when calm was last judged, in which life.
  var calmErrors: (life: Int, count: Int64)?

  /// The run of `seed` over `length`; without a `plan` the seed draws one. All else is as usual.
  public convenience init(
    seed: UInt64, length: TimeSpan, plan: FaultPlan? = nil, world: WorldOptions? = nil,
    options: Options = Options()
  ) {
    var swarm = Swarm(
      seed: seed, length: length, plan: plan ?? FaultPlan.drawn(seed: seed, length: length))
    var random = PRNG(seed: seed)
    swarm.world.tradesPerSecond = 1 + 2 * random.unit()
    if let world { swarm.world = world }
    swarm.options = options
    self.init(swarm)
  }

  /// The run of what a seed drew.
  public init(_ swarm: Swarm) {
    self.swarm = swarm
    seed = swarm.seed
    length = swarm.length
    options = swarm.options
    var random = PRNG(seed: seed)
    exchange = Exchange(world: World(seed: random.next(), options: swarm.world), seed: random.next())
    wallOffsetMs = swarm.plan.wallOffsetMs
    disk = SimulatedDisk(seed: random.next())
    pool = SimulatedPool(threads: options[.workerThreads])
    chance = random.split()
    for fault in swarm.plan.faults {
      add(.fault(fault, isBegin: true), at: Simulation.epoch + fault.from)
      add(.fault(fault, isBegin: false), at: Simulation.epoch + fault.until)
    }
    add(.start, at: now)
  }

  /// A number that equals that of any other run of the same seed, length and plan.
  public var traceHash: UInt64 { trace.hash }

  /// Runs to the end: `length`, then an orderly stop.
  public func run() {
    run(until: length)
    finish()
  }

  /// Runs until `moment` after the start.
  public func run(until moment: TimeSpan) {
    let end = Simulation.epoch + moment
    while !isOver, queue.next <= end, let (at, entry) = queue.take() {
      turn(to: at)
      guard !isOver else { return }
      handle(entry.event, life: entry.life)
    }
    if !isOver { turn(to: end) }
  }

  /// Stops the daemon and checks what it leaves behind.
  public func finish() {
    guard !isOver else { return }
    if core != nil {
      if stopAsked == nil { handle(.stop, life: life) }
      run(until: (now - Simulation.epoch) + .seconds(20))
    }
    isOver = true
    checkUse()
    checkFaultFree()
  }

  // MARK: Time

  /// The exchange's time, which is the truth.
  public var exchangeNow: WallTime { time(now) }

  func time(_ instant: Instant) -> WallTime {
    WallTime(ms: exchange.world.options.start.ms + (instant - Simulation.epoch).milliseconds)
  }

  func instant(_ time: WallTime) -> Instant {
    Simulation.epoch + .milliseconds(Int(time.ms - exchange.world.options.start.ms))
  }

  var clocks: Now { Now(instant: now, wall: WallTime(ms: exchangeNow.ms + wallOffsetMs)) }

  private func turn(to at: Instant) {
    if at == now {
      turnsHere += 1
      if turnsHere > Simulation.turnsPerInstantMax {
        complain(.progress, "time does not pass")
        isOver = true
      }
      return
    }
    turnsHere = 0
    now = at
  }

  func add(_ event: Event, at: Instant) { queue.add((life, event), at: max(at, now)) }

  func add(_ event: Event, in span: TimeSpan) { add(event, at: now + span) }

  /// The way from host to host.
  func latency() -> TimeSpan {
    TimeSpan(ns: Int64(plan.latencyMs) * 1_000_000 + Int64(chance.below(plan.jitterMs * 1_000_000)))
  }

  /// The strongest active fault of a kind.
  func fault(_ kind: FaultKind) -> Fault? {
    var best: Fault?
    for fault in active where fault.kind == kind && fault.strength > (best?.strength ?? -1) { best = fault }
    return best
  }

  /// Whether an active fault of this kind strikes now.
  func strikes(_ kind: FaultKind) -> Bool {
    guard let fault = fault(kind) else { return false }
    return chance.chance(fault.strength)
  }

  // MARK: Events

  private func handle(_ event: Event, life: Int) {
    let isCurrent = life == self.life && core != nil
    switch event {
    case .fault(let fault, let isBegin): change(fault, isBegin: isBegin)
    case .start: start()
    case .stop: if core != nil, stopAsked == nil { stop() }
    case .kill: if core != nil { kill() }
    case .toExchange(let link, let bytes): arrived(link, bytes)
    case .deliver(let link): deliver(link)
    case .exchangeEnd(let link): exchangeEnded(link)
    case .ask(let fetch): asked(fetch)
    case .wake(let at):
      guard isCurrent, at == armedFor else { return }
      armedFor = .never
      step(.wake)
    case .connect(let link, let failure): if isCurrent { connected(link, failure) }
    case .toCore(let link, let bytes): if isCurrent { received(link, bytes) }
    case .linkEnds(let link, let failure): if isCurrent { ended(link, failure) }
    case .answer(let fetch): if isCurrent { answered(fetch) }
    case .loaded: if isCurrent { loaded() }
    case .stored: if isCurrent { stored() }
    case .swept: if isCurrent { swept() }
    case .queried(let id, let query): if isCurrent { queried(id, query) }
    case .computed(let id, let job): if isCurrent { step(.computed(id, job.run())) }
    case .client(let client, let moment): if isCurrent { happen(client, moment) }
    case .probe: if isCurrent { probe() }
    case .write: if isCurrent { write() }
    case .guest: if isCurrent { guest() }
    case .measure:
      guard isCurrent else { return }
      step(.measured(Measurements()))
      checkClients()
      checkInvariants()
      add(.measure, in: .seconds(1))
    }
  }

  private func start() {
    guard core == nil else { return }
    life += 1
    startedAt = now
    stopAsked = nil
    armedFor = .never
    lastFetch = 0
    fetches.removeAll()
    pool = SimulatedPool(threads: options[.workerThreads])
    wallOffsetMs += clockJumpMs
    clockJumpMs = 0
    openedAt = .never
    clients.begin()
    // What the former life asked is answered to nobody; its numbers come again.
    accounts.underWay.removeAll()
    accounts.listings.removeAll()
    oracle.begin(wallOffsetMs: wallOffsetMs)
    core = Core(
      options: options, version: "sim", bounds: swarm.bounds, spending: spending, seed: chance.next(),
      now: clocks)
    counts.starts += 1
    step(.started)
    add(.measure, in: .seconds(1))
    add(.probe, in: .milliseconds(200 + chance.below(800)))
    add(.write, in: .milliseconds(300 + chance.below(5_000)))
  }

  private func stop() {
    stopAsked = now
    step(.stop)
  }

  // MARK: Core

  /// One input into Core, and its effects carried out.
  func step(_ input: Input) {
    guard let core else { return }
    note(input)
    counts.steps += 1
    core.step(input, now: clocks)
    let output = core.output
    for effect in output.effects {
      note(effect, output.bytes)
      perform(effect, output.bytes)
    }
    checkStep()
    checkBounds()
    arm()
  }

  private func perform(_ effect: Effect, _ bytes: ByteBuffer) {
    switch effect {
    case .connect(let link): connect(link)
    case .sendLink(let link, let range): send(link, [UInt8](bytes.bytes(in: range)))
    case .closeLink(let link): close(link)
    case .sendClient(let client, let range): send(client, [UInt8](bytes.bytes(in: range)))
    case .closeClient(let client): close(client, drops: false)
    case .dropClient(let client): close(client, drops: true)
    case .notifyDrained(let client): notifyDrained(client)
    case .keepSpending(let range): spending = [UInt8](bytes.bytes(in: range))
    case .fetch(let id, let body, let timeoutMs):
      fetch(id, [UInt8](bytes.bytes(in: body)), timeoutMs: timeoutMs)
    case .store: store()
    case .sweep: sweep()
    case .query(let id): query(id)
    case .compute(let id): compute(id)
    case .load: load()
    case .stopAccepting: clients.isAccepting = false
    case .exit(let code): exited(code)
    case .log: break
    }
  }

  private func exited(_ code: Int32) {
    if code != 0 { complain(.stop, "exit with \(code)") }
    guard let asked = stopAsked else { return complain(.stop, "an exit nobody asked for") }
    if now - asked > .seconds(5) { complain(.stop, "took \((now - asked).seconds) s to stop") }
    counts.stops += 1
    disk.finish(diskWork)
    checkLeftBehind()
    die()
    restartIfDue()
  }

  private func arm() {
    guard let core else { return }
    let deadline = core.nextDeadline
    guard deadline != armedFor else { return }
    armedFor = deadline
    guard deadline != .never else { return }
    let late = swarm.lateMs > 0 ? chance.below(swarm.lateMs * 1_000) : 0
    add(.wake(deadline), at: deadline + TimeSpan(ns: Int64(late) * 1_000))
  }
}

/// What a run did.
public struct SimulationCounts: Hashable, Sendable {
  /// Inputs given to Core.
  public var steps = 0
  /// Starts of the process.
  public var starts = 0
  /// Orderly stops.
  public var stops = 0
  /// Stops without warning.
  public var kills = 0
  /// Connections to the exchange that came up.
  public var linksOpened = 0
  /// REST requests.
  public var fetches = 0
  /// Answers to API clients that were checked.
  public var answers = 0
  /// Windows held against the truth.
  public var windows = 0
  /// Windows of full coverage whose value had to be one exact number.
  public var exactWindows = 0
  /// Times recovery was judged after calm.
  public var calmChecks = 0
  /// Batches stored.
  public var batches = 0
  /// Batches the disk refused.
  public var diskFailures = 0
  /// API clients.
  public var clients = 0
  /// Writes acknowledged to clients.
  public var writes = 0
  /// Writes refused because the disk did not take them.
  public var writesRefused = 0
  /// Liquidations held against the truth.
  public var liquidations = 0
  /// Parts that held as much as they may at some step.
  public var boundsReached: Set<String> = []

  /// Nothing yet.
  public init() {}

  /// Adds another run's counts.
  public mutating func add(_ other: SimulationCounts) {
    steps += other.steps
    starts += other.starts
    stops += other.stops
    kills += other.kills
    linksOpened += other.linksOpened
    fetches += other.fetches
    answers += other.answers
    windows += other.windows
    exactWindows += other.exactWindows
    calmChecks += other.calmChecks
    batches += other.batches
    clients += other.clients
    diskFailures += other.diskFailures
    writes += other.writes
    writesRefused += other.writesRefused
    liquidations += other.liquidations
    boundsReached.formUnion(other.boundsReached)
  }
}
