import Base

/// What is going to happen in virtual time, earliest first; events of the same instant in the order they were added.
///
/// A binary heap in one array. The order of equal instants is part of the result: a run must not depend on how a heap
/// happens to arrange them.
struct EventQueue<Event> {
  private struct Entry {
    let at: Instant
    let order: UInt64
    let event: Event
  }

  private var heap: [Entry] = []
  private var added: UInt64 = 0

  var count: Int { heap.count }

  /// When the next event happens; `never` without one.
  var next: Instant { heap.first?.at ?? .never }

  mutating func add(_ event: Event, at: Instant) {
    heap.append(Entry(at: at, order: added, event: event))
    added += 1
    var child = heap.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard EventQueue.isBefore(heap[child], heap[parent]) else { break }
      heap.swapAt(child, parent)
      child = parent
    }
  }

  mutating func take() -> (at: Instant, event: Event)? {
    guard let first = heap.first else { return nil }
    let last = heap.removeLast()
    if !heap.isEmpty {
      heap[0] = last
      sink()
    }
    return (first.at, first.event)
  }

  private mutating func sink() {
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
        if EventQueue.isBefore(heap[child], heap[least]) { least = child }
      }
      guard least != parent else { return }
      heap.swapAt(parent, least)
      parent = least
    }
  }

  private static func isBefore(_ a: Entry, _ b: Entry) -> Bool {
    a.at != b.at ? a.at < b.at : a.order < b.order
  }
}
