/// A listening TCP socket on a loop: accepts, counts, refuses beyond its limit.
///
/// It watches its socket itself (not libuv's accept) so that every outcome of `accept` is its own decision:
/// beyond `connectionsMax` a connection gets the owner's refusal bytes and an orderly end; out of file
/// descriptors, a spare one is used to accept and drop what waits, and when even that fails accepting rests for
/// `restMs` instead of spinning.
/// Bounds: `connectionsMax`, `networkConnectionsMax` of them from one address, `refusalsMax` refused connections still being told, `acceptsPerTurnMax`; `unsentBytesMax`
/// for the unsent bytes of all together.
import Base
import CLibuv
import Glibc

/// Gives accepted streams an owner.
public protocol ListenerOwner: AnyObject {
  /// The owner of `stream`, which opens next; nil refuses it (closed at once).
  func listener(_ listener: Listener, ownerFor stream: Stream) -> (any StreamOwner)?
}

/// A listener's settings.
public struct ListenerOptions {
  /// Connections the system holds for us between two turns.
  public var backlog = 511
  /// The most open connections; more are refused and counted.
  public var connectionsMax = 1024
  /// The most open connections of one address (an IPv6 network of 64 bits), this machine's own excepted.
  public var networkConnectionsMax = Int.max
  /// What a connection beyond the limit is sent before it is closed; empty for nothing. Not sent over TLS.
  public var refusal: [UInt8] = []
  /// The most memory of what all accepted streams have not sent; beyond it the one that stands still longest goes.
  public var unsentBytesMax = 64 * 1024 * 1024
  /// Unsent bytes the system takes from one accepted stream before it asks to wait; 0 is its own choice, which can
  /// be megabytes for each. What is on its way to the peer does not count.
  public var systemUnsentBytesMax = 0
  /// The settings of accepted streams.
  public var stream = StreamOptions()
  /// Serve TLS with this certificate.
  public var tls: TLSServer?

  /// The defaults above.
  public init() {}
}

/// Why there is no listener: a sentence that names the address ("127.0.0.1:8100: address already in use").
public struct ListenFailure: Error, Hashable, Sendable, CustomStringConvertible {
  /// The sentence.
  public let description: String
  /// The system's error number (`EADDRINUSE`, …); 0 if it was not the system.
  public let code: Int32
}

extension ListenFailure {
  /// Why nobody could listen there now; nil when it is free. The address is taken for a moment, without listening.
  public static func now(host: String, port: Int) -> ListenFailure? {
    do throws(ListenFailure) {
      close(try ListeningSocket.bound(host: host, port: port).descriptor)
      return nil
    } catch { return error }
  }
}

/// A listening socket; lives until `close()` or `Loop.close()`.
public final class Listener: LoopObject {
  /// Refused connections that may still be on their way out.
  public static let refusalsMax = 64
  /// Connections accepted before other sockets get their turn.
  public static let acceptsPerTurnMax = 64
  /// How long accepting rests when no file descriptor can be had, in milliseconds.
  public static let restMs = 100

  /// The port it listens on: the system's choice if 0 was asked for.
  public let port: Int
  /// The address it listens on, as text with the port.
  public let address: String
  /// Open accepted connections.
  public private(set) var connections = 0

  private let options: ListenerOptions
  private var owner: (any ListenerOwner)?
  private let poll: UnsafeMutablePointer<uv_poll_t>
  private let descriptor: Int32
  private var spare: Int32
  private var rest: Timer?
  private var closing = false
  private var refusals = 0
  /// Open accepted connections by where they come from; who has none is not in it.
  private var networks: [UInt64: Int] = [:]
  private let refuser: Refuser
  let unsent: Unsent

  /// Listens on `host` (numeric, or a name the system resolves: this blocks) and `port` (0: any free one).
  public init(
    _ loop: Loop, host: String, port: Int, options: ListenerOptions = ListenerOptions(),
    owner: any ListenerOwner
  ) throws(ListenFailure) {
    let bound = try ListeningSocket.open(host: host, port: port, backlog: options.backlog)
    Unsent.limitSystem(bound.descriptor, bytes: options.systemUnsentBytesMax)
    descriptor = bound.descriptor
    self.port = bound.port
    address = bound.address
    self.options = options
    self.owner = owner
    refuser = Refuser(options.refusal)
    unsent = Unsent(bytesMax: options.unsentBytesMax)
    spare = Listener.openSpare()
    poll = .allocate(capacity: 1)
    super.init(loop: loop)
    uv_poll_init(loop.uv, poll, descriptor)
    poll.pointee.data = Unmanaged.passRetained(self as LoopObject).toOpaque()
    watch()
  }

  deinit { poll.deallocate() }

