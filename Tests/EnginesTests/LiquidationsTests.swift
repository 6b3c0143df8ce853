import Base
import Engines
import Market
import Testing

/// The events: each execution once, however often and by whomever it is told.
@Suite("Liquidations")
struct LiquidationsTests {
  static let now = WallTime(ms: 1_787_000_000_000)

  /// An execution of the world: a liquidated taker against a maker.
  struct Execution {
    var coin: UInt32
    var timeMs: Int64
    var tid: UInt64?
    var isLong: Bool
    var px: Int64
    var sz: Int64
    var hash: UInt64
    var taker: Address
    var maker: Address

    func fill(ofTaker: Bool, names: Bool) -> Fill {
      var fill = Fill()
      fill.coin = CoinID(raw: coin)
      fill.px = Px(raw: px)
      fill.sz = Sz(raw: sz)
      fill.side = isLong == ofTaker ? .sell : .buy
      fill.time = WallTime(ms: timeMs)
      fill.tid = tid
      fill.hash = TxHash(words: SIMD4(hash, 0, 0, 0))
      fill.isTaker = ofTaker
      fill.liquidation = FillLiquidation(user: names ? taker : nil, markPx: Px(raw: px), method: .market)
      return fill
    }

    var usd: Int64 { Px(raw: px).times(Sz(raw: sz))!.micros }
  }

  static func address(_ n: Int) -> Address { Address(a: UInt64(n), b: 9, c: 9) }

  static func executions(_ random: inout PRNG, _ count: Int) -> [Execution] {
    (0..<count).map { n in
      Execution(
        coin: UInt32(random.below(4)), timeMs: now.ms - Int64(random.below(4 * 86_400_000)),
        tid: random.chance(0.1) ? (random.chance(0.5) ? nil : 0) : UInt64(1 + random.below(1 << 40)),
        isLong: random.chance(0.5), px: Int64(1 + random.below(5)) * 100_000_000,
        sz: Int64(1 + random.below(300)) * 100_000_000, hash: UInt64(n), taker: address(random.below(9)),
        maker: address(100 + random.below(9)))
    }
  }

  @Test(
    "each execution counts once over replays, both parties and restarts", arguments: [1, 2, 3, 4] as [UInt64])
  func differential(seed: UInt64) {
    var random = PRNG(seed: seed)
    let world = Self.executions(&random, 1500)
    var engine = Liquidations()
    var told = Set<Int>()
    var found: [LiquidationEvent] = []
    var wrong = 0
    for step in 0..<6000 {
      if step == 2000 || step == 4000 {
        // A restart: the file has every event, without trade ids.
        engine = Liquidations()
        engine.restore(found)
      }
      let index = random.below(world.count)
      let fill = world[index].fill(ofTaker: random.chance(0.5), names: random.chance(0.8))
      let user = fill.isTaker ? world[index].taker : world[index].maker
      let outcome = engine.apply(fill, of: user, now: Self.now)
      if world[index].usd < 100_000_000 {
        if outcome != .small { wrong += 1 }
      } else if told.insert(index).inserted {
        guard case .new(let event) = outcome else {
          wrong += 1
          continue
        }
        found.append(event)
      } else if outcome != .duplicate {
        wrong += 1
      }
    }
    #expect(wrong == 0)
    Self.compare(engine, world, told, &random)
  }

  @Test("a file that opens late: what was told meanwhile is known", arguments: [5, 6, 7, 8] as [UInt64])
  func lateFile(seed: UInt64) {
    var random = PRNG(seed: seed)
    var world = Self.executions(&random, 600)
    for index in world.indices { world[index].sz = max(world[index].sz, 100 * 100_000_000) }
    func tell(_ engine: Liquidations, _ index: Int) -> LiquidationEvent? {
      let fill = world[index].fill(ofTaker: random.chance(0.5), names: random.chance(0.8))
      let user = fill.isTaker ? world[index].taker : world[index].maker
      guard case .new(let event) = engine.apply(fill, of: user, now: Self.now) else { return nil }
      return event
    }
    let before = Liquidations()
    var told = Set<Int>()
    var file: [LiquidationEvent] = []
    for _ in 0..<400 {
      let index = random.below(world.count)
      told.insert(index)
      if let event = tell(before, index) { file.append(event) }
    }
    let engine = Liquidations()
    var meanwhile = Set<Int>()
    for _ in 0..<300 {
      let index = random.below(world.count)
      #expect((tell(engine, index) != nil) == meanwhile.insert(index).inserted)
    }
    let known = engine.restore(file.shuffled(using: &random))
    #expect(known.count == meanwhile.intersection(told).count)
    told.formUnion(meanwhile)
    for _ in 0..<1000 {
      let index = random.below(world.count)
      #expect((tell(engine, index) != nil) == told.insert(index).inserted)
    }
    Self.compare(engine, world, told, &random)
  }

