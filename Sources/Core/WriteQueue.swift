import Base
import Market
import Store

/// Rows collectors want on disk, in order, until a batch takes them.
///
/// State (a position, a poll, a profile) is coalesced: a newer row takes the place of the one that waits, so that a disk
/// that is away for an hour costs one row per thing and not one per poll. History (equity, changes …) is kept row by row.
/// Bound: `rowsMax` rows, or one entry that has more; beyond it the oldest entries are dropped and their rows counted.
struct WriteQueue {
  /// The most rows waiting: about 10 MB, and some minutes of a busy service.
  static let rowsMax = 65_536

  private enum Entry {
    case position(PositionRow)
    case closed(ClosedPosition)
    case poll(AccountPoll)
    case equity(EquitySnapshot)
    case hlp(HlpSnapshot)
    case change(PositionChangeRow)
    case liquidation(LiquidationEventRow)
    case profile(Address, WalletProfile?, [WalletTrade])
    /// Taken out again.
    case nothing

    /// Rows it becomes.
    var rows: Int {
      switch self {
      case .profile(_, let profile, let trades): trades.count + (profile == nil ? 1 : 2)
      case .nothing: 0
      default: 1
      }
    }
  }

  /// What a state row is about.
  private enum Key: Hashable {
    case position(Address, String)
    case poll(Address)
    case profile(Address)
  }

  private struct Place {
    var entry: Entry
    var key: Key?
  }

  private let rowsMax: Int
  private var places: [Place] = []
  /// The first place still waiting.
  private var head = 0
  /// The number of `places[0]`, counted from the beginning of time.
  private var base = 0
  private var numbers: [Key: Int] = [:]
  /// Rows waiting.
  private(set) var count = 0
  /// Rows dropped at the bound.
  private(set) var dropped: UInt64 = 0

  init(rowsMax: Int = WriteQueue.rowsMax) { self.rowsMax = rowsMax }

  var isEmpty: Bool { count == 0 }
  /// How many rows may wait now.
  var countMax: Int { places.count - head > 1 ? rowsMax : max(rowsMax, count) }

  // MARK: For collectors

  /// A position as polled.
  mutating func add(_ row: PositionRow) { put(.position(row), .position(row.address, row.coin)) }
  /// A position that is gone.
  mutating func add(_ row: ClosedPosition) { put(.closed(row), .position(row.address, row.coin)) }
  /// An account's poll.
  mutating func add(_ row: AccountPoll) { put(.poll(row), .poll(row.address)) }
  /// An account's equity.
  mutating func add(_ row: EquitySnapshot) { put(.equity(row), nil) }
  /// A vault's position in a round.
  mutating func add(_ row: HlpSnapshot) { put(.hlp(row), nil) }
  /// A watched wallet's change.
  mutating func add(_ row: PositionChangeRow) { put(.change(row), nil) }
  /// A liquidation.
  mutating func add(_ row: LiquidationEventRow) { put(.liquidation(row), nil) }
  /// A wallet's profile, if it has one, and all its trades, which replace those in the file.
  mutating func add(_ address: Address, _ profile: WalletProfile?, trades: [WalletTrade]) {
    // A batch takes all or none of them; the newest matter most.
    put(.profile(address, profile, trades.suffix(Batch.rowsMax - 2)), .profile(address))
  }

  /// Takes out what waits of liquidations the file turns out to hold, one for each of `rows`; whether it knows who was
  /// liquidated does not matter.
  mutating func remove(_ rows: [LiquidationEventRow]) {
    var left: [LiquidationEventRow: Int] = [:]
    for row in rows { left[row.ofNobody, default: 0] += 1 }
    guard !left.isEmpty else { return }
    for index in head..<places.count {
      guard case .liquidation(let row) = places[index].entry, let wanted = left[row.ofNobody]
      else { continue }
      left[row.ofNobody] = wanted > 1 ? wanted - 1 : nil
      places[index].entry = .nothing
      count -= 1
    }
  }

  // MARK: For the writer

  /// Moves rows into `batch`, the oldest first, until it has `limit` rows or no more of them fit.
  mutating func take(into batch: inout Batch, limit: Int = Batch.rowsMax) {
    while head < places.count {
      let rows = places[head].entry.rows
      // An entry larger than the limit goes alone.
      guard batch.count + rows <= limit || batch.isEmpty else { break }
      guard WriteQueue.add(places[head].entry, to: &batch) else { break }
      dropFirst()
    }
  }

  private static func add(_ entry: Entry, to batch: inout Batch) -> Bool {
    switch entry {
    case .position(let row): return batch.add(row)
    case .closed(let row): return batch.add(row)
    case .poll(let row): return batch.add(row)
    case .equity(let row): return batch.add(row)
    case .hlp(let row): return batch.add(row)
    case .change(let row): return batch.add(row)
    case .liquidation(let row): return batch.add(row)
    case .nothing: return true
    case .profile(let address, let profile, let trades):
      guard batch.count + entry.rows <= Batch.rowsMax else { return false }
      if let profile { batch.add(profile) }
      return batch.replaceTrades(of: address, with: trades)
    }
  }

  private mutating func put(_ entry: Entry, _ key: Key?) {
    count += entry.rows
    if let key, let number = numbers[key] {
      count -= places[number - base].entry.rows
      places[number - base].entry = entry
    } else {
      if let key { numbers[key] = base + places.count }
      places.append(Place(entry: entry, key: key))
    }
    while count > rowsMax, places.count - head > 1 {
      dropped &+= UInt64(places[head].entry.rows)
      dropFirst()
    }
  }

  private mutating func dropFirst() {
    count -= places[head].entry.rows
    if let key = places[head].key { numbers[key] = nil }
    head += 1
    if head == places.count {
      base += head
      places.removeAll(keepingCapacity: head <= 4_096)
      head = 0
    } else if head >= 1_024, head * 2 >= places.count {
      places.removeFirst(head)
      base += head
      head = 0
    }
  }
}

extension LiquidationEventRow {
  /// The same without the account.
  fileprivate var ofNobody: LiquidationEventRow {
    var row = self
    row.address = nil
    return row
  }
}
