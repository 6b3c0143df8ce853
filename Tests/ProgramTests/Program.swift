import Foundation

/// A program of this package, started for a test: the daemon or the simulated exchange.
///
/// Its standard error is read line by line, and tests wait for lines, never for time. It is ended by pid when the
/// test is done, whatever happened.
final class Program {
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  let process = Process()
  private let pipe = Pipe()
  private var pending: [UInt8] = []
  /// Every line so far, for the message of a failed test.
  private(set) var lines: [String] = []

  /// This process's variables without settings of ours.
  static var inherited: [String: String] {
    ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("HYNOUS_") }
  }

  /// Starts `.build/<configuration>/name`; the test bundle lies in the same folder.
  init(_ name: String, _ arguments: [String], environment: [String: String] = [:], folder: URL? = nil) throws
  {
    process.executableURL = Program.folder.appending(path: name)
    process.arguments = arguments
    process.currentDirectoryURL = folder ?? Program.root
    process.environment = Program.inherited.merging(environment) { $1 }
    process.standardError = pipe
    process.standardOutput = pipe
    process.standardInput = FileHandle.nullDevice
    try process.run()
    try? pipe.fileHandleForWriting.close()
  }

  deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

  private static let folder = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()

  /// The next line holding `text`; nil when the program ends or `seconds` pass before one comes.
  func line(holding text: String, seconds: Double = 20) -> String? {
    let deadline = Date().addingTimeInterval(seconds)
    while let line = nextLine(before: deadline) { if line.contains(text) { return line } }
    return nil
  }

  /// Sends a signal.
  func signal(_ number: Int32) { kill(process.processIdentifier, number) }

  /// The status it exits with, reading its output meanwhile; kills it and answers nil after `seconds`.
  func exitStatus(seconds: Double = 10) -> Int32? {
    let deadline = Date().addingTimeInterval(seconds)
    while nextLine(before: deadline) != nil {}
    if process.isRunning, Date() >= deadline {
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
      return nil
    }
    process.waitUntilExit()
    return process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
  }

  /// Waits until `condition` holds, asking again whenever the program says something or a moment has passed.
  func eventually(seconds: Double = 20, _ condition: () throws -> Bool) rethrows -> Bool {
    let deadline = Date().addingTimeInterval(seconds)
    while Date() < deadline {
      if try condition() { return true }
      _ = nextLine(before: min(deadline, Date().addingTimeInterval(0.02)))
    }
    return try condition()
  }

  private func nextLine(before deadline: Date) -> String? {
    let descriptor = pipe.fileHandleForReading.fileDescriptor
    while true {
      if let end = pending.firstIndex(of: 10) {
        let line = String(decoding: pending[..<end], as: UTF8.self)
        pending.removeSubrange(...end)
        lines.append(line)
        return line
      }
      let left = deadline.timeIntervalSinceNow
      guard left > 0 else { return nil }
      var query = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      guard poll(&query, 1, Int32(min(left, 60) * 1000) + 1) > 0 else { continue }
      var chunk = [UInt8](repeating: 0, count: 4096)
      let count = read(descriptor, &chunk, chunk.count)
      guard count > 0 else { return nil }
      pending.append(contentsOf: chunk[..<count])
    }
  }
}

/// A folder of the test's own, gone with it.
final class TemporaryFolder {
  let url: URL
  init() throws {
    url = FileManager.default.temporaryDirectory.appending(path: "hynous-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }
  deinit { try? FileManager.default.removeItem(at: url) }

  func write(_ name: String, _ text: String) throws -> String {
    let file = url.appending(path: name)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try text.write(to: file, atomically: true, encoding: .utf8)
    return file.path
  }
}
