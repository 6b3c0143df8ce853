/// One libuv loop on the calling thread: the only place of the daemon that sleeps and reads clocks.
///
/// A turn runs from one sleep to the next, in this order:
///   1. wake; both clocks are read once (`now`), before the first callback of the turn;
///   2. I/O: readable and writable sockets, pool results, signals, libcurl's sockets;
///   3. close reports (`streamDidClose`) of whatever was closed before;
///   4. timers that are due (the clocks are read again only if a timer is due later than `now` says);
///   5. `endOfTurn`, once: the owner writes what the turn produced; then the turn's length is counted; sleep.
/// A turn that stops the loop ends with `endOfTurn`, too.
///
/// Bounds: one read buffer for all streams (`readBytesMax`); spare write buffers `spareBuffersMax`.
/// Invariant: every libuv handle's `data` is a retained `LoopObject` until that handle's close report.
public import Base
import CLibuv
import Glibc

/// The loop; create, use and close it on one thread.
public final class Loop {
  /// The most bytes one `streamDidReceive` hands over.
  public static let readBytesMax = 64 * 1024
  /// Readable bytes of any content behind received bytes.
  public static let slackBytes = 64
  /// Spare write buffers kept for the next stream that must queue; more are given back to the system.
  public static let spareBuffersMax = 8
  /// A spare buffer's memory; larger ones are cut to it when they come back.
  public static let spareBufferBytesMax = 64 * 1024

  /// Called once at the end of each turn, after the I/O and the timers, before the loop sleeps.
  public var endOfTurn: (() -> Void)?
  /// Lengths of turns: from waking to the end of `endOfTurn`.
  public private(set) var turns = TurnTimes()
  /// What streams and listeners of this loop counted.
  public internal(set) var counts = ReactorCounts()

  /// Streams, listeners, timers and the like that are in memory, closed ones included as long as somebody holds them.
  public internal(set) var objects = 0
  /// The timers among them.
  public internal(set) var timers = 0

  let uv: UnsafeMutablePointer<uv_loop_t>
  /// Where sockets are read into; shared by all streams, as no two reads are under way at once.
  let readBuffer: UnsafeMutableRawPointer
  /// Where TLS streams decrypt to; made at the first use.
  private var plainBuffer: UnsafeMutableRawPointer?
  /// Where TLS streams take their records from; made at the first use.
  private var records: UnsafeMutableRawPointer?
  /// More than the records of `TLSSession.pieceBytesMax` plain bytes.
  static let recordBytesMax = 72 * 1024
  private let prepare: UnsafeMutablePointer<uv_prepare_t>
  private var spareBuffers: [ByteBuffer] = []
  /// Objects that may have no handle at the moment but are to be closed with the loop.
  private var attached: [LoopObject] = []
  private var current: Now
  private var awake = false
  private var wokenAt: UInt64 = 0
  private var closed = false

  /// A loop ready to run. Ignores SIGPIPE for the process: a peer that is gone is an error code here.
  public init() {
    signal(SIGPIPE, SIG_IGN)
    // libuv's own threads only look up names and load CA files here; the default of four is more than needed.
    setenv("UV_THREADPOOL_SIZE", "2", 0)
    uv = .allocate(capacity: 1)
    let status = uv_loop_init(uv)
    precondition(status == 0, "libuv cannot make a loop: \(uvText(status))")
    readBuffer = Loop.makeBuffer()
    prepare = .allocate(capacity: 1)
    current = Loop.readClocks()
    uv_prepare_init(uv, prepare)
    prepare.pointee.data = nil
    uv.pointee.data = Unmanaged.passUnretained(self).toOpaque()
    uv_prepare_start(prepare) { handle in
      guard let loop = handle?.pointee.loop.pointee.data else { return }
      Unmanaged<Loop>.fromOpaque(loop)._withUnsafeGuaranteedRef { $0.endTurn() }
    }
    prepare.withMemoryRebound(to: uv_handle_t.self, capacity: 1) { uv_unref($0) }
  }

  deinit {
    precondition(closed, "a Loop is closed with close() before it goes")
    readBuffer.deallocate()
    plainBuffer?.deallocate()
    records?.deallocate()
    prepare.deallocate()
    uv.deallocate()
  }

  /// Both clocks as read when this turn woke; outside a turn, as they are now.
  public var now: Now { awake ? current : Loop.readClocks() }

  /// Turns until `stop()`, or until nothing is left that could happen.
  public func run() {
    uv_run(uv, UV_RUN_DEFAULT)
    endTurn()
  }

  /// Lets `run` return at the end of the current turn.
  public func stop() { uv_stop(uv) }

  /// Closes every object of this loop (their close reports still come), then the loop.
  ///
  /// Waits for lookups that libuv cannot interrupt, so it may last as long as the resolver's timeout.
  /// - Returns: whether libuv had nothing left: false is a leak of ours.
  @discardableResult
  public func close() -> Bool {
    guard !closed else { return true }
    var round = 0
    // A close report may open something new; what keeps doing so for long is a bug in the owner.
    while round < 100 {
      let left = openObjects()
      if left.isEmpty && round > 0 { break }
      for object in left { object.shutDown() }
      uv_run(uv, UV_RUN_DEFAULT)
      endTurn()
      round += 1
    }
    prepare.withMemoryRebound(to: uv_handle_t.self, capacity: 1) { uv_close($0, nil) }
    uv_run(uv, UV_RUN_DEFAULT)
    closed = true
    spareBuffers = []
    endOfTurn = nil
    return uv_loop_close(uv) == 0
  }

