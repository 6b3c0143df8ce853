import Base
import Testing

/// Clock arithmetic stays inside its range, whatever it is given.
@Suite("Time")
struct TimeTests {
  @Test("an instant plus a span is clamped to the clock's range")
  func clamping() {
    #expect(Instant(ns: 5) + TimeSpan(ns: 7) == Instant(ns: 12))
    #expect(Instant(ns: 5) + TimeSpan(ns: -7) == .zero)
    #expect(Instant(ns: 5) - TimeSpan(ns: 5) == .zero)
    #expect(Instant(ns: 5) - TimeSpan(ns: 6) == .zero)
    #expect(Instant.never + TimeSpan(ns: 1) == .never)
    #expect(Instant(ns: .max - 3) + TimeSpan(ns: .max) == .never)
    #expect(Instant(ns: 1 << 63) + TimeSpan(ns: .min) == .zero)
    #expect(Instant(ns: 7) - TimeSpan(ns: .min) == Instant(ns: (1 << 63) + 6))
    #expect(TimeSpan(ns: .max) + TimeSpan(ns: 1) == TimeSpan(ns: .max))
    #expect(TimeSpan(ns: .min) + TimeSpan(ns: -1) == TimeSpan(ns: .min))
    #expect(TimeSpan.seconds(.max) == TimeSpan(ns: .max) && TimeSpan.milliseconds(.min) == TimeSpan(ns: .min))
    #expect(TimeSpan(ns: .min) * -1 == TimeSpan(ns: .max) && TimeSpan(ns: -3) * .max == TimeSpan(ns: .min))
    #expect(Instant(ns: .max) + TimeSpan(ns: .min) == Instant(ns: (1 << 63) - 1))
  }

  @Test("the difference of instants is exact, and clamped where a span ends")
  func difference() {
    #expect(Instant(ns: 12) - Instant(ns: 5) == TimeSpan(ns: 7))
    #expect(Instant(ns: 5) - Instant(ns: 12) == TimeSpan(ns: -7))
    #expect(Instant.never - Instant.zero == TimeSpan(ns: .max))
    #expect(Instant.zero - Instant.never == TimeSpan(ns: -.max))
  }

  @Test("there and back, at random")
  func random() {
    var random = PRNG(seed: 1)
    for _ in 0..<5000 {
      let a = Instant(ns: random.next() >> 2)
      let b = Instant(ns: random.next() >> 2)
      #expect(a + (b - a) == b)
      #expect((b - a).ns == -(a - b).ns)
      #expect((a < b) == ((b - a) > .zero))
    }
  }

  @Test("units")
  func units() {
    #expect(TimeSpan.seconds(2).ns == 2_000_000_000)
    #expect(TimeSpan.milliseconds(-3).ns == -3_000_000)
    #expect(TimeSpan(ns: 1_999_999).milliseconds == 1)
    #expect(TimeSpan(ns: -1_999_999).milliseconds == -1)
    #expect(TimeSpan.seconds(1) + .milliseconds(500) == .milliseconds(1500))
    #expect(TimeSpan.milliseconds(500) * 3 == .milliseconds(1500))
    #expect(TimeSpan.milliseconds(1500).seconds == 1.5)
    #expect(WallTime(ms: 1_795_353_385_046).seconds == 1_795_353_385.046)
    #expect(WallTime(ms: 1) < WallTime(ms: 2))
  }
}
