import ArgumentParser
import Base
import Engines
import Glibc
import Market

/// Heatmaps of a table of positions, beside `heatmap/bucket_positions.c`; then the longest step of the loop while a
/// snapshot is held: one poll of an account, one question for a
/// coin's largest positions, or taking the snapshot.
struct HeatmapBench: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "heatmap")
  static let now = WallTime(ms: 1_795_353_377_000)

  @Argument var positions: Int
  @Argument var coins: Int
  @Argument var repeats: Int

  func run() throws {
    guard positions > 0, coins > 0, repeats > 0 else { throw ValidationError("counts must be positive") }
    let before = residentMiB()
    let table = fill()
    let resident = (residentMiB() - before) * 1_048_576 / Double(positions)
    let inputs = (0..<coins).map {
      HeatmapInput(mid: Px(raw: 100_000_000 * (Int64($0) + 1)), openInterestUsd: 1e12)
    }
    var times: [Double] = []
    var sum: UInt64 = 0
    for _ in 0..<repeats {
      let job = HeatmapJob(
        snapshot: table.snapshot(), inputs: inputs, bucketCount: 50, rangePct: 15, now: HeatmapBench.now)
      let began = HeatmapBench.cpuSeconds()
      let result = job.run()
      times.append(HeatmapBench.cpuSeconds() - began)
      sum = HeatmapBench.checksum(result)
    }
    times.sort()
    let ns = Int((times[repeats / 2] * 1e12 / Double(positions)).rounded())
    let step = longestStep(table)
    print(
      "ns_per_position=\(Double(ns) / 1000) longest_step_us=\(Int(step * 1e6))"
        + " bytes_per_position=\(Int(resident)) checksum=\(sum)")
  }

  /// The rows of `bucket_positions.c`: position `p` is in coin `p % coins`, of account `p / coins`.
  private func fill() -> Positions {
    let book = AddressBook(addressesMax: 1 << 20, seed: 1)
    let table = Positions(book: book, positionsMax: positions)
    var random = PRNG(seed: 1)
    var rows: [TrackedPosition] = []
    for place in 0..<positions {
      let coin = place % coins
      let mid = 100_000_000 * (Int64(coin) + 1)
      let account = AddressID(raw: UInt32(place / coins))
      if coin == 0 {
        _ = book.see(Address(a: UInt64(account.raw), b: 7, c: 7), at: HeatmapBench.now)
        table.setBot(account, account.raw % 25 == 7)
      }
      let hasPrice = random.below(10) != 0
      let liqPx = hasPrice ? mid / 1000 * Int64(700 + random.below(601)) + Int64(random.below(1000)) : 0
      var size = Int64(100 + random.below(900)) * 1_000_000
      for _ in 0..<random.below(5) { size *= 10 }
      let isLong = random.below(2) == 0
      let age = random.below(random.below(50) == 0 ? 2_400_000 : 600_000)
      rows.append(
        TrackedPosition(
          account: account, coin: CoinID(raw: UInt32(coin)), szi: Sz(raw: isLong ? 1_000_000 : -1_000_000),
          entryPx: Px(raw: mid), sizeUsd: Usd(micros: size), liqPx: liqPx > 0 ? Px(raw: liqPx) : nil,
          unrealizedPnl: .zero, marginUsed: .zero, leverage: 10,
          updatedAt: WallTime(ms: HeatmapBench.now.ms - Int64(age))))
      if coin == coins - 1 || place == positions - 1 {
        table.replace(account, with: rows)
        rows.removeAll(keepingCapacity: true)
      }
    }
    return table
  }

  /// Polls accounts while a snapshot is held (every tenth loses its first position, every account's sizes change) and
  /// asks for a coin's largest positions in between.
  private func longestStep(_ table: Positions) -> Double {
    let accounts = (positions + coins - 1) / coins
    var longest = 0.0
    for round in 0..<3 {
      var began = HeatmapBench.cpuSeconds()
      let held = table.snapshot()
      longest = max(longest, HeatmapBench.cpuSeconds() - began)
      for account in 0..<min(accounts, 300) {
        let id = AddressID(raw: UInt32((account * 7 + round) % accounts))
        var rows: [TrackedPosition] = []
        table.forEach(of: id) { rows.append($0) }
        for index in rows.indices { rows[index].sizeUsd += Usd(micros: 1_000_000) }
        if account % 10 == 0, !rows.isEmpty { rows.removeFirst() }
        began = HeatmapBench.cpuSeconds()
        table.replace(id, with: rows)
        longest = max(longest, HeatmapBench.cpuSeconds() - began)
        began = HeatmapBench.cpuSeconds()
        table.largest(of: CoinID(raw: UInt32(account % coins)), account % 7 == 0 ? 5000 : 50) { _ in }
        longest = max(longest, HeatmapBench.cpuSeconds() - began)
      }
      withExtendedLifetime(held) {}
    }
    return longest
  }

  /// This thread's time on a processor, so that a neighbour's turn is not taken for ours.
  private static func cpuSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  private static func checksum(_ result: HeatmapResult) -> UInt64 {
    var sum: UInt64 = 0
    for map in result.coins {
      guard let map else { continue }
      sum = sum &* 31 &+ UInt64(map.totalPositions)
      for bucket in map.buckets {
        for (usd, count) in [(bucket.longUsd, bucket.longCount), (bucket.shortUsd, bucket.shortCount)] {
          sum = (sum &* 31 &+ UInt64(usd.micros)) &* 31 &+ UInt64(count)
        }
      }
    }
    return sum
  }
}
