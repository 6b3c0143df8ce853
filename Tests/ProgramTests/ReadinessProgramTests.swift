import Foundation
import Testing

/// Probes on real sockets: each fault of the world flips its reason of `/readyz`, its end flips it back, and `/livez`
/// answers through all of them.
@Suite struct ReadinessProgramTests {
  private static func reasons(_ port: Int) throws -> [String] {
    let live = try LoopbackClient.get("/livez", port: port)
    #expect(live.status == 200 && live.text == #"{"status":"ok"}"#)
    let answer = try LoopbackClient.get("/readyz", port: port)
    let listed = try answer.json()["reasons"] as? [[String: Any]] ?? []
    #expect(answer.status == (listed.isEmpty ? 200 : 503), "\(answer.text)")
    return listed.compactMap { $0["reason"] as? String }
  }

  /// The value of a sample without labels, or with them written out.
  private static func metric(_ name: String, _ port: Int) throws -> Double? {
    let text = try LoopbackClient.get("/metrics", port: port).text
    let line = text.split(separator: "\n").first { $0.hasPrefix(name + " ") }
    return line.flatMap { Double($0.split(separator: " ").last ?? "") }
  }

  @Test func anExchangeThatStandsStillMakesTheStreamStale() throws {
    let service = try Service()
    #expect(try service.daemon.eventually(seconds: 60) { try Self.reasons(service.port).isEmpty })
    #expect(try Self.metric("hynous_ready", service.port) == 1)
    #expect(try Self.metric("hynous_trades_total", service.port) ?? 0 > 0)
    #expect(try Self.metric("hynous_exchange_connections", service.port) ?? 0 > 0)
    service.exchange.signal(SIGSTOP)
    #expect(
      try service.daemon.eventually(seconds: 60) { try Self.reasons(service.port).contains("stream_stale") })
    #expect(try Self.metric("hynous_unready{reason=\"stream_stale\"}", service.port) == 1)
    service.exchange.signal(SIGCONT)
    #expect(
      try service.daemon.eventually(seconds: 90) { try !Self.reasons(service.port).contains("stream_stale") })
    #expect(service.stop() == 0)
  }

  @Test func aDatabaseThatDoesNotOpenIsAReason() throws {
    let folder = try TemporaryFolder()
    _ = try folder.write("storage/test.db/in-the-way", "a folder where the file should be")
    let exchange = try Program(
      "hynous-sim", ["--port", "0", "--trades-per-second", "200", "--accounts", "50"])
    let exchangePort = try #require(exchange.line(holding: "ready").flatMap(Service.port))
    let daemon = try Program("hynous-data", ["run"], environment: Service.environment(exchangePort, folder))
    let port = try #require(daemon.line(holding: "msg=listening").flatMap(Service.port))
    #expect(try daemon.eventually(seconds: 60) { try Self.reasons(port) == ["database"] })
    #expect(try Self.metric("hynous_database_failing", port) == 1)
    try FileManager.default.removeItem(at: folder.url.appending(path: "storage/test.db"))
    #expect(try daemon.eventually(seconds: 90) { try Self.reasons(port).isEmpty })
    #expect(try daemon.eventually { try Self.metric("hynous_database_bytes", port) ?? 0 > 0 })
    #expect(try Self.metric("hynous_database_failing", port) == 0)
    daemon.signal(SIGTERM)
    #expect(daemon.exitStatus() == 0)
  }

  @Test func aProcessThatStoodStillSaysSo() throws {
    let service = try Service()
    #expect(try service.daemon.eventually(seconds: 60) { try Self.reasons(service.port).isEmpty })
    service.daemon.signal(SIGSTOP)
    // The exchange says nothing: this is the time the daemon stands still.
    _ = service.exchange.eventually(seconds: 4.5) { false }
    service.daemon.signal(SIGCONT)
    #expect(
      try service.daemon.eventually(seconds: 20) { try Self.reasons(service.port).contains("loop_stalled") })
    #expect(try Self.metric("hynous_loop_stalls_total", service.port) ?? 0 >= 1)
    #expect(try service.daemon.eventually(seconds: 90) { try Self.reasons(service.port).isEmpty })
    #expect(service.stop() == 0)
  }

  @Test func moreThanTheBudgetAllowsIsBehindSchedule() throws {
    let service = try Service(
      exchange: ["--accounts", "50", "--trades-per-second", "200"],
      settings: [
        "HYNOUS_RATE_LIMIT_MAX_WEIGHT_PER_MIN": "60", "HYNOUS_POSITION_POLLER_TIER1_INTERVAL": "5",
        // Nobody but watched wallets is in tier 1.
        "HYNOUS_POSITION_POLLER_WHALE_THRESHOLD": "1000000000",
      ])
    let wallets = (0..<80).map { number in
      "0x" + String(repeating: "0", count: 37) + String(format: "%03x", 0x100 + number)
    }
    let client = try LoopbackClient(port: service.port)
    let isTaken = try service.daemon.eventually {
      try client.send("POST", "/v1/smart-money/watch", json: "{\"address\":\"\(wallets[0])\"}").status == 200
    }
    #expect(isTaken)
    for wallet in wallets.dropFirst() {
      let answer = try client.send("POST", "/v1/smart-money/watch", json: "{\"address\":\"\(wallet)\"}")
      #expect(answer.status == 200, "\(answer.text)")
    }
    #expect(
      try service.daemon.eventually(seconds: 60) {
        try Self.reasons(service.port).contains("behind_schedule")
      })
    #expect(try Self.metric("hynous_tier_lag_seconds{tier=\"1\"}", service.port) ?? 0 > 10)
    for wallet in wallets {
      try client.send("DELETE /v1/smart-money/watch/\(wallet) HTTP/1.1\r\nHost: localhost\r\n\r\n")
      #expect(try client.answer().status == 200)
    }
    #expect(
      try service.daemon.eventually(seconds: 30) {
        try !Self.reasons(service.port).contains("behind_schedule")
      })
    #expect(service.stop() == 0)
  }

  @Test func probesNeedNoTokenAndMetricsDo() throws {
    let service = try Service(
      settings: ["HYNOUS_API_TOKEN": "s3cret", "HYNOUS_SERVER_PROTECT_READS": "true"])
    for path in ["/livez", "/readyz"] { #expect(try service.get(path).status != 401) }
    #expect(try service.get("/metrics").status == 401)
    let client = try LoopbackClient(port: service.port)
    try client.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer s3cret\r\n\r\n")
    #expect(try client.answer().status == 200)
    #expect(service.stop() == 0)
  }
}
