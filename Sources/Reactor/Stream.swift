/// A TCP connection on a loop, outgoing or accepted, plain or TLS.
///
/// Life: opening → open → (closing) → closed. An outgoing stream looks its host up and tries every address;
/// failures of any kind arrive as `streamDidClose` and never inside a call of the owner. Reading starts when the
/// stream opens. Writing goes to the system at once; what does not fit waits in a queue, sent in order.
/// Bounds: `StreamOptions` (`writeQueueMax`, marks, deadlines); memory beyond the object itself only while
/// bytes wait. Invariant: the handle holds the stream until libuv has closed it, so callbacks need no counting.
import Base
import CLibuv

/// One connection; made by `Stream.connect` or handed out by a `Listener`.
public final class Stream: LoopObject {
  /// Where in its life a stream is.
  public enum State: Sendable {
    /// Looking up, connecting or shaking hands.
    case opening
    /// Bytes flow.
    case open
    /// `closeAfterFlush`: the rest is being sent, what comes is thrown away.
    case flushing
    /// Ended; the owner has been or is about to be told.
    case closed
  }

  /// What libuv needs per connection attempt, in one allocation, so that an attempt can outlive the stream.
  struct Handles {
    var tcp = uv_tcp_t()
    var connect = uv_connect_t()
    var write = uv_write_t()
  }

  /// For the owner's use, such as a connection's slot number.
  public var tag = 0
  /// Where in its life the stream is.
  public internal(set) var state = State.opening
  /// The settings it was made with.
  public let options: StreamOptions
  /// Whether it was accepted by a listener.
  public let isAccepted: Bool
  /// Whom an accepted stream comes from, as far as limits go: an IPv4 address or an IPv6 network; 0 is this machine.
  public internal(set) var network: UInt64 = 0

  var owner: (any StreamOwner)?
  var handles: UnsafeMutablePointer<Handles>
  var closeReason = CloseReason.closedByOwner
  /// The connect deadline, later the close deadline.
  var deadline: Timer?
  var tls: TLSSession?
  var connecting: Connecting?
  /// Bytes libuv is sending, and bytes that come after them. Both nil while nothing waits.
  var inFlight: ByteBuffer?
  var queued: ByteBuffer?
  var aboveHighWater = false
  var pausedByOwner = false
  var reading = false
  var peerEnded = false
  var sentEnd = false
  var thrownAway = 0
  var listener: Listener?
  /// Among the listener's streams with unsent bytes.
  var unsentPlace = Unsent.Place()
  /// Accepted only to be told that the listener is full.
  var isRefused = false

  init(loop: Loop, options: StreamOptions, owner: (any StreamOwner)?, accepted: Bool) {
    self.options = options
    self.owner = owner
    isAccepted = accepted
    handles = .allocate(capacity: 1)
    handles.initialize(to: Handles())
    super.init(loop: loop)
    uv_tcp_init(loop.uv, tcp)
    tcp.pointee.data = Unmanaged.passRetained(self as LoopObject).toOpaque()
  }

  deinit { handles.deallocate() }

  /// Bytes written but not yet taken by the system.
  public var queuedBytes: Int {
    (inFlight == nil ? 0 : uv_stream_get_write_queue_size(uvStream)) + (queued?.count ?? 0)
  }

