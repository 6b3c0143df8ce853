public import Base
public import Core

/// Everything a seed decides about its run: what goes wrong, how large the world is, how the daemon is configured, how
/// small its bounds are, how fast its threads are.
///
/// Swarm testing: no run has everything. Each seed draws which faults exist at all, and for every other dial whether it is
/// at its usual place or somewhere else, so that rare combinations meet and nothing hides behind what always happens
/// first. Every eighth seed is free of faults. `description` says what was drawn.
public struct Swarm: Sendable, CustomStringConvertible {
  /// The seed of everything.
  public let seed: UInt64
  /// How long the run lasts.
  public let length: TimeSpan
  /// What goes wrong, and how far the hosts are apart.
  public var plan: FaultPlan
  /// The market.
  public var world = WorldOptions.small
  /// The daemon's configuration.
  public var options = Options()
  /// How much the daemon holds.
  public var bounds = Bounds()
  /// Clients the driver accepts at once.
  public var clientsMax = 1_024
  /// How much time passes between two looks at the answers, on average, milliseconds.
  public var probeMs = 4_000
  /// Wallets clients ask to watch, and alerts they set, at most: without a bound that is data that grows.
  public var keptMax = Int.max
  /// How late the loop may be for a deadline, milliseconds.
  public var lateMs = 0
  private var words: [String] = []

  /// A run of `seed` without anything drawn: the usual dials.
  public init(seed: UInt64, length: TimeSpan, plan: FaultPlan) {
    self.seed = seed
    self.length = length
    self.plan = plan
  }

  /// What `seed` draws for a run of `length`.
  public static func drawn(seed: UInt64, length: TimeSpan) -> Swarm {
    var swarm = Swarm(seed: seed, length: length, plan: FaultPlan.drawn(seed: seed, length: length))
    var random = PRNG(seed: seed ^ 0x5a_a3_77_01)
    swarm.drawWorld(random.split())
    swarm.drawOptions(random.split())
    swarm.drawBounds(random.split())
    swarm.drawDriver(random.split())
    return swarm
  }

  private mutating func drawWorld(_ source: PRNG) {
    var random = source
    world.tradesPerSecond = 1 + 2 * random.unit()
    if random.chance(0.3) { world.coins = 4 + random.below(24) }
    if random.chance(0.3) { world.accounts = 8 + random.below(150) }
    if random.chance(0.2) { world.tradesPerSecond = 0.2 + 8 * random.unit() * random.unit() }
    if random.chance(0.3) { world.volatility = 5 * random.unit() }
    if random.chance(0.2) { world.jumpsPerHour = 3 * random.unit() }
    if random.chance(0.2) { world.blockMs = 20 + random.below(2_000) }
    if random.chance(0.2) { world.historyTradesPerAccount = random.below(60) }
    if random.chance(0.2) { world.twapShare = random.unit() }
    words.append(
      "world coins=\(world.coins) accounts=\(world.accounts) trades/s=\(Swarm.short(world.tradesPerSecond)) "
        + "volatility=\(Swarm.short(world.volatility)) jumps/h=\(Swarm.short(world.jumpsPerHour)) "
        + "block_ms=\(world.blockMs) history=\(world.historyTradesPerAccount) twap=\(Swarm.short(world.twapShare))"
    )
  }

  private mutating func drawOptions(_ source: PRNG) {
    var random = source
    func number(_ range: ClosedRange<Int>) -> String {
      "\(range.lowerBound + random.below(range.upperBound - range.lowerBound + 1))"
    }
    let dials: [(String, ClosedRange<Int>)] = [
      ("position_poller.workers", 1...16), ("position_poller.tier1_interval", 10...60),
      ("position_poller.tier2_interval", 60...300), ("position_poller.tier3_interval", 300...1_200),
      ("position_poller.whale_threshold", 500_000...5_000_000), ("hlp_tracker.poll_interval", 10...180),
      ("heatmap.recompute_interval", 1...90), ("heatmap.bucket_count", 1...200),
      ("rate_limit.max_weight_per_min", 300...1_200), ("rate_limit.safety_pct", 70...100),
      ("smart_money.max_profiles_per_cycle", 0...60), ("smart_money.profile_refresh_hours", 1...3),
      ("smart_money.min_equity", 0...200_000), ("smart_money.min_trades_for_profile", 1...10),
      ("smart_money.auto_curate_max_wallets", 0...30), ("smart_money.auto_curate_min_trades", 0...20),
      ("runtime.worker_threads", 1...4), ("db.prune_days", 1...30),
    ]
    for (name, range) in dials {
      let value = number(range)
      if random.chance(0.2) { set(name, value) }
    }
    if random.chance(0.2) { set("l2_subscriber.enabled", "true") }
    if random.chance(0.2) { set("hlp_tracker.discover_children", "false") }
    if random.chance(0.2) { set("smart_money.auto_curate_enabled", "false") }
    if random.chance(0.2) { set("order_flow.windows", "60,\(number(61...7_200))") }
  }

  private mutating func set(_ name: String, _ value: String) {
    guard let problem = options.set(name, to: value) else { return words.append("\(name)=\(value)") }
    preconditionFailure("\(name): \(problem)")
  }

  private mutating func drawBounds(_ source: PRNG) {
    var random = source
    func shrink(_ name: String, _ value: inout Int, _ range: ClosedRange<Int>) {
      let small = range.lowerBound + random.below(range.upperBound - range.lowerBound + 1)
      guard random.chance(0.15) else { return }
      value = small
      words.append("\(name)Max=\(small)")
    }
    shrink("addresses", &bounds.addresses, 20...400)
    shrink("equity", &bounds.equity, 50...5_000)
    shrink("profiles", &bounds.profiles, 2...40)
    shrink("watched", &bounds.watched, 40...200)
    shrink("alerts", &bounds.alerts, 1...20)
    shrink("changes", &bounds.changes, 400...2_000)
    shrink("liquidations", &bounds.liquidations, 2...100)
    shrink("flowChunks", &bounds.flowChunks, 40...400)
    shrink("waitingRows", &bounds.waitingRows, 20...400)
  }

  private mutating func drawDriver(_ source: PRNG) {
    var random = source
    probeMs = 2_000 + random.below(14_000)
    if random.chance(0.2) { clientsMax = 4 + random.below(200) }
    if random.chance(0.3) { lateMs = 1 + random.below(80) }
    words.append("clientsMax=\(clientsMax) probe_ms=\(probeMs) late_ms=\(lateMs)")
  }

  /// One line about the dials, one about the faults.
  public var description: String {
    let faults = plan.faults.sorted { ($0.from, $0.kind.rawValue) < ($1.from, $1.kind.rawValue) }.map {
      "\($0.kind)@\(Swarm.short($0.from.seconds))+\(Swarm.short($0.length.seconds))×\(Swarm.short($0.strength))"
        + ":\($0.target)"
    }
    return words.joined(separator: " ") + "\n"
      + "clock_ms=\(plan.wallOffsetMs) latency_ms=\(plan.latencyMs)+\(plan.jitterMs) "
      + (faults.isEmpty ? "no faults" : faults.joined(separator: " "))
  }

  private static func short(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }
}
