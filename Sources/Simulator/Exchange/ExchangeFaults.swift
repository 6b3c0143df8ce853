import Base

/// Faults of the REST side.
public enum InfoFault: Hashable, Sendable {
  /// 429 with body `null`.
  case tooMany
  /// 500 with an HTML page.
  case serverError
  /// 502 with an HTML page.
  case badGateway
  /// 200 with body `null`.
  case nullBody
  /// 200 with an HTML page.
  case htmlBody
  /// The connection ends without an answer.
  case hangUp
  /// 200 with JSON that answers another question.
  case other
}

/// What is wrong with the exchange. Probabilities are per request, connection or frame, 0…1; off at first.
///
/// A driver changes these while running; `link` is what new links start with, and each link's own copy can be
/// changed too. Named, so that a command line can set them (`set`).
public struct ExchangeFaults: Sendable {
  /// Chance that an info request fails as `infoFault` says.
  public var infoFaultChance = 0.0
  /// How it then fails; `nil` draws one of all kinds.
  public var infoFault: InfoFault?
  /// The share of the address's weight limit that others behind the same address use up.
  public var othersShare = 0.0
  /// Chance that a good answer is cut in half.
  public var truncateInfo = 0.0
  /// How much later answers come, in milliseconds.
  public var infoDelayMs = 0
  /// Chance that a WebSocket upgrade is refused with 503.
  public var refuseUpgrade = 0.0
  /// Coins whose trades and books are kept back, by index.
  public var silentCoins: Set<Int> = []
  /// Faults of links opened from now on.
  public var link = LinkFaults()

  /// Nothing is wrong.
  public init() {}

  /// The kinds `infoFault == nil` draws from.
  static let infoFaults: [InfoFault] = [
    .tooMany, .serverError, .badGateway, .nullBody, .htmlBody, .hangUp,
  ]

  func drawInfoFault(_ random: inout PRNG) -> InfoFault? {
    guard roll(infoFaultChance, &random) else { return nil }
    return infoFault ?? ExchangeFaults.infoFaults[random.below(ExchangeFaults.infoFaults.count)]
  }

  /// A chance of zero draws nothing, so that switched-off faults do not move the others.
  func roll(_ chance: Double, _ random: inout PRNG) -> Bool { chance > 0 && random.chance(chance) }
}

/// What is wrong with one link. Probabilities are per frame, 0…1.
public struct LinkFaults: Hashable, Sendable {
  /// Nothing is sent, nothing is closed: an open, silent connection.
  public var isSilent = false
  /// Chance that a frame is lost.
  public var drop = 0.0
  /// Chance that a trades frame is sent twice.
  public var duplicate = 0.0
  /// Chance that a trades frame is reversed and sent after the next one.
  public var reorder = 0.0
  /// Chance that a frame is followed by one that is no JSON.
  public var garbage = 0.0
  /// Chance that a frame is followed by one of `oversizedBytes`.
  public var oversized = 0.0
  /// Size of an oversized frame.
  public var oversizedBytes = 5 << 20
  /// Chance that a frame comes in several fragments with a ping between them.
  public var fragment = 0.0
  /// Chance that a frame's JSON is cut in half.
  public var truncate = 0.0
  /// Chance that a frame is followed by a well-formed one about an unknown coin, channel or value.
  public var unknown = 0.0
  /// Chance, per frame, that the link closes with 1000.
  public var close = 0.0
  /// Chance, per frame, that the link breaks without a close (1006 at the client).
  public var abort = 0.0
  /// Chance that a subscription's ack is lost.
  public var dropAck = 0.0
  /// Chance that data is sent before the ack of its subscription.
  public var dataBeforeAck = 0.0
  /// How much later frames come, in milliseconds.
  public var delayMs = 0
  /// Whether the first frame is the plain-text greeting.
  public var greeting = false
  /// Whether the trades of a first frame come newest first.
  public var newestFirst = false

  /// Nothing is wrong.
  public init() {}
}

extension ExchangeFaults {
  /// Every name `set` understands, for help texts.
  public static let names = [
    "info-fault", "info-429", "info-500", "info-502", "info-null", "info-html", "info-hangup",
    "info-truncate", "info-delay-ms", "refuse-upgrade", "silent", "drop", "duplicate", "reorder", "garbage",
    "oversized", "oversized-bytes", "fragment", "truncate", "unknown", "close", "abort", "data-before-ack",
    "drop-ack", "delay-ms", "greeting", "newest-first",
  ]

  /// Sets the fault called `name`; false when there is none of that name or `value` is negative.
  public mutating func set(_ name: String, _ value: Double) -> Bool {
    guard value >= 0, value.isFinite else { return false }
    let milliseconds = Int(min(value, 3_600_000))
    switch name {
    case "info-fault": setInfo(nil, value)
    case "info-429": setInfo(.tooMany, value)
    case "info-500": setInfo(.serverError, value)
    case "info-502": setInfo(.badGateway, value)
    case "info-null": setInfo(.nullBody, value)
    case "info-html": setInfo(.htmlBody, value)
    case "info-hangup": setInfo(.hangUp, value)
    case "info-truncate": truncateInfo = value
    case "info-delay-ms": infoDelayMs = milliseconds
    case "refuse-upgrade": refuseUpgrade = value
    case "delay-ms": link.delayMs = milliseconds
    default: return link.set(name, value)
    }
    return true
  }

  private mutating func setInfo(_ fault: InfoFault?, _ chance: Double) {
    infoFault = fault
    infoFaultChance = chance
  }
}

extension LinkFaults {
  mutating func set(_ name: String, _ value: Double) -> Bool {
    switch name {
    case "silent": isSilent = value > 0
    case "drop": drop = value
    case "duplicate": duplicate = value
    case "reorder": reorder = value
    case "garbage": garbage = value
    case "oversized": oversized = value
    case "oversized-bytes": oversizedBytes = Int(min(value, 64 * 1024 * 1024))
    case "fragment": fragment = value
    case "truncate": truncate = value
    case "unknown": unknown = value
    case "close": close = value
    case "abort": abort = value
    case "data-before-ack": dataBeforeAck = value
    case "drop-ack": dropAck = value
    case "greeting": greeting = value > 0
    case "newest-first": newestFirst = value > 0
    default: return false
    }
    return true
  }
}
