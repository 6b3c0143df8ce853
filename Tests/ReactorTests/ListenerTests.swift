/// Listening: addresses, limits, a thousand connections, and no descriptors left.
import Base
import Glibc
import Testing

@testable import Reactor

extension ReactorTests {
  @Suite struct ListenerTests {
    @Test func aPortInUseIsNamed() throws {
      try expectNoLeak {
        let rig = Rig()
        let first = try Listener(rig.loop, host: "127.0.0.1", port: 0, owner: Acceptor())
        #expect(first.port > 0)
        #expect(first.address == "127.0.0.1:\(first.port)")
        let failure = #expect(throws: ListenFailure.self) {
          try Listener(rig.loop, host: "127.0.0.1", port: first.port, owner: Acceptor())
        }
        #expect(failure?.code == EADDRINUSE)
        #expect(failure?.description == "127.0.0.1:\(first.port): address already in use")
        rig.finish()
      }
    }

    @Test(arguments: [
      ("192.0.2.1", 80), ("127.0.0.1", 65536), ("127.0.0.1", -1), ("no-such-host.invalid", 80),
    ])
    func whatCannotBeBoundIsAFailure(_ host: String, _ port: Int) throws {
      expectNoLeak {
        let rig = Rig()
        let failure = #expect(throws: ListenFailure.self) {
          try Listener(rig.loop, host: host, port: port, owner: Acceptor())
        }
        #expect(failure?.description.hasPrefix(host) == true)
        rig.finish()
      }
    }

    @Test func thePortIsFreeAtOnceAfterClose() throws {
      let rig = Rig()
      let first = try Listener(rig.loop, host: "127.0.0.1", port: 0, owner: Acceptor())
      let port = first.port
      first.close()
      first.close()
      let second = try Listener(rig.loop, host: "127.0.0.1", port: port, owner: Acceptor())
      #expect(second.port == port)
      rig.finish()
    }

    @Test func closingKeepsOpenConnections() throws {
      let rig = Rig()
      let server = echo()
      let acceptor = Acceptor { _ in server }
      let listener = try Listener(rig.loop, host: "127.0.0.1", port: 0, owner: acceptor)
      let endpoint = Endpoint(host: "127.0.0.1", port: listener.port)
      let client = Recorder()
      client.onReceive = { _, _ in rig.stop() }
      _ = Stream.connect(rig.loop, to: endpoint, owner: client)
      server.onOpen = { _ in listener.close() }
      client.onOpen = { stream in stream.write(utf8: "hello") }
      rig.run()
      #expect(client.text == "hello")
      #expect(listener.connections == 1)
      let late = Recorder()
      late.onClose = { _, _ in rig.stop() }
      _ = Stream.connect(rig.loop, to: endpoint, owner: late)
      rig.run()
      #expect(late.reasons == [.refused])
      rig.finish()
      #expect(listener.connections == 0)
    }

    @Test func anOwnerMayRefuse() throws {
      try expectNoLeak {
        let rig = Rig()
        let endpoint = try serve(rig, Acceptor { _ in nil })
        let raw = RawSocket(port: endpoint.port)
        let client = Recorder()
        client.onClose = { _, _ in rig.stop() }
        _ = Stream.connect(rig.loop, to: endpoint, owner: client)
        rig.run()
        #expect(client.received.isEmpty)
        #expect(client.reasons.count == 1)
        #expect(rig.loop.counts.accepted == 0)
        raw.close()
        rig.finish()
      }
    }

    @Test func aThousandConnectionsAgainstALowerLimit() throws {
      try expectNoLeak {
        let rig = Rig(seconds: 30)
        var options = ListenerOptions()
        options.connectionsMax = 200
        options.refusal = Array("HTTP/1.1 503 Service Unavailable\r\n\r\n".utf8)
        let acceptor = Acceptor { _ in echo() }
        let listener = try Listener(
          rig.loop, host: "127.0.0.1", port: 0, options: options, owner: acceptor)
        let endpoint = Endpoint(host: "127.0.0.1", port: listener.port)
        var echoed = 0
        var refused = 0
        var told = 0
        let clients = (0..<1000).map { _ in Recorder() }
        let settle = { if echoed + refused == 1000 { rig.stop() } }
        for client in clients {
          client.onOpen = { stream in stream.write(utf8: "hi") }
          client.onReceive = { _, _ in
            guard client.text == "hi" else { return }
            echoed += 1
            settle()
          }
          client.onClose = { _, _ in
            refused += 1
            if client.text.hasPrefix("HTTP/1.1 503") { told += 1 }
            settle()
          }
          _ = Stream.connect(rig.loop, to: endpoint, owner: client)
        }
        rig.run()
        #expect(echoed == 200)
        #expect(refused == 800)
        // Only `refusalsMax` refusals are under way at a time; whoever comes in a larger crowd is just closed.
        #expect(told >= Listener.refusalsMax, "\(told) were told")
        #expect(listener.connections == 200)
        #expect(rig.loop.counts.refusedOverLimit == 800)
        rig.finish()
      }
    }

    @Test func oneAddressCannotTakeAllConnections() throws {
      try expectNoLeak {
        let rig = Rig()
        var options = ListenerOptions()
        options.networkConnectionsMax = 2
        options.refusal = Array("full".utf8)
        var networks: [UInt64] = []
        var wanted = 6
        let acceptor = Acceptor { stream in
          let recorder = Recorder()
          networks.append(stream.network)
          if networks.count == wanted { rig.stop() }
          recorder.onClose = { _, _ in rig.stop() }
          return recorder
        }
        let listener = try Listener(rig.loop, host: "127.0.0.1", port: 0, options: options, owner: acceptor)
        func connect(from source: UInt32) -> RawSocket { RawSocket(port: listener.port, from: source) }
        // In this order: the third of 127.0.0.2 is refused, this machine and others are not.
        let two = [connect(from: 0x7f00_0002), connect(from: 0x7f00_0002)]
        let third = connect(from: 0x7f00_0002)
        let others = (0..<3).map { _ in connect(from: 0x7f00_0001) } + [connect(from: 0x7f00_0003)]
        rig.run()
        #expect(networks == [0x7f00_0002, 0x7f00_0002, 0, 0, 0, 0x7f00_0003])
        #expect(rig.loop.counts.refusedOverLimit == 1)
        #expect(third.readAll() == Array("full".utf8))
        // Who has left makes room.
        two[0].close()
        rig.run()
        wanted = 7
        let fourth = connect(from: 0x7f00_0002)
        rig.run()
        #expect(networks.last == 0x7f00_0002)
        #expect(listener.connections == 6)
        for socket in two.dropFirst() + others + [third, fourth] { socket.close() }
        rig.finish()
      }
    }

    @Test func anAddressIsAnAddressInEveryFamily() {
      func network(_ bytes: [UInt8]) -> UInt64 { bytes.withUnsafeBytes { SocketAddress.network(v6: $0) } }
      let zeros = [UInt8](repeating: 0, count: 10)
      #expect(network(zeros + [0xff, 0xff, 192, 0, 2, 1]) == 0xc000_0201)
      #expect(network(zeros + [0xff, 0xff, 127, 0, 0, 1]) == 0)
      #expect(network(zeros + [0, 0, 0, 0, 0, 1]) == 0)
      let prefix: [UInt8] = [0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 2]
      #expect(network(prefix + [1, 2, 3, 4, 5, 6, 7, 8]) == 0x2001_0db8_0001_0002)
      #expect(network(prefix + [8, 7, 6, 5, 4, 3, 2, 1]) == 0x2001_0db8_0001_0002)
    }

    @Test func aThousandConnectionsAllServed() throws {
      try expectNoLeak {
        let rig = Rig(seconds: 30)
        let endpoint = try serve(rig, Acceptor { _ in echo() })
        var closed = 0
        for _ in 0..<1000 {
          let client = Recorder()
          client.onOpen = { stream in stream.write(utf8: "ping") }
          client.onReceive = { stream, _ in stream.closeAfterFlush() }
          client.onClose = { _, _ in
            #expect(client.text == "ping")
            closed += 1
            if closed == 1000 { rig.stop() }
          }
          _ = Stream.connect(rig.loop, to: endpoint, owner: client)
        }
        rig.run()
        #expect(rig.loop.counts.accepted == 1000)
        rig.finish()
      }
    }

    @Test func outOfDescriptorsDoesNotSpinAndRecovers() async {
      await #expect(processExitsWith: .success) {
        let rig = Rig()
        let endpoint = try ReactorTests.serve(rig, Acceptor { _ in echo() })
        // All descriptors below the first free one are taken, the listener's spare one among them. Those that other
        // threads of the process open and close come behind it.
        let free = open("/dev/null", O_RDONLY | O_CLOEXEC)
        close(free)
        let waiting = (0..<4).map { _ in RawSocket(port: endpoint.port) }
        // From here no descriptor is left, but the spare one.
        var limit = rlimit(rlim_cur: rlim_t(free), rlim_max: 4096)
        #expect(setrlimit(__rlimit_resource_t(7), &limit) == 0)
        rig.after(milliseconds: 30) { rig.stop() }
        rig.run()
        #expect(rig.loop.counts.refusedOutOfFiles == 4)
        #expect(rig.loop.counts.accepted == 0)
        #expect(rig.loop.turns.count < 20, "\(rig.loop.turns.count) turns: it spins")
        for socket in waiting {
          #expect(socket.readAll()?.isEmpty ?? true)
          socket.close()
        }
        limit.rlim_cur = limit.rlim_max
        #expect(setrlimit(__rlimit_resource_t(7), &limit) == 0)
        let client = Recorder()
        client.onOpen = { $0.write(utf8: "again") }
        client.onReceive = { _, _ in rig.stop() }
        _ = Stream.connect(rig.loop, to: endpoint, owner: client)
        rig.run()
        #expect(client.text == "again")
        rig.finish()
      }
    }
  }
}
