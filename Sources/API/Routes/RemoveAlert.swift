/// `DELETE /v1/smart-money/alert/{alert_id}`: remove an alert.
import Wire

extension Route {
  static let removeAlert = Route(
    .delete, "/v1/smart-money/alert/{alert_id}", name: "remove-alert", summary: "Remove an alert",
    about: "Removes an alert. Not an error when there is none with this number. Answered once it is on disk.",
    parameters: [.pathInteger("alert_id", "The alert's number")],
    example: "/v1/smart-money/alert/7",
    answers: [
      Answer(
        200, "It is gone",
        .object("AlertRemoved", [.init("status", Words.ok), .init("id", .integer("The alert's number"))]),
        example: #"{"status":"ok","id":7}"#),
      Words.unwritable,
    ]
  ) { call in
    let id = call.integer(0)
    guard call.commit(.removeAlert(id: id)) != nil else { return }
    var json = call.begin(200)
    json.beginObject()
    json.pair("status", "ok")
    json.pair("id", id)
    json.endObject()
  }
}
