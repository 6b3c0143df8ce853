import Base
import Market

/// What a heatmap does not need of a position: 40 bytes.
struct PositionDetail {
  var szi: Int64
  var entryPx: Int64
  var unrealizedPnl: Int64
  var marginUsed: Int64
  /// The account's next position (`PositionPlace`).
  var next: UInt32
  /// Hundredths.
  var leverage: UInt16
}

/// Where a position lies: 12 bits of coin, 20 bits of row within the coin.
struct PositionPlace {
  static let none: UInt32 = .max
  static let rowBits: UInt32 = 20
  /// The last place is taken by `none`.
  static let rowsMax = 1 << Int(rowBits) - PositionChunk.rows
  static let coinsMax = 1 << 12

  static func coin(_ place: UInt32) -> Int { Int(place >> rowBits) }
  static func row(_ place: UInt32) -> Int { Int(place & (1 << rowBits - 1)) }
  static func make(_ coin: Int, _ row: Int) -> UInt32 { UInt32(coin) << rowBits | UInt32(row) }
}

/// The positions in one coin: chunks of 64 rows, filled from the front. A position keeps its row while it is
/// open; a chunk nobody uses gives its memory back.
///
/// Invariant: `long` and `short` are the sums of the used rows' notionals, `count` their number, and neither sum
/// leaves `Int64`: a position that would is refused.
struct CoinPositions {
  var chunks: ContiguousArray<PositionChunk> = []
  /// By chunk, as long as the highest row used since the chunk was last empty.
  var details: ContiguousArray<ContiguousArray<PositionDetail>> = []
  /// By chunk: a bit for each row in use.
  var used: ContiguousArray<UInt64> = []
  /// By chunk: a bit for each row whose rank may have changed since `order` was right; kept while there is one.
  var changed: ContiguousArray<UInt64> = []
  var order = PositionOrder()
  /// No chunk before this one has a free row.
  var roomFrom = 0
  var count = 0
  var version: UInt64 = 0
  var long: Int64 = 0
  var short: Int64 = 0

  /// Takes a position in; `nil` when the coin's rows are all used or a sum would overflow.
  mutating func insert(_ position: TrackedPosition, _ account: AddressID, isBot: Bool) -> Int? {
    guard addTotal(position) else { return nil }
    while roomFrom < used.count, used[roomFrom] == .max { roomFrom += 1 }
    if roomFrom == used.count {
      guard (used.count + 1) * PositionChunk.rows <= PositionPlace.rowsMax else {
        removeTotal(isLong: position.isLong, position.sizeUsd.micros)
        return nil
      }
      chunks.append(PositionChunk())
      details.append([])
      used.append(0)
      // Rows the order may still list from when there was such a chunk before.
      changed.append(order.isKept ? .max : 0)
    }
    let chunk = roomFrom
    if used[chunk] == 0 { chunks[chunk] = PositionChunk(zeros: ()) }
    let bit = (~used[chunk]).trailingZeroBitCount
    used[chunk] |= 1 << UInt64(bit)
    let row = chunk * PositionChunk.rows + bit
    growDetails(chunk, bit)
    details[chunk][bit].next = PositionPlace.none
    store(position, account, isBot: isBot, at: row)
    count += 1
    return row
  }

  /// Renews the position at `row`, which is of the same account; `false` when a sum would overflow: then the old
  /// values stay.
  mutating func update(_ row: Int, _ position: TrackedPosition, _ account: AddressID, isBot: Bool) -> Bool {
    let (wasLong, before) = (isLong(row), sizeUsd(row))
    removeTotal(isLong: wasLong, before)
    guard addTotal(position) else {
      if wasLong { long += before } else { short += before }
      return false
    }
    store(position, account, isBot: isBot, at: row)
    return true
  }

  /// Frees `row`.
  mutating func remove(_ row: Int) {
    let (chunk, bit) = (row / PositionChunk.rows, row % PositionChunk.rows)
    removeTotal(isLong: isLong(row), sizeUsd(row))
    count -= 1
    version &+= 1
    used[chunk] &= ~(1 << UInt64(bit))
    if order.isKept { changed[chunk] |= 1 << UInt64(bit) }
    roomFrom = min(roomFrom, chunk)
    if used[chunk] == 0 {
      chunks[chunk] = PositionChunk()
      details[chunk] = []
    } else {
      chunks[chunk].columns[bit] = 0
      chunks[chunk].columns[PositionChunk.sizes + bit] = 0
      chunks[chunk].columns[PositionChunk.marks + bit] = 0
    }
    while used.last == 0 { dropLastChunk() }
  }

  /// Notes whether the account of `row` is a bot.
  mutating func setBot(_ row: Int, _ isBot: Bool) {
    let (chunk, place) = (row / PositionChunk.rows, PositionChunk.marks + row % PositionChunk.rows)
    let mark = PositionMark(word: chunks[chunk].columns[place])
    guard mark.isBot != isBot else { return }
    chunks[chunk].columns[place] = PositionMark(account: mark.account, ms: mark.ms, isBot: isBot).word
    version &+= 1
  }

