/// Plain TCP streams whose peers do not play along, and owners that close in every callback there is.
import Base
import Glibc
import Testing

@testable import Reactor

extension ReactorTests {
  @Suite struct StreamFaultTests {
    /// Runs a client that never opens and answers why.
    private func failure(of endpoint: Endpoint, options: StreamOptions = StreamOptions()) -> CloseReason? {
      let rig = Rig()
      let client = Recorder()
      client.onClose = { _, _ in rig.stop() }
      _ = Stream.connect(rig.loop, to: endpoint, options: options, owner: client)
      #expect(client.reasons.isEmpty, "never inside the call")
      rig.run()
      #expect(client.opened == 0)
      #expect(client.reasons.count == 1)
      #expect(rig.loop.counts.connectFailures == 1)
      rig.finish()
      return client.reason
    }

    @Test func aRefusedConnectionSaysSo() {
      expectNoLeak {
        #expect(failure(of: Endpoint(host: "127.0.0.1", port: freePort())) == .refused)
      }
    }

    @Test func anUnknownNameSaysSo() {
      expectNoLeak {
        // RFC 6761: names under .invalid never resolve. Without a network the resolver fails, too.
        let reason = failure(of: Endpoint(host: "no-such-host.invalid", port: 80))
        #expect(reason?.label == "resolve")
      }
    }

    @Test func aPortOutOfRangeIsAFailureNotATrap() {
      #expect(failure(of: Endpoint(host: "127.0.0.1", port: 70_000))?.label == "resolve")
      #expect(failure(of: Endpoint(host: "127.0.0.1", port: -1))?.label == "resolve")
    }

    @Test func aPeerThatNeverAcceptsTimesOut() {
      expectNoLeak {
        // A listening socket with a full backlog drops connection requests: they stay unanswered.
        let full = FullBacklog()
        var options = StreamOptions()
        options.connectDeadline = .milliseconds(150)
        #expect(
          failure(of: Endpoint(host: "127.0.0.1", port: full.port), options: options) == .connectTimeout)
        full.close()
      }
    }

    @Test func aSilentPeerIsItsOwnersBusiness() throws {
      try expectNoLeak {
        let rig = Rig()
        let endpoint = try ReactorTests.serve(rig, Acceptor())
        let client = Recorder()
        client.onOpen = { stream in
          stream.write(utf8: "anybody?")
          rig.after(milliseconds: 20) { stream.abort() }
        }
        client.onClose = { _, _ in rig.stop() }
        _ = Stream.connect(rig.loop, to: endpoint, owner: client)
        rig.run()
        #expect(client.received.isEmpty)
        #expect(client.reasons == [.closedByOwner])
        rig.finish()
      }
    }

    @Test func aByteAtATimePeerIsHeard() throws {
      try expectNoLeak {
        let rig = Rig()
        let text = "one byte at a time"
        let server = Recorder()
        let endpoint = try ReactorTests.serve(rig, Acceptor { _ in server })
        let raw = RawSocket(port: endpoint.port)
        var rest = Array(text)
        // The next byte leaves only when the one before has arrived.
        server.onOpen = { _ in raw.send(String(rest.removeFirst())) }
        server.onReceive = { _, _ in
          if rest.isEmpty { rig.stop() } else { raw.send(String(rest.removeFirst())) }
        }
        rig.run()
        #expect(server.text == text)
        raw.close()
        rig.finish()
      }
    }

    @Test func aResetIsAReset() throws {
      try expectNoLeak {
        let rig = Rig()
        let server = Recorder()
        server.onClose = { _, _ in rig.stop() }
        let endpoint = try ReactorTests.serve(rig, Acceptor { _ in server })
        let raw = RawSocket(port: endpoint.port)
        server.onOpen = { _ in raw.reset() }
        rig.run()
        #expect(server.reasons == [.reset])
        rig.finish()
      }
    }

