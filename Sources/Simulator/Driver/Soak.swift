public import Base
import Core
import Store

/// Days of virtual time at a high rate, watched for memory that only grows.
///
/// The whole simulation lives in one process, so what is measured is Core, the exchange and the oracles together, without
/// SQLite and the simulated disk: if the sum is flat, every part is. The exchange and what Core keeps for a day or a week
/// are given bounds that are full before the measuring begins, for what still fills up says nothing about leaks; the
/// database keeps a few hours, for a disk in memory wants a small one.
public final class Soak {
  /// Until everything that is kept for a time is full, and what grows by powers of two has stopped doing so.
  public static let warmUp = TimeSpan.seconds(8 * 3_600)
  /// Between two readings.
  public static let interval = TimeSpan.seconds(600)

  /// The run.
  public let simulation: Simulation
  /// Live bytes at each reading of the measured time.
  public private(set) var readings: [Double] = []

  /// A run of `hours` behind the warm-up, at `rate` times the exchange's usual 50 trades a second.
  ///
  /// Every hour connections are closed, cut and go silent, requests fail and clients storm, all alike, so that whatever
  /// a fault leaves behind adds up.
  public init(seed: UInt64, hours: Int, rate: Double, warmUp: TimeSpan = Soak.warmUp) {
    var world = WorldOptions()
    world.tradesPerSecond = 50 * rate
    world.historyTradesPerAccount = 2
    world.fillsPerAccountMax = 200
    world.fillsTotalMax = 100_000
    let length = warmUp + .seconds(hours * 3_600)
    var plan = FaultPlan()
    for hour in 0..<Int(length.milliseconds / 3_600_000) {
      for (index, kind) in Soak.faults.enumerated() {
        plan.faults.append(
          Fault(
            kind, from: .seconds(hour * 3_600 + 300 + index * 200), length: .seconds(20), strength: 0.5,
            target: index))
      }
    }
    var options = Options()
    let problem = options.set("db.prune_days", to: "0.1")
    precondition(problem == nil, problem ?? "")
    var swarm = Swarm(seed: seed, length: length, plan: plan)
    swarm.world = world
    swarm.options = options
    // Memory is what is asked here; probing at the usual four seconds, the oracles would be two thirds of the work.
    swarm.probeMs = 20_000
    swarm.keptMax = 50
    swarm.bounds.equity = 20_000
    swarm.bounds.changes = 500
    swarm.bounds.liquidations = 500
    simulation = Simulation(swarm)
    simulation.accounts.picturesMax = 4
    start = warmUp
  }

  private static let faults: [FaultKind] = [
    .closed, .aborted, .halfOpen, .refused, .rest500, .restHangUp, .restSlow, .diskLocked, .slowClients,
    .stallingClients, .clientStorm, .pipeliningClients,
  ]

  private let start: TimeSpan

  /// Runs to the end, telling each reading; `heap` answers the bytes in use of this process's heap.
  public func run(heap: () -> Int, _ tell: (_ at: TimeSpan, _ bytes: Int) -> Void) {
    var at = TimeSpan.zero
    while at < simulation.length {
      at = at + Soak.interval
      simulation.run(until: at)
      let bytes = heap() - Database.memoryBytes - simulation.disk.memory.heldBytes
      if at > start { readings.append(Double(bytes)) }
      tell(at, bytes)
    }
  }

  /// The trend of the readings: growth over 24 hours and its standard error, both as shares of the mean.
  public var trend: (perDay: Double, error: Double) {
    let n = Double(readings.count)
    guard n > 2 else { return (0, 0) }
    let meanX = (n - 1) / 2
    let meanY = readings.reduce(0, +) / n
    var xx = 0.0
    var xy = 0.0
    for (index, y) in readings.enumerated() {
      xx += (Double(index) - meanX) * (Double(index) - meanX)
      xy += (Double(index) - meanX) * (y - meanY)
    }
    let slope = xy / xx
    var rest = 0.0
    for (index, y) in readings.enumerated() {
      let off = y - meanY - slope * (Double(index) - meanX)
      rest += off * off
    }
    let error = (rest / (n - 2) / xx).squareRoot()
    let stepsPerDay = 86_400 / Soak.interval.seconds
    return (slope * stepsPerDay / meanY, error * stepsPerDay / meanY)
  }
}
