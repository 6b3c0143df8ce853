/// HTTP requests by libcurl on the loop, against a small server on the same loop.
import Base
import Glibc
import Testing

@testable import Reactor

extension ReactorTests {
  @Suite struct TransferTests {
    /// Runs `requests` (their index is their tag) to their outcomes.
    private func outcomes(
      of requests: [TransferRequest], bodies: [String] = [], options: TransferOptions = TransferOptions(),
      tls: TLSClient = TLSClient(), server make: ((Loop) throws -> TestServer)? = nil,
      urls: ((TestServer, String) -> String)? = nil
    ) throws -> (Outcomes, TestServer) {
      let rig = Rig()
      let server = try make?(rig.loop) ?? TestServer(rig.loop)
      let outcomes = Outcomes()
      let transfers = Transfers(rig.loop, tls: tls, options: options, owner: outcomes)
      outcomes.onFinish = { transfers, _ in if outcomes.order.count == requests.count { rig.stop() } }
      for (tag, request) in requests.enumerated() {
        var request = request
        if request.url.hasPrefix("/") { request.url = urls?(server, request.url) ?? server.url(request.url) }
        var body = tag < bodies.count ? bodies[tag] : ""
        let id = body.withUTF8 { transfers.start(request, body: UnsafeRawBufferPointer($0), tag: tag) }
        #expect(id != nil)
      }
      #expect(outcomes.order.isEmpty, "never inside start")
      #expect(transfers.active == requests.count)
      rig.run()
      #expect(transfers.active == 0)
      transfers.close()
      outcomes.onFinish = nil
      rig.finish()
      return (outcomes, server)
    }

    private func failure(_ request: TransferRequest, options: TransferOptions = TransferOptions()) throws
      -> TransferFailure?
    {
      let (outcomes, _) = try outcomes(of: [request], options: options)
      #expect(outcomes.statuses.isEmpty)
      return outcomes.failures[0]
    }

