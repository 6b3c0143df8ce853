/// The configuration of a run: every declared option with its checked value.
public struct Options: Sendable {
  private var values: [String: OptionValue] = [:]
  /// What writes must carry as `Authorization: Bearer …`; nil when nothing is asked. From `HYNOUS_API_TOKEN` only: a
  /// secret does not belong into a file that is shown around.
  public var apiToken: String?
  /// The environment variable the token comes from.
  public static let tokenName = "HYNOUS_API_TOKEN"
  /// The longest token.
  public static let tokenBytesMax = 1_024

  /// All defaults.
  public init() {
    for spec in Options.all { values[spec.name] = spec.defaultValue }
  }

  /// The value of `option`.
  public subscript(option: Option<Bool>) -> Bool {
    guard case .flag(let value) = value(option.spec) else { preconditionFailure(option.spec.name) }
    return value
  }

  /// The value of `option`.
  public subscript(option: Option<Int>) -> Int {
    guard case .integer(let value) = value(option.spec) else { preconditionFailure(option.spec.name) }
    return value
  }

  /// The value of `option`.
  public subscript(option: Option<Double>) -> Double {
    guard case .number(let value) = value(option.spec) else { preconditionFailure(option.spec.name) }
    return value
  }

  /// The value of `option`.
  public subscript(option: Option<String>) -> String {
    guard case .text(let value) = value(option.spec) else { preconditionFailure(option.spec.name) }
    return value
  }

  /// The value of `option`.
  public subscript(option: Option<[Int]>) -> [Int] {
    guard case .integers(let value) = value(option.spec) else { preconditionFailure(option.spec.name) }
    return value
  }

  /// The value of `option`.
  public subscript(option: Option<[String]>) -> [String] {
    guard case .texts(let value) = value(option.spec) else { preconditionFailure(option.spec.name) }
    return value
  }

  /// The value under a declaration, whatever its type.
  public func value(_ spec: OptionSpec) -> OptionValue {
    guard let value = values[spec.name] else { preconditionFailure("undeclared option \(spec.name)") }
    return value
  }

  mutating func set(_ spec: OptionSpec, _ value: OptionValue) { values[spec.name] = value }

  /// Sets one option from text, checked like a line of the file; answers what is wrong with it.
  ///
  /// Used for the command line's own overrides and by tests; lists are comma-separated.
  public mutating func set(_ name: String, to text: String) -> String? {
    guard let spec = Options.all.first(where: { $0.name == name }) else { return "unknown key \(name)" }
    switch ConfigCheck.value(spec, .scalar(ConfigScalar(text: text, isQuoted: false))) {
    case .success(let value):
      set(spec, value)
      return nil
    case .failure(let problem):
      return problem.reason
    }
  }
}
