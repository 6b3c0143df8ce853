import ArgumentParser

/// Writes a file of fill pages, one per line.
struct ProfilePages: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "profile-pages")
  @Argument var path: String
  @Option var coins = 60
  @Option var pages = 5
  @Option var rows = 2000
  @Option var seed: UInt64 = 1

  func run() throws {
    guard ProfileBench.write(path, coins: coins, pages: pages, rows: rows, seed: seed) else {
      throw ValidationError("cannot write \(path)")
    }
    print("pages=\(path) fills=\(pages * rows)")
  }
}

/// A file of fill pages → profile.
struct ProfileRun: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "profile")
  @Argument var file: String
  @Option var coins = 500
  @Option var repeats = 21

  func run() throws {
    let names = (0..<coins).map { FrameSource.name($0) }
    guard let report = ProfileBench.run(file: file, coins: names, repeats: repeats) else {
      throw ValidationError("\(file) cannot be read or holds a broken page")
    }
    print(report.line)
  }
}

/// Rankings of many accounts.
struct RankingsRun: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "rankings")
  @Option var accounts = 10_000
  @Option var polls = 50

  func run() { print(RankingsBench.run(accounts: accounts, polls: polls).line) }
}
