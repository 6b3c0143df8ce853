/// A configuration as it lies in a file, before anything is known about its keys.
///
/// The file format (YAML) is read by the main program; here only lines, keys and scalars are left, so that the
/// checks are the same for a file, a `.env` line and the command line, and can be fuzzed without a parser.
public struct ConfigEntry: Sendable {
  /// The section's name.
  public var section: String
  /// The key in the section; nil for a section standing alone.
  public var key: String?
  /// What is written there.
  public var value: ConfigNode
  /// Where, for messages: `config/default.yaml:12` or `.env:3` or `environment`.
  public var place: String

  /// An entry found at `place`.
  public init(section: String, key: String?, value: ConfigNode, place: String) {
    self.section = section
    self.key = key
    self.value = value
    self.place = place
  }
}

/// One written scalar.
public struct ConfigScalar: Sendable {
  /// The text without quotes.
  public var text: String
  /// Whether it was quoted, so that it can only be text.
  public var isQuoted: Bool

  /// A scalar.
  public init(text: String, isQuoted: Bool) {
    self.text = text
    self.isQuoted = isQuoted
  }
}

/// What stands behind a key.
public enum ConfigNode: Sendable {
  /// Nothing, `~` or `null`.
  case null
  /// A scalar.
  case scalar(ConfigScalar)
  /// A list of scalars.
  case list([ConfigScalar])
  /// Something deeper than any option is.
  case other
}

/// Something wrong with the configuration, said so that a person can mend it.
public struct ConfigProblem: Error, Hashable, Sendable, CustomStringConvertible {
  /// File and line, `.env` line or `environment`.
  public let place: String
  /// What is wrong.
  public let reason: String

  /// A problem at `place`.
  public init(place: String, reason: String) {
    self.place = place
    self.reason = reason
  }

  /// `config/default.yaml:12: server.port: 99999 is not within 0…65535`
  public var description: String { "\(place): \(reason)" }
}

/// Why one value does not fit its option.
struct ValueProblem: Error { let reason: String }

extension Options {
  /// Checks every entry and takes the good ones; later entries override earlier ones.
  ///
  /// Never stops at the first problem: a person mending a file wants them all.
  public static func load(
    _ entries: [ConfigEntry], apiToken: String? = nil
  ) -> (options: Options, problems: [ConfigProblem]) {
    var options = Options()
    var problems: [ConfigProblem] = []
    if let apiToken, !apiToken.isEmpty {
      options.apiToken = apiToken
      // It travels in a header line.
      if apiToken.utf8.count > Options.tokenBytesMax || !apiToken.utf8.allSatisfy({ (33...126).contains($0) })
      {
        problems.append(
          ConfigProblem(
            place: Options.tokenName,
            reason: "must be at most \(Options.tokenBytesMax) printable ASCII characters without blanks"))
      }
    }
    for entry in entries {
      guard let spec = Options.spec(entry, &problems) else { continue }
      switch ConfigCheck.value(spec, entry.value) {
      case .success(let value): options.set(spec, value)
      case .failure(let problem):
        problems.append(ConfigProblem(place: entry.place, reason: "\(spec.name): \(problem.reason)"))
      }
    }
    if problems.isEmpty { problems = options.contradictions() }
    return (options, problems)
  }

  /// The declaration an entry means; a section standing empty is fine and means none.
  private static func spec(_ entry: ConfigEntry, _ problems: inout [ConfigProblem]) -> OptionSpec? {
    let sections = Options.all.map(\.section)
    guard sections.contains(entry.section) else {
      let hint = ConfigCheck.nearest(entry.section, sections)
      problems.append(
        ConfigProblem(
          place: entry.place, reason: "unknown section \(entry.section); the nearest known one is \(hint)"))
      return nil
    }
    guard let key = entry.key else {
      if case .null = entry.value { return nil }
      problems.append(
        ConfigProblem(place: entry.place, reason: "section \(entry.section) must hold `key: value` lines"))
      return nil
    }
    if let spec = Options.all.first(where: { $0.section == entry.section && $0.key == key }) { return spec }
    let hint = ConfigCheck.nearest("\(entry.section).\(key)", Options.all.map(\.name))
    problems.append(
      ConfigProblem(
        place: entry.place, reason: "unknown key \(entry.section).\(key); the nearest known one is \(hint)"))
    return nil
  }

  /// What single checks cannot see: values that do not go together.
  public func contradictions() -> [ConfigProblem] {
    var problems: [ConfigProblem] = []
    if apiToken == nil, !OptionChecks.isLoopback(self[.serverHost]) {
      problems.append(
        ConfigProblem(
          place: "server",
          reason: "host \(self[.serverHost]) can be reached by others: set \(Options.tokenName) in the "
            + "environment or .env, or listen on 127.0.0.1"))
    }
    if apiToken == nil, self[.protectReads] {
      problems.append(
        ConfigProblem(place: "server", reason: "protect_reads needs \(Options.tokenName) to be set"))
    }
    if self[.midThreshold] > self[.whaleThreshold] {
      problems.append(
        ConfigProblem(
          place: "position_poller",
          reason: "mid_threshold is above whale_threshold: no account could be tier 2"))
    }
    return problems
  }
}