  func sizeUsd(_ row: Int) -> Int64 {
    abs(chunks[row / PositionChunk.rows].columns[PositionChunk.sizes + row % PositionChunk.rows])
  }

  func mark(_ row: Int) -> PositionMark {
    PositionMark(
      word: chunks[row / PositionChunk.rows].columns[PositionChunk.marks + row % PositionChunk.rows])
  }

  func isLong(_ row: Int) -> Bool { detail(row).szi > 0 }

  func detail(_ row: Int) -> PositionDetail { details[row / PositionChunk.rows][row % PositionChunk.rows] }

  mutating func setNext(_ row: Int, _ place: UInt32) {
    details[row / PositionChunk.rows][row % PositionChunk.rows].next = place
  }

  /// The position at `row` in full.
  func position(_ row: Int, coin: Int) -> TrackedPosition {
    let (mark, detail) = (mark(row), detail(row))
    let liqPx = chunks[row / PositionChunk.rows].columns[row % PositionChunk.rows]
    return TrackedPosition(
      account: mark.account, coin: CoinID(raw: UInt32(coin)), szi: Sz(raw: detail.szi),
      entryPx: Px(raw: detail.entryPx), sizeUsd: Usd(micros: sizeUsd(row)),
      liqPx: liqPx > 0 ? Px(raw: liqPx) : nil, unrealizedPnl: Usd(micros: detail.unrealizedPnl),
      marginUsed: Usd(micros: detail.marginUsed), leverage: Double(detail.leverage) / 100,
      updatedAt: WallTime(ms: mark.ms))
  }

  /// Calls `body` with every used row, ascending.
  func forEachRow(_ body: (Int) -> Void) {
    for chunk in used.indices {
      var bits = used[chunk]
      while bits != 0 {
        body(chunk * PositionChunk.rows + bits.trailingZeroBitCount)
        bits &= bits - 1
      }
    }
  }

  /// Bytes of memory held, by capacity.
  var memoryBytes: Int {
    var bytes = order.memoryBytes
    bytes += chunks.capacity * MemoryLayout<PositionChunk>.stride + used.capacity * 16
    bytes += details.capacity * MemoryLayout<ContiguousArray<PositionDetail>>.stride
    for chunk in used.indices where used[chunk] != 0 {
      bytes += PositionChunk.words * 8 + details[chunk].capacity * MemoryLayout<PositionDetail>.stride + 64
    }
    return bytes
  }

  private mutating func store(_ position: TrackedPosition, _ account: AddressID, isBot: Bool, at row: Int) {
    let (chunk, bit) = (row / PositionChunk.rows, row % PositionChunk.rows)
    let size = position.isLong ? position.sizeUsd.micros : -position.sizeUsd.micros
    let mark = PositionMark(account: account, ms: position.updatedAt.ms, isBot: isBot)
    if order.isKept, chunks[chunk].columns[PositionChunk.sizes + bit] != size || size == 0 {
      changed[chunk] |= 1 << UInt64(bit)
    }
    chunks[chunk].columns[bit] = max(0, position.liqPx?.raw ?? 0)
    chunks[chunk].columns[PositionChunk.sizes + bit] = size
    chunks[chunk].columns[PositionChunk.marks + bit] = mark.word
    details[chunk][bit].szi = position.szi.raw
    details[chunk][bit].entryPx = position.entryPx.raw
    details[chunk][bit].unrealizedPnl = position.unrealizedPnl.micros
    details[chunk][bit].marginUsed = position.marginUsed.micros
    details[chunk][bit].leverage = UInt16(max(1, min(20_000, position.leverage * 100)).rounded())
    version &+= 1
  }

  private mutating func growDetails(_ chunk: Int, _ bit: Int) {
    let detail = PositionDetail(
      szi: 0, entryPx: 0, unrealizedPnl: 0, marginUsed: 0, next: PositionPlace.none, leverage: 0)
    if bit >= details[chunk].capacity {
      details[chunk].reserveCapacity(min(PositionChunk.rows, max(8, 2 * bit)))
    }
    while details[chunk].count <= bit { details[chunk].append(detail) }
  }

  private mutating func dropLastChunk() {
    chunks.removeLast()
    details.removeLast()
    used.removeLast()
    changed.removeLast()
    roomFrom = min(roomFrom, used.count)
  }

  private mutating func addTotal(_ position: TrackedPosition) -> Bool {
    let (sum, overflow) = (position.isLong ? long : short).addingReportingOverflow(position.sizeUsd.micros)
    guard !overflow else { return false }
    if position.isLong { long = sum } else { short = sum }
    return true
  }

  private mutating func removeTotal(isLong: Bool, _ micros: Int64) {
    if isLong { long -= micros } else { short -= micros }
  }
}
