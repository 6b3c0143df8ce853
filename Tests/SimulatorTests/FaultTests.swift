/// One fault at a time: what the service is expected to do about it, beside what every oracle asks.
import Base
import Testing

@testable import Simulator

/// A run with given faults, and what it said.
struct FaultRun {
  let simulation: Simulation
  let log: [String]

  init(_ faults: [Fault], seed: UInt64 = 77, seconds: Int = 250, tradesPerSecond: Double = 3) {
    var world = WorldOptions.small
    world.tradesPerSecond = tradesPerSecond
    let simulation = Simulation(
      seed: seed, length: .seconds(seconds), plan: FaultPlan(faults), world: world)
    var log: [String] = []
    simulation.onLine = { if $0.contains("msg=") || $0.contains("fetch") { log.append($0) } }
    simulation.run(until: .seconds(seconds))
    self.simulation = simulation
    self.log = log
    simulation.onLine = nil
    simulation.finish()
    #expect(simulation.violations == [])
    #expect(simulation.counts.calmChecks > 2 && simulation.counts.exactWindows > 50)
  }

  func says(_ text: String) -> Bool { log.contains { $0.contains(text) } }

  func count(_ text: String) -> Int { log.count { $0.contains(text) } }

  /// A number of the last statistics, by its path.
  func stat(_ path: String...) -> Int {
    var value: RequestValue? = simulation.oracle.statistics
    for key in path { value = value?[key] }
    return Int(value?.number ?? -1)
  }

  /// When a line was written, in seconds of the run.
  static func seconds(_ line: String) -> Double { Double(line.prefix { $0 != " " }) ?? -1 }

  var stream: (String) -> Int { { stat("trade_stream", $0) } }
  func dropped(_ name: String) -> Int { stat("runtime", "dropped", name) }
}

private func fault(
  _ kind: FaultKind, _ from: Int, _ seconds: Int, _ strength: Double = 1, target: Int = 0
) -> Fault {
  Fault(kind, from: .seconds(from), length: .seconds(seconds), strength: strength, target: target)
}

@Suite("Simulation: connections that fail")
struct ConnectionFaultTests {
  @Test(
    "connecting fails, and goes on being tried",
    arguments: [
      (FaultKind.refused, "reason=refused"), (.unresolved, "reason=resolve"),
      (.badCertificate, "certificate verify failed"), (.connectTimeout, "reason=timeout"),
      (.upgradeRefused, "reason=upgradeFailed code=503"),
    ])
  func connecting(kind: FaultKind, words: String) {
    let run = FaultRun([fault(.aborted, 60, 0), fault(kind, 59, 45)])
    #expect(run.count(words) >= 2)
    #expect(run.stream("reconnect_count") >= 2 && run.stream("total_gaps") >= 5)
  }

  @Test("a half-open connection is noticed and replaced", arguments: [FaultKind.halfOpen, .silentLink])
  func halfOpen(kind: FaultKind) {
    let run = FaultRun([fault(kind, 60, 1)])
    #expect(run.says("reason=pongMissing") || run.says("reason=noData") || run.says("reason=tradeSilence"))
    #expect(run.stream("total_gaps") >= 5)
  }

  @Test("one silent coin is subscribed again by itself")
  func silentCoin() throws {
    let run = FaultRun([fault(.silentCoin, 60, 60, target: 0)])
    let name = run.simulation.exchange.world.coinName(0)
    #expect(run.says("msg=\"coin not followed\" coin=\(name) reason=silentCoin"))
    #expect(run.count("msg=\"coin not followed\"") == run.count("coin=\(name) reason=silentCoin"))
    #expect(run.stream("reconnect_count") == 0)
  }

  @Test("closed in order, or broken", arguments: [(FaultKind.closed, "closed code=1000"), (.aborted, "cut")])
  func ended(kind: FaultKind, words: String) {
    let run = FaultRun([fault(kind, 60, 0)])
    #expect(run.says("reason=\(words)"))
    #expect(run.stream("reconnect_count") >= 1 && run.stream("total_gaps") >= 1)
  }
}

