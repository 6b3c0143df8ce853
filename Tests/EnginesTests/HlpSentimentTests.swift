import Base
import Engines
import Market
import Testing

/// Sentiment: the incremental state against a recount of everything ever polled.
@Suite("HLP sentiment")
struct HlpSentimentTests {
  /// Everything ever polled, and what follows from it, the slow way.
  struct Reference {
    struct Round {
      var at: Int64
      var vaults: [Address]
      var rows: [VaultPosition]

      func net(_ coin: CoinID, of members: [Address]) -> Int64 {
        rows.filter { $0.coin == coin && members.contains($0.vault) }.reduce(0) { $0 + $1.szi.raw }
      }

      func holds(_ coin: CoinID) -> Bool { rows.contains { $0.coin == coin } }
    }

    var rounds: [Round] = []

    func sentiment(_ coin: CoinID, since: Int64) -> CoinSentiment? {
      guard let last = rounds.last else { return nil }
      var flips = 0
      var isKnown = last.holds(coin)
      for (before, after) in zip(rounds, rounds.dropFirst()) where after.at >= since {
        let common = before.vaults.filter { after.vaults.contains($0) }
        if before.net(coin, of: common).signum() * after.net(coin, of: common).signum() < 0 { flips += 1 }
        if before.holds(coin) && !after.holds(coin) { isKnown = true }
      }
      guard isKnown else { return nil }
      let net = last.net(coin, of: last.vaults)
      let usd = last.rows.filter { $0.coin == coin }.reduce(0) {
        $0 + ($1.isLong ? $1.sizeUsd.micros : -$1.sizeUsd.micros)
      }
      return CoinSentiment(
        coin: coin, netSzi: Sz(raw: net), netUsd: Usd(micros: net == 0 ? 0 : usd), flips: flips)
    }
  }

  static let coins: UInt32 = 7

