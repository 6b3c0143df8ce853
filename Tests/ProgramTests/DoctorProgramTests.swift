import Foundation
import Testing

/// `hynous-data doctor` in good and bad surroundings: the right check tells the right thing, in bounded time.
@Suite(.serialized) struct DoctorProgramTests {
  /// What one run said.
  private struct Run {
    let status: Int32?
    let lines: [String]
    let seconds: Double

    init(_ environment: [String: String], config: String? = nil, json: Bool = false) throws {
      let begun = Date()
      let arguments = ["doctor"] + (json ? ["--json"] : []) + (config.map { ["--config", $0] } ?? [])
      let program = try Program("hynous-data", arguments, environment: environment)
      status = program.exitStatus(seconds: 60)
      lines = program.lines
      seconds = Date().timeIntervalSince(begun)
    }

    /// The texts of a check's lines of this status.
    func texts(_ status: String, _ check: String) -> [String] {
      lines.compactMap { line in
        let words = line.split(separator: " ", maxSplits: 1).map(String.init)
        guard words.count == 2, words[0] == status else { return nil }
        let rest = words[1].drop { $0 == " " }
        return rest.hasPrefix(check + " ") ? String(rest.dropFirst(check.count).drop { $0 == " " }) : nil
      }
    }

    /// Everything that failed.
    var failed: [String] { lines.filter { $0.hasPrefix("fail") } }
  }

