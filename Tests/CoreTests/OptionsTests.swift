import Core
import Foundation
import Testing

/// The configuration's checks, fed with entries as the main program reads them from files.
@Suite struct OptionsTests {
  private func entry(_ section: String, _ key: String?, _ value: ConfigNode, line: Int = 1) -> ConfigEntry {
    ConfigEntry(section: section, key: key, value: value, place: "config.yaml:\(line)")
  }

  private func scalar(_ text: String, quoted: Bool = false) -> ConfigNode {
    .scalar(ConfigScalar(text: text, isQuoted: quoted))
  }

  @Test func defaultsAreTheContractsDefaults() {
    let options = Options()
    #expect(options[.serverHost] == "127.0.0.1")
    #expect(options[.serverPort] == 8100)
    #expect(options[.maxWeightPerMin] == 1200)
    #expect(options[.safetyPct] == 85)
    #expect(options[.orderFlowWindows] == [60, 300, 900, 3600])
    #expect(options[.hlpVaults].count == 3)
    #expect(options[.l2Enabled] == false)
    #expect(options[.workerThreads] == 2)
  }

  @Test func everyOptionIsNamedOnceAndItsDefaultPassesItsOwnCheck() {
    #expect(Set(Options.all.map(\.name)).count == Options.all.count)
    #expect(Set(Options.all.map(\.environmentName)).count == Options.all.count)
    for spec in Options.all {
      var options = Options()
      let written: String
      switch spec.defaultValue {
      case .flag(let value): written = "\(value)"
      case .integer(let value): written = "\(value)"
      case .number(let value): written = "\(value)"
      case .text(let value): written = value
      case .integers(let list): written = list.map(String.init).joined(separator: ",")
      case .texts(let list): written = list.joined(separator: ",")
      }
      #expect(options.set(spec.name, to: written) == nil, "\(spec.name)")
      #expect(options.value(spec) == spec.defaultValue, "\(spec.name)")
      #expect(spec.sentence.hasSuffix("."), "\(spec.name) has no sentence")
    }
  }

  @Test func integersAreAcceptedWhereANumberIsExpected() {
    let (options, problems) = Options.load([entry("rate_limit", "safety_pct", scalar("90"))])
    #expect(problems.isEmpty)
    #expect(options[.safetyPct] == 90)
  }

  @Test(arguments: [
    ("server", "port", "99999", "config.yaml:1: server.port: 99999 is not within 0…65535"),
    ("server", "port", "eighty", "config.yaml:1: server.port: \"eighty\" is not a whole number"),
    ("server", "port", "80.5", "config.yaml:1: server.port: \"80.5\" is not a whole number"),
    ("rate_limit", "safety_pct", "nan", "config.yaml:1: rate_limit.safety_pct: \"nan\" is not a number"),
    ("rate_limit", "safety_pct", "0", "config.yaml:1: rate_limit.safety_pct: 0 is not within 1…100"),
    (
      "trade_stream", "enabled", "maybe",
      "config.yaml:1: trade_stream.enabled: \"maybe\" is neither true nor false"
    ),
    (
      "serve", "port", "1",
      "config.yaml:1: unknown section serve; the nearest known one is server"
    ),
    (
      "server", "prot", "1",
      "config.yaml:1: unknown key server.prot; the nearest known one is server.port"
    ),
    (
      "hlp_tracker", "vaults", "0x12",
      "config.yaml:1: hlp_tracker.vaults: \"0x12\" is not an address (0x and 40 hex digits)"
    ),
    (
      "hyperliquid", "rest_url", "http://api.hyperliquid.xyz",
      "config.yaml:1: hyperliquid.rest_url: \"http://api.hyperliquid.xyz\" uses http:// towards"
        + " api.hyperliquid.xyz, which is not this machine"
    ),
    (
      "hyperliquid", "ws_url", "ftp://x",
      "config.yaml:1: hyperliquid.ws_url: \"ftp://x\" is not an address like wss://host[:port][/path]"
    ),
  ])
  func badValuesAreNamedWithTheirReason(_ section: String, _ key: String, _ text: String, _ message: String) {
    let (_, problems) = Options.load([entry(section, key, scalar(text))])
    #expect(problems.map(\.description) == [message])
  }

  @Test func aQuotedNumberIsText() {
    let (_, problems) = Options.load([entry("server", "port", scalar("8100", quoted: true))])
    #expect(problems.map(\.reason) == ["server.port: the text \"8100\" is not a whole number"])
  }

  @Test func everyProblemIsReportedNotOnlyTheFirst() {
    let (_, problems) = Options.load([
      entry("server", "port", .list([]), line: 2), entry("server", "host", .null, line: 3),
      entry("order_flow", "windows", .list([]), line: 5), entry("db", nil, .other, line: 7),
    ])
    #expect(problems.map(\.place) == ["config.yaml:2", "config.yaml:3", "config.yaml:5", "config.yaml:7"])
  }

  @Test func emptySectionsAndListsOfOneAreFine() {
    let windows = ConfigNode.list([ConfigScalar(text: "60", isQuoted: false)])
    let (options, problems) = Options.load([
      entry("heatmap", nil, .null), entry("order_flow", "windows", windows),
      entry("l2_subscriber", "coins", .list([])),
    ])
    #expect(problems.isEmpty)
    #expect(options[.orderFlowWindows] == [60])
    #expect(options[.l2Coins].isEmpty)
  }

