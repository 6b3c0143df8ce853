import Base
import Engines
import Market
import Testing

@testable import API

/// The recordings of the replaced service replayed against the real routes, one after the other in the order they
/// were made, over one world: same status, headers, keys, order and types; refusals and the answers of writes to
/// the letter. What was decided to differ is said in `Decided`.
@Suite(.enabled(if: Contract.folder != nil, "recordings absent")) struct ContractTests {
  /// The world before the first recorded request.
  private static func world() -> Views {
    FixedViews.make { views in
      FixedViews.addAllComponents(views)
      FixedViews.trade(views, coin: "SOL")
      // The recordings begin without alerts.
      for id in Int64(1)...9 { _ = views.knowledge.alerts.remove(id) }
      // The watched wallet of the recordings was never profiled; the one asked for on demand is not yet.
      views.knowledge.watchList.put(
        .init(key: "0x2323232323232323232323232323232323232323", label: "x", addedAt: FixedWorld.ago(1)))
    }
  }

  @Test func everyRecordingIsAnsweredAsItWas() throws {
    let recordings = try Contract.recordings { _ in true }
    #expect(recordings.count == 175)
    let views = Self.world()
    let store = TestStore(views)
    store.lastID = 0
    let demanded = FixedWorld.address(FixedWorld.demanded)
    store.profiles[demanded] = FixedWorld.profile(
      .scalper, winRate: 0.686, trades: 121, factor: 2.72, hours: 0.15, equity: FixedWorld.usd(6233.173139),
      ageMs: 0)
    store.trades[demanded] = (0..<5).map { FixedWorld.trade(views, $0, exitAgeMs: 40_000_000) }
    let router = Router(views: views, options: APIOptions())
    let validator = SchemaValidator(document: try #require(TestClient().get("/openapi.json").json))
    for recording in recordings where recording.file != "203-openapi.json" {
      let client = TestClient(router, now: views.now.instant)
      let headers = recording.headers.filter { $0.0.lowercased() != "accept-encoding" }
      // Where the request was no UTF-8, the recording has a replacement character.
      let body = recording.request["body"]?.string.map { Array($0.utf8) }
      let sent =
        recording.file.contains("bad-utf8") ? body?.replacing([0xEF, 0xBF, 0xBD], with: [0xFF]) : body
      let answer = try client.ask(recording.method, recording.path, headers, sent, store)
      check(answer, recording)
      try hold(answer, recording, validator)
    }
  }

  /// Holds an answer against the schema of its route.
  private func hold(
    _ answer: TestClient.Answer, _ recording: Contract.Recording, _ validator: SchemaValidator
  ) throws {
    guard let route = Self.route(recording), answer.status != 307 else { return }
    let problems = validator.problems(
      try #require(answer.json), "\(route.path)", recording.method.lowercased(), answer.status)
    #expect(problems.isEmpty, "\(recording.file): \(problems)")
  }

  /// The route a recorded request is for.
  private static func route(_ recording: Contract.Recording) -> Route? {
    let path = recording.path.split(separator: "?")[0].split(separator: "/", omittingEmptySubsequences: false)
    return Route.all.filter { route in
      let pattern = "\(route.path)".split(separator: "/", omittingEmptySubsequences: false)
      return recording.method == "\(route.method.text)" && path.count == pattern.count
        && zip(path, pattern).allSatisfy { $1.hasPrefix("{") && !$0.isEmpty || $0 == $1 }
    }.first
  }

  private func check(_ answer: TestClient.Answer, _ recording: Contract.Recording) {
    let file = recording.file
    if let decided = Decided.all[String(file.prefix(3))] {
      #expect(answer.status == decided.status, "\(file)")
      #expect(answer.header("content-type") == "application/json", "\(file)")
      if let body = decided.body { #expect(answer.text == body, "\(file)") }
      if decided.hasShape, let body = recording.body {
        Shape.expect(answer.json ?? .null, has: body, at: file)
      }
      return
    }
    #expect(answer.status == recording.status, "\(file): \(answer.text)")
    for name in ["allow", "location", "content-type", "connection"] {
      #expect(answer.header(name) == recording.responseHeader(name), "\(file) \(name)")
    }
    guard recording.status == 200, recording.method == "GET" else {
      #expect(answer.json == recording.body, "\(file): \(answer.text)")
      // Equal length means equal spelling of every number and escape.
      #expect(answer.header("content-length") == recording.responseHeader("content-length"), "\(file)")
      return
    }
    guard let json = answer.json, let body = recording.body else {
      Issue.record("\(file): not JSON")
      return
    }
    // The replaced service prints a profile made on demand in another order than the same one a moment later.
    Shape.expect(json, has: body, inOrder: !file.hasPrefix("053"), at: file)
    for key in body.keys {
      if let list = body[key], case .list = list, !list.elements.isEmpty {
        #expect(json[key]?.elements.isEmpty == false, "\(file): \(key) is empty")
      }
    }
    if body["windows"] != nil { #expect(json["windows"]?.keys == body["windows"]?.keys, "\(file)") }
    if let coin = body["coin"] { #expect(json["coin"] == coin, "\(file)") }
    if let address = body["address"] { #expect(json["address"] == address, "\(file)") }
  }

  @Test func everyRecordedRouteIsDescribed() throws {
    let recordings = try Contract.recordings { $0 == "203-openapi.json" }
    let recorded = try #require(recordings.first?.body?["paths"])
    #expect(recorded.keys.count == 18)
    let document = try #require(TestClient().get("/openapi.json").json?["paths"])
    for path in recorded.keys {
      for method in recorded[path]?.keys ?? [] {
        let (new, old) = (document[path]?[method], recorded[path]?[method])
        #expect(new != nil, "\(method) \(path)")
        #expect(
          (new?["parameters"]?.elements ?? []).map { $0["name"] }
            == (old?["parameters"]?.elements ?? []).map { $0["name"] }, "\(method) \(path)")
        #expect((new?["requestBody"] == nil) == (old?["requestBody"] == nil), "\(method) \(path)")
      }
    }
  }

  @Test func everyRouteButOursWasRecorded() throws {
    let recordings = try Contract.recordings { _ in true }
    let ours = [
      "/v1/orderflow", "/v1/coins", "/v1/book/{coin}", "/v1/liquidations", "/docs", "/openapi.json", "/livez",
      "/readyz", "/metrics",
    ]
    let recorded = Set(recordings.compactMap { Self.route($0)?.name })
    for route in Route.all where !ours.contains("\(route.path)") {
      #expect(recorded.contains(route.name), "\(route.name) was never recorded")
    }
  }
}

/// What was decided to differ from the recordings, by their numbers (contract, **[decided]**).
enum Decided {
  struct Answer {
    var status: Int
    /// The whole body, where it is short.
    var body: String?
    /// Whether the recorded keys and types hold all the same.
    var hasShape = false
  }

  static let all: [String: Answer] = [
    // Coins are found in any capitals.
    "006": Answer(status: 200), "013": Answer(status: 200, hasShape: true),
    // The coins with a map are others in our world.
    "007": Answer(
      status: 404, body: #"{"error":"No heatmap data for NOPE","available":["BTC","ETH","SOL","kPEPE"]}"#,
      hasShape: true),
    // An encoded slash is part of a coin's name.
    "009": Answer(
      status: 404,
      body: #"{"error":"No heatmap data for BTC/USD","available":["BTC","ETH","SOL","kPEPE"]}"#),
    // A body's field of another type was an internal error.
    "078": Answer(status: 422, body: string(["label"], #"["x"]"#)),
    "086": Answer(status: 422, body: string(["address"], "12345678901")),
    "099": Answer(status: 422),
    "136": Answer(status: 422), "138": Answer(status: 422),
    // Up to 5000 rows.
    "142": Answer(status: 200),
  ]

  private static func string(_ path: [String], _ input: String) -> String {
    let place = path.map { ",\"\($0)\"" }.joined()
    return #"{"detail":[{"type":"string_type","loc":["body"\#(place)],"#
      + #""msg":"Input should be a valid string","input":\#(input)}]}"#
  }
}

/// Comparison of the forms of two JSON values.
enum Shape {
  /// Keys that may be `null` in one answer and not in another.
  private static let nullable = [
    "ws_healthy", "last_trade_age_s", "liq_px", "current_side", "win_rate", "style", "is_bot", "trade_count",
    "profit_factor", "avg_hold_hours", "equity", "computed_at", "label", "notes", "tags",
  ]

  /// Every key of `old` is in `new`, in the same order, with a value of the same type, at every depth; `new` may have
  /// more. Every element of a list of ours is held against one of theirs.
  static func expect(_ new: JSONTree, has old: JSONTree, inOrder: Bool = true, at place: String) {
    let key = place.split(separator: ".").last.map(String.init) ?? ""
    if new.type != old.type {
      // The replaced service prints a whole number of weight when nothing was ever spent, else a float.
      let isNumber = key == "available" && ["integer", "number"].contains(new.type)
      let isAbsent = nullable.contains(key) && (new == .null || old == .null)
      #expect(isNumber || isAbsent, "\(place) is \(new.type), was \(old.type)")
      return
    }
    let isData = ["sentiment", "windows", "tier_counts"].contains(key)
    if isData, let pattern = old.keys.first.flatMap({ old[$0] }) {
      for key in new.keys { expect(new[key] ?? .null, has: pattern, at: "\(place)[\(key)]") }
      return
    }
    if inOrder { #expect(new.keys.filter(old.keys.contains) == old.keys, "\(place): order of keys") }
    for key in old.keys {
      guard let inner = new[key] else {
        Issue.record("\(place).\(key) is missing")
        continue
      }
      expect(inner, has: old[key] ?? .null, at: "\(place).\(key)")
    }
    guard let last = old.elements.last else { return }
    for (index, element) in new.elements.enumerated() {
      expect(element, has: old[index] ?? last, at: "\(place)[\(index)]")
    }
  }
}
