/// The JSON object of one request, held against its route's `BodySchema`.
///
/// One object per router, used again: texts are read out of it by the handler while the request is at hand.
/// A body that cannot be taken is refused by the router before the handler runs: not JSON, not an object, absent,
/// or a field of another type, in the words of the replaced service's framework.
/// Bounds: the body's; nothing is kept between requests but one buffer of at most `keptBytesMax`.
import Base
import Wire

final class RequestBody {
  /// Memory kept between requests.
  static let keptBytesMax = 8 * 1024

  /// What came in place of a JSON object.
  enum Failure: Equatable {
    /// Not UTF-8, or nested deeper than we read: 400.
    case unreadable
    /// Not JSON: 422 alone.
    case notJSON(StaticString, at: Int)
    /// No body, or `null`.
    case absent
    /// JSON, but no object; or a body that is not declared to be JSON, echoed as a text.
    case notAnObject(isText: Bool)

    static func == (a: Failure, b: Failure) -> Bool {
      switch (a, b) {
      case (.unreadable, .unreadable), (.absent, .absent): true
      case (.notJSON(let x, let i), .notJSON(let y, let j)): "\(x)" == "\(y)" && i == j
      case (.notAnObject(let x), .notAnObject(let y)): x == y
      default: false
      }
    }
  }

  /// What is wrong with a field's value.
  enum FieldProblem {
    case notText
    case notUnicode
    case notANumber
    case notANumberText
    case notFinite
    case notAnObject

    var words: (type: StaticString, message: StaticString) {
      switch self {
      case .notText: ("string_type", "Input should be a valid string")
      case .notUnicode:
        ("string_unicode", "Input should be a valid string, unable to parse raw data as a unicode string")
      case .notANumber: ("float_type", "Input should be a valid number")
      case .notANumberText:
        ("float_parsing", "Input should be a valid number, unable to parse string as a number")
      case .notFinite: ("finite_number", "Input should be a finite number")
      case .notAnObject: ("dict_type", "Input should be a valid dictionary")
      }
    }
  }

  /// The body, with the bytes behind it that readers may look at.
  private let bytes = ByteBuffer(capacity: 256)
  private let scratch = ByteBuffer(capacity: 64)
  private var root = 0
  private var schema: BodySchema?
  /// Where each field's value is, by the schema's order; -1 when it is absent.
  private var places: [Int] = []

  private var text: BodyText { BodyText(bytes.bytes) }

  // MARK: For handlers

  /// The text field `name`; `nil` when it is absent, `null`, or (a choice) of another type.
  func text(_ name: StaticString) -> String? {
    guard let at = place(name), text.kind(at) == .string else { return nil }
    let value = text.text(at: at)
    return String(decoding: value.bytes, as: UTF8.self)
  }

  /// The number field `name`; `nil` when it is absent or `null`.
  func number(_ name: StaticString) -> Double? {
    guard let at = place(name), text.kind(at) != .null, case .value(let value) = number(at) else {
      return nil
    }
    return value
  }

  /// The field `name`, coins and numbers in the client's order, without `null` values; of a repeated coin the
  /// last counts. NaN is kept: the replaced service counts it as recorded and stores nothing.
  func numbers(_ name: StaticString) -> [CoinReading] {
    guard let at = place(name), text.kind(at) == .object else { return [] }
    var coins: [String] = []
    var values: [Double?] = []
    var index: [String: Int] = [:]
    forEachCoin(of: at) { coin, place in
      var value: Double? = text.kind(place) == .nan ? .nan : nil
      if case .value(let number) = number(place) { value = number }
      if let known = index[coin] {
        values[known] = value
      } else {
        index[coin] = coins.count
        coins.append(coin)
        values.append(value)
      }
    }
    return zip(coins, values).compactMap { coin, value in value.map { CoinReading(coin: coin, value: $0) } }
  }

  /// Whether the field `name` is there, be it as `null`.
  func has(_ name: StaticString) -> Bool { place(name) != nil }

  /// Whether the field `name` is there as `null`.
  func isNull(_ name: StaticString) -> Bool { place(name).map { text.kind($0) == .null } ?? false }

  private func place(_ name: StaticString) -> Int? {
    guard let schema else { return nil }
    let wanted = "\(name)"
    for index in schema.fields.indices where schema.fields[index].name == wanted {
      return places[index] >= 0 ? places[index] : nil
    }
    preconditionFailure("\(wanted) is no field of \(schema.name)")
  }

  // MARK: For the router

  /// Takes a request's body; `contentType` is its header. `nil` when it is a JSON object, whose fields are then
  /// to be checked with `writeProblems`.
  func take(
    _ body: UnsafeRawBufferPointer, contentType: UnsafeRawBufferPointer?, _ schema: BodySchema
  ) -> Failure? {
    self.schema = schema
    places = Array(repeating: -1, count: schema.fields.count)
    bytes.removeAll()
    bytes.trim(to: RequestBody.keptBytesMax)
    bytes.append(body)
    guard !body.isEmpty else { return .absent }
    guard let contentType, RequestBody.isJSON(contentType) else { return .notAnObject(isText: true) }
    guard UTF8Text.isValid(bytes.bytes) else { return .unreadable }
    if bytes.bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
    do throws(BodyText.Problem) {
      root = try text.scan()
    } catch {
      switch error {
      case .syntax(let expected, let at): return .notJSON(expected, at: at)
      case .tooMuch: return .unreadable
      }
    }
    switch text.kind(root) {
    case .object: findFields(schema)
    case .null: return .absent
    default: return .notAnObject(isText: false)
    }
    return nil
  }

