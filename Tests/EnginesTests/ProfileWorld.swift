import Base
import Engines
import Market

/// Random walks of positions, the fills they leave and the trades they really were; then what makes fills hard:
/// groups of one millisecond in any order, trades with oneself, rows told twice, rows not told.
struct ProfileWorld {
  /// Which groups of one millisecond are told in any order.
  enum Shuffles {
    case none
    /// Those in which no position is met twice: one order alone explains them.
    case clear
    case all
  }

  struct Weather {
    var coins = 3
    var steps = 60
    /// Probability that a step shares the millisecond of the one before.
    var sameMs = 0.4
    /// Few sizes make positions come back to where they were: then several orders explain a group.
    var sizes = 1_000_000
    var selfTrades = 0.1
    var repeats = 0.1
    var losses = 0.0
    var shuffles = Shuffles.all
    var hasTids = true
    var startsOpen = false
    var mechanical = 0.0
    /// Rows of one millisecond at the most; the reference tries every order.
    var groupMax = 6
  }

  var fills: [ProfileFill] = []
  /// The trades as they were made, in the order of their ends.
  var truth: [ProfileReference.Trade] = []
  private var random: PRNG
  private let weather: Weather
  private var tid: UInt64 = 1
  private var inMs = 0

  init(seed: UInt64, _ weather: Weather) {
    random = PRNG(seed: seed)
    self.weather = weather
    for coin in 0..<weather.coins { walk(CoinID(raw: UInt32(coin * 3))) }
    disturb()
  }

  private mutating func walk(_ coin: CoinID) {
    var time: Int64 = 1_700_000_000_000 + Int64(random.below(1_000_000))
    var position: Int64 = weather.startsOpen ? Int64(random.below(9) - 4) * 1_000 : 0
    var isKnown = position == 0
    var open: ProfileReference.Trade?
    for _ in 0..<weather.steps {
      inMs += 1
      if inMs >= weather.groupMax || !random.chance(weather.sameMs) {
        time += 1 + Int64(random.below(random.chance(0.2) ? 50_000_000 : 5_000))
        inMs = 1
      }
      let px = Int64(1 + random.below(5_000_000)) * 1_000_000
      var sz = Int64(1 + random.below(weather.sizes)) * 1_000
      if random.chance(0.3), position != 0 { sz = abs(position) }
      let isBuy = position == 0 ? random.chance(0.5) : random.chance(position > 0 ? 0.35 : 0.65)
      if random.chance(weather.selfTrades) { selfTrade(coin, time, px, position) }
      let end = position + (isBuy ? sz : -sz)
      var fill = row(coin, time, px, sz, position, isBuy)
      let closes = position != 0 && (position > 0) != isBuy
      if closes { fill.closedPnl = Usd(micros: Int64(random.below(2_000_000_000) - 950_000_000)) }
      fill.isMechanical = random.chance(weather.mechanical)
      fills.append(fill)
      // The truth: close what closes, then open what opens.
      let closed = closes ? min(abs(position), sz) : 0
      if closed > 0 {
        open?.exits.append(.init(px: px, sz: closed))
        open?.pnlMicros += fill.closedPnl.micros
        if fill.isMechanical { open?.isMechanical = true }
        if end == 0 || (end > 0) == isBuy && closed < sz {
          open?.exitMs = time
          if let open, isKnown { truth.append(open) }
          open = nil
          isKnown = true
        }
      }
      if sz > closed {
        if open == nil { open = .init(coin: coin, isLong: isBuy, entryMs: time, exitMs: time) }
        open?.entries.append(.init(px: px, sz: sz - closed))
        if fill.isMechanical { open?.isMechanical = true }
      }
      position = end
    }
  }

  private mutating func row(
    _ coin: CoinID, _ time: Int64, _ px: Int64, _ sz: Int64, _ start: Int64, _ isBuy: Bool
  ) -> ProfileFill {
    var fill = Fill()
    fill.coin = coin
    fill.time = WallTime(ms: time)
    fill.px = Px(raw: px)
    fill.sz = Sz(raw: sz)
    fill.startPosition = Sz(raw: start)
    fill.side = isBuy ? .buy : .sell
    fill.direction = .other
    fill.tid = weather.hasTids ? tid : nil
    fill.oid = tid &* 7
    fill.hash = TxHash(words: SIMD4(0, 0, 0, tid))
    tid += 1
    guard let fill = ProfileFill(fill) else { preconditionFailure("a listed perp") }
    return fill
  }

  private mutating func selfTrade(_ coin: CoinID, _ time: Int64, _ px: Int64, _ position: Int64) {
    let buy = row(coin, time, px, Int64(1 + random.below(weather.sizes)) * 1_000, position, true)
    var sell = buy
    sell.side = .sell
    sell.oid = buy.oid + 1
    fills.append(contentsOf: random.chance(0.5) ? [buy, sell] : [sell, buy])
    inMs += 2
  }

  /// Whether the position comes back to no place within the fill's millisecond.
  private func isClear(_ fill: ProfileFill) -> Bool {
    let group = fills.filter { $0.coin == fill.coin && $0.time == fill.time && !isOwn($0) }
    var met: Set<Int64> = []
    for row in group { met.insert(row.startPosition.raw + (row.side == .buy ? row.sz.raw : -row.sz.raw)) }
    return met.count == group.count && !met.contains(group.first?.startPosition.raw ?? 0)
  }

  /// Whether the row is a leg of a trade with oneself.
  private func isOwn(_ fill: ProfileFill) -> Bool {
    fills.contains { $0.hash == fill.hash && $0.side != fill.side }
  }

  private mutating func disturb() {
    fills.removeAll { _ in random.chance(weather.losses) }
    // As the exchange tells them: all coins by time, execution order in a millisecond.
    fills = fills.enumerated().sorted { ($0.element.time.ms, $0.offset) < ($1.element.time.ms, $1.offset) }
      .map { $0.element }
    var tagged: [(ProfileFill, UInt64)] = []
    for fill in fills {
      let isShuffled = weather.shuffles == .all || weather.shuffles == .clear && isClear(fill)
      tagged.append((fill, isShuffled ? random.next() >> 1 : UInt64(tagged.count)))
    }
    fills = tagged.sorted { ($0.0.time.ms, $0.1) < ($1.0.time.ms, $1.1) }.map { $0.0 }
    for _ in 0..<Int(Double(fills.count) * weather.repeats) where !fills.isEmpty {
      fills.append(fills[random.below(fills.count)])
    }
    if random.chance(0.5) {
      // Newest first, execution order in a millisecond, as `userFills` answers.
      fills = fills.enumerated()
        .sorted { ($1.element.time.ms, $0.offset) < ($0.element.time.ms, $1.offset) }.map { $0.element }
    }
  }
}
