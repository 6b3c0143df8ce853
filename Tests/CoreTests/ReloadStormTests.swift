import Base
import Engines
import Hyperliquid
import Market
import Store
import Testing

@testable import Core

/// Reloads of anything at any moment of a busy life: nothing breaks, and the budget holds.
@Suite("Reloads at any moment")
struct ReloadStormTests {
  /// A random allowed value of an option, as text.
  private static func value(_ spec: OptionSpec, _ random: inout PRNG) -> String {
    switch spec.kind {
    case .flag: return random.chance(0.5) ? "true" : "false"
    case .integer(let value, let range):
      return "\(min(range.upperBound, max(range.lowerBound, 1 + random.below(max(1, value * 3)))))"
    case .number(let value, let range):
      let wanted = value * (0.2 + 3 * Double(random.below(1_000)) / 1_000)
      return "\(min(range.upperBound, max(range.lowerBound, wanted)))"
    case .text, .integers: return ""
    case .texts:
      switch spec.name {
      case "hlp_tracker.vaults":
        let all = [HlpTrackerTests.a, HlpTrackerTests.b, HlpTrackerTests.c, HlpTrackerTests.d]
        return all.filter { _ in random.chance(0.5) }.map(\.description).joined(separator: ",")
      case "l2_subscriber.coins":
        return VaultWorld.coins.filter { _ in random.chance(0.5) }.joined(separator: ",")
      case "server.cors_origins": return random.chance(0.5) ? "*" : ""
      default: return random.chance(0.5) ? "example.com" : ""
      }
    }
  }

  @Test("an hour of reloads between polls, rounds, cuts and restarts", arguments: 1...6)
  func storm(seed: Int) throws {
    let world = try HlpTrackerTests.world(
      UInt64(seed), ["position_poller.enabled": "true", "l2_subscriber.enabled": "true"])
    var random = PRNG(seed: UInt64(seed) &* 77)
    let (a, b, c, d) = (HlpTrackerTests.a, HlpTrackerTests.b, HlpTrackerTests.c, HlpTrackerTests.d)
    world.children[b] = [d, c]
    for vault in [a, b, c, d] { world.holdings[vault] = [("BTC", 3, 500), ("ETH", -2, 100)] }
    let live = Options.all.filter { $0.change == .live && !["", "?"].contains($0.name) }
    for _ in 0..<120 {
      world.run(seconds: Double(random.below(60_000)) / 1_000)
      var settings: [String: String] = [:]
      for spec in live where random.chance(0.2) {
        let value = Self.value(spec, &random)
        var check = Options()
        if check.set(spec.name, to: value) == nil { settings[spec.name] = value }
      }
      // A contradiction is refused as a whole; here values are wanted that go together.
      settings["position_poller.mid_threshold"] = nil
      settings["position_poller.whale_threshold"] = nil
      settings["server.protect_reads"] = nil
      world.reload(settings)
      for (name, value) in settings {
        var wanted = Options()
        #expect(wanted.set(name, to: value) == nil)
        let spec = try #require(live.first { $0.name == name })
        #expect(world.core.options.value(spec) == wanted.value(spec), "\(name)")
      }
      #expect(world.core.brokenInvariant() == nil)
      let limit = world.core.scheduler.budget.limit
      #expect(world.core.scheduler.stats(now: world.now).max == limit)
      if random.chance(0.1) { world.cut() }
      if random.chance(0.05) { world.restart() }
    }
    // Back at the defaults it works as ever.
    world.reload([
      "hlp_tracker.vaults": "\(b),\(a)", "hlp_tracker.discover_children": "true",
      "hlp_tracker.poll_interval": "60",
      "rate_limit.max_weight_per_min": "1200", "rate_limit.safety_pct": "85", "position_poller.workers": "8",
    ])
    world.run(seconds: 200)
    #expect(Set(world.core.knowledge.vaults.addresses) == [a, b, c, d])
    #expect(world.core.vaultTracker.roundAt.map { (world.now.instant - $0).seconds < 62 } == true)
    #expect(Set(world.core.knowledge.vaults.positions.map(\.vault)) == [a, b, c, d])
    #expect(world.core.books?.names == world.core.options[.l2Coins])
  }
}
