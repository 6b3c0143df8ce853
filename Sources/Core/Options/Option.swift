/// One key of the configuration: where it stands, what it means, its default and what it may be.
///
/// Declared once, in the file of its section; the file on disk (`config/default.yaml`), the checks at start,
/// the environment overrides and README's table all come from these values. Read through `Options`.
public struct Option<Value: Sendable>: Sendable {
  /// The erased declaration: everything but the Swift type.
  public let spec: OptionSpec

  init(_ spec: OptionSpec) { self.spec = spec }
}

/// What is known of an option besides its Swift type.
public struct OptionSpec: Sendable {
  /// The YAML section.
  public let section: String
  /// The key in the section.
  public let key: String
  /// The unit of a number; empty where there is none.
  public let unit: String
  /// One sentence for the person editing the file.
  public let sentence: String
  /// Type, default and bounds.
  public let kind: Kind
  /// When a changed value takes effect.
  public let change: Change

  /// When a changed value of an option takes effect.
  public enum Change: Sendable {
    /// At once, when a running daemon reads its configuration again.
    case live
    /// At the next start: what was built from it cannot be changed while it is used.
    case restart
  }

  /// The type of a value with its default and bounds.
  public enum Kind: Sendable {
    /// `true` or `false`.
    case flag(Bool)
    /// A whole number.
    case integer(Int, ClosedRange<Int>)
    /// Any finite number; integers are accepted.
    case number(Double, ClosedRange<Double>)
    /// Text; the check answers what is wrong with it, or nil.
    case text(String, @Sendable (String) -> String?)
    /// A list of whole numbers without repeats: default, bounds of each, bounds of the count.
    case integers([Int], ClosedRange<Int>, count: ClosedRange<Int>)
    /// A list of texts: default, check of each, bounds of the count.
    case texts([String], @Sendable (String) -> String?, count: ClosedRange<Int>)
  }

  /// `section.key`, as error messages name it.
  public var name: String { "\(section).\(key)" }

  /// The environment variable that overrides the file, `HYNOUS_SECTION_KEY`.
  public var environmentName: String { "HYNOUS_\(section)_\(key)".uppercased() }

  /// The default as a value.
  public var defaultValue: OptionValue {
    switch kind {
    case .flag(let value): .flag(value)
    case .integer(let value, _): .integer(value)
    case .number(let value, _): .number(value)
    case .text(let value, _): .text(value)
    case .integers(let value, _, _): .integers(value)
    case .texts(let value, _, _): .texts(value)
    }
  }
}

/// A checked value of an option.
public enum OptionValue: Hashable, Sendable {
  /// `true` or `false`.
  case flag(Bool)
  /// A whole number.
  case integer(Int)
  /// A finite number.
  case number(Double)
  /// Text.
  case text(String)
  /// Whole numbers.
  case integers([Int])
  /// Texts.
  case texts([String])
}

// What is not said to be live needs a restart, so that an option nobody wired up never pretends to have changed.

extension Option where Value == Bool {
  static func flag(
    _ section: String, _ key: String, _ value: Bool, change: OptionSpec.Change = .restart, _ sentence: String
  ) -> Option {
    Option(
      OptionSpec(
        section: section, key: key, unit: "", sentence: sentence, kind: .flag(value), change: change))
  }
}

extension Option where Value == Int {
  static func integer(
    _ section: String, _ key: String, _ value: Int, _ range: ClosedRange<Int>, unit: String,
    change: OptionSpec.Change = .restart, _ sentence: String
  ) -> Option {
    Option(
      OptionSpec(
        section: section, key: key, unit: unit, sentence: sentence, kind: .integer(value, range),
        change: change))
  }
}

extension Option where Value == Double {
  static func number(
    _ section: String, _ key: String, _ value: Double, _ range: ClosedRange<Double>, unit: String,
    change: OptionSpec.Change = .restart, _ sentence: String
  ) -> Option {
    Option(
      OptionSpec(
        section: section, key: key, unit: unit, sentence: sentence, kind: .number(value, range),
        change: change))
  }
}

extension Option where Value == String {
  static func text(
    _ section: String, _ key: String, _ value: String, change: OptionSpec.Change = .restart,
    _ sentence: String, check: @escaping @Sendable (String) -> String?
  ) -> Option {
    Option(
      OptionSpec(
        section: section, key: key, unit: "", sentence: sentence, kind: .text(value, check), change: change))
  }
}

extension Option where Value == [Int] {
  static func integers(
    _ section: String, _ key: String, _ value: [Int], _ each: ClosedRange<Int>, count: ClosedRange<Int>,
    unit: String, change: OptionSpec.Change = .restart, _ sentence: String
  ) -> Option {
    Option(
      OptionSpec(
        section: section, key: key, unit: unit, sentence: sentence,
        kind: .integers(value, each, count: count), change: change))
  }
}

extension Option where Value == [String] {
  static func texts(
    _ section: String, _ key: String, _ value: [String], count: ClosedRange<Int>,
    change: OptionSpec.Change = .restart, _ sentence: String, check: @escaping @Sendable (String) -> String?
  ) -> Option {
    Option(
      OptionSpec(
        section: section, key: key, unit: "", sentence: sentence, kind: .texts(value, check, count: count),
        change: change))
  }
}
