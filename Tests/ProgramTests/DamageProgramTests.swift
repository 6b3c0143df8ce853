import Foundation
import Testing

/// Damaged files under the real daemon: said, set aside as they lie, and the service runs on, empty rather than wrong.
@Suite(.serialized) struct DamageProgramTests {
  private let key = "0x00000000000000000000000000000000000000aa"

  private func path(_ service: Service) -> URL { service.folder.url.appending(path: "storage/test.db") }

  /// Files of the database that were set aside, without their logs.
  private func asides(_ service: Service) throws -> [URL] {
    try FileManager.default.contentsOfDirectory(
      at: path(service).deletingLastPathComponent(), includingPropertiesForKeys: nil
    ).filter { $0.lastPathComponent.contains(".damaged-") && $0.pathExtension.hasPrefix("damaged") }
      .filter { !$0.path.hasSuffix("-wal") && !$0.path.hasSuffix("-shm") }
  }

  private func watch(_ service: Service) throws {
    let body = #"{"address":"\#(key)","label":"mine"}"#
    let client = try LoopbackClient(port: service.port)
    #expect(try client.send("POST", "/v1/smart-money/watch", json: body).status == 200)
  }

  private func watched(_ service: Service) throws -> [String] {
    let wallets = try service.get("/v1/smart-money/watchlist").json()["wallets"] as? [[String: Any]] ?? []
    return wallets.compactMap { $0["label"] as? String }
  }

  /// Everything works, and the only complaint is the file set aside.
  private func isLiveAnew(_ service: Service) throws -> Bool {
    try service.daemon.eventually(seconds: 30) {
      let reasons = try service.get("/health").json()["reasons"] as? [String] ?? []
      return reasons.count == 1 && reasons[0].contains("set aside")
    }
  }

  private func hasWritten(_ service: Service, batches: Int) throws -> Bool {
    try service.daemon.eventually(seconds: 30) {
      let database = try service.get("/v1/stats").json()["database"] as? [String: Any]
      return database?["total_batches"] as? Int ?? 0 >= batches
    }
  }

  @Test func aScribbledFileIsSetAsideAndTheServiceComesUpEmpty() throws {
    let service = try Service()
    #expect(try service.isLive())
    try watch(service)
    #expect(try hasWritten(service, batches: 4))
    #expect(service.stop() == 0)
    var bytes = try Data(contentsOf: path(service))
    #expect(bytes.count > 12 * 4_096)
    bytes.replaceSubrange(
      3 * 4_096..<bytes.count, with: Data(repeating: 0x5a, count: bytes.count - 3 * 4_096))
    try bytes.write(to: path(service))

    try service.restart()
    let line = service.daemon.line(holding: "damaged database set aside")
    #expect(
      line?.contains("level=error") == true && line?.contains(".recover") == true, "\(service.daemon.lines)")
    #expect(try isLiveAnew(service), "\(service.daemon.lines)")
    let aside = try asides(service)
    #expect(aside.count == 1)
    #expect(try Data(contentsOf: #require(aside.first)) == bytes)
    #expect(try watched(service).isEmpty)
    try watch(service)
    #expect(service.stop() == 0)
    // The new file is a good one.
    try service.restart()
    #expect(try service.isLive(), "\(service.daemon.lines)")
    #expect(try watched(service) == ["mine"])
    #expect(service.stop() == 0)
  }

  @Test func watchedWalletsAreTakenOverWhenTheirTableIsWhole() throws {
    let service = try Service()
    #expect(try service.isLive())
    try watch(service)
    #expect(try hasWritten(service, batches: 4))
    #expect(service.stop() == 0)
    // The last pages belong to what grows: accounts, positions, equity.
    var bytes = try Data(contentsOf: path(service))
    bytes.replaceSubrange(
      bytes.count - 3 * 4_096..<bytes.count, with: Data(repeating: 0x5a, count: 3 * 4_096))
    try bytes.write(to: path(service))
    try service.restart()
    let line = service.daemon.line(holding: "damaged database set aside")
    #expect(line?.contains("wallets_kept=1") == true, "\(service.daemon.lines)")
    #expect(try isLiveAnew(service))
    #expect(try watched(service) == ["mine"])
    #expect(service.stop() == 0)
  }

  @Test func aDamagedLogIsTold() throws {
    let service = try Service()
    #expect(try service.isLive())
    try watch(service)
    #expect(try hasWritten(service, batches: 6))
    service.daemon.signal(SIGKILL)
    #expect(service.daemon.exitStatus() == -SIGKILL)
    let log = URL(filePath: path(service).path + "-wal")
    var bytes = try Data(contentsOf: log)
    let frames = (bytes.count - 32) / 4_120
    #expect(frames > 8)
    // Inside a page: neither the first frame's nor the last commit's.
    bytes[32 + frames / 3 * 4_120 + 2_000] ^= 0x10
    try bytes.write(to: log)
    try service.restart()
    let line = service.daemon.line(holding: "database log damaged")
    #expect(line?.contains("level=error") == true, "\(service.daemon.lines)")
    #expect(try service.isLive())
    #expect(try asides(service).isEmpty)
    #expect(service.stop() == 0)
  }

  /// Damaged under the running daemon: memory goes on, and what clients were told goes into the new file.
  @Test func damageUnderTheRunningDaemonCostsNoWatchedWallet() throws {
    let service = try Service(settings: ["HYNOUS_POSITION_POLLER_TIER3_INTERVAL": "10"])
    #expect(try service.isLive())
    try watch(service)
    #expect(try hasWritten(service, batches: 3))
    #expect(service.stop() == 0)
    try service.restart()
    #expect(try service.isLive())
    // File and log, behind their first words: what is in SQLite's own memory is not read again, a question is.
    for (suffix, from) in [("", 4_096), ("-wal", 32)] {
      let file = try FileHandle(forUpdating: URL(filePath: path(service).path + suffix))
      let end = try file.seekToEnd()
      try file.seek(toOffset: UInt64(from))
      try file.write(contentsOf: Data(repeating: 0x5a, count: max(0, Int(end) - from)))
      try file.close()
    }
    _ = try service.get("/v1/smart-money/wallet/\(key.dropLast())b/trades")
    #expect(
      service.daemon.line(holding: "damaged database set aside", seconds: 30) != nil,
      "\(service.daemon.lines)")
    #expect(try isLiveAnew(service), "\(service.daemon.lines)")
    #expect(try watched(service) == ["mine"])
    #expect(try hasWritten(service, batches: 3))
    #expect(service.stop() == 0)
    try service.restart()
    #expect(try service.isLive(), "\(service.daemon.lines)")
    #expect(try watched(service) == ["mine"])
    #expect(service.stop() == 0)
  }
}
