/// `GET /metrics`: everything countable, for Prometheus.
import Wire

extension Route {
  static let metrics = Route(
    .get, "/metrics", name: "metrics", summary: "Metrics",
    about: """
      Everything countable in the Prometheus text format, version 0.0.4: the process and its event loop, requests, the \
      exchange and its budget, polls, what is known, the database. Names begin with `hynous_`; what belongs to a \
      disabled component is absent. A read like others: it needs the token where reads are protected.
      """,
    answers: [
      Answer(
        200, "The metrics", text: "text/plain",
        example: """
          # HELP hynous_trades_total Trades counted
          # TYPE hynous_trades_total counter
          hynous_trades_total 68155

          """)
    ]
  ) { call in
    _ = call.freshViews
    call.open(200, .metrics)
    Metric.writeAll(call, to: call.response.buffer)
  }
}