  @Test(
    "equals a recount over random worlds, restarts and changing vaults",
    arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
  func differential(seed: UInt64) {
    var random = PRNG(seed: seed)
    let vaults = HlpVaults()
    vaults.configure([HlpVaultsTests.a, HlpVaultsTests.b])
    var reference = Reference()
    var now: Int64 = 1_000_000_000_000
    var sizes: [Address: [Int64]] = [:]
    var wrong = 0
    for _ in 0..<400 {
      now += 60_000 + Int64(random.below(2000))
      if random.chance(0.05) {
        let all = [HlpVaultsTests.c, HlpVaultsTests.d]
        _ = vaults.setChildren(of: HlpVaultsTests.a, all.filter { _ in random.chance(0.5) })
      }
      var round = VaultRound(vaults: vaults.addresses)
      var rows: [VaultPosition] = []
      for vault in vaults.addresses {
        var held = sizes[vault] ?? Array(repeating: 0, count: Int(Self.coins))
        for coin in held.indices where random.chance(0.2) {
          held[coin] = random.chance(0.3) ? 0 : Int64(random.below(9)) - 4
        }
        sizes[vault] = held
        let positions = held.enumerated().map { coin, size in
          HlpVaultsTests.position(UInt32(coin), size * 100_000_000, value: abs(size) * 50_000_000)
        }
        round.answer(vault, positions)
        rows += positions.compactMap { VaultPosition.make(from: $0, vault: vault) }
      }
      vaults.apply(round, at: WallTime(ms: now))
      reference.rounds.append(.init(at: now, vaults: vaults.addresses, rows: rows))
      let since = now - Int64(random.below(168)) * 3_600_000 / Int64(1 + random.below(60))
      var listed: [CoinSentiment] = []
      vaults.sentiment.forEach(since: WallTime(ms: since)) { listed.append($0) }
      let expected = (0..<Self.coins).compactMap { reference.sentiment(CoinID(raw: $0), since: since) }
      if listed != expected { wrong += 1 }
    }
    #expect(wrong == 0)
    #expect(vaults.sentiment.flipCount > 20)
  }

  /// The changes of side a file tells give the same answers as the rounds themselves; also when the file opens so late
  /// that rounds came first.
  @Test("a restart answers as before it", arguments: [11, 12, 13, 14, 15] as [UInt64])
  func restart(seed: UInt64) {
    var random = PRNG(seed: seed)
    let vaults = HlpVaults()
    vaults.configure([HlpVaultsTests.a])
    let again = HlpVaults()
    again.configure([HlpVaultsTests.a])
    let late = HlpVaults()
    late.configure([HlpVaultsTests.a])
    let lateFrom = 60 + random.below(130)
    var sides: [RestoredSide] = []
    var signs = [Int](repeating: 0, count: Int(Self.coins))
    var now: Int64 = 1_000_000_000_000
    for step in 0..<200 {
      now += 60_000
      var round = VaultRound(vaults: vaults.addresses)
      var positions: [Position] = []
      for coin in signs.indices {
        let sign = random.chance(0.3) ? random.below(3) - 1 : signs[coin]
        if sign != signs[coin] {
          sides.append(RestoredSide(coin: CoinID(raw: UInt32(coin)), sign: sign, at: WallTime(ms: now)))
        }
        signs[coin] = sign
        positions.append(HlpVaultsTests.position(UInt32(coin), Int64(sign) * 700))
      }
      round.answer(HlpVaultsTests.a, positions)
      vaults.apply(round, at: WallTime(ms: now))
      if step >= lateFrom { late.apply(round, at: WallTime(ms: now)) }
      if step == min(199, lateFrom + 9) {
        late.sentiment.restore(sides.filter { $0.at.ms <= now - Int64(step - lateFrom + 1) * 60_000 })
      }
    }
    again.sentiment.restore(sides)
    again.restore(vaults.positions, at: WallTime(ms: now))
    for minutes in [1, 10, 60, 1000] as [Int64] {
      var before: [CoinSentiment] = []
      var after: [CoinSentiment] = []
      vaults.sentiment.forEach(since: WallTime(ms: now - minutes * 60_000)) { before.append($0) }
      again.sentiment.forEach(since: WallTime(ms: now - minutes * 60_000)) { after.append($0) }
      #expect(before == after)
      var afterLate: [CoinSentiment] = []
      late.sentiment.forEach(since: WallTime(ms: now - minutes * 60_000)) { afterLate.append($0) }
      #expect(before == afterLate)
    }
    #expect(vaults.sentiment.flipCount > 40)
  }

  static func apply(_ vaults: HlpVaults, _ szi: [Int64], hour: Int64) {
    var round = VaultRound(vaults: vaults.addresses)
    for (vault, size) in zip(vaults.addresses, szi) {
      round.answer(vault, [HlpVaultsTests.position(0, size, value: abs(size))])
    }
    vaults.apply(round, at: WallTime(ms: hour * 3_600_000))
  }

  @Test("vaults that turn against each other are no flip; closing in between is none")
  func nets() {
    let vaults = HlpVaults()
    vaults.configure([HlpVaultsTests.a, HlpVaultsTests.b])
    Self.apply(vaults, [10, -4], hour: 1)
    Self.apply(vaults, [-4, 10], hour: 2)
    #expect(vaults.sentiment.flipCount == 0)
    Self.apply(vaults, [-4, 3], hour: 3)
    #expect(vaults.sentiment.flipCount == 1)
    Self.apply(vaults, [-4, 4], hour: 4)
    Self.apply(vaults, [5, 4], hour: 5)
    #expect(vaults.sentiment.flipCount == 1)
    Self.apply(vaults, [0, 0], hour: 6)
    let closed = vaults.sentiment.coin(CoinID(raw: 0), since: WallTime(ms: 0))
    #expect(closed?.isLong == nil && closed?.netUsd == .zero && closed?.flips == 1)
  }

  @Test("the window is exact at both ends of a week")
  func window() {
    let vaults = HlpVaults()
    vaults.configure([HlpVaultsTests.a])
    for hour in 1...200 { Self.apply(vaults, [hour % 2 == 0 ? 5 : -5], hour: Int64(hour)) }
    for hours in [1, 24, 168] {
      let since = WallTime(ms: Int64(200 - hours) * 3_600_000)
      #expect(vaults.sentiment.coin(CoinID(raw: 0), since: since)?.flips == hours + 1)
      let later = WallTime(ms: since.ms + 1)
      #expect(vaults.sentiment.coin(CoinID(raw: 0), since: later)?.flips == hours)
    }
    #expect(vaults.sentiment.flipCount == 169)
    #expect(vaults.sentiment.dropped == 0)
  }

  @Test("where marks differ the size decides the side, and the dollars follow it")
  func marks() throws {
    let vaults = HlpVaults()
    vaults.configure([HlpVaultsTests.a, HlpVaultsTests.b])
    var round = VaultRound(vaults: vaults.addresses)
    round.answer(
      HlpVaultsTests.a, [HlpVaultsTests.position(0, 1_000_000_000, value: 500_000_000)])
    round.answer(
      HlpVaultsTests.b, [HlpVaultsTests.position(0, -999_000_000, value: 501_000_000)])
    vaults.apply(round, at: WallTime(ms: 1))
    let coin = try #require(vaults.sentiment.coin(CoinID(raw: 0), since: WallTime(ms: 0)))
    #expect(coin.isLong == true)
    #expect(coin.netUsd.micros > 0)
    #expect(abs(coin.netUsd.double - 0.5) < 0.01)
  }
}
