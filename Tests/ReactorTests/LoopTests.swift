/// Turns, timers and signals.
import Base
import Glibc
import Testing

@testable import Reactor

extension ReactorTests {
  @Suite struct LoopTests {
    @Test func anEmptyLoopReturnsAndCloses() {
      expectNoLeak {
        let loop = Loop()
        loop.run()
        #expect(loop.close())
      }
    }

    @Test func timersFireInOrderAndNeverEarly() {
      let rig = Rig()
      let start = rig.loop.now.instant
      var fired: [Int] = []
      for ms in [20, 5, 10] {
        let due = start + .milliseconds(ms)
        Timer(rig.loop) { now in
          #expect(now.instant >= due)
          #expect(now == rig.loop.now)
          fired.append(ms)
          if ms == 20 { rig.stop() }
        }.arm(at: due)
      }
      rig.run()
      #expect(fired == [5, 10, 20])
      rig.finish()
    }

    @Test func aTimerInThePastFiresAtOnceAndCanBeRearmedInItsCallback() {
      let rig = Rig()
      var count = 0
      var timer: Timer?
      timer = Timer(rig.loop) { now in
        count += 1
        #expect(timer?.due == nil)
        if count < 3 { timer?.arm(at: .zero) } else { rig.stop() }
      }
      timer?.arm(at: .zero)
      rig.run()
      #expect(count == 3)
      rig.finish()
    }

    @Test func aDisarmedOrClosedTimerStaysSilent() {
      let rig = Rig()
      var wrong = 0
      let disarmed = Timer(rig.loop) { _ in wrong += 1 }
      disarmed.arm(at: rig.loop.now.instant + .milliseconds(2))
      disarmed.disarm()
      let never = Timer(rig.loop) { _ in wrong += 1 }
      never.arm(at: .never)
      let closed = Timer(rig.loop) { _ in wrong += 1 }
      closed.arm(at: rig.loop.now.instant + .milliseconds(2))
      closed.close()
      closed.close()
      closed.arm(at: .zero)
      rig.after(milliseconds: 10) { rig.stop() }
      rig.run()
      #expect(wrong == 0)
      rig.finish()
    }

    @Test func theEndOfATurnComesOnceAfterEverythingInIt() {
      let rig = Rig()
      var log: [String] = []
      rig.loop.endOfTurn = { if log.last != "end" { log.append("end") } }
      let start = rig.loop.now.instant
      var seen: [Now] = []
      for _ in 0..<3 {
        Timer(rig.loop) { now in
          log.append("timer")
          seen.append(now)
          if seen.count == 3 { rig.stop() }
        }.arm(at: start + .milliseconds(3))
      }
      rig.run()
      #expect(log == ["timer", "timer", "timer", "end"])
      #expect(Set(seen).count == 1, "one turn, one time")
      #expect(rig.loop.turns.count >= 1)
      #expect(rig.loop.turns.maxNs >= rig.loop.turns.lastNs)
      rig.finish()
    }

    @Test func turnLengthsAreCounted() {
      var turns = TurnTimes()
      #expect(turns.p99Ns == 0)
      for ns in 1...1000 { turns.record(ns: UInt64(ns) * 1000) }
      #expect(turns.count == 1000)
      #expect(turns.maxNs == 1_000_000)
      #expect(turns.lastNs == 1_000_000)
      #expect(turns.p99Ns >= 990_000 && turns.p99Ns <= 1_000_000)
      turns.reset()
      #expect(turns.count == 0)
      // What a scraper adds up is never taken back.
      #expect(turns.counts.count == 1000)
      #expect(turns.counts.sumNs == 500_500_000)
    }

    @Test func signalsArriveOnTheLoop() {
      expectNoLeak {
        let rig = Rig()
        var seen: [Int32] = []
        let signals = Signals(rig.loop, [SIGUSR1, SIGUSR2]) { number in
          seen.append(number)
          if number == SIGUSR1 { kill(getpid(), SIGUSR2) } else { rig.stop() }
        }
        kill(getpid(), SIGUSR1)
        rig.run()
        #expect(seen == [SIGUSR1, SIGUSR2])
        signals.close()
        rig.finish()
      }
    }

    @Test func closingTheLoopClosesWhatWasForgotten() throws {
      try expectNoLeak {
        let loop = Loop()
        let acceptor = Acceptor()
        let listener = try Listener(loop, host: "127.0.0.1", port: 0, owner: acceptor)
        let client = Recorder()
        client.onOpen = { _ in loop.stop() }
        _ = Stream.connect(loop, to: Endpoint(host: "127.0.0.1", port: listener.port), owner: client)
        Timer(loop) { _ in }.arm(at: loop.now.instant + .seconds(100))
        loop.run()
        #expect(loop.openHandles > 0)
        #expect(loop.close())
        #expect(client.reasons == [.closedByOwner])
      }
    }
  }
}
