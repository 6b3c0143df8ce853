import Core
import Glibc
import Reactor

/// Reads a configuration from disk: the YAML file, the `.env` beside it, the environment.
///
/// Precedence, weakest first: defaults, the file, `.env` in the file's folder or else its parent, the process's
/// environment. Nothing is guessed: whatever is not understood is reported with its place.
enum ConfigFile {
  /// Files larger than this are refused: no configuration is.
  static let fileBytesMax = 1 << 20

  /// The checked options, or everything that is wrong.
  static func load(path: String, environment: [String: String]) -> (
    options: Options, problems: [ConfigProblem]
  ) {
    var problems: [ConfigProblem] = []
    var entries: [ConfigEntry] = []
    var token: String?
    if let text = text(of: path, isRequired: true, &problems) {
      YAMLFile.read(text, path, &entries, &problems)
    }
    for candidate in dotEnvCandidates(path) {
      guard let text = text(of: candidate, isRequired: false, &problems) else { continue }
      dotEnv(text, candidate, &entries, &token, &problems)
      break
    }
    if let set = environment[Options.tokenName] { token = set }
    for spec in Options.all {
      guard let value = environment[spec.environmentName] else { continue }
      entries.append(override(spec, value, place: "environment \(spec.environmentName)"))
    }
    let (options, found) = Options.load(entries, apiToken: token)
    return (options, problems + found)
  }

  /// The `.env` that `load` reads for the configuration at `path`.
  static func dotEnvPath(_ path: String) -> String? {
    dotEnvCandidates(path).first { access($0, F_OK) == 0 }
  }

  /// The file's text; nil when there is none to read.
  private static func text(of path: String, isRequired: Bool, _ problems: inout [ConfigProblem]) -> String? {
    do throws(Files.Failure) {
      let bytes = try Files.read(path, bytesMax: fileBytesMax)
      if let text = String(validating: bytes, as: UTF8.self) { return text }
      problems.append(ConfigProblem(place: path, reason: "is not UTF-8 text"))
    } catch {
      if isRequired || !error.isMissing { problems.append(ConfigProblem(place: path, reason: "\(error)")) }
    }
    return nil
  }

  private static func override(_ spec: OptionSpec, _ text: String, place: String) -> ConfigEntry {
    ConfigEntry(
      section: spec.section, key: spec.key, value: .scalar(ConfigScalar(text: text, isQuoted: false)),
      place: place)
  }

  private static func dotEnvCandidates(_ path: String) -> [String] {
    guard let slash = path.lastIndex(of: "/") else { return [".env", "../.env"] }
    let folder = path[...slash]
    return ["\(folder).env", "\(folder)../.env"]
  }

  // MARK: .env

  /// `NAME=value` lines, `#` comments, optional `export`, values optionally in quotes.
  private static func dotEnv(
    _ text: String, _ path: String, _ entries: inout [ConfigEntry], _ token: inout String?,
    _ problems: inout [ConfigProblem]
  ) {
    for (index, raw) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let place = "\(path):\(index + 1)"
      var line = trimmed(raw)
      if line.isEmpty || line.hasPrefix("#") { continue }
      if line.hasPrefix("export ") { line = trimmed(line.dropFirst(7)) }
      guard let equals = line.firstIndex(of: "=") else {
        problems.append(ConfigProblem(place: place, reason: "is not NAME=value"))
        continue
      }
      let name = String(trimmed(line[..<equals]))
      guard name.hasPrefix("HYNOUS_") else { continue }
      let value = String(unquoted(trimmed(line[line.index(after: equals)...])))
      if name == Options.tokenName {
        token = value
        continue
      }
      guard let spec = Options.all.first(where: { $0.environmentName == name }) else {
        problems.append(ConfigProblem(place: place, reason: "unknown setting \(name)"))
        continue
      }
      entries.append(override(spec, value, place: place))
    }
  }

  private static func trimmed(_ text: Substring) -> Substring {
    var text = text
    while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
    while let last = text.last, last == " " || last == "\t" || last == "\r" { text.removeLast() }
    return text
  }

  private static func unquoted(_ text: Substring) -> Substring {
    guard text.count >= 2, let first = text.first, first == text.last, first == "\"" || first == "'" else {
      return text
    }
    return text.dropFirst().dropLast()
  }
}
