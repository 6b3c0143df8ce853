/// HTTP requests by libcurl on the loop: libcurl names sockets and a time, the loop watches them.
///
/// HTTP/2 where offered, connections kept and reused, gzip accepted, certificates checked against the store of a
/// `TLSClient` (loaded at the first https request, off the loop); no redirects, no proxy, no signals, only
/// http and https. Nothing of libcurl exists before the first request.
/// Bounds: `TransferOptions`; `spareSlotsMax` idle easy handles, whose buffers are cut to `spareBytesMax`.
/// Invariant: libcurl's callbacks only write down; owners are called outside of libcurl.
import Base
import CCurl
import CLibuv
import COpenSSL

/// A pool of requests and connections; lives until `close()` or `Loop.close()`.
public final class Transfers: LoopObject {
  /// Easy handles kept for the next requests.
  public static let spareSlotsMax = 16
  /// The reply memory an idle easy handle keeps.
  public static let spareBytesMax = 64 * 1024

  /// Requests under way.
  public private(set) var active = 0

  private let options: TransferOptions
  private let tls: TLSClient
  private unowned let owner: any TransferOwner
  private var multi: UnsafeMutableRawPointer?
  private var timer: Timer?
  private var watches: [Int32: SocketWatch] = [:]
  private var slots: [TransferSlot?] = []
  private var spare: [Int] = []
  private var serial: UInt64 = 0
  private var closed = false

  /// `owner` hears every outcome and must outlive this object's use; `tls` is shared with streams.
  public init(
    _ loop: Loop, tls: TLSClient, options: TransferOptions = TransferOptions(), owner: any TransferOwner
  ) {
    self.options = options
    self.tls = tls
    self.owner = owner
    super.init(loop: loop)
    loop.attach(self)
  }

  /// Sends `request` with `body` (copied; ignored by GET).
  ///
  /// - Parameter tag: handed back with the outcome.
  /// - Returns: its name; nil when `transfersMax` requests are under way.
  public func start(
    _ request: TransferRequest, body: UnsafeRawBufferPointer = .init(start: nil, count: 0), tag: Int
  )
    -> TransferID?
  {
    guard !closed, active < options.transfersMax else { return nil }
    setUp()
    let slot = takeSlot()
    serial += 1
    active += 1
    let id = TransferID(slot: slot.index, serial: serial)
    slot.begin(request, body: body, tag: tag, serial: serial, bodyMax: options.bodyMax)
    guard request.isEncrypted else {
      add(slot)
      return id
    }
    tls.whenReady(on: loop) { [self] context, problem in
      guard !closed, slot.serial == id.serial, slot.isBusy else { return }
      guard let context else { return failLater(slot, .tls(problem)) }
      slot.trust = context
      add(slot)
    }
    return id
  }

  /// Ends a request without an outcome.
  /// - Returns: whether it was still under way.
  @discardableResult
  public func cancel(_ id: TransferID) -> Bool {
    guard !closed, id.slot < slots.count, let slot = slots[id.slot], slot.isBusy, slot.serial == id.serial
    else { return false }
    release(slot)
    return true
  }

  /// Ends all requests without an outcome and closes every connection.
  public func close() {
    guard !closed else { return }
    closed = true
    loop.detach(self)
    for case let slot? in slots {
      if slot.isAdded { curl_multi_remove_handle(multi, slot.easy) }
      slot.destroy()
    }
    slots = []
    spare = []
    active = 0
    if let multi { curl_multi_cleanup(multi) }
    multi = nil
    for watch in watches.values { watch.close() }
    watches = [:]
    timer?.close()
    timer = nil
  }

  override func shutDown() { close() }

  deinit { precondition(multi == nil, "Transfers are closed before they go") }

  // MARK: slots

  private func takeSlot() -> TransferSlot {
    if let index = spare.popLast(), let slot = slots[index] { return slot }
    let index = slots.firstIndex { $0 == nil } ?? slots.count
    let slot = TransferSlot(index: index, options: options)
    if index == slots.count { slots.append(slot) } else { slots[index] = slot }
    return slot
  }

  /// Takes a request's handle out of libcurl and keeps it for another, or frees it.
  private func release(_ slot: TransferSlot) {
    if slot.isAdded { curl_multi_remove_handle(multi, slot.easy) }
    slot.isAdded = false
    slot.isBusy = false
    active -= 1
    if spare.count < Transfers.spareSlotsMax {
      slot.rest()
      spare.append(slot.index)
    } else {
      slots[slot.index] = nil
      slot.destroy()
    }
  }

  private func add(_ slot: TransferSlot) {
    slot.isAdded = true
    let code = curl_multi_add_handle(multi, slot.easy)
    guard code == CURLM_OK else {
      slot.isAdded = false
      return failLater(slot, .other(String(cString: curl_multi_strerror(code))))
    }
  }

  /// A failure found inside `start` is told from the loop.
  private func failLater(_ slot: TransferSlot, _ failure: TransferFailure) {
    let serial = slot.serial
    var once: Timer?
    once = Timer(loop) { [self] _ in
      once?.close()
      once = nil
      guard !closed, slot.isBusy, slot.serial == serial else { return }
      let tag = slot.tag
      release(slot)
      owner.transfers(self, tag: tag, finished: .failure(failure))
    }
    once?.arm(at: .zero)
  }

