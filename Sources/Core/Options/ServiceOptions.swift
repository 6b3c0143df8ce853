/// What the service is: where it listens, where it stores, how it runs.

extension Option where Value == String {
  /// server.host
  public static let serverHost = text("server", "host", "127.0.0.1", "Address the API listens on.") {
    $0.isEmpty ? "is empty" : nil
  }
  /// db.path
  public static let dbPath = text(
    "db", "path", "storage/hynous-data.db",
    "SQLite file; the instance lock hynous-data.pid stands in the same folder."
  ) { $0.isEmpty ? "is empty" : nil }
  /// runtime.log_format
  public static let logFormat = text(
    "runtime", "log_format", "logfmt", change: .live,
    "Log lines on standard error: logfmt (key=value) or json.",
    check: OptionChecks.oneOf(["logfmt", "json"]))
  /// runtime.log_level
  public static let logLevel = text(
    "runtime", "log_level", "info", change: .live,
    "The least level that is logged: debug, info, warning or error.",
    check: OptionChecks.oneOf(["debug", "info", "warning", "error"]))
}

extension Option where Value == Int {
  /// server.port
  public static let serverPort = integer(
    "server", "port", 8100, 0...65535, unit: "", "Port the API listens on; 0 lets the system choose.")
  /// server.max_connections
  public static let connectionsMax = integer(
    "server", "max_connections", 12_000, 16...60_000, unit: "connections",
    "Client connections at once; more are told 503.")
  /// runtime.worker_threads
  public static let workerThreads = integer(
    "runtime", "worker_threads", 2, 1...64, unit: "threads",
    "Pool for SQLite and long computations; the loop itself is one more thread.")
}

extension Option where Value == Double {
  /// db.prune_days
  public static let pruneDays = number(
    "db", "prune_days", 7, 0.1...3650, unit: "days", change: .live,
    "How long hlp_snapshots and pnl_snapshots are kept.")
}

extension Option where Value == [String] {
  /// server.allowed_hosts
  public static let allowedHosts = texts(
    "server", "allowed_hosts", [], count: 0...64,
    change: .live,
    "Host names clients may use besides the bind address and localhost (guards against DNS rebinding).",
    check: OptionChecks.name)
  /// server.cors_origins
  public static let corsOrigins = texts(
    "server", "cors_origins", [], count: 0...64, change: .live,
    "Origins whose pages may read the API; empty = none.",
    check: OptionChecks.origin)
}

extension Option where Value == Bool {
  /// server.protect_reads
  public static let protectReads = flag(
    "server", "protect_reads", false, change: .live,
    "Whether reads need the token too, when HYNOUS_API_TOKEN is set.")
}

extension Options {
  static let serverOptions = [
    Option<String>.serverHost.spec, Option<Int>.serverPort.spec, Option<[String]>.allowedHosts.spec,
    Option<[String]>.corsOrigins.spec, Option<Bool>.protectReads.spec,
    Option<Int>.connectionsMax.spec,
  ]
  static let dbOptions = [Option<String>.dbPath.spec, Option<Double>.pruneDays.spec]
  static let runtimeOptions = [
    Option<Int>.workerThreads.spec, Option<String>.logFormat.spec, Option<String>.logLevel.spec,
  ]
}
