/// What every reactor test stands on: a loop with a watchdog, a recording owner, and the count of open files.
import Base
import Glibc
import Testing

@testable import Reactor

/// All suites of this module run one after another: their watchdogs should not compete for two cores.
@Suite(.serialized)
struct ReactorTests {}

extension ReactorTests {
  /// Listens on 127.0.0.1 for `acceptor`; answers where.
  static func serve(_ rig: Rig, options: ListenerOptions = ListenerOptions(), _ acceptor: Acceptor) throws
    -> Endpoint
  {
    let listener = try Listener(rig.loop, host: "127.0.0.1", port: 0, options: options, owner: acceptor)
    return Endpoint(host: "127.0.0.1", port: listener.port)
  }
}

/// A loop for one test; fails the test and stops if it is not done in time.
final class Rig {
  let loop = Loop()
  private(set) var timedOut = false
  private var watchdog: Timer?

  init(seconds: Int = 20) {
    watchdog = Timer(loop) { [unowned self] _ in
      timedOut = true
      loop.stop()
    }
    watchdog?.arm(at: loop.now.instant + .seconds(seconds))
  }

  /// Turns until `stop`, or until the watchdog barks.
  func run(_ location: SourceLocation = #_sourceLocation) {
    loop.run()
    #expect(!timedOut, "the test did not finish in time", sourceLocation: location)
  }

  func stop() { loop.stop() }

  /// Closes everything; libuv must have nothing left.
  func finish(_ location: SourceLocation = #_sourceLocation) {
    watchdog?.close()
    #expect(loop.close(), "handles are left", sourceLocation: location)
  }

  /// Calls `body` after `milliseconds` of the loop's time.
  func after(milliseconds: Int, _ body: @escaping () -> Void) {
    let timer = Timer(loop) { _ in body() }
    timer.arm(at: loop.now.instant + .milliseconds(milliseconds))
  }
}

/// An owner that writes down what happened and does what the test says.
final class Recorder: StreamOwner {
  var opened = 0
  private let kept = ByteBuffer()
  var receivedBytes = 0
  var keepBytes = true
  var drained = 0
  var ended = 0
  var reasons: [CloseReason] = []
  var onOpen: ((Stream) -> Void)?
  var onReceive: ((Stream, UnsafeRawBufferPointer) -> Void)?
  var onDrain: ((Stream) -> Void)?
  var onEnd: ((Stream) -> Void)?
  var onClose: ((Stream, CloseReason) -> Void)?

  var reason: CloseReason? { reasons.first }
  var received: [UInt8] { [UInt8](kept.bytes) }
  var text: String { String(decoding: kept.bytes, as: UTF8.self) }

  func streamDidOpen(_ stream: Stream) {
    opened += 1
    onOpen?(stream)
  }

  func stream(_ stream: Stream, didReceive bytes: UnsafeRawBufferPointer) {
    receivedBytes += bytes.count
    if keepBytes { kept.append(bytes) }
    onReceive?(stream, bytes)
  }

  func streamDidDrain(_ stream: Stream) {
    drained += 1
    onDrain?(stream)
  }

  func streamDidEnd(_ stream: Stream) {
    ended += 1
    if let onEnd { onEnd(stream) } else { stream.closeAfterFlush() }
  }

  func stream(_ stream: Stream, didClose reason: CloseReason) {
    reasons.append(reason)
    let onClose = onClose
    // What a test captured here usually holds this recorder in a circle.
    (onOpen, onReceive, onDrain, onEnd, self.onClose) = (nil, nil, nil, nil, nil)
    onClose?(stream, reason)
  }
}

/// Gives each accepted stream a recorder made by the test.
final class Acceptor: ListenerOwner {
  var recorders: [Recorder] = []
  var streams: [Stream] = []
  let make: (Stream) -> Recorder?

  init(_ make: @escaping (Stream) -> Recorder? = { _ in Recorder() }) { self.make = make }

  func listener(_ listener: Listener, ownerFor stream: Stream) -> (any StreamOwner)? {
    guard let recorder = make(stream) else { return nil }
    recorders.append(recorder)
    streams.append(stream)
    return recorder
  }
}

/// Sends back what it gets.
func echo() -> Recorder {
  let recorder = Recorder()
  recorder.keepBytes = false
  recorder.onReceive = { stream, bytes in stream.write(bytes) }
  return recorder
}

/// A blocking client socket on loopback, for peers that misbehave in ways a `Stream` does not.
struct RawSocket {
  let descriptor: Int32

  /// Connects to `port` on 127.0.0.1 (the listener's backlog completes it without the loop turning), from there or
  /// from another address of loopback.
  init(port: Int, from source: UInt32 = 0x7f00_0001) {
    descriptor = socket(AF_INET, SocketType.stream | SocketType.closeOnExec, 0)
    // A peer that does not do what a test waits for fails it instead of holding it up for ever.
    var patience = timeval(tv_sec: 20, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    let bound = RawSocket.address(source, port: 0) { Glibc.bind(descriptor, $0, $1) }
    precondition(bound == 0, "the source address is not to be had")
    let status = RawSocket.address(0x7f00_0001, port: port) { Glibc.connect(descriptor, $0, $1) }
    precondition(status == 0, "the test's own listener refused")
  }

  private static func address(
    _ host: UInt32, port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) -> Int32 {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = host.bigEndian
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }

  func send(_ text: String) {
    let bytes = Array(text.utf8)
    _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
  }

  /// Closes with a reset instead of a FIN.
  func reset() {
    var option = Glibc.linger(l_onoff: 1, l_linger: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<Glibc.linger>.size))
    Glibc.close(descriptor)
  }

  func endSending() { Glibc.shutdown(descriptor, Int32(SHUT_WR)) }
  func close() { Glibc.close(descriptor) }

  /// Everything until the peer's end; "" if there is nothing more, nil on a reset. Blocks.
  func readAll() -> [UInt8]? {
    var all: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      if count == 0 { return all }
      if count < 0 { return nil }
      all.append(contentsOf: buffer[..<count])
    }
  }
}

/// Open file descriptors of this process.
func openFiles() -> Int {
  guard let directory = opendir("/proc/self/fd") else { return -1 }
  defer { closedir(directory) }
  var count = 0
  while readdir(directory) != nil { count += 1 }
  // ".", ".." and the directory itself.
  return count - 3
}

/// Whether `expectNoLeak` counts: only in a process of our own (`LeakTests`), where no other test opens files.
nonisolated(unsafe) var countsFiles = false

/// Runs `body` and, in the child process of `LeakTests`, expects that no file descriptor is left behind.
func expectNoLeak(_ location: SourceLocation = #_sourceLocation, _ body: () throws -> Void) rethrows {
  let before = openFiles()
  try body()
  guard countsFiles else { return }
  #expect(openFiles() == before, "file descriptors leaked", sourceLocation: location)
}

/// A port on 127.0.0.1 where nobody listens.
func freePort() -> Int {
  let loop = Loop()
  defer { loop.close() }
  guard let listener = try? Listener(loop, host: "127.0.0.1", port: 0, owner: Acceptor()) else { return 1 }
  return listener.port
}

/// `bytes` bytes (a multiple of 8) that the seed decides.
func noise(_ bytes: Int, seed: UInt64) -> [UInt8] {
  var random = PRNG(seed: seed)
  return (0..<bytes / 8).map { _ in random.next() }.withUnsafeBytes { [UInt8]($0) }
}
