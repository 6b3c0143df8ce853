import Foundation
import Testing

@testable import API

/// Bodies are taken and refused as the replaced service's framework does, texts and places included.
@Suite struct BodyTests {
  private let client = TestClient(
    Router(views: FixedViews.make(), options: APIOptions(), routes: BodyRoutes.all))

  private func send(
    _ path: String, _ body: [UInt8], method: String = "POST", type: String? = "application/json"
  ) throws -> TestClient.Answer {
    let header = type.map { "Content-Type: \($0)\r\n" } ?? ""
    let head =
      "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\n\(header)Content-Length: \(body.count)\r\n\r\n"
    client.send(Array(head.utf8) + body)
    let answers = try client.take()
    try #require(answers.count == 1)
    #expect(answers[0].header("content-type") == "application/json")
    return answers[0]
  }

  private func watch(_ body: String, type: String? = "application/json") throws -> TestClient.Answer {
    try send("/v1/smart-money/watch", Array(body.utf8), type: type)
  }

  private func record(_ body: String) throws -> TestClient.Answer {
    try send("/v1/historical/record", Array(body.utf8))
  }

  private func detail(_ type: String, _ loc: String, _ msg: String, input: String, ctx: String? = nil)
    -> String
  {
    let tail = ctx.map { ",\"ctx\":\($0)" } ?? ""
    return "{\"type\":\"\(type)\",\"loc\":\(loc),\"msg\":\"\(msg)\",\"input\":\(input)\(tail)}"
  }

  private func refusal(_ details: String...) -> String { "{\"detail\":[\(details.joined(separator: ","))]}" }

  @Test func whatIsNotJSONSaysWhere() throws {
    for (body, at, error) in [
      ("{bad", 1, "Expecting property name enclosed in double quotes"),
      ("{\"address\":\"0x1234567890\"} x", 27, "Extra data"), ("{\"funding\":", 11, "Expecting value"),
      ("{\"a\":\"\\x\"}", 6, "Invalid \\\\escape"), ("  ", 2, "Expecting value"),
      ("{\"\u{20BF}\" 1}", 7, "Expecting ':' delimiter"),
    ] {
      let answer = try watch(body)
      #expect(answer.status == 422)
      let expected = refusal(
        detail(
          "json_invalid", "[\"body\",\(at)]", "JSON decode error", input: "{}",
          ctx: "{\"error\":\"\(error)\"}"))
      #expect(answer.text == expected, "\(body)")
    }
  }

  @Test func whatIsNoObjectIsEchoed() throws {
    let message = "Input should be a valid dictionary"
    for (body, echo) in [
      ("[1,2]", "[1,2]"), ("\"x\"", "\"x\""), ("5", "5"),
      ("[ 1E2, -0.0 , {\"a\" :NaN}]", "[100.0,-0.0,{\"a\":null}]"),
      ("true", "true"), ("1e999", "null"), ("\"\\u20bf\\ud800\"", "\"\u{20BF}\u{FFFD}\""),
    ] {
      let answer = try watch(body)
      #expect(answer.text == refusal(detail("dict_type", "[\"body\"]", message, input: echo)), "\(body)")
    }
    let absent = refusal(detail("missing", "[\"body\"]", "Field required", input: "null"))
    #expect(try watch("null").text == absent)
    #expect(try watch("").text == absent)
    #expect(try watch("", type: nil).text == absent)
  }

  @Test func onlyJSONIsTaken() throws {
    let body = #"{"address":"0x1234567890"}"#
    for type in [
      "application/json", "application/json; charset=utf-8", "Application/JSON ;x", "application/vnd.a+json",
    ] {
      #expect(try watch(body, type: type).status == 200, "\(type)")
    }
    let echo = #""{\"address\":\"0x1234567890\"}""#
    let expected = refusal(
      detail("dict_type", "[\"body\"]", "Input should be a valid dictionary", input: echo))
    for type in [
      nil, "text/plain", "application/x-www-form-urlencoded", "application/jsonx", "json", "text/json", "",
    ] {
      let answer = try watch(body, type: type)
      #expect(answer.status == 422, "\(type ?? "none")")
      #expect(answer.text == expected)
    }
  }

