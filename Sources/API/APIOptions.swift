/// What the API has to be told at start.
public struct APIOptions: Sendable {
  /// The address the listener is bound to, as configured (`127.0.0.1`, `0.0.0.0`, `::1`, a name).
  public var bindHost: String
  /// Host names clients may use besides the bind address and localhost.
  public var allowedHosts: [String]
  /// The daemon's version, as printed by `hynous-data version`.
  public var version: String

  /// These settings.
  public init(bindHost: String = "127.0.0.1", allowedHosts: [String] = [], version: String = "0.0.0") {
    self.bindHost = bindHost
    self.allowedHosts = allowedHosts
    self.version = version
  }
}
