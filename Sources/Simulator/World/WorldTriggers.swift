/// Marks at which positions of one coin and one direction have to be looked at again.
///
/// A binary heap, the nearest trigger on top. Entries are never removed when a position changes: an entry
/// whose version is not its slot's is stale and ignored. Bound: rebuilt without stale entries whenever it
/// holds four times the coin's open positions (and more than 64).
struct Triggers {
  struct Entry {
    var mark: Int64
    var account: Int32
    var version: UInt32
  }

  let isLong: Bool
  private var heap: [Entry] = []

  init(isLong: Bool) { self.isLong = isLong }

  var count: Int { heap.count }

  /// Whether `a` fires before `b`: longs at falling marks, shorts at rising ones.
  private func comes(_ a: Entry, before b: Entry) -> Bool { isLong ? a.mark > b.mark : a.mark < b.mark }

  mutating func push(_ entry: Entry) {
    heap.append(entry)
    var child = heap.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard comes(heap[child], before: heap[parent]) else { break }
      heap.swapAt(child, parent)
      child = parent
    }
  }

  /// The next entry that fires at `mark`, removed.
  mutating func pop(at mark: Int64) -> Entry? {
    guard let top = heap.first, isLong ? top.mark >= mark : top.mark <= mark else { return nil }
    let last = heap.removeLast()
    if !heap.isEmpty {
      heap[0] = last
      sink(0)
    }
    return top
  }

  /// Keeps only the entries `isCurrent` says are current.
  mutating func compact(_ isCurrent: (Entry) -> Bool) {
    heap.removeAll { !isCurrent($0) }
    for index in stride(from: heap.count / 2, through: 0, by: -1) where index < heap.count { sink(index) }
  }

  private mutating func sink(_ start: Int) {
    var parent = start
    while true {
      var best = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
        if comes(heap[child], before: heap[best]) { best = child }
      }
      guard best != parent else { return }
      heap.swapAt(best, parent)
      parent = best
    }
  }
}
