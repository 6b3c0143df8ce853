import API
import Base
import Engines
import Hyperliquid
import Market
import Store
import Testing

@testable import Core

/// Reading the configuration again while running: what changes at once, what waits for a restart, what is refused.
@Suite("Reload")
struct ReloadTests {
  static let now = Now(instant: .zero + .seconds(1_000), wall: WallTime(ms: 1_800_000_000_000))

  static func core(_ options: Options = Options()) -> Core {
    let core = Core(options: options, version: "test", seed: 1, now: now)
    core.step(.started, now: now)
    return core
  }

  static func logs(_ core: Core) -> [(level: LogLevel, text: String)] {
    core.output.effects.compactMap { effect in
      guard case .log(let level, let range) = effect else { return nil }
      return (level, String(decoding: core.output.bytes.bytes(in: range), as: UTF8.self))
    }
  }

  /// Another allowed value for every option, as text.
  static func other(_ spec: OptionSpec) -> String {
    let known = [
      "server.host": "::1", "server.allowed_hosts": "example.com",
      "server.cors_origins": "https://example.com",
      "db.path": "other.db", "l2_subscriber.coins": "DOGE", "hyperliquid.rest_url": "https://example.com",
      "hyperliquid.ws_url": "wss://example.com/ws", "hyperliquid.ca_file": "ca.pem",
      "runtime.log_format": "json", "runtime.log_level": "debug", "order_flow.windows": "60,7200",
      "hlp_tracker.vaults": "0x00000000000000000000000000000000000000aa",
      "smart_money.alert_min_win_rate": "0.7",
      "smart_money.auto_curate_min_win_rate": "0.7", "rate_limit.max_weight_per_min": "2000",
    ]
    if let value = known[spec.name] { return value }
    switch spec.kind {
    case .flag(let value): return "\(!value)"
    case .integer(let value, let range): return "\(range.contains(value + 1) ? value + 1 : value - 1)"
    case .number(let value, let range):
      return ConfigText.number(range.contains(value + 3) ? value + 3 : value - 3)
    default: return "?"
    }
  }

  /// What the parts of a core keep of each live option: the live value, as the file would write it.
  static func held(_ name: String, _ core: Core) -> String? {
    guard let poller = core.poller else { return nil }
    let (polls, profiles, curation) = (poller.settings, core.profiler.settings, core.curator.options)
    let seconds = { (span: TimeSpan) in ConfigText.number(span.seconds) }
    let dollars = { (usd: Usd) in ConfigText.number(usd.double) }
    let budget = core.scheduler.budget
    switch name {
    case "server.allowed_hosts", "server.cors_origins", "server.protect_reads":
      // What a client is told tells: `clientsAreAnsweredByTheNewRules`.
      return nil
    case "db.prune_days": return "\(core.persistence.sweep.pruneDays)"
    case "rate_limit.max_weight_per_min": return "\(Int((Double(budget.limit) / 0.85).rounded(.up)))"
    case "rate_limit.safety_pct": return "\(budget.limit * 100 / 1200)"
    case "position_poller.workers": return "\(polls.workers)"
    case "position_poller.tier1_interval": return seconds(poller.lag(tier: 1, now: now.instant).interval)
    case "position_poller.tier2_interval": return seconds(poller.lag(tier: 2, now: now.instant).interval)
    case "position_poller.tier3_interval": return seconds(poller.lag(tier: 3, now: now.instant).interval)
    case "position_poller.whale_threshold": return dollars(polls.whale)
    case "position_poller.mid_threshold": return dollars(polls.mid)
    case "hlp_tracker.poll_interval": return seconds(core.vaultTracker.interval)
    case "hlp_tracker.vaults":
      return core.knowledge.vaults.addresses.map(\.description).joined(separator: ",")
    case "hlp_tracker.discover_children": return "\(core.vaultTracker.discoversChildren)"
    case "heatmap.recompute_interval": return seconds(core.heatmaps.interval)
    case "heatmap.bucket_count":
      #expect(core.views.components.heatmapBuckets == core.heatmaps.bucketCount)
      return "\(core.heatmaps.bucketCount)"
    case "heatmap.range_pct":
      #expect(core.views.components.heatmapRangePct == core.heatmaps.rangePct)
      return ConfigText.number(core.heatmaps.rangePct)
    case "l2_subscriber.coins":
      #expect(core.books?.names == core.views.components.bookCoins)
      return core.books?.names.joined(separator: ",")
    case "smart_money.profile_window_days": return ConfigText.number(profiles.windowDays)
    case "smart_money.profile_refresh_hours": return ConfigText.number(profiles.refresh.seconds / 3600)
    case "smart_money.min_equity": return dollars(profiles.minEquity)
    case "smart_money.min_trades_for_profile": return "\(profiles.options.minTrades)"
    case "smart_money.bot_trades_per_day": return ConfigText.number(profiles.options.botTradesPerDay)
    case "smart_money.bot_avg_hold_min": return ConfigText.number(profiles.options.botAvgHoldMin)
    case "smart_money.max_profiles_per_cycle": return "\(profiles.perCycle)"
    case "smart_money.auto_curate_enabled": return "\(core.curator.isEnabled)"
    case "smart_money.auto_curate_min_win_rate": return ConfigText.number(curation.minWinRate)
    case "smart_money.auto_curate_min_trades": return "\(curation.minTrades)"
    case "smart_money.auto_curate_min_profit_factor": return ConfigText.number(curation.minProfitFactor)
    case "smart_money.auto_curate_max_wallets": return "\(curation.maxWallets)"
    case "smart_money.auto_curate_exclude_bots": return "\(curation.excludeBots)"
    case "runtime.log_format", "runtime.log_level", "smart_money.alert_min_size_usd",
      "smart_money.alert_min_win_rate":
      // Read from the options in force, nowhere else: the driver's log; nobody yet.
      return nil
    default:
      Issue.record("\(name) is live: say here who holds it")
      return nil
    }
  }

