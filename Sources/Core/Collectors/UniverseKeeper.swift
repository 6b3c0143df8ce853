import Base
import Hyperliquid
import Market

/// Keeps the list of coins: asks what is due, applies the replies, reports what was listed and delisted.
///
/// Policy (what is due when) is `Universe`'s; here a due question waits for its weight and a reply finds its decoder.
struct UniverseKeeper {
  private(set) var universe: Universe
  private var waiting: Universe.Request?
  private var retry = Instant.zero

  init(seed: UInt64) { universe = Universe(seed: seed) }

  var deadline: Instant { waiting == nil ? universe.nextDeadline : retry }

  /// Offers the questions that are due to the scheduler.
  mutating func ask(_ scheduler: inout Scheduler, _ out: Output, now: Now) {
    while true {
      if waiting == nil { waiting = universe.nextDue(now: now.instant) }
      guard let due = waiting else { return }
      switch scheduler.offer(infoRequest(due), for: .universe(due), .universe, out, now: now) {
      case .sent: waiting = nil
      case .wait(let until):
        retry = until
        return
      }
    }
  }

  /// Applies the answer to a question; nil when it was none (the question is asked again later).
  mutating func answer(
    _ request: Universe.Request, _ reply: Reply, coins: inout Coins, _ out: Output, now: Now
  ) -> Universe.Change? {
    switch reply {
    case .failed(let reason): failed(request, reason, out, now: now)
    case .body(let body):
      do {
        switch request {
        case .perpDexs:
          let names = try PerpDex.decode(body: body).map(\.name)
          return universe.perpDexs(names, coins: &coins, now: now.instant)
        case .meta(let dex):
          let rows = try Meta.decode(body: body).universe.map(Listing.init)
          return universe.meta(dex, rows, coins: &coins, now: now.instant)
        }
      } catch {
        failed(request, "\(error)", out, now: now)
      }
    }
    return nil
  }

  /// The question got no usable answer.
  private mutating func failed(_ request: Universe.Request, _ reason: String, _ out: Output, now: Now) {
    universe.failed(request, now: now.instant)
    let dex: String
    if case .meta(let index) = request { dex = universe.dexes[index].name } else { dex = "" }
    out.log(.warning, "listing not read", ("dex", dex), ("reason", reason))
  }

  /// Holds the contexts of every dex against the list; a dex whose count differs is asked again.
  mutating func compare(_ contexts: borrowing DexContexts, now: Now) {
    for dex in contexts.dexes {
      guard let index = universe.find(dex.name) else {
        universe.strangeDex(now: now.instant)
        continue
      }
      universe.drifted(index, count: dex.rows.count, now: now.instant)
    }
  }

  /// The coins of a dex by position; nil for a dex that is not listed.
  func coins(ofDex name: String) -> [CoinID?]? { universe.find(name).map { universe.dexes[$0].coins } }

  private func infoRequest(_ request: Universe.Request) -> InfoRequest {
    switch request {
    case .perpDexs: .perpDexs
    case .meta(let dex): .meta(dex: universe.dexes[dex].name)
    }
  }
}

extension Listing {
  init(_ asset: Meta.Asset) {
    self.init(
      name: asset.name, szDecimals: asset.szDecimals, maxLeverage: asset.maxLeverage,
      isDelisted: asset.isDelisted)
  }
}

extension Universe {
  func find(_ name: String) -> Int? { dexes.firstIndex { $0.name == name } }
}
