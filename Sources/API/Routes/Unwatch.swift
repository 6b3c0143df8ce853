/// `DELETE /v1/smart-money/watch/{address}`: follow a wallet no longer.
import Wire

extension Route {
  static let unwatch = Route(
    .delete, "/v1/smart-money/watch/{address}", name: "unwatch", summary: "Watch a wallet no longer",
    about: """
      Stops following a wallet. Its label, notes and tags are kept for the day it is watched again. Not an error \
      when it was not watched. Answered once it is on disk.
      """,
    parameters: [.path("address", "The account; blanks around it and capitals do not matter")],
    example: "/v1/smart-money/watch/0x5039156e2c2158144bd6e5fe226e388904d46bc2",
    answers: [WatchAnswer.done, Words.unwritable]
  ) { call in
    let key = call.key(0)
    guard call.commit(.unwatch(key: key)) != nil else { return }
    WatchAnswer.write(key, call)
  }
}

/// The answer of requests that changed a watched wallet.
enum WatchAnswer {
  static let done = Route.Answer(
    200, "Done", .object("WalletDone", [.init("status", Words.ok), .init("address", Words.address)]),
    example: #"{"status":"ok","address":"0x5039156e2c2158144bd6e5fe226e388904d46bc2"}"#)

  static func write(_ key: String, _ call: RouteCall) {
    var json = call.begin(200)
    json.beginObject()
    json.pair("status", "ok")
    json.pair("address", key)
    json.endObject()
  }
}