  @Test func repeatedWindowsAndTooManyAreRefused() {
    let twice = ConfigNode.list([
      ConfigScalar(text: "60", isQuoted: false), ConfigScalar(text: "60", isQuoted: false),
    ])
    #expect(
      Options.load([entry("order_flow", "windows", twice)]).problems.first?.reason.contains("twice") == true)
    let nine = ConfigNode.list((1...9).map { ConfigScalar(text: "\($0)", isQuoted: false) })
    #expect(Options.load([entry("order_flow", "windows", nine)]).problems.count == 1)
  }

  @Test func laterEntriesOverrideEarlierOnes() {
    let (options, problems) = Options.load([
      entry("server", "port", scalar("1")), entry("server", "port", scalar("2")),
    ])
    #expect(problems.isEmpty)
    #expect(options[.serverPort] == 2)
  }

  @Test func thresholdsThatContradictAreRefused() {
    let (_, problems) = Options.load([entry("position_poller", "mid_threshold", scalar("5_000_000"))])
    #expect(problems.count == 1)
  }

  @Test(arguments: ["0.0.0.0", "::", "192.168.1.5", "hynous.example.com", "127.0.0.1.example.com"])
  func listeningForOthersNeedsAToken(host: String) {
    let entries = [entry("server", "host", scalar(host))]
    let refused = Options.load(entries).problems
    #expect(refused.count == 1 && refused.first?.reason.contains("HYNOUS_API_TOKEN") == true)
    #expect(Options.load(entries, apiToken: "").problems.count == 1)
    let (options, problems) = Options.load(entries, apiToken: "a-secret")
    #expect(problems.isEmpty && options.apiToken == "a-secret")
    #expect(!ConfigText.yaml(options).contains("a-secret"))
  }

  @Test(arguments: ["127.0.0.1", "127.8.9.1", "localhost", "::1"])
  func listeningForThisMachineNeedsNone(host: String) {
    #expect(Options.load([entry("server", "host", scalar(host))]).problems.isEmpty)
  }

  @Test func protectedReadsNeedAToken() {
    let entries = [entry("server", "protect_reads", scalar("true"))]
    #expect(Options.load(entries).problems.count == 1)
    #expect(Options.load(entries, apiToken: "a-secret").problems.isEmpty)
  }

  @Test(arguments: ["two words", "tab\t", "ü", String(repeating: "x", count: 1_025)])
  func aTokenThatFitsNoHeaderIsRefused(token: String) {
    let problems = Options.load([], apiToken: token).problems
    #expect(problems.map(\.place) == ["HYNOUS_API_TOKEN"])
  }

  @Test func logsAreOfAKnownFormAndLevel() {
    #expect(Options.load([entry("runtime", "log_format", scalar("json"))]).problems.isEmpty)
    #expect(Options.load([entry("runtime", "log_format", scalar("xml"))]).problems.count == 1)
    #expect(Options.load([entry("runtime", "log_level", scalar("debug"))]).problems.isEmpty)
    #expect(Options.load([entry("runtime", "log_level", scalar("loud"))]).problems.count == 1)
  }

  @Test func printedDefaultsNameEveryKey() {
    let text = ConfigText.yaml(Options())
    for spec in Options.all { #expect(text.contains("\n  \(spec.key): "), "\(spec.name)") }
  }
}

/// Addresses of the exchange.
@Suite struct EndpointTests {
  @Test func partsAreTakenApart() throws {
    let plain = try #require(ExchangeAddress("ws://127.0.0.1:8200/ws"))
    #expect(plain.host == "127.0.0.1" && plain.port == 8200 && plain.path == "/ws" && plain.isLoopback)
    #expect(plain.authority == "127.0.0.1:8200")
    let main = try #require(ExchangeAddress("https://api.hyperliquid.xyz"))
    #expect(main.port == 443 && main.path == "/" && main.isSecure && !main.isLoopback)
    #expect(main.authority == "api.hyperliquid.xyz")
    let six = try #require(ExchangeAddress("http://[::1]:80/x"))
    #expect(six.host == "::1" && six.isLoopback && six.authority == "[::1]")
  }

  @Test(arguments: [
    "", "api.hyperliquid.xyz", "https://", "https://:1", "https://a:0", "https://a:65536", "https://a:x",
    "https://user@host", "https://a b", "https://[::1", "https://[::1]x", "gopher://a", "https//a", "://a",
  ])
  func nonsenseIsRefused(_ text: String) { #expect(ExchangeAddress(text) == nil) }

  @Test func onlyLoopbackIsLoopback() {
    for text in [
      "http://127.0.0.1.example.com", "http://128.0.0.1", "http://localhost.example.com", "http://127.1",
    ] {
      #expect(ExchangeAddress(text)?.isLoopback == false, "\(text)")
    }
  }
}

/// The shipped configuration is the one the code prints (`make golden` rewrites it).
@Suite struct DefaultConfigTests {
  @Test func shippedFileIsThePrintedOne() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let file = root.appending(path: "config/default.yaml")
    let printed = ConfigText.yaml(Options())
    if ProcessInfo.processInfo.environment["HYNOUS_GOLDEN"] == "write" {
      try printed.write(to: file, atomically: true, encoding: .utf8)
    }
    #expect(try String(contentsOf: file, encoding: .utf8) == printed)
  }

  /// YAML refuses control characters and takes some others for ends of lines: none is printed as it is.
  @Test func textIsPrintedInCharactersYAMLReadsBack() {
    var options = Options()
    #expect(options.set("db.path", to: "a\u{1}b\r\u{7F}\u{85}\u{2028}\u{FEFF}\u{FFFF}é🐋\\\"") == nil)
    let printed = ConfigText.yaml(options)
    #expect(printed.contains(#"path: "a\u0001b\u000d\u007f\u0085\u2028\ufeff\uffffé🐋\\\"""#))
    #expect(printed.unicodeScalars.allSatisfy { $0 == "\n" || $0.properties.generalCategory != .control })
  }
}
