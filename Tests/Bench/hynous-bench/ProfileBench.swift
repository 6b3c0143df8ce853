import Base
import Engines
import Glibc
import Hyperliquid
import Market

/// Bytes of fill pages → profile, beside Tests/Bench/simdjson/fills_extract.cpp, which only takes the same fields.
enum ProfileBench {
  /// What one measurement found.
  struct Report {
    var fills = 0
    var bytes = 0
    /// Seconds of the median repeat, for all and for the decoding alone.
    var seconds = 0.0
    var decoding = 0.0
    /// Over what both programs know of a fill.
    var checksum: UInt64 = 0
    var outcome: ProfileOutcome?

    /// One line of `name=value` fields.
    var line: String {
      let hex = String(checksum, radix: 16)
      let profile = outcome?.profile
      return
        "mb_per_s=\(Int(Double(bytes) / seconds / 1e6)) decode_mb_per_s=\(Int(Double(bytes) / decoding / 1e6)) "
        + "ns_per_fill=\(Int(seconds * 1e9 / Double(fills))) fills=\(fills) trades=\(outcome?.trades.count ?? 0) "
        + "gaps=\(outcome?.counts.gaps ?? 0) win_rate=\(profile?.winRate ?? -1) "
        + "drawdown=\(profile?.maxDrawdown ?? -1) "
        + "checksum=\(String(repeating: "0", count: 16 - hex.utf8.count))\(hex)"
    }
  }

  /// Profiles the pages of `file`, one per line, `repeats` times; `nil` when it cannot be read or a page is broken.
  static func run(file: String, coins: [String], repeats: Int) -> Report? {
    guard let bytes = load(file) else { return nil }
    var register = Coins()
    for name in coins {
      _ = register.list(Coin(name: name, dex: "", szDecimals: 5, maxLeverage: 40, isListed: true))
    }
    let pages = lines(bytes)
    var decoder = Fills()
    var report = Report()
    var (times, decodings): ([Double], [Double]) = ([], [])
    for _ in 0..<max(repeats, 1) {
      report = Report(bytes: bytes.count - pages.count)
      var fills: [ProfileFill] = []
      fills.reserveCapacity(Fills.fillsMax)
      let begin = seconds()
      for page in pages {
        do { try decoder.decode(body: bytes.bytes(in: page), coins: register) } catch { return nil }
        for fill in decoder.fills { if let fill = ProfileFill(fill) { fills.append(fill) } }
      }
      let decoded = seconds()
      let job = ProfileJob(
        account: AddressID(raw: 0), address: Address(a: 0, b: 0, c: 0), fills: fills, windowDays: 7,
        completeFrom: nil, equity: nil, options: ProfileOptions(), now: WallTime(ms: 0))
      report.outcome = job.run()
      times.append(seconds() - begin)
      decodings.append(decoded - begin)
      report.fills = fills.count
      for fill in fills { add(fill, &report) }
    }
    times.sort()
    decodings.sort()
    report.seconds = times[times.count / 2]
    report.decoding = decodings[decodings.count / 2]
    return report.fills > 0 ? report : nil
  }

  private static func add(_ fill: ProfileFill, _ report: inout Report) {
    let side: UInt64 = fill.side == .buy ? 1 : 0
    report.checksum &+= UInt64(bitPattern: fill.time.ms) &+ 3 &* fill.tid &+ 5 &* fill.oid &+ side
  }

  /// Writes `pages` pages of `rows` fills, one per line.
  static func write(_ path: String, coins: Int, pages: Int, rows: Int, seed: UInt64) -> Bool {
    guard let file = fopen(path, "w") else { return false }
    defer { fclose(file) }
    var source = ProfileFillSource(coins: coins, seed: seed)
    let line = ByteBuffer(capacity: 1 << 20)
    for _ in 0..<pages {
      line.removeAll()
      source.appendPage(rows: rows, to: line)
      line.append(UInt8(ascii: "\n"))
      fwrite(line.base, 1, line.count, file)
    }
    return true
  }
}
