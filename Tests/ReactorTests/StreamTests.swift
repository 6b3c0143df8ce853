/// Plain TCP streams on loopback: the ordinary life, and every kind of peer that does not play along.
import Base
import Glibc
import Testing

@testable import Reactor

extension ReactorTests {
  @Suite struct StreamTests {
    /// A listener whose connections get `make`'s recorders, and where it listens.
    private func serve(_ rig: Rig, options: ListenerOptions = ListenerOptions(), _ acceptor: Acceptor) throws
      -> Endpoint
    {
      let listener = try Listener(rig.loop, host: "127.0.0.1", port: 0, options: options, owner: acceptor)
      return Endpoint(host: "127.0.0.1", port: listener.port)
    }

    @Test func bytesComeBackFromAnEchoServer() throws {
      try expectNoLeak {
        let rig = Rig()
        let acceptor = Acceptor { _ in echo() }
        let endpoint = try serve(rig, acceptor)
        let client = Recorder()
        client.onOpen = { $0.write(utf8: "hello") }
        client.onReceive = { stream, _ in if client.received.count == 5 { stream.closeAfterFlush() } }
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

    @Test func aRefusedConnectionSaysSo() {
      expectNoLeak {
        let rig = Rig()
        let client = Recorder()
        client.onClose = { _, _ in rig.stop() }
        _ = Stream.connect(rig.loop, to: Endpoint(host: "127.0.0.1", port: freePort()), owner: client)
        #expect(client.reasons.isEmpty, "never inside the call")
        rig.run()
        #expect(client.reasons == [.refused])
        #expect(client.opened == 0)
        #expect(rig.loop.counts.connectFailures == 1)
        rig.finish()
      }
    }
  }
}
