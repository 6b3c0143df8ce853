/// `hynous-sim seeds`: the daemon's Core in virtual time, one seed after the other, with faults and oracles.
///
/// Each seed decides the market, the network and what goes wrong. The first broken promise of a seed is printed
/// with the command that repeats it; the exit status is 1 when there was any.
import ArgumentParser
import Base
import Glibc
import Simulator

struct SeedsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "seeds", abstract: "Run the daemon's core in virtual time against seeded worlds and faults.")

  @Option(help: "How many seeds to run.")
  var count = 100

  @Option(help: "The first seed.")
  var from: UInt64 = 1

  @Option(help: "Run only this seed.")
  var seed: UInt64?

  @Option(help: "Virtual hours per seed.")
  var hours: Double?

  @Option(help: "Virtual minutes per seed.")
  var minutes: Double?

  @Flag(help: "Print every input, effect and log line of the run.")
  var trace = false

  @Flag(help: "Run each seed twice and compare the traces.")
  var twice = false

  func validate() throws {
    guard count > 0 else { throw ValidationError("--count must be above 0.") }
    guard hours == nil || minutes == nil else { throw ValidationError("--hours or --minutes, not both.") }
    guard (10.0...100_000).contains(lengthMinutes) else {
      throw ValidationError("a run takes 10 minutes to 100000 minutes.")
    }
  }

  private var lengthMinutes: Double { hours.map { $0 * 60 } ?? minutes ?? 60 }

  func run() throws {
    let began = monotonicSeconds()
    var total = SimulationCounts()
    var failed = 0
    let seeds = seed.map { [$0] } ?? (0..<UInt64(count)).map { from &+ $0 }
    for seed in seeds {
      let simulation = simulate(seed)
      total.add(simulation.counts)
      var complaints = simulation.violations.first.map { ["\($0)"] } ?? []
      if twice, simulate(seed).traceHash != simulation.traceHash {
        complaints.append("seed \(seed): two runs differ")
      }
      if !complaints.isEmpty { failed += 1 }
      for complaint in complaints { say(complaint) }
    }
    let took = monotonicSeconds() - began
    let hours = Double(seeds.count) * lengthMinutes / 60
    say(
      "\(seeds.count) seeds, \(failed) failed, \(total.steps) steps, \(total.windows) windows checked "
        + "(\(total.exactWindows) exact), \(total.answers) answers, \(total.fetches) requests, "
        + "\(total.linksOpened) connections, \(total.stops) stops, \(total.kills) kills, "
        + "\(total.calmChecks) recoveries judged; "
        + "\(Int(hours)) virtual hours in \(Int(took * 10) / 10) s: \(Int(hours / max(took, 0.001) * 10) / 10) h/s"
    )
    if failed > 0 { throw ExitCode(1) }
  }

  private func simulate(_ seed: UInt64) -> Simulation {
    let simulation = Simulation(seed: seed, length: .milliseconds(Int(lengthMinutes * 60_000)))
    if trace { simulation.onLine = { say($0) } }
    simulation.run()
    return simulation
  }

  private func monotonicSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  /// Unbuffered, so that whoever waits for the line gets it.
  private func say(_ text: String) {
    var text = text + "\n"
    text.withUTF8 { bytes in _ = write(1, bytes.baseAddress, bytes.count) }
  }
}
