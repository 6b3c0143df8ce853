/// `PATCH /v1/smart-money/watch/{address}`: change what is noted about a watched wallet.
import Engines
import Wire

extension Route {
  static let patchWatch = Route(
    .patch, "/v1/smart-money/watch/{address}", name: "patch-watch",
    summary: "Change a watched wallet's notes",
    about: "Sets the fields that are sent, keeps the others. Answered once it is on disk.",
    parameters: [.path("address", "The account; blanks around it and capitals do not matter")],
    body: BodySchema(
      "WatchPatch",
      [
        .optional("label", .text(atLeast: 0), "What to call it"),
        .optional("notes", .text(atLeast: 0), "Notes"),
        .optional("tags", .text(atLeast: 0), "Tags, comma separated"),
      ], example: #"{"label":"whale","notes":"moves before news","tags":"btc,eth"}"#),
    example: "/v1/smart-money/watch/0x5039156e2c2158144bd6e5fe226e388904d46bc2",
    answers: [
      WatchAnswer.done,
      Answer(400, "None of the fields was sent", Words.refused, example: #"{"error":"No fields to update"}"#),
      Answer(404, "The wallet is not watched", Words.error, example: #"{"error":"Wallet not tracked"}"#),
      Words.unwritable,
    ]
  ) { call in
    let key = call.key(0)
    let (label, notes, tags) = (call.body.text("label"), call.body.text("notes"), call.body.text("tags"))
    guard label != nil || notes != nil || tags != nil else { return call.error(400, "No fields to update") }
    if call.resumed == nil, !call.views.knowledge.watchList.contains(key) {
      return call.error(404, "Wallet not tracked")
    }
    guard let outcome = call.commit(.patch(key: key, label: label, notes: notes, tags: tags)) else { return }
    if case .notTracked = outcome { return call.error(404, "Wallet not tracked") }
    WatchAnswer.write(key, call)
  }
}
