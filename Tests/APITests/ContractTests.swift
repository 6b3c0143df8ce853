import Market
import Testing

@testable import API

/// Our answers beside the recordings of the replaced service: same status, headers, keys and types, and error
/// bodies to the letter.
@Suite(.enabled(if: Contract.folder != nil, "recordings absent")) struct ContractTests {
  @Test func generalErrorsAreEqual() throws {
    let names = [
      "008-", "009-", "184-", "185-", "186-", "187-", "188-", "191-", "193-", "194-", "195-", "196-", "197-",
      "199-",
    ]
    let recordings = try Contract.recordings { file in names.contains { file.hasPrefix($0) } }
    #expect(recordings.count == names.count)
    let client = TestClient(Router(views: FixedViews.make(), options: APIOptions(), routes: OldRoutes.all))
    for recording in recordings {
      // [decided] a coin may hold an encoded slash, so `BTC%2FUSD` is a coin nobody lists.
      if recording.file == "009-heatmap-slash.json" { continue }
      let answer = try send(recording, client)
      #expect(answer.status == recording.status, "\(recording.file)")
      #expect(answer.json == recording.body, "\(recording.file): \(answer.text)")
      for name in ["allow", "location", "content-type", "content-length"] {
        #expect(answer.header(name) == recording.responseHeader(name), "\(recording.file) \(name)")
      }
    }
  }

  @Test func refusedParametersAreEqual() throws {
    let recordings = try Contract.recordings { $0.contains("-query-") || $0.hasPrefix("122-") }
    #expect(recordings.count >= 34)
    let client = TestClient(Router(views: FixedViews.make(), options: APIOptions(), routes: OldRoutes.all))
    for recording in recordings {
      let answer = try send(recording, client)
      #expect(answer.status == recording.status, "\(recording.file)")
      #expect(answer.header("content-type") == "application/json")
      guard recording.status == 422 else { continue }
      #expect(answer.json == recording.body, "\(recording.file): \(answer.text)")
      // Equal length means equal spelling of every number and escape.
      #expect(answer.header("content-length") == recording.responseHeader("content-length"))
    }
  }

  @Test func acceptedParametersAreAccepted() throws {
    let wanted = ["016-", "017-", "019-", "020-", "023-", "024-", "025-"]
    let recordings = try Contract.recordings { file in
      wanted.contains { file.hasPrefix($0) } || file.contains("-smart-money") || file.contains("-changes")
        || file.contains("-days7") || file.hasPrefix("059-")
    }
    #expect(recordings.count >= 25)
    let client = TestClient(Router(views: FixedViews.make(), options: APIOptions(), routes: OldRoutes.all))
    for recording in recordings {
      #expect(try send(recording, client).status == 200, "\(recording.file)")
    }
  }

  @Test func answersHaveTheShapesOfTheRecordings() throws {
    let wanted = ["001-", "002-", "010-", "011-", "012-", "014-", "200-", "202-", "207-", "208-"]
    let recordings = try Contract.recordings { file in wanted.contains { file.hasPrefix($0) } }
    #expect(recordings.count == wanted.count)
    let views = FixedViews.make { views in
      FixedViews.addAllComponents(views)
      _ = views.coins.list(.init(name: "SOL", dex: "", szDecimals: 2, maxLeverage: 20, isListed: true))
    }
    FixedViews.trade(views, coin: "SOL")
    for recording in recordings {
      let client = TestClient(Router(views: views, options: APIOptions()))
      let answer = try send(recording, client)
      #expect(answer.status == recording.status, "\(recording.file)")
      #expect(answer.header("content-type") == recording.responseHeader("content-type"))
      #expect(answer.header("connection") == recording.responseHeader("connection"), "\(recording.file)")
      let (json, body) = (try #require(answer.json), try #require(recording.body))
      Shape.expect(json, has: body, at: recording.file)
      if body["coin"] != nil {
        #expect(json["coin"] == body["coin"], "\(recording.file)")
        #expect(json["windows"]?.keys == body["windows"]?.keys, "\(recording.file)")
      }
    }
  }

  private func send(_ recording: Contract.Recording, _ client: TestClient) throws -> TestClient.Answer {
    var text = "\(recording.method) \(recording.path) HTTP/1.1\r\nHost: 127.0.0.1:8100\r\n"
    for (name, value) in recording.headers { text += "\(name): \(value)\r\n" }
    let body = recording.request["body"]?.string ?? ""
    if !body.isEmpty { text += "Content-Length: \(body.utf8.count)\r\n" }
    client.send(text + "\r\n" + body)
    let answers = try client.take()
    guard answers.count == 1 else { throw TestClient.Malformed(what: recording.file) }
    return answers[0]
  }
}

/// Comparison of the forms of two JSON values.
enum Shape {
  /// Every key of `old` is in `new` with a value of the same type, at every depth; `new` may have more.
  static func expect(_ new: JSONTree, has old: JSONTree, at place: String) {
    // The replaced service prints a whole number of weight when nothing was ever spent, else a float.
    let isNumber = ["integer", "number"]
    if place.hasSuffix(".available") {
      #expect(isNumber.contains(new.type), "\(place)")
      return
    }
    #expect(new.type == old.type, "\(place)")
    for key in old.keys {
      guard let inner = new[key] else {
        Issue.record("\(place).\(key) is missing")
        continue
      }
      expect(inner, has: old[key] ?? .null, at: "\(place).\(key)")
    }
    for (index, element) in old.elements.enumerated() {
      guard let inner = new[index] else { break }
      expect(inner, has: element, at: "\(place)[\(index)]")
    }
  }
}
