import Base
import Market

/// The execution order of an account's fills: coin by coin, time by time, and inside one millisecond along the chain
/// of start positions.
///
/// Pages come oldest first or newest first; fills of one millisecond normally keep execution order in both, so the
/// page's order is the first guess wherever the chain leaves a choice. Repeated fills (page borders) and both legs of
/// a trade with oneself are taken out: they can only lie in one millisecond.
struct ProfilerOrder {
  /// Fills of a millisecond whose chain is searched for; of more, only the first guess is tried.
  static let searchMax = 64

  /// Places in the list of fills: coin by coin, each by time, then in the page's order.
  private(set) var places: [UInt32]
  /// The places of the group last arranged, in execution order.
  private(set) var arranged: [UInt32] = []
  private(set) var duplicates = 0
  private(set) var selfTrades = 0

  /// Valid as long as the array they were taken from.
  private let fills: UnsafeBufferPointer<ProfileFill>
  /// End of each coin's run in `places`.
  private var ends: [Int] = []
  private var coin = -1
  private var at = 0
  private var end = 0

  init(_ fills: UnsafeBufferPointer<ProfileFill>) {
    self.fills = fills
    var coins = 0
    for index in fills.indices { coins = max(coins, fills[index].coin.index + 1) }
    ends = [Int](repeating: 0, count: coins + 1)
    for index in fills.indices { ends[fills[index].coin.index + 1] += 1 }
    for index in 0..<coins { ends[index + 1] += ends[index] }
    // From each coin's start its fills move its number up to its end.
    places = [UInt32](repeating: 0, count: fills.count)
    for index in fills.indices {
      let coin = fills[index].coin.index
      places[ends[coin]] = UInt32(truncatingIfNeeded: index)
      ends[coin] += 1
    }
    ends.removeLast()
  }

  /// The fill at a place of `places`.
  @inline(__always)
  func fill(_ place: Int) -> ProfileFill { fills[Int(places[place])] }

  /// Turns to the next coin with fills and puts them in order of time.
  mutating func nextCoin() -> Bool {
    at = end
    coin += 1
    while coin < ends.count, ends[coin] == at { coin += 1 }
    guard coin < ends.count else { return false }
    end = ends[coin]
    for place in at..<end - 1 where time(place + 1) < time(place) {
      let fills = fills
      places[at..<end].sort { (fills[Int($0)].time.ms, $0) < (fills[Int($1)].time.ms, $1) }
      break
    }
    return true
  }

  /// The next fills of this coin that share a millisecond: their range in `places`.
  @inline(__always)
  mutating func nextGroup() -> Range<Int>? {
    guard at < end else { return nil }
    let from = at
    let first = time(from)
    at += 1
    while at < end, time(at) == first { at += 1 }
    return from..<at
  }

  @inline(__always)
  private func time(_ place: Int) -> WallTime { fills[Int(places[place])].time }

  /// Puts a group's fills, without repeated ones and trades with oneself, into execution order in `arranged`.
  mutating func arrange(_ group: Range<Int>, after running: Int64?) {
    var rest = distinct(Array(places[group]))
    if walk(rest, from: running) { return }
    if rest.count <= ProfilerOrder.searchMax, search(rest, from: running) { return }
    // No order explains all of them. Follow the chain as far as it goes, each time from the first that is left.
    arranged.removeAll(keepingCapacity: true)
    var position = running
    while !rest.isEmpty {
      let next = rest.firstIndex { fills[Int($0)].startPosition.raw == position } ?? 0
      let place = rest.remove(at: next)
      arranged.append(place)
      position = fills[Int(place)].endPosition
    }
  }

  /// Whether the group is a chain in one direction: then it is in order and nothing in it can be repeated.
  func isOneOrder(_ group: Range<Int>, after running: Int64?) -> Bool {
    let side = fills[Int(places[group.lowerBound])].side
    var position = running ?? fills[Int(places[group.lowerBound])].startPosition.raw
    for place in group {
      let fill = fill(place)
      guard fill.side == side, fill.startPosition.raw == position, let end = fill.endPosition else {
        return false
      }
      position = end
    }
    return true
  }

  /// The fills in the page's order without repeated ones and without trades with oneself.
  private mutating func distinct(_ group: [UInt32]) -> [UInt32] {
    let sorted = group.sorted { isBefore($0, $1) }
    var kept: [UInt32] = []
    var from = 0
    while from < sorted.count {
      var end = from + 1
      while end < sorted.count, isSameTrade(sorted[from], sorted[end]) { end += 1 }
      keep(sorted[from..<end], &kept)
      from = end
    }
    return kept.sorted()
  }

