import Foundation

/// A daemon on a simulated exchange, both on ports of the system's choice.
final class Service {
  let folder: TemporaryFolder
  private(set) var exchange: Program
  private(set) var daemon: Program
  let exchangePort: Int
  private(set) var port: Int
  private let settings: [String: String]

  struct NotReady: Error { let lines: [String] }

  /// `settings` are further environment variables of the daemon.
  init(
    exchange arguments: [String] = ["--accounts", "200", "--trades-per-second", "200"],
    settings: [String: String] = [:]
  ) throws {
    folder = try TemporaryFolder()
    self.settings = settings
    exchange = try Program("hynous-sim", ["--port", "0"] + arguments)
    guard let ready = exchange.line(holding: "ready"), let port = Service.port(in: ready) else {
      throw NotReady(lines: exchange.lines)
    }
    exchangePort = port
    (daemon, self.port) = try Service.startDaemon(port, folder, settings)
  }

  /// Starts the daemon again on the same database, after `stop`.
  func restart() throws { (daemon, port) = try Service.startDaemon(exchangePort, folder, settings) }

  /// SIGTERM; the exit status.
  func stop() -> Int32? {
    daemon.signal(SIGTERM)
    return daemon.exitStatus()
  }

  func get(_ path: String) throws -> LoopbackClient.Answer { try LoopbackClient.get(path, port: port) }

  /// Waits until every coin is followed and trades flow.
  func isLive(seconds: Double = 30) throws -> Bool {
    try daemon.eventually(seconds: seconds) {
      try get("/health").json()["status"] as? String == "ok"
    }
  }

  /// Settings for a daemon on the exchange at `port`.
  static func environment(_ port: Int, _ folder: TemporaryFolder) -> [String: String] {
    [
      "HYNOUS_HYPERLIQUID_REST_URL": "http://127.0.0.1:\(port)",
      "HYNOUS_HYPERLIQUID_WS_URL": "ws://127.0.0.1:\(port)/ws", "HYNOUS_SERVER_PORT": "0",
      "HYNOUS_DB_PATH": folder.url.appending(path: "storage/test.db").path,
    ]
  }

  private static func startDaemon(
    _ exchangePort: Int, _ folder: TemporaryFolder, _ settings: [String: String]
  ) throws -> (Program, Int) {
    let daemon = try Program(
      "hynous-data", ["run"], environment: environment(exchangePort, folder).merging(settings) { $1 })
    guard let line = daemon.line(holding: "msg=listening"), let port = port(in: line) else {
      throw NotReady(lines: daemon.lines)
    }
    return (daemon, port)
  }

  /// The number behind the first `127.0.0.1:` of a line.
  static func port(in line: String) -> Int? {
    line.firstMatch(of: /127\.0\.0\.1:(\d+)/).flatMap { Int($0.1) }
  }
}
