import ArgumentParser
import Core
import Daemon

/// Copies the database while the daemon uses it.
struct BackupCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backup", abstract: "Copy the database to FILE while the daemon runs, and check the copy.",
    discussion: """
      The copy is of one moment: everything committed before it begins is in it. The daemon goes on writing; its log \
      grows by what it commits meanwhile. FILE appears whole and checked, or not at all.

      To go back to a copy: stop the daemon, remove the database's -wal and -shm files, copy FILE over the database, \
      start.
      """)
  @OptionGroup var arguments: ConfigArguments
  @ArgumentParser.Option(name: .long, help: "The database, instead of the configuration's db.path.")
  var db: String?
  @Flag(name: .long, help: "Replace FILE if it exists.")
  var force = false
  @Flag(name: .long, help: "A faster check: whether indexes and tables agree is not looked at.")
  var quick = false
  @Argument(help: ArgumentHelp("Where the copy shall lie.", valueName: "file"))
  var file: String

  func run() throws {
    let source = try db ?? arguments.load()[.dbPath]
    let plan = BackupRun.Plan(source: source, target: file, replaces: force, isQuick: quick)
    do {
      for line in try BackupRun(plan).run() { print(line) }
    } catch {
      let words = "\(error)".map { $0.isNewline ? " " : $0 }
      StandardError.write("hynous-data: backup: \(String(words))\n")
      throw ExitCode(1)
    }
  }
}
