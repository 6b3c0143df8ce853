/// Bytes on their way from a socket into a parser: used where they lie when possible, kept when not.
///
/// `feed` borrows the caller's bytes; a parser that finds a whole message in them works without copying. What is
/// left when the caller's bytes go away is moved into a buffer of its own (`keep`). Bound: the parser's; between
/// messages no more than `keptCapacityMax` bytes of memory stay allocated.
/// Invariant: `start ..< start + count` are the unread bytes, in one piece.
import Base

struct FedBytes: ~Copyable {
  /// Memory an idle connection may hold.
  static let keptCapacityMax = 4096

  /// The first unread byte; not to be read when `count` is 0.
  private(set) var start: UnsafeRawPointer
  /// Unread bytes.
  private(set) var count = 0
  private var isBorrowed = true
  private var kept: ByteBuffer?

  /// Nothing fed yet.
  init() {
    // An address that is never read, so that `start` needs no optional on the hot path.
    start = UnsafeRawPointer(bitPattern: 64)!
  }

  /// The unread bytes.
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: start, count: count) }

  /// Memory of our own, used or not.
  var keptCapacity: Int { kept?.capacity ?? 0 }

  /// Adds `bytes` behind the unread ones; borrows them when there are none.
  mutating func feed(_ bytes: UnsafeRawBufferPointer) {
    guard let base = bytes.baseAddress, !bytes.isEmpty else { return }
    if count == 0 {
      start = base
      count = bytes.count
      isBorrowed = true
    } else {
      append(bytes)
    }
  }

  /// Takes `length` bytes off the front.
  mutating func skip(_ length: Int) {
    precondition(length >= 0 && length <= count)
    start += length
    count &-= length
  }

  /// Moves borrowed bytes into memory of our own, or lets memory go that is no longer needed; `reserving` is how
  /// many bytes more are known to come.
  @inline(__always)
  mutating func keep(reserving more: Int = 0) {
    if count == 0 {
      isBorrowed = true
      if kept != nil { letGo() }
    } else {
      keepUnread(reserving: more)
    }
  }

  @inline(never)
  private mutating func letGo() {
    guard let buffer = kept else { return }
    buffer.removeAll()
    if buffer.capacity > FedBytes.keptCapacityMax { kept = nil }
  }

  @inline(never)
  private mutating func keepUnread(reserving more: Int) {
    if isBorrowed {
      let buffer = kept ?? ByteBuffer(capacity: max(count + more, 512))
      kept = buffer
      buffer.removeAll()
      _ = buffer.reserve(count + more)
      buffer.append(bytes)
      start = UnsafeRawPointer(buffer.base)
      isBorrowed = false
    } else if let buffer = kept {
      buffer.removeFirst(start - UnsafeRawPointer(buffer.base))
      _ = buffer.reserve(more)
      start = UnsafeRawPointer(buffer.base)
    }
  }

  /// Keeps the first `head` bytes and drops the `length` bytes behind them.
  mutating func keep(head: Int, dropping length: Int) {
    precondition(head >= 0 && length >= 0 && head + length <= count)
    guard length > 0 || isBorrowed else { return keep() }
    if isBorrowed {
      let all = bytes
      count = head
      keep()
      append(UnsafeRawBufferPointer(rebasing: all[(head + length)...]))
    } else if let buffer = kept {
      keep()
      let tail = count - head - length
      if tail > 0 { (buffer.base + head).copyMemory(from: start + head + length, byteCount: tail) }
      buffer.truncate(to: head + tail)
      count = head + tail
    }
  }

  @inline(never)
  private mutating func append(_ bytes: UnsafeRawBufferPointer) {
    guard !bytes.isEmpty else { return }
    keep()
    let buffer = kept ?? ByteBuffer(capacity: max(bytes.count, 512))
    kept = buffer
    buffer.append(bytes)
    start = UnsafeRawPointer(buffer.base)
    count = buffer.count
    isBorrowed = false
  }
}
