import Base
import Market

/// Recounts a heatmap's buckets naively: what lies in a bucket must have been told of as many accounts, with a
/// liquidation price inside its bounds, and be worth no more than these ever were.
///
/// Bounded, since the answer does not say which poll of an account it counted. Accounts with more pictures than are kept
/// could hold anything and are given the benefit in every bucket.
extension Simulation {
  func checkHeatmap(_ name: String, _ value: RequestValue) {
    guard let coin = exchange.world.coinIndex(name), value["error"] == nil else { return }
    let buckets = value["buckets"]?.items ?? []
    let bounds = buckets.map { ($0["price_low"]?.number ?? .nan, $0["price_high"]?.number ?? .nan) }
    var most = buckets.map { _ in (long: 0, short: 0, longUsd: 0.0, shortUsd: 0.0) }
    for pictures in accounts.pictures.values {
      var seen: [Int: (long: Double, short: Double)] = [:]
      let isFull = pictures.count >= accounts.picturesMax
      for picture in pictures {
        for row in picture.positions where row.coin == coin {
          let usd = Double(row.value.micros) / 1e6 + 0.01
          for (index, bound) in bounds.enumerated() {
            // Shown bounds are rounded: a price beside one may be on either side of it.
            let room = (bound.1 - bound.0) * 0.02 + 0.01 * abs(bound.0) * 0.01
            guard isFull || row.liquidationPx.map({ $0 >= bound.0 - room && $0 <= bound.1 + room }) ?? false
            else { continue }
            var sums = seen[index] ?? (0, 0)
            if row.szi.raw > 0 { sums.long = max(sums.long, usd) } else { sums.short = max(sums.short, usd) }
            seen[index] = sums
          }
        }
      }
      for (index, sums) in seen {
        if sums.long > 0 { most[index].long += 1 }
        if sums.short > 0 { most[index].short += 1 }
        most[index].longUsd += isFull ? .infinity : sums.long
        most[index].shortUsd += isFull ? .infinity : sums.short
      }
    }
    for (index, bucket) in buckets.enumerated() {
      accounts.compared += 1
      let (long, short) = (bucket["long_count"]?.int ?? -1, bucket["short_count"]?.int ?? -1)
      let (longUsd, shortUsd) = (bucket["long_liq_usd"]?.number ?? 0, bucket["short_liq_usd"]?.number ?? 0)
      if long > most[index].long || short > most[index].short
        || longUsd > most[index].longUsd + 0.02 || shortUsd > most[index].shortUsd + 0.02
      {
        complain(
          .accounts,
          "\(name): bucket \(index) \(bounds[index]) holds \(long) and \(short), at most \(most[index])")
      }
      if index > 0, bounds[index].0 != bounds[index - 1].1 {
        complain(.accounts, "\(name): bucket \(index) does not begin where the last one ends")
      }
    }
  }

  /// Prices of a row: entry and mark follow from the world's cost and value.
  func checkPrices(_ name: String, _ row: RequestValue, _ truth: WorldPosition) {
    let size = abs(Double(truth.szi.raw)) / 1e8
    guard size > 0, let entry = row["entry_px"]?.number, let mark = row["mark_px"]?.number else { return }
    func judge(_ what: String, _ value: Double, _ usd: Usd) {
      let wanted = abs(Double(usd.micros)) / 1e6 / size
      // What is told is rounded to the coin's step; small prices have few digits.
      guard abs(value - wanted) > wanted * 2e-3 + 1e-6 else { return }
      complain(.accounts, "\(name): \(what) \(value) instead of \(wanted)")
    }
    judge("entry", entry, truth.cost)
    judge("mark", mark, truth.value)
  }
}
