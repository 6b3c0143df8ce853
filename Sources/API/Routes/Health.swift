/// `GET /health`: whether the service works, for watchdogs. Answers 200 whenever the process can answer.
import Wire

extension Route {
  static let health = Route(
    .get, "/health", name: "health", summary: "Health",
    about: """
      Whether the service works. Always 200 while the process can answer; look at `status`: `degraded` comes \
      with `reasons`.
      """,
    answers: [
      Answer(
        200, "The service's state",
        .object(
          "Health",
          [
            .init("status", .choice(["ok", "degraded"], "`degraded` when something is wrong")),
            .init("uptime_seconds", .number("Seconds since the start")),
            .init("addresses_discovered", .integer("Distinct accounts known")),
            .init("positions_tracked", .integer("Open positions held")),
            .init(
              "ws_healthy", .nullable(.flag("Whether trades flow; null when the trade stream is disabled"))),
            .sometimes(
              "tier_lag_seconds",
              .map(.number("Seconds"), "How late the most overdue poll of each tier is, \"1\" to \"3\"")),
            .sometimes("reasons", .list(.text("A short sentence"), "Why, when degraded")),
          ]),
        example: """
          {"status":"ok","uptime_seconds":138.4,"addresses_discovered":5000,"positions_tracked":8218,\
          "ws_healthy":true}
          """)
    ]
  ) { call in
    let views = call.freshViews
    let health = views.health
    var json = call.begin(200)
    json.beginObject()
    json.key("status")
    json.string(health.reasons.isEmpty ? "ok" : "degraded")
    json.key("uptime_seconds")
    json.tenths(views.uptime)
    json.key("addresses_discovered")
    json.int(Int64(health.addressesDiscovered))
    json.key("positions_tracked")
    json.int(Int64(health.positionsTracked))
    json.key("ws_healthy")
    if let healthy = health.wsHealthy { json.bool(healthy) } else { json.null() }
    if !health.tierLags.isEmpty {
      json.key("tier_lag_seconds")
      json.beginObject()
      for (key, lag) in zip(["1", "2", "3"] as [StaticString], health.tierLags) {
        json.key(key)
        json.tenths(lag)
      }
      json.endObject()
    }
    if !health.reasons.isEmpty {
      json.key("reasons")
      json.beginArray()
      for reason in health.reasons.prefix(HealthFacts.reasonsMax) { json.string(reason) }
      json.endArray()
    }
    json.endObject()
  }
}