  @Test(
    "every option either changes at once wherever it is held, or says that it needs a restart",
    arguments: Options.all.map(\.name))
  func everyOption(name: String) throws {
    let spec = try #require(Options.all.first { $0.name == name })
    var options = Options()
    _ = options.set("l2_subscriber.enabled", to: "true")
    let core = Self.core(options)
    var wanted = options
    let value = name == "l2_subscriber.enabled" ? "false" : Self.other(spec)
    try #require(wanted.set(name, to: value) == nil)
    #expect(wanted.value(spec) != options.value(spec))
    if name == "server.protect_reads" { wanted.apiToken = "secret" }
    core.step(.reloaded(wanted, []), now: Self.now)
    let lines = Self.logs(core)
    switch spec.change {
    case .live:
      #expect(core.options.value(spec) == wanted.value(spec))
      #expect(lines.contains { $0.level == .info && $0.text.hasPrefix("msg=\"reloaded\" key=\(name) was=") })
      if let held = Self.held(name, core) { #expect(held == value) }
    case .restart:
      #expect(core.options.value(spec) == options.value(spec))
      #expect(
        lines.contains {
          $0.level == .warning && $0.text.hasPrefix("msg=\"needs a restart\" key=\(name) was=")
        })
    }
    #expect(lines.count { $0.text.contains("key=") } == (name == "server.protect_reads" ? 2 : 1), "\(lines)")
    // The way back is as complete.
    core.step(.reloaded(options, []), now: Self.now)
    #expect(Options.all.allSatisfy { core.options.value($0) == options.value($0) })
    core.step(.reloaded(options, []), now: Self.now)
    #expect(Self.logs(core).map(\.text) == ["msg=\"configuration read again: nothing to change\""])
  }

