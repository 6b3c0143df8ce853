/// `hynous-sim soak`: virtual days at several times the usual rate, with memory that must not grow.
import ArgumentParser
import Base
import Glibc
import Reactor
import Simulator

struct SoakCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "soak", abstract: "Run the daemon's core for virtual days and fit the trend of its memory.")

  /// The trend allowed over 24 hours, as a share of the mean.
  static let growthMax = 0.003

  @Option(help: "Virtual hours measured, behind a warm-up of 8.")
  var hours = 24

  @Option(help: "Multiple of the usual rate of 50 trades a second.")
  var rate = 5.0

  @Option(help: "The seed.")
  var seed: UInt64 = 1

  func validate() throws {
    guard (1...1_000).contains(hours) else { throw ValidationError("--hours must be 1…1000.") }
    guard rate > 0, rate <= 100 else { throw ValidationError("--rate must be above 0 and at most 100.") }
  }

  func run() throws {
    let soak = Soak(seed: seed, hours: hours, rate: rate)
    let began = Soaking.seconds()
    soak.run(heap: { Heap.liveBytes }) { at, bytes in
      let speed = at.seconds / 3_600 / max(Soaking.seconds() - began, 0.001)
      Soaking.say(
        "hour=\(Soaking.tenths(at.seconds / 3_600)) live_mib=\(Soaking.tenths(Double(bytes) / 1_048_576)) "
          + "hours_per_s=\(Double(Int(speed * 1000)) / 1000)")
    }
    for violation in soak.simulation.violations { Soaking.say("\(violation)") }
    let (perDay, error) = soak.trend
    let mean = soak.readings.reduce(0, +) / Double(max(soak.readings.count, 1))
    let isFlat = perDay - 2 * error <= 0 || perDay <= SoakCommand.growthMax
    Soaking.say(
      "\(hours) virtual hours at \(rate) x 50 trades/s: \(Soaking.tenths(mean / 1_048_576)) MiB live, "
        + "trend \(Soaking.percent(perDay)) in 24 h (standard error \(Soaking.percent(error)), "
        + "at most \(Soaking.percent(SoakCommand.growthMax))): \(isFlat ? "flat" : "GROWS")")
    if !isFlat || !soak.simulation.violations.isEmpty { throw ExitCode(1) }
  }
}

/// Helpers of the command.
private enum Soaking {
  static func seconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  static func tenths(_ value: Double) -> Double { (value * 10).rounded() / 10 }
  static func percent(_ share: Double) -> String { "\((share * 10_000).rounded() / 100) %" }

  static func say(_ text: String) {
    var text = text + "\n"
    text.withUTF8 { bytes in _ = write(1, bytes.baseAddress, bytes.count) }
  }
}
