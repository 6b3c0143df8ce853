import API
import Base
import Engines
import Hyperliquid
import Market

@testable import Core

/// A poller, the real scheduler and budget, and an exchange that answers after a while: in simulated time.
///
/// The exchange counts every request's weight at a random moment between its being sent and its answer.
final class PollWorld {
  static let start = Instant(ns: 1_000_000_000_000)
  static let wall = WallTime(ms: 1_800_000_000_000)

  let book = AddressBook(addressesMax: 20_000, seed: 1)
  let knowledge: Knowledge
  let poller: PositionPoller
  var scheduler: Scheduler
  let out = Output()
  var coins = Coins()
  var random: PRNG
  var now = PollWorld.start
  /// What each account holds, USD in BTC at 100,000; nothing means no positions.
  var sizeUsd: [Address: Double] = [:]
  var equityUsd = 10_000.0
  /// What the positions are in.
  var coin = "BTC"
  /// Chance that an answer is lost, or a 503.
  var lossChance = 0.0
  /// Answers 429 until then.
  var refuseUntil = Instant.zero
  var latencyMs = 80...220
  /// Other weight that is asked for, offered before the poller.
  var others: ((PollWorld) -> Void)?

  struct Flight {
    let id: FetchID
    let at: Instant
    let account: Address
    let isLost: Bool
  }
  private(set) var flights: [Flight] = []
  /// When each account was answered, in order.
  private(set) var polledAt: [Address: [Instant]] = [:]
  /// (exchange time, weight).
  private(set) var counted: [(at: UInt64, weight: Int)] = []
  private(set) var results: [PollResult] = []
  private(set) var peakInFlight = 0
  private(set) var turns = 0

  init(seed: UInt64, options: Options = Options()) {
    random = PRNG(seed: seed)
    knowledge = Knowledge(orderFlow: OrderFlow(windowsS: [60]), book: book)
    scheduler = Scheduler(options: options, seed: seed)
    poller = PositionPoller(
      settings: PollSettings(options), knowledge: knowledge, weightMax: scheduler.budget.limit,
      now: PollWorld.start)
    _ = coins.list(Coin(name: "BTC", dex: "", szDecimals: 5, maxLeverage: 40, isListed: true))
    _ = coins.list(Coin(name: "ETH", dex: "", szDecimals: 4, maxLeverage: 25, isListed: true))
  }

  var both: Now {
    Now(instant: now, wall: WallTime(ms: PollWorld.wall.ms + (now - PollWorld.start).milliseconds))
  }

  static func address(_ n: Int) -> Address {
    var random = PRNG(seed: UInt64(n) &+ 77)
    return Address(a: random.next(), b: random.next(), c: UInt32(n))
  }

  /// An account seen trading now, holding `usd`.
  @discardableResult
  func see(_ n: Int, usd: Double) -> AddressID {
    let address = PollWorld.address(n)
    sizeUsd[address] = usd
    guard let seen = book.see(address, at: both.wall) else { preconditionFailure("room") }
    if seen.isNew { poller.saw(seen) }
    return seen.id
  }

  /// An account known from before, polled `age` ago.
  func restore(_ n: Int, usd: Double, tier: Int, age: TimeSpan) {
    let address = PollWorld.address(n)
    sizeUsd[address] = usd
    let seenS = UInt32(both.wall.ms / 1000)
    guard
      let account = book.restore(
        AddressRow(address: address, firstSeenS: seenS, lastSeenS: seenS, tradeCount: 1))
    else { preconditionFailure("room") }
    poller.restore(
      account, tier: tier, polledAt: WallTime(ms: both.wall.ms - age.milliseconds), lastSeen: both.wall,
      now: both)
  }

