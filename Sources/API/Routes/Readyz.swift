/// `GET /readyz`: whether the service should be sent requests, and if not, why.
import Wire

extension Route {
  static let readyz = Route(
    .get, "/readyz", name: "readyz", summary: "Readiness",
    about: """
      Whether answers can be relied on now. 503 comes with every reason: `starting` (the database's content is still \
      being read), `stopping`, `stream_stale` (no trade for 30 seconds, or none yet), `database` (not open, or the \
      last write failed), `loop_stalled` (the process stood still for three seconds or more within the last \
      thirty), `behind_schedule` (polls of tier 1 are late by more than twice their interval). Needs no token. \
      `/health` says more, and is for people.
      """,
    answers: [
      Answer(
        200, "Ready", .object("Readiness", [.init("status", .choice(["ready"], "`ready`"))]),
        example: #"{"status":"ready"}"#),
      Answer(
        503, "Not now",
        .object(
          "Unreadiness",
          [
            .init("status", .choice(["unready"], "`unready`")),
            .init(
              "reasons",
              .list(
                .object(
                  "UnreadyReason",
                  [
                    .init("reason", .choice(UnreadyReason.allCases.map { "\($0.word)" }, "The kind")),
                    .init("detail", .text("A short sentence")),
                  ]), "Everything that stands against it")),
          ]),
        example: """
          {"status":"unready","reasons":[{"reason":"stream_stale","detail":"no trade for 41 seconds"}]}
          """),
    ],
    isOpen: true
  ) { call in
    let reasons = call.freshViews.readiness.reasons
    var json = call.begin(reasons.isEmpty ? 200 : 503)
    json.beginObject()
    json.key("status")
    json.string(reasons.isEmpty ? "ready" : "unready")
    if !reasons.isEmpty {
      json.key("reasons")
      json.beginArray()
      for (reason, detail) in reasons {
        json.beginObject()
        json.key("reason")
        json.string(reason.word)
        json.pair("detail", detail)
        json.endObject()
      }
      json.endArray()
    }
    json.endObject()
  }
}
