import Base
import Testing

/// The histogram against sorted values.
@Suite("Histogram")
struct HistogramTests {
  @Test("a quantile is at most a sixteenth above the true one", arguments: [1, 2, 3, 4] as [UInt64])
  func quantiles(seed: UInt64) {
    var random = PRNG(seed: seed)
    var histogram = Histogram()
    let values = (0..<5000).map { _ in random.next() >> (24 + UInt64(random.below(40))) }
    for value in values { histogram.record(value) }
    let sorted = values.sorted()
    for share in [0.0, 0.001, 0.25, 0.5, 0.9, 0.99, 0.999, 1] {
      let exact = sorted[max(0, Int((5000 * share).rounded(.up)) - 1)]
      let got = histogram.quantile(share)
      #expect(got >= exact && got <= exact + exact / 16)
    }
    #expect(histogram.max == sorted.last && histogram.quantile(1) == sorted.last)
    #expect(histogram.last == values.last && histogram.count == 5000)
  }

  @Test("small values are exact, every value lies in its bucket")
  func buckets() {
    for value in 0..<32 as Range<UInt64> {
      var histogram = Histogram()
      histogram.record(value)
      histogram.record(1000)
      #expect(histogram.quantile(0.5) == value)
    }
    for shift in 0..<40 as Range<UInt64> {
      for offset in [-1, 0, 1] as [Int64] {
        let value = UInt64(clamping: Int64(1) << Int64(shift) + offset)
        var histogram = Histogram()
        histogram.record(value)
        histogram.record(.max)
        let got = histogram.quantile(0.5)
        #expect(got >= value && got <= value + value / 16)
      }
    }
  }

  @Test("empty, reset, negative spans and the far end")
  func edges() {
    var histogram = Histogram()
    #expect(histogram.quantile(0.99) == 0 && histogram.max == 0 && histogram.last == 0)
    histogram.record(TimeSpan(ns: -5))
    #expect(histogram.quantile(0.99) == 0 && histogram.count == 1)
    histogram.record(.max)
    #expect(histogram.max == .max && histogram.quantile(1) == .max)
    #expect(histogram.quantile(.nan) == 0 && histogram.quantile(-1) == 0 && histogram.quantile(7) == .max)
    histogram.reset()
    #expect(histogram.quantile(1) == 0 && histogram.count == 0 && histogram.max == 0)
  }
}
