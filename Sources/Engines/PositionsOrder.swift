import Market

/// The largest positions of one coin, largest first, kept from one question to the next.
///
/// Holds the first rows of the whole order, at least as many as were asked for: a change below them costs nothing,
/// a change among them one merge. Bound: `keptMax` times the most asked for.
struct PositionOrder {
  /// Rows kept for every row asked for, at most; half of it is built.
  static let keptMax = 4
  /// Rows built at least.
  static let builtMin = 256

  /// Rows, largest first.
  var rows: ContiguousArray<UInt32> = []
  /// The coin's version `rows` was right for; 0 while nobody asked.
  var version: UInt64 = 0
  /// Every row of the coin was ranked: none is too small.
  var isWhole = false
  /// What a row must rank before, or at, to belong here, unless `isWhole`.
  var floor = PositionRank(sizeUsd: 0, address: Address(a: 0, b: 0, c: 0))

  var isKept: Bool { version != 0 }
  var memoryBytes: Int { rows.capacity * 4 }
}

/// What decides a position's place: larger first, then the address's text.
struct PositionRank {
  var sizeUsd: Int64
  var address: Address

  static func < (a: PositionRank, b: PositionRank) -> Bool {
    if a.sizeUsd != b.sizeUsd { return a.sizeUsd > b.sizeUsd }
    if a.address.a != b.address.a { return a.address.a < b.address.a }
    if a.address.b != b.address.b { return a.address.b < b.address.b }
    return a.address.c < b.address.c
  }
}

extension CoinPositions {
  /// Makes `order` right for its first `wanted` rows.
  mutating func rank(_ wanted: Int, _ book: AddressBook) {
    let wanted = min(wanted, count)
    if order.version == 0 { return rebuild(wanted, book) }
    if order.version != version { repair(wanted, book) }
    if order.rows.count < wanted { rebuild(wanted, book) }
  }

  func standing(_ row: Int, _ book: AddressBook) -> PositionRank {
    PositionRank(sizeUsd: sizeUsd(row), address: book.address(mark(row).account))
  }

  func isBefore(_ a: UInt32, _ b: UInt32, _ book: AddressBook) -> Bool {
    let (sizeA, sizeB) = (sizeUsd(Int(a)), sizeUsd(Int(b)))
    return sizeA != sizeB ? sizeA > sizeB : standing(Int(a), book) < standing(Int(b), book)
  }

  private func reachesFloor(_ row: Int, _ book: AddressBook) -> Bool {
    let size = sizeUsd(row)
    return size != order.floor.sizeUsd ? size > order.floor.sizeUsd : !(order.floor < standing(row, book))
  }

  /// Takes the changed rows out and those that rank high enough in again.
  private mutating func repair(_ wanted: Int, _ book: AddressBook) {
    var fresh: ContiguousArray<UInt32> = []
    var any: UInt64 = 0
    for chunk in used.indices where changed[chunk] != 0 {
      any |= changed[chunk]
      var bits = changed[chunk] & used[chunk]
      while bits != 0 {
        let row = chunk * PositionChunk.rows + bits.trailingZeroBitCount
        if order.isWhole || reachesFloor(row, book) { fresh.append(UInt32(row)) }
        bits &= bits - 1
      }
    }
    let rowsEnd = used.count * PositionChunk.rows
    let isShort = order.rows.contains { Int($0) >= rowsEnd }
    if any != 0 || isShort {
      fresh.sort { isBefore($0, $1, book) }
      var merged: ContiguousArray<UInt32> = []
      merged.reserveCapacity(order.rows.count + fresh.count)
      var next = 0
      for row in order.rows where Int(row) < rowsEnd {
        guard changed[Int(row) / PositionChunk.rows] >> UInt64(Int(row) % PositionChunk.rows) & 1 == 0 else {
          continue
        }
        while next < fresh.count, isBefore(fresh[next], row, book) {
          merged.append(fresh[next])
          next += 1
        }
        merged.append(row)
      }
      merged.append(contentsOf: fresh[next...])
      order.rows = merged
      for chunk in changed.indices { changed[chunk] = 0 }
    }
    trim(wanted, book)
    order.version = version
  }

  /// Gives back what is kept beyond the bound.
  private mutating func trim(_ wanted: Int, _ book: AddressBook) {
    let built = max(2 * wanted, PositionOrder.builtMin)
    guard order.rows.count > PositionOrder.keptMax / 2 * built else { return }
    order.rows = ContiguousArray(order.rows[..<built])
    order.floor = standing(Int(order.rows[built - 1]), book)
    order.isWhole = false
  }

  /// Ranks the largest rows anew: at least `2 * wanted`, and whatever else reaches the size of the last of them.
  private mutating func rebuild(_ wanted: Int, _ book: AddressBook) {
    let built = max(2 * wanted, PositionOrder.builtMin)
    let least = count > built ? size(reachedBy: built) : 0
    var largest: ContiguousArray<RankedRow> = []
    largest.reserveCapacity(min(count, built + built / 8))
    forEachSize { row, size in
      if size >= least { largest.append(RankedRow(sizeUsd: size, row: UInt32(row))) }
    }
    largest.sort { a, b in
      a.sizeUsd != b.sizeUsd ? a.sizeUsd > b.sizeUsd : isBefore(a.row, b.row, book)
    }
    order.rows = ContiguousArray(largest.lazy.map(\.row))
    order.isWhole = largest.count == count
    if let last = largest.last { order.floor = standing(Int(last.row), book) }
    order.version = version
    for chunk in changed.indices { changed[chunk] = 0 }
  }

  /// A notional at least `rows` rows reach, and as few more as a sixteenth of an octave holds.
  private func size(reachedBy rows: Int) -> Int64 {
    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: SizeBin.count) { bins in
      bins.initialize(repeating: 0)
      forEachSize { bins[SizeBin.bin(of: $1)] += 1 }
      var (bin, reached) = (SizeBin.count, 0)
      while reached < rows, bin > 0 {
        bin -= 1
        reached += Int(bins[bin])
      }
      return SizeBin.least(in: bin)
    }
  }

  /// Calls `body` with every used row and its notional.
  @inline(__always)
  private func forEachSize(_ body: (Int, Int64) -> Void) {
    for chunk in used.indices where used[chunk] != 0 {
      chunks[chunk].columns.withUnsafeBufferPointer { columns in
        var bits = used[chunk]
        while bits != 0 {
          let bit = bits.trailingZeroBitCount
          body(chunk * PositionChunk.rows + bit, abs(columns[PositionChunk.sizes + bit]))
          bits &= bits - 1
        }
      }
    }
  }
}

private struct RankedRow {
  var sizeUsd: Int64
  var row: UInt32
}

/// Notionals by magnitude: sixteen bins to the octave, larger ones behind smaller ones.
private enum SizeBin {
  static let count = 1024

  static func bin(of size: Int64) -> Int {
    let bits = 63 - size.leadingZeroBitCount
    return bits < 4 ? Int(size) : (bits - 3) * 16 + Int(size >> Int64(bits - 4)) & 15
  }

  static func least(in bin: Int) -> Int64 {
    bin < 16 ? Int64(bin) : Int64(16 + bin % 16) << Int64(bin / 16 - 1)
  }
}
