import Base
import Engines
import Market

/// Rankings of many accounts: everything at once, a refresh after some polls, and a look through all rows.
enum RankingsBench {
  /// What one measurement found; microseconds.
  struct Report {
    var ranked = 0
    var rebuild = 0.0
    /// The median of all refreshes.
    var refresh = 0.0
    /// The median of refreshes with the most changes one may place.
    var burst = 0.0
    /// A look at every row and its profile.
    var iterate = 0.0
    var checksum: UInt64 = 0

    /// One line of `name=value` fields.
    var line: String {
      "accounts=\(ranked) rebuild_us=\(Int(rebuild)) refresh_us=\(Int(refresh)) "
        + "burst_us=\(Int(burst)) iterate_us=\(Int(iterate)) checksum=\(String(checksum, radix: 16))"
    }
  }

  /// `accounts` accounts with two to nine snapshots each; then 200 refreshes with `polls` polls before each.
  static func run(accounts: Int, polls: Int) -> Report {
    var random = PRNG(seed: 7)
    let book = AddressBook(addressesMax: accounts * 2, seed: 1)
    let log = EquityLog(snapshotsMax: accounts * 10)
    let profiles = Profiles()
    var ids: [AddressID] = []
    for _ in 0..<accounts {
      let address = Address(a: random.next(), b: random.next(), c: 1)
      guard let seen = book.see(address, at: WallTime(ms: 1_000)) else { continue }
      ids.append(seen.id)
    }
    var now: Int64 = 1_790_000_000_000
    for round in 0..<9 {
      now += 3_600_000
      for id in ids where round < 2 || id.raw % 9 < 9 - UInt32(round) {
        // A third never moves: ties at zero, as with real accounts.
        let equity = id.raw % 3 == 0 ? 5_000_000_000 : Int64(random.below(10_000_000_000))
        log.append(id, equity: Usd(micros: equity), at: WallTime(ms: now))
      }
    }
    for id in ids where id.raw % 5 == 0 { profiles.set(profile(id), of: id) }
    let rankings = Rankings()
    var report = Report()
    report.rebuild = micros { rankings.rebuild(log, book: book, now: WallTime(ms: now)) }
    report.ranked = rankings.rows.count
    var times: [Double] = []
    for _ in 0..<200 {
      now += 5_000
      for _ in 0..<polls {
        let equity = Int64(random.below(10_000_000_000))
        log.append(ids[random.below(ids.count)], equity: Usd(micros: equity), at: WallTime(ms: now))
      }
      times.append(micros { rankings.refresh(log, book: book, now: WallTime(ms: now)) })
    }
    report.refresh = median(times)
    report.burst = median(
      (0..<21).map { _ in
        for _ in 0..<4 * Rankings.changesMax {
          log.append(ids[random.below(ids.count)], equity: Usd(micros: 5_000_000_000), at: WallTime(ms: now))
        }
        let time = micros { rankings.refresh(log, book: book, now: WallTime(ms: now)) }
        rankings.rebuild(log, book: book, now: WallTime(ms: now))
        return time
      })
    report.iterate = median(
      (0..<21).map { _ in
        report.checksum = 0
        return micros {
          for row in rankings.rows {
            guard let profile = profiles.of(row.account), profile.winRate >= 0.55 else { continue }
            report.checksum = report.checksum &* 31 &+ UInt64(row.account.raw)
          }
        }
      })
    return report
  }

  private static func median(_ times: [Double]) -> Double { times.sorted()[times.count / 2] }

  private static func profile(_ id: AddressID) -> Profile {
    Profile(
      computedAt: WallTime(ms: 1), windowDays: 7, winRate: Double(id.raw % 100) / 100, tradeCount: 20,
      profitFactor: 2, avgHoldHours: 1, avgPnlPct: 0, maxDrawdown: 0, style: .mixed, isBot: false, equity: nil
    )
  }

  private static func micros(_ body: () -> Void) -> Double {
    let begin = seconds()
    body()
    return (seconds() - begin) * 1e6
  }
}
