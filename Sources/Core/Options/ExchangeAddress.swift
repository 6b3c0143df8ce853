/// An exchange address taken apart: `scheme://host[:port][/path]`.
public struct ExchangeAddress: Hashable, Sendable {
  /// `https`, `http`, `wss` or `ws`.
  public let scheme: String
  /// Host name or IP address; an IPv6 address without its brackets.
  public let host: String
  /// The port written, or the scheme's own.
  public let port: Int
  /// The path, `/` at least.
  public let path: String

  /// Takes `text` apart; nil when it is not of that form.
  public init?(_ text: String) {
    guard let mark = ExchangeAddress.schemeMark(in: text) else { return nil }
    let scheme = text[..<mark.lowerBound].lowercased()
    guard ["https", "http", "wss", "ws"].contains(scheme) else { return nil }
    let rest = text[mark.upperBound...]
    let slash = rest.firstIndex(of: "/") ?? rest.endIndex
    var authority = rest[..<slash]
    let path = rest[slash...]
    guard !authority.contains("@"), text.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else { return nil }
    var port = scheme == "https" || scheme == "wss" ? 443 : 80
    if authority.hasPrefix("[") {
      guard let close = authority.firstIndex(of: "]") else { return nil }
      let tail = authority[authority.index(after: close)...]
      if !tail.isEmpty {
        guard tail.hasPrefix(":"), let number = ExchangeAddress.port(tail.dropFirst()) else { return nil }
        port = number
      }
      authority = authority[authority.index(after: authority.startIndex)..<close]
    } else if let colon = authority.lastIndex(of: ":") {
      guard let number = ExchangeAddress.port(authority[authority.index(after: colon)...]) else { return nil }
      port = number
      authority = authority[..<colon]
    }
    guard !authority.isEmpty else { return nil }
    self.scheme = scheme
    self.host = String(authority)
    self.port = port
    self.path = path.isEmpty ? "/" : String(path)
  }

  /// Whether the connection is encrypted.
  public var isSecure: Bool { scheme == "https" || scheme == "wss" }

  /// Whether the host is this machine by its very name.
  public var isLoopback: Bool { OptionChecks.isLoopback(host) }

  /// Whether `host` is this machine by its very name: what listens there nobody else can reach.
  public static func isLoopback(host: String) -> Bool { OptionChecks.isLoopback(host) }

  /// The host as a URL or Host header writes it, with the port where it is not the scheme's own.
  public var authority: String {
    let name = host.contains(":") ? "[\(host)]" : host
    return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
  }

  /// Where `://` stands; the standard library searches single characters only.
  private static func schemeMark(in text: String) -> Range<String.Index>? {
    guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else { return nil }
    return colon..<text.index(colon, offsetBy: 3)
  }

  private static func port(_ text: Substring) -> Int? {
    guard !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }), let number = UInt16(text),
      number > 0
    else { return nil }
    return Int(number)
  }
}
