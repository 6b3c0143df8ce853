import ArgumentParser
import Base
import Market
import Store

/// A file as a busy week leaves it, how fast a restart reads it, and how long slices of its retention take.
struct StoreWorld: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "store-world", subcommands: [Fill.self, Warm.self, Sweep.self])
  /// The moment of the restart: every command takes it, so that a file can be made for the daemon's own clock.
  struct Moment: ParsableArguments {
    @Option(help: "Seconds since the epoch.") var at: Int64 = 1_800_000_000
    var now: WallTime { WallTime(ms: at * 1_000) }
  }

  /// The `n`th account: no two alike, all digits in use.
  static func address(_ n: UInt64) -> Address {
    Address(a: n &* 0x9e37_79b9_7f4a_7c15, b: ~n, c: UInt32(truncatingIfNeeded: n))
  }

  /// Makes the file.
  struct Fill: ParsableCommand {
    @Argument var file: String
    @OptionGroup var moment: Moment
    @Option var accounts = 100_000
    @Option var positions = 200_000
    @Option var profiles = 20_000
    @Option(help: "Equity snapshots of the week.") var equity = 5_000_000
    @Option(help: "Rounds of vault polls in the week, of 135 positions.") var rounds = 10_080

    func run() throws {
      let database = try Database(DatabaseOptions(path: file))
      var sink = Sink(database: database)
      let now = moment.now
      let week: Int64 = 7 * 86_400_000
      for n in 0..<UInt64(accounts) {
        let seen = WallTime(ms: now.ms - Int64(n % 86_400) * 1_000)
        try sink.add {
          $0.add(AddressSighting(address: address(n), firstSeen: seen, lastSeen: seen, trades: 3))
        }
        try sink.add { $0.add(AccountPoll(address: address(n), at: seen, tier: 3, totalSizeUsd: 20_000)) }
      }
      for n in 0..<UInt64(positions) {
        try sink.add {
          $0.add(
            PositionRow(
              address: address(n / 2 % UInt64(accounts)), coin: StorePolls.coins[Int((n &* 31) % 200)],
              isLong: n % 3 == 0, size: 2, sizeUsd: Double(n % 100_000), entryPx: 1, markPx: 2, leverage: 5,
              marginUsed: 3, liqPx: 0.5, unrealizedPnl: 7,
              updatedAt: WallTime(ms: now.ms - Int64(n % 600_000))))
        }
      }
      for n in 0..<UInt64(profiles) {
        try sink.add {
          $0.add(
            WalletProfile(
              address: address(n), computedAt: WallTime(ms: now.ms - 1_000_000), winRate: 0.5, tradeCount: 50,
              profitFactor: 1.5, avgHoldHours: 3, avgPnlPct: 0.01, maxDrawdown: 500, style: "mixed",
              isBot: false, equity: 70_000, windowDays: 7))
        }
      }
      for n in 0..<equity {
        let at = WallTime(ms: now.ms - week + Int64(n) * week / Int64(equity))
        var random = PRNG(seed: UInt64(n))
        let account = random.next() % UInt64(accounts)
        try sink.add {
          $0.add(EquitySnapshot(address: address(account), at: at, equity: Double(n % 9_999), unrealized: 1))
        }
      }
      for n in 0..<rounds {
        let at = WallTime(ms: now.ms - week + Int64(n) * week / Int64(rounds))
        for held in 0..<135 {
          try sink.add {
            $0.add(
              HlpSnapshot(
                vault: address(UInt64(held / 45)), coin: StorePolls.coins[held], at: at,
                isLong: (n / 500 + held) % 2 == 0, size: 3, sizeUsd: 9, entryPx: 2, markPx: 3, leverage: 4,
                unrealizedPnl: 5))
          }
        }
      }
      try sink.flush()
      try database.close()
    }
  }

  /// Reads what a restart takes over.
  struct Warm: ParsableCommand {
    @Argument var file: String
    @OptionGroup var moment: Moment

    func run() throws {
      let began = seconds()
      let database = try Database(DatabaseOptions(path: file))
      let state = try database.loadAll(StoredLimits(), now: moment.now)
      let spent = seconds() - began
      print(
        "ms=\(Int(spent * 1_000)) resident_mib=\(Int(residentMiB())) checksum=\(state.addresses.count)-"
          + "\(state.positions.count)-\(state.profiles.count)-\(state.equity.count)-\(state.hlpSnapshots.count)-"
          + "\(state.hlpSides.count)")
      try database.close()
    }
  }

  /// Sweeps some hours later; times are of single slices, which now and then copy the log.
  struct Sweep: ParsableCommand {
    @Argument var file: String
    @OptionGroup var moment: Moment
    @Option(help: "Hours after the restart.") var hours = 1

    func run() throws {
      let database = try Database(DatabaseOptions(path: file))
      let later = WallTime(ms: moment.now.ms + Int64(hours) * 3_600_000)
      var times: [Double] = []
      var removed = 0
      var cursor: RetentionCursor? = .start
      while let from = cursor {
        let began = seconds()
        let slice = try database.sweep(from: from, pruneDays: 7, now: later)
        times.append(seconds() - began)
        removed += slice.removed
        cursor = slice.next
      }
      var reclaims: [Double] = []
      var left = 1
      while left > 0 {
        let began = seconds()
        left = try database.reclaim(pagesMax: 64)
        reclaims.append(seconds() - began)
      }
      print(
        "slices=\(times.count) removed=\(removed) median_ms=\(ms(times, 0.5)) p99_ms=\(ms(times, 0.99)) "
          + "max_ms=\(ms(times, 1)) reclaims=\(reclaims.count) reclaim_median_ms=\(ms(reclaims, 0.5)) "
          + "reclaim_max_ms=\(ms(reclaims, 1))")
      try database.close()
    }

    private func ms(_ times: [Double], _ share: Double) -> Double {
      let sorted = times.sorted()
      return (sorted[Int(Double(sorted.count - 1) * share)] * 100_000).rounded() / 100
    }
  }

  /// Rows on their way into a file, a batch at a time.
  struct Sink {
    let database: Database
    var batch = Batch()

    mutating func add(_ row: (inout Batch) -> Bool) throws {
      if batch.isFull { try flush() }
      _ = row(&batch)
    }

    mutating func flush() throws {
      _ = try database.apply(batch)
      _ = try database.checkpoint()
      batch.removeAll()
    }
  }
}
