/// The pool: results on the loop, order, bounds, and an orderly end.
import Base
import Glibc
import Synchronization
import Testing

@testable import Reactor

extension ReactorTests {
  @Suite struct PoolTests {
    @Test func resultsComeBackOnTheLoop() {
      expectNoLeak {
        let rig = Rig()
        let pool = Pool(rig.loop, threads: 2)
        let loopThread = UInt(pthread_self())
        var results: [Int: Int] = [:]
        for n in 0..<100 {
          let taken = pool.submit {
            (sum: (0...n).reduce(0, +), thread: UInt(pthread_self()))
          } then: { result in
            #expect(UInt(pthread_self()) == loopThread)
            #expect(result.thread != loopThread)
            results[n] = result.sum
            if results.count == 100 { rig.stop() }
          }
          #expect(taken)
        }
        #expect(pool.pending == 100)
        rig.run()
        #expect(results == Dictionary(uniqueKeysWithValues: (0..<100).map { ($0, $0 * ($0 + 1) / 2) }))
        #expect(pool.pending == 0)
        rig.finish()
      }
    }

    @Test func oneThreadKeepsTheOrder() {
      let rig = Rig()
      let pool = Pool(rig.loop, threads: 1)
      var order: [Int] = []
      for n in 0..<1000 {
        pool.submit {
          n
        } then: { result in
          order.append(result)
          if order.count == 1000 { rig.stop() }
        }
      }
      rig.run()
      #expect(order == Array(0..<1000))
      rig.finish()
    }

    @Test func aBufferMadeByAJobMayBeHandedOver() {
      let rig = Rig()
      let pool = Pool(rig.loop, threads: 1)
      var text = ""
      pool.submit { () -> sending ByteBuffer in
        let buffer = ByteBuffer()
        buffer.append("made on a thread")
        return buffer
      } then: { (buffer: ByteBuffer) in
        text = String(decoding: buffer.bytes, as: UTF8.self)
        rig.stop()
      }
      rig.run()
      #expect(text == "made on a thread")
      rig.finish()
    }

    @Test func theBoundRefuses() {
      let rig = Rig()
      let pool = Pool(rig.loop, threads: 1, jobsMax: 3)
      var done = 0
      for _ in 0..<3 {
        #expect(
          pool.submit {
            1
          } then: {
            done += $0
          })
      }
      #expect(
        !pool.submit {
          100
        } then: {
          done += $0
        })
      #expect(pool.refused == 1)
      rig.after(milliseconds: 20) { rig.stop() }
      rig.run()
      #expect(done == 3)
      #expect(
        pool.submit {
          1
        } then: { _ in
          rig.stop()
        }, "there is room again")
      rig.run()
      rig.finish()
    }

    @Test func aContinuationMaySubmitMore() {
      let rig = Rig()
      let pool = Pool(rig.loop, threads: 2)
      var left = 50
      func next() {
        pool.submit {
          1
        } then: { one in
          left -= one
          if left == 0 { rig.stop() } else { next() }
        }
      }
      next()
      rig.run()
      #expect(left == 0)
      rig.finish()
    }

    @Test func aWaitingResultKeepsTheLoopRunningAndAnIdlePoolDoesNot() {
      let loop = Loop()
      let pool = Pool(loop, threads: 1)
      loop.run()
      var done = false
      pool.submit {
        true
      } then: {
        done = $0
      }
      loop.run()
      #expect(done)
      #expect(loop.close())
    }

    @Test(arguments: [true, false])
    func closingFinishesOrDropsWhatWaits(_ finishQueued: Bool) {
      expectNoLeak {
        let rig = Rig()
        let pool = Pool(rig.loop, threads: 1)
        let gate = Gate()
        var continued: [Int] = []
        pool.submit {
          gate.reachAndWait()
          return 0
        } then: {
          continued.append($0)
        }
        gate.waitUntilReached()
        for n in 1...10 {
          pool.submit {
            n
          } then: {
            continued.append($0)
          }
        }
        gate.open()
        pool.close(finishQueued: finishQueued)
        // The first job may have ended, and others begun, before the pool was closed.
        #expect(continued == Array(0..<continued.count))
        #expect(continued.count == (finishQueued ? 11 : continued.count))
        #expect(continued.count >= 1)
        #expect(pool.pending == 0)
        #expect(
          !pool.submit {
            1
          } then: {
            continued.append($0)
          })
        pool.close(finishQueued: true)
        rig.finish()
      }
    }

    @Test func theLoopsObjectsAreFreedOnTheLoop() {
      let loopThread = UInt(pthread_self())
      let freedElsewhere = Atomic(0)
      final class Witness {
        let check: () -> Void
        init(_ check: @escaping () -> Void) { self.check = check }
        deinit { check() }
      }
      let rig = Rig()
      let pool = Pool(rig.loop, threads: 2, jobsMax: 10_000)
      var done = 0
      for _ in 0..<2000 {
        let witness = Witness {
          if UInt(pthread_self()) != loopThread { freedElsewhere.add(1, ordering: .relaxed) }
        }
        pool.submit {
          1
        } then: { one in
          done += one
          _ = witness
          if done == 2000 { rig.stop() }
        }
      }
      rig.run()
      rig.finish()
      #expect(freedElsewhere.load(ordering: .relaxed) == 0)
    }
  }
}

/// Holds a job back until the test lets it go on. Semaphores, as the thread sanitizer does not see through
/// `Synchronization.Mutex`.
private final class Gate: Sendable {
  private nonisolated(unsafe) let reached = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
  private nonisolated(unsafe) let opened = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

  init() {
    sem_init(reached, 0, 0)
    sem_init(opened, 0, 0)
  }

  deinit {
    for semaphore in [reached, opened] {
      sem_destroy(semaphore)
      semaphore.deallocate()
    }
  }

  func reachAndWait() {
    sem_post(reached)
    while sem_wait(opened) != 0 {}
  }

  func waitUntilReached() { while sem_wait(reached) != 0 {} }
  func open() { sem_post(opened) }
}
