/// The list of parameter errors of one request: `{"detail":[…]}` with status 422, in the words of the
/// replaced service's framework, which deployed clients have seen.
import Base
import Wire

enum Refusal {
  /// Writes one element of `detail`.
  static func write(
    _ parameter: Parameter, _ problem: ParameterProblem, input: UnsafeRawBufferPointer,
    _ json: inout JSONWriter
  ) {
    json.beginObject()
    json.pair("type", problem.type)
    json.key("loc")
    json.beginArray()
    json.string(parameter.place == .path ? "path" : "query")
    json.string(parameter.name)
    json.endArray()
    json.pair("msg", problem.message)
    json.key("input")
    json.string(input)
    if let (name, bound) = problem.bound {
      json.key("ctx")
      json.beginObject()
      json.key(name)
      switch bound {
      case .integer(let value): json.int(value)
      case .number(let value): json.double(value)
      }
      json.endObject()
    }
    json.endObject()
  }
}

/// Why a value was not taken.
enum ParameterProblem: Equatable {
  enum Bound: Equatable {
    case integer(Int64)
    case number(Double)

    /// As messages show it: whole numbers without a fraction.
    var text: String {
      switch self {
      case .integer(let value): "\(value)"
      case .number(let value): Int64(exactly: value).map { "\($0)" } ?? "\(value)"
      }
    }
  }

  case notAnInteger
  case integerTooLong
  case notANumber
  case notFinite
  case notAFlag
  case below(Bound)
  case above(Bound)

  var type: String {
    switch self {
    case .notAnInteger: "int_parsing"
    case .integerTooLong: "int_parsing_size"
    case .notANumber: "float_parsing"
    case .notFinite: "finite_number"
    case .notAFlag: "bool_parsing"
    case .below: "greater_than_equal"
    case .above: "less_than_equal"
    }
  }

  var message: String {
    switch self {
    case .notAnInteger: "Input should be a valid integer, unable to parse string as an integer"
    case .integerTooLong: "Unable to parse input string as an integer, exceeded maximum size"
    case .notANumber: "Input should be a valid number, unable to parse string as a number"
    case .notFinite: "Input should be a finite number"
    case .notAFlag: "Input should be a valid boolean, unable to interpret input"
    case .below(let bound): "Input should be greater than or equal to \(bound.text)"
    case .above(let bound): "Input should be less than or equal to \(bound.text)"
    }
  }

  /// The `ctx` of the error: its key and the bound.
  var bound: (StaticString, Bound)? {
    switch self {
    case .below(let bound): ("ge", bound)
    case .above(let bound): ("le", bound)
    default: nil
    }
  }
}

extension Parameter.Kind {
  /// What the parameter is when the client does not send it.
  var initialValue: ParameterValue {
    var value = ParameterValue()
    switch self {
    case .integer(let initial, _, _): value.integer = initial
    case .number(let initial, _, _): value.number = initial
    case .flag(let initial): value.flag = initial
    case .text(let initial):
      value.text = UnsafeRawBufferPointer(start: initial.utf8Start, count: initial.utf8CodeUnitCount)
    }
    return value
  }

  /// Takes `text` as the parameter's value, or says why not.
  func parse(_ text: UnsafeRawBufferPointer, into value: inout ParameterValue) -> ParameterProblem? {
    switch self {
    case .integer(_, let least, let most):
      switch ParameterText.integer(text) {
      case .notAnInteger: return .notAnInteger
      case .tooLong: return .integerTooLong
      case .value(let parsed): value.integer = parsed
      }
      if let most, value.integer > most { return .above(.integer(most)) }
      if let least, value.integer < least { return .below(.integer(least)) }
    case .number(_, let least, let most):
      guard let parsed = ParameterText.number(text) else { return .notANumber }
      value.number = parsed
      if let most, parsed > most { return .above(.number(most)) }
      if let least, parsed < least { return .below(.number(least)) }
      if !parsed.isFinite { return .notFinite }
    case .flag:
      guard let parsed = ParameterText.flag(text) else { return .notAFlag }
      value.flag = parsed
    case .text:
      value.text = text
    }
    return nil
  }
}
