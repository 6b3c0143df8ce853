import Core
import Base
import Glibc
import Reactor
import Store

/// Carries Core's effects out on the reactor and hands what happens there to Core: the real driver.
///
/// No policy: which host, when, how often, what to answer are all decided in Core. One object, on one thread.
/// Start order, so that the first answer comes within milliseconds: instance lock, listener, loop; the database is
/// opened by a pool job, certificates are loaded when the first encrypted connection wants them.
public final class Daemon {
  let loop: Loop
  let core: Core
  let options: Options
  let log: LogWriter
  private let readOptions: OptionsReader
  private let terminal = Terminal()
  /// The configuration is being read; `true`: and shall be read once more, for it may have changed meanwhile.
  private var reloading: Bool?
  private let pool: Pool
  private let tls: TLSClient
  private let transfers: Transfers
  private let transferOwner: TransferReports
  private let links: Links
  private let clients: ClientStreams
  private let storage: Storage
  private let spending: SpendingFile
  private let notify = Notify()
  private var listener: Listener?
  /// Client connections at once; more are told 503.
  private let connectionsMax: Int
  private var signals: Signals?
  private var deadlineTimer: Timer?
  private var measureTimer: Timer?
  private var memory = MemoryProbe()
  private var ticks = 0
  private var armedFor = Instant.never
  /// Inputs that arose while effects were carried out; each gets a step of its own before the loop sleeps.
  private var deferred: [Input] = []
  private var status: Int32?

  init(
    options: Options, version: String, log: LogWriter, readOptions: @escaping OptionsReader
  ) throws(ListenFailure) {
    self.options = options
    self.readOptions = readOptions
    self.log = log
    connectionsMax = FileLimit.clientsMax(options)
    loop = Loop()
    spending = SpendingFile(path: options[.dbPath] + "-spent")
    core = Core(
      options: options, version: version, spending: spending.read(), seed: Daemon.seed(), now: loop.now)
    pool = Pool(loop, threads: options[.workerThreads])
    let caFile = options[.caFile]
    tls = TLSClient(caFile: caFile.isEmpty ? nil : caFile)
    transferOwner = TransferReports()
    transfers = Transfers(loop, tls: tls, owner: transferOwner)
    links = Links(loop: loop, tls: tls, address: options[.wsURL])
    clients = ClientStreams()
    storage = Storage(path: options[.dbPath], pool: pool)
    transferOwner.daemon = self
    links.daemon = self
    clients.daemon = self
    storage.daemon = self
    var listening = ClientStreams.listening
    listening.connectionsMax = connectionsMax
    listening.networkConnectionsMax = max(1, connectionsMax / ClientStreams.networkShare)
    do throws(ListenFailure) {
      listener = try Listener(
        loop, host: options[.serverHost], port: options[.serverPort], options: listening, owner: clients)
    } catch {
      pool.close(finishQueued: false)
      loop.close()
      throw error
    }
  }

  /// Runs until Core says exit; answers the process's exit status.
  func run() -> Int32 {
    signals = Signals(loop, [SIGTERM, SIGINT, SIGHUP]) { [unowned self] number in
      if number == SIGHUP, !terminal.isGone { reload() } else { step(.stop) }
    }
    deadlineTimer = Timer(loop) { [unowned self] _ in
      armedFor = .never
      step(.wake)
    }
    measureTimer = Timer(loop) { [unowned self] now in measure(now) }
    loop.endOfTurn = { [unowned self] in endTurn() }
    if let listener { log.write(.info, "msg=listening address=\(listener.address)", wall: loop.now.wall) }
    if connectionsMax < options[.connectionsMax] {
      log.write(
        .warning,
        "msg=\"fewer connections than configured: the limit on open files\" connections=\(connectionsMax)",
        wall: loop.now.wall)
    }
    step(.started)
    endTurn()
    measure(loop.now)
    notify.ready()
    loop.run()
    return shutDown()
  }

  /// One input into Core, and its effects carried out.
  func step(_ input: Input) {
    core.step(input, now: loop.now)
    for effect in core.output.effects { perform(effect) }
  }

  /// An input that arose while effects are carried out: it must not run inside the step it came from.
  func later(_ input: Input) { deferred.append(input) }

  // MARK: Effects

  private func perform(_ effect: Effect) {
    switch effect {
    case .sendClient(let client, let range): clients.send(client, core.output.bytes.bytes(in: range))
    case .closeClient(let client): clients.close(client)
    case .dropClient(let client): clients.drop(client)
    case .notifyDrained(let client): clients.notifyDrained(client)
    case .connect(let link): links.connect(link)
    case .sendLink(let link, let range): links.send(link, core.output.bytes.bytes(in: range))
    case .closeLink(let link): links.close(link)
    case .keepSpending(let range):
      if let reason = spending.keep(core.output.bytes.bytes(in: range)) {
        log.write(
          .warning, "msg=\"cannot keep what was spent: a restart may exceed the limit\" reason=\"\(reason)\"",
          wall: loop.now.wall)
      }
    case .fetch(let id, let body, let timeoutMs): fetch(id, body, timeoutMs)
    case .store: storage.store(core.takeBatch())
    case .sweep: storage.sweep(core.takeSweep())
    case .query(let id): storage.query(id, core.takeQuery(id))
    case .compute(let id): compute(id, core.takeJob(id))
    case .load: storage.load()
    case .log(let level, let range): log.write(level, core.output.bytes.bytes(in: range), wall: loop.now.wall)
    case .stopAccepting:
      notify.stopping()
      listener?.close()
    case .exit(let code):
      status = code
      loop.stop()
    }
  }

