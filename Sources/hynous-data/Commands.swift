import ArgumentParser
import Core
import Daemon
import Glibc

/// The command line: `hynous-data run | check-config | print-config | doctor | backup | version`.
struct HynousData: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hynous-data",
    abstract: "Self-hosted Hyperliquid market intelligence: order flow, positions and whales as JSON.",
    version: Version.text,
    subcommands: [
      Run.self, CheckConfig.self, PrintConfig.self, DoctorCommand.self, BackupCommand.self,
      VersionCommand.self,
    ],
    defaultSubcommand: Run.self)
}

extension HynousData {
  /// The status of a command line that cannot be read, as most programs have it.
  static let usageStatus: Int32 = 2

  static func main() {
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch {
      guard exitCode(for: error) == .validationFailure else { exit(withError: error) }
      StandardError.write(fullMessage(for: error) + "\n")
      Glibc.exit(usageStatus)
    }
  }
}

/// `--config`, shared by the commands that read one.
struct ConfigArguments: ParsableArguments {
  @ArgumentParser.Option(name: .long, help: "Configuration file.")
  var config = "config/default.yaml"

  /// The checked options; prints every problem and exits 1 when there are any.
  func load() throws -> Options {
    let (options, problems) = ConfigFile.load(path: config, environment: Environment.variables())
    for problem in problems { StandardError.write("hynous-data: \(problem)\n") }
    if !problems.isEmpty { throw ExitCode(1) }
    return options
  }
}

/// Runs the daemon until SIGTERM or SIGINT.
struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run the daemon in the foreground until SIGTERM or Ctrl-C.")
  @OptionGroup var arguments: ConfigArguments

  func run() throws {
    let options = try arguments.load()
    let (path, environment) = (arguments.config, Environment.variables())
    let status = Daemon.run(options: options, version: Version.text) {
      ConfigFile.load(path: path, environment: environment)
    }
    throw ExitCode(status)
  }
}

/// Checks a configuration.
struct CheckConfig: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check-config", abstract: "Say what is wrong with the configuration; exit 1 if anything is.")
  @OptionGroup var arguments: ConfigArguments

  func run() throws {
    _ = try arguments.load()
    print("\(arguments.config): good")
  }
}

/// Prints the configuration in force.
struct PrintConfig: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "print-config",
    abstract: "Print the configuration in force: the file with .env and environment overrides applied.")
  @OptionGroup var arguments: ConfigArguments
  @Flag(name: .long, help: "Print all defaults instead: the text of config/default.yaml.")
  var defaults = false

  func run() throws {
    print(ConfigText.yaml(defaults ? Options() : try arguments.load()), terminator: "")
  }
}

/// Prints the version.
struct VersionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "version", abstract: "Print the version.")

  func run() { print("hynous-data \(Version.text)") }
}

/// The release this source is of; CHANGELOG.md has the same.
enum Version {
  static let text = "0.3.0"
}

/// The process's environment.
enum Environment {
  static func variables() -> [String: String] {
    var variables: [String: String] = [:]
    var cursor = environ
    while let entry = cursor.pointee {
      let line = String(cString: entry)
      if let equals = line.firstIndex(of: "=") {
        variables[String(line[..<equals])] = String(line[line.index(after: equals)...])
      }
      cursor += 1
    }
    return variables
  }
}

/// Standard error without Foundation.
enum StandardError {
  static func write(_ text: String) {
    var text = text
    text.withUTF8 { _ = Glibc.write(2, $0.baseAddress, $0.count) }
  }
}
