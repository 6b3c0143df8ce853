/// Answers as they were printed, for as long as they are the answer.
///
/// An answer is known by its request's raw target and a stamp of everything it depends on: for order flow the
/// two clocks in milliseconds, the trades counted, and the coins and their coverage; for answers with a version
/// that version and the tenth of a second (ages are shown in tenths). Under load some hundred requests fall into
/// one millisecond, and printing is most of their cost. The gzip form is kept beside the plain one once it was
/// asked for.
/// Bounds: `slots` answers, each replaced by the next target that falls on its slot; together at most `bytesMax`,
/// above which everything is let go; a body above `bodyBytesMax` is not kept.
import Base
import Engines
import Market

final class AnswerCache {
  /// Answers kept; a power of two.
  static let slots = 64
  /// The largest body kept.
  static let bodyBytesMax = 512 * 1024
  /// All bodies together.
  static let bytesMax = 4 << 20

  /// Everything an answer depends on besides its target.
  struct Stamp: Equatable {
    var version: UInt64 = 0
    var revision: UInt64 = 0
    var wall: Int64 = 0
    var exchange: Int64 = 0
  }

  /// One answer.
  final class Entry {
    @exclusivity(unchecked) fileprivate(set) var stamp: Stamp?
    fileprivate let target = ByteBuffer(capacity: 64)
    /// The body.
    let body = ByteBuffer(capacity: 64)
    /// Its gzip form; empty until asked for.
    let gzip = ByteBuffer(capacity: 64)
    /// Bytes above the least an entry takes.
    fileprivate var held: Int { body.capacity + gzip.capacity }

    fileprivate func release() {
      stamp = nil
      for buffer in [body, gzip] {
        buffer.removeAll()
        buffer.trim(to: 64)
      }
    }
  }

  private let entries = (0..<AnswerCache.slots).map { _ in Entry() }

  private func entry(_ target: UnsafeRawBufferPointer) -> Entry {
    // FNV-1a over the target.
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in target { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return entries[Int(truncatingIfNeeded: hash ^ hash >> 32) & (AnswerCache.slots - 1)]
  }

  /// The answer printed for `target` if it still is the answer.
  func find(_ target: UnsafeRawBufferPointer, _ stamp: Stamp) -> Entry? {
    let entry = entry(target)
    guard entry.stamp == stamp, entry.target.count == target.count else { return nil }
    let known = entry.target.base.assumingMemoryBound(to: UInt8.self)
    for index in 0..<target.count where target[index] != known[index] { return nil }
    return entry
  }

  /// Keeps `body` as the answer to `target`; `nil` when it is too large.
  @discardableResult
  func keep(_ body: UnsafeRawBufferPointer, _ target: UnsafeRawBufferPointer, _ stamp: Stamp) -> Entry? {
    let entry = entry(target)
    guard body.count <= AnswerCache.bodyBytesMax else {
      entry.release()
      return nil
    }
    if body.count > entry.body.capacity { makeRoom(body.count) }
    entry.stamp = stamp
    entry.target.removeAll()
    entry.target.append(target)
    entry.body.removeAll()
    entry.body.append(body)
    entry.gzip.removeAll()
    return entry
  }

  private func makeRoom(_ bytes: Int) {
    // Capacities double, and a gzip form may come.
    var held = 3 * bytes
    for entry in entries { held += entry.held }
    if held > AnswerCache.bytesMax { for entry in entries { entry.release() } }
  }
}
