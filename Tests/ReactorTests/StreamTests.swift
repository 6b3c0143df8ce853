/// Plain TCP streams on loopback that live as they should: opening, both directions, the orderly end.
import Base
import Glibc
import Testing

@testable import Reactor

extension ReactorTests {
  @Suite struct StreamTests {
    @Test func bytesComeBackFromAnEchoServer() throws {
      try expectNoLeak {
        let rig = Rig()
        let acceptor = Acceptor { _ in echo() }
        let endpoint = try ReactorTests.serve(rig, acceptor)
        let client = Recorder()
        client.onOpen = { $0.write(utf8: "hello") }
        client.onReceive = { stream, _ in if client.receivedBytes == 5 { stream.closeAfterFlush() } }
        client.onClose = { _, _ in rig.stop() }
        let stream = Stream.connect(rig.loop, to: endpoint, owner: client)
        stream.tag = 7
        #expect(stream.state == .opening)
        rig.run()
        #expect(client.text == "hello")
        #expect(client.reasons == [.closedByOwner])
        #expect(stream.tag == 7)
        #expect(stream.state == .closed)
        #expect(!stream.write(utf8: "late"))
        #expect(acceptor.recorders.first?.reason == .eof)
        rig.finish()
      }
    }

    @Test func aNameIsLookedUpAndEveryAddressIsTried() throws {
      try expectNoLeak {
        let rig = Rig()
        let endpoint = try ReactorTests.serve(rig, Acceptor { _ in echo() })
        let client = Recorder()
        client.onOpen = { $0.abort() }
        client.onClose = { _, _ in rig.stop() }
        // Where localhost is ::1 first, nobody listens there and the second address must do.
        _ = Stream.connect(rig.loop, to: Endpoint(host: "localhost", port: endpoint.port), owner: client)
        rig.run()
        #expect(client.opened == 1)
        rig.finish()
      }
    }

    @Test func theNextAddressIsTriedWhenOneRefuses() throws {
      try expectNoLeak {
        let rig = Rig()
        let endpoint = try ReactorTests.serve(rig, Acceptor { _ in echo() })
        let client = Recorder()
        client.onOpen = { stream in
          #expect(stream.peerAddress == "127.0.0.1:\(endpoint.port)")
          stream.abort()
        }
        client.onClose = { _, _ in rig.stop() }
        let stream = Stream(loop: rig.loop, options: StreamOptions(), owner: client, accepted: false)
        let connecting = Connecting(endpoint: endpoint, until: rig.loop.now.instant + .seconds(5))
        let dead = try #require(SocketAddress.numeric(host: "127.0.0.1", port: UInt16(freePort())))
        let live = try #require(SocketAddress.numeric(host: "127.0.0.1", port: UInt16(endpoint.port)))
        connecting.addresses = [dead, dead, live]
        stream.connecting = connecting
        stream.tryNextAddress()
        rig.run()
        #expect(client.opened == 1)
        #expect(client.reasons == [.closedByOwner])
        rig.finish()
      }
    }

    @Test func ipv6Works() throws {
      let rig = Rig()
      let acceptor = Acceptor { _ in echo() }
      guard let listener = try? Listener(rig.loop, host: "::1", port: 0, owner: acceptor) else {
        print("skipped: this machine has no IPv6 loopback")
        return rig.finish()
      }
      #expect(listener.address == "[::1]:\(listener.port)")
      let client = Recorder()
      client.onOpen = { $0.write(utf8: "six") }
      client.onReceive = { stream, _ in stream.abort() }
      client.onClose = { _, _ in rig.stop() }
      _ = Stream.connect(rig.loop, to: Endpoint(host: "::1", port: listener.port), owner: client)
      rig.run()
      #expect(client.text == "six")
      rig.finish()
    }

