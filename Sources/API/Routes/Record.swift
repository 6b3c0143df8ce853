/// `POST /v1/historical/record`: keep readings of funding, open interest and volume.
import Market
import Wire

extension Route {
  static let record = Route(
    .post, "/v1/historical/record", name: "record", summary: "Record market history",
    about: """
      Keeps one reading per coin and series at the present time. `null` values are skipped; one value that is no \
      number refuses the whole request. NaN counts as recorded and is not stored. Answered once all is on disk.
      """,
    body: BodySchema(
      "RecordRequest",
      [
        .optional("funding", .numbers, "Funding rates by coin"),
        .optional("oi", .numbers, "Open interest by coin, USD"),
        .optional("volume", .numbers, "Volume by coin, USD"),
      ], example: #"{"funding":{"BTC":1.25e-05},"oi":{"BTC":1200000000.0},"volume":{"BTC":3400000000.0}}"#),
    answers: [
      Answer(
        200, "They are kept",
        .object("Recorded", [.init("status", Words.ok), .init("recorded", .integer("Readings taken"))]),
        example: #"{"status":"ok","recorded":3}"#),
      Words.unwritable,
    ]
  ) { call in
    let funding = call.body.numbers("funding")
    let oi = call.body.numbers("oi")
    let volume = call.body.numbers("volume")
    func stored(_ readings: [CoinReading]) -> [CoinReading] { readings.filter { $0.value.isFinite } }
    let write = ClientWrite.record(funding: stored(funding), oi: stored(oi), volume: stored(volume))
    if case .record(let funding, let oi, let volume) = write,
      !funding.isEmpty || !oi.isEmpty || !volume.isEmpty
    {
      guard call.commit(write) != nil else { return }
    }
    var json = call.begin(200)
    json.beginObject()
    json.pair("status", "ok")
    json.count("recorded", funding.count + oi.count + volume.count)
    json.endObject()
  }
}
