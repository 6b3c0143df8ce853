public import Base
import Core
import Hyperliquid
import Market
import Store

/// A broken promise, with what is needed to see it again.
public struct Violation: Hashable, Sendable, CustomStringConvertible {
  /// Which promise.
  public enum Oracle: String, Hashable, Sendable {
    /// Never more weight in 60 s than the budget, nothing above the exchange's limits.
    case limits
    /// Order flow equals the truth or admits where it does not.
    case flow
    /// Accounts, vaults and changes equal what the exchange told of them.
    case accounts
    /// The exchange's clock as estimated.
    case clock
    /// Every request is answered, in HTTP and JSON, with the right status.
    case api
    /// Every answer is as the OpenAPI document promises.
    case schema
    /// What was acknowledged is there after a restart.
    case disk
    /// Everything works again soon after the last fault.
    case recovery
    /// A stop ends within five seconds with status 0.
    case stop
    /// Effects make sense to whoever carries them out.
    case effects
    /// Time passes.
    case progress
  }

  /// The seed of the run.
  public var seed: UInt64
  /// When, after the start of the run.
  public var at: TimeSpan
  /// How long the run was to last.
  public var length: TimeSpan
  /// Which promise.
  public var oracle: Oracle
  /// What was seen.
  public var message: String

  /// One line, with the command that repeats it.
  public var description: String {
    "seed \(seed) at \(at.seconds) s: \(oracle.rawValue): \(message)\n"
      + "  repeat: hynous-sim seeds --seed \(seed) --minutes \(length.milliseconds / 60_000) --trace"
  }
}

extension Simulation {
  /// How long recovery may take after the last fault; see `calmFrom`.
  static let recoveryMax = TimeSpan.seconds(60)

  func complain(_ oracle: Violation.Oracle, _ message: String) {
    onLine?("\(stamp) VIOLATION \(oracle.rawValue): \(message)")
    guard violations.count < Simulation.violationsMax else { return }
    violations.append(
      Violation(seed: seed, at: now - Simulation.epoch, length: length, oracle: oracle, message: message))
  }

  // MARK: The exchange's side

  /// The budget the exchange must never see exceeded.
  var weightMax: Int { Int(Double(options[.maxWeightPerMin]) * options[.safetyPct] / 100) }

  func checkWeight() {
    let weight = exchange.weight(of: Simulation.address, now: exchangeNow)
    if weight > weightMax, !isAfterPowerLoss {
      complain(.limits, "weight \(weight) in 60 s, \(weightMax) allowed")
    }
  }

  /// Whether weight that nobody remembers may have been spent in this minute.
  private var isAfterPowerLoss: Bool { powerLostAt.map { now - $0 < .seconds(61) } ?? false }

  func checkStep() {
    var use = exchange.use(of: Simulation.address)
    if isAfterPowerLoss { oracle.refusedExcused = use.refusedRequests }
    use.refusedRequests -= oracle.refusedExcused
    if !use.isClean, !oracle.hasReportedUse {
      oracle.hasReportedUse = true
      complain(.limits, "the exchange had to refuse: \(use)")
    }
  }

  func checkUse() {
    let use = exchange.use(of: Simulation.address)
    let limits = exchange.limits
    if use.weightPeak > weightMax, powerLostAt == nil {
      complain(.limits, "weight \(use.weightPeak) in 60 s")
    }
    if use.messagesPeak > limits.messagesPerMin { complain(.limits, "\(use.messagesPeak) messages in 60 s") }
    if use.newConnectionsPeak > limits.newConnectionsPerMin {
      complain(.limits, "\(use.newConnectionsPeak) connection attempts in 60 s")
    }
  }

  // MARK: The clients' side

  func checkClients() {
    for case .some(let client) in clients.slots where client.isOpen && now > client.mustEndBy {
      complain(.api, "client \(client.id.raw) is still connected")
      client.mustEndBy = .never
    }
    for link in links where link.life == life && link.state == .open {
      let patience = FlowOracle.detectionMax + .milliseconds(plan.delayMsMax)
      guard let muted = link.mutedSince, now - muted > patience else { continue }
      complain(.recovery, "\(link.id) has been dead for \((now - muted).seconds) s and is still in use")
      link.mutedSince = now
    }
  }

