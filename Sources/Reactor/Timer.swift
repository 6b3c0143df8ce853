/// A one-shot timer on a loop that can be armed again and again.
///
/// libuv counts in milliseconds: it fires within a millisecond after its instant, never before (`now` in the
/// callback is at or after it). The timer lives until `close()` or `Loop.close()`.
public import Base
import CLibuv

/// Calls `fire` once the loop's clock reaches the instant it was armed for.
public final class Timer: LoopObject {
  private let uv: UnsafeMutablePointer<uv_timer_t>
  private var fire: ((Now) -> Void)?
  private var closing = false
  /// When it will fire; nil while it is not armed.
  public private(set) var due: Instant?

  /// A timer that is not armed yet. `fire` runs on the loop and may arm or close the timer.
  public init(_ loop: Loop, fire: @escaping (Now) -> Void) {
    uv = .allocate(capacity: 1)
    self.fire = fire
    super.init(loop: loop)
    loop.timers += 1
    uv_timer_init(loop.uv, uv)
    uv.pointee.data = Unmanaged.passRetained(self as LoopObject).toOpaque()
  }

  deinit {
    uv.deallocate()
    loop.timers -= 1
  }

  /// Fires at `instant` (at once in this or the next turn if it has passed), instead of when it was armed for.
  /// `Instant.never` disarms.
  public func arm(at instant: Instant) {
    guard !closing else { return }
    guard instant < .never else { return disarm() }
    due = instant
    // libuv's loop time is the monotonic clock in whole milliseconds, so rounding up never fires early.
    let dueMs = instant.ns / 1_000_000 + (instant.ns % 1_000_000 == 0 ? 0 : 1)
    let loopMs = uv_now(loop.uv)
    uv_timer_start(uv, { Timer.fired($0) }, dueMs > loopMs ? dueMs - loopMs : 0, 0)
  }

  /// Does not fire until armed again.
  public func disarm() {
    guard !closing else { return }
    due = nil
    uv_timer_stop(uv)
  }

  /// Ends the timer; it never fires again.
  public func close() {
    guard !closing else { return }
    disarm()
    closing = true
    uv.withMemoryRebound(to: uv_handle_t.self, capacity: 1) { handle in
      uv_close(handle) { handle in
        guard let data = handle?.pointee.data else { return }
        Unmanaged<LoopObject>.fromOpaque(data).release()
      }
    }
    fire = nil
  }

  override func shutDown() { close() }

  private static func fired(_ handle: UnsafeMutablePointer<uv_timer_t>?) {
    guard let data = handle?.pointee.data else { return }
    let timer = Unmanaged<Timer>.fromOpaque(data).takeUnretainedValue()
    timer.loop.wake()
    guard let due = timer.due else { return }
    timer.loop.reach(due)
    timer.due = nil
    timer.fire?(timer.loop.now)
  }
}
