import ArgumentParser
import Glibc

/// The measurements that need our own code; `Tests/Bench/run.sh` runs them beside their yardsticks.
///
/// Every command prints one line of `name=value` fields. `checksum` is of what was computed, the same in every run.
struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hynous-bench",
    subcommands: [
      Frames.self, Decode.self, Ingest.self, Memory.self, Start.self, StoreRows.self, StorePolls.self,
      StoreWorld.self, HeatmapBench.self, ProfilePages.self, ProfileRun.self, RankingsRun.self,
    ])
}

/// The monotonic clock, for whole measurements.
func seconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// Resident memory of this process in MiB.
func residentMiB() -> Double {
  guard let file = fopen("/proc/self/statm", "r") else { return 0 }
  defer { fclose(file) }
  var line = [CChar](repeating: 0, count: 256)
  guard fgets(&line, 256, file) != nil else { return 0 }
  let fields = String(decoding: line.map { UInt8(bitPattern: $0) }, as: UTF8.self).split(separator: " ")
  return (Double(fields[1]) ?? 0) * Double(getpagesize()) / 1_048_576
}
