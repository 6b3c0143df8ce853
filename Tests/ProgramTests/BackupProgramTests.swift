import Foundation
import Testing

/// `hynous-data backup` beside a daemon that takes writes.
@Suite(.serialized) struct BackupProgramTests {
  private static func backup(_ arguments: [String]) throws -> Program {
    try Program("hynous-data", ["backup"] + arguments)
  }

  private static func account(_ n: Int) -> String {
    "0x" + String(repeating: "0", count: 34) + String(format: "%06x", n)
  }

  /// Watches wallet `n`; whether the daemon says that it is saved.
  private static func watch(_ n: Int, _ client: LoopbackClient) throws -> Bool {
    let body = "{\"address\":\"\(account(n))\",\"label\":\"n\(n)\"}"
    return try client.send("POST", "/v1/smart-money/watch", json: body).status == 200
  }

  private static func rows(_ program: Program, _ table: String) -> Int? {
    program.lines.first { $0.hasPrefix("\(table)=") }.flatMap { Int($0.dropFirst(table.count + 1)) }
  }

  @Test func everyWriteAcknowledgedBeforeIsInTheCopyAndWritesGoOn() throws {
    let service = try Service()
    #expect(try service.isLive(), "\(service.daemon.lines)")
    let client = try LoopbackClient(port: service.port)
    let source = service.folder.url.appending(path: "storage/test.db").path
    var saved = 0
    for round in 1...4 {
      for _ in 0..<10 {
        #expect(try Self.watch(saved, client))
        saved += 1
      }
      let before = saved
      let copy = service.folder.url.appending(path: "copies-\(round).db").path
      let program = try Self.backup([copy, "--db", source])
      // Acknowledged while the copy is being made, or at least while its program runs.
      var during = 0
      while program.process.isRunning, during < 300 {
        #expect(try Self.watch(saved, client))
        saved += 1
        during += 1
      }
      #expect(program.exitStatus() == 0, "\(program.lines)")
      #expect(during > 0)
      #expect(program.lines.first?.hasSuffix(" pages, integrity_check ok") == true)
      let held = try #require(Self.rows(program, "watched_wallets"))
      #expect(held >= before && held <= saved)
      let names = try FileManager.default.contentsOfDirectory(atPath: service.folder.url.path)
      #expect(!names.contains { $0.hasSuffix(".tmp") || $0.hasSuffix("-wal") || $0.hasSuffix("-shm") })
      try Self.startOn(copy, service, holding: before)
    }
    #expect(service.stop() == 0)
  }

  /// A daemon on the copy answers what was saved before the copy was made.
  private static func startOn(_ copy: String, _ service: Service, holding count: Int) throws {
    var environment = Service.environment(service.exchangePort, service.folder)
    let folder = try TemporaryFolder()
    let file = folder.url.appending(path: "restored.db").path
    try FileManager.default.copyItem(atPath: copy, toPath: file)
    environment["HYNOUS_DB_PATH"] = file
    let daemon = try Program("hynous-data", ["run"], environment: environment)
    let port = try #require(daemon.line(holding: "msg=listening").flatMap(Service.port))
    #expect(daemon.line(holding: "database open") != nil, "\(daemon.lines)")
    var text = ""
    let isThere = try daemon.eventually {
      text = try LoopbackClient.get("/v1/smart-money/watchlist", port: port).text
      return (0..<count).allSatisfy { text.contains(account($0)) }
    }
    #expect(isThere, "\(text.prefix(300))")
    daemon.signal(SIGTERM)
    #expect(daemon.exitStatus() == 0)
  }

  @Test func aFileThatIsThereIsReplacedOnlyWhenAsked() throws {
    let folder = try TemporaryFolder()
    let source = try Self.database(folder)
    let target = try folder.write("copy.db", "mine")
    let refused = try Self.backup([target, "--db", source])
    #expect(refused.exitStatus() == 1)
    #expect(refused.lines == ["hynous-data: backup: \(target) exists; --force replaces it"])
    #expect(try String(contentsOfFile: target, encoding: .utf8) == "mine")
    let replaced = try Self.backup([target, "--db", source, "--force", "--quick"])
    #expect(replaced.exitStatus() == 0, "\(replaced.lines)")
    #expect(replaced.lines.first?.hasSuffix(" pages, quick_check ok") == true)
    let mode = try FileManager.default.attributesOfItem(atPath: target)[.posixPermissions] as? Int
    #expect(mode == 0o600)
  }