  private func findFields(_ schema: BodySchema) {
    text.forEachMember(of: root) { key, value in
      scratch.removeAll()
      text.appendString(key, to: scratch)
      for index in schema.fields.indices where schema.fields[index].name.utf8.elementsEqual(scratch.bytes) {
        places[index] = value
      }
    }
  }

  /// Writes the elements of `detail` that `failure` gets.
  func write(_ failure: Failure, _ json: inout JSONWriter) {
    json.beginObject()
    switch failure {
    case .notJSON(let expected, let at):
      json.pair("type", "json_invalid")
      json.key("loc")
      json.beginArray()
      json.string("body")
      json.int(at)
      json.endArray()
      json.pair("msg", "JSON decode error")
      json.key("input")
      json.beginObject()
      json.endObject()
      json.key("ctx")
      json.beginObject()
      // May hold a backslash, so it is written as a text that needs escaping.
      json.pair("error", "\(expected)")
      json.endObject()
    case .absent, .unreadable: writeProblem(type: "missing", "Field required", [], &json) { $0.null() }
    case .notAnObject(let isText):
      writeProblem(type: "dict_type", "Input should be a valid dictionary", [], &json) { json in
        if isText { json.string(bytes.bytes) } else { text.echo(root, &json) }
      }
    }
    json.endObject()
  }

  /// Calls `element` for every field of another type than declared, in the schema's order; it gets a function
  /// that writes the error as one element of `detail`.
  func forEachProblem(_ element: ((inout JSONWriter) -> Void) -> Void) {
    guard let schema else { return }
    for index in schema.fields.indices where places[index] >= 0 {
      let field = schema.fields[index]
      let at = places[index]
      if let problem = problem(field.kind, at) {
        element { self.write(problem, [field.name], at, &$0) }
      }
      guard case .numbers = field.kind, text.kind(at) == .object else { continue }
      forEachCoin(of: at) { coin, value in
        if case .problem(let problem) = number(value), text.kind(value) != .nan {
          element { self.write(problem, [field.name, coin], value, &$0) }
        }
      }
    }
  }

  private func forEachCoin(of at: Int, _ body: (_ coin: String, _ value: Int) -> Void) {
    text.forEachMember(of: at) { key, value in
      let coin = text.text(at: key)
      body(String(decoding: coin.bytes, as: UTF8.self), value)
    }
  }

  private func write(_ problem: FieldProblem, _ path: [String], _ at: Int, _ json: inout JSONWriter) {
    json.beginObject()
    writeProblem(type: problem.words.type, problem.words.message, path, &json) { text.echo(at, &$0) }
    json.endObject()
  }

  private func writeProblem(
    type: StaticString, _ message: StaticString, _ path: [String], _ json: inout JSONWriter,
    input: (inout JSONWriter) -> Void
  ) {
    json.key("type")
    json.string(type)
    json.key("loc")
    json.beginArray()
    json.string("body")
    for name in path { json.string(name) }
    json.endArray()
    json.key("msg")
    json.string(message)
    json.key("input")
    input(&json)
  }

  // MARK: Values

  private func problem(_ kind: BodySchema.Kind, _ at: Int) -> FieldProblem? {
    let value = text.kind(at)
    guard value != .null else { return nil }
    switch kind {
    case .choice: return nil
    case .text:
      guard value == .string else { return .notText }
      scratch.removeAll()
      return text.appendString(at, to: scratch) ? nil : .notUnicode
    case .number:
      if case .problem(let problem) = number(at) { return problem }
      return nil
    case .numbers: return value == .object ? nil : .notAnObject
    }
  }

  private enum Number {
    case value(Double)
    case none
    case problem(FieldProblem)
  }

  /// The number at `at`, taken as liberally as there: numbers, texts that are numbers, booleans.
  private func number(_ at: Int) -> Number {
    let value: Double
    switch text.kind(at) {
    case .whole, .fraction: value = text.double(at)
    case .flag(let flag): value = flag ? 1 : 0
    case .string:
      let string = text.text(at: at)
      guard let parsed = ParameterText.number(string.bytes) else { return .problem(.notANumberText) }
      value = parsed
    case .nan: value = .nan
    case .infinity: value = .infinity
    case .null: return .none
    case .object, .array: return .problem(.notANumber)
    }
    return value.isFinite ? .value(value) : .problem(.notFinite)
  }

  /// Whether a body of this `content-type` is JSON: `application/json` or `application/…+json`, whatever its
  /// parameters.
  static func isJSON(_ header: UnsafeRawBufferPointer) -> Bool {
    let end = header.firstIndex(of: UInt8(ascii: ";")) ?? header.count
    let type = String(decoding: header[..<end], as: UTF8.self).lowercased()
    let bare = type.split(whereSeparator: { $0 == " " || $0 == "\t" })
    guard bare.count == 1, bare[0].hasPrefix("application/") else { return false }
    return bare[0] == "application/json" || bare[0].hasSuffix("+json")
  }
}
