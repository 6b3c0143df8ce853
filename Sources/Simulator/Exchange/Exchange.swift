public import Base

/// The exchange a client sees: answers info requests and accepts connections, sans-IO.
///
/// It owns a world and lets it advance to the time of each call; time comes from the caller and never goes
/// back. The same seed, options and calls give the same bytes.
/// Bounds: `clientsMax` client addresses (an idle one is forgotten for a new one), `linksMax` open links.
public final class Exchange {
  /// The most client addresses it keeps accounts of.
  public static let clientsMax = 4096

  /// The world behind it.
  public let world: World
  /// The limits it enforces.
  public var limits = ExchangeLimits()
  /// How often it repeats the feeds that repeat.
  public var cadence = FeedCadence()
  /// What is wrong with it at the moment; new links start with `faults.link`.
  public var faults = ExchangeFaults()

  /// Chance for faults, apart from the world's, so that a fault does not change the market.
  var random: PRNG
  private var clients: [Int: ClientLimits] = [:]
  var linkNumber = 0

  /// An exchange around `world`; `seed` decides its faults.
  public init(world: World, seed: UInt64 = 1) {
    self.world = world
    random = PRNG(seed: seed ^ 0x0f_a0_17)
  }

  /// What the client address `client` used so far.
  public func use(of client: Int) -> ClientUse { clients[client]?.use ?? ClientUse() }

  /// The REST weight `client` has spent in the 60 s before `now`.
  public func weight(of client: Int, now: WallTime) -> Int {
    guard let limits = clients[client] else { return 0 }
    limits.weight.expire(now.ms)
    return limits.weight.sum
  }

  func limits(of client: Int) -> ClientLimits {
    if let known = clients[client] { return known }
    if clients.count >= Exchange.clientsMax {
      // Which one goes decides nothing but its own account: it must be idle.
      let idle = clients.keys.sorted().first { clients[$0]?.connections == 0 }
      if let idle { clients[idle] = nil }
    }
    let fresh = ClientLimits()
    clients[client] = fresh
    return fresh
  }

  /// Opens a link for a TCP connection from `client`.
  public func connect(from client: Int) -> ExchangeLink {
    linkNumber += 1
    return ExchangeLink(exchange: self, client: client, number: linkNumber, faults: faults.link)
  }

  /// Answers one `POST /info` with `body` from the client address `client`.
  ///
  /// The answer's body is appended to `out` when the outcome is `.answer`.
  public func info(
    _ body: UnsafeRawBufferPointer, from client: Int, now: WallTime, into out: ByteBuffer
  ) -> InfoOutcome {
    world.advance(to: now)
    let nowMs = world.now.ms
    if let fault = faults.drawInfoFault(&random) { return fail(fault, into: out) }
    guard let request = RequestValue(parsing: body), let kind = InfoKind(request) else {
      out.append("Failed to deserialize the JSON body into the target type")
      return .answer(status: 422, type: .plain, delayMs: 0)
    }
    let account = limits(of: client)
    let others = Int(Double(limits.weightPerMin) * faults.othersShare)
    guard account.charge(kind.weight, nowMs: nowMs, limit: limits.weightPerMin, others: others) else {
      out.append("null")
      return .answer(status: 429, type: .json, delayMs: 0)
    }
    let start = out.count
    let rows = answer(kind, into: ReplyText(out))
    account.surcharge(kind.surcharge(rows: rows), nowMs: nowMs)
    if faults.roll(faults.truncateInfo, &random), out.count - start > 2 {
      out.truncate(to: start + (out.count - start) / 2)
    }
    return .answer(status: 200, type: .json, delayMs: faults.infoDelayMs)
  }

  private func fail(_ fault: InfoFault, into out: ByteBuffer) -> InfoOutcome {
    switch fault {
    case .tooMany:
      out.append("null")
      return .answer(status: 429, type: .json, delayMs: faults.infoDelayMs)
    case .serverError:
      out.append("<html><head><title>500 Internal Server Error</title></head><body></body></html>")
      return .answer(status: 500, type: .html, delayMs: faults.infoDelayMs)
    case .badGateway:
      out.append("<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n</body>\r\n</html>\r\n")
      return .answer(status: 502, type: .html, delayMs: faults.infoDelayMs)
    case .nullBody:
      out.append("null")
      return .answer(status: 200, type: .json, delayMs: faults.infoDelayMs)
    case .htmlBody:
      out.append("<html><body>maintenance</body></html>")
      return .answer(status: 200, type: .html, delayMs: faults.infoDelayMs)
    case .other:
      out.append(
        ["{}", "[]", "[{}]", "{\"universe\":7}", "[[],[]]", "\"error\"", "12", "{\"positions\":{}}"][
          random.below(8)])
      return .answer(status: 200, type: .json, delayMs: faults.infoDelayMs)
    case .hangUp: return .hangUp
    }
  }
}

/// What becomes of an info request.
public enum InfoOutcome: Hashable, Sendable {
  /// An HTTP answer with the body appended, to be sent after `delayMs`.
  case answer(status: Int, type: ReplyType, delayMs: Int)
  /// The connection ends without an answer.
  case hangUp
}

/// The content type of an answer.
public enum ReplyType: Hashable, Sendable {
  /// application/json
  case json
  /// text/plain
  case plain
  /// text/html
  case html
}

/// How often feeds that repeat are sent, in milliseconds (protocol sheet §3).
public struct FeedCadence: Hashable, Sendable {
  /// allMids.
  public var allMidsMs = 5_000
  /// l2Book with 20 levels.
  public var l2BookMs = 5_000
  /// l2Book with `fast`.
  public var l2BookFastMs = 500
  /// activeAssetCtx.
  public var activeAssetCtxMs = 1_000
  /// allDexsAssetCtxs.
  public var allDexsAssetCtxsMs = 3_000
  /// The exchange closes a link it has sent nothing for this long.
  public var idleCloseMs = 60_000

  /// As measured on the exchange.
  public init() {}
}