    @Test func receivedBytesHaveSlackBehindThem() throws {
      let rig = Rig()
      let acceptor = Acceptor { _ in
        let recorder = Recorder()
        recorder.onReceive = { stream, bytes in
          #expect(bytes.count <= Loop.readBytesMax)
          // Reading the slack must be allowed whatever it holds; the address sanitizer checks this for us.
          var sum = 0
          for index in 0..<Loop.slackBytes {
            sum += Int((bytes.baseAddress! + bytes.count + index).load(as: UInt8.self))
          }
          #expect(sum >= 0)
          if recorder.receivedBytes == 200_000 { rig.stop() }
        }
        return recorder
      }
      let endpoint = try ReactorTests.serve(rig, acceptor)
      let client = Recorder()
      client.onOpen = { stream in
        _ = [UInt8](repeating: 1, count: 200_000).withUnsafeBytes { stream.write($0) }
      }
      _ = Stream.connect(rig.loop, to: endpoint, owner: client)
      rig.run()
      rig.finish()
    }

    @Test func fiveMebibytesArriveInOrderBothWays() throws {
      try expectNoLeak {
        let rig = Rig()
        let endpoint = try ReactorTests.serve(rig, Acceptor { _ in echo() })
        let sent = noise(5 * 1024 * 1024, seed: 5)
        let client = Recorder()
        client.onOpen = { stream in _ = sent.withUnsafeBytes { stream.write($0) } }
        client.onReceive = { stream, _ in if client.receivedBytes == sent.count { stream.closeAfterFlush() }
        }
        client.onClose = { _, _ in rig.stop() }
        _ = Stream.connect(rig.loop, to: endpoint, owner: client)
        rig.run()
        #expect(client.received == sent)
        #expect(rig.loop.counts.bytesSent == 2 * sent.count)
        #expect(rig.loop.counts.bytesReceived == 2 * sent.count)
        rig.finish()
      }
    }

    @Test func writesKeepTheirOrderWhileTheQueueIsFull() throws {
      let rig = Rig()
      let sink = Recorder()
      let endpoint = try ReactorTests.serve(rig, Acceptor { _ in sink })
      let pieces = (0..<4000).map { String(repeating: "\($0 % 10)", count: 1000) }
      let client = Recorder()
      client.onOpen = { stream in
        for piece in pieces { stream.write(utf8: piece) }
        #expect(stream.queuedBytes > 0)
        stream.closeAfterFlush()
      }
      client.onClose = { _, _ in rig.stop() }
      _ = Stream.connect(rig.loop, to: endpoint, owner: client)
      rig.run()
      #expect(sink.text == pieces.joined())
      #expect(sink.ended == 1)
      rig.finish()
    }

    @Test func thePeerMayHalfCloseAndStillGetsItsAnswer() throws {
      try expectNoLeak {
        let rig = Rig()
        let server = Recorder()
        server.onEnd = { stream in
          // The answer is ready only later, as if a job had made it.
          rig.after(milliseconds: 5) {
            stream.write(utf8: "answer to " + server.text)
            stream.closeAfterFlush()
          }
        }
        server.onClose = { _, _ in rig.stop() }
        let endpoint = try ReactorTests.serve(rig, Acceptor { _ in server })
        let raw = RawSocket(port: endpoint.port)
        raw.send("question")
        raw.endSending()
        rig.run()
        #expect(raw.readAll().map { String(decoding: $0, as: UTF8.self) } == "answer to question")
        raw.close()
        #expect(server.reasons == [.eof])
        rig.finish()
      }
    }

    @Test func theLastAnswerSurvivesUnreadInput() throws {
      try expectNoLeak {
        let rig = Rig()
        let server = Recorder()
        server.onReceive = { stream, _ in
          stream.write(utf8: "413 too large")
          stream.closeAfterFlush()
        }
        server.onClose = { _, _ in rig.stop() }
        let endpoint = try ReactorTests.serve(rig, Acceptor { _ in server })
        let client = Recorder()
        let body = [UInt8](repeating: 0, count: 512 * 1024)
        client.onOpen = { stream in _ = body.withUnsafeBytes { stream.write($0) } }
        _ = Stream.connect(rig.loop, to: endpoint, owner: client)
        rig.run()
        // Closing at once with input unread would have reset the connection and destroyed the answer.
        #expect(client.text == "413 too large")
        rig.finish()
      }
    }
  }
}
