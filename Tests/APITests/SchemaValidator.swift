/// Holds a JSON value against a schema of an OpenAPI document; knows the keywords our documents use, and says
/// so when it meets another.
struct SchemaValidator {
  let document: JSONTree

  /// What is wrong with `value` as the answer `status` of an operation; empty when nothing is.
  func problems(_ value: JSONTree, _ path: String, _ method: String, _ status: Int) -> [String] {
    let responses = document["paths"]?[path]?[method]?["responses"]
    let response = responses?["\(status)"] ?? responses?["\(status / 100)XX"]
    guard let schema = response?["content"]?["application/json"]?["schema"] else {
      return ["no schema for \(method) \(path) \(status)"]
    }
    return check(value, schema, "$")
  }

  /// What is wrong with `value` beside `schema`; empty when nothing is.
  func problems(_ value: JSONTree, against schema: JSONTree) -> [String] { check(value, schema, "$") }

  private func check(_ value: JSONTree, _ schema: JSONTree, _ place: String) -> [String] {
    if let reference = schema["$ref"]?.string {
      let name = String(reference.split(separator: "/").last ?? "")
      guard let target = document["components"]?["schemas"]?[name] else { return ["\(place): \(reference)"] }
      return check(value, target, place)
    }
    var problems: [String] = []
    for keyword in schema.keys {
      guard let rule = schema[keyword] else { continue }
      switch keyword {
      case "description": break
      case "minLength":
        if let text = value.string, Double(text.unicodeScalars.count) < rule.double ?? 0 {
          problems.append("\(place) is too short")
        }
      case "type":
        let allowed = rule.string.map { [$0] } ?? rule.elements.compactMap(\.string)
        let fits = allowed.contains(value.type) || (value.type == "integer" && allowed.contains("number"))
        if !fits { problems.append("\(place) is \(value.type), not \(allowed)") }
      case "enum":
        if !rule.elements.contains(value) { problems.append("\(place) is not in the enum") }
      case "required":
        for key in rule.elements.compactMap(\.string) where value[key] == nil {
          problems.append("\(place).\(key) is missing")
        }
      case "properties":
        for key in rule.keys {
          guard let inner = value[key], let schema = rule[key] else { continue }
          problems += check(inner, schema, "\(place).\(key)")
        }
      case "additionalProperties":
        for key in value.keys where schema["properties"]?[key] == nil {
          problems += check(value[key] ?? .null, rule, "\(place).\(key)")
        }
      case "items":
        for (index, element) in value.elements.enumerated() {
          problems += check(element, rule, "\(place)[\(index)]")
        }
      case "anyOf":
        if !rule.elements.contains(where: { check(value, $0, place).isEmpty }) {
          problems.append("\(place) fits none of anyOf")
        }
      default: problems.append("\(place): unknown keyword \(keyword)")
      }
    }
    return problems
  }
}