  @Test func whatCannotBeReadIsRefused() throws {
    let unreadable = #"{"detail":"There was an error parsing the body"}"#
    var answer = try send(
      "/v1/smart-money/watch", Array(#"{"address":"0x"#.utf8) + [0xFF] + Array("\"}".utf8))
    #expect(answer.status == 400)
    #expect(answer.text == unreadable)
    let deep = BodyText.depthMax + 1
    answer = try watch(String(repeating: "[", count: deep) + String(repeating: "]", count: deep))
    #expect(answer.status == 400)
    #expect(answer.text == unreadable)
    #expect(try watch("[" + String(repeating: "1", count: BodyText.digitsMax + 1) + "]").status == 400)
    let bom = try send(
      "/v1/smart-money/watch", [0xEF, 0xBB, 0xBF] + Array(#"{"address":"0x1234567890"}"#.utf8))
    #expect(bom.status == 200)
  }

  @Test func tooLargeIsRefused() throws {
    let answer = try watch("{\"address\":\"" + String(repeating: "x", count: 70_000) + "\"}")
    #expect(answer.status == 413)
    #expect(client.outcome == .closeAfterFlush)
  }

  @Test func fieldsOfTheWrongTypeAreNamed() throws {
    let text = "Input should be a valid string"
    #expect(
      try watch(#"{"address": 12345678901}"#).text
        == refusal(detail("string_type", #"["body","address"]"#, text, input: "12345678901")))
    #expect(
      try watch(#"{"label":NaN,"address":["x"]}"#).text
        == refusal(
          detail("string_type", #"["body","address"]"#, text, input: #"["x"]"#),
          detail("string_type", #"["body","label"]"#, text, input: "null")))
    #expect(
      try watch(#"{"address":"\ud83d234567890"}"#).text
        == refusal(
          detail(
            "string_unicode", #"["body","address"]"#,
            "Input should be a valid string, unable to parse raw data as a unicode string",
            input: "\"\u{FFFD}234567890\"")))
    let patched = try send("/v1/smart-money/watch/0xa", Array(#"{"label": ["x"]}"#.utf8), method: "PATCH")
    #expect(patched.text == refusal(detail("string_type", #"["body","label"]"#, text, input: #"["x"]"#)))
    #expect(patched.status == 422)
  }

  @Test func numbersAreTakenLiberally() throws {
    func size(_ value: String) throws -> TestClient.Answer {
      try send(
        "/v1/smart-money/wallet/zz/alerts",
        Array(#"{"alert_type":"any_trade","min_size_usd":\#(value)}"#.utf8))
    }
    for (value, taken) in [
      ("5000", "5000.0"), ("\" 5_000.5 \"", "5000.5"), ("-1", "-1.0"), ("null", "null"), ("true", "1.0"),
      ("1e3", "1000.0"), ("123456789012345678901234567890", "1.2345678901234568e+29"),
    ] {
      #expect(try size(value).json?["min_size_usd"] == JSONTree(Array(taken.utf8)), "\(value)")
    }
    for (value, type) in [
      ("\"x\"", "float_parsing"), ("[1]", "float_type"), ("{}", "float_type"), ("NaN", "finite_number"),
      ("Infinity", "finite_number"), ("1e999", "finite_number"), ("\"-inf\"", "finite_number"),
      ("\"nan\"", "finite_number"),
    ] {
      let answer = try size(value)
      #expect(answer.status == 422, "\(value)")
      #expect(answer.json?["detail"]?[0]?["type"]?.string == type, "\(value)")
      #expect(answer.json?["detail"]?[0]?["loc"]?[1]?.string == "min_size_usd")
    }
  }

  @Test func readingsAreTakenOrRefusedTogether() throws {
    func recorded(_ body: String) throws -> (Double, Double, String) {
      let answer = try record(body)
      #expect(answer.status == 200, "\(body): \(answer.text)")
      let json = try #require(answer.json)
      return (json["recorded"]?.double ?? -1, json["sum"]?.double ?? -1, json["coins"]?.string ?? "?")
    }
    #expect(
      try recorded(#"{"funding":{"BTC":1.5,"ETH":-1},"oi":{"BTC":1},"volume":{"B":"2","S":5}}"#) == (
        5, 8.5, "BTC ETH BTC B S"
      ))
    #expect(try recorded("{}") == (0, 0, ""))
    #expect(
      try recorded(#"{"funding":{"BTC":null,"ETH":0.5},"oi":{},"volume":{"X":null}}"#) == (1, 0.5, "ETH"))
    #expect(try recorded(#"{"zzz":{"BTC":1},"oi":null}"#) == (0, 0, ""))
    #expect(try recorded(#"{"funding":{"BTC":NaN}}"#) == (1, 0, "BTC"))
    #expect(try recorded(#"{"funding":{"A":1,"B":2,"A":3,"B":null}}"#) == (1, 3, "A"))
    #expect(
      try record(#"{"funding":{"AAA":1,"BTC":{"x":1},"C":"x"},"oi":[1, 2],"volume":{"A":Infinity}}"#).text
        == refusal(
          detail(
            "float_type", #"["body","funding","BTC"]"#, "Input should be a valid number", input: #"{"x":1}"#),
          detail(
            "float_parsing", #"["body","funding","C"]"#,
            "Input should be a valid number, unable to parse string as a number", input: "\"x\""),
          detail("dict_type", #"["body","oi"]"#, "Input should be a valid dictionary", input: "[1,2]"),
          detail("finite_number", #"["body","volume","A"]"#, "Input should be a finite number", input: "null")
        ))
  }

  @Test func absentNullAndEmptyAreToldApart() throws {
    func patch(_ body: String) throws -> String {
      try send("/v1/smart-money/watch/0xa", Array(body.utf8), method: "PATCH").text
    }
    #expect(try patch(#"{"tags":null,"notes":""}"#) == #"{"notes":"","tags":null}"#)
    #expect(try patch(#"{"zzz":1}"#) == #"{"error":"No fields to update"}"#)
    #expect(try patch(#"{"la\u0062el":"a","label":"b"}"#) == #"{"label":"b"}"#)
  }

  /// Recorded from Python's `json` over mutated texts: what it says, where, and what it reads.
  @Test func textsAreReadAsPythonReadsThem() throws {
    let file = Contract.projectRoot.appendingPathComponent("Tests/Captures/python_json.json")
    let rows = try JSONTree([UInt8](Data(contentsOf: file))).elements
    #expect(rows.count > 400)
    for row in rows {
      let text = try #require(row["text"]?.string)
      // An empty body is absent, `null` too; both are said otherwise.
      if text.isEmpty { continue }
      let answer = try watch(text)
      let first = try #require(answer.json?["detail"]?[0] ?? .null)
      if let error = row["error"]?.string {
        #expect(first["ctx"]?["error"]?.string == error, "\(text)")
        #expect(first["loc"]?[1] == row["at"], "\(text)")
      } else if first["type"]?.string == "dict_type" {
        #expect(answer.text.contains("\"input\":\(row["echo"]?.string ?? "")}"), "\(text): \(answer.text)")
      } else {
        #expect(first["type"]?.string != "json_invalid", "\(text)")
      }
    }
  }
}

/// The recorded requests with bodies, answered here by routes that only read them.
@Suite(.enabled(if: Contract.folder != nil, "recordings absent")) struct BodyContractTests {
  @Test func refusalsAreEqual() throws {
    let recordings = try Contract.recordings { file in
      file >= "074" && file < "141" && !file.hasPrefix("101-")
    }.filter { $0.request["body"]?.string != nil || $0.file.hasPrefix("093-") }
    #expect(recordings.count > 30)
    let client = TestClient(Router(views: FixedViews.make(), options: APIOptions(), routes: BodyRoutes.all))
    var compared = 0
    for recording in recordings {
      var text = "\(recording.method) \(recording.path) HTTP/1.1\r\nHost: 127.0.0.1:8100\r\n"
      for (name, value) in recording.headers { text += "\(name): \(value)\r\n" }
      let body = recording.request["body"]?.string ?? ""
      client.send(text + "Content-Length: \(body.utf8.count)\r\n\r\n" + body)
      let answer = try #require(try client.take().first)
      // [decided] where the replaced service failed, the field is named.
      let expected = recording.status == 500 ? 422 : recording.status
      if [200, 404].contains(recording.status) {
        #expect(answer.status == 200, "\(recording.file): \(answer.text)")
      } else if recording.status == 400 {
        #expect(answer.status == 400 || answer.status == 200, "\(recording.file): \(answer.text)")
      } else {
        #expect(answer.status == expected, "\(recording.file): \(answer.text)")
      }
      guard recording.status == 422 else { continue }
      compared += 1
      #expect(answer.json == recording.body, "\(recording.file): \(answer.text)")
      #expect(
        answer.header("content-length") == recording.responseHeader("content-length"), "\(recording.file)")
    }
    #expect(compared >= 11)
  }
}