@Suite("Simulation: frames that are wrong")
struct FrameFaultTests {
  @Test("garbage is counted and passed over")
  func garbage() {
    let run = FaultRun([fault(.garbage, 60, 60, 0.3)])
    #expect(run.dropped("frames_garbage") > 0 && run.stream("reconnect_count") == 0)
  }

  @Test("a frame of 5 MiB ends the connection with 1009")
  func oversized() {
    #expect(FaultRun([fault(.oversized, 60, 100)]).says("reason=protocolError code=1009"))
  }

  @Test(
    "fragments, cuts, greetings and another order change nothing",
    arguments: [FaultKind.fragmented, .split, .reordered, .greeting, .dataBeforeAck, .newestFirst])
  func harmless(kind: FaultKind) {
    let run = FaultRun([fault(kind, 0, 120)])
    #expect(run.stream("reconnect_count") == 0 && run.stream("total_gaps") == 0)
    #expect(run.dropped("frames_garbage") == 0)
  }

  @Test("a truncated frame loses trades, and a gap says so")
  func truncated() {
    let run = FaultRun([fault(.truncated, 60, 60, 0.5)])
    #expect(run.dropped("frames_garbage") > 0 && run.stream("total_gaps") > 0)
  }

  @Test("trades that come twice are counted once")
  func duplicated() {
    let run = FaultRun([fault(.duplicated, 60, 60)])
    #expect(run.stream("total_duplicates") > 50 && run.stream("reconnect_count") == 0)
  }

  @Test("unknown coins, channels and values are passed over")
  func unknown() {
    let run = FaultRun([fault(.unknown, 60, 60)])
    #expect(run.dropped("frames_unknown") > 0 && run.dropped("trades_unlisted") > 0)
    #expect(run.stream("total_invalid_trades") > 0 && run.stream("reconnect_count") == 0)
  }

  @Test("frames that come seconds late are counted where they belong")
  func delayed() {
    let run = FaultRun([fault(.delayed, 60, 60, 0.7)])
    #expect(run.stream("reconnect_count") == 0)
  }

  @Test("a lost ack: asked again, told that it stands already, followed")
  func droppedAck() {
    let run = FaultRun([fault(.droppedAck, 0, 30)])
    #expect(run.stream("subscribed_coins") == run.simulation.exchange.world.listedCoins.count)
    #expect(run.stream("reconnect_count") == 0)
  }
}

@Suite("Simulation: REST that fails")
struct RestFaultTests {
  @Test(
    "the list of coins is read as soon as it can be",
    arguments: [
      (FaultKind.rest429, "status 429"), (.rest500, "status 500"), (.restNull, "reason="),
      (.restHTML, "reason="), (.restHangUp, "broken"), (.restRefused, "connect"), (.restLost, "timeout"),
      (.restTruncated, "reason="), (.unresolved, "resolve"),
    ])
  func replies(kind: FaultKind, words: String) {
    let run = FaultRun([fault(kind, 0, 20)])
    #expect(run.log.contains { $0.contains("listing not read") && $0.contains(words) })
    #expect(run.stream("subscribed_coins") == run.simulation.exchange.world.listedCoins.count)
  }

  @Test("429 stops every request for a while")
  func tooMany() {
    let run = FaultRun([fault(.rest429, 0, 4)])
    #expect(run.stat("rate_limiter", "total_429") > 0)
    // Each refusal is followed by silence; then one request tries whether it is over.
    for refused in run.log where refused.contains("too many requests") {
      let at = FaultRun.seconds(refused)
      let early = run.log.filter {
        $0.contains("< fetch") && FaultRun.seconds($0) > at && FaultRun.seconds($0) < at + 4
      }
      #expect(early.isEmpty)
    }
  }

  @Test("slow answers are waited for")
  func slow() {
    let run = FaultRun([fault(.restSlow, 0, 60, 0.5)])
    #expect(!run.says("listing not read"))
  }
}

