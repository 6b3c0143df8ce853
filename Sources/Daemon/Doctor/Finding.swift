/// What one check of the doctor found, as a line for people or an object for programs.
struct Finding {
  /// How bad it is.
  enum Status: String {
    /// As it should be.
    case ok
    /// It works, but somebody may want to look.
    case warn
    /// It does not work.
    case fail
  }

  var check: String
  var status: Status
  var text: String
  /// What to do about it; empty where nothing is to be done.
  var remedy = ""

  static func ok(_ check: String, _ text: String) -> Finding {
    Finding(check: check, status: .ok, text: text)
  }
  static func warn(_ check: String, _ text: String, _ remedy: String) -> Finding {
    Finding(check: check, status: .warn, text: text, remedy: remedy)
  }
  static func fail(_ check: String, _ text: String, _ remedy: String) -> Finding {
    Finding(check: check, status: .fail, text: text, remedy: remedy)
  }

  /// `ok    clock       synchronised`, with the remedy behind an arrow.
  var line: String {
    let pad = { (text: String, width: Int) in text + String(repeating: " ", count: max(1, width - text.count))
    }
    // SQLite's words for damage are several lines.
    let said = String(text.map { $0.isNewline ? " " : $0 })
    return pad(status.rawValue, 6) + pad(check, 12) + said + (remedy.isEmpty ? "" : " → \(remedy)")
  }

  /// The same as JSON.
  var json: String {
    var fields = [("check", check), ("status", status.rawValue), ("text", text)]
    if !remedy.isEmpty { fields.append(("remedy", remedy)) }
    return "{" + fields.map { "\"\($0.0)\":\(Finding.quoted($0.1))" }.joined(separator: ",") + "}"
  }

  static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case _ where scalar.value < 32: quoted += " "
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }

  /// `1.5 GiB`, `12 MiB`, `800 KiB`.
  static func size(_ bytes: Int64) -> String {
    if bytes >= 1 << 30 { return "\((Double(bytes) / 107_374_182.4).rounded() / 10) GiB" }
    return bytes >= 1 << 20 ? "\(bytes >> 20) MiB" : "\((bytes + 1023) >> 10) KiB"
  }
}
