import Core
import FuzzTargets

extension FuzzTarget {
  /// Any bytes as a YAML file → options: every problem names the file and, but for the file as a whole, a line of it;
  /// and the options printed as YAML read back as the same.
  static let configFile = FuzzTarget("config-file") { bytes in
    // As the main program does: what is not UTF-8 is refused before YAML is read.
    guard let text = String(validating: bytes, as: UTF8.self) else { return }
    let (options, problems) = load(text)
    let lines = text.unicodeScalars.count { ["\n", "\r", "\u{85}", "\u{2028}", "\u{2029}"].contains($0) } + 1
    let sections = Set(Options.all.map(\.section))
    for problem in problems {
      precondition(!problem.reason.isEmpty, "a problem without words")
      if sections.contains(problem.place) { continue }
      precondition(problem.place.hasPrefix("fuzz.yaml"), "a problem without a place")
      guard problem.place != "fuzz.yaml" else { continue }
      let line = Int(problem.place.dropFirst("fuzz.yaml:".count)) ?? 0
      precondition((1...(lines + 1)).contains(line), "a line outside the file")
    }
    let (again, faults) = load(ConfigText.yaml(options))
    // What contradicts itself still does; nothing else may be wrong with what we print.
    precondition(faults.allSatisfy { sections.contains($0.place) }, "what is printed is not read: \(faults)")
    precondition(
      Options.all.allSatisfy { again.value($0) == options.value($0) }, "what is printed reads differently")
  }

  private static func load(_ text: String) -> (options: Options, problems: [ConfigProblem]) {
    var entries: [ConfigEntry] = []
    var problems: [ConfigProblem] = []
    YAMLFile.read(text, "fuzz.yaml", &entries, &problems)
    let (options, found) = Options.load(entries)
    return (options, problems + found)
  }
}
