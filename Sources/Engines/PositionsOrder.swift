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

  /// Takes the changed rows out and those that rank high enough in again.
  private mutating func repair(_ wanted: Int, _ book: AddressBook) {
    var fresh: ContiguousArray<UInt32> = []
    var any: UInt64 = 0
    for chunk in used.indices where changed[chunk] != 0 {
      any |= changed[chunk]
      var bits = changed[chunk] & used[chunk]
      while bits != 0 {
        let row = chunk * PositionChunk.rows + bits.trailingZeroBitCount
        if order.isWhole || !(order.floor < standing(row, book)) { fresh.append(UInt32(row)) }
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

  /// Ranks all rows anew and keeps the first.
  private mutating func rebuild(_ wanted: Int, _ book: AddressBook) {
    let built = max(2 * wanted, PositionOrder.builtMin)
    var heap: ContiguousArray<UInt32> = []
    heap.reserveCapacity(min(built, count))
    if count <= built {
      forEachRow { heap.append(UInt32($0)) }
    } else {
      // The smallest of the largest lies at the top of the heap.
      forEachRow { row in
        if heap.count < built {
          heap.append(UInt32(row))
          if heap.count == built {
            for top in stride(from: built / 2, through: 0, by: -1) { sink(&heap, top, book) }
          }
        } else if isBefore(UInt32(row), heap[0], book) {
          heap[0] = UInt32(row)
          sink(&heap, 0, book)
        }
      }
    }
    heap.sort { isBefore($0, $1, book) }
    order.rows = heap
    order.isWhole = count <= built
    if let last = heap.last { order.floor = standing(Int(last), book) }
    order.version = version
    for chunk in changed.indices { changed[chunk] = 0 }
  }

  private func sink(_ heap: inout ContiguousArray<UInt32>, _ start: Int, _ book: AddressBook) {
    var place = start
    while true {
      var child = 2 * place + 1
      guard child < heap.count else { return }
      if child + 1 < heap.count, isBefore(heap[child], heap[child + 1], book) { child += 1 }
      guard isBefore(heap[place], heap[child], book) else { return }
      heap.swapAt(place, child)
      place = child
    }
  }
}
