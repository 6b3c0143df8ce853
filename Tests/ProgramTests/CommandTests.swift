import Foundation
import Testing

/// The command line as a user meets it.
@Suite struct CommandTests {
  private func run(_ arguments: [String], environment: [String: String] = [:], folder: URL? = nil) throws -> (
    status: Int32?, output: String
  ) {
    let program = try Program("hynous-data", arguments, environment: environment, folder: folder)
    let status = program.exitStatus()
    return (status, program.lines.joined(separator: "\n"))
  }

  @Test func versionAndHelp() throws {
    let changelog = try String(contentsOf: Program.root.appending(path: "CHANGELOG.md"), encoding: .utf8)
    let version = try run(["version"])
    #expect(version.status == 0)
    let number = try #require(version.output.split(separator: " ").last)
    #expect(changelog.contains("## \(number)"), "CHANGELOG.md does not know \(number)")
    let help = try run(["--help"])
    #expect(help.status == 0)
    for command in ["run", "check-config", "print-config", "version"] {
      #expect(help.output.contains(command))
    }
  }

  @Test func theShippedConfigurationIsGood() throws {
    let checked = try run(["check-config"])
    #expect(checked.status == 0)
    #expect(checked.output == "config/default.yaml: good")
    let printed = try run(["print-config", "--defaults"])
    let shipped = try String(contentsOf: Program.root.appending(path: "config/default.yaml"), encoding: .utf8)
    #expect(printed.output + "\n" == shipped)
  }

  @Test func problemsNameFileLineAndReason() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(
      "config/own.yaml",
      """
      server:
        port: 99999
        hots: x
      order_flow:
        windows: [60, 60]
      nonsense: 1
      """)
    let checked = try run(["check-config", "--config", file])
    #expect(checked.status == 1)
    #expect(checked.output.contains("\(file):2: server.port: 99999 is not within 0…65535"))
    #expect(
      checked.output.contains("\(file):3: unknown key server.hots; the nearest known one is server.host"))
    #expect(checked.output.contains("\(file):5: order_flow.windows: 60 stands twice"))
    #expect(checked.output.contains("\(file):6: unknown section nonsense"))
  }

  @Test(arguments: [
    ("server:\n  port: [1\n", ":"), ("server:\n  port: 1\n  port: 2\n", "stands twice"),
    ("- a\n- b\n", "must hold sections"), ("server: 5\n", "must hold `key: value` lines"),
    ("a: b: c\n", ":1:"), ("server:\n\tport: 1\n", ":2:"),
    ("server: {}\n---\nserver: {}\n", "more than one document"),
    ("\u{0}\u{1}", ":"),
  ])
  func brokenFilesGetAClearError(_ text: String, _ message: String) throws {
    let folder = try TemporaryFolder()
    let file = try folder.write("own.yaml", text)
    let checked = try run(["check-config", "--config", file])
    #expect(checked.status == 1)
    #expect(checked.output.contains(file) && checked.output.contains(message), "\(checked.output)")
  }

  @Test func missingAndUnreadableFiles() throws {
    let folder = try TemporaryFolder()
    let missing = try run(["check-config", "--config", folder.url.appending(path: "none.yaml").path])
    #expect(missing.status == 1 && missing.output.contains("none.yaml"))
    let directory = try run(["check-config", "--config", folder.url.path])
    #expect(directory.status == 1)
  }

  @Test func emptyFilesMeanDefaults() throws {
    let folder = try TemporaryFolder()
    for text in ["", "# nothing\n", "server:\n", "---\n"] {
      let file = try folder.write("own.yaml", text)
      #expect(try run(["check-config", "--config", file]).status == 0, "\(text)")
    }
  }

  @Test func dotEnvAndEnvironmentOverride() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write("config/own.yaml", "server:\n  port: 1000\n")
    _ = try folder.write(
      ".env", "# settings\nHYNOUS_SERVER_PORT=2000\nOTHER=1\nexport HYNOUS_DB_PATH='x y.db'\n")
    let printed = try run(["print-config", "--config", file])
    #expect(printed.output.contains("\n  port: 2000") && printed.output.contains("\n  path: \"x y.db\""))
    _ = try folder.write("config/.env", "HYNOUS_SERVER_PORT=3000\n")
    let nearer = try run(["print-config", "--config", file])
    #expect(nearer.output.contains("\n  port: 3000"))
    #expect(nearer.output.contains("\n  path: storage/hynous-data.db"))
    let environment = try run(
      ["print-config", "--config", file], environment: ["HYNOUS_SERVER_PORT": "4000"])
    #expect(environment.output.contains("\n  port: 4000"))
    _ = try folder.write("config/.env", "HYNOUS_SERVER_PROT=1\nnonsense\n")
    let wrong = try run(["check-config", "--config", file])
    #expect(wrong.status == 1)
    #expect(wrong.output.contains(".env:1: unknown setting HYNOUS_SERVER_PROT"))
    #expect(wrong.output.contains(".env:2: is not NAME=value"))
  }

  @Test func whatPrintConfigPrintsIsAccepted() throws {
    let folder = try TemporaryFolder()
    let printed = try run(
      ["print-config"],
      environment: [
        "HYNOUS_L2_SUBSCRIBER_COINS": "BTC,xyz:TSLA,kPEPE", "HYNOUS_ORDER_FLOW_WINDOWS": "60,7200",
        "HYNOUS_SERVER_ALLOWED_HOSTS": "example.com",
      ])
    #expect(printed.output.contains("coins: [BTC, \"xyz:TSLA\", kPEPE]"))
    let file = try folder.write("own.yaml", printed.output)
    let again = try run(["print-config", "--config", file])
    #expect(again.output == printed.output)
  }
}
