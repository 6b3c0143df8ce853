/// Unix signals as calls on the loop.
import CLibuv
import Glibc

/// Watches signals until `close()` or `Loop.close()`; the first watcher replaces the signal's default action.
public final class Signals {
  private var watches: [SignalWatch] = []

  /// Calls `report` with the number of each signal of `numbers` that arrives (SIGTERM, SIGINT, SIGHUP, …).
  ///
  /// Lets them through first: a parent that blocks signals hands its mask on, and then nothing would arrive.
  public init(_ loop: Loop, _ numbers: [Int32], report: @escaping (Int32) -> Void) {
    var wanted = sigset_t()
    sigemptyset(&wanted)
    for number in numbers { sigaddset(&wanted, number) }
    pthread_sigmask(SIG_UNBLOCK, &wanted, nil)
    watches = numbers.map { SignalWatch(loop, $0, report) }
  }

  /// Gives the signals their default action back.
  public func close() {
    for watch in watches { watch.close() }
    watches = []
  }
}

private final class SignalWatch: LoopObject {
  private let uv: UnsafeMutablePointer<uv_signal_t>
  private var report: ((Int32) -> Void)?

  init(_ loop: Loop, _ number: Int32, _ report: @escaping (Int32) -> Void) {
    uv = .allocate(capacity: 1)
    self.report = report
    super.init(loop: loop)
    uv_signal_init(loop.uv, uv)
    uv.pointee.data = Unmanaged.passRetained(self as LoopObject).toOpaque()
    let status = uv_signal_start(
      uv,
      { handle, number in
        guard let data = handle?.pointee.data else { return }
        let watch = Unmanaged<SignalWatch>.fromOpaque(data).takeUnretainedValue()
        watch.loop.wake()
        watch.report?(number)
      }, number)
    precondition(status == 0, "signal \(number) cannot be watched: \(uvText(status))")
  }

  deinit { uv.deallocate() }

  func close() {
    guard report != nil else { return }
    report = nil
    uv.withMemoryRebound(to: uv_handle_t.self, capacity: 1) { handle in
      uv_close(handle) { handle in
        guard let data = handle?.pointee.data else { return }
        Unmanaged<LoopObject>.fromOpaque(data).release()
      }
    }
  }

  override func shutDown() { close() }
}
