import Base
import Core
import Hyperliquid
import Store
import Wire

/// Carries out a script against Core, as a driver that obeys amid peers that do not.
final class CoreDriver {
  private enum Due {
    case linkOpened(LinkID), linkClosed(LinkID), clientDrained(ClientID), clientClosed(ClientID)
    case upgrade(LinkID, key: [UInt8])
  }

  /// What the disk and the pool have been asked; answered at once, or when the script says.
  private enum Asked {
    case swept, queried(QueryID), computed(JobID, Job)
  }

  private static let clientsMax = 6

  private let core: Core
  private let buffer = ByteBuffer()
  private var now = Now(instant: Instant(ns: 1_000_000_000), wall: WallTime(ms: 1_795_353_385_000))
  private var due: [Due] = []
  private var asked: [Asked] = []
  /// Whether the pool takes its time, and whether the disk fails.
  private var isPoolSlow = false
  private var isDiskBroken = false
  private var links: [LinkID] = []
  private var clients = [Bool](repeating: false, count: CoreDriver.clientsMax)
  private var closing = [Bool](repeating: false, count: CoreDriver.clientsMax)
  private var fetches: [(id: FetchID, body: String)] = []
  private var isStoring = false
  private var isAnswering = false
  private var isLoading = false
  private var hasExited = false

  init(seed: UInt64) {
    core = Core(options: Options(), version: "fuzz", seed: seed, now: now)
    step(.started)
    // Most scripts are about a service that knows some coins; a second one starts without.
    if seed % 8 != 0 {
      finishLoad(true)
      while let fetch = fetches.first { reply(fetch.id, CoreReplies.answer(fetch.body), status: 200) }
    }
  }

