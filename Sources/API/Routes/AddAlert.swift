/// `POST /v1/smart-money/wallet/{address}/alerts`: add an alert on a wallet.
import Wire

extension Route {
  static let addAlert = Route(
    .post, "/v1/smart-money/wallet/{address}/alerts", name: "add-alert", summary: "Add an alert",
    about: """
      Notes what a consumer wants to be told of a wallet; the consumers read the alerts and watch the changes. \
      Answered once it is on disk.
      """,
    parameters: [.path("address", "The account; blanks around it and capitals do not matter")],
    body: BodySchema(
      "AlertRequest",
      [
        .required("alert_type", .choice(AlertWords.types), "What it reacts to"),
        .optional("min_size_usd", .number, "Smaller changes are ignored, USD"),
        .optional("coins", .text(atLeast: 0), "Comma separated coins it is limited to; empty means all"),
      ], example: #"{"alert_type":"size_above","min_size_usd":50000,"coins":"BTC,ETH"}"#),
    example: "/v1/smart-money/wallet/0x5039156e2c2158144bd6e5fe226e388904d46bc2/alerts",
    answers: [
      Answer(
        200, "The alert is kept",
        .object(
          "AlertAdded",
          [
            .init("status", Words.ok), .init("id", .integer("The alert's number")),
            .init("address", Words.address), .init("alert_type", Words.alertType),
          ]),
        example: """
          {"status":"ok","id":7,"address":"0x5039156e2c2158144bd6e5fe226e388904d46bc2",\
          "alert_type":"size_above"}
          """),
      Answer(
        400, "The type is none of those known", Words.refused,
        example: "{\"error\":\"\(AlertWords.refusal)\"}"),
      Words.unwritable,
    ]
  ) { call in
    let key = call.key(0)
    guard let type = call.body.text("alert_type"), AlertWords.types.contains(type) else {
      return call.error(400, AlertWords.refusal)
    }
    let outcome = call.commit(
      .addAlert(
        key: key, type: type, minSizeUsd: call.body.number("min_size_usd") ?? 0,
        coins: call.body.text("coins") ?? ""))
    guard let outcome else { return }
    guard case .stored(let id?) = outcome else { return call.error(503, "Database not available") }
    var json = call.begin(200)
    json.beginObject()
    json.pair("status", "ok")
    json.pair("id", id)
    json.pair("address", key)
    json.pair("alert_type", type)
    json.endObject()
  }
}
