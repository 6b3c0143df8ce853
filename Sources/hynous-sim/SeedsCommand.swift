/// `hynous-sim seeds`: the daemon's Core in virtual time, seed after seed, with faults and oracles.
///
/// Each seed decides the market, the network, the configuration, the bounds and what goes wrong. The first broken promise
/// of a seed is printed with what the seed drew and the command that repeats it; the exit status is 1 when there was any.
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

  @Option(help: "Processes that run seeds at once; the default is one a core.")
  var jobs: Int?

  @Flag(help: "Print every input, effect and log line of the run.")
  var trace = false

  @Flag(help: "Run each seed twice and compare the traces.")
  var twice = false

  @Flag(help: .hidden)
  var worker = false

  func validate() throws {
    guard count > 0 else { throw ValidationError("--count must be above 0.") }
    guard (1...1_024).contains(jobs ?? 1) else { throw ValidationError("--jobs must be 1 to 1024.") }
    guard hours == nil || minutes == nil else { throw ValidationError("--hours or --minutes, not both.") }
    guard (10.0...100_000).contains(lengthMinutes) else {
      throw ValidationError("a run takes 10 minutes to 100000 minutes.")
    }
  }

  private var lengthMinutes: Double { hours.map { $0 * 60 } ?? minutes ?? 60 }

  private var length: TimeSpan { .milliseconds(Int(lengthMinutes * 60_000)) }

  func run() throws {
    signal(SIGPIPE, SIG_IGN)
    if worker { return work() }
    let began = monotonicSeconds()
    var report = SeedsReport()
    let seeds = seed.map { [$0] } ?? (0..<UInt64(count)).map { from &+ $0 }
    let jobs = min(seeds.count, jobs ?? max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    if jobs == 1 {
      for seed in seeds {
        let (counts, complaints) = judge(seed)
        report.add(counts)
        if !complaints.isEmpty { report.failed += 1 }
        for complaint in complaints { say(complaint) }
      }
    } else {
      let arguments = ["--minutes", "\(lengthMinutes)"] + (twice ? ["--twice"] : [])
      var workers = SeedWorkers(count: jobs, arguments: arguments, seeds: seeds)
      workers.run(
        complaint: {
          if $0.hasPrefix("seed ") { report.failed += 1 }
          say($0)
        }, counts: { report.add($0) },
        died: { seed, how in
          report.failed += 1
          say("seed \(seed): the process ended with \(how)\n\(Swarm.drawn(seed: seed, length: length))")
        })
    }
    let took = monotonicSeconds() - began
    let hours = Double(seeds.count) * lengthMinutes / 60 * (twice ? 2 : 1)
    say(report.summary(seeds: seeds.count, hours: hours, took: took))
    if report.failed > 0 { throw ExitCode(1) }
  }

  /// Runs the seeds that come over standard input.
  private func work() {
    while let line = readLine(), let seed = UInt64(line) {
      let (counts, complaints) = judge(seed)
      for complaint in complaints {
        for line in complaint.split(separator: "\n") { say("! \(line)") }
      }
      say("= \(counts)")
    }
  }

  /// One seed: its counts, and what it is to blame for with what it drew.
  private func judge(_ seed: UInt64) -> (counts: String, complaints: [String]) {
    let swarm = Swarm.drawn(seed: seed, length: length)
    let simulation = simulate(swarm)
    var complaints = simulation.violations.first.map { ["\($0)"] } ?? []
    if twice, simulate(swarm).traceHash != simulation.traceHash {
      complaints = ["seed \(seed): two runs differ"]
    }
    if !complaints.isEmpty { complaints.append("  drew: \(swarm)".replacingNewlines(with: "\n  ")) }
    var words = Mirror(reflecting: simulation.counts).children.compactMap { child in
      (child.value as? Int).map { "\(child.label ?? "")=\($0)" }
    }
    // How many seeds filled a part to its bound.
    words += simulation.counts.boundsReached.sorted().map {
      "full:\($0.split(separator: " ").joined(separator: "-"))=1"
    }
    return (words.joined(separator: " "), complaints)
  }

  private func simulate(_ swarm: Swarm) -> Simulation {
    let simulation = Simulation(swarm)
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

/// What all seeds together did.
struct SeedsReport {
  var failed = 0
  private var names: [String] = []
  private var sums: [String: Int] = [:]

  /// Adds a run's `name=number` words.
  mutating func add(_ words: String) {
    for word in words.split(separator: " ") {
      let parts = word.split(separator: "=")
      guard parts.count == 2, let number = Int(parts[1]) else { continue }
      let name = String(parts[0])
      if sums[name] == nil { names.append(name) }
      sums[name, default: 0] += number
    }
  }

  /// The last lines of the command.
  func summary(seeds: Int, hours: Double, took: Double) -> String {
    let counts = names.map { "\($0) \(sums[$0] ?? 0)" }.joined(separator: ", ")
    let speed = hours / max(took, 0.001)
    return "\(seeds) seeds, \(failed) failed; \(counts)\n\(Int(hours)) virtual hours in \(Int(took)) s: "
      + "\((speed * 100).rounded() / 100) h/s"
  }
}

extension String {
  fileprivate func replacingNewlines(with text: String) -> String {
    split(separator: "\n").joined(separator: text)
  }
}
