/// `GET /livez`: whether the process answers at all; for whoever restarts it.
import Wire

extension Route {
  static let livez = Route(
    .get, "/livez", name: "livez", summary: "Liveness",
    about: """
      Whether the event loop turns: 200 while the process can answer, whatever the exchange or the disk does. \
      No answer within some seconds is a reason to restart it; nothing else is. Needs no token.
      """,
    answers: [
      Answer(
        200, "The loop turns",
        .object("Liveness", [.init("status", .choice(["ok"], "Always `ok`"))]),
        example: #"{"status":"ok"}"#)
    ],
    isOpen: true
  ) { call in
    var json = call.begin(200)
    json.beginObject()
    json.key("status")
    json.string("ok")
    json.endObject()
  }
}