  /// Handles open now, for tests and metrics: streams, timers, listeners, watched sockets.
  public var openHandles: Int {
    var count = 0
    withUnsafeMutablePointer(to: &count) { pointer in
      uv_walk(
        uv,
        { handle, context in
          guard let handle, handle.pointee.data != nil else { return }
          context?.assumingMemoryBound(to: Int.self).pointee += 1
        }, pointer)
    }
    return count
  }

  // MARK: for the objects of the loop

  /// Every C callback calls this first: the first of a turn reads the clocks.
  @inline(__always)
  func wake() {
    if !awake { beginTurn() }
  }

  /// A timer due at `instant` is about to run: `now` must not lie before it.
  func reach(_ instant: Instant) {
    if current.instant < instant { current = Loop.readClocks() }
  }

  /// Has `object` closed with the loop even while it has no handle.
  func attach(_ object: LoopObject) { attached.append(object) }

  /// Ends `attach`.
  func detach(_ object: LoopObject) { attached.removeAll { $0 === object } }

  /// The TLS streams' shared plaintext buffer: `readBytesMax` and slack.
  func plaintextBuffer() -> UnsafeMutableRawPointer {
    if let plainBuffer { return plainBuffer }
    let made = Loop.makeBuffer()
    plainBuffer = made
    return made
  }

  /// The TLS streams' shared buffer for records on their way out.
  func recordBuffer() -> UnsafeMutableRawPointer {
    if let records { return records }
    let made = UnsafeMutableRawPointer.allocate(byteCount: Loop.recordBytesMax, alignment: 64)
    records = made
    return made
  }

  /// An empty buffer for queued writes of which the first has `count` bytes.
  func takeBuffer(for count: Int) -> ByteBuffer {
    spareBuffers.popLast() ?? ByteBuffer(capacity: max(count, 4 * 1024))
  }

  /// Takes a buffer back; kept for the next one if there is room.
  func giveBack(_ buffer: ByteBuffer) {
    guard spareBuffers.count < Loop.spareBuffersMax, !closed else { return }
    buffer.removeAll()
    buffer.trim(to: Loop.spareBufferBytesMax)
    spareBuffers.append(buffer)
  }

  // MARK: turns

  private func beginTurn() {
    awake = true
    current = Loop.readClocks()
    wokenAt = current.instant.ns
  }

  private func endTurn() {
    guard awake else { return }
    endOfTurn?()
    turns.record(ns: uv_hrtime() &- wokenAt)
    awake = false
  }

  private static func readClocks() -> Now {
    var wall = timespec()
    clock_gettime(CLOCK_REALTIME, &wall)
    return Now(
      instant: Instant(ns: uv_hrtime()),
      wall: WallTime(ms: Int64(wall.tv_sec) * 1000 + Int64(wall.tv_nsec) / 1_000_000))
  }

  private static func makeBuffer() -> UnsafeMutableRawPointer {
    let bytes = readBytesMax + slackBytes
    let buffer = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
    buffer.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
    return buffer
  }

  private func openObjects() -> [LoopObject] {
    var found = attached
    withUnsafeMutablePointer(to: &found) { pointer in
      uv_walk(
        uv,
        { handle, context in
          guard let handle, let data = handle.pointee.data, uv_is_closing(handle) == 0 else { return }
          let object = Unmanaged<LoopObject>.fromOpaque(data).takeUnretainedValue()
          context?.assumingMemoryBound(to: [LoopObject].self).pointee.append(object)
        }, pointer)
    }
    return found
  }
}

/// Something with libuv handles; lives until it is closed, whether or not somebody else holds it.
public class LoopObject {
  /// The loop it lives on.
  public let loop: Loop

  init(loop: Loop) {
    self.loop = loop
    loop.objects += 1
  }

  deinit { loop.objects -= 1 }

  /// Closes all its handles; called by `Loop.close`.
  func shutDown() {}
}

/// What the streams and listeners of a loop counted since it was made.
public struct ReactorCounts: Hashable, Sendable {
  /// Connections accepted and handed to an owner.
  public var accepted = 0
  /// Connections refused because the listener's limit was reached.
  public var refusedOverLimit = 0
  /// Connections dropped because the process was out of file descriptors.
  public var refusedOutOfFiles = 0
  /// Outgoing connections that opened.
  public var connected = 0
  /// Outgoing connections that never opened.
  public var connectFailures = 0
  /// Streams closed because more than `writeQueueMax` bytes waited.
  public var writeQueueOverflows = 0
  /// Accepted streams closed because together too many bytes waited, and they had stood still longest.
  public var unsentOverflows = 0
  /// Times a stream's reading was paused by its write queue.
  public var readPauses = 0
  /// Bytes received by streams, as on the wire.
  public var bytesReceived = 0
  /// Bytes sent by streams, as handed to the system.
  public var bytesSent = 0
}

/// libuv's words for one of its negative status codes.
func uvText(_ status: Int32) -> String { String(cString: uv_strerror(status)) }
