/// The whole service in virtual time: drawn seeds and two equal runs; `make sim` runs many more, optimised.
import Base
import Testing

@testable import Simulator

@Suite("Simulation: seeds")
struct SimulationTests {
  /// 15 virtual minutes each; every eighth seed is free of faults.
  @Test("no promise is broken", arguments: Array<UInt64>(1...6))
  func seeds(seed: UInt64) {
    let simulation = Simulation(seed: seed, length: .seconds(900))
    simulation.run()
    #expect(simulation.violations == [])
    // A run that looked at nothing proves nothing.
    #expect(simulation.counts.exactWindows > 200 && simulation.counts.calmChecks > 20, "\(simulation.counts)")
    #expect(simulation.counts.stops >= 1 && simulation.counts.batches > 100)
  }

  @Test("without faults every window is the truth and the exchange refuses nothing")
  func faultFree() {
    let simulation = Simulation(seed: 4_000, length: .seconds(600), plan: FaultPlan())
    simulation.run()
    #expect(simulation.violations == [])
    let counts = simulation.counts
    #expect(counts.starts == 1 && counts.stops == 1 && counts.linksOpened == 2)
    #expect(
      Double(counts.exactWindows) > 0.75 * Double(counts.windows) && counts.windows > 3_000, "\(counts)")
    let use = simulation.exchange.use(of: Simulation.address)
    #expect(use.isClean && use.weightPeak <= 1_020 && use.connectionsPeak == 2)
  }

  @Test("the same seed gives the same run", arguments: [UInt64(4), 6])
  func repetition(seed: UInt64) {
    func run(_ seed: UInt64) -> (UInt64, SimulationCounts) {
      let simulation = Simulation(seed: seed, length: .seconds(700))
      simulation.run()
      return (simulation.traceHash, simulation.counts)
    }
    let first = run(seed)
    #expect(run(seed) == first)
    #expect(run(seed + 100).0 != first.0)
  }

  @Test("a stop at any moment ends within five seconds", arguments: stride(from: 0, to: 24, by: 2).map { $0 })
  func stopAnywhere(step: Int) {
    var plan = FaultPlan()
    plan.faults = [Fault(.diskSlow, from: .seconds(3), length: .seconds(30), strength: 0.2)]
    let simulation = Simulation(seed: UInt64(500 + step), length: .seconds(60), plan: plan)
    simulation.run(until: .milliseconds(step < 12 ? step * 40 : step * 211))
    simulation.finish()
    #expect(simulation.violations == [])
    #expect(simulation.counts.stops == 1)
  }
}