  @Test("a fault anywhere changes nothing and is told in the words of the start")
  func faultyFile() {
    let core = Self.core()
    var wanted = Options()
    _ = wanted.set("heatmap.bucket_count", to: "60")
    let problem = ConfigProblem(place: "own.yaml:2", reason: "server.port: 99999 is not within 0…65535")
    core.step(.reloaded(wanted, [problem]), now: Self.now)
    #expect(core.heatmaps.bucketCount == 50 && core.options[.heatmapBuckets] == 50)
    #expect(
      Self.logs(core).map(\.text) == [
        "msg=\"configuration refused, nothing changed\" reason=\"\(problem)\""
      ])
    #expect(Self.logs(core).allSatisfy { $0.level == .error })
    // Thousands of faults do not become thousands of lines.
    core.step(.reloaded(wanted, Array(repeating: problem, count: 5_000)), now: Self.now)
    #expect(Self.logs(core).count == Core.reloadProblemsMax + 1)
  }

  @Test("values that contradict what only a restart can change are refused")
  func contradiction() {
    var options = Options()
    _ = options.set("server.host", to: "0.0.0.0")
    options.apiToken = "first"
    let core = Self.core(options)
    // Without a token the new file may listen on loopback only; but this process listens for others.
    core.step(.reloaded(Options(), []), now: Self.now)
    #expect(core.options.apiToken == "first")
    #expect(Self.logs(core).first?.text.contains("can be reached by others: set HYNOUS_API_TOKEN") == true)
  }

  @Test("the token changes at once and is told without its value")
  func token() {
    var options = Options()
    options.apiToken = "first-secret"
    let core = Self.core(options)
    #expect(Self.watch(core, "first-secret").contains(" 503 "))
    options.apiToken = "other-secret"
    core.step(.reloaded(options, []), now: Self.now)
    #expect(Self.logs(core).map(\.text) == ["msg=\"reloaded\" key=HYNOUS_API_TOKEN"])
    #expect(Self.watch(core, "first-secret").contains(" 401 "))
    #expect(Self.watch(core, "other-secret").contains(" 503 "))
  }

  /// What a write is answered; while the database loads, one that is allowed gets a 503.
  static func watch(_ core: Core, _ token: String) -> String {
    ask(
      core,
      "POST /v1/smart-money/watch HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(token)\r\n"
        + "Content-Type: application/json\r\nContent-Length: 56\r\n\r\n"
        + "{\"address\":\"0x010461c14e146ac35fe42271bdc1134ee31c703a\"}")
  }

  static func ask(_ core: Core, _ request: String) -> String {
    let client = ClientID(raw: 0)
    core.step(.clientAccepted(client), now: now)
    var answer = ""
    (Array(request.utf8) + [UInt8](repeating: 0, count: 64)).withUnsafeBytes {
      core.step(.clientReceived(client, UnsafeRawBufferPointer(rebasing: $0.dropLast(64))), now: now)
    }
    for effect in core.output.effects {
      guard case .sendClient(_, let range) = effect else { continue }
      answer += String(decoding: core.output.bytes.bytes(in: range), as: UTF8.self)
    }
    core.step(.clientClosed(client), now: now)
    return answer
  }

  @Test("clients are answered by the new rules from their next request on")
  func clientsAreAnsweredByTheNewRules() {
    var options = Options()
    let core = Self.core(options)
    let foreign = "GET /health HTTP/1.1\r\nHost: example.com\r\nOrigin: https://page.example\r\n\r\n"
    #expect(Self.ask(core, foreign).contains(" 421 "))
    _ = options.set("server.allowed_hosts", to: "example.com")
    _ = options.set("server.cors_origins", to: "https://page.example")
    core.step(.reloaded(options, []), now: Self.now)
    #expect(Self.ask(core, foreign).contains("access-control-allow-origin: https://page.example"))
    options.apiToken = "secret"
    _ = options.set("server.protect_reads", to: "true")
    core.step(.reloaded(options, []), now: Self.now)
    #expect(Self.ask(core, foreign).contains(" 401 "))
    core.step(.reloaded(Options(), []), now: Self.now)
    #expect(Self.ask(core, foreign).contains(" 421 "))
  }

  @Test("nothing is taken over once the service stops")
  func stopping() {
    let core = Self.core()
    core.step(.stop, now: Self.now)
    var wanted = Options()
    _ = wanted.set("heatmap.bucket_count", to: "60")
    core.step(.reloaded(wanted, []), now: Self.now)
    #expect(core.heatmaps.bucketCount == 50)
  }
}
