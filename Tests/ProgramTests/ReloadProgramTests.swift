import Foundation
import Testing

/// SIGHUP: the daemon reads its configuration again, from the same file and environment as at the start.
@Suite(.serialized) struct ReloadProgramTests {
  /// A daemon on a configuration file of its own; its exchange is a port nobody listens on.
  private final class World {
    let folder: TemporaryFolder
    let file: String
    let daemon: Program
    let port: Int

    init(_ text: String, environment: [String: String] = [:]) throws {
      folder = try TemporaryFolder()
      file = try folder.write("config/own.yaml", text)
      var variables = Service.environment(9, folder)
      variables.merge(environment) { $1 }
      daemon = try Program("hynous-data", ["run", "--config", file], environment: variables)
      guard let port = daemon.line(holding: "msg=listening").flatMap(Service.port) else {
        throw Service.NotReady(lines: daemon.lines)
      }
      self.port = port
    }

    /// Writes the file anew and sends the signal; the first line that tells what became of it.
    func reload(_ text: String, holding expected: String) throws -> String? {
      _ = try folder.write("config/own.yaml", text)
      daemon.signal(SIGHUP)
      return daemon.line(holding: expected)
    }

    func stop() -> Int32? {
      daemon.signal(SIGTERM)
      return daemon.exitStatus()
    }
  }

  @Test func whatCanChangeChangesAtOnce() throws {
    let world = try World("heatmap:\n  recompute_interval: 10\nruntime:\n  log_format: logfmt\n")
    let foreign = "GET /health HTTP/1.1\r\nHost: example.com\r\n\r\n"
    let client = try LoopbackClient(port: world.port)
    try client.send(foreign)
    #expect(try client.answer().status == 421)
    let changed = """
      heatmap:
        recompute_interval: 3
      server:
        allowed_hosts: [example.com]
        port: 1234
      order_flow:
        windows: [60, 120]
      """
    let line = try world.reload(changed, holding: "msg=\"reloaded\" key=heatmap.recompute_interval")
    #expect(line?.hasSuffix("was=10 now=3") == true, "\(world.daemon.lines)")
    #expect(world.daemon.lines.contains { $0.contains("msg=\"needs a restart\" key=order_flow.windows") })
    // The environment says which port, so the file's is no news.
    #expect(!world.daemon.lines.contains { $0.contains("key=server.port") })
    // The same connection, its next request.
    try client.send(foreign)
    #expect(try client.answer().status == 200)
    let json = try world.reload(changed + "\nruntime:\n  log_format: json\n", holding: "runtime.log_format")
    #expect(json?.hasPrefix("{\"time\":") == true)
    #expect(world.stop() == 0)
  }

  @Test func aFaultyFileChangesNothingAndIsToldAsAtTheStart() throws {
    let world = try World("heatmap:\n  bucket_count: 50\n")
    let faulty = "heatmap:\n  bucket_count: 60\nserver:\n  hots: x\n"
    let line = try world.reload(faulty, holding: "level=error")
    let words = "\(world.file):4: unknown key server.hots; the nearest known one is server.host"
    #expect(line?.contains("msg=\"configuration refused, nothing changed\" reason=\"\(words)\"") == true)
    let checked = try Program("hynous-data", ["check-config", "--config", world.file])
    #expect(checked.exitStatus() == 1)
    #expect(checked.lines == ["hynous-data: \(words)"])
    try FileManager.default.removeItem(atPath: world.file)
    world.daemon.signal(SIGHUP)
    #expect(world.daemon.line(holding: "no such file") != nil)
    // What the faulty file said is still news.
    let mended = try world.reload("heatmap:\n  bucket_count: 60\n", holding: "reloaded")
    #expect(mended?.contains("key=heatmap.bucket_count was=50 now=60") == true)
    #expect(world.stop() == 0)
  }

  @Test func aTokenInTheDotEnvFileChangesWithoutBeingTold() throws {
    let world = try World("server: {}\n")
    let client = try LoopbackClient(port: world.port)
    let watch = "{\"address\":\"0x010461c14e146ac35fe42271bdc1134ee31c703a\"}"
    _ = try world.folder.write("config/.env", "HYNOUS_API_TOKEN=very-secret-word\n")
    #expect(try world.reload("server: {}\n", holding: "key=HYNOUS_API_TOKEN") != nil)
    #expect(try client.send("POST", "/v1/smart-money/watch", json: watch).status == 401)
    #expect(!world.daemon.lines.contains { $0.contains("very-secret-word") })
    #expect(world.stop() == 0)
  }

  /// With its terminal gone, SIGHUP means what it always did: a daemon run by hand does not live on unseen.
  @Test func aClosedTerminalEndsIt() throws {
    let folder = try TemporaryFolder()
    // posix_openpt and its kin are not imported: the same in Linux's own words (TIOCSPTLCK, TIOCGPTN).
    let master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    var (lock, number): (Int32, Int32) = (0, 0)
    try #require(
      master >= 0 && ioctl(master, 0x4004_5431, &lock) == 0 && ioctl(master, 0x8004_5430, &number) == 0)
    let name = "/dev/pts/\(number)"
    let slave = FileHandle(fileDescriptor: open(name, O_RDWR | O_NOCTTY | O_CLOEXEC), closeOnDealloc: true)
    let daemon = Process()
    daemon.executableURL = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
      .appending(path: "hynous-data")
    daemon.arguments = ["run", "--config", Program.root.appending(path: "config/default.yaml").path]
    daemon.environment = Program.inherited.merging(Service.environment(9, folder)) { $1 }
    daemon.standardError = slave
    daemon.standardInput = FileHandle.nullDevice
    try daemon.run()
    try slave.close()
    let terminal = FileHandle(fileDescriptor: master, closeOnDealloc: true)
    var said = ""
    func reads(until text: String) -> Bool {
      while !said.contains(text) {
        let more = terminal.availableData
        if more.isEmpty { return false }
        said += String(decoding: more, as: UTF8.self)
      }
      return true
    }
    #expect(reads(until: "database open"), "\(said)")
    kill(daemon.processIdentifier, SIGHUP)
    #expect(reads(until: "nothing to change"), "\(said)")
    try terminal.close()
    kill(daemon.processIdentifier, SIGHUP)
    daemon.waitUntilExit()
    #expect(daemon.terminationReason == .exit && daemon.terminationStatus == 0)
  }

  @Test func signalsThatComeInACrowdAreAllHeard() throws {
    let world = try World("heatmap:\n  bucket_count: 50\n")
    for count in 51...70 {
      _ = try world.folder.write("config/own.yaml", "heatmap:\n  bucket_count: \(count)\n")
      world.daemon.signal(SIGHUP)
    }
    #expect(world.daemon.line(holding: "key=heatmap.bucket_count") != nil)
    #expect(
      world.daemon.lines.contains { $0.contains("now=70") } || world.daemon.line(holding: "now=70") != nil)
    #expect(world.stop() == 0)
  }
}
