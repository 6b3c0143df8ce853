import Base
import Market
import Testing

/// Exact numbers against arithmetic that is wide enough not to be clever.
@Suite("Numbers")
struct NumberTests {
  /// px × sz in USD micros, rounded half away from zero; `nil` when it does not fit.
  static func wide(_ px: Int64, _ sz: Int64) -> Int64? {
    let product = UInt128(px.magnitude) * UInt128(sz.magnitude)
    let rounded = (product + 5_000_000_000) / 10_000_000_000
    guard rounded <= UInt128(Int64.max) else { return nil }
    return (px < 0) != (sz < 0) ? -Int64(rounded) : Int64(rounded)
  }

  @Test("a notional equals wide arithmetic", arguments: [1, 2, 3, 4] as [UInt64])
  func random(seed: UInt64) {
    var random = PRNG(seed: seed)
    var wrong = 0
    for _ in 0..<50_000 {
      // All magnitudes alike, either sign.
      let px = Int64(bitPattern: random.next()) >> Int64(random.below(64))
      let sz = Int64(bitPattern: random.next()) >> Int64(random.below(64))
      if Px(raw: px).times(Sz(raw: sz))?.micros != Self.wide(px, sz) { wrong += 1 }
    }
    #expect(wrong == 0)
  }

  @Test("ties are rounded away from zero, on either path of the division")
  func ties() {
    var wrong = 0
    for sz in [1, 3, 1_000_001, 123_456_789, 99_999_999_999] as [Int64] {
      for half in [4_999_999_999, 5_000_000_000, 5_000_000_001, 9_999_999_999, 15_000_000_000] as [Int64] {
        for px in [half, -half, half * 1001, half * 100_000_003] {
          if Px(raw: px).times(Sz(raw: sz))?.micros != Self.wide(px, sz) { wrong += 1 }
        }
      }
    }
    #expect(wrong == 0)
    #expect(Px(raw: 5_000_000_000).times(Sz(raw: 1))?.micros == 1)
    #expect(Px(raw: -5_000_000_000).times(Sz(raw: 1))?.micros == -1)
    #expect(Px(raw: 4_999_999_999).times(Sz(raw: -1))?.micros == 0)
  }

  @Test("around the borders of the fast division and of the range")
  func borders() {
    var wrong = 0
    // 2^74 is where the fast division ends, 2^63·10^10 where the range does.
    for (a, b) in [(37, 37), (36, 38), (12, 62), (48, 48), (62, 62), (63, 63)] as [(Int64, Int64)] {
      for px in -2...2 as ClosedRange<Int64> {
        for sz in -2...2 as ClosedRange<Int64> {
          let (x, y) = ((1 as Int64) &<< a &+ px, (1 as Int64) &<< b &+ sz)
          if Px(raw: x).times(Sz(raw: y))?.micros != Self.wide(x, y) { wrong += 1 }
        }
      }
    }
    #expect(wrong == 0)
    #expect(Px(raw: .max).times(Sz(raw: 10_000_000_000))?.micros == .max)
    #expect(Px(raw: .max).times(Sz(raw: 10_000_000_001)) == nil)
    #expect(Px(raw: .min).times(Sz(raw: .min)) == nil)
    #expect(Px(raw: .min).times(Sz(raw: 0))?.micros == 0)
  }

  @Test("what the exchange prints is exact")
  func exchange() {
    // 98,341.0 × 0.00123 = 120.95943
    #expect(Px(raw: 9_834_100_000_000).times(Sz(raw: 123_000))?.micros == 120_959_430)
    #expect(Usd(micros: 120_959_430).double == 120.95943)
    #expect(Px(raw: 9_834_100_000_000).double == 98_341)
    #expect(Sz(raw: 123_000).double == 0.00123)
    #expect(Usd(micros: 5) + Usd(micros: 6) - Usd(micros: 12) == Usd(micros: -1))
    var sum = Usd.zero
    sum += Usd(micros: 3)
    sum -= Usd(micros: 5)
    #expect(sum == Usd(micros: -2) && sum < .zero)
    #expect(Px(raw: 1) < Px(raw: 2) && Sz(raw: -1) < Sz(raw: 0))
  }
}
