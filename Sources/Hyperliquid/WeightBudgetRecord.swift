// What a budget tells the next process on this machine: the exchange counts what the address spent in the last minute,
// whoever of us spent it. Without the record a restart would begin with a whole minute's weight, and a few restarts
// in a row would exceed the exchange's limit.
//
// The record is written before each request leaves, so a process that is killed has told of all it asked. Moments
// are those of the machine's monotonic clock, which all processes since boot share; what is not free within
// `recordSeconds` was written under another boot, or is no record, and counts for nothing.
public import Base

extension WeightBudget {
  /// Seconds a record looks ahead: whatever is held now is free then.
  static let recordSeconds = 90
  private static let recordMark: UInt64 = 0x3130_4c45_5059_4e48
  /// Bytes of a record for `lanes` classes: mark, first second, classes, and the weight freed in each second.
  private static func recordBytes(lanes: Int) -> Int { 24 + lanes * recordSeconds * 4 }

  /// The most bytes of a record.
  public static let recordBytesMax = 4_096

  /// Appends a record of all that counts now; requests in flight count as if they were to be lost.
  public func writeRecord(to out: ByteBuffer, now: Instant) {
    let first = now.ns / 1_000_000_000 + 1
    let size = WeightBudget.recordBytes(lanes: window.lanes)
    precondition(size <= WeightBudget.recordBytesMax)
    let record = UnsafeMutableRawBufferPointer(start: out.reserve(size), count: size)
    record.initializeMemory(as: UInt8.self, repeating: 0)
    record.storeBytes(of: WeightBudget.recordMark.littleEndian, toByteOffset: 0, as: UInt64.self)
    record.storeBytes(of: first.littleEndian, toByteOffset: 8, as: UInt64.self)
    record.storeBytes(of: UInt64(window.lanes).littleEndian, toByteOffset: 16, as: UInt64.self)
    let lost = now + Venue.requestDeadline + WeightBudget.holdAfterLoss
    for lane in 0..<window.lanes {
      window.forEach(lane: lane) { until, weight in WeightBudget.add(weight, lane, until, first, record) }
      if reserved[lane] > 0 { WeightBudget.add(reserved[lane], lane, lost, first, record) }
    }
    out.commit(size)
  }

  /// Counts what a record tells of an earlier process; the weight taken over, nil when `record` is none.
  public mutating func restore(_ record: UnsafeRawBufferPointer, now: Instant) -> Int? {
    guard record.count >= 24, WeightBudget.word(record, 0) == WeightBudget.recordMark else { return nil }
    let first = WeightBudget.word(record, 8)
    let lanes = WeightBudget.word(record, 16)
    guard lanes > 0, lanes <= 16, record.count >= WeightBudget.recordBytes(lanes: Int(lanes)),
      first < UInt64.max / 2_000_000_000
    else { return nil }
    window.advance(to: now)
    var total = 0
    for lane in 0..<Int(lanes) {
      for second in 0..<WeightBudget.recordSeconds {
        let place = 24 + (lane * WeightBudget.recordSeconds + second) * 4
        let weight = Int(UInt32(littleEndian: record.loadUnaligned(fromByteOffset: place, as: UInt32.self)))
        let until = Instant(ns: (first + UInt64(second)) * 1_000_000_000)
        guard weight > 0, until > now, until - now <= .seconds(WeightBudget.recordSeconds) else { continue }
        let believed = min(weight, WeightBudget.itemWeightMax)
        // Of other classes than ours: the sum is what counts.
        window.hold(believed, lane: lane < window.lanes ? lane : 0, until: until)
        total += believed
      }
    }
    return total
  }

  private static func word(_ record: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
    UInt64(littleEndian: record.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }

  /// Adds `weight` to the second at whose end it is free.
  private static func add(
    _ weight: Int, _ lane: Int, _ until: Instant, _ first: UInt64, _ record: UnsafeMutableRawBufferPointer
  ) {
    let second = (until.ns + 999_999_999) / 1_000_000_000
    let index = second <= first ? 0 : min(Int(second - first), recordSeconds - 1)
    let place = 24 + (lane * recordSeconds + index) * 4
    let known = UInt32(littleEndian: record.loadUnaligned(fromByteOffset: place, as: UInt32.self))
    record.storeBytes(of: (known &+ UInt32(weight)).littleEndian, toByteOffset: place, as: UInt32.self)
  }
}
