/// `GET /v1/stats`: counters of every component. A disabled component's key is absent.
import Wire

extension Route {
  static let stats = Route(
    .get, "/v1/stats", name: "stats", summary: "Statistics",
    about: "Counters since the start, by component. The key of a disabled component is absent.",
    answers: [
      Answer(
        200, "The counters", StatsAnswer.schema,
        example: """
          {"uptime_seconds":138.4,"rate_limiter":{"available":1020,"max":1020,"total_acquired":11560,\
          "total_waited_s":0.0,"total_429":0},"runtime":{"version":"1.0.0","turns":81234,\
          "turn_last_ms":0.041,"turn_p99_ms":0.21,"turn_max_ms":3.802,"memory_bytes":18874368,\
          "clock_skew_ms":-12.0,"clients":2,"total_requests":4711,"dropped":{}}}
          """)
    ]
  ) { call in
    let views = call.freshViews
    var json = call.begin(200)
    json.beginObject()
    json.key("uptime_seconds")
    json.tenths(views.uptime)
    StatsAnswer.rateLimiter(views.stats.rateLimiter, &json)
    if let facts = views.stats.tradeStream { StatsAnswer.tradeStream(facts, &json) }
    if let facts = views.stats.positionPoller { StatsAnswer.positionPoller(facts, &json) }
    if let facts = views.stats.hlpTracker { StatsAnswer.hlpTracker(facts, &json) }
    if let facts = views.stats.liqHeatmap { StatsAnswer.liqHeatmap(facts, &json) }
    if let facts = views.stats.liquidations { StatsAnswer.liquidations(facts, &json) }
    if let facts = views.stats.profiler { StatsAnswer.profiler(facts, &json) }
    if let facts = views.stats.market { StatsAnswer.market(facts, &json) }
    if let facts = views.stats.books { StatsAnswer.books(facts, &json) }
    if let facts = views.stats.database { StatsAnswer.database(facts, &json) }
    StatsAnswer.runtime(views.stats.runtime, version: call.version, &json)
    json.endObject()
  }
}
