import API
import Base
import Engines
import Hyperliquid
import Market
import Store

/// The vaults and the liquidations in fills: between their collectors, the engines and the disk.
extension Core {
  /// Offers the vaults' questions that are due.
  func askVaults(now: Now) {
    guard options[.hlpTrackerEnabled], isStateLoaded else { return }
    vaultTracker.ask(&scheduler, output, hasCoins: hasMainCoins, now: now)
    followVaults(now: now)
  }

  /// Takes what became of a question about a vault.
  func vault(_ question: VaultQuestion, _ reply: Reply, now: Now) {
    let rows = vaultTracker.answered(question, reply, coins: views.coins, output, now: now)
    guard let at = vaultTracker.vaults.roundAt else { return }
    for row in rows { persistence.rows.add(HlpSnapshot(row, at: at, coins: views.coins)) }
  }

  /// Takes a frame of fills; false when it could not be decoded.
  func fills(_ frame: Frame, _ link: LinkID, now: Now) -> Bool {
    liquidationWatch.fills(
      frame, link, sessions, coins: views.coins, exchangeNow: clock.now(at: now.instant), now: now
    ) { store($0) }
  }

  /// Takes fills of a profiled wallet.
  func fills(_ fills: [Fill], of user: Address, now: Now) {
    liquidationWatch.take(fills: fills, of: user, exchangeNow: clock.now(at: now.instant)) { store($0) }
  }

  // MARK: Report

  /// What `/v1/stats` says of the vaults and of liquidations.
  func reportVaults() {
    let vaults = vaultTracker.vaults
    let liquidations = liquidationWatch.liquidations
    var tracker = HLPTrackerFacts()
    tracker.vaultsTracked = vaults.vaults.count
    tracker.childVaults = vaults.vaults.count { $0.parent != nil }
    tracker.totalPolls = Int(clamping: vaultTracker.polls)
    tracker.totalSnapshots = Int(clamping: vaults.rowsTotal)
    tracker.currentPositions = vaults.positions.count
    tracker.totalErrors = Int(clamping: vaultTracker.errors)
    tracker.lastRoundAge = vaultTracker.roundAt.map { views.now.instant - $0 }
    views.stats.hlpTracker = options[.hlpTrackerEnabled] ? tracker : nil
    var found = LiquidationsFacts()
    found.held = liquidations.count
    found.totalEvents = Int(clamping: liquidations.counted)
    found.sources = [
      LiquidationSourceFacts(
        name: LiquidationSourceFacts.vaults, accounts: liquidationWatch.followed.count,
        totalEvents: Int(clamping: liquidationWatch.eventsStreamed)),
      LiquidationSourceFacts(
        name: LiquidationSourceFacts.profiles, accounts: knowledge.profiles.count,
        totalEvents: Int(clamping: liquidationWatch.eventsRead)),
    ]
    views.stats.liquidations = found
  }

  /// Whether the main dex's coins are listed: before that no position and no fill could be named.
  private var hasMainCoins: Bool { !(keeper.coins(ofDex: "") ?? []).isEmpty }

  private func store(_ event: LiquidationEvent) {
    persistence.rows.add(LiquidationEventRow(event, coins: views.coins))
  }

  /// Once coins are listed and the vaults known, for then the history that comes first can be read.
  private func followVaults(now: Now) {
    guard hasMainCoins, vaultTracker.hasChildren(now: now) else { return }
    liquidationWatch.follow(vaultTracker.vaults, sessions, now: now)
  }
}