  /// Stops listening; connections that are open stay.
  public func close() {
    guard !closing else { return }
    closing = true
    owner = nil
    rest?.close()
    rest = nil
    uv_poll_stop(poll)
    poll.withMemoryRebound(to: uv_handle_t.self, capacity: 1) { handle in
      uv_close(handle) { handle in
        guard let data = handle?.pointee.data else { return }
        Unmanaged<LoopObject>.fromOpaque(data).release()
      }
    }
    Glibc.close(descriptor)
    if spare >= 0 { Glibc.close(spare) }
    spare = -1
  }

  override func shutDown() { close() }

  /// A stream of ours has closed.
  func streamClosed(_ stream: Stream) {
    if stream.isRefused {
      refusals -= 1
      return
    }
    connections -= 1
    guard stream.network != 0, let count = networks[stream.network] else { return }
    networks[stream.network] = count > 1 ? count - 1 : nil
  }

  // MARK: accepting

  private func watch() {
    uv_poll_start(poll, Int32(UV_READABLE.rawValue)) { handle, _, _ in
      guard let data = handle?.pointee.data else { return }
      let listener = Unmanaged<Listener>.fromOpaque(data).takeUnretainedValue()
      listener.loop.wake()
      listener.acceptWaiting()
    }
  }

  private func acceptWaiting() {
    var accepted = 0
    while accepted < Listener.acceptsPerTurnMax && !closing {
      let socket = reactor_accept(descriptor, SocketType.nonBlocking | SocketType.closeOnExec)
      if socket >= 0 {
        accepted += 1
        admit(socket)
        continue
      }
      switch errno {
      case EINTR, ECONNABORTED, EPROTO: accepted += 1
      case EAGAIN: return
      case EMFILE, ENFILE, ENOBUFS, ENOMEM:
        accepted += 1
        if !dropOneWithSpare() { return takeRest() }
      default: return takeRest()
      }
    }
  }

  /// One accepted socket: to the owner, or refused.
  private func admit(_ socket: Int32) {
    let network = SocketAddress.network(of: socket)
    guard connections < options.connectionsMax, networks[network, default: 0] < options.networkConnectionsMax
    else { return refuse(socket) }
    let stream = Stream(loop: loop, options: options.stream, owner: nil, accepted: true)
    guard uv_tcp_open(stream.tcp, socket) == 0 else {
      Glibc.close(socket)
      return stream.abort()
    }
    stream.network = network
    guard let streamOwner = owner?.listener(self, ownerFor: stream) else { return stream.abort() }
    guard stream.state == .opening else { return }
    stream.owner = streamOwner
    stream.listener = self
    connections += 1
    if network != 0 { networks[network, default: 0] += 1 }
    loop.counts.accepted += 1
    stream.serve(options.tls)
  }

  private func refuse(_ socket: Int32) {
    loop.counts.refusedOverLimit += 1
    guard refusals < Listener.refusalsMax, options.tls == nil, !options.refusal.isEmpty else {
      Glibc.close(socket)
      return
    }
    let stream = Stream(loop: loop, options: Refuser.options, owner: refuser, accepted: true)
    guard uv_tcp_open(stream.tcp, socket) == 0 else {
      Glibc.close(socket)
      return stream.abort()
    }
    stream.isRefused = true
    stream.listener = self
    refusals += 1
    stream.serve(nil)
  }

  // MARK: out of file descriptors

  private static func openSpare() -> Int32 { Glibc.open("/dev/null", O_RDONLY | O_CLOEXEC) }

  /// Frees the spare descriptor to accept and drop one connection, so that its client is told instead of waiting.
  private func dropOneWithSpare() -> Bool {
    guard spare >= 0 else { return false }
    Glibc.close(spare)
    let socket = reactor_accept(descriptor, SocketType.closeOnExec)
    if socket >= 0 {
      Glibc.close(socket)
      loop.counts.refusedOutOfFiles += 1
    }
    spare = Listener.openSpare()
    return socket >= 0 && spare >= 0
  }

  /// Does not accept for a while.
  private func takeRest() {
    uv_poll_stop(poll)
    let this = Unmanaged.passUnretained(self)
    if rest == nil {
      rest = Timer(loop) { _ in this._withUnsafeGuaranteedRef { $0.wakeFromRest() } }
    }
    rest?.arm(at: loop.now.instant + .milliseconds(Listener.restMs))
  }

  private func wakeFromRest() {
    guard !closing else { return }
    if spare < 0 { spare = Listener.openSpare() }
    watch()
  }
}

/// Tells connections beyond the limit so, and ends them.
private final class Refuser: StreamOwner {
  static let options: StreamOptions = {
    var options = StreamOptions()
    options.closeDeadline = .seconds(1)
    options.lingerBytesMax = 64 * 1024
    return options
  }()
  private let text: [UInt8]

  init(_ text: [UInt8]) { self.text = text }

  func streamDidOpen(_ stream: Stream) {
    _ = text.withUnsafeBytes { stream.write($0) }
    stream.closeAfterFlush()
  }

  func stream(_ stream: Stream, didReceive bytes: UnsafeRawBufferPointer) {}
  func stream(_ stream: Stream, didClose reason: CloseReason) {}
}