@Suite("Simulation: market and machine")
struct MachineFaultTests {
  @Test("a listing while running is followed within a minute")
  func listing() {
    let run = FaultRun([fault(.listing, 60, 0, target: 7)])
    #expect(run.simulation.exchange.world.coinIndex("NEW7") != nil)
    #expect(run.says("msg=\"listing changed\" listed=1 delisted=0"))
    #expect(run.stream("subscribed_coins") == run.simulation.exchange.world.listedCoins.count)
  }

  @Test("a delisting is noticed and the coin let go")
  func delisting() {
    let run = FaultRun([fault(.delisting, 60, 0, target: 1)])
    #expect(run.says("msg=\"listing changed\" listed=0 delisted=1"))
    #expect(run.stream("subscribed_coins") == run.simulation.exchange.world.listedCoins.count)
  }

  @Test("a jump of the wall clock by hours changes no window", arguments: [7_199_998, 7_199_999])
  func wallJump(target: Int) {
    let run = FaultRun([fault(.wallJump, 60, 0, target: target)])
    #expect(run.stream("reconnect_count") == 0 && run.stream("total_gaps") == 0)
    #expect(run.stat("runtime", "clock_skew_ms").magnitude > 10_000_000)
  }

  @Test("a wall clock that is hours off at the start is overruled by the trades", arguments: [-3, 3])
  func wallOffset(hours: Int64) {
    var plan = FaultPlan()
    plan.wallOffsetMs = hours * 3_600_000
    let simulation = Simulation(seed: 3, length: .seconds(600), plan: plan)
    simulation.run()
    #expect(simulation.violations == [])
    #expect(simulation.oracle.tradesSeen > 0 && simulation.counts.calmChecks > 20)
  }

  @Test("a disk that is locked or full loses nothing", arguments: [FaultKind.diskLocked, .diskFull])
  func disk(kind: FaultKind) {
    let run = FaultRun([fault(kind, 60, 40)])
    #expect(
      run.count("database write failed") >= 1 && run.says("database takes writes again"),
      "\(run.log.filter { $0.contains("database") }.suffix(6))")
    #expect(run.dropped("database_failures") >= 3)
  }

  @Test("a locked file at the start is opened later")
  func lockedAtStart() {
    let run = FaultRun([fault(.diskLocked, 0, 20)])
    #expect(run.says("database refused") && run.says("database open"))
  }

  @Test("a slow disk is waited for without spinning")
  func slowDisk() {
    let quiet = FaultRun([])
    let slow = FaultRun([fault(.diskSlow, 60, 60, 0.5)])
    #expect(slow.simulation.counts.steps < quiet.simulation.counts.steps + 500)
  }

  @Test("stop and kill: a restart finds what was acknowledged", arguments: [FaultKind.stop, .kill])
  func restart(kind: FaultKind) {
    let run = FaultRun([fault(kind, 60, 3), fault(kind, 100, 20)])
    #expect(run.simulation.counts.starts == 3)
    #expect(run.simulation.counts.stops + run.simulation.counts.kills == 3)
    #expect(run.count("database open") == 3)
  }
}

@Suite("Simulation: clients")
struct ClientFaultTests {
  @Test(
    "clients that behave badly are answered or sent away, and disturb nobody",
    arguments: [
      FaultKind.slowClients, .halfClosedClients, .pipeliningClients, .tricklingClients, .stallingClients,
      .garbageClients, .clientStorm,
    ])
  func clients(kind: FaultKind) {
    let run = FaultRun([fault(kind, 60, 1, target: 899), fault(kind, 70, 1, target: 41)])
    #expect(run.simulation.counts.clients >= 3)
    // Who asks for the statistics, and perhaps the client that writes and those that walk the routes.
    #expect(run.stream("reconnect_count") == 0 && (1...5).contains(run.stat("runtime", "clients")))
  }

  @Test("oversized requests are refused", arguments: 0..<3)
  func oversized(target: Int) {
    let run = FaultRun([fault(.oversizedClients, 60, 1, target: target)])
    #expect(run.simulation.counts.clients >= 2 && (1...5).contains(run.stat("runtime", "clients")))
  }
}
