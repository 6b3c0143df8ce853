/// `GET /v1/smart-money/wallet/{address}/alerts`: the alerts on one wallet, by number.
import Engines
import Market
import Wire

extension Route {
  static let alerts = Route(
    .get, "/v1/smart-money/wallet/{address}/alerts", name: "alerts", summary: "Alerts on one wallet",
    about: "The alerts on a wallet in the order they were added, those not in force too.",
    parameters: [.path("address", "The account; blanks around it and capitals do not matter")],
    example: "/v1/smart-money/wallet/0x0ef12d2b3a2a286b6464453e78e8d2e6731a4d55/alerts",
    answers: [
      Answer(
        200, "The alerts",
        .object(
          "Alerts",
          [
            .init("alerts", .list(alertSchema, "By number")),
            .init("address", Words.address),
          ]),
        example: """
          {"alerts":[{"id":1,"alert_type":"any_trade","min_size_usd":1000.5,"coins":"BTC,ETH","enabled":1,\
          "created_at":1795353385.514}],"address":"0x0ef12d2b3a2a286b6464453e78e8d2e6731a4d55"}
          """)
    ]
  ) { call in
    let key = call.key(0)
    var json = call.begin(200)
    json.beginObject()
    json.key("alerts")
    json.beginArray()
    call.views.knowledge.alerts.forEach(of: key) { alert in
      json.beginObject()
      json.pair("id", alert.id)
      AlertAnswer.write(alert, &json)
      json.bit("enabled", alert.isEnabled)
      json.time("created_at", alert.createdAt)
      json.endObject()
    }
    json.endArray()
    json.pair("address", key)
    json.endObject()
  }

  private static let alertSchema = Schema.object(
    "Alert",
    [.init("id", .integer("The alert's number"))] + AlertAnswer.fields + [
      .init("enabled", .integer("1 when it is in force")),
      .init("created_at", .number("When it was added, epoch seconds")),
    ])
}

/// An alert as several answers show it.
enum AlertAnswer {
  static let fields: [Schema.Field] = [
    // Not a choice: a database of the replaced service may hold other words.
    .init("alert_type", .text("What it reacts to")),
    .init("min_size_usd", Words.minSizeUsd),
    .init("coins", Words.alertCoins),
  ]

  /// Writes the members from `alert_type` to `coins`.
  static func write(_ alert: Alert, _ json: inout JSONWriter) {
    json.pair("alert_type", alert.type)
    json.number("min_size_usd", alert.minSizeUsd)
    json.pair("coins", alert.coins)
  }
}