  /// A service that finds this in its file: it takes it over, holds its invariants, answers and stops.
  static func restart(with state: StoredState, seed: UInt64) {
    let driver = CoreDriver(seed: 0)
    guard driver.isLoading else { return }
    driver.isLoading = false
    driver.step(.loaded(.success(state)))
    while let fetch = driver.fetches.first, driver.fetches.count < 32 {
      driver.reply(fetch.id, CoreReplies.answer(fetch.body), status: 200)
      driver.pass(.milliseconds(10))
    }
    driver.pass(.seconds(1))
    driver.audit()
    for (slot, path) in CoreReplies.paths.enumerated() {
      let request = Array("GET \(path) HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8)
      request.withUnsafeBytes { driver.sent(UInt8(slot % clientsMax), prefix: "", $0) }
    }
    driver.end()
  }

  /// Looks for a broken invariant of what the service knows.
  func audit() {
    if let broken = core.brokenInvariant() { preconditionFailure(broken) }
  }

  func run(_ script: UnsafeRawBufferPointer) {
    var at = 0
    func next() -> UInt8 {
      defer { at += 1 }
      return at < script.count ? script[at] : 0
    }
    func text() -> UnsafeRawBufferPointer {
      // Two bytes a step, so that a whole trade fits.
      let count = min(2 * Int(next()), script.count - min(at, script.count))
      defer { at += count }
      return count > 0
        ? UnsafeRawBufferPointer(rebasing: script[at..<(at + count)]) : .init(start: nil, count: 0)
    }
    while at < script.count, !hasExited {
      switch next() % 18 {
      case 0: pass(.milliseconds(Int(next()) * 10))
      case 1: pass(.milliseconds(Int(next()) * 500))
      case 2: received(next(), text(), isFramed: false)
      case 3: received(next(), text(), isFramed: true)
      case 4: if let link = link(next()) { lose(link) }
      case 5: accept(next())
      case 6: sent(next(), prefix: "", text())
      case 7:
        sent(next(), prefix: "GET /v1/orderflow/", text(), suffix: " HTTP/1.1\r\nHost: localhost\r\n\r\n")
      case 8: sent(next(), prefix: "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n", text())
      case 9: leave(next(), isHalf: next() % 2 == 0)
      case 10: answer(next(), text())
      case 11: disk(next())
      case 12: now.wall = WallTime(ms: now.wall.ms &+ (Int64(next()) - 128) * 600_000)
      case 13: pool(next())
      case 14: measure(next())
      case 15: reload(next(), text())
      case 16: market(next(), next())
      default: if next() == 255 { step(.stop) }
      }
    }
  }

  /// Whatever the script did, a stop ends within five seconds.
  func end() {
    audit()
    guard !hasExited else { return }
    step(.stop)
    pass(.seconds(5))
    precondition(hasExited, "a stop does not end")
  }

  // MARK: Time

  private func pass(_ span: TimeSpan) {
    let end = now.instant + span
    var turns = 0
    while !hasExited, core.nextDeadline <= end {
      turns += 1
      precondition(turns < 100_000, "time does not pass")
      advance(to: max(core.nextDeadline, now.instant))
      step(.wake)
    }
    advance(to: max(now.instant, end))
  }

  private func advance(to instant: Instant) {
    now.wall = WallTime(ms: now.wall.ms &+ (instant - now.instant).milliseconds)
    now.instant = instant
  }

  // MARK: Inputs

  private func link(_ byte: UInt8) -> LinkID? { links.isEmpty ? nil : links[Int(byte) % links.count] }

  private func received(_ byte: UInt8, _ bytes: UnsafeRawBufferPointer, isFramed: Bool) {
    guard let link = link(byte), !bytes.isEmpty else { return }
    buffer.removeAll()
    if isFramed {
      WebSocketEncoder.frame(
        opcode: byte < 240 ? 1 : byte % 16, isFinal: true, bytes, mask: nil, into: buffer)
    } else {
      buffer.append(bytes)
    }
    step(.linkReceived(link, buffer.bytes))
  }

  private func lose(_ link: LinkID) {
    links.removeAll { $0 == link }
    step(.linkClosed(link, .reset))
  }

  private func accept(_ byte: UInt8) {
    let slot = Int(byte) % CoreDriver.clientsMax
    guard !clients[slot] else { return }
    clients[slot] = true
    closing[slot] = false
    step(.clientAccepted(ClientID(raw: slot)))
  }

  private func sent(
    _ byte: UInt8, prefix: StaticString, _ bytes: UnsafeRawBufferPointer, suffix: StaticString = ""
  ) {
    accept(byte)
    let slot = Int(byte) % CoreDriver.clientsMax
    guard clients[slot], !closing[slot] else { return }
    buffer.removeAll()
    buffer.append(prefix)
    buffer.append(bytes)
    buffer.append(suffix)
    step(.clientReceived(ClientID(raw: slot), buffer.bytes))
  }

  private func leave(_ byte: UInt8, isHalf: Bool) {
    let slot = Int(byte) % CoreDriver.clientsMax
    guard clients[slot] else { return }
    if isHalf, !closing[slot] { return step(.clientEnded(ClientID(raw: slot))) }
    closed(ClientID(raw: slot))
  }

  private func closed(_ client: ClientID) {
    guard clients[client.raw] else { return }
    clients[client.raw] = false
    step(.clientClosed(client))
  }

  private func answer(_ byte: UInt8, _ bytes: UnsafeRawBufferPointer) {
    guard !fetches.isEmpty else { return }
    let fetch = fetches[Int(byte >> 4) % fetches.count]
    switch byte % 8 {
    case 0: reply(fetch.id, Array(bytes), status: 200)
    case 1: reply(fetch.id, Array(bytes), status: 429, retryAfterS: Int(byte) << 40)
    case 2: reply(fetch.id, Array(bytes), status: Int(byte) * 7)
    case 3:
      fetches.removeAll { $0.id == fetch.id }
      step(.fetchFailed(fetch.id, .timeout))
    default: reply(fetch.id, CoreReplies.answer(fetch.body), status: 200)
    }
  }

  private func reply(_ id: FetchID, _ bytes: [UInt8], status: Int, retryAfterS: Int? = nil) {
    fetches.removeAll { $0.id == id }
    buffer.removeAll()
    bytes.withUnsafeBytes { buffer.append($0) }
    step(.reply(id, status: status, body: buffer.bytes, retryAfterS: retryAfterS))
  }

  private func disk(_ byte: UInt8) {
    if isLoading { return finishLoad(byte % 3 != 0) }
    guard isStoring else { return }
    isStoring = false
    let rows = core.takeBatch().count
    let failure = StoreError(byte % 2 == 0 ? .diskFull : .locked, "simulated")
    step(.stored(byte % 3 == 0 ? .failure(failure) : .success(BatchReport(rows: rows, logPages: 1))))
  }

  private func finishLoad(_ isGood: Bool) {
    isLoading = false
    step(.loaded(isGood ? .success(CoreReplies.state(now.wall)) : .failure(StoreError(.locked, "simulated"))))
  }

  /// The pool hurries or takes its time, the disk works or does not, or the oldest or latest answer comes.
  private func pool(_ byte: UInt8) {
    switch byte % 4 {
    case 0: isPoolSlow = byte >= 128
    case 1: isDiskBroken = byte >= 128
    default: if !asked.isEmpty { answer(byte >= 128 ? asked.removeFirst() : asked.removeLast()) }
    }
    if !isPoolSlow { while !asked.isEmpty, !hasExited { answer(asked.removeFirst()) } }
  }

  private func answer(_ asked: Asked) {
    let failure = StoreError(.locked, "simulated")
    switch asked {
    case .swept:
      // In ever further slices, as a sweep goes; the last leaves pages to give back.
      let report = SweepReport(removed: 3, next: nil, pagesLeft: 0)
      step(.swept(isDiskBroken ? .failure(failure) : .success(report)))
    case .queried(let id):
      let trades = CoreReplies.trades(now.wall)
      step(.queried(id, isDiskBroken ? .failure(failure) : .success(trades)))
    case .computed(let id, let job): step(.computed(id, job.run()))
    }
  }

  private func measure(_ byte: UInt8) {
    var measured = Measurements()
    measured.turns = UInt64(byte) << 32
    measured.turnLast = .milliseconds(Int(byte))
    measured.turnMax = .milliseconds(Int(byte) * 4)
    measured.memoryBytes = Int(byte) << 24
    measured.clientsRefused = Int(byte)
    step(.measured(measured))
  }

  /// A configuration with one key changed, or with a fault.
  private func reload(_ byte: UInt8, _ text: UnsafeRawBufferPointer) {
    var options = Options()
    let spec = Options.all[Int(byte) % Options.all.count]
    let reason = options.set(spec.name, to: String(decoding: text, as: UTF8.self))
    step(.reloaded(options, reason.map { [ConfigProblem(place: "fuzz", reason: $0)] } ?? []))
  }

  /// A trade between accounts the script names, as the exchange tells it, so that the fuzzer need not find the shape.
  private func market(_ who: UInt8, _ what: UInt8) {
    guard let link = link(who) else { return }
    let text = CoreReplies.trade(who, what, now.wall)
    buffer.removeAll()
    Array(text.utf8).withUnsafeBytes {
      WebSocketEncoder.frame(opcode: 1, isFinal: true, $0, mask: nil, into: buffer)
    }
    step(.linkReceived(link, buffer.bytes))
  }

  private func ask(_ question: Asked) {
    precondition(asked.count < 512, "too much is asked of the pool")
    asked.append(question)
  }

  // MARK: Effects

  private func step(_ input: Input) {
    core.step(input, now: now)
    for effect in core.output.effects { perform(effect) }
    // What the effects brought about, in the order of a driver: never inside the step they came from.
    while !hasExited {
      if !isPoolSlow, due.isEmpty, !asked.isEmpty, !isAnswering {
        isAnswering = true
        answer(asked.removeFirst())
        isAnswering = false
        continue
      }
      guard !due.isEmpty else { return }
      switch due.removeFirst() {
      case .linkOpened(let link): if links.contains(link) { step(.linkOpened(link)) }
      case .linkClosed(let link): step(.linkClosed(link, .closed))
      case .clientDrained(let client): if clients[client.raw] { step(.clientDrained(client)) }
      case .clientClosed(let client): closed(client)
      case .upgrade(let link, let key):
        guard links.contains(link) else { break }
        buffer.removeAll()
        key.withUnsafeBytes { WebSocketAccept.answer(key: $0, into: buffer) }
        step(.linkReceived(link, buffer.bytes))
      }
    }
  }

  private func perform(_ effect: Effect) {
    let bytes = core.output.bytes
    switch effect {
    case .connect(let link):
      precondition(!links.contains { $0.index == link.index }, "connects twice")
      links.append(link)
      due.append(.linkOpened(link))
    case .sendLink(let link, let range):
      precondition(links.contains(link), "sends on a link that is not there")
      upgrade(link, bytes.bytes(in: range))
    case .closeLink(let link):
      precondition(links.contains(link), "closes a link that is not there")
      links.removeAll { $0 == link }
      due.append(.linkClosed(link))
    case .sendClient(let client, let range):
      precondition(
        clients[client.raw] && !closing[client.raw] && !range.isEmpty, "sends to a client that is gone")
    case .closeClient(let client), .dropClient(let client):
      precondition(clients[client.raw], "closes a client that is gone")
      closing[client.raw] = true
      due.append(.clientClosed(client))
    case .notifyDrained(let client): due.append(.clientDrained(client))
    case .keepSpending(let range):
      var next = WeightBudget(inFlightMax: 8, seed: 1)
      precondition(next.restore(bytes.bytes(in: range), now: now.instant) != nil, "a record that is none")
    case .fetch(let id, let body, _):
      fetches.append((id, String(decoding: bytes.bytes(in: body), as: UTF8.self)))
      precondition(fetches.count <= 64, "too many requests")
    case .store:
      precondition(!isStoring && !isLoading && !core.takeBatch().isEmpty, "a batch too many")
      isStoring = true
    case .sweep:
      precondition(!isStoring && !isLoading, "sweeps while the disk is at work")
      ask(.swept)
    case .query(let id):
      _ = core.takeQuery(id)
      ask(.queried(id))
    case .compute(let id): ask(.computed(id, core.takeJob(id)))
    case .load:
      precondition(!isStoring && !isLoading, "loads while the disk is at work")
      isLoading = true
    case .exit(let code):
      precondition(code == 0)
      hasExited = true
    case .stopAccepting, .log: break
    }
  }

  /// The upgrade is always answered: without it the fuzzer would never get behind it.
  private func upgrade(_ link: LinkID, _ bytes: UnsafeRawBufferPointer) {
    guard bytes.first == UInt8(ascii: "G") else { return }
    let name = Array("Sec-WebSocket-Key: ".utf8)
    for at in 0..<max(0, bytes.count - name.count - 24)
    where bytes[at..<(at + name.count)].elementsEqual(name) {
      let key = at + name.count
      due.append(.upgrade(link, key: [UInt8](bytes[key..<(key + 24)])))
    }
  }
}
