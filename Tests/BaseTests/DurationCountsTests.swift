import Base
import Testing

/// Buckets take what is at most their bound; nothing is lost, whatever its length.
@Suite struct DurationCountsTests {
  @Test func aDurationCountsInTheFirstBucketThatHoldsIt() {
    for (index, bound) in DurationCounts.boundsNs.enumerated() {
      var counts = DurationCounts()
      counts.record(ns: bound)
      #expect(counts.counts[index] == 1)
      counts.record(ns: bound + 1)
      #expect(counts.counts[index + 1] == 1)
      #expect(counts.count == 2)
      #expect(counts.sumNs == 2 * bound + 1)
    }
  }

  @Test func theExtremesAreCounted() {
    var counts = DurationCounts()
    counts.record(ns: 0)
    counts.record(ns: .max)
    #expect(counts.counts.first == 1)
    #expect(counts.counts.last == 1)
    #expect(counts.count == 2)
  }

  @Test func boundsAscend() {
    #expect(zip(DurationCounts.boundsNs, DurationCounts.boundsNs.dropFirst()).allSatisfy { $0 < $1 })
  }
}