  // MARK: libcurl's multi handle

  private static let globalInit: CURLcode = curl_global_init(Int(CURL_GLOBAL_DEFAULT))

  private func setUp() {
    guard multi == nil else { return }
    precondition(Transfers.globalInit == CURLE_OK, "libcurl does not start")
    guard let made = curl_multi_init() else { fatalError("libcurl makes no multi handle") }
    multi = made
    timer = Timer(loop) { [unowned self] _ in act(CURL_SOCKET_TIMEOUT, 0) }
    let this = Unmanaged.passUnretained(self).toOpaque()
    _ = reactor_multi_socket(
      made,
      { _, socket, what, context, _ in
        guard let context else { return 0 }
        Unmanaged<Transfers>.fromOpaque(context)._withUnsafeGuaranteedRef { $0.watch(socket, what) }
        return 0
      }, this)
    _ = reactor_multi_timer(
      made,
      { _, milliseconds, context in
        guard let context else { return 0 }
        Unmanaged<Transfers>.fromOpaque(context)._withUnsafeGuaranteedRef { $0.setTimer(milliseconds) }
        return 0
      }, this)
    _ = reactor_multi_long(made, CURLMOPT_MAXCONNECTS, options.connectionsMax)
    _ = reactor_multi_long(made, CURLMOPT_MAX_TOTAL_CONNECTIONS, options.connectionsMax)
    _ = reactor_multi_long(made, CURLMOPT_MAX_HOST_CONNECTIONS, options.hostConnectionsMax)
  }

  private func setTimer(_ milliseconds: Int) {
    guard milliseconds >= 0 else {
      timer?.disarm()
      return
    }
    timer?.arm(at: milliseconds == 0 ? .zero : loop.now.instant + .milliseconds(milliseconds))
  }

  private func watch(_ socket: Int32, _ what: Int32) {
    if what == CURL_POLL_REMOVE {
      watches.removeValue(forKey: socket)?.close()
      return
    }
    let watch: SocketWatch
    if let known = watches[socket] {
      watch = known
    } else {
      watch = SocketWatch(loop, socket) { [unowned self] events in act(socket, events) }
      watches[socket] = watch
    }
    watch.want(
      readable: what == CURL_POLL_IN || what == CURL_POLL_INOUT,
      writable: what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
  }

  /// Lets libcurl work, then tells the owner what is finished.
  private func act(_ socket: Int32, _ events: Int32) {
    guard let multi else { return }
    var running: Int32 = 0
    curl_multi_socket_action(multi, socket, events, &running)
    var left: Int32 = 0
    // The owner may start, cancel or close inside `finish`; `self.multi` is therefore asked again each time.
    while let multi = self.multi, let message = curl_multi_info_read(multi, &left) {
      guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle,
        let context = reactor_info_private(easy)
      else { continue }
      let result = reactor_message_result(message)
      finish(Unmanaged<TransferSlot>.fromOpaque(context).takeUnretainedValue(), result)
    }
  }

  private func finish(_ slot: TransferSlot, _ result: CURLcode) {
    let outcome = slot.outcome(result)
    curl_multi_remove_handle(multi, slot.easy)
    slot.isAdded = false
    let serial = slot.serial
    owner.transfers(self, tag: slot.tag, finished: outcome)
    if !closed && slot.isBusy && slot.serial == serial { release(slot) }
  }
}

/// One of libcurl's sockets, watched for the loop.
final class SocketWatch: LoopObject {
  private let uv: UnsafeMutablePointer<uv_poll_t>
  private var ready: ((Int32) -> Void)?

  init(_ loop: Loop, _ socket: Int32, ready: @escaping (Int32) -> Void) {
    uv = .allocate(capacity: 1)
    self.ready = ready
    super.init(loop: loop)
    uv_poll_init_socket(loop.uv, uv, socket)
    uv.pointee.data = Unmanaged.passRetained(self as LoopObject).toOpaque()
  }

  deinit { uv.deallocate() }

  func want(readable: Bool, writable: Bool) {
    guard ready != nil else { return }
    let events = (readable ? UV_READABLE.rawValue : 0) | (writable ? UV_WRITABLE.rawValue : 0)
    uv_poll_start(uv, Int32(events)) { handle, status, events in
      guard let data = handle?.pointee.data else { return }
      let watch = Unmanaged<SocketWatch>.fromOpaque(data).takeUnretainedValue()
      watch.loop.wake()
      var flags: Int32 = status < 0 ? CURL_CSELECT_ERR : 0
      if events & Int32(UV_READABLE.rawValue) != 0 { flags |= CURL_CSELECT_IN }
      if events & Int32(UV_WRITABLE.rawValue) != 0 { flags |= CURL_CSELECT_OUT }
      watch.ready?(flags)
    }
  }

  func close() {
    guard ready != nil else { return }
    ready = nil
    uv_poll_stop(uv)
    uv.withMemoryRebound(to: uv_handle_t.self, capacity: 1) { handle in
      uv_close(handle) { handle in
        guard let data = handle?.pointee.data else { return }
        Unmanaged<LoopObject>.fromOpaque(data).release()
      }
    }
  }

  override func shutDown() { close() }
}