  private func fetch(_ id: FetchID, _ body: Range<Int>, _ timeoutMs: Int) {
    let request = TransferRequest(
      .post, url: options[.restURL] + "/info", headers: ["content-type: application/json"],
      deadline: .milliseconds(timeoutMs))
    let tag = Int(truncatingIfNeeded: id.raw)
    if transfers.start(request, body: core.output.bytes.bytes(in: body), tag: tag) == nil {
      later(.fetchFailed(id, .broken("too many requests under way")))
    }
  }

  /// The pool never refuses: Core bounds its jobs below the pool's `jobsMax`.
  private func compute(_ id: JobID, _ job: Job) {
    let isTaken = pool.submit({ job.run() }, then: { [unowned self] result in step(.computed(id, result)) })
    precondition(isTaken)
  }

  /// Reads the configuration again, on the pool: a slow disk must not hold up the loop.
  private func reload() {
    guard reloading == nil else {
      reloading = true
      return
    }
    reloading = false
    let read = readOptions
    let isTaken = pool.submit({ read() }) { [unowned self] options, problems in
      log.configure(problems.isEmpty ? options : core.options, telling: core.options)
      step(.reloaded(options, problems))
      log.configure(core.options)
      let again = reloading == true
      reloading = nil
      if again { reload() }
    }
    precondition(isTaken)
  }

  // MARK: Turns

  private func endTurn() {
    // Each deferred input may defer others; a client that is answered from its buffer can do so only as often as
    // its buffer holds requests, so this ends.
    while !deferred.isEmpty {
      let inputs = deferred
      deferred.removeAll(keepingCapacity: true)
      for input in inputs { step(input) }
    }
    let deadline = core.nextDeadline
    guard deadline != armedFor, let deadlineTimer else { return }
    armedFor = deadline
    if deadline == .never { deadlineTimer.disarm() } else { deadlineTimer.arm(at: deadline) }
  }

  private func measure(_ now: Now) {
    var measured = Measurements()
    measured.turns = loop.turns.count
    measured.turnLast = TimeSpan(ns: Int64(clamping: loop.turns.lastNs))
    measured.turnP99 = TimeSpan(ns: Int64(clamping: loop.turns.p99Ns))
    measured.turnMax = TimeSpan(ns: Int64(clamping: loop.turns.maxNs))
    measured.memoryBytes = memory.residentBytes()
    measured.clientsStalled = loop.counts.unsentOverflows + loop.counts.writeQueueOverflows
    measured.turnTimes = loop.turns.counts
    measured.openFiles = memory.openFiles()
    measured.loopHandles = loop.objects
    measured.loopTimers = loop.timers
    measured.logLinesDropped = log.droppedTotal
    measured.databaseBytes = storage.sizes.file
    measured.databaseLogBytes = storage.sizes.log
    measured.clientsRefused = loop.counts.refusedOverLimit + loop.counts.refusedOutOfFiles
    step(.measured(measured))
    notify.watchdog()
    ticks += 1
    if ticks == StartupCode.settledS { StartupCode.letGo() }
    measureTimer?.arm(at: now.instant + Measurements.interval)
  }

  // MARK: End

  private func shutDown() -> Int32 {
    loop.endOfTurn = nil
    signals?.close()
    deadlineTimer?.close()
    measureTimer?.close()
    listener?.close()
    transfers.close()
    pool.close(finishQueued: true)
    storage.close()
    spending.close()
    clients.daemon = nil
    links.daemon = nil
    loop.close()
    return status ?? 1
  }

  private static func seed() -> UInt64 {
    var random = SystemRandomNumberGenerator()
    return random.next()
  }
}

/// Hands what became of a REST request to Core.
private final class TransferReports: TransferOwner {
  weak var daemon: Daemon?

  func transfers(_ transfers: Transfers, tag: Int, finished outcome: TransferOutcome) {
    let id = FetchID(raw: UInt64(tag))
    switch outcome {
    case .reply(let reply):
      daemon?.step(.reply(id, status: reply.status, body: reply.body, retryAfterS: reply.retryAfterS))
    case .failure(let failure): daemon?.step(.fetchFailed(id, FetchFailure(failure)))
    }
  }
}

extension FetchFailure {
  fileprivate init(_ failure: TransferFailure) {
    switch failure {
    case .resolve: self = .resolve
    case .connect, .connectTimeout: self = .connect
    case .timeout: self = .timeout
    case .tls(let text): self = .tls(text)
    case .bodyTooLarge: self = .tooLarge
    default: self = .broken(failure.description)
    }
  }
}
