/// The newest trades of one coin by (time, tid), in time order, for recognising duplicates.
///
/// A ring that begins with `placesMin` places and doubles, up to the engine's bound, only while what it would
/// forget is younger than `horizonMs`: a burst within one block is remembered as a whole, a quiet coin costs
/// 1 KB. Invariant: every counted trade later than `floor` is in the ring.
struct FlowRecent {
  static let placesMin = 64
  /// A ring that reaches back this far does not grow.
  static let horizonMs: Int64 = 2000

  /// What is known about a trade.
  enum Verdict {
    case fresh, freshUnverified, duplicate, forgotten
  }

  /// The newest time of a counted trade; `Int64.min` when there is none.
  var newest = Int64.min
  /// Trades up to this time may have been forgotten.
  var floor = Int64.min
  private var times: UnsafeMutablePointer<Int64>?
  private var tids: UnsafeMutablePointer<UInt64>?
  private var mask = 0
  private var start = 0
  private var count = 0

  /// Whether there was a trade.
  var hasAny: Bool { newest != .min }
  /// Bytes taken.
  var bytes: Int { times == nil ? 0 : (mask + 1) * 16 }

  /// What is remembered, oldest first; for audits.
  var remembered: [(time: Int64, tid: UInt64)] {
    guard let times, let tids else { return [] }
    return (0..<count).map { (times[(start + $0) & mask], tids[(start + $0) & mask]) }
  }

  func deallocate() {
    times?.deallocate()
    tids?.deallocate()
  }

  /// Whether a trade that is not newer than `newest` was counted already.
  func judge(_ time: Int64, _ tid: UInt64) -> Verdict {
    guard let times, let tids else { return .fresh }
    var index = count - 1
    while index >= 0 {
      let place = (start + index) & mask
      if times[place] < time { break }
      if times[place] == time, tids[place] == tid { return .duplicate }
      index -= 1
    }
    if time > floor { return .fresh }
    // One millisecond with more trades than the ring holds: the ring is full of it.
    let isFullOfIt = count > 0 && times[start] == time && time == newest
    return isFullOfIt ? .freshUnverified : .forgotten
  }

  /// Remembers a trade later than every other.
  @inline(__always)
  mutating func append(_ time: Int64, _ tid: UInt64, placesMax: Int) {
    if count > mask || times == nil { makeRoom(time, placesMax) }
    let place = (start + count) & mask
    times.unsafelyUnwrapped[place] = time
    tids.unsafelyUnwrapped[place] = tid
    count += 1
    newest = time
  }

  /// Remembers a trade at its place in time.
  mutating func insert(_ time: Int64, _ tid: UInt64, placesMax: Int) {
    if time >= newest { return append(time, tid, placesMax: placesMax) }
    if count > mask {
      if let times, time < times[start], !mayGrow(newest, placesMax) {
        // It would be the first to be forgotten.
        floor = max(floor, time)
        return
      }
      makeRoom(newest, placesMax)
    }
    guard let times, let tids else { return }
    var index = count
    while index > 0, times[(start + index - 1) & mask] > time {
      times[(start + index) & mask] = times[(start + index - 1) & mask]
      tids[(start + index) & mask] = tids[(start + index - 1) & mask]
      index -= 1
    }
    times[(start + index) & mask] = time
    tids[(start + index) & mask] = tid
    count += 1
  }

  /// Forgets trades after `horizon`, when the newest trade still held is from `lastHeld`. Where the ring had
  /// forgotten more than that, only trades later than everything held are known to be new.
  mutating func forget(after horizon: Int64, lastHeld: Int64) {
    guard newest > horizon, let times else { return }
    while count > 0, times[(start + count - 1) & mask] > horizon { count -= 1 }
    newest = max(lastHeld, count > 0 ? times[(start + count - 1) & mask] : .min)
    floor = min(floor, newest)
  }

  /// Makes one free place: grows while the oldest is young, else forgets the oldest.
  @inline(never)
  private mutating func makeRoom(_ time: Int64, _ placesMax: Int) {
    guard let oldTimes = times, let oldTids = tids else { return grow(to: FlowRecent.placesMin) }
    if mayGrow(time, placesMax) {
      grow(to: (mask + 1) * 2)
      oldTimes.deallocate()
      oldTids.deallocate()
    } else {
      floor = max(floor, oldTimes[start])
      start = (start + 1) & mask
      count -= 1
    }
  }

  /// Whether forgetting the oldest would be too early and the bound allows to remember more.
  private func mayGrow(_ time: Int64, _ placesMax: Int) -> Bool {
    guard let times else { return true }
    return times[start] >= time - FlowRecent.horizonMs && (mask + 1) * 2 <= placesMax
  }

  private mutating func grow(to places: Int) {
    let freshTimes = UnsafeMutablePointer<Int64>.allocate(capacity: places)
    let freshTids = UnsafeMutablePointer<UInt64>.allocate(capacity: places)
    if let times, let tids {
      for index in 0..<count {
        freshTimes[index] = times[(start + index) & mask]
        freshTids[index] = tids[(start + index) & mask]
      }
    }
    times = freshTimes
    tids = freshTids
    start = 0
    mask = places - 1
  }
}
