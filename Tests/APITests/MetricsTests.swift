import Base
import Testing

@testable import API

/// `/metrics` is what Prometheus reads: strictly formed, complete, bounded.
@Suite struct MetricsTests {
  private func scrape(_ client: TestClient) throws -> MetricsFormat {
    let answer = try client.get("/metrics")
    #expect(answer.status == 200)
    #expect(answer.header("content-type") == "text/plain; version=0.0.4; charset=utf-8")
    return try MetricsFormat(answer.text)
  }

  private func client(_ fill: (Views) -> Void = { _ in }) -> TestClient {
    TestClient(Router(views: FixedViews.make(fill), options: APIOptions(version: "1.2.3")))
  }

  @Test func everyFamilyIsWellFormedAndThere() throws {
    let metrics = try scrape(
      client { views in
        FixedViews.addAllComponents(views)
        views.stats.runtime.openFiles = 31
        (views.stats.runtime.loopHandles, views.stats.runtime.loopTimers) = (12, 3)
        views.stats.database?.fileBytes = 4096
        views.stats.database?.lastCommitAge = .seconds(1)
        views.stats.exchange.requests = [("positions", "answered", 3)]
        views.stats.positionPoller?.tiers[0].achieved = .seconds(31)
        views.readiness.reasons = [(.database, "x")]
      })
    // Requests are counted when they are answered: of the first scrape there is none yet.
    let absent = Set(Metric.all.map { "\($0.name)" }).subtracting(metrics.names)
    #expect(absent == ["hynous_http_requests_total"])
    #expect(metrics.value("hynous_build_info", ["version": "1.2.3"]) == 1)
    #expect(metrics.value("hynous_trades_total") == 68_155)
    #expect(metrics.value("hynous_clock_skew_seconds") == -0.012)
    #expect(metrics.value("hynous_tier_accounts", ["tier": "3"]) == 4616)
    #expect(metrics.value("hynous_tier_achieved_seconds", ["tier": "1"]) == 31)
    #expect(metrics.value("hynous_tier_achieved_seconds", ["tier": "2"]) == nil)
    #expect(metrics.value("hynous_dropped_total", ["what": "trades"]) == 3)
    #expect(metrics.value("hynous_database_batch_seconds") == 0.0044)
    #expect(
      metrics.value("hynous_exchange_requests_total", ["kind": "positions", "outcome": "answered"]) == 3)
    #expect(metrics.value("hynous_ready") == 0)
    for reason in UnreadyReason.allCases {
      #expect(metrics.value("hynous_unready", ["reason": "\(reason.word)"]) == (reason == .database ? 1 : 0))
    }
  }

  @Test func whatIsDisabledIsAbsent() throws {
    let metrics = try scrape(client { $0.stats = StatsFacts() })
    for name in metrics.names {
      #expect(!name.hasPrefix("hynous_trades") && !name.hasPrefix("hynous_tier"), "\(name)")
    }
    #expect(metrics.value("hynous_resident_memory_bytes") == nil)
    #expect(metrics.value("hynous_ready") == 1)
  }

  @Test func namesAreUniqueAndHelpIsASentence() {
    let names = Metric.all.map { "\($0.name)" }
    #expect(Set(names).count == names.count)
    for metric in Metric.all {
      let help = "\(metric.help)"
      #expect(help.count > 10 && !help.hasSuffix(".") && !help.contains("\\") && !help.contains("\n"))
      #expect(help.first?.isUppercase == true || help.hasPrefix("/"), "\(metric.name)")
    }
  }

  @Test func requestsAreCountedOnceByRouteAndStatus() throws {
    let client = client()
    for path in ["/health", "/health", "/v1/nope", "/v1/whales/BTC?top_n=x", "/v1/orderflow/NOBODY"] {
      _ = try client.get(path)
    }
    _ = try client.get("/health", method: "HEAD")
    _ = try client.get("/health", method: "DELETE")
    _ = try client.get("/health", headers: [("Host", "evil.example")])
    let metrics = try scrape(client)
    func count(_ route: String, _ status: String) -> Double? {
      metrics.value("hynous_http_requests_total", ["route": route, "status": status])
    }
    #expect(count("health", "2xx") == 3)
    #expect(count("none", "4xx") == 3)
    #expect(count("whales", "4xx") == 1)
    #expect(count("metrics", "2xx") == nil)
    #expect(
      try scrape(client).value("hynous_http_requests_total", ["route": "metrics", "status": "2xx"]) == 1)
  }

  @Test func aWriteThatWaitsIsCountedWhenItIsAnswered() throws {
    let views = FixedViews.make()
    let store = TestStore(views)
    let router = Router(views: views, options: APIOptions())
    let client = TestClient(router, now: views.now.instant)
    let body = Array(#"{"address":"0x1234567890123456789012345678901234567890"}"#.utf8)
    let answer = try client.ask(
      "POST", "/v1/smart-money/watch", [("Content-Type", "application/json")], body, store)
    #expect(answer.status == 200)
    let metrics = try scrape(client)
    #expect(metrics.value("hynous_http_requests_total", ["route": "watch", "status": "2xx"]) == 1)
    #expect(metrics.value("hynous_http_requests_waiting") == 0)
  }

  @Test func turnsAreAHistogram() throws {
    let metrics = try scrape(
      client { views in
        for ns in [1_000, 60_000, 3_000_000, 70_000_000_000] as [UInt64] {
          views.stats.runtime.turnTimes.record(ns: ns)
        }
      })
    #expect(metrics.families["hynous_loop_turn_seconds"]?.kind == "histogram")
    #expect(metrics.value("hynous_loop_turn_seconds_bucket", ["le": "5e-05"]) == nil)
    let samples = metrics.families["hynous_loop_turn_seconds"]?.samples ?? []
    func bucket(_ bound: String) -> Double? {
      samples.first { $0.name.hasSuffix("_bucket") && $0.labels[0].1 == bound }?.value
    }
    #expect(bucket("5e-05") == 1)
    #expect(bucket("0.0001") == 2)
    #expect(bucket("0.005") == 3)
    #expect(bucket("5.0") == 3)
    #expect(bucket("+Inf") == 4)
    #expect(abs((samples.first { $0.name.hasSuffix("_sum") }?.value ?? 0) - 70.003061) < 1e-9)
  }

  @Test func labelsAreEscaped() throws {
    let out = ByteBuffer()
    var samples = MetricSamples(Metric(.gauge, "hynous_x", "For a test of labels") { _, _ in }, out)
    samples.add(-5, ("a", "say \"hi\"\\\nthere"))
    samples.add(.milliseconds(-1500), ("a", "ü"), ("b", ""))
    let text = String(decoding: out.bytes, as: UTF8.self)
    let metrics = try MetricsFormat(text)
    #expect(metrics.value("hynous_x", ["a": #"say \"hi\"\\\nthere"#]) == -5)
    #expect(metrics.value("hynous_x", ["a": "ü", "b": ""]) == -1.5)
  }

  @Test func theSizeIsBounded() throws {
    // Every route answered with every class, every drop there can be: still what one turn writes in no time.
    let client = client { views in
      FixedViews.addAllComponents(views)
      views.stats.runtime.dropped = (0..<100).map { ("what_was_dropped_\($0)", .max) }
    }
    let answer = try client.get("/metrics")
    _ = try MetricsFormat(answer.text)
    #expect(answer.body.count < 32 * 1024)
    #expect(answer.text.matches(of: /hynous_dropped_total\{/).count == RuntimeFacts.droppedMax)
  }

  @Test(arguments: [
    "hynous_a 1\n", "# HELP hynous_a x\nhynous_a 1\n", "# HELP hynous_a x\n# TYPE hynous_a gauge\n",
    "# HELP hynous_a x\n# TYPE hynous_a gauge\nhynous_a 1",
    "# HELP hynous_a x\n# TYPE hynous_a gauge\nhynous_b 1\n",
    "# HELP hynous_a x\n# TYPE hynous_a gauge\nhynous_a 1\nhynous_a 1\n",
    "# HELP hynous_a x\n# TYPE hynous_a gauge\nhynous_a one\n",
    "# HELP hynous_a x\n# TYPE hynous_a gauge\nhynous_a{b=\"c} 1\n",
    "# HELP hynous_a x\n# TYPE hynous_a gauge\nhynous_a{b=\"c\",} 1\n",
    "# HELP hynous_a x\n# TYPE hynous_a counter\nhynous_a 1\n",
    "# HELP hynous_a_total x\n# TYPE hynous_a_total gauge\nhynous_a_total 1\n",
    "# HELP hynous_a_total x\n# TYPE hynous_a_total counter\nhynous_a_total -1\n",
    "# HELP hynous_a x\n# TYPE hynous_a histogram\nhynous_a_bucket{le=\"1\"} 1\nhynous_a_sum 1\nhynous_a_count 1\n",
    "# HELP hynous_a x\n# TYPE hynous_a histogram\nhynous_a_bucket{le=\"1\"} 2\nhynous_a_bucket{le=\"+Inf\"} 1\n"
      + "hynous_a_sum 1\nhynous_a_count 1\n",
    "# HELP hynous_a x\n# TYPE hynous_a gauge\nhynous_a 1\n# HELP hynous_a x\n# TYPE hynous_a gauge\nhynous_a{b=\"1\"} 1\n",
  ])
  func theCheckerFindsWhatIsWrong(text: String) {
    #expect(throws: MetricsFormat.Malformed.self) { try MetricsFormat(text) }
  }
}
