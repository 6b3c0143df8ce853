/// What the API has to be told at start.
public struct APIOptions: Sendable {
  /// The address the listener is bound to, as configured (`127.0.0.1`, `0.0.0.0`, `::1`, a name).
  public var bindHost: String
  /// Host names clients may use besides the bind address and localhost.
  public var allowedHosts: [String]
  /// The daemon's version, as printed by `hynous-data version`.
  public var version: String
  /// What writes must carry as `Authorization: Bearer …`; `nil` or empty: nothing. From `HYNOUS_API_TOKEN`.
  public var token: String?
  /// Whether reads need the token too.
  public var protectReads: Bool
  /// Origins (`https://host:port`, or `*` for every one) whose pages may use the API; empty: none may.
  public var corsOrigins: [String]
  /// Requests per second above which a connection is answered 429; far above what clients that wait for their
  /// answers reach.
  public var requestsPerSecondMax: Int
  /// The same for all connections of one address over the network together.
  public var networkRequestsPerSecondMax: Int

  /// These settings.
  public init(
    bindHost: String = "127.0.0.1", allowedHosts: [String] = [], version: String = "0.0.0",
    token: String? = nil, protectReads: Bool = false, corsOrigins: [String] = [],
    requestsPerSecondMax: Int = 50_000, networkRequestsPerSecondMax: Int = 10_000
  ) {
    self.bindHost = bindHost
    self.allowedHosts = allowedHosts
    self.version = version
    self.token = token
    self.protectReads = protectReads
    self.corsOrigins = corsOrigins
    self.requestsPerSecondMax = requestsPerSecondMax
    self.networkRequestsPerSecondMax = networkRequestsPerSecondMax
  }
}
