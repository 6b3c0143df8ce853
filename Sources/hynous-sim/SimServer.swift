/// The simulated exchange on real sockets: one port for `POST /info` and the WebSocket at `/ws`.
///
/// A thin driver: bytes go into a connection's `ExchangeLink`, what the link has written goes out, and every
/// block (100 ms) each link is asked for what became due. The exchange's time is the wall clock at the start
/// plus the monotonic time since, so it never goes back.
/// Bounds: `connectionsMax` connections, and the stream's write queue for a client that does not read.
import Base
import Reactor
import Simulator

/// Owns the exchange, its listener and its connections.
final class SimServer: ListenerOwner {
  static let connectionsMax = 1024

  let exchange: Exchange
  private let loop: Loop
  private var listener: Listener?
  private var connections: [SimConnection] = []
  private var tick: Timer?
  private let startedAt: Instant
  private let start: WallTime
  private let blockMs: Int
  /// Client addresses by their text, numbered in order of arrival.
  private var clients: [String: Int] = [:]

  init(_ loop: Loop, exchange: Exchange, startedAt: Now) {
    self.loop = loop
    self.exchange = exchange
    self.startedAt = startedAt.instant
    start = startedAt.wall
    blockMs = exchange.world.options.blockMs
  }

  /// The exchange's time.
  var now: WallTime { WallTime(ms: start.ms + (loop.now.instant - startedAt).milliseconds) }

  /// Starts listening; answers the port.
  func listen(host: String, port: Int, tls: TLSServer?) throws(ListenFailure) -> Int {
    var options = ListenerOptions()
    options.connectionsMax = SimServer.connectionsMax
    options.tls = tls
    let listener = try Listener(loop, host: host, port: port, options: options, owner: self)
    self.listener = listener
    let timer = Timer(loop) { [unowned self] _ in self.turn() }
    tick = timer
    timer.arm(at: loop.now.instant + .milliseconds(blockMs))
    return listener.port
  }

  /// Ends everything in order.
  func stop() {
    tick?.close()
    listener?.close()
    for connection in connections { connection.end() }
    loop.stop()
  }

  private func turn() {
    let now = now
    exchange.world.advance(to: now)
    // A connection may close while it is served; those that stay are served next time too.
    for connection in connections { connection.deliver(now: now) }
    tick?.arm(at: loop.now.instant + .milliseconds(blockMs))
  }

  func listener(_ listener: Listener, ownerFor stream: Stream) -> (any StreamOwner)? {
    let peer = stream.peerAddress
    let host = String(peer.prefix(upTo: peer.lastIndex(of: ":") ?? peer.endIndex))
    let client = clients[host] ?? clients.count
    clients[host] = client
    let connection = SimConnection(server: self, link: exchange.connect(from: client), stream: stream)
    connections.append(connection)
    return connection
  }

  func forget(_ connection: SimConnection) {
    connections.removeAll { $0 === connection }
  }
}

/// One connection: a stream and its link.
final class SimConnection: StreamOwner {
  private unowned let server: SimServer
  private let link: ExchangeLink
  private unowned let stream: Stream

  init(server: SimServer, link: ExchangeLink, stream: Stream) {
    self.server = server
    self.link = link
    self.stream = stream
  }

  func streamDidOpen(_ stream: Stream) {}

  func stream(_ stream: Stream, didReceive bytes: UnsafeRawBufferPointer) {
    link.receive(bytes, now: server.now)
    flush()
  }

  func deliver(now: WallTime) {
    link.deliver(now: now)
    flush()
  }

  func end() {
    link.close(code: 1001)
    flush()
    stream.closeAfterFlush()
  }

  private func flush() {
    guard stream.state == .open else { return }
    if link.state == .aborted { return stream.abort() }
    if !link.output.isEmpty {
      stream.write(link.output.bytes)
      link.output.removeAll()
      link.output.trim(to: 256 * 1024)
    }
    if link.state == .closing { stream.closeAfterFlush() }
  }

  func stream(_ stream: Stream, didClose reason: CloseReason) {
    link.clientClosed()
    server.forget(self)
  }
}