  func check(_ answer: SimulatedAnswer, _ expected: SimulatedClient.Expectation) {
    counts.answers += 1
    guard expected.statuses.contains(answer.status) else {
      return complain(.api, "\(expected.path) answered with \(answer.status)")
    }
    guard !expected.isHead else { return }
    guard answer.isJSON else {
      if answer.status == 200, expected.path == "/metrics" || expected.path == "/docs" { return }
      return complain(.api, "\(expected.path) (\(answer.status)) is no JSON")
    }
    let value = answer.body.withUnsafeBytes { RequestValue(parsing: $0, bytesMax: 16 << 20) }
    guard let value else { return complain(.api, "\(expected.path): a body that is no JSON") }
    if answer.status >= 400, value["error"]?.text == nil, value["detail"] == nil, value["reasons"] == nil {
      complain(.api, "\(expected.path) (\(answer.status)): an error without words")
    }
    checkSchema(expected, status: answer.status, value)
    switch expected.body {
    case .stats: checkStats(value)
    case .health: checkHealth(value)
    case .flow(let name): checkFlow(name, value)
    case .whales(let name): checkWhales(name, value)
    case .vaults: checkVaults(value)
    case .changes: checkChanges(value)
    case .watchlist:
      checkWatchlist(value)
      checkNotes(value)
    case .alerts: checkAlerts(value)
    case .heatmap(let name): checkHeatmap(name, value)
    case .patched, .unwatched, .alertAdded, .alertRemoved: keeps(expected.body, status: answer.status, value)
    case .walked: checkDoubles(expected.path, value)
    case .watch(let address, let label): wrote(address, label, status: answer.status)
    case .page, .anything: break
    }
  }

  private func checkStats(_ value: RequestValue) {
    guard let skew = value["runtime"]?["clock_skew_ms"]?.number else {
      return complain(.api, "no clock skew in the statistics")
    }
    oracle.estimate = WallTime(ms: clocks.wall.ms + Int64(skew.rounded()))
    oracle.isDue = stopAsked == nil
    oracle.statistics = value
    guard let stream = value["trade_stream"] else { return }
    oracle.tradesSeen = stream["total_trades"]?.int ?? 0
    checkClock()
  }

  /// The estimate lags behind the exchange by the shortest way seen, and never leads.
  private func checkClock() {
    // A machine whose clock is far off at the start believes the exchange only after 64 trades agree.
    let patience = TimeSpan.seconds(oracle.startOffsetMs.magnitude > 500_000 ? 600 : 120)
    guard now - startedAt > patience, plan.delayMsMax == 0, oracle.tradesSeen > 100 else { return }
    let lag = exchangeNow.ms - oracle.estimate.ms
    let most = Int64(plan.latencyMs + plan.jitterMs) + 2
    if lag < 0 || lag > most { complain(.clock, "the exchange's clock is off by \(lag) ms") }
  }

  private func checkHealth(_ value: RequestValue) {
    let discovered = value["addresses_discovered"]?.int ?? -1
    oracle.discovered = discovered
    guard isCalm else { return }
    counts.calmChecks += 1
    let status = value["status"]?.text ?? ""
    if status != "ok" {
      let reasons = (value["reasons"]?.items ?? []).compactMap(\.text)
      let isExcused = isOverasked && reasons.count == 1 && reasons[0].hasPrefix("positions: tier 1")
      guard isExcused else {
        return complain(.recovery, "health is \(status): \(reasons.joined(separator: "; "))")
      }
    }
    // A full book forgets, also who was only asked about: that place is free until somebody else trades.
    let stored = disk.acknowledged.count
    let least = stored <= swarm.bounds.addresses ? stored : swarm.bounds.addresses - strangers.count
    if discovered < Int64(least) {
      complain(.disk, "\(discovered) accounts known, \(disk.acknowledged.count) were stored")
    }
  }

  /// When the last fault is over, the process is up, and recovery has had its time: longer where the machine's
  /// clock was far off at the start, since then only 64 trades that agree are believed.
  var calmFrom: Instant {
    let patience = oracle.startOffsetMs.magnitude > 500_000 ? TimeSpan.seconds(300) : Simulation.recoveryMax
    return max(Simulation.epoch + plan.calmFrom, startedAt) + patience
  }

  var isCalm: Bool { now >= calmFrom && stopAsked == nil && core != nil }

  /// Accounts that may be known without having traded: somebody asked about them.
  private var strangers: Set<String> {
    Set(accounts.watched.keys).union(accounts.unsure).union(kept.asked).union([Simulation.strangerAddress])
  }

  // MARK: The disk's side

  /// What a restart finds must hold everything the former lives were told is stored.
  func checkLoaded(_ state: LoadedState) {
    let lost = disk.lost(in: state)
    if lost > 0 { complain(.disk, "\(lost) accounts that were stored are gone") }
  }

  /// After an orderly stop with a working disk, everything the daemon knew is in the file.
  func checkLeftBehind() {
    let (count, trades) = disk.accounts
    if trades != disk.acknowledgedTrades {
      complain(.disk, "\(trades) trades in the file, \(disk.acknowledgedTrades) acknowledged")
    }
    guard !disk.isTroubled, fault(.diskSlow) == nil, oracle.discovered > 0, oracle.isDiskSteady else {
      return
    }
    // Accounts somebody asked about, which never traded, are known and only written when they are polled.
    let unpolled = strangers.count { Address($0).map { !disk.holds($0) } ?? false }
    if Int64(count + unpolled) < oracle.discovered {
      complain(.disk, "stopped with \(count) accounts stored of \(oracle.discovered)")
    }
  }
}

extension RequestValue {
  /// A number, whole or not.
  var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .fraction(let text): Double(text)
    default: nil
    }
  }
}

extension RequestValue {
  /// The elements of an array; none of anything else.
  var items: [RequestValue] { if case .array(let items) = self { items } else { [] } }
}
