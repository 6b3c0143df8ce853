/// What seeds draw, and the faults that go below and around the daemon: disk, pool, ends in the middle of things, crowds.
import Base
import Testing

@testable import Simulator

private func fault(
  _ kind: FaultKind, _ from: Int, _ seconds: Int, _ strength: Double = 1, target: Int = 0
) -> Fault {
  Fault(kind, from: .seconds(from), length: .seconds(seconds), strength: strength, target: target)
}

@Suite("Simulation: the swarm")
struct SwarmTests {
  @Test("a seed always draws the same, and seeds draw everything")
  func draws() {
    var kinds: Set<FaultKind> = []
    var quiet = 0
    var lines: Set<String> = []
    for seed in 1...200 as ClosedRange<UInt64> {
      let swarm = Swarm.drawn(seed: seed, length: .seconds(3_600))
      #expect(swarm.description == Swarm.drawn(seed: seed, length: .seconds(3_600)).description)
      kinds.formUnion(swarm.plan.faults.map(\.kind))
      if swarm.plan.faults.isEmpty { quiet += 1 }
      lines.insert(swarm.description)
      #expect(swarm.plan.calmFrom <= .seconds(3_600) - FaultPlan.calmTail)
    }
    #expect(kinds == Set(FaultKind.allCases) && quiet >= 25 && lines.count == 200)
  }

  @Test("a drawn run keeps its promises, and repeats itself", arguments: [8, 21] as [UInt64])
  func runs(seed: UInt64) {
    func run() -> Simulation {
      let simulation = Simulation(Swarm.drawn(seed: seed, length: .seconds(240)))
      simulation.run()
      return simulation
    }
    let first = run()
    #expect(first.violations == [])
    #expect(run().traceHash == first.traceHash)
  }
}

@Suite("Simulation: below and around the daemon")
struct DeepFaultTests {
  @Test("a disk that fails for a while loses nothing", arguments: [FaultKind.diskIO, .diskReadOnly])
  func disk(kind: FaultKind) {
    let run = FaultRun([fault(kind, 60, 40)])
    #expect(run.simulation.counts.diskFailures > 0 && run.says("database takes writes again"))
  }

  @Test("a slow pool delays and loses nothing")
  func pool() { #expect(!FaultRun([fault(.poolSlow, 30, 90)]).says("reconnect")) }

  @Test("the process ends in the middle of something", arguments: Simulation.Moment.allCases)
  func amid(moment: Simulation.Moment) {
    let ends = [
      fault(.killAmid, 30, 60, target: moment.rawValue), fault(.stopAmid, 100, 30, target: moment.rawValue),
    ]
    // What began before the fault is not repeated by everything: the start, for one, comes once.
    let run = FaultRun(ends + [fault(.kill, 40, 1), fault(.closed, 50, 0), fault(.closed, 105, 0)])
    #expect(run.simulation.counts.starts > 1)
  }

  @Test("a loss of power keeps what clients were told is kept")
  func power() {
    let run = FaultRun([fault(.powerLoss, 90, 2), fault(.powerLoss, 120, 2)])
    #expect(run.simulation.counts.starts == 3)
  }

  @Test("the machine's clock is off by hours after a restart", arguments: [1_000, 43_100_000])
  func clock(target: Int) {
    let simulation = Simulation(
      seed: 77, length: .seconds(900), plan: FaultPlan([fault(.clockAtRestart, 60, 2, target: target)]))
    simulation.run()
    #expect(simulation.violations == [] && simulation.counts.starts == 2)
    #expect(simulation.counts.calmChecks > 5)
  }

  @Test("a crowd of every sort disturbs nobody", arguments: [40, 1_099])
  func crowd(target: Int) {
    let run = FaultRun([fault(.clientCrowd, 60, 10, target: target)])
    #expect(run.simulation.counts.clients > 100 && run.stream("reconnect_count") == 0)
  }

  @Test(
    "REST answers of other sorts",
    arguments: [
      (FaultKind.rest502, "status 502"), (.restOther, "reason="), (.restTooLarge, "tooLarge"),
      (.sharedAddress, "status 429"),
    ])
  func rest(kind: FaultKind, words: String) {
    let run = FaultRun([fault(kind, 0, 20)])
    #expect(run.log.contains { $0.contains("listing not read") && $0.contains(words) })
  }

  @Test("the configuration is read again and again")
  func reload() {
    let run = FaultRun((0..<8).map { fault(.reload, 30 + 9 * $0, 0, target: $0) })
    #expect(run.says("msg=\"reloaded\""))
  }

  @Test("a file that opens late does not bring back what polls have found gone")
  func lateFile() {
    // The process is back while the file is locked, and has polled everybody before it opens.
    let run = FaultRun(
      [fault(.kill, 120, 1), fault(.diskLocked, 120, 45, target: 0)], seconds: 300, tradesPerSecond: 8)
    #expect(run.says("database refused") && run.simulation.accounts.changesCompared > 0)
  }
}
