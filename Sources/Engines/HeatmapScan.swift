import Base
import Market

/// What falls on one side of one bucket.
struct HeatmapCell {
  var micros: Int64
  var count: Int64
}

/// One pass over a coin's positions after another, with the memory it needs.
///
/// No branch depends on a position: the filters list rows, each written always and kept when it passes, so that
/// nothing is mispredicted. Raw memory, because a bounds check would cost as much as the addition it guards.
/// Invariant: rows listed are below 64, an index into `cells` is below `2 * bucketCount`, one into `ages` at most
/// `freshMs / 1000`.
struct HeatmapScan: ~Copyable {
  /// Ages counted, by second.
  private let ages: UnsafeMutablePointer<UInt32>
  private let agesCount: Int
  /// By bucket, longs before shorts.
  private let cells: UnsafeMutablePointer<HeatmapCell>
  /// The bounds of the buckets; the last one lies above every price of the map.
  private let edges: UnsafeMutablePointer<Int64>
  /// Rows of the chunk at hand: those that count, then those on the map.
  private let rows: UnsafeMutablePointer<UInt8>
  /// Rows of the chunk at hand that were not refreshed in time.
  private let stale: UnsafeMutablePointer<UInt8>
  private let bucketCount: Int
  private let rangePct: Double
  private let minSize: Int64
  private let freshMs: Int64
  private let now: Int64

  /// What the loop counts besides buckets.
  struct Sums {
    var long: Int64
    var short: Int64
    var counted = 0
    var bots = 0
  }

  init(_ job: HeatmapJob) {
    bucketCount = CoinHeatmap.clampedBuckets(job.bucketCount)
    rangePct = job.rangePct
    minSize = max(1, job.minSizeUsd.micros)
    freshMs = max(0, min(job.freshMs, HeatmapJob.freshMsMax))
    now = max(0, min(job.now.ms, PositionMark.timeMax))
    agesCount = Int(freshMs / 1000) + 1
    ages = .allocate(capacity: agesCount)
    cells = .allocate(capacity: 2 * bucketCount)
    edges = .allocate(capacity: bucketCount + 1)
    rows = .allocate(capacity: PositionChunk.rows + 1)
    stale = .allocate(capacity: PositionChunk.rows + 1)
    rows.initialize(repeating: 0, count: PositionChunk.rows + 1)
    stale.initialize(repeating: 0, count: PositionChunk.rows + 1)
    ages.initialize(repeating: 0, count: agesCount)
    cells.initialize(repeating: HeatmapCell(micros: 0, count: 0), count: 2 * bucketCount)
    edges.initialize(repeating: 0, count: bucketCount + 1)
  }

  deinit {
    ages.deallocate()
    cells.deallocate()
    edges.deallocate()
    rows.deallocate()
    stale.deallocate()
  }

  /// The map of one coin.
  borrowing func map(
    _ coin: CoinID, _ mid: Px, _ openInterestUsd: Double?, _ part: CoinSnapshot
  ) -> CoinHeatmap {
    let bounds = CoinHeatmap.edges(mid: mid, bucketCount: bucketCount, rangePct: rangePct)
    begin(bounds)
    var sums = Sums(long: part.long, short: part.short)
    let (low, high) = (edges[0], edges[bucketCount] - 1)
    let isCoarse = high - low < 8 * Int64(bucketCount)
    for index in part.chunks.indices where !part.chunks[index].columns.isEmpty {
      if index + 1 < part.chunks.count { touch(part.chunks[index + 1]) }
      part.chunks[index].columns.withUnsafeBufferPointer { columns in
        guard let base = columns.baseAddress, columns.count == PositionChunk.words else { return }
        if isCoarse { count(base, &sums) { search($0) } } else { countFine(base, &sums) }
      }
    }
    var map = CoinHeatmap(
      coin: coin, mid: mid, rangePct: rangePct, edges: bounds, buckets: buckets(),
      totalPositions: sums.counted,
      totalLong: .zero, totalShort: .zero, coverage: coverage(sums, openInterestUsd))
    for index in 0..<bucketCount {
      map.totalLong.micros &+= cells[2 * index].micros
      map.totalShort.micros &+= cells[2 * index + 1].micros
    }
    return map
  }

  private borrowing func begin(_ bounds: [Px]) {
    for index in bounds.indices { edges[index] = bounds[index].raw }
    // The last bucket holds its upper edge too.
    edges[bucketCount] = min(edges[bucketCount], .max - 1) + 1
    cells.update(repeating: HeatmapCell(micros: 0, count: 0), count: 2 * bucketCount)
    ages.update(repeating: 0, count: agesCount)
  }

  /// Reads a word of every cache line of a chunk, so that the waits for all of them overlap: chunks lie apart in
  /// memory, and each is too short for the processor to guess its lines. Saves a tenth when they are in no cache.
  private borrowing func touch(_ chunk: PositionChunk) {
    chunk.columns.withUnsafeBufferPointer { columns in
      var sum: Int64 = 0
      for line in stride(from: 0, to: columns.count, by: 8) { sum ^= columns[line] }
      // Nobody reads it; it keeps the loads from being left out.
      stale[PositionChunk.rows] = UInt8(truncatingIfNeeded: sum)
    }
  }

