public import Base

/// What goes wrong in a run, and when: drawn from the seed, or put together by a test.
///
/// Swarm style: each seed enables its own random subset of the kinds with its own rates, so that rare
/// combinations come about and no fault hides behind another one that always happens first.
public enum FaultKind: Int, CaseIterable, Hashable, Sendable {
  // Connecting to the exchange.
  case refused, unresolved, badCertificate, connectTimeout, upgradeRefused
  // Connections that stop working.
  case halfOpen, silentLink, silentCoin, closed, aborted
  // What comes over them.
  case garbage, oversized, fragmented, truncated, duplicated, reordered, unknown, delayed, split
  case droppedAck, greeting, dataBeforeAck, newestFirst
  // REST.
  case rest429, rest500, restNull, restHTML, restSlow, restLost, restHangUp, restRefused, restTruncated
  // The market and the machine.
  case listing, delisting, wallJump, diskLocked, diskFull, diskSlow, stop, kill
  // API clients.
  case slowClients, halfClosedClients, pipeliningClients, tricklingClients, stallingClients
  case oversizedClients, garbageClients, clientStorm
  // The disk and the pool, once more; ends of the process in the middle of something.
  case diskReadOnly, diskIO, poolSlow, powerLoss, killAmid, stopAmid, clockAtRestart
  // The rest.
  case clientCrowd, rest502, restOther, restTooLarge, sharedAddress, reload
}

/// One fault: from `from` after the start, for `length`.
public struct Fault: Hashable, Sendable {
  /// What.
  public var kind: FaultKind
  /// When it begins, after the start of the run.
  public var from: TimeSpan
  /// How long it lasts; zero for what happens in a moment.
  public var length: TimeSpan
  /// How strong: a chance per frame, request or connection (0…1).
  public var strength: Double
  /// Chooses among coins, links and the like.
  public var target: Int

  /// A fault with these fields.
  public init(
    _ kind: FaultKind, from: TimeSpan, length: TimeSpan = .zero, strength: Double = 1, target: Int = 0
  ) {
    self.kind = kind
    self.from = from
    self.length = length
    self.strength = strength
    self.target = target
  }

  /// When it is over.
  public var until: TimeSpan { from + length }
}

/// The faults of one run.
public struct FaultPlan: Sendable {
  /// In no order.
  public var faults: [Fault]
  /// The machine's wall clock minus the exchange's at the start, milliseconds.
  public var wallOffsetMs: Int64 = 0
  /// The shortest way between two hosts, milliseconds.
  public var latencyMs = 20
  /// What comes on top of it at random, milliseconds.
  public var jitterMs = 10

  /// These faults and nothing else.
  public init(_ faults: [Fault] = []) { self.faults = faults }

  /// When the last fault is over.
  public var calmFrom: TimeSpan { faults.map(\.until).max() ?? .zero }

  /// The longest delay of frames, milliseconds.
  var delayMsMax: Int {
    faults.filter { $0.kind == .delayed }.map { FaultPlan.delayMs($0) }.max() ?? 0
  }

  static func delayMs(_ fault: Fault) -> Int { 100 + Int(fault.strength * 6_000) }

  /// Time without faults before the end of a drawn run: what recovery is judged in.
  public static let calmTail = TimeSpan.seconds(420)

  /// The plan of `seed` for a run of `length`: every eighth seed is free of faults.
  public static func drawn(seed: UInt64, length: TimeSpan) -> FaultPlan {
    var random = PRNG(seed: seed ^ 0xfa_17_5e_ed)
    var plan = FaultPlan()
    plan.latencyMs = 2 + random.below(80)
    plan.jitterMs = 1 + random.below(60)
    plan.wallOffsetMs = Int64(random.below(4_001)) - 2_000
    guard seed % 8 != 0 else { return plan }
    let enabled = 0.08 + 0.4 * random.unit()
    let last = (length - .zero.advanced(by: FaultPlan.calmTail)).clampedToZero
    for kind in FaultKind.allCases {
      var draws = random.split()
      guard draws.chance(enabled) else { continue }
      for _ in 0..<(1 + draws.below(3)) {
        plan.faults.append(draw(kind, &draws, last: last))
      }
    }
    return plan
  }

  private static func draw(_ kind: FaultKind, _ random: inout PRNG, last: TimeSpan) -> Fault {
    // Lengths over three decades: a blink, seconds, minutes.
    let unit = random.unit()
    let lengthMs = Int(100 * (1 + 1_800 * unit * unit * unit))
    let lastMs = max(1, Int(last.milliseconds) - lengthMs)
    return Fault(
      kind, from: .milliseconds(random.below(lastMs)), length: .milliseconds(lengthMs),
      strength: 0.02 + 0.98 * random.unit() * random.unit(), target: random.below(1 << 20))
  }
}

extension TimeSpan {
  func advanced(by other: TimeSpan) -> TimeSpan { self + other }
  static func - (a: TimeSpan, b: TimeSpan) -> TimeSpan { a + b * -1 }
  var clampedToZero: TimeSpan { self < .zero ? .zero : self }
}
