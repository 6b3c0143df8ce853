import Base

/// When which client has to be looked at: a wheel of one-second buckets, each a list through the clients' slots.
///
/// A client's deadline moves with every request, far more often than it passes, so an entry is moved only when the
/// deadline comes nearer: one that went away again is found too early, looked at and entered anew. Everything is
/// O(1) in the number of clients; a look costs only who may be due.
/// Bounds: `reach` ahead (what lies farther is looked at then and entered anew); 16 bytes a slot.
/// Invariant: a slot is in the list of at most one bucket, the one of its `tick`.
struct ClientDeadlines {
  /// Deadlines pass to this exactness, never early.
  static let step = TimeSpan.seconds(1)
  /// Buckets; a power of two, above the longest timeout of a client in steps.
  static let reach = 512

  private struct Entry {
    var next: Int32 = -1
    var previous: Int32 = -1
    /// The step it is looked at; `none` while it is in no list.
    var tick: UInt64 = ClientDeadlines.none
  }

  private static let none = UInt64.max
  private static let stepNs = UInt64(ClientDeadlines.step.ns)
  private var heads = [Int32](repeating: -1, count: ClientDeadlines.reach)
  private var entries: [Entry] = []
  /// Everything up to this step has been looked at.
  private var seen: UInt64 = 0
  /// Slots in lists.
  private(set) var count = 0

  /// When `popDue` has to be called next; `never` while nobody is entered.
  var next: Instant { count == 0 ? .never : Instant(ns: (seen &+ 1) &* ClientDeadlines.stepNs) }

  /// Whether `slot` is looked at too late for `deadline`.
  @inline(__always)
  func isLate(_ slot: Int, for deadline: Instant) -> Bool {
    deadline != .never && ClientDeadlines.tick(of: deadline) < entries[slot].tick
  }

  /// Enters `slot` to be looked at once `deadline` has passed, or moves it there; `never` takes it out.
  mutating func enter(_ slot: Int, _ deadline: Instant, now: Instant) {
    while entries.count <= slot { entries.append(Entry()) }
    remove(slot)
    guard deadline != .never else { return }
    if count == 0 { seen = now.ns / ClientDeadlines.stepNs }
    let tick = max(ClientDeadlines.tick(of: deadline), now.ns / ClientDeadlines.stepNs + 1)
    entries[slot].tick = min(tick, seen + UInt64(ClientDeadlines.reach) - 1)
    let bucket = ClientDeadlines.bucket(entries[slot].tick)
    let head = heads[bucket]
    entries[slot].next = head
    entries[slot].previous = -1
    if head >= 0 { entries[Int(head)].previous = Int32(slot) }
    heads[bucket] = Int32(slot)
    count += 1
  }

  /// Takes `slot` out, if it is in.
  mutating func remove(_ slot: Int) {
    guard slot < entries.count, entries[slot].tick != ClientDeadlines.none else { return }
    let entry = entries[slot]
    if entry.next >= 0 { entries[Int(entry.next)].previous = entry.previous }
    if entry.previous >= 0 {
      entries[Int(entry.previous)].next = entry.next
    } else {
      heads[ClientDeadlines.bucket(entry.tick)] = entry.next
    }
    entries[slot] = Entry()
    count -= 1
  }

  /// Takes out a slot that may be due; nil when nobody is left that is.
  mutating func popDue(now: Instant) -> Int? {
    let tick = now.ns / ClientDeadlines.stepNs
    while count > 0, seen < tick {
      let head = heads[ClientDeadlines.bucket(seen + 1)]
      if head >= 0 {
        remove(Int(head))
        return Int(head)
      }
      seen += 1
    }
    return nil
  }

  /// The first step at which `deadline` has passed.
  @inline(__always)
  private static func tick(of deadline: Instant) -> UInt64 {
    deadline.ns / stepNs + (deadline.ns % stepNs == 0 ? 0 : 1)
  }

  private static func bucket(_ tick: UInt64) -> Int { Int(truncatingIfNeeded: tick) & (reach - 1) }
}
