import Base
import Core

extension FuzzTarget {
  /// Lines as what files, `.env` files, the environment and overrides say → options: every problem names its place
  /// and its key, what is taken lies within the declared bounds, and what is printed reads back as the same options.
  ///
  /// A line is `section.key` and a node: `=text`, `"text` (quoted), `[a,b` (a list), `~` (nothing), `{` (a mapping);
  /// `section` alone is an empty section; `$text` is the token, `!name=text` an override, `NAME=text` a variable.
  public static let config = FuzzTarget("config") { bytes in
    var script = ConfigScript()
    let text = String(decoding: bytes, as: UTF8.self)
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      script.read(line, place: "fuzz:\(index + 1)")
    }
    script.check()
  }
}

private struct ConfigScript {
  private var entries: [ConfigEntry] = []
  private var overrides: [(name: String, text: String)] = []
  private var token: String?

  mutating func read(_ line: Substring, place: String) {
    let name = line.prefix { !"=\"[~{".contains($0) }
    let rest = line.dropFirst(name.count)
    if line.hasPrefix("$") { return token = String(line.dropFirst()) }
    if line.hasPrefix("!") {
      return overrides.append((String(name.dropFirst()), String(rest.dropFirst())))
    }
    if name.hasPrefix("HYNOUS_"), let spec = Options.all.first(where: { $0.environmentName == name }) {
      return add(spec.section, spec.key, .scalar(scalar(rest.dropFirst())), place)
    }
    let dot = name.firstIndex(of: ".")
    let section = String(name[..<(dot ?? name.endIndex)])
    let key = dot.map { String(name[name.index(after: $0)...]) }
    add(section, key, node(rest), place)
  }

  private func node(_ text: Substring) -> ConfigNode {
    switch text.first {
    case "=": .scalar(scalar(text.dropFirst()))
    case "\"": .scalar(scalar(text.dropFirst(), isQuoted: true))
    case "[":
      .list(text.dropFirst().split(separator: ",", omittingEmptySubsequences: false).map { scalar($0) })
    case "{": .other
    default: .null
    }
  }

  private func scalar(_ text: Substring, isQuoted: Bool = false) -> ConfigScalar {
    ConfigScalar(text: String(text), isQuoted: isQuoted)
  }

  private mutating func add(_ section: String, _ key: String?, _ value: ConfigNode, _ place: String) {
    entries.append(ConfigEntry(section: section, key: key, value: value, place: place))
  }

  func check() {
    var (options, problems) = Options.load(entries, apiToken: token)
    for problem in problems { check(problem) }
    ConfigScript.checkBounds(options)
    for (name, text) in overrides {
      let before = options
      let isKnown = Options.all.contains { $0.name == name }
      if let reason = options.set(name, to: text) {
        precondition(
          !reason.isEmpty && ConfigScript.isSame(options, before), "a refused override changed something")
      } else {
        precondition(isKnown, "an override of nothing")
      }
    }
    ConfigScript.checkBounds(options)
    ConfigScript.checkPrinted(options)
    precondition(Options.load(entries, apiToken: token).problems == problems, "two answers to the same lines")
  }

  /// What a person needs to mend it: where, and which key.
  private func check(_ problem: ConfigProblem) {
    precondition(!problem.reason.isEmpty && !problem.place.isEmpty, "a problem without words")
    if problem.place == Options.tokenName { return precondition(token != nil) }
    guard let entry = entries.first(where: { $0.place == problem.place }) else {
      // What several keys say together stands under their section's name and tells the keys.
      precondition(Options.all.contains { $0.section == problem.place }, "a place that is none")
      return precondition(
        Options.all.contains { $0.section == problem.place && problem.reason.contains($0.key) },
        "no key named")
    }
    // A key of a section that is none is told by the section.
    let isSection = entry.key == nil || !Options.all.contains { $0.section == entry.section }
    let name = isSection ? entry.section : "\(entry.section).\(entry.key ?? "")"
    precondition(problem.reason.utf8.count > name.utf8.count && problem.reason.contains(name), "no key named")
  }

  private static func isSame(_ a: Options, _ b: Options) -> Bool {
    Options.all.allSatisfy { a.value($0) == b.value($0) }
  }

  private static func checkBounds(_ options: Options) {
    for spec in Options.all {
      switch (spec.kind, options.value(spec)) {
      case (.flag, .flag): break
      case (.integer(_, let range), .integer(let value)): precondition(range.contains(value), spec.name)
      case (.number(_, let range), .number(let value)): precondition(range.contains(value), spec.name)
      case (.text(_, let check), .text(let value)): precondition(check(value) == nil, spec.name)
      case (.integers(_, let each, let count), .integers(let values)):
        precondition(count.contains(values.count) && Set(values).count == values.count, spec.name)
        precondition(values.allSatisfy(each.contains), spec.name)
      case (.texts(_, let check, let count), .texts(let values)):
        precondition(count.contains(values.count) && Set(values).count == values.count, spec.name)
        precondition(values.allSatisfy { check($0) == nil }, spec.name)
      default: preconditionFailure("\(spec.name) is of another type")
      }
    }
  }

  /// The printed file holds every key once, and its plain values set anew are the same values.
  private static func checkPrinted(_ options: Options) {
    var again = Options()
    var section = ""
    var seen = 0
    for line in ConfigText.yaml(options).split(separator: "\n")
    where !line.drop(while: { $0 == " " }).hasPrefix("#") {
      guard line.hasPrefix("  ") else {
        section = String(line.dropLast())
        continue
      }
      let key = line.dropFirst(2).prefix { $0 != ":" }
      seen += 1
      guard let spec = Options.all.first(where: { $0.section == section && $0.key == key }) else {
        preconditionFailure("prints a key that is none")
      }
      let value = String(line.dropFirst(2 + key.count + 2))
      precondition(!value.isEmpty, "prints a key without a value")
      switch options.value(spec) {
      case .flag, .integer, .number:
        precondition(
          again.set(spec.name, to: value) == nil && again.value(spec) == options.value(spec), spec.name)
      default: break
      }
    }
    precondition(seen == Options.all.count, "not every key is printed")
  }
}
