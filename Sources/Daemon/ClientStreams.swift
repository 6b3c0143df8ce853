import Base
import Core
import Reactor

/// The sockets under Core's API clients; a client's number is its slot here.
final class ClientStreams: ListenerOwner, StreamOwner {
  /// What a connection beyond the limit is told.
  static let refusal = Array(
    ("HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\ncontent-length: 32\r\n"
      + "connection: close\r\n\r\n{\"error\": \"Too many connections\"}").utf8)

  /// What all clients together may leave unread in our memory.
  static let unsentBytesMax = 48 << 20
  /// What the system keeps for one client that does not read, besides what the client's own system holds.
  static let systemUnsentBytesMax = 64 << 10

  /// One address over the network may hold a quarter of all connections.
  static let networkShare = 4

  /// A client is read only while the system takes its answers, and no more than it may send of a request at once: so
  /// one that does not read costs an answer and a burst of small ones.
  static var listening: ListenerOptions {
    var options = ListenerOptions()
    options.refusal = refusal
    options.unsentBytesMax = unsentBytesMax
    options.systemUnsentBytesMax = systemUnsentBytesMax
    options.stream.highWaterBytes = 0
    options.stream.lowWaterBytes = 0
    options.stream.readBytesMax = 16 << 10
    return options
  }

  weak var daemon: Daemon?
  private var slots: [Stream?] = []
  private var free: [Int] = []
  /// Clients whose next requests wait until what was sent has left, by slot.
  private var awaitsDrain: Set<Int> = []

  func listener(_ listener: Listener, ownerFor stream: Stream) -> (any StreamOwner)? {
    let slot = free.popLast() ?? slots.count
    if slot == slots.count { slots.append(nil) }
    slots[slot] = stream
    stream.tag = slot
    return self
  }

  func send(_ client: ClientID, _ bytes: UnsafeRawBufferPointer) { slots[client.raw]?.write(bytes) }
  func close(_ client: ClientID) { slots[client.raw]?.closeAfterFlush() }
  func drop(_ client: ClientID) { slots[client.raw]?.abort() }

  func notifyDrained(_ client: ClientID) {
    guard let stream = slots[client.raw] else { return }
    if stream.queuedBytes <= stream.options.highWaterBytes {
      daemon?.later(.clientDrained(client))
    } else {
      awaitsDrain.insert(client.raw)
    }
  }

  // MARK: StreamOwner

  func streamDidOpen(_ stream: Stream) {
    daemon?.step(.clientAccepted(ClientID(raw: stream.tag), network: stream.network))
  }

  func stream(_ stream: Stream, didReceive bytes: UnsafeRawBufferPointer) {
    daemon?.step(.clientReceived(ClientID(raw: stream.tag), bytes))
  }

  func streamDidDrain(_ stream: Stream) {
    guard !awaitsDrain.isEmpty, awaitsDrain.remove(stream.tag) != nil else { return }
    daemon?.step(.clientDrained(ClientID(raw: stream.tag)))
  }

  func streamDidEnd(_ stream: Stream) { daemon?.step(.clientEnded(ClientID(raw: stream.tag))) }

  func stream(_ stream: Stream, didClose reason: CloseReason) {
    let slot = stream.tag
    slots[slot] = nil
    awaitsDrain.remove(slot)
    daemon?.step(.clientClosed(ClientID(raw: slot)))
    free.append(slot)
  }
}
