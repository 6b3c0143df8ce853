/// Bugs planted on purpose: an oracle that does not bite is no oracle.
import Base
import Testing

@testable import Simulator

@Suite("Simulation: planted bugs")
struct MutationTests {
  private func run(_ tamper: Tamper, seed: UInt64 = 8, faults: [Fault] = []) -> [Violation] {
    let simulation = Simulation(seed: seed, length: .seconds(420), plan: FaultPlan(faults))
    simulation.tamper = tamper
    simulation.run()
    return simulation.violations
  }

  @Test("without one there is nothing to find")
  func none() { #expect(run(.none) == []) }

  @Test(
    "each is found by the oracle it is for",
    arguments: [
      (Tamper.dropTrades, Violation.Oracle.flow), (.repeatTrades, .flow), (.replayFetches, .limits),
      (.breakAnswer, .api), (.inflateAnswer, .flow),
    ])
  func found(tamper: Tamper, oracle: Violation.Oracle) throws {
    let violations = run(tamper)
    let first = try #require(violations.first)
    #expect(first.oracle == oracle)
    #expect("\(first)".contains("seed 8") && "\(first)".contains("repeat: hynous-sim seeds --seed 8"))
  }

  @Test("a batch that is acknowledged and forgotten")
  func lostBatch() {
    let restart = Fault(.stop, from: .seconds(200), length: .seconds(1))
    let violations = run(.loseBatch, faults: [restart])
    #expect(violations.first?.oracle == .disk)
  }

  @Test("a service that cannot recover is not called recovered")
  func neverWell() {
    // The fault outlasts what the plan says, as one would whose end the service never notices.
    let simulation = Simulation(seed: 8, length: .seconds(420), plan: FaultPlan())
    simulation.run(until: .seconds(100))
    simulation.active.append(Fault(.refused, from: .zero, length: .seconds(1_000)))
    for link in simulation.links { link.exchange?.abort() }
    for link in simulation.links { simulation.flush(link) }
    simulation.run(until: .seconds(200))
    #expect(simulation.violations.contains { $0.oracle == .recovery })
  }
}