  /// Of the rows of one trade: one per side and order, and nothing when both sides are ours.
  private mutating func keep(_ rows: ArraySlice<UInt32>, _ kept: inout [UInt32]) {
    var buys: [UInt32] = []
    var sells: [UInt32] = []
    for place in rows {
      let fill = fills[Int(place)]
      let mine = fill.side == .buy ? buys : sells
      // Without a trade id only the order tells two equal fills from one fill told twice.
      if mine.contains(where: { fill.tid != 0 || fills[Int($0)].oid == fill.oid }) {
        duplicates += 1
      } else if fill.side == .buy {
        buys.append(place)
      } else {
        sells.append(place)
      }
    }
    let pairs = min(buys.count, sells.count)
    selfTrades += pairs * 2
    kept.append(contentsOf: buys.dropFirst(pairs))
    kept.append(contentsOf: sells.dropFirst(pairs))
  }

  private func isSameTrade(_ a: UInt32, _ b: UInt32) -> Bool {
    let (a, b) = (fills[Int(a)], fills[Int(b)])
    return a.tid == b.tid && a.startPosition == b.startPosition && a.px == b.px && a.sz == b.sz
      && a.hash == b.hash
  }

  private func isBefore(_ a: UInt32, _ b: UInt32) -> Bool {
    let (x, y) = (fills[Int(a)], fills[Int(b)])
    if x.tid != y.tid { return x.tid < y.tid }
    if x.startPosition != y.startPosition { return x.startPosition < y.startPosition }
    if x.px != y.px { return x.px < y.px }
    if x.sz != y.sz { return x.sz < y.sz }
    if x.hash != y.hash { return x.hash < y.hash }
    return a < b
  }

  /// Follows the chain, the page's first fitting fill each time; whether that explains all of them.
  private mutating func walk(_ group: [UInt32], from running: Int64?) -> Bool {
    arranged.removeAll(keepingCapacity: true)
    guard let first = group.first else { return true }
    var rest = group
    var position = running ?? fills[Int(first)].startPosition.raw
    while !rest.isEmpty {
      guard let next = rest.firstIndex(where: { fills[Int($0)].startPosition.raw == position }) else {
        return false
      }
      let place = rest.remove(at: next)
      arranged.append(place)
      guard let end = fills[Int(place)].endPosition else { return rest.isEmpty }
      position = end
    }
    return true
  }

  /// Finds an order that uses every fill once: a trail over the positions as places and the fills as ways (Fleury:
  /// take the first way that does not cut off the rest). Starts at `running` when it can, else where the chain
  /// must have begun.
  private mutating func search(_ group: [UInt32], from running: Int64?) -> Bool {
    arranged.removeAll(keepingCapacity: true)
    guard let start = ProfilerOrder.trailStart(group.map { ends($0) }, running) else { return false }
    var rest = group
    var position = start
    while !rest.isEmpty {
      guard
        let next = rest.indices.first(where: { index in
          guard fills[Int(rest[index])].startPosition.raw == position else { return false }
          var left = rest.map { ends($0) }
          let end = left.remove(at: index).end
          return ProfilerOrder.isConnected(left, from: end)
        })
      else { return false }
      let place = rest.remove(at: next)
      arranged.append(place)
      position = ends(place).end
    }
    return true
  }

  private func ends(_ place: UInt32) -> (start: Int64, end: Int64) {
    let fill = fills[Int(place)]
    return (fill.startPosition.raw, fill.endPosition ?? fill.startPosition.raw)
  }

  /// Where a trail over all ways begins: `nil` when there is none.
  private static func trailStart(_ ways: [(start: Int64, end: Int64)], _ running: Int64?) -> Int64? {
    var begins: Int64?
    for way in ways {
      for position in [way.start, way.end] {
        let excess = ways.count { $0.start == position } - ways.count { $0.end == position }
        if abs(excess) > 1 || excess == 1 && begins != nil && begins != position { return nil }
        if excess == 1 { begins = position }
      }
    }
    // All in balance: a round, which may begin anywhere on it.
    let onRound = ways.contains { $0.start == running } ? running : ways.first?.start
    guard let start = begins ?? onRound, isConnected(ways, from: start) else { return nil }
    return start
  }

  /// Whether every way hangs together with `position`.
  private static func isConnected(_ ways: [(start: Int64, end: Int64)], from position: Int64) -> Bool {
    var reached: Set<Int64> = [position]
    var left = ways
    var grew = true
    while grew, !left.isEmpty {
      let count = left.count
      left.removeAll { way in
        guard reached.contains(way.start) || reached.contains(way.end) else { return false }
        reached.insert(way.start)
        reached.insert(way.end)
        return true
      }
      grew = left.count < count
    }
    return left.isEmpty
  }
}
