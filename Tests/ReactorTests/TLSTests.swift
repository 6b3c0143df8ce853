/// TLS streams on loopback: what must open, what must be refused, and data both ways.
import Base
import Glibc
import Testing

@testable import Reactor

extension ReactorTests {
  @Suite struct TLSTests {
    /// A TLS listener with one of the test's certificates.
    private func serveTLS(
      _ rig: Rig, certificate: String = "good", lowest: Int32 = 0, highest: Int32 = 0,
      options: StreamOptions = StreamOptions(), _ acceptor: Acceptor
    ) throws -> Endpoint {
      let files = try Certificates.shared.get()
      var listening = ListenerOptions()
      listening.stream = options
      listening.tls = try TLSServer(
        certificateFile: files.path("\(certificate).pem"), keyFile: files.path("\(certificate).key"),
        lowest: lowest, highest: highest)
      let endpoint = try ReactorTests.serve(rig, options: listening, acceptor)
      return Endpoint(host: "localhost", port: endpoint.port)
    }

    private func trust() throws -> TLSClient {
      TLSClient(caFile: try Certificates.shared.get().path("ca.pem"))
    }

    /// Connects to a server with `certificate` and answers why that failed, or nil if it opened.
    private func verdict(
      _ certificate: String, host: String = "localhost", trusted: Bool = true, lowest: Int32 = 0,
      highest: Int32 = 0
    ) throws -> CloseReason? {
      let rig = Rig()
      let acceptor = Acceptor()
      var endpoint = try serveTLS(rig, certificate: certificate, lowest: lowest, highest: highest, acceptor)
      endpoint.host = host
      let client = Recorder()
      client.onOpen = { stream in stream.abort() }
      client.onClose = { _, _ in rig.stop() }
      let tls = trusted ? try trust() : TLSClient()
      _ = Stream.connect(rig.loop, to: endpoint, tls: tls, owner: client)
      rig.run()
      rig.finish()
      #expect(client.reasons.count == 1)
      return client.opened == 1 ? nil : client.reason
    }

    @Test func theRightCertificateOpens() throws {
      try expectNoLeak {
        let byName = try verdict("good")
        #expect(byName == nil)
        let byAddress = try verdict("good", host: "127.0.0.1")
        #expect(byAddress == nil)
      }
    }

    @Test func aWrongNameIsRefused() throws {
      try expectNoLeak {
        let reason = try verdict("wrongname")
        #expect(reason?.label == "tls")
        #expect(reason?.description.contains("hostname mismatch") == true, "\(String(describing: reason))")
        let byAddress = try verdict("wrongname", host: "127.0.0.1")
        #expect(
          byAddress?.description.contains("IP address mismatch") == true, "\(String(describing: byAddress))")
      }
    }

    @Test func anExpiredCertificateIsRefused() throws {
      try expectNoLeak {
        let reason = try verdict("expired")
        #expect(reason?.description.contains("expired") == true, "\(String(describing: reason))")
      }
    }

    @Test func anUnknownCAIsRefused() throws {
      try expectNoLeak {
        let reason = try verdict("good", trusted: false)
        #expect(reason?.label == "tls")
        #expect(reason?.description.contains("issuer") == true, "\(String(describing: reason))")
        let own = try verdict("selfsigned")
        #expect(own?.label == "tls")
      }
    }

    @Test func aMissingCAFileIsATypedFailure() {
      expectNoLeak {
        let rig = Rig()
        let client = Recorder()
        client.onClose = { _, _ in rig.stop() }
        let tls = TLSClient(caFile: "/nonexistent/ca.pem")
        _ = Stream.connect(rig.loop, to: Endpoint(host: "127.0.0.1", port: 9), tls: tls, owner: client)
        rig.run()
        #expect(client.reason?.label == "tls")
        #expect(client.reason?.description.contains("/nonexistent/ca.pem") == true)
        rig.finish()
      }
    }

    @Test func tls11IsRefused() throws {
      try expectNoLeak {
        // TLS1_1_VERSION of the protocol.
        let reason = try verdict("good", lowest: 0x0302, highest: 0x0302)
        #expect(reason?.label == "tls")
        #expect(reason?.description.contains("certificate") == false)
      }
    }

    @Test func tls12Opens() throws {
      #expect(try verdict("good", lowest: 0x0303, highest: 0x0303) == nil)
    }

    @Test func aPlainServerIsRefused() throws {
      try expectNoLeak {
        let rig = Rig()
        let server = Recorder()
        server.onReceive = { stream, _ in
          stream.write(utf8: "HTTP/1.1 400 Bad Request\r\n\r\n")
        }
        var endpoint = try ReactorTests.serve(rig, Acceptor { _ in server })
        endpoint.host = "localhost"
        let client = Recorder()
        client.onClose = { _, _ in rig.stop() }
        _ = Stream.connect(rig.loop, to: endpoint, tls: try trust(), owner: client)
        rig.run()
        #expect(client.reason?.label == "tls")
        rig.finish()
      }
    }

    @Test func aServerSilentInTheHandshakeTimesOut() throws {
      try expectNoLeak {
        let rig = Rig()
        var endpoint = try ReactorTests.serve(rig, Acceptor())
        endpoint.host = "localhost"
        let client = Recorder()
        client.onClose = { _, _ in rig.stop() }
        var options = StreamOptions()
        options.connectDeadline = .milliseconds(80)
        _ = Stream.connect(rig.loop, to: endpoint, tls: try trust(), options: options, owner: client)
        rig.run()
        #expect(client.reasons == [.connectTimeout])
        rig.finish()
      }
    }

