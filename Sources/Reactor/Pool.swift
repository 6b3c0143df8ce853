/// A few threads for pure work: a job gets values, returns a value, and its continuation runs on the loop.
///
/// The compiler refuses a job that captures an object of the loop. Jobs start in the order of `submit`; with more
/// than one thread they may finish in another.
/// Bounds: `jobsMax` jobs submitted and not yet continued; `submit` refuses more.
import CLibuv
import Glibc

/// Threads and their mailbox; lives until `close(…)` or `Loop.close()`.
public final class Pool: LoopObject {
  /// The most jobs under way.
  public let jobsMax: Int
  /// Jobs submitted whose continuation has not run yet.
  public private(set) var pending = 0
  /// Jobs refused because `jobsMax` were under way.
  public private(set) var refused = 0

  private let bell: UnsafeMutablePointer<uv_async_t>
  private let mailbox: Mailbox
  private var threads: [pthread_t] = []
  private let threadCount: Int
  private var closed = false

  /// A pool whose `threads` start with the first job.
  public init(_ loop: Loop, threads: Int, jobsMax: Int = 1024) {
    precondition(threads > 0 && jobsMax > 0)
    self.jobsMax = jobsMax
    threadCount = threads
    bell = .allocate(capacity: 1)
    mailbox = Mailbox(bell: bell)
    super.init(loop: loop)
    uv_async_init(loop.uv, bell) { handle in
      guard let data = handle?.pointee.data else { return }
      let pool = Unmanaged<Pool>.fromOpaque(data).takeUnretainedValue()
      pool.loop.wake()
      pool.deliver()
    }
    bell.pointee.data = Unmanaged.passRetained(self as LoopObject).toOpaque()
    holdLoop(false)
  }

  deinit { bell.deallocate() }

  /// Runs `work` on a thread, then `then` with its result on the loop.
  ///
  /// - Returns: false, and neither runs, when `jobsMax` jobs are under way or the pool is closed.
  @discardableResult
  public func submit<Result>(
    _ work: @escaping @Sendable () -> sending Result, then: @escaping (Result) -> Void
  ) -> Bool {
    guard !closed, pending < jobsMax else {
      refused += 1
      return false
    }
    if threads.isEmpty { startThreads() }
    pending += 1
    if pending == 1 { holdLoop(true) }
    mailbox.put(TypedJob(work, then))
    return true
  }

  /// Ends the threads; waits for the jobs that run. Continuations of finished jobs run before this returns.
  ///
  /// - Parameter finishQueued: whether jobs that wait are still done; otherwise they are dropped and neither
  ///   their work nor their continuation runs.
  public func close(finishQueued: Bool) {
    guard !closed else { return }
    closed = true
    let dropped = mailbox.close(abandon: !finishQueued)
    for thread in threads { pthread_join(thread, nil) }
    threads = []
    pending -= dropped.count
    deliver()
    bell.withMemoryRebound(to: uv_handle_t.self, capacity: 1) { handle in
      uv_close(handle) { handle in
        guard let data = handle?.pointee.data else { return }
        Unmanaged<LoopObject>.fromOpaque(data).release()
      }
    }
  }

  override func shutDown() { close(finishQueued: false) }

  private func deliver() {
    for job in mailbox.collect() {
      pending -= 1
      if pending == 0 { holdLoop(false) }
      job.then()
    }
  }

  /// Whether waiting for results keeps `Loop.run` from returning.
  private func holdLoop(_ hold: Bool) {
    bell.withMemoryRebound(to: uv_handle_t.self, capacity: 1) { if hold { uv_ref($0) } else { uv_unref($0) } }
  }

  private func startThreads() {
    for _ in 0..<threadCount {
      var thread = pthread_t()
      let context = Unmanaged.passRetained(mailbox).toOpaque()
      let status = pthread_create(
        &thread, nil,
        { context in
          if let context { Unmanaged<Mailbox>.fromOpaque(context).takeRetainedValue().serve() }
          return nil
        }, context)
      precondition(status == 0, "no thread can be had: \(uvText(-status))")
      threads.append(thread)
    }
  }
}
