import Base

/// Holds every answer against what the daemon's own `/openapi.json` promises of it: route, status, types, required keys,
/// enumerations, items and keys nobody declared.
///
/// The document is read once per run, from the daemon's first answer. Bounds: those of the document; a schema met inside
/// itself deeper than `depthMax` is not looked into.
struct SchemaOracle {
  static let depthMax = 24

  /// One schema, made ready for many looks.
  final class Schema {
    var reference: String?
    var types: [String] = []
    var words: [RequestValue] = []
    var required: [String] = []
    var fields: [String: Schema] = [:]
    var others: Schema?
    var items: Schema?
    var least: Double?
    var most: Double?

    init(_ value: RequestValue) {
      reference = value["$ref"]?.text.flatMap { $0.split(separator: "/").last.map(String.init) }
      types = value["type"]?.text.map { [$0] } ?? (value["type"]?.items ?? []).compactMap(\.text)
      words = value["enum"]?.items ?? []
      required = (value["required"]?.items ?? []).compactMap(\.text)
      if case .object(let members)? = value["properties"] {
        for (key, member) in members { fields[key] = Schema(member) }
      }
      if case .object? = value["additionalProperties"] {
        others = value["additionalProperties"].map { Schema($0) }
      }
      items = value["items"].map { Schema($0) }
      least = value["minimum"]?.number
      most = value["maximum"]?.number
    }
  }

  private struct Operation {
    var method: String
    var parts: [Substring]
    var answers: [String: Schema]
    /// Statuses whose answers are no JSON, or have no body.
    var plain: Set<String>
  }

  private var operations: [Operation] = []
  private var named: [String: Schema] = [:]
  /// Answers held against a schema.
  var compared = 0

  /// Whether the document was read.
  var isReady: Bool { !operations.isEmpty }

  /// Reads the document; what is wrong with it.
  mutating func read(_ document: RequestValue) -> String? {
    guard case .object(let paths)? = document["paths"],
      case .object(let schemas)? = document["components"]?["schemas"]
    else { return "no paths or no schemas" }
    for (name, schema) in schemas { named[name] = Schema(schema) }
    for (path, methods) in paths {
      guard case .object(let methods) = methods else { return "\(path) is no object" }
      for (method, operation) in methods {
        guard case .object(let responses)? = operation["responses"] else { return "\(path) has no answers" }
        var made = Operation(
          method: method.uppercased(), parts: path.split(separator: "/"), answers: [:], plain: [])
        for (status, response) in responses {
          if let schema = response["content"]?["application/json"]?["schema"] {
            made.answers[status] = Schema(schema)
          } else {
            made.plain.insert(status)
          }
        }
        operations.append(made)
      }
    }
    return nil
  }

  /// What is wrong with an answer; nil when it is as promised, or nothing is promised about the path.
  mutating func trouble(_ method: String, _ path: String, status: Int, _ body: RequestValue) -> String? {
    let parts = path.split(separator: "?", omittingEmptySubsequences: false)[0].split(separator: "/")
    let operation = operations.first { candidate in
      candidate.method == method && candidate.parts.count == parts.count
        && zip(candidate.parts, parts).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
    }
    guard let operation else { return nil }
    guard let schema = operation.answers["\(status)"] ?? operation.answers["\(status / 100)XX"] else {
      return operation.plain.contains("\(status)") ? nil : "status \(status) is not declared"
    }
    compared += 1
    return trouble(body, schema, depth: 0)
  }

  /// The text begins with the place below `value`; who passes it on puts its own part before it.
  private func trouble(_ value: RequestValue, _ given: Schema, depth: Int) -> String? {
    guard depth < SchemaOracle.depthMax else { return nil }
    var schema = given
    if let reference = given.reference {
      guard let found = named[reference] else { return ": no schema \(reference)" }
      schema = found
    }
    if !schema.types.isEmpty, !schema.types.contains(where: { SchemaOracle.isOf($0, value) }) {
      return " is \(SchemaOracle.kind(value)) and no \(schema.types.joined(separator: " or "))"
    }
    if !schema.words.isEmpty, !schema.words.contains(value) { return " is none of its words" }
    if schema.least != nil || schema.most != nil, let number = value.number,
      number < schema.least ?? number || number > schema.most ?? number
    {
      return " is \(number), outside its range"
    }
    switch value {
    case .object(let members):
      if let missing = schema.required.first(where: { key in !members.contains { $0.key == key } }) {
        return ".\(missing) is missing"
      }
      guard !schema.fields.isEmpty || schema.others != nil else { return nil }
      for (key, member) in members {
        guard let field = schema.fields[key] ?? schema.others else {
          return ".\(key) is not declared"
        }
        if let found = trouble(member, field, depth: depth + 1) { return ".\(key)\(found)" }
      }
      return nil
    case .array(let elements):
      guard let items = schema.items else { return nil }
      for element in elements {
        if let found = trouble(element, items, depth: depth + 1) { return "[]\(found)" }
      }
      return nil
    default: return nil
    }
  }

  private static func isOf(_ type: String, _ value: RequestValue) -> Bool {
    switch value {
    case .object: type == "object"
    case .array: type == "array"
    case .string: type == "string"
    case .integer: type == "integer" || type == "number"
    case .fraction: type == "number"
    case .bool: type == "boolean"
    case .null: type == "null"
    }
  }

  private static func kind(_ value: RequestValue) -> String {
    ["object", "array", "string", "integer", "number", "boolean", "null"].first { isOf($0, value) } ?? ""
  }
}

extension Simulation {
  /// Reads the document when it is the answer, and holds every other answer against it.
  func checkSchema(_ expected: SimulatedClient.Expectation, status: Int, _ value: RequestValue) {
    if expected.path == "/openapi.json", status == 200, !schemas.isReady, let trouble = schemas.read(value) {
      complain(.schema, "the OpenAPI document: \(trouble)")
    }
    guard schemas.isReady, expected.path.hasPrefix("/"),
      let trouble = schemas.trouble(expected.method, expected.path, status: status, value)
    else { return }
    complain(.schema, "\(expected.method) \(expected.path) (\(status)): \(trouble)")
  }
}
