import ArgumentParser
import Core
import Daemon

/// Looks at everything the daemon needs.
struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Look at everything the daemon needs and say what to do about what is wrong.",
    discussion: """
      Configuration, clock, the exchange (names, encryption, one question of weight 2, one WebSocket ping), disk, \
      database, limits, port. Nothing is changed; the daemon may run meanwhile. One line a check: ok, warn or fail, what \
      was found, and after an arrow what to do. Exit status 1 when any check failed.
      """)
  @OptionGroup var arguments: ConfigArguments
  @Flag(name: .long, help: "Print one JSON object instead.")
  var json = false

  func run() throws {
    let (options, problems) = ConfigFile.load(path: arguments.config, environment: Environment.variables())
    let subject = Doctor.Subject(
      path: arguments.config, options: options, problems: problems,
      secretsPath: ConfigFile.dotEnvPath(arguments.config))
    throw ExitCode(Doctor.run(subject, isJSON: json) { print($0) })
  }
}
