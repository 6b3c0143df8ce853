/// The newest trades of one coin by (time, tid), in time order, for recognising duplicates.
///
/// A ring that begins with `placesMin` places and doubles, up to the engine's bound, only while what it would
/// forget is younger than `horizonMs`: a burst within one block is remembered as a whole, a quiet coin costs
/// 1 KB. A trade newer than all others needs no search, one of the newest millisecond usually only a glance at
/// a filter of 512 bits. Invariant: every counted trade later than `floor` is in the ring.
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
  private var start: UInt32 = 0
  private var count: UInt32 = 0
  private var places: UInt32 = 0
  /// The tids of the newest millisecond, each as one bit: where it is clear, the tid is not among them.
  private var filter = SIMD8<UInt64>()

  /// Whether there was a trade.
  var hasAny: Bool { newest != .min }
  /// Bytes taken.
  var bytes: Int { Int(places) * 16 }

  /// What is remembered, oldest first; for audits.
  var remembered: [(time: Int64, tid: UInt64)] {
    guard let times, let tids else { return [] }
    return (0..<count).map { (times[place($0)], tids[place($0)]) }
  }

  func deallocate() {
    times?.deallocate()
    tids?.deallocate()
  }

  /// Where the trade with this number, counted from the oldest, lies; `places` is a power of two.
  @inline(__always)
  private func place(_ index: UInt32) -> Int { Int((start &+ index) & (places &- 1)) }

  /// Whether a trade that is not newer than `newest` was counted already.
  @inline(__always)
  mutating func judge(_ time: Int64, _ tid: UInt64) -> Verdict {
    if time == newest, !hasBit(of: tid) { return .fresh }
    return search(time, tid)
  }

  @inline(never)
  private func search(_ time: Int64, _ tid: UInt64) -> Verdict {
    guard let times, let tids else { return .fresh }
    var index = count
    while index > 0 {
      index -= 1
      let place = place(index)
      if times[place] < time { break }
      if tids[place] == tid, times[place] == time { return .duplicate }
    }
    if time > floor { return .fresh }
    // One millisecond with more trades than the ring holds: the ring is full of it, but for what `makeRoom`
    // has just forgotten.
    let isFullOfIt = count >= places - places / 8 && times[place(0)] == time && time == newest
    return isFullOfIt ? .freshUnverified : .forgotten
  }

  /// Remembers a trade not older than any other.
  @inline(__always)
  mutating func append(_ time: Int64, _ tid: UInt64, placesMax: Int) {
    if count == places { makeRoom(time, placesMax) }
    let place = place(count)
    times.unsafelyUnwrapped[place] = time
    tids.unsafelyUnwrapped[place] = tid
    count &+= 1
    if time != newest { filter = SIMD8() }
    newest = time
    setBit(of: tid)
  }

  /// Remembers a trade at its place in time.
  mutating func insert(_ time: Int64, _ tid: UInt64, placesMax: Int) {
    if time >= newest { return append(time, tid, placesMax: placesMax) }
    if count == places {
      makeRoom(newest, placesMax)
      // What would have been among those just forgotten is forgotten with them.
      if time <= floor { return }
    }
    guard let times, let tids else { return }
    var index = count
    while index > 0, times[place(index - 1)] > time {
      times[place(index)] = times[place(index - 1)]
      tids[place(index)] = tids[place(index - 1)]
      index -= 1
    }
    times[place(index)] = time
    tids[place(index)] = tid
    count += 1
  }

  /// Forgets trades after `horizon`, when the newest trade still held is from `lastHeld`. Where the ring had
  /// forgotten more than that, only trades later than everything held are known to be new.
  mutating func forget(after horizon: Int64, lastHeld: Int64) {
    guard newest > horizon, let times else { return }
    while count > 0, times[place(count - 1)] > horizon { count -= 1 }
    newest = max(lastHeld, count > 0 ? times[place(count - 1)] : .min)
    floor = min(floor, newest)
    filter = SIMD8(repeating: .max)
  }

  /// Makes free places: grows while the oldest are young, else forgets an eighth, so that the far end of the
  /// ring is looked at once in a while and not for every trade.
  @inline(never)
  private mutating func makeRoom(_ time: Int64, _ placesMax: Int) {
    if mayGrow(time, placesMax) { return grow() }
    guard let times else { return }
    floor = max(floor, times[place(places / 8 - 1)])
    start = (start &+ places / 8) & (places &- 1)
    count -= places / 8
  }

  /// Whether forgetting the oldest would be too early and the bound allows to remember more.
  private func mayGrow(_ time: Int64, _ placesMax: Int) -> Bool {
    guard let times else { return true }
    return times[place(places / 8 - 1)] >= time - FlowRecent.horizonMs && Int(places) * 2 <= placesMax
  }

  private mutating func grow() {
    let wanted = max(Int(places) * 2, FlowRecent.placesMin)
    let freshTimes = UnsafeMutablePointer<Int64>.allocate(capacity: wanted)
    let freshTids = UnsafeMutablePointer<UInt64>.allocate(capacity: wanted)
    if let times, let tids {
      for index in 0..<count {
        freshTimes[Int(index)] = times[place(index)]
        freshTids[Int(index)] = tids[place(index)]
      }
      times.deallocate()
      tids.deallocate()
    }
    times = freshTimes
    tids = freshTids
    start = 0
    places = UInt32(wanted)
  }

  /// The place of a tid in the filter: the top nine bits of a multiplicative hash.
  @inline(__always)
  private static func bit(of tid: UInt64) -> (word: Int, mask: UInt64) {
    let hash = tid &* 0x9E37_79B9_7F4A_7C15
    return (Int(truncatingIfNeeded: hash >> 61), 1 << (hash >> 55 & 63))
  }

  @inline(__always)
  private mutating func hasBit(of tid: UInt64) -> Bool {
    let (word, mask) = FlowRecent.bit(of: tid)
    return withUnsafeBytes(of: &filter) { $0.load(fromByteOffset: word * 8, as: UInt64.self) & mask != 0 }
  }

  @inline(__always)
  private mutating func setBit(of tid: UInt64) {
    let (word, mask) = FlowRecent.bit(of: tid)
    withUnsafeMutableBytes(of: &filter) {
      let old = $0.load(fromByteOffset: word * 8, as: UInt64.self)
      $0.storeBytes(of: old | mask, toByteOffset: word * 8, as: UInt64.self)
    }
  }
}
