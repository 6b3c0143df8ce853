/// `POST /v1/smart-money/watch`: follow a wallet.
import Engines
import Wire

extension Route {
  static let watch = Route(
    .post, "/v1/smart-money/watch", name: "watch", summary: "Watch a wallet",
    about: """
      Follows a wallet from now on: it is polled with priority and its position changes are recorded. May be asked \
      again; an empty or absent label keeps the stored one. Answered once it is on disk.
      """,
    body: BodySchema(
      "WatchRequest",
      [
        .required("address", .text(atLeast: 10), "The account; blanks around it and capitals do not matter"),
        .optional("label", .text(atLeast: 0), "What to call it"),
      ], example: #"{"address":"0x5039156e2c2158144bd6e5fe226e388904d46bc2","label":"whale"}"#),
    answers: [
      Answer(
        200, "It is watched",
        .object(
          "Watched",
          [.init("status", Words.ok), .init("address", Words.address), .init("label", Words.label)]),
        example: #"{"status":"ok","address":"0x5039156e2c2158144bd6e5fe226e388904d46bc2","label":"whale"}"#),
      Answer(
        400, "The address has fewer than 10 characters, or more than 256", Words.refused,
        example: #"{"error":"Invalid address"}"#),
      Words.unwritable,
    ]
  ) { call in
    let key = AddressKey.of(call.body.text("address") ?? "")
    guard AddressKey.fits(key) else { return call.error(400, "Invalid address") }
    let label = call.body.text("label") ?? ""
    guard call.commit(.watch(key: key, label: label)) != nil else { return }
    var json = call.begin(200)
    json.beginObject()
    json.pair("status", "ok")
    json.pair("address", key)
    json.pair("label", label.isEmpty ? call.views.knowledge.watchList[key]?.label ?? "" : label)
    json.endObject()
  }
}
