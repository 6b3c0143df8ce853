/// Prints configurations: `config/default.yaml`, `print-config`.
public enum ConfigText {
  /// The YAML file holding `options`, every key with its sentence, unit and bounds as a comment.
  public static func yaml(_ options: Options) -> String {
    var text = """
      # hynous-data configuration. Every key with its default; a file may leave out what it does not change.
      # Any key can be overridden by the environment or a .env file: HYNOUS_SECTION_KEY=value.
      # A running daemon takes changes over at SIGHUP (systemctl reload), except those of keys marked [restart].

      """
    var section = ""
    for spec in Options.all {
      if spec.section != section {
        section = spec.section
        text += "\n\(section):\n"
      }
      text += "  # \(spec.sentence)\(bounds(spec))\(spec.change == .live ? "" : " [restart]")\n"
      text += "  \(spec.key): \(value(options.value(spec)))\n"
    }
    return text
  }

  /// ` (s, 1…86400)`, or nothing for flags and texts.
  static func bounds(_ spec: OptionSpec) -> String {
    let range: String
    switch spec.kind {
    case .flag, .text, .texts: return ""
    case .integer(_, let bounds): range = "\(bounds.lowerBound)…\(bounds.upperBound)"
    case .number(_, let bounds): range = "\(number(bounds.lowerBound))…\(number(bounds.upperBound))"
    case .integers(_, let each, let count):
      range = "\(count.lowerBound)…\(count.upperBound) values, each \(each.lowerBound)…\(each.upperBound)"
    }
    return spec.unit.isEmpty ? " (\(range))" : " (\(spec.unit), \(range))"
  }

  /// A value as YAML reads it back.
  public static func value(_ value: OptionValue) -> String {
    switch value {
    case .flag(let flag): flag ? "true" : "false"
    case .integer(let integer): String(integer)
    case .number(let double): number(double)
    case .text(let text): quoted(text)
    case .integers(let list): "[" + list.map(String.init).joined(separator: ", ") + "]"
    case .texts(let list): "[" + list.map(quoted).joined(separator: ", ") + "]"
    }
  }

  /// A number without a needless fraction; below 1e15 never with an exponent.
  static func number(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : "\(value)"
  }

  /// Plain where YAML reads plain text as exactly that text, else in double quotes.
  private static func quoted(_ text: String) -> String {
    let isPlain =
      text.utf8.first.map { (65...90).contains($0) || (97...122).contains($0) } == true
      && text.utf8.allSatisfy {
        (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0)
          || [45, 46, 47, 95].contains($0)
      } && !["true", "false", "yes", "no", "on", "off", "null", "y", "n"].contains(text.lowercased())
    if isPlain { return text }
    var escaped = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": escaped += "\\\""
      case "\\": escaped += "\\\\"
      case "\n": escaped += "\\n"
      case "\t": escaped += "\\t"
      default:
        if isRaw(scalar) {
          escaped.unicodeScalars.append(scalar)
        } else {
          let digits = String(scalar.value, radix: 16)
          escaped += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }
      }
    }
    return escaped + "\""
  }

  /// Whether YAML reads the character back when it stands for itself between quotes: others are refused by YAML or are
  /// ends of lines to it. All that are not lie below U+10000.
  private static func isRaw(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF: false
    default: true
    }
  }
}