  @Test func allIsWellBesideARunningDaemonWhichNoticesNothing() throws {
    let service = try Service()
    #expect(try service.isLive(), "\(service.daemon.lines)")
    var environment = Service.environment(service.exchangePort, service.folder)
    environment["HYNOUS_SERVER_PORT"] = "\(service.port)"
    let run = try Run(environment)
    #expect(run.status == 0 && run.failed.isEmpty, "\(run.lines)")
    #expect(run.texts("ok", "rest").first?.hasSuffix("(weight 2)") == true)
    #expect(run.texts("ok", "clock").contains { $0.contains("exchange's, measured within") })
    #expect(run.texts("ok", "websocket").first?.contains("a ping answered") == true)
    #expect(
      run.texts("ok", "instance") == [
        "a daemon holds this database (process \(service.daemon.process.processIdentifier))"
      ])
    #expect(run.texts("ok", "database").first?.hasSuffix("schema 2, quick_check ok") == true)
    #expect(run.texts("ok", "port").first?.contains("hynous-data 0.") == true)
    let json = try Run(environment, json: true)
    let object = try JSONSerialization.jsonObject(with: Data(json.lines.joined().utf8)) as? [String: Any]
    let checks = try #require(object?["checks"] as? [[String: String]])
    #expect(checks.count == run.lines.count - 1)
    #expect(checks.allSatisfy { ["ok", "warn"].contains($0["status"]) && $0["text"]?.isEmpty == false })
    #expect(try service.get("/health").json()["status"] as? String == "ok")
    #expect(service.stop() == 0)
    #expect(!service.daemon.lines.contains { $0.contains("level=error") })
    // Stopped, the same port is free and nobody holds the file; nothing was left behind beside it.
    let after = try Run(environment)
    #expect(after.status == 0, "\(after.lines)")
    #expect(after.texts("ok", "port") == ["127.0.0.1:\(service.port) is free"])
    #expect(after.texts("ok", "instance") == ["no daemon holds this database"])
  }

  @Test func aBrokenConfigurationIsTold() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(
      "own.yaml",
      "server:\n  hots: x\n  port: 99999\nrate_limit:\n  max_weight_per_min: 5000\ndb:\n  prune_days: 365\n")
    let run = try Run(Service.environment(9, folder).filter { $0.key != "HYNOUS_SERVER_PORT" }, config: file)
    #expect(run.status == 1)
    let wrong = run.texts("fail", "config")
    #expect(wrong.contains { $0.hasPrefix("\(file):2: unknown key server.hots") })
    #expect(wrong.contains { $0.hasPrefix("\(file):3: server.port: 99999") })
    #expect(run.texts("warn", "config").contains { $0.contains("the exchange allows 1200") })
    #expect(run.texts("warn", "config").contains { $0.contains("prune_days 365") })
    let missing = try Run([:], config: "\(file).none")
    #expect(missing.texts("fail", "config").first?.contains("no such file") == true)
    let open = try Run(
      ["HYNOUS_SERVER_HOST": "0.0.0.0", "HYNOUS_SERVER_PORT": "0"].merging(
        Service.environment(9, folder)
      ) { a, _ in a })
    #expect(open.texts("fail", "config").contains { $0.contains("set HYNOUS_API_TOKEN") })
    let dotEnv = try folder.write(".env", "HYNOUS_API_TOKEN=secret-word\n")
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: dotEnv)
    let shown = try Run(Service.environment(9, folder), config: file)
    #expect(shown.texts("warn", "config").contains { $0.contains("chmod 600") }, "\(shown.lines)")
    #expect(!shown.lines.joined().contains("secret-word"))
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: dotEnv)
    #expect(!(try Run(Service.environment(9, folder), config: file)).lines.joined().contains("chmod 600"))
  }

  @Test func anExchangeThatIsDownFailsSoonAndClearly() throws {
    let folder = try TemporaryFolder()
    let run = try Run(Service.environment(9, folder))
    #expect(run.status == 1 && run.seconds < 15)
    #expect(run.texts("fail", "rest").first?.hasPrefix("no connection") == true, "\(run.lines)")
    #expect(run.texts("fail", "websocket").first?.contains("connection refused") == true)
    #expect(run.failed.count == 2)
  }

  @Test func aNameWithoutAddressIsADNSFailure() throws {
    let folder = try TemporaryFolder()
    var environment = Service.environment(9, folder)
    // Names below .invalid never exist (RFC 6761).
    environment["HYNOUS_HYPERLIQUID_REST_URL"] = "https://exchange.invalid"
    environment["HYNOUS_HYPERLIQUID_WS_URL"] = "wss://stream.invalid/ws"
    let run = try Run(environment)
    #expect(run.status == 1 && run.seconds < 30)
    #expect(run.texts("fail", "dns").count == 2, "\(run.lines)")
    #expect(run.texts("fail", "rest").first?.contains("not tried") == true)
    #expect(run.texts("fail", "websocket").first?.contains("not tried") == true)
  }

  @Test func anExchangeThatSaysNothingIsGivenUp() throws {
    let folder = try TemporaryFolder()
    let silent = try SilentListener()
    let run = try Run(Service.environment(silent.port, folder))
    #expect(run.status == 1 && run.seconds < 25)
    #expect(run.texts("fail", "rest").first?.contains("no ") == true, "\(run.lines)")
    #expect(run.texts("fail", "websocket").first?.contains("not open in 5 s") == true, "\(run.lines)")
  }

  @Test func aStrangerOnThePortAndARefusedAddress() throws {
    let folder = try TemporaryFolder()
    let silent = try SilentListener()
    var environment = Service.environment(9, folder)
    environment["HYNOUS_SERVER_PORT"] = "\(silent.port)"
    let taken = try Run(environment)
    #expect(taken.texts("fail", "port").first?.contains("is taken") == true, "\(taken.lines)")
    environment["HYNOUS_SERVER_HOST"] = "192.0.2.77"
    environment["HYNOUS_API_TOKEN"] = "secret-word"
    let foreign = try Run(environment)
    #expect(foreign.texts("fail", "port").first?.contains("192.0.2.77") == true, "\(foreign.lines)")
    #expect(!foreign.lines.joined().contains("secret-word"))
  }

  @Test func foldersAndFilesThatWillNotDo() throws {
    let folder = try TemporaryFolder()
    let fine = Service.environment(9, folder)
    let under = { (path: String) in
      fine.merging(["HYNOUS_DB_PATH": folder.url.appending(path: path).path]) { $1 }
    }
    let none = try Run(under("not/yet/made.db"))
    #expect(none.texts("ok", "disk").first?.contains("the daemon makes it") == true, "\(none.lines)")
    #expect(!FileManager.default.fileExists(atPath: folder.url.appending(path: "not").path))
    _ = try folder.write("file", "a file")
    let inFile = try Run(under("file/made.db"))
    #expect(inFile.texts("fail", "disk").count == 1, "\(inFile.lines)")
    if getuid() != 0 {
      try FileManager.default.createDirectory(
        at: folder.url.appending(path: "locked"), withIntermediateDirectories: true,
        attributes: [.posixPermissions: 0o555])
      let locked = try Run(under("locked/made.db"))
      #expect(locked.texts("fail", "disk").first?.contains("not writable") == true)
    }
    let readOnly = try Run(fine.merging(["HYNOUS_DB_PATH": "/proc/hynous/made.db"]) { $1 })
    #expect(readOnly.status == 1 && readOnly.failed.contains { $0.contains("/proc") }, "\(readOnly.lines)")
  }

  @Test func aDamagedDatabaseIsToldAndLeftAlone() throws {
    let folder = try TemporaryFolder()
    let file = folder.url.appending(path: "storage/test.db")
    let environment = Service.environment(9, folder)
    let daemon = try Program("hynous-data", ["run"], environment: environment)
    #expect(daemon.line(holding: "database open") != nil)
    daemon.signal(SIGTERM)
    #expect(daemon.exitStatus() == 0)
    var bytes = try Data(contentsOf: file)
    bytes.replaceSubrange(2 * 4096..<4 * 4096, with: Data(repeating: 0xA5, count: 2 * 4096))
    try bytes.write(to: file)
    let damaged = try Run(environment)
    #expect(damaged.texts("fail", "database").count == 1, "\(damaged.lines)")
    #expect(
      damaged.failed.contains { $0.contains("→ stop the daemon and put the last backup in its place") },
      "\(damaged.lines)")
    #expect(try Data(contentsOf: file) == bytes)
    // What the daemon does about it is told from then on.
    let anew = try Program("hynous-data", ["run"], environment: environment)
    #expect(anew.line(holding: "database open") != nil, "\(anew.lines)")
    anew.signal(SIGTERM)
    #expect(anew.exitStatus() == 0)
    let after = try Run(environment)
    #expect(after.texts("ok", "database").count == 1, "\(after.lines)")
    #expect(
      after.texts("warn", "database").first?.contains("set aside: test.db.damaged-") == true, "\(after.lines)"
    )
    let text = Data("this is a text, and no database at all, though it is long enough for one\n".utf8)
    try text.write(to: file)
    let foreign = try Run(environment)
    #expect(foreign.texts("fail", "database").first?.contains("not_a_database") == true, "\(foreign.lines)")
    #expect(try Data(contentsOf: file) == text)
  }

  @Test(arguments: [
    ("IP:127.0.0.1", 30, ""), ("IP:127.0.0.1", -1, "expired"), ("DNS:example.com", 2, "mismatch"),
  ])
  func certificates(name: String, days: Int, problem: String) throws {
    let folder = try TemporaryFolder()
    let certificate = try Certificate(folder, name: name, days: days)
    let exchange = try Program(
      "hynous-sim",
      ["--port", "0", "--accounts", "100", "--tls-cert", certificate.cert, "--tls-key", certificate.key])
    let port = try #require(exchange.line(holding: "ready").flatMap(Service.port))
    var environment = Service.environment(port, folder)
    environment["HYNOUS_HYPERLIQUID_REST_URL"] = "https://127.0.0.1:\(port)"
    environment["HYNOUS_HYPERLIQUID_WS_URL"] = "wss://127.0.0.1:\(port)/ws"
    let stranger = try Run(environment)
    #expect(stranger.texts("fail", "rest tls").count == 1 && stranger.texts("fail", "ws tls").count == 1)
    environment["HYNOUS_HYPERLIQUID_CA_FILE"] = certificate.authority
    let run = try Run(environment)
    if problem.isEmpty {
      #expect(run.status == 0, "\(run.lines)")
      // Whole days are told: 30 in the second the certificate was made in, 29 from then on.
      #expect(
        run.texts("ok", "ws tls").first?.contains(/certificate valid for (29|30) days$/) == true,
        "\(run.lines)")
      #expect(run.texts("ok", "websocket").count == 1)
    } else {
      #expect(run.status == 1)
      #expect(run.texts("fail", "rest tls").first?.contains(problem) == true, "\(run.lines)")
      #expect(run.texts("fail", "ws tls").first?.contains(problem) == true, "\(run.lines)")
    }
    exchange.signal(SIGTERM)
    #expect(exchange.exitStatus() == 0)
  }

  @Test func wrongWordsAreAUsageError() throws {
    let program = try Program("hynous-data", ["doctor", "--nonsense"])
    #expect(program.exitStatus() == 2)
    #expect(program.lines.contains { $0.contains("Usage: hynous-data doctor") })
  }
}

/// A port where connections are taken and nothing is ever said.
private final class SilentListener {
  let port: Int
  private let socket: Int32

  struct Failure: Error {}

  init() throws {
    socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let socket = socket
    let status = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        bind(socket, pointer, length) == 0 && listen(socket, 16) == 0
          && getsockname(socket, pointer, &length) == 0
      }
    }
    guard status else { throw Failure() }
    port = Int(UInt16(bigEndian: address.sin_port))
  }

  deinit { close(socket) }
}
