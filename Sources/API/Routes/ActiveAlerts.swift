/// `GET /v1/smart-money/alerts/active`: every alert in force, by number; what consumers read.
import Engines
import Market
import Wire

extension Route {
  static let activeAlerts = Route(
    .get, "/v1/smart-money/alerts/active", name: "active-alerts", summary: "Alerts in force",
    about: "Every alert in force in the order they were added.",
    answers: [
      Answer(
        200, "The alerts",
        .object("ActiveAlerts", [.init("alerts", .list(alertSchema, "By number"))]),
        example: """
          {"alerts":[{"id":1,"address":"0x0ef12d2b3a2a286b6464453e78e8d2e6731a4d55","alert_type":"any_trade",\
          "min_size_usd":1000.5,"coins":"BTC,ETH","created_at":1795353385.514}]}
          """)
    ]
  ) { call in
    var json = call.begin(200)
    json.beginObject()
    json.key("alerts")
    json.beginArray()
    call.views.knowledge.alerts.forEachEnabled { alert in
      json.beginObject()
      json.pair("id", alert.id)
      json.pair("address", alert.key)
      AlertAnswer.write(alert, &json)
      json.time("created_at", alert.createdAt)
      json.endObject()
    }
    json.endArray()
    json.endObject()
  }

  private static let alertSchema = Schema.object(
    "ActiveAlert",
    [.init("id", .integer("The alert's number")), .init("address", Words.address)] + AlertAnswer.fields + [
      .init("created_at", .number("When it was added, epoch seconds"))
    ])
}
