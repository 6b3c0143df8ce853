import API
import Base

/// API clients: one session per connection, fed and expired, its outcomes turned into effects.
///
/// The driver chooses the slots and bounds their number; sessions lie in a flat array by slot.
/// A class, because answering a request reads it (`/v1/stats` counts clients) while it is at work.
/// Invariant: a slot holds a session from `clientAccepted` to `clientClosed`; after `closeClient` or `dropClient` its
/// session is only waited for.
final class Clients {
  /// Between two looks for clients past their deadline; timeouts are this exact.
  static let sweepInterval = TimeSpan.seconds(1)

  private let router: Router
  private var slots: [ClientSession?] = []
  private var sweepAt = Instant.never
  private var isStopping = false
  /// Connections open now.
  private(set) var count = 0

  init(views: Views, options: Options, version: String) {
    router = Router(
      views: views,
      options: APIOptions(
        bindHost: options[.serverHost], allowedHosts: options[.allowedHosts], version: version))
  }

  var deadline: Instant { sweepAt }
  var isEmpty: Bool { count == 0 }
  /// Requests answered so far.
  var requests: UInt64 { router.requests }

  /// One input about a client.
  func step(_ input: Input, _ out: Output, now: Now) {
    switch input {
    case .clientAccepted(let client): accept(client, out, now: now)
    case .clientReceived(let client, let bytes):
      run(client, out) { $0.receive(bytes, now: now.instant, into: out.bytes) }
    case .clientDrained(let client): run(client, out) { $0.resume(now: now.instant, into: out.bytes) }
    case .clientEnded(let client): run(client, out) { $0.endOfInput(now: now.instant, into: out.bytes) }
    case .clientClosed(let client): remove(client)
    default: preconditionFailure("not about a client")
    }
  }

  /// Ends connections that are past their deadline.
  func tick(_ out: Output, now: Now) {
    guard now.instant >= sweepAt else { return }
    sweepAt = count > 0 ? now.instant + Clients.sweepInterval : .never
    for slot in slots.indices {
      guard let session = slots[slot], session.deadline <= now.instant else { continue }
      let isDraining = session.isDraining
      run(ClientID(raw: slot), out) { $0.expire(now: now.instant, into: out.bytes) }
      // A client that does not read would never let a flush end.
      if isDraining { out.add(.dropClient(ClientID(raw: slot))) }
    }
  }

  /// Begins a graceful end of every connection.
  func stop(_ out: Output, now: Now) {
    isStopping = true
    for slot in slots.indices where slots[slot] != nil {
      run(ClientID(raw: slot), out) { $0.stop(into: out.bytes) }
    }
  }

  private func accept(_ client: ClientID, _ out: Output, now: Now) {
    while slots.count <= client.raw { slots.append(nil) }
    precondition(slots[client.raw] == nil, "the slot is free")
    slots[client.raw] = ClientSession(router: router, now: now.instant)
    count += 1
    if sweepAt == .never { sweepAt = now.instant + Clients.sweepInterval }
    if isStopping { run(client, out) { $0.stop(into: out.bytes) } }
  }

  private func remove(_ client: ClientID) {
    guard client.raw < slots.count, slots[client.raw] != nil else { return }
    slots[client.raw] = nil
    count -= 1
  }

  @inline(__always)
  private func run(_ client: ClientID, _ out: Output, _ body: (ClientSession) -> ClientSession.Outcome) {
    guard client.raw < slots.count, let session = slots[client.raw] else { return }
    let start = out.bytes.count
    let outcome = body(session)
    if out.bytes.count > start { out.add(.sendClient(client, start..<out.bytes.count)) }
    switch outcome {
    case .open: break
    case .awaitDrain: out.add(.notifyDrained(client))
    case .closeAfterFlush: out.add(.closeClient(client))
    }
  }
}