    @Test func aClientSilentInTheHandshakeTimesOut() throws {
      try expectNoLeak {
        let rig = Rig()
        var options = StreamOptions()
        options.connectDeadline = .milliseconds(50)
        let server = Recorder()
        server.onClose = { _, _ in rig.stop() }
        let endpoint = try serveTLS(rig, options: options, Acceptor { _ in server })
        let raw = RawSocket(port: endpoint.port)
        rig.run()
        #expect(server.reasons == [.connectTimeout])
        #expect(server.opened == 0)
        raw.close()
        rig.finish()
      }
    }

    @Test func aConnectionCutWithoutCloseNotifyIsTruncated() throws {
      try expectNoLeak {
        let rig = Rig()
        let server = Recorder()
        let endpoint = try serveTLS(rig, Acceptor { _ in server })
        server.onOpen = { stream in
          stream.write(utf8: "half a mess")
          // A FIN of the transport alone: no close_notify.
          var descriptor: Int32 = -1
          #expect(stream.descriptor(&descriptor))
          endSending(descriptor)
        }
        let client = Recorder()
        client.onClose = { _, _ in rig.stop() }
        _ = Stream.connect(rig.loop, to: endpoint, tls: try trust(), owner: client)
        rig.run()
        #expect(client.text == "half a mess")
        #expect(client.reasons == [.truncated])
        rig.finish()
      }
    }

    @Test func anOrderlyEndIsAnEnd() throws {
      try expectNoLeak {
        let rig = Rig()
        let server = Recorder()
        server.onOpen = { stream in
          stream.write(utf8: "whole")
          stream.closeAfterFlush()
        }
        let endpoint = try serveTLS(rig, Acceptor { _ in server })
        let client = Recorder()
        client.onClose = { _, _ in rig.stop() }
        _ = Stream.connect(rig.loop, to: endpoint, tls: try trust(), owner: client)
        rig.run()
        #expect(client.text == "whole")
        #expect(client.ended == 1)
        #expect(client.reasons == [.eof])
        rig.finish()
        #expect(server.reasons == [.closedByOwner])
      }
    }

    @Test(arguments: [Int32(0x0303), 0x0304])
    func bigDataBothWays(_ version: Int32) throws {
      try expectNoLeak {
        let rig = Rig()
        let endpoint = try serveTLS(rig, lowest: version, highest: version, Acceptor { _ in echo() })
        let sent = noise(5 * 1024 * 1024, seed: 11)
        let client = Recorder()
        client.onOpen = { stream in _ = sent.withUnsafeBytes { stream.write($0) } }
        client.onReceive = { stream, bytes in
          #expect(bytes.count <= Loop.readBytesMax)
          if client.receivedBytes == sent.count { stream.closeAfterFlush() }
        }
        client.onClose = { _, _ in rig.stop() }
        _ = Stream.connect(rig.loop, to: endpoint, tls: try trust(), owner: client)
        rig.run()
        #expect(client.received == sent)
        rig.finish()
      }
    }

    @Test func whatWasDecryptedBeforeAPauseComesAfterIt() throws {
      let rig = Rig()
      let server = Recorder()
      let sent = [UInt8](repeating: 9, count: 300_000)
      server.onOpen = { stream in
        _ = sent.withUnsafeBytes { stream.write($0) }
        stream.closeAfterFlush()
      }
      let endpoint = try serveTLS(rig, Acceptor { _ in server })
      let client = Recorder()
      var inside = false
      client.onReceive = { stream, _ in
        #expect(!inside, "never inside the owner's own call")
        inside = true
        stream.pauseReading()
        stream.resumeReading()
        stream.pauseReading()
        rig.after(milliseconds: 1) { stream.resumeReading() }
        inside = false
      }
      client.onClose = { _, _ in rig.stop() }
      _ = Stream.connect(rig.loop, to: endpoint, tls: try trust(), owner: client)
      rig.run()
      #expect(client.received == sent)
      #expect(client.reasons == [.eof])
      rig.finish()
    }

    @Test func aSecondConnectionResumesTheSession() throws {
      let rig = Rig()
      let tls = try trust()
      let endpoint = try serveTLS(rig, Acceptor { _ in echo() })
      var opened = 0
      let connect = {
        let client = Recorder()
        client.onOpen = { $0.write(utf8: "x") }
        client.onReceive = { stream, _ in stream.closeAfterFlush() }
        client.onClose = { _, _ in
          opened += client.opened
          rig.stop()
        }
        _ = Stream.connect(rig.loop, to: endpoint, tls: tls, owner: client)
        rig.run()
      }
      connect()
      #expect(tls.resumptions == 0)
      connect()
      #expect(opened == 2)
      #expect(tls.resumptions == 1)
      rig.finish()
    }

    @Test(arguments: ["open", "receive", "end"], [true, false])
    func theOwnerMayCloseInsideAnyCallback(_ callback: String, _ hard: Bool) throws {
      try expectNoLeak {
        let rig = Rig()
        let client = Recorder()
        let close: (Stream) -> Void = { stream in
          if hard { stream.abort() } else { stream.closeAfterFlush() }
          #expect(!stream.write(utf8: "late"))
        }
        client.onOpen = { stream in if callback == "open" { close(stream) } }
        client.onReceive = { stream, _ in if callback == "receive" { close(stream) } }
        client.onEnd = { stream in close(stream) }
        client.onClose = { _, _ in rig.stop() }
        let server = Recorder()
        server.onOpen = { stream in
          _ = [UInt8](repeating: 1, count: 200_000).withUnsafeBytes { stream.write($0) }
          stream.closeAfterFlush()
        }
        let endpoint = try serveTLS(rig, Acceptor { _ in server })
        _ = Stream.connect(rig.loop, to: endpoint, tls: try trust(), owner: client)
        rig.run()
        #expect(client.reasons.count == 1)
        rig.finish()
      }
    }
  }
}
