/// The schema oracle against a small document: what is as promised passes, each way of not being so is told.
import Testing

@testable import Simulator

@Suite("Simulation: the schema oracle")
struct SchemaOracleTests {
  private static let document = """
    {"paths":{"/things/{name}":{"get":{"responses":{
      "200":{"content":{"application/json":{"schema":{"$ref":"#/components/schemas/Thing"}}}},"304":{},
      "4XX":{"content":{"application/json":{"schema":{"type":"object","properties":{"detail":{"type":"string"}},
        "required":["detail"]}}}}}}}},
    "components":{"schemas":{"Thing":{"type":"object","required":["side","size"],"properties":{
      "side":{"type":"string","enum":["long","short"]},"size":{"type":"number","minimum":0},
      "count":{"type":["integer","null"]},"others":{"type":"array","items":{"$ref":"#/components/schemas/Thing"}},
      "sums":{"type":"object","additionalProperties":{"type":"number"}}}}}}}
    """

  private func value(_ text: String) throws -> RequestValue {
    try #require(Array(text.utf8).withUnsafeBytes { RequestValue(parsing: $0) })
  }

  private func trouble(_ path: String, _ status: Int, _ body: String) throws -> String? {
    var oracle = SchemaOracle()
    #expect(oracle.read(try value(SchemaOracleTests.document)) == nil)
    return oracle.trouble("GET", path, status: status, try value(body))
  }

  @Test(
    "as promised",
    arguments: [
      #"{"side":"long","size":1}"#, #"{"side":"short","size":0.5,"count":null,"others":[],"sums":{}}"#,
      #"{"side":"long","size":1,"others":[{"side":"short","size":2}],"sums":{"a":1,"b":2.5}}"#,
    ])
  func passes(body: String) throws { #expect(try trouble("/things/a?b=1", 200, body) == nil) }

  @Test(
    "not as promised",
    arguments: [
      (#"{"side":"long"}"#, ".size is missing"), (#"{"side":"up","size":1}"#, ".side is none of its words"),
      (#"{"side":"long","size":"1"}"#, ".size is string and no number"),
      (#"{"side":"long","size":null}"#, ".size is null and no number"),
      (#"{"side":"long","size":-1}"#, ".size is -1.0, outside its range"),
      (#"{"side":"long","size":1,"count":1.5}"#, ".count is number and no integer or null"),
      (#"{"side":"long","size":1,"more":1}"#, ".more is not declared"),
      (#"{"side":"long","size":1,"others":[{"size":1}]}"#, ".others[].side is missing"),
      (#"{"side":"long","size":1,"sums":{"a":"x"}}"#, ".sums.a is string and no number"),
      ("[]", " is array and no object"),
    ])
  func complains(body: String, wanted: String) throws {
    #expect(try trouble("/things/a", 200, body) == wanted)
  }

  @Test("statuses: by number, by class, without a body, not declared")
  func statuses() throws {
    #expect(try trouble("/things/a", 404, #"{"detail":"no"}"#) == nil)
    #expect(try trouble("/things/a", 404, #"{"error":"no"}"#) == ".detail is missing")
    #expect(try trouble("/things/a", 304, "null") == nil)
    #expect(try trouble("/things/a", 500, "{}") == "status 500 is not declared")
    #expect(try trouble("/elsewhere", 500, "{}") == nil)
  }
}
