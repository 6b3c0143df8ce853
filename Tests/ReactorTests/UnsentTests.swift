/// Many peers that do not read: what all of them together cost has a bound, and who reads is not the one to pay.
import Base
import Glibc
import Testing

@testable import Reactor

extension ReactorTests {
  @Suite struct UnsentTests {
    private static var options: ListenerOptions {
      var options = ListenerOptions()
      options.unsentBytesMax = 1024 * 1024
      options.systemUnsentBytesMax = 64 * 1024
      options.stream.highWaterBytes = 0
      options.stream.lowWaterBytes = 0
      return options
    }

    private static func readAvailable(_ raw: RawSocket) -> Int {
      var buffer = [UInt8](repeating: 0, count: 65536)
      return max(0, recv(raw.descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT)))
    }

    @Test func whoStandsStillLongestGoesFirst() throws {
      try expectNoLeak {
        let rig = Rig()
        let answer = noise(400 * 1024, seed: 1)
        var closed: Set<Int> = []
        var raws: [RawSocket] = []
        // One after the other, each served before the next comes.
        var next: () -> Void = {}
        var acceptor: Acceptor?
        acceptor = Acceptor { _ in
          let recorder = Recorder()
          let number = acceptor?.recorders.count ?? 0
          recorder.onReceive = { stream, _ in
            _ = answer.withUnsafeBytes { stream.write($0) }
            rig.after(milliseconds: 1) { next() }
          }
          recorder.onClose = { _, reason in
            if reason == .writeQueueFull { closed.insert(number) }
          }
          return recorder
        }
        let endpoint = try serve(rig, options: UnsentTests.options, acceptor!)
        next = {
          guard raws.count < 8 else { return rig.after(milliseconds: 10, rig.stop) }
          let raw = RawSocket(port: endpoint.port)
          raw.send("?")
          raws.append(raw)
        }
        next()
        rig.run()
        #expect(closed.count >= 3)
        #expect(closed == Set(0..<closed.count), "those that came first")
        #expect(rig.loop.counts.unsentOverflows == closed.count)
        // Who is left gets everything that was promised.
        let last = try #require(raws.last)
        var received = 0
        func read() {
          received += UnsentTests.readAvailable(last)
          if received >= answer.count { return rig.stop() }
          rig.after(milliseconds: 1, read)
        }
        read()
        rig.run()
        #expect(received == answer.count)
        for raw in raws { raw.close() }
        acceptor = nil
        next = {}
        rig.finish()
      }
    }

    @Test func theSystemTakesNoMoreThanItsShare() throws {
      try expectNoLeak {
        let rig = Rig()
        let server = Recorder()
        var queued = 0
        let answer = noise(900 * 1024, seed: 2)
        server.onReceive = { stream, _ in
          _ = answer.withUnsafeBytes { stream.write($0) }
          queued = stream.queuedBytes
          #expect(!stream.reading, "who does not take its answer is not read")
          rig.stop()
        }
        let endpoint = try serve(rig, options: UnsentTests.options, Acceptor { _ in server })
        let raw = RawSocket(port: endpoint.port)
        raw.send("?")
        rig.run()
        // 64 KiB unsent, what is on its way, and some rounding of the kernel's.
        #expect(queued > 300 * 1024, "the system took \(answer.count - queued) bytes")
        raw.close()
        rig.finish()
      }
    }
  }
}