    @Test func aSlowReaderPausesReadingAndIsResumedWhenItDrains() throws {
      try expectNoLeak {
        let rig = Rig()
        var options = ListenerOptions()
        options.stream.highWaterBytes = 512 * 1024
        options.stream.lowWaterBytes = 64 * 1024
        let server = Recorder()
        let endpoint = try ReactorTests.serve(rig, options: options, Acceptor { _ in server })
        let answer = [UInt8](repeating: 7, count: 8 * 1024 * 1024)
        let client = Recorder()
        client.keepBytes = false
        client.onReceive = { _, _ in
          if client.receivedBytes == answer.count { rig.after(milliseconds: 5, rig.stop) }
        }
        var order: [String] = []
        server.onReceive = { stream, _ in
          order.append("request")
          guard order.count == 1 else { return }
          _ = answer.withUnsafeBytes { stream.write($0) }
          #expect(stream.queuedBytes > options.stream.highWaterBytes)
          #expect(!stream.reading)
        }
        server.onDrain = { stream in
          order.append("drain")
          #expect(stream.queuedBytes <= options.stream.lowWaterBytes)
        }
        client.onOpen = { stream in
          stream.pauseReading()
          stream.write(utf8: "first")
          rig.after(milliseconds: 10) {
            // The server must not see this before its queue has drained.
            stream.write(utf8: "second")
            rig.after(milliseconds: 10) {
              #expect(order == ["request"])
              stream.resumeReading()
            }
          }
        }
        _ = Stream.connect(rig.loop, to: endpoint, owner: client)
        rig.run()
        #expect(order == ["request", "drain", "request"])
        #expect(client.receivedBytes == answer.count)
        #expect(rig.loop.counts.readPauses == 1)
        rig.finish()
      }
    }

    @Test func aReaderThatNeverReadsIsCutAtTheBound() throws {
      try expectNoLeak {
        let rig = Rig()
        var options = ListenerOptions()
        options.stream.writeQueueMax = 1024 * 1024
        let server = Recorder()
        var written = 0
        server.onOpen = { stream in
          let piece = [UInt8](repeating: 1, count: 100_000)
          while piece.withUnsafeBytes({ stream.write($0) }) {
            written += piece.count
            #expect(stream.queuedBytes <= options.stream.writeQueueMax)
            guard written < 100_000_000 else { break }
          }
          #expect(stream.state == .closed)
          #expect(server.reasons.isEmpty, "never inside the call")
        }
        server.onClose = { _, _ in rig.stop() }
        let endpoint = try ReactorTests.serve(rig, options: options, Acceptor { _ in server })
        let raw = RawSocket(port: endpoint.port)
        rig.run()
        #expect(server.reasons == [.writeQueueFull])
        #expect(rig.loop.counts.writeQueueOverflows == 1)
        raw.close()
        rig.finish()
      }
    }

    @Test func aPeerThatNeverTakesTheLastBytesIsGivenUp() throws {
      try expectNoLeak {
        let rig = Rig()
        var options = ListenerOptions()
        options.stream.closeDeadline = .milliseconds(50)
        let server = Recorder()
        server.onOpen = { stream in
          _ = [UInt8](repeating: 1, count: 7_000_000).withUnsafeBytes { stream.write($0) }
          stream.closeAfterFlush()
        }
        server.onClose = { _, _ in rig.stop() }
        let endpoint = try ReactorTests.serve(rig, options: options, Acceptor { _ in server })
        let raw = RawSocket(port: endpoint.port)
        rig.run()
        #expect(server.reasons == [.flushTimeout])
        raw.close()
        rig.finish()
      }
    }