  /// Runs for a span of time.
  func run(_ span: TimeSpan) {
    let end = now + span
    while true {
      out.begin()
      ask()
      let next = min(poller.deadline, flights.map(\.at).min() ?? .never)
      guard next <= end else { break }
      now = max(now, next)
      turns += 1
      while let index = flights.indices.min(by: { flights[$0].at < flights[$1].at }), flights[index].at <= now
      {
        answer(flights.remove(at: index))
      }
    }
    now = end
  }

  /// The request just offered is none of the poller's: it is counted and answered at once.
  func answerOther() {
    guard case .fetch(let id, _, _)? = out.effects.last, let request = scheduler.take(id) else { return }
    counted.append((now.ns, request.request.type.weight))
    scheduler.settle(request, .answered(itemWeight: 0), now: both)
    out.begin()
  }

  private func ask() {
    others?(self)
    poller.ask(&scheduler, out, exchangeNow: both.wall, now: both)
    for effect in out.effects {
      guard case .fetch(let id, let body, _) = effect else { continue }
      send(id, body)
    }
    out.begin()
    peakInFlight = max(peakInFlight, flights.count)
  }

  private func send(_ id: FetchID, _ body: Range<Int>) {
    let text = out.bytes.bytes[body]
    guard let x = text.firstIndex(of: UInt8(ascii: "x")),
      let address = Address(UnsafeRawBufferPointer(rebasing: out.bytes.bytes[(x - 1)..<(x + 41)]))
    else { preconditionFailure("a question about an account") }
    let latency = TimeSpan.milliseconds(latencyMs.lowerBound + random.below(latencyMs.count))
    counted.append((now.ns + UInt64(random.below(Int(latency.ns))), 2))
    flights.append(
      Flight(id: id, at: now + latency, account: address, isLost: random.chance(lossChance)))
  }

  private func answer(_ flight: Flight) {
    guard let request = scheduler.take(flight.id) else { return }
    guard case .positions(let account) = request.owner else { return }
    if now < refuseUntil {
      scheduler.settle(request, .tooMany(retryAfter: nil), now: both)
      return poller.failed(account, now: both)
    }
    if flight.isLost {
      scheduler.settle(request, .lost, now: both)
      return poller.failed(account, now: both)
    }
    let body = PollWorld.body(usd: sizeUsd[flight.account] ?? 0, equity: equityUsd, coin: coin)
    body.withUnsafeBytes { bytes in
      let text = UnsafeRawBufferPointer(rebasing: bytes[0..<(bytes.count - 64)])
      if let result = poller.answered(account, text, coins: coins, now: both) { results.append(result) }
    }
    scheduler.settle(request, .answered(itemWeight: 0), now: both)
    polledAt[flight.account, default: []].append(now)
  }

  /// A clearinghouseState with one position worth `usd`, followed by the reader's 64 bytes.
  static func body(usd: Double, equity: Double, coin: String = "BTC") -> [UInt8] {
    let position =
      usd == 0
      ? ""
      : """
      {"type":"oneWay","position":{"coin":"\(coin)","szi":"\(usd / 100_000)","leverage":{"type":"cross","value":5},
      "entryPx":"100000.0","positionValue":"\(abs(usd))","unrealizedPnl":"1.5","returnOnEquity":"0.0",
      "liquidationPx":"90000.0","marginUsed":"10.0","maxLeverage":40}}
      """
    let text = """
      {"marginSummary":{"accountValue":"\(equity)","totalNtlPos":"0.0","totalRawUsd":"0.0","totalMarginUsed":"0.0"},
      "assetPositions":[\(position)],"time":1800000000000}
      """
    return Array(text.utf8) + [UInt8](repeating: 32, count: 64)
  }

  /// The most weight the exchange counted in any 60 seconds.
  var peakWeight: Int {
    let sorted = counted.sorted { $0.at < $1.at }
    var (first, sum, peak) = (0, 0, 0)
    for entry in sorted {
      sum += entry.weight
      while sorted[first].at + 60_000_000_000 <= entry.at {
        sum -= sorted[first].weight
        first += 1
      }
      peak = max(peak, sum)
    }
    return peak
  }
}
