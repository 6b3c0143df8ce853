import API
import Base

/// API clients: one session per connection, fed and expired, its outcomes turned into effects.
///
/// The driver chooses the slots and bounds their number; sessions lie in a flat array by slot.
/// A class, because answering a request reads it (`/v1/stats` counts clients) while it is at work.
/// Invariant: a slot holds a session from `clientAccepted` to `clientClosed`; after `closeClient` or `dropClient` its
/// session is only waited for. What a turn costs does not depend on how many are idle: deadlines lie in a wheel, who
/// waits in a list of its own.
final class Clients {
  /// Clients ended in one turn for being past their deadline; thousands that were accepted together become due
  /// together, and the rest has the next turns.
  static let expiriesMax = 256

  let router: Router
  private var slots: [ClientSession?] = []
  private var deadlines = ClientDeadlines()
  /// The clients whose request waits; at most `Router.parkedMax`.
  private var waiting: [Int] = []
  /// The earliest deadline of the requests that wait; never late, perhaps early.
  private var parkedUntil = Instant.never
  private var isStopping = false
  /// Connections open now.
  private(set) var count = 0

  /// No client yet; `token` is what writes must carry, `nil` when nothing is asked.
  init(views: Views, options: Options, version: String, token: String? = nil) {
    router = Router(
      views: views,
      options: APIOptions(
        bindHost: options[.serverHost], allowedHosts: options[.allowedHosts], version: version, token: token,
        protectReads: options[.protectReads], corsOrigins: options[.corsOrigins]))
  }

  var deadline: Instant { min(deadlines.next, parkedUntil) }
  var isEmpty: Bool { count == 0 }
  /// Requests answered so far.
  var requests: UInt64 { router.requests }

  /// One input about a client.
  func step(_ input: Input, _ out: Output, now: Now) {
    switch input {
    case .clientAccepted(let client, let network): accept(client, network, out, now: now)
    case .clientReceived(let client, let bytes):
      run(client, out, now) { $0.receive(bytes, now: now.instant, into: out.bytes) }
    case .clientDrained(let client): run(client, out, now) { $0.resume(now: now.instant, into: out.bytes) }
    case .clientEnded(let client): run(client, out, now) { $0.endOfInput(now: now.instant, into: out.bytes) }
    case .clientClosed(let client): remove(client)
    default: preconditionFailure("not about a client")
    }
  }

  /// Runs every request again that waits for `reason`, with what became of it. Not to be called while a request
  /// is being answered (from `Views.submit` and the like).
  func wake(_ reason: WaitReason, _ outcome: WaitOutcome, _ out: Output, now: Now) {
    for slot in waiting where slots[slot]?.waitsFor == reason {
      run(ClientID(raw: slot), out, now) { $0.wake(outcome, now: now.instant, into: out.bytes) }
    }
  }

  /// Requests that wait now.
  var parked: Int { router.parked }
  /// Requests refused because too many waited.
  var refusedWaiting: UInt64 { router.refusedWaiting }
  /// Connections ended because unfinished requests took too much memory.
  var refusedHeld: UInt64 { router.refusedHeld }
  /// Requests refused because their connection, or their address, asked too often.
  var refusedFlood: UInt64 { router.refusedFlood }

  /// Runs requests again that have waited too long.
  private func expireParked(_ out: Output, now: Now) {
    guard now.instant >= parkedUntil else { return }
    parkedUntil = .never
    for slot in waiting {
      // Either it is due, or `run` notes its deadline again.
      run(ClientID(raw: slot), out, now) { $0.expire(now: now.instant, into: out.bytes) }
    }
  }

  /// Ends connections that are past their deadline.
  func tick(_ out: Output, now: Now) {
    expireParked(out, now: now)
    var ended = 0
    while ended < Clients.expiriesMax, let slot = deadlines.popDue(now: now.instant) {
      guard let session = slots[slot] else { continue }
      guard session.deadline <= now.instant else {
        deadlines.enter(slot, session.deadline, now: now.instant)
        continue
      }
      ended += 1
      let isDraining = session.isDraining
      run(ClientID(raw: slot), out, now) { $0.expire(now: now.instant, into: out.bytes) }
      // A client that does not read would never let a flush end.
      if isDraining { out.add(.dropClient(ClientID(raw: slot))) }
    }
  }

  /// Begins a graceful end of every connection.
  func stop(_ out: Output, now: Now) {
    isStopping = true
    for slot in slots.indices where slots[slot] != nil {
      run(ClientID(raw: slot), out, now) { $0.stop(into: out.bytes) }
    }
  }

  private func accept(_ client: ClientID, _ network: UInt64, _ out: Output, now: Now) {
    while slots.count <= client.raw { slots.append(nil) }
    precondition(slots[client.raw] == nil, "the slot is free")
    let session = ClientSession(router: router, network: network, now: now.instant)
    slots[client.raw] = session
    deadlines.enter(client.raw, session.deadline, now: now.instant)
    count += 1
    if isStopping { run(client, out, now) { $0.stop(into: out.bytes) } }
  }

  private func remove(_ client: ClientID) {
    guard client.raw < slots.count, let session = slots[client.raw] else { return }
    if session.isParked { waiting.removeAll { $0 == client.raw } }
    deadlines.remove(client.raw)
    slots[client.raw] = nil
    count -= 1
  }

  @inline(__always)
  private func run(
    _ client: ClientID, _ out: Output, _ now: Now, _ body: (ClientSession) -> ClientSession.Outcome
  ) {
    guard client.raw < slots.count, let session = slots[client.raw] else { return }
    let start = out.bytes.count
    let hasWaited = session.isParked
    let outcome = body(session)
    if out.bytes.count > start { out.add(.sendClient(client, start..<out.bytes.count)) }
    switch outcome {
    case .open: break
    case .awaitDrain: out.add(.notifyDrained(client))
    case .closeAfterFlush: out.add(.closeClient(client))
    }
    if deadlines.isLate(client.raw, for: session.deadline) {
      deadlines.enter(client.raw, session.deadline, now: now.instant)
    }
    guard hasWaited || session.isParked else { return }
    if session.isParked {
      parkedUntil = min(parkedUntil, session.deadline)
      if !hasWaited { waiting.append(client.raw) }
    } else {
      waiting.removeAll { $0 == client.raw }
    }
  }
}
