import Base
import Testing

/// The generator and what draws from it.
@Suite("Chance")
struct ChanceTests {
  @Test("the reference values of SplitMix64")
  func reference() {
    // Computed from the published algorithm with seed 1234567.
    var random = PRNG(seed: 1_234_567)
    let drawn = (0..<5).map { _ in random.next() }
    let published: [UInt64] = [
      6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
      4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
    ]
    #expect(drawn == published)
  }

  @Test("equal seeds draw alike, parts do not disturb each other")
  func determinism() {
    var (a, b) = (PRNG(seed: 9), PRNG(seed: 9))
    var (partA, partB) = (a.split(), b.split())
    for _ in 0..<10 { _ = partA.next() }
    #expect((0..<100).map { _ in a.next() } == (0..<100).map { _ in b.next() })
    for _ in 0..<10 { _ = partB.next() }
    #expect(partA.next() == partB.next())
  }

  @Test("below is in range and even", arguments: [1, 2, 3, 10, 1000])
  func below(bound: Int) {
    var random = PRNG(seed: 3)
    var counts = [Int](repeating: 0, count: bound)
    for _ in 0..<bound * 200 { counts[random.below(bound)] += 1 }
    #expect(counts.allSatisfy { $0 > 100 && $0 < 300 })
  }

  @Test("unit and chance")
  func unit() {
    var random = PRNG(seed: 4)
    let drawn = (0..<10_000).map { _ in random.unit() }
    #expect(drawn.allSatisfy { $0 >= 0 && $0 < 1 })
    #expect(abs(drawn.reduce(0, +) / 10_000 - 0.5) < 0.02)
    #expect((0..<100).allSatisfy { _ in !random.chance(0) })
    #expect((0..<100).allSatisfy { _ in random.chance(1) })
  }

  @Test("back-off doubles up to its bound, within its upper half", arguments: 1...20 as ClosedRange<UInt64>)
  func backoff(seed: UInt64) {
    var backoff = Backoff(first: .milliseconds(500), longest: .seconds(30), seed: seed)
    var ceiling = TimeSpan.milliseconds(500).ns
    for attempt in 0..<80 {
      #expect(backoff.failures == attempt)
      let wait = backoff.next()
      #expect(wait.ns >= ceiling / 2 && wait.ns <= ceiling)
      ceiling = min(ceiling * 2, TimeSpan.seconds(30).ns)
    }
    backoff.reset()
    #expect(backoff.failures == 0)
    #expect(backoff.next() <= .milliseconds(500))
  }

  @Test("back-off at the ends of a span's range")
  func extremes() {
    var long = Backoff(first: TimeSpan(ns: .max), longest: TimeSpan(ns: .max), seed: 1)
    var short = Backoff(first: TimeSpan(ns: 1), longest: TimeSpan(ns: .max), seed: 1)
    for _ in 0..<100 {
      #expect(long.next().ns >= Int64.max / 2)
      #expect(short.next() >= .zero)
    }
  }
}