  /// Rows and sums against a plain look at the world.
  static func compare(_ engine: Liquidations, _ world: [Execution], _ told: Set<Int>, _ random: inout PRNG) {
    let known = world.indices.filter { told.contains($0) && world[$0].usd >= 100_000_000 }.map { world[$0] }
    #expect(engine.count == known.count)
    for _ in 0..<50 {
      let coin: UInt32? = random.chance(0.5) ? UInt32(random.below(5)) : nil
      let since = now.ms - Int64(random.below(4 * 86_400_000))
      let rows = known.filter { $0.timeMs >= since && (coin == nil || $0.coin == coin) }
      var totals = Liquidations.Totals()
      for row in rows {
        if row.isLong {
          totals.long.count += 1
          totals.long.sizeUsd += Usd(micros: row.usd)
        } else {
          totals.short.count += 1
          totals.short.sizeUsd += Usd(micros: row.usd)
        }
      }
      let id = coin.map(CoinID.init(raw:))
      #expect(engine.totals(coin: id, since: WallTime(ms: since)) == totals)
      var times: [Int64] = []
      engine.forEach(coin: id, since: WallTime(ms: since), limit: 20) { times.append($0.occurredAt.ms) }
      #expect(times == Array(rows.map(\.timeMs).sorted(by: >).prefix(20)))
    }
  }

  @Test("two executions alike but for their trade id are two, also after a restart")
  func twins() {
    var random = PRNG(seed: 1)
    var execution = Self.executions(&random, 1)[0]
    execution.sz = 100_000_000_000
    execution.tid = 5
    var twin = execution
    twin.tid = 6
    let engine = Liquidations()
    let rows = [execution, twin].map { $0.fill(ofTaker: false, names: true) }
    for row in rows { #expect(engine.apply(row, of: execution.maker, now: Self.now) != .duplicate) }
    let again = Liquidations()
    var events: [LiquidationEvent] = []
    engine.forEach(since: WallTime(ms: 0), limit: 9) { events.append($0) }
    #expect(again.restore(events).isEmpty)
    #expect(again.count == 2)
    for row in rows { #expect(again.apply(row, of: execution.maker, now: Self.now) == .duplicate) }
    twin.tid = 7
    let third = twin.fill(ofTaker: true, names: true)
    #expect(again.apply(third, of: execution.taker, now: Self.now) != .duplicate)
    #expect(again.count == 3 && again.counted == 1 && again.duplicates == 2)
  }

  @Test("the oldest go at the bound, and what is older is not taken again")
  func bound() {
    var random = PRNG(seed: 5)
    var world = Self.executions(&random, 400)
    for index in world.indices { world[index].sz = 200_000_000_000 }
    let engine = Liquidations(eventsMax: 100)
    for execution in world {
      _ = engine.apply(execution.fill(ofTaker: true, names: true), of: execution.taker, now: Self.now)
      #expect(engine.count <= 101)
    }
    var times: [Int64] = []
    engine.forEach(since: WallTime(ms: 0), limit: 1000) { times.append($0.occurredAt.ms) }
    #expect(times == Array(world.map(\.timeMs).sorted(by: >).prefix(100)))
    let before = engine.counted
    for execution in world {
      _ = engine.apply(execution.fill(ofTaker: false, names: true), of: execution.maker, now: Self.now)
    }
    #expect(engine.counted == before)
    #expect(engine.count == 100)
  }

  @Test("what is older than a week is neither taken nor kept")
  func age() {
    var random = PRNG(seed: 6)
    var execution = Self.executions(&random, 1)[0]
    execution.sz = 200_000_000_000
    execution.timeMs = Self.now.ms - Liquidations.kept.milliseconds
    let engine = Liquidations()
    let fill = execution.fill(ofTaker: true, names: true)
    #expect(engine.apply(fill, of: execution.taker, now: WallTime(ms: Self.now.ms + 1)) == .tooOld)
    #expect(engine.apply(fill, of: execution.taker, now: Self.now) != .tooOld)
    engine.expire(now: Self.now)
    #expect(engine.count == 1)
    engine.expire(now: WallTime(ms: Self.now.ms + 1))
    #expect(engine.count == 0)
  }
}
