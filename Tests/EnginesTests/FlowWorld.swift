import Base
import Engines
import Market

/// A seeded stream of trades with everything a bad day brings: bursts, late and repeated trades, replays after
/// a reconnect, quiet hours, clocks that jump, nonsense values.
struct FlowWorld {
  struct Weather {
    var coins = 3
    /// Milliseconds between trades, at most.
    var pace = 400
    var burst = 40
    var lateMs = 5000
    /// Chance per step that the clock leaps ahead, and how far at most.
    var leap = 0.005
    var leapMs = 7_200_000
    /// Chance per step that the clock steps back, and how far at most.
    var back = 0.0
    var backMs = 7_200_000
    var nonsense = 0.02
  }

  let weather: Weather
  let flow: OrderFlow
  var reference: FlowReference
  var random: PRNG
  private var time: Int64 = 1_795_353_385_000
  private var now: Int64 = 1_795_353_385_000
  private var nextTid: UInt64 = 0
  /// The most chunks ever in use.
  private(set) var chunksPeak = 0

  init(seed: UInt64, windowsS: [Int], weather: Weather, chunksMax: Int = 4096, recentMax: Int = 1024) {
    self.weather = weather
    flow = OrderFlow(windowsS: windowsS, chunksMax: chunksMax, recentMax: recentMax)
    reference = FlowReference(windowsS: windowsS)
    random = PRNG(seed: seed)
  }

  /// One step of the world; answers what went wrong.
  mutating func step() -> String? {
    moveTime()
    let coin = CoinID(raw: UInt32(random.below(weather.coins)))
    switch random.below(20) {
    case 0..<10: if let wrong = give(trade(coin, at: time)) { return wrong }
    case 10..<13:
      for _ in 0...random.below(weather.burst) {
        if let wrong = give(trade(coin, at: time)) { return wrong }
      }
    case 13..<16:
      let late = time - Int64(random.below(weather.lateMs + 1))
      if let wrong = give(trade(coin, at: late)) { return wrong }
    case 16:
      for old in reference.last(coin, 30) { if let wrong = give(old) { return wrong } }
    case 17:
      let old = reference.last(coin, 400)
      if !old.isEmpty, let wrong = give(old[random.below(old.count)]) { return wrong }
    case 18:
      if random.chance(weather.nonsense * 20), let wrong = give(nonsense(coin)) { return wrong }
    default:
      reference.tick(WallTime(ms: now))
      flow.sweep(now: WallTime(ms: now))
    }
    // A recount looks at every trade held: two of three steps do without.
    guard random.below(3) == 0 else { return nil }
    let other = CoinID(raw: UInt32(random.below(weather.coins + 1)))
    reference.tick(WallTime(ms: now))
    return reference.compare(flow, other, now: WallTime(ms: now))
  }

  private mutating func moveTime() {
    time += Int64(random.below(weather.pace))
    if random.chance(weather.leap) { time += Int64(random.below(weather.leapMs)) }
    if random.chance(weather.back) { time -= Int64(random.below(weather.backMs)) }
    now = time - 500 + Int64(random.below(2000))
  }

  private mutating func give(_ trade: Trade) -> String? {
    reference.tick(WallTime(ms: now))
    let unverified = flow.unverifiedTrades
    let outcome = flow.apply(trade, now: WallTime(ms: now))
    chunksPeak = max(chunksPeak, flow.chunksUsed)
    let heldSince = flow.heldSince(trade.coin)
    let isUnverified = flow.unverifiedTrades > unverified
    return reference.follow(trade, outcome, heldSince: heldSince, isUnverified: isUnverified).map {
      "\(outcome) \(trade.time.ms): \($0)"
    }
  }

  private mutating func trade(_ coin: CoinID, at time: Int64) -> Trade {
    nextTid += 1
    return Trade(
      coin: coin, side: random.chance(0.5) ? .buy : .sell,
      px: Px(raw: Int64(1 + random.below(10_000_000_000_000))),
      sz: Sz(raw: Int64(1 + random.below(1_000_000_000))), time: WallTime(ms: time),
      // Few tids, so that the same tid comes again at another time or coin.
      tid: nextTid % 7 == 0 ? nextTid % 5 : nextTid, buyer: Address(a: 1, b: 2, c: 3),
      seller: Address(a: 4, b: 5, c: 6))
  }

  private mutating func nonsense(_ coin: CoinID) -> Trade {
    var trade = trade(coin, at: time)
    switch random.below(8) {
    case 0: trade.px = Px(raw: 0)
    case 1: trade.sz = Sz(raw: -5)
    case 2: trade.time = WallTime(ms: .max)
    case 3: trade.time = WallTime(ms: .min)
    case 4: trade.px = Px(raw: .max)
    case 5: (trade.px, trade.sz) = (Px(raw: .max), Sz(raw: .max))
    case 6: (trade.px, trade.sz) = (Px(raw: 4_000_000_000_000_000_000), Sz(raw: 20_000_000_000))
    default: trade.time = WallTime(ms: now + 3_599_000)
    }
    return trade
  }
}