/// Turns written scalars into checked values.
enum ConfigCheck {
  static func value(_ spec: OptionSpec, _ node: ConfigNode) -> Result<OptionValue, ValueProblem> {
    do throws(ValueProblem) { return .success(try checked(spec, node)) } catch { return .failure(error) }
  }

  private static func checked(_ spec: OptionSpec, _ node: ConfigNode) throws(ValueProblem) -> OptionValue {
    switch spec.kind {
    case .flag: return .flag(try flag(try scalar(node)))
    case .integer(_, let range): return .integer(try integer(try scalar(node), range))
    case .number(_, let range): return .number(try number(try scalar(node), range))
    case .text(_, let check):
      let text = try scalar(node).text
      if let wrong = check(text) { throw ValueProblem(reason: "\"\(text)\" \(wrong)") }
      return .text(text)
    case .integers(_, let each, let count):
      var values: [Int] = []
      for item in try list(node, count) {
        let value = try integer(item, each)
        if values.contains(value) { throw ValueProblem(reason: "\(value) stands twice") }
        values.append(value)
      }
      return .integers(values)
    case .texts(_, let check, let count):
      var values: [String] = []
      for item in try list(node, count) {
        if let wrong = check(item.text) { throw ValueProblem(reason: "\"\(item.text)\" \(wrong)") }
        if values.contains(item.text) { throw ValueProblem(reason: "\"\(item.text)\" stands twice") }
        values.append(item.text)
      }
      return .texts(values)
    }
  }

  private static func scalar(_ node: ConfigNode) throws(ValueProblem) -> ConfigScalar {
    switch node {
    case .scalar(let scalar): return scalar
    case .null: throw ValueProblem(reason: "has no value")
    case .list: throw ValueProblem(reason: "is a list where one value is expected")
    case .other: throw ValueProblem(reason: "is a mapping where one value is expected")
    }
  }

  private static func list(
    _ node: ConfigNode, _ count: ClosedRange<Int>
  ) throws(ValueProblem) -> [ConfigScalar] {
    let items: [ConfigScalar]
    switch node {
    case .list(let values): items = values
    case .scalar(let one): items = one.text.isEmpty ? [] : commaSeparated(one.text)
    case .null: items = []
    case .other: throw ValueProblem(reason: "is a mapping where a list is expected")
    }
    guard count.contains(items.count) else {
      throw ValueProblem(
        reason: "has \(items.count) entries; \(count.lowerBound)…\(count.upperBound) are allowed")
    }
    return items
  }

  private static func commaSeparated(_ text: String) -> [ConfigScalar] {
    text.split(separator: ",").map { part in
      ConfigScalar(text: String(trimmed(part)), isQuoted: false)
    }
  }

  private static func trimmed(_ text: Substring) -> Substring {
    var text = text
    while text.first == " " { text.removeFirst() }
    while text.last == " " { text.removeLast() }
    return text
  }

  private static func flag(_ scalar: ConfigScalar) throws(ValueProblem) -> Bool {
    switch scalar.isQuoted ? "" : scalar.text.lowercased() {
    case "true", "yes", "on": return true
    case "false", "no", "off": return false
    default: throw ValueProblem(reason: "\(shown(scalar)) is neither true nor false")
    }
  }

  private static func integer(
    _ scalar: ConfigScalar, _ range: ClosedRange<Int>
  ) throws(ValueProblem) -> Int {
    guard !scalar.isQuoted, let value = Int(digits(scalar.text)) else {
      throw ValueProblem(reason: "\(shown(scalar)) is not a whole number")
    }
    guard range.contains(value) else {
      throw ValueProblem(reason: "\(value) is not within \(range.lowerBound)…\(range.upperBound)")
    }
    return value
  }

  private static func number(
    _ scalar: ConfigScalar, _ range: ClosedRange<Double>
  ) throws(ValueProblem) -> Double {
    guard !scalar.isQuoted, let value = Double(digits(scalar.text)), value.isFinite else {
      throw ValueProblem(reason: "\(shown(scalar)) is not a number")
    }
    guard range.contains(value) else {
      let bounds = "\(ConfigText.number(range.lowerBound))…\(ConfigText.number(range.upperBound))"
      throw ValueProblem(reason: "\(ConfigText.number(value)) is not within \(bounds)")
    }
    return value
  }

  /// YAML lets people write 1_000_000.
  private static func digits(_ text: String) -> String { text.filter { $0 != "_" } }

  private static func shown(_ scalar: ConfigScalar) -> String {
    scalar.isQuoted ? "the text \"\(scalar.text)\"" : "\"\(scalar.text)\""
  }

  /// The candidate with the fewest edits (Levenshtein); the first of equals.
  static func nearest(_ word: String, _ candidates: [String]) -> String {
    var best = (distance: Int.max, word: "")
    let wanted = Array(word.utf8.prefix(128))
    for candidate in candidates {
      let distance = edits(wanted, Array(candidate.utf8))
      if distance < best.distance { best = (distance, candidate) }
    }
    return best.word
  }

  private static func edits(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var row = Array(0...b.count)
    for (i, x) in a.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, y) in b.enumerated() {
        let replaced = diagonal + (x == y ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(replaced, row[j] + 1, row[j + 1] + 1)
      }
    }
    return row[b.count]
  }
}