  /// Counts one chunk of a map whose buckets are wide enough for a multiplication to hit the right one or the next.
  private borrowing func countFine(_ base: UnsafePointer<Int64>, _ sums: inout Sums) {
    let (edges, low) = (edges, edges[0])
    let scale = Double(bucketCount) / Double(edges[bucketCount] &- 1 &- low)
    count(base, &sums) { offset in
      // Adding 2^52 leaves the nearest whole number in the low bits: the bucket or, in its upper half, the next.
      let guess = Int(truncatingIfNeeded: (Double(offset) * scale + 0x1p52).bitPattern & 0xFFFF_FFFF)
      return guess &+ Int(truncatingIfNeeded: (offset &+ low &- edges[guess]) >> 63)
    }
  }

  /// Counts one chunk: first which rows count, then their ages, then those on the map, whose places `bucket` finds.
  @inline(__always)
  private borrowing func count(
    _ base: UnsafePointer<Int64>, _ sums: inout Sums, _ bucket: (Int64) -> Int
  ) {
    let (rows, cells) = (rows, cells)
    let (sizes, low) = (base + PositionChunk.sizes, edges[0])
    let counted = filter(base, &sums)
    let onMap = countAges(base, counted)
    for place in 0..<onMap {
      let row = Int(rows[place])
      let isShort = sizes[row] >> 63
      let cell = cells + (2 &* bucket(base[row] &- low) &- Int(isShort))
      cell.pointee.micros &+= (sizes[row] ^ isShort) &- isShort
      cell.pointee.count &+= 1
    }
  }

  /// Lists the rows that count in `rows`; answers how many.
  ///
  /// The sign bits of differences say what comparisons would: below zero means no.
  @inline(__always)
  private borrowing func filter(_ base: UnsafePointer<Int64>, _ sums: inout Sums) -> Int {
    let (rows, stale, minSize) = (rows, stale, minSize)
    let (sizes, marks) = (base + PositionChunk.sizes, base + PositionChunk.marks)
    let cut = max(0, now - freshMs) << PositionMark.accountBits
    var (counted, staleCount, bots) = (0, 0, 0 as UInt64)
    for row in 0..<PositionChunk.rows {
      let (signed, mark) = (sizes[row], marks[row])
      let isShort = signed >> 63
      let time = (mark & .max) &- cut
      let eligible = (((signed ^ isShort) &- isShort) &- minSize) | (base[row] &- 1) | time
      stale[staleCount] = UInt8(truncatingIfNeeded: row)
      staleCount &+= Int(truncatingIfNeeded: UInt64(bitPattern: time) >> 63)
      rows[counted] = UInt8(truncatingIfNeeded: row)
      counted &+= Int(truncatingIfNeeded: UInt64(bitPattern: ~(eligible | mark)) >> 63)
      bots &+= UInt64(bitPattern: ~eligible & mark) >> 63
    }
    for place in 0..<staleCount {
      let signed = sizes[Int(stale[place])]
      sums.long &-= max(0, signed)
      sums.short &+= min(0, signed)
    }
    sums.counted &+= counted
    sums.bots &+= Int(truncatingIfNeeded: bots)
    return counted
  }

  /// Counts the ages of the first `count` of `rows` and leaves those on the map there; answers how many.
  @inline(__always)
  private borrowing func countAges(_ base: UnsafePointer<Int64>, _ count: Int) -> Int {
    let (rows, ages, now, low) = (rows, ages, now, edges[0])
    let marks = base + PositionChunk.marks
    let span = edges[bucketCount] &- 1 &- low
    var onMap = 0
    for place in 0..<count {
      let row = Int(rows[place])
      let age = max(0, now &- marks[row] >> PositionMark.accountBits)
      ages[Int(UInt32(truncatingIfNeeded: age) / 1000)] &+= 1
      let offset = base[row] &- low
      rows[onMap] = UInt8(truncatingIfNeeded: row)
      onMap &+= Int(truncatingIfNeeded: UInt64(bitPattern: ~(offset | (span &- offset))) >> 63)
    }
    return onMap
  }

  /// The last bucket that begins at or below the price `offset` above the lowest of the map, which it is on.
  private borrowing func search(_ offset: Int64) -> Int {
    let price = edges[0] + offset
    var (low, high) = (0, bucketCount)
    while high - low > 1 {
      let middle = (low + high) / 2
      if edges[middle] <= price { low = middle } else { high = middle }
    }
    return low
  }

  private borrowing func buckets() -> [HeatmapBucket] {
    [HeatmapBucket](unsafeUninitializedCapacity: bucketCount) { buckets, count in
      for index in 0..<bucketCount {
        let (long, short) = (cells[2 * index], cells[2 * index + 1])
        buckets.initializeElement(
          at: index,
          to: HeatmapBucket(
            longUsd: Usd(micros: long.micros), shortUsd: Usd(micros: short.micros),
            longCount: Int(long.count),
            shortCount: Int(short.count)))
      }
      count = bucketCount
    }
  }

  private borrowing func coverage(_ sums: Sums, _ openInterestUsd: Double?) -> HeatmapCoverage {
    var coverage = HeatmapCoverage()
    coverage.positions = sums.counted
    coverage.botsExcluded = sums.bots
    if let total = openInterestUsd, total > 0 {
      coverage.longOiShare = Double(sums.long) / 1e6 / total
      coverage.shortOiShare = Double(sums.short) / 1e6 / total
    }
    guard sums.counted > 0 else { return coverage }
    var oldest = agesCount - 1
    while oldest > 0, ages[oldest] == 0 { oldest -= 1 }
    let half = UInt32(sums.counted + 1) / 2
    var (seen, age) = (ages[0], 0)
    while seen < half {
      age += 1
      seen += ages[age]
    }
    coverage.oldestAgeS = oldest
    coverage.medianAgeS = age
    return coverage
  }
}