  /// Sends `bytes` after everything written before; they are copied only if the system does not take them now.
  ///
  /// Precondition: the stream has opened. A stream that is flushing or closed ignores the bytes.
  /// - Returns: whether the stream took them; false if it is ending or this write ended it.
  @discardableResult
  public func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
    precondition(state != .opening, "write before the stream opened")
    guard state == .open else { return false }
    if let tls { return tls.write(bytes, on: self) }
    return send(bytes)
  }

  /// Sends `text`; for rare paths and tests.
  @discardableResult
  public func write(utf8 text: String) -> Bool {
    var text = text
    return text.withUTF8 { write(UnsafeRawBufferPointer($0)) }
  }

  /// Hands no more bytes to the owner until `resumeReading`; the system's buffers then slow the peer down.
  public func pauseReading() {
    pausedByOwner = true
    updateReading()
  }

  /// Ends `pauseReading`.
  public func resumeReading() {
    pausedByOwner = false
    updateReading()
  }

  /// Sends what waits, then ends the connection in order; what the peer still sends is thrown away, so that
  /// unread data does not destroy the answer on its way. Bounded by `closeDeadline` and `lingerBytesMax`.
  public func closeAfterFlush() {
    switch state {
    case .opening: end(.closedByOwner)
    case .open:
      state = .flushing
      closeReason = peerEnded ? .eof : .closedByOwner
      tls?.sendCloseNotify(on: self)
      guard state == .flushing else { return }
      startCloseDeadline()
      updateReading()
      continueFlush()
    case .flushing, .closed: break
    }
  }

  /// Ends the connection now; what waits is lost. The peer sees a reset if the system still held data.
  public func abort() { end(.closedByOwner) }

  override func shutDown() { end(.closedByOwner) }

  /// The peer's address as text ("127.0.0.1:80", "[::1]:80"); empty once closed.
  public var peerAddress: String {
    guard state != .closed else { return "" }
    return SocketAddress.peer(of: tcp)
  }

  /// Whole days until the peer's certificate expires, and the TLS version; nil without TLS.
  public var peerCertificate: (daysLeft: Int, version: String)? { tls?.peerCertificate }

  // MARK: handles

  var tcp: UnsafeMutablePointer<uv_tcp_t> {
    UnsafeMutableRawPointer(handles).assumingMemoryBound(to: uv_tcp_t.self)
  }

  var uvStream: UnsafeMutablePointer<uv_stream_t> {
    UnsafeMutableRawPointer(handles).assumingMemoryBound(to: uv_stream_t.self)
  }

  var uvHandle: UnsafeMutablePointer<uv_handle_t> {
    UnsafeMutableRawPointer(handles).assumingMemoryBound(to: uv_handle_t.self)
  }

  /// The socket; false if there is none.
  func descriptor(_ descriptor: inout Int32) -> Bool { uv_fileno(uvHandle, &descriptor) == 0 }

  /// The stream a libuv callback is about, or nil for an attempt that was given up.
  @inline(__always)
  static func of(_ data: UnsafeMutableRawPointer?) -> Unmanaged<Stream>? {
    guard let data else { return nil }
    return .fromOpaque(data)
  }

  // MARK: opening

  /// Starts an accepted connection.
  func serve(_ server: TLSServer?) {
    if let server {
      guard let session = server.session() else { return end(.tls("no TLS session could be made")) }
      tls = session
      let this = Unmanaged.passUnretained(self)
      deadline = Timer(loop) { _ in this._withUnsafeGuaranteedRef { $0.end(.connectTimeout) } }
      deadline?.arm(at: loop.now.instant + options.connectDeadline)
    }
    transportIsUp()
  }

  /// TCP is connected or accepted: shake hands, or open.
  func transportIsUp() {
    uv_tcp_nodelay(tcp, 1)
    if options.keepAliveS > 0 { uv_tcp_keepalive(tcp, 1, UInt32(clamping: options.keepAliveS)) }
    if let tls {
      updateReading()
      if state == .opening { tls.startHandshake(on: self) }
    } else {
      opened()
    }
  }

  /// Everything is ready for the owner's bytes.
  func opened() {
    deadline?.close()
    deadline = nil
    connecting = nil
    state = .open
    if !isAccepted { loop.counts.connected += 1 }
    owner?.streamDidOpen(self)
    updateReading()
  }

  // MARK: ending

  /// Ends the stream for `reason`; the owner hears of it when libuv has closed the handle, this turn.
  func end(_ reason: CloseReason) {
    guard state != .closed else { return }
    if state == .opening && !isAccepted { loop.counts.connectFailures += 1 }
    state = .closed
    closeReason = reason
    reading = false
    listener?.unsent.ended(self)
    deadline?.close()
    deadline = nil
    connecting = nil
    uv_close(uvHandle) { handle in
      guard let stream = Stream.of(handle?.pointee.data) else { return }
      let this = stream.takeRetainedValue()
      this.loop.wake()
      this.wasClosed()
    }
  }

  /// Ends the stream for a libuv status of an open connection.
  func end(status: Int32) {
    end(status == UV_ETIMEDOUT.rawValue ? .reset : CloseReason(status: status))
  }

  private func wasClosed() {
    if let inFlight { loop.giveBack(inFlight) }
    if let queued { loop.giveBack(queued) }
    inFlight = nil
    queued = nil
    tls?.close(saving: closeReason)
    tls = nil
    listener?.streamClosed(self)
    listener = nil
    let owner = owner
    self.owner = nil
    owner?.stream(self, didClose: closeReason)
  }
}
