import Base
import Engines
import Market
import Testing

/// What changed between two polls, against a plain comparison; and the log of it.
@Suite("Position changes")
struct PositionChangesTests {
  static let wallet = Address(a: 7, b: 7, c: 7)
  static let at = WallTime(ms: 1_700_000_000_000)

  static func held(_ coin: UInt32, _ usd: Int64, isLong: Bool = true, px: Int64 = 5) -> HeldPosition {
    HeldPosition(coin: CoinID(raw: coin), isLong: isLong, sizeUsd: Usd(micros: usd), markPx: Px(raw: px))
  }

  static func detect(_ before: [HeldPosition]?, _ after: [HeldPosition]) -> [PositionChange] {
    PositionChanges.detect(of: wallet, before: before, after: after, at: at)
  }

  /// The same by the words of the contract.
  static func naive(_ before: [HeldPosition]?, _ after: [HeldPosition]) -> [PositionChange] {
    guard let before else { return [] }
    var changes: [PositionChange] = []
    func first(_ rows: [HeldPosition], _ coin: CoinID) -> HeldPosition? { rows.first { $0.coin == coin } }
    func add(_ action: PositionAction, _ row: HeldPosition) {
      changes.append(
        PositionChange(
          address: wallet, coin: row.coin, action: action, isLong: row.isLong, sizeUsd: row.sizeUsd,
          price: row.markPx, detectedAt: at))
    }
    var seen: Set<CoinID> = []
    for row in after where seen.insert(row.coin).inserted {
      if let old = first(before, row.coin) {
        if old.isLong != row.isLong {
          add(.flip, row)
        } else if Double(row.sizeUsd.micros) > Double(old.sizeUsd.micros) * 1.2 + 1e-9 {
          add(.increase, row)
        }
      } else {
        add(.entry, row)
      }
    }
    seen = []
    for row in before where seen.insert(row.coin).inserted && first(after, row.coin) == nil {
      add(.exit, row)
    }
    return changes
  }

  @Test("equals the plain comparison", arguments: [1, 2, 3] as [UInt64])
  func differential(seed: UInt64) {
    var random = PRNG(seed: seed)
    var wrong = 0
    var kinds = Set<PositionAction>()
    func rows() -> [HeldPosition] {
      (0..<random.below(12)).map { _ in
        Self.held(
          UInt32(random.below(10)), Int64(random.below(2000)), isLong: random.chance(0.5),
          px: Int64(random.below(1000)) + 1)
      }
    }
    var before: [HeldPosition]? = nil
    for _ in 0..<3000 {
      let after = rows()
      let found = Self.detect(before, after)
      if found != Self.naive(before, after) { wrong += 1 }
      kinds.formUnion(found.map(\.action))
      before = random.chance(0.02) ? nil : after
    }
    #expect(wrong == 0)
    #expect(kinds.count == 4)
  }

  @Test("the first sight of a wallet only seeds")
  func seeds() {
    #expect(Self.detect(nil, [Self.held(1, 100)]).isEmpty)
    #expect(Self.detect([], [Self.held(1, 100)]).map(\.action) == [.entry])
  }

  @Test("more than a fifth is an increase, a fifth is not; at any size")
  func increase() {
    for usd in [5, 1_000_000, 123_456_785, 7_000_000_000_000_000_000] as [Int64] {
      let fifth = usd / 5 * 6
      #expect(Self.detect([Self.held(1, usd)], [Self.held(1, fifth)]).isEmpty)
      #expect(Self.detect([Self.held(1, usd)], [Self.held(1, fifth + 1)]).map(\.action) == [.increase])
      #expect(Self.detect([Self.held(1, fifth)], [Self.held(1, usd)]).isEmpty)
    }
  }

  @Test("an exit tells the side, size and mark of the poll before; a flip those of now")
  func values() {
    let exit = Self.detect([Self.held(1, 900, isLong: false, px: 77)], [])
    #expect(
      exit == [
        PositionChange(
          address: Self.wallet, coin: CoinID(raw: 1), action: .exit, isLong: false, sizeUsd: Usd(micros: 900),
          price: Px(raw: 77), detectedAt: Self.at)
      ])
    let flip = Self.detect([Self.held(1, 900, px: 77)], [Self.held(1, 400, isLong: false, px: 78)])
    #expect(flip.map(\.action) == [.flip])
    #expect(flip.first?.sizeUsd == Usd(micros: 400))
    #expect(flip.first?.isLong == false)
    #expect(flip.first?.price == Px(raw: 78))
  }

  @Test("every action has a word that reads back")
  func words() {
    for action in PositionAction.allCases { #expect(PositionAction("\(action.text)") == action) }
    #expect(PositionAction("grow") == nil)
  }
}

/// The log of changes, against a plain list.
@Suite("Change log")
struct ChangeLogTests {
  static func change(_ n: Int, wallet: UInt64, at ms: Int64) -> PositionChange {
    PositionChange(
      address: Address(a: wallet, b: 0, c: 0), coin: CoinID(raw: UInt32(n)), action: .entry, isLong: true,
      sizeUsd: Usd(micros: Int64(n)), price: Px(raw: 1), detectedAt: WallTime(ms: ms))
  }

  @Test("equals a plain list over pushes, expiry and questions", arguments: [1, 2, 3] as [UInt64])
  func differential(seed: UInt64) {
    var random = PRNG(seed: seed)
    let log = ChangeLog(changesMax: 200)
    var list: [PositionChange] = []
    var now: Int64 = 10_000_000_000
    var wrong = 0
    for n in 0..<1200 {
      // The clock is sometimes set back.
      now += random.chance(0.02) ? -60_000 : Int64(random.below(4_000_000))
      let change = Self.change(n, wallet: UInt64(random.below(5)), at: now)
      if n < 50 { log.restore(change) } else { log.append(change) }
      list.append(change)
      if list.count > 200 { list.removeFirst() }
      if random.chance(0.05) {
        log.expire(now: WallTime(ms: now))
        while let first = list.first, first.detectedAt.ms < now - 7 * 86_400_000 { list.removeFirst() }
      }
      let since = now - Int64(random.below(100_000_000))
      let wallet = random.chance(0.5) ? Address(a: UInt64(random.below(6)), b: 0, c: 0) : nil
      let limit = 1 + random.below(30)
      var found: [PositionChange] = []
      log.forEach(since: WallTime(ms: since), of: wallet, limit: limit) { found.append($0) }
      let expected = list.reversed().filter {
        $0.detectedAt.ms >= since && (wallet == nil || $0.address == wallet)
      }.prefix(limit)
      if found != Array(expected) || log.count != list.count { wrong += 1 }
    }
    #expect(wrong == 0)
    #expect(log.detected == 1150)
    #expect(log.dropped > 0)
  }
}