    @Test func aPostIsAnswered() throws {
      try expectNoLeak {
        let headers = ["content-type: application/json", "x-test: 1"]
        let (outcomes, server) = try outcomes(
          of: [TransferRequest(.post, url: "/echo", headers: headers)], bodies: [#"{"type":"meta"}"#])
        #expect(outcomes.statuses[0] == 200)
        #expect(outcomes.bodies[0] == Array(#"{"type":"meta"}"#.utf8))
        let request = try #require(server.requests.first)
        #expect(request.hasPrefix("POST /echo HTTP/1.1\r\n"))
        #expect(request.range("content-type: application/json\r\n") != nil)
        #expect(request.range("x-test: 1\r\n") != nil)
        #expect(request.range("Accept-Encoding: gzip\r\n") != nil)
        #expect(request.range("Expect:") == nil)
      }
    }

    @Test func aLargeBodyIsSentWithoutAsking() throws {
      let body = String(repeating: "x", count: 2_000_000)
      let (outcomes, _) = try outcomes(of: [TransferRequest(.post, url: "/echo")], bodies: [body])
      #expect(outcomes.bodies[0]?.count == body.utf8.count)
    }

    @Test func everyStatusIsAReply() throws {
      let paths = ["/ok", "/429", "/500", "/nowhere", "/redirect"]
      let (outcomes, _) = try outcomes(of: paths.map { TransferRequest(.get, url: $0) })
      #expect(paths.indices.map { outcomes.statuses[$0] } == [200, 429, 500, 404, 302])
      #expect(outcomes.retryAfter == [1: 7])
      #expect(outcomes.bodies[2] == Array("<html>oops</html>".utf8))
    }

    @Test func connectionsAreReused() throws {
      try expectNoLeak {
        let rig = Rig()
        let server = try TestServer(rig.loop)
        let outcomes = Outcomes()
        let transfers = Transfers(rig.loop, tls: TLSClient(), owner: outcomes)
        outcomes.onFinish = { transfers, tag in
          // The next one starts inside the outcome of the one before.
          guard tag < 9 else { return rig.stop() }
          #expect(transfers.start(TransferRequest(.get, url: server.url("/ok")), tag: tag + 1) != nil)
        }
        _ = transfers.start(TransferRequest(.get, url: server.url("/ok")), tag: 0)
        rig.run()
        #expect(outcomes.statuses.count == 10)
        #expect(server.connections == 1)
        #expect(outcomes.reused[0] == false)
        #expect((1..<10).allSatisfy { outcomes.reused[$0] == true })
        transfers.close()
        outcomes.onFinish = nil
        rig.finish()
      }
    }

    @Test func aHundredAtOnceShareFewConnections() throws {
      try expectNoLeak {
        let (outcomes, server) = try outcomes(
          of: (0..<100).map { _ in TransferRequest(.post, url: "/echo") },
          bodies: (0..<100).map { "body \($0)" })
        for tag in 0..<100 { #expect(outcomes.bodies[tag] == Array("body \(tag)".utf8)) }
        #expect(server.connections <= TransferOptions().hostConnectionsMax)
      }
    }

    @Test func aRefusedConnectionSaysSo() throws {
      try expectNoLeak {
        let failure = try failure(TransferRequest(.get, url: "http://127.0.0.1:\(freePort())/"))
        #expect(failure?.label == "connect")
      }
    }

    @Test func anUnknownNameSaysSo() throws {
      try expectNoLeak {
        let failure = try failure(TransferRequest(.get, url: "http://no-such-host.invalid/"))
        #expect(failure?.label == "resolve")
      }
    }

    @Test func aSilentServerTimesOut() throws {
      try expectNoLeak {
        let request = TransferRequest(.get, url: "/silent", deadline: .milliseconds(80))
        let failure = try failure(request)
        #expect(failure == .timeout)
      }
    }

    @Test func aServerThatNeverAcceptsIsAConnectTimeout() throws {
      try expectNoLeak {
        let full = FullBacklog()
        let url = "http://127.0.0.1:\(full.port)/"
        let failure = try failure(TransferRequest(.get, url: url, connectDeadline: .milliseconds(120)))
        #expect(failure == .connectTimeout)
        full.close()
      }
    }

    @Test func aBodyBeyondTheBoundIsCut() throws {
      try expectNoLeak {
        var options = TransferOptions()
        options.bodyMax = 1024 * 1024
        let sized = try failure(TransferRequest(.get, url: "/big"), options: options)
        #expect(sized == .bodyTooLarge)
        let chunked = try failure(TransferRequest(.get, url: "/endless"), options: options)
        #expect(chunked == .bodyTooLarge)
        let (whole, _) = try outcomes(of: [TransferRequest(.get, url: "/big")])
        #expect(whole.bodies[0]?.count == 5 * 1024 * 1024)
      }
    }

    @Test func whatIsNotHTTPIsGarbage() throws {
      try expectNoLeak {
        let noHTTP = try failure(TransferRequest(.get, url: "/garbage"))
        #expect(noHTTP?.label == "garbage")
        let noGzip = try failure(TransferRequest(.get, url: "/bad-gzip"))
        #expect(noGzip?.label == "garbage")
      }
    }

    @Test func aCutReplyIsAReset() throws {
      try expectNoLeak {
        let cut = try failure(TransferRequest(.get, url: "/cut"))
        #expect(cut?.label == "reset")
        let nothing = try failure(TransferRequest(.get, url: "/close-at-once"))
        #expect(nothing?.label == "reset")
      }
    }

    @Test func ourOwnBadURLsAreMalformed() throws {
      for url in ["ftp://127.0.0.1/", "file:///etc/passwd", "http://", "no url"] {
        let failure = try failure(TransferRequest(.get, url: url))
        #expect(failure != nil && failure?.label != "timeout", "\(url): \(String(describing: failure))")
      }
    }

    @Test func aCancelledTransferIsNotReported() throws {
      try expectNoLeak {
        let rig = Rig()
        let server = try TestServer(rig.loop)
        let outcomes = Outcomes()
        let transfers = Transfers(rig.loop, tls: TLSClient(), owner: outcomes)
        let silent = try #require(transfers.start(TransferRequest(.get, url: server.url("/silent")), tag: 1))
        let early = try #require(transfers.start(TransferRequest(.get, url: server.url("/ok")), tag: 2))
        #expect(transfers.cancel(early))
        #expect(!transfers.cancel(early))
        _ = transfers.start(TransferRequest(.get, url: server.url("/ok")), tag: 3)
        #expect(!transfers.cancel(early), "its handle serves another request now")
        outcomes.onFinish = { transfers, _ in
          #expect(transfers.cancel(silent))
          rig.stop()
        }
        rig.run()
        #expect(outcomes.order == [3])
        #expect(transfers.active == 0)
        transfers.close()
        outcomes.onFinish = nil
        rig.finish()
      }
    }

    @Test func theBoundRefusesAndClosingInsideAnOutcomeIsSafe() throws {
      try expectNoLeak {
        let rig = Rig()
        let server = try TestServer(rig.loop)
        let outcomes = Outcomes()
        var options = TransferOptions()
        options.transfersMax = 3
        let transfers = Transfers(rig.loop, tls: TLSClient(), options: options, owner: outcomes)
        for tag in 0..<3 {
          #expect(transfers.start(TransferRequest(.get, url: server.url("/ok")), tag: tag) != nil)
        }
        #expect(transfers.start(TransferRequest(.get, url: server.url("/ok")), tag: 3) == nil)
        outcomes.onFinish = { transfers, _ in
          transfers.close()
          #expect(transfers.start(TransferRequest(.get, url: server.url("/ok")), tag: 4) == nil)
          rig.stop()
        }
        rig.run()
        #expect(outcomes.order.count == 1)
        outcomes.onFinish = nil
        rig.finish()
      }
    }

    // MARK: TLS

    private func overTLS(_ certificate: String, host: String = "localhost", trusted: Bool = true) throws
      -> (Outcomes, TestServer)
    {
      let files = try Certificates.shared.get()
      return try outcomes(
        of: [TransferRequest(.post, url: "/echo")], bodies: ["secret"],
        tls: trusted ? TLSClient(caFile: files.path("ca.pem")) : TLSClient(),
        server: { loop in
          let tls = try TLSServer(
            certificateFile: files.path("\(certificate).pem"), keyFile: files.path("\(certificate).key"))
          return try TestServer(loop, tls: tls)
        },
        urls: { server, path in server.url(path, scheme: "https", host: host) })
    }

    @Test func httpsWorksWithTheExtraCA() throws {
      try expectNoLeak {
        let (outcomes, _) = try overTLS("good")
        #expect(outcomes.bodies[0] == Array("secret".utf8), "\(outcomes.failures)")
      }
    }

    @Test(arguments: ["wrongname", "expired", "selfsigned"])
    func badCertificatesAreRefused(_ certificate: String) throws {
      try expectNoLeak {
        let (outcomes, server) = try overTLS(certificate)
        #expect(outcomes.failures[0]?.label == "tls", "\(outcomes.failures) \(outcomes.statuses)")
        #expect(server.requests.isEmpty, "nothing may be sent before the certificate is checked")
      }
    }

    @Test func aSilentRequestDoesNotHoldUpOthers() throws {
      let files = try Certificates.shared.get()
      for scheme in ["http", "https"] {
        let (outcomes, _) = try outcomes(
          of: [
            TransferRequest(.get, url: "/silent", deadline: .milliseconds(400)),
            TransferRequest(.get, url: "/ok"), TransferRequest(.get, url: "/ok"),
          ],
          tls: TLSClient(caFile: files.path("ca.pem")),
          server: { loop in
            guard scheme == "https" else { return try TestServer(loop) }
            let tls = try TLSServer(certificateFile: files.path("good.pem"), keyFile: files.path("good.key"))
            return try TestServer(loop, tls: tls)
          },
          urls: { server, path in server.url(path, scheme: scheme) })
        #expect(outcomes.order.last == 0)
        #expect(outcomes.failures == [0: .timeout])
        #expect(outcomes.statuses == [1: 200, 2: 200])
      }
    }

    @Test func anUnknownCAIsRefused() throws {
      let (outcomes, server) = try overTLS("good", trusted: false)
      #expect(outcomes.failures[0]?.label == "tls")
      #expect(server.requests.isEmpty)
    }

    @Test func aMissingCAFileIsATypedFailure() throws {
      let (outcomes, _) = try outcomes(
        of: [TransferRequest(.get, url: "https://127.0.0.1:9/")], tls: TLSClient(caFile: "/nonexistent"))
      #expect(outcomes.failures[0]?.label == "tls")
    }
  }
}