    @Test func aPeerThatNeverEndsItsSideDoesNotHoldUsUp() throws {
      try expectNoLeak {
        let rig = Rig()
        var options = ListenerOptions()
        options.stream.closeDeadline = .milliseconds(30)
        let server = Recorder()
        server.onOpen = { stream in
          stream.write(utf8: "bye")
          stream.closeAfterFlush()
          stream.closeAfterFlush()
        }
        server.onClose = { _, _ in rig.stop() }
        let endpoint = try ReactorTests.serve(rig, options: options, Acceptor { _ in server })
        let raw = RawSocket(port: endpoint.port)
        rig.run()
        #expect(server.reasons == [.closedByOwner])
        #expect(raw.readAll() == Array("bye".utf8))
        raw.close()
        rig.finish()
      }
    }

    @Test(arguments: ["open", "receive", "drain", "end"], [true, false])
    func theOwnerMayCloseInsideAnyCallback(_ callback: String, _ hard: Bool) throws {
      try expectNoLeak {
        let rig = Rig()
        let server = Recorder()
        let close: (Stream) -> Void = { stream in
          if hard { stream.abort() } else { stream.closeAfterFlush() }
          #expect(!stream.write(utf8: "after the end"))
          stream.abort()
          stream.pauseReading()
          stream.resumeReading()
        }
        let bulk = [UInt8](repeating: 3, count: 9_000_000)
        server.onOpen = { stream in
          if callback == "open" { close(stream) }
          if callback == "drain" { _ = bulk.withUnsafeBytes { stream.write($0) } }
        }
        server.onReceive = { stream, _ in if callback == "receive" { close(stream) } }
        server.onDrain = { stream in if callback == "drain" { close(stream) } }
        server.onEnd = { stream in close(stream) }
        server.onClose = { stream, _ in
          #expect(stream.peerAddress.isEmpty)
          stream.abort()
          stream.closeAfterFlush()
          rig.stop()
        }
        let endpoint = try ReactorTests.serve(rig, Acceptor { _ in server })
        let client = Recorder()
        client.keepBytes = false
        client.onOpen = { stream in
          stream.write(utf8: "x")
          if callback == "end" { stream.closeAfterFlush() }
        }
        _ = Stream.connect(rig.loop, to: endpoint, owner: client)
        rig.run()
        #expect(server.reasons.count == 1)
        rig.finish()
        #expect(client.reasons.count == 1)
      }
    }

    @Test func closingWhileOpeningIsReportedOnce() throws {
      try expectNoLeak {
        let rig = Rig()
        let endpoint = try ReactorTests.serve(rig, Acceptor())
        var clients: [Recorder] = []
        var closed = 0
        for host in ["127.0.0.1", "localhost", "no-such-host.invalid"] {
          let client = Recorder()
          clients.append(client)
          client.onClose = { _, _ in
            closed += 1
            if closed == 3 { rig.stop() }
          }
          let stream = Stream.connect(rig.loop, to: Endpoint(host: host, port: endpoint.port), owner: client)
          stream.closeAfterFlush()
          stream.abort()
          #expect(client.reasons.isEmpty, "never inside the call")
        }
        rig.run()
        for client in clients {
          #expect(client.reasons == [.closedByOwner])
          #expect(client.opened == 0)
        }
        rig.finish()
      }
    }
  }
}

/// A listening socket whose backlog is full.
struct FullBacklog {
  let port: Int
  private let listener: Int32
  private var fillers: [Int32] = []

  init() {
    listener = socket(AF_INET, SocketType.stream | SocketType.closeOnExec, 0)
    var address = SocketAddress.numeric(host: "127.0.0.1", port: 0)!
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let descriptor = listener
    withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length)
        listen(descriptor, 0)
        getsockname(descriptor, $0, &length)
      }
    }
    port = SocketAddress.port(address)
    let type = SocketType.stream | SocketType.closeOnExec | SocketType.nonBlocking
    for _ in 0..<4 {
      let filler = socket(AF_INET, type, 0)
      withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = connect(filler, $0, length) }
      }
      fillers.append(filler)
    }
  }

  func close() {
    for filler in fillers { Glibc.close(filler) }
    Glibc.close(listener)
  }
}
