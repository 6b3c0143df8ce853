import Wire

@testable import API

/// Routes that take bodies as the replaced service's do, and tell what they were given.
enum BodyRoutes {
  static let all = [watch, patch, alerts, record]

  static let watch = Route(
    .post, "/v1/smart-money/watch", name: "watch", summary: "", about: "",
    body: BodySchema(
      "Watch", [.required("address", .text(atLeast: 10), ""), .optional("label", .text(atLeast: 0), "")],
      example: "{}"), answers: []
  ) { call in
    guard let address = call.body.text("address") else { return error(call, "Invalid address") }
    var json = call.begin(200)
    json.beginObject()
    json.pair("status", "ok")
    json.pair("address", address.lowercased())
    json.pair("label", call.body.text("label") ?? "")
    json.endObject()
  }

  static let patch = Route(
    .patch, "/v1/smart-money/watch/{address}", name: "patch", summary: "", about: "",
    parameters: [.path("address", "")],
    body: BodySchema(
      "Patch",
      [
        .optional("label", .text(atLeast: 0), ""), .optional("notes", .text(atLeast: 0), ""),
        .optional("tags", .text(atLeast: 0), ""),
      ], example: "{}"), answers: []
  ) { call in
    let fields: [StaticString] = ["label", "notes", "tags"]
    guard fields.contains(where: { call.body.has($0) }) else { return error(call, "No fields to update") }
    var json = call.begin(200)
    json.beginObject()
    for field in fields where call.body.has(field) {
      if call.body.isNull(field) {
        json.key(field)
        json.null()
      } else {
        json.pair(field, call.body.text(field) ?? "?")
      }
    }
    json.endObject()
  }

  static let alerts = Route(
    .post, "/v1/smart-money/wallet/{address}/alerts", name: "alerts", summary: "", about: "",
    parameters: [.path("address", "")],
    body: BodySchema(
      "Alert",
      [
        .required("alert_type", .choice(["any_trade"]), ""), .optional("min_size_usd", .number, ""),
        .optional("coins", .text(atLeast: 0), ""),
      ], example: "{}"), answers: []
  ) { call in
    guard let type = call.body.text("alert_type") else { return error(call, "Invalid alert_type") }
    var json = call.begin(200)
    json.beginObject()
    json.pair("alert_type", type)
    json.key("min_size_usd")
    if let size = call.body.number("min_size_usd") { json.double(size) } else { json.null() }
    json.endObject()
  }

  static let record = Route(
    .post, "/v1/historical/record", name: "record", summary: "", about: "",
    body: BodySchema(
      "Record",
      [.optional("funding", .numbers, ""), .optional("oi", .numbers, ""), .optional("volume", .numbers, "")],
      example: "{}"), answers: []
  ) { call in
    let fields: [StaticString] = ["funding", "oi", "volume"]
    let readings = fields.flatMap { call.body.numbers($0) }
    var json = call.begin(200)
    json.beginObject()
    json.pair("status", "ok")
    json.count("recorded", readings.count)
    json.pair("sum", readings.reduce(0) { $0 + ($1.value.isNaN ? 0 : $1.value) })
    json.pair("coins", readings.map(\.coin).joined(separator: " "))
    json.endObject()
  }

  private static func error(_ call: RouteCall, _ text: String) {
    var json = call.begin(400)
    json.beginObject()
    json.pair("error", text)
    json.endObject()
  }
}
