import Foundation
import Testing

/// The main job on real sockets: daemon and simulated exchange as two processes.
@Suite(.serialized) struct ServiceTests {
  @Test func tradesBecomeWindows() throws {
    let service = try Service()
    #expect(try service.isLive(), "\(service.daemon.lines)")
    let flows = try service.daemon.eventually {
      let windows = try service.get("/v1/orderflow/BTC").json()["windows"] as? [String: [String: Any]]
      return (windows?["1m"]?["buy_count"] as? Int ?? 0) > 0
    }
    #expect(flows)
    let answer = try service.get("/v1/orderflow/btc").json()
    #expect(answer["coin"] as? String == "BTC")
    let windows = try #require(answer["windows"] as? [String: [String: Any]])
    #expect(Set(windows.keys) == ["1m", "5m", "15m", "1h"])
    for window in windows.values {
      let buy = try #require(window["buy_volume_usd"] as? Double)
      let sell = try #require(window["sell_volume_usd"] as? Double)
      let cvd = try #require(window["cvd"] as? Double)
      #expect(abs(cvd - (buy - sell)) < 0.011)
    }
    let stats = try service.get("/v1/stats").json()
    let stream = try #require(stats["trade_stream"] as? [String: Any])
    #expect(stream["total_invalid_trades"] as? Int == 0)
    #expect((stream["subscribed_coins"] as? Int ?? 0) > 30)
    #expect(service.stop() == 0)
  }

  @Test func aRestartKeepsTheAccounts() throws {
    let service = try Service()
    #expect(try service.isLive())
    let before = try #require(try service.get("/health").json()["addresses_discovered"] as? Int)
    #expect(before > 0)
    #expect(service.stop() == 0)
    #expect(service.daemon.lines.last?.contains("unsaved_addresses=0") == true)
    try service.restart()
    #expect(service.daemon.line(holding: "database open") != nil)
    let after = try #require(try service.get("/health").json()["addresses_discovered"] as? Int)
    #expect(after >= before)
    #expect(service.stop() == 0)
  }

  @Test func theExchangeMayComeAndGo() throws {
    let service = try Service()
    #expect(try service.isLive())
    // A gap needs something before it: trades that came after the first subscription was live.
    let flows = try service.daemon.eventually {
      let windows = try service.get("/v1/orderflow/BTC").json()["windows"] as? [String: [String: Any]]
      return windows?["1m"]?["covered_seconds"] as? Double ?? 0 > 1
    }
    #expect(flows)
    service.exchange.signal(SIGKILL)
    #expect(service.daemon.line(holding: "exchange connection lost") != nil)
    let answer = try service.get("/v1/orderflow/BTC")
    #expect(answer.status == 200)
    let again = try Program(
      "hynous-sim", ["--port", "\(service.exchangePort)", "--trades-per-second", "200"])
    #expect(again.line(holding: "ready") != nil, "\(again.lines)")
    #expect(try service.isLive(seconds: 60), "\(service.daemon.lines)")
    let gaps = try #require(try service.get("/v1/orderflow/BTC").json()["gaps"] as? [Any])
    #expect(!gaps.isEmpty)
    #expect(service.stop() == 0)
    again.signal(SIGTERM)
    #expect(again.exitStatus() == 0)
  }

  @Test func oneInstanceOnly() throws {
    let service = try Service()
    let second = try Program(
      "hynous-data", ["run"], environment: Service.environment(service.exchangePort, service.folder))
    #expect(second.exitStatus() == 1)
    let pid = service.daemon.process.processIdentifier
    #expect(second.lines.contains { $0.contains("another instance is running (process \(pid))") })
    #expect(service.stop() == 0)
    // The file stays behind and blocks nobody.
    let file = service.folder.url.appending(path: "storage/hynous-data.pid")
    #expect(FileManager.default.fileExists(atPath: file.path))
    try "999999\n".write(to: file, atomically: false, encoding: .utf8)
    try service.restart()
    #expect(service.stop() == 0)
  }

  @Test func aTakenPortIsAClearError() throws {
    let service = try Service()
    let other = try TemporaryFolder()
    var environment = Service.environment(service.exchangePort, other)
    environment["HYNOUS_SERVER_PORT"] = "\(service.port)"
    let second = try Program("hynous-data", ["run"], environment: environment)
    #expect(second.exitStatus() == 1)
    #expect(
      second.lines.contains { $0.contains("cannot listen") && $0.contains("in use") }, "\(second.lines)")
    #expect(service.stop() == 0)
  }

  @Test func stopsInOrderAtAnyMoment() throws {
    let service = try Service()
    #expect(service.stop() == 0)
    // Wait for a different line of the start each time, then stop at once.
    for moment in [
      "msg=listening", "starting", "database open", "exchange connection open", "listing changed",
    ] {
      let folder = try TemporaryFolder()
      let daemon = try Program(
        "hynous-data", ["run"], environment: Service.environment(service.exchangePort, folder))
      #expect(daemon.line(holding: moment) != nil, "\(moment): \(daemon.lines)")
      daemon.signal(SIGTERM)
      #expect(daemon.exitStatus(seconds: 6) == 0, "\(moment): \(daemon.lines)")
    }
    let interrupted = try TemporaryFolder()
    let daemon = try Program(
      "hynous-data", ["run"], environment: Service.environment(service.exchangePort, interrupted))
    #expect(daemon.line(holding: "msg=listening") != nil)
    daemon.signal(SIGINT)
    daemon.signal(SIGTERM)
    #expect(daemon.exitStatus(seconds: 6) == 0)
  }

  @Test func anUnusableDatabaseDegradesHealthAndNothingElse() throws {
    let folder = try TemporaryFolder()
    _ = try folder.write("storage/test.db", "this is not a database, and it must not be overwritten")
    let exchange = try Program("hynous-sim", ["--port", "0", "--trades-per-second", "200"])
    let port = try #require(exchange.line(holding: "ready").flatMap(Service.port))
    let daemon = try Program("hynous-data", ["run"], environment: Service.environment(port, folder))
    let api = try #require(daemon.line(holding: "msg=listening").flatMap(Service.port))
    #expect(daemon.line(holding: "database refused")?.contains("kind=not_a_database") == true)
    let flows = try daemon.eventually {
      (try LoopbackClient.get("/v1/orderflow/BTC", port: api).json()["total_trades"] as? Int ?? 0) > 0
    }
    #expect(flows)
    let health = try LoopbackClient.get("/health", port: api)
    #expect(health.status == 200)
    #expect(try health.json()["status"] as? String == "degraded")
    #expect(health.text.contains("not_a_database"))
    daemon.signal(SIGTERM)
    #expect(daemon.exitStatus() == 0)
    let text = try String(contentsOf: folder.url.appending(path: "storage/test.db"), encoding: .utf8)
    #expect(text.hasPrefix("this is not a database"))
  }
}