  @Test func whatWouldDoHarmIsRefused() throws {
    let folder = try TemporaryFolder()
    let source = try Self.database(folder)
    let link = folder.url.appending(path: "same.db").path
    try FileManager.default.linkItem(atPath: source, toPath: link)
    let target = folder.url.appending(path: "copy.db").path
    _ = try folder.write("inuse.db-wal", "log of another database")
    let cases = [
      (source, "is the database itself"), (link, "is the database itself"), ("\(source)-wal", "belongs to"),
      (folder.url.path, "is not a file"), ("\(folder.url.path)/none/copy.db", "No such file or directory"),
      ("\(folder.url.path)/inuse.db", "inuse.db-wal exists"),
    ]
    for (file, reason) in cases {
      let program = try Self.backup([file, "--db", source, "--force"])
      #expect(program.exitStatus() == 1)
      #expect(program.lines.count == 1 && program.lines[0].contains(reason), "\(file): \(program.lines)")
    }
    let missing = try Self.backup([target, "--db", "\(folder.url.path)/none.db"])
    #expect(missing.exitStatus() == 1)
    #expect(
      missing.lines.first?.contains("none.db: unable to open database file") == true, "\(missing.lines)")
    let garbage = try folder.write("text.db", String(repeating: "this is a text\n", count: 100))
    let text = try Self.backup([target, "--db", garbage])
    #expect(text.exitStatus() == 1 && text.lines.first?.contains("not a database") == true)
    #expect(!FileManager.default.fileExists(atPath: target))
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.url.path)
    #expect(!names.contains { $0.hasSuffix(".tmp") }, "\(names)")
    let usage = try Self.backup([])
    #expect(usage.exitStatus() == 2)
  }

  @Test(arguments: [SIGINT, SIGTERM]) func aSignalLeavesNothingBehind(number: Int32) throws {
    let folder = try TemporaryFolder()
    let source = try Self.database(folder)
    // A signal before the copy begins and one in its middle end alike; which it is, the machine decides.
    for delay in [0.0, 0.005, 0.01, 0.02, 0.04] {
      let target = folder.url.appending(path: "copy.db").path
      let program = try Self.backup([target, "--db", source])
      let until = Date().addingTimeInterval(delay)
      _ = program.eventually(seconds: 1) { Date() >= until }
      program.signal(number)
      let status = program.exitStatus()
      let names = try FileManager.default.contentsOfDirectory(atPath: folder.url.path)
      #expect(!names.contains { $0.hasSuffix(".tmp") }, "\(names)")
      // Killed before it watched, stopped, or done already.
      #expect(status == -number || status == 1 || status == 0, "\(program.lines)")
      #expect((status == 0) == names.contains("copy.db"))
      if status == 1 { #expect(program.lines.last?.contains("stopped; nothing was written") == true) }
      try? FileManager.default.removeItem(atPath: target)
    }
  }

  @Test func whatAKilledRunLeftIsTakenOverAndNothingElse() throws {
    let folder = try TemporaryFolder()
    let source = try Self.database(folder)
    let target = folder.url.appending(path: "copy.db").path
    let left = try folder.write(".copy.db.tmp", String(repeating: "half a database", count: 100_000))
    let held = open(left, O_RDWR | O_CLOEXEC)
    defer { close(held) }
    #expect(flock(held, LOCK_EX | LOCK_NB) == 0)
    let second = try Self.backup([target, "--db", source])
    #expect(second.exitStatus() == 1)
    #expect(second.lines == ["hynous-data: backup: another backup to \(target) is running"])
    #expect(flock(held, LOCK_UN) == 0)
    let next = try Self.backup([target, "--db", source])
    #expect(next.exitStatus() == 0, "\(next.lines)")
    #expect(!FileManager.default.fileExists(atPath: left))

    // What only has the name is left alone.
    let mine = try folder.write("mine", "mine")
    try FileManager.default.createSymbolicLink(atPath: left, withDestinationPath: mine)
    #expect(try Self.backup([target, "--db", source, "--force"]).exitStatus() == 1)
    try FileManager.default.removeItem(atPath: left)
    try FileManager.default.linkItem(atPath: mine, toPath: left)
    let linked = try Self.backup([target, "--db", source, "--force"])
    #expect(linked.exitStatus() == 1)
    #expect(linked.lines == ["hynous-data: backup: \(left) is not ours"])
    #expect(try String(contentsOfFile: mine, encoding: .utf8) == "mine")
  }

  /// A database as a daemon leaves it.
  private static func database(_ folder: TemporaryFolder) throws -> String {
    let daemon = try Program("hynous-data", ["run"], environment: Service.environment(9, folder))
    #expect(daemon.line(holding: "database open") != nil)
    daemon.signal(SIGTERM)
    #expect(daemon.exitStatus() == 0)
    return folder.url.appending(path: "storage/test.db").path
  }
}
