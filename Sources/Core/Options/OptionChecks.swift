/// Checks of single texts in the configuration: each answers what is wrong, or nil.
enum OptionChecks {
  static let name: @Sendable (String) -> String? = { $0.isEmpty ? "is empty" : nil }

  static let account: @Sendable (String) -> String? = { text in
    let digits = text.utf8.dropFirst(2)
    let isHex = digits.allSatisfy { (48...57).contains($0) || (97...102).contains($0 | 32) }
    return text.hasPrefix("0x") && digits.count == 40 && isHex
      ? nil : "is not an address (0x and 40 hex digits)"
  }

  static let origin: @Sendable (String) -> String? = { text in
    text == "*" || text.hasPrefix("http://") || text.hasPrefix("https://")
      ? nil : "is not an origin (http://… or https://…, or * for all)"
  }

  /// One of a few words.
  static func oneOf(_ words: [String]) -> @Sendable (String) -> String? {
    { words.contains($0) ? nil : "is none of \(words.joined(separator: ", "))" }
  }

  /// Whether a host is this machine by its very name: nobody else can reach what listens there.
  static func isLoopback(_ host: String) -> Bool {
    if host == "localhost" || host == "::1" { return true }
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
  }

  /// An exchange address: encrypted, or plain towards this machine only.
  static func address(_ text: String, secure: String, plain: String) -> String? {
    guard let endpoint = ExchangeAddress(text) else {
      return "is not an address like \(secure)://host[:port][/path]"
    }
    if endpoint.scheme == secure { return nil }
    guard endpoint.scheme == plain else { return "must begin with \(secure)://" }
    return endpoint.isLoopback ? nil : "uses \(plain):// towards \(endpoint.host), which is not this machine"
  }
}
