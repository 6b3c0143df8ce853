/// The one place where two threads meet: jobs to the pool's threads, finished jobs back to the loop.
///
/// Bounds: the pool's `jobsMax` limits what is in both queues together. Invariant: a job belongs to whoever has
/// taken it from a queue; threads pass jobs on as raw references, so that the last release — which may free
/// objects of the loop — always happens on the loop's thread.
import CLibuv
import Glibc

/// Work for a thread and its continuation on the loop.
class Job {
  /// On a thread of the pool.
  func work() {}
  /// On the loop.
  func then() {}
}

final class TypedJob<Result>: Job {
  private var body: (@Sendable () -> sending Result)?
  private var continuation: ((Result) -> Void)?
  private var result: Result?

  init(_ body: @escaping @Sendable () -> sending Result, _ continuation: @escaping (Result) -> Void) {
    self.body = body
    self.continuation = continuation
  }

  override func work() {
    result = body?()
    // What the job was given is freed here, by the thread.
    body = nil
  }

  override func then() {
    if let result { continuation?(result) }
    result = nil
    continuation = nil
  }
}

/// Two queues under one lock. The only type of the daemon whose safety the compiler does not check.
final class Mailbox: @unchecked Sendable {
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let condition: UnsafeMutablePointer<pthread_cond_t>
  private var waiting: [Unmanaged<Job>] = []
  private var firstWaiting = 0
  private var finished: [Unmanaged<Job>] = []
  private var closing = false
  /// Wakes the loop; closed only after every thread has ended.
  private let bell: UnsafeMutablePointer<uv_async_t>

  init(bell: UnsafeMutablePointer<uv_async_t>) {
    self.bell = bell
    mutex = .allocate(capacity: 1)
    condition = .allocate(capacity: 1)
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(condition, nil)
  }

  deinit {
    pthread_mutex_destroy(mutex)
    pthread_cond_destroy(condition)
    mutex.deallocate()
    condition.deallocate()
  }

  /// From the loop: a job for the next free thread.
  func put(_ job: Job) {
    pthread_mutex_lock(mutex)
    waiting.append(.passRetained(job))
    pthread_cond_signal(condition)
    pthread_mutex_unlock(mutex)
  }

  /// A thread's life: takes jobs in order until the mailbox closes and nothing waits.
  func serve() {
    pthread_mutex_lock(mutex)
    while true {
      while firstWaiting == waiting.count && !closing { pthread_cond_wait(condition, mutex) }
      guard firstWaiting < waiting.count else { break }
      let job = waiting[firstWaiting]
      firstWaiting += 1
      if firstWaiting == waiting.count {
        waiting.removeAll(keepingCapacity: true)
        firstWaiting = 0
      }
      pthread_mutex_unlock(mutex)
      job._withUnsafeGuaranteedRef { $0.work() }
      pthread_mutex_lock(mutex)
      finished.append(job)
      uv_async_send(bell)
    }
    pthread_mutex_unlock(mutex)
  }

  /// From the loop: what is finished, in the order it was finished.
  func collect() -> [Job] {
    pthread_mutex_lock(mutex)
    let taken = finished
    finished.removeAll()
    pthread_mutex_unlock(mutex)
    return taken.map { $0.takeRetainedValue() }
  }

  /// From the loop: threads end once nothing waits. `abandon` takes away what waits and answers it.
  func close(abandon: Bool) -> [Job] {
    pthread_mutex_lock(mutex)
    closing = true
    var dropped: [Unmanaged<Job>] = []
    if abandon {
      dropped = Array(waiting[firstWaiting...])
      waiting.removeAll()
      firstWaiting = 0
    }
    pthread_cond_broadcast(condition)
    pthread_mutex_unlock(mutex)
    return dropped.map { $0.takeRetainedValue() }
  }
}
