/// A growable run of raw bytes that is filled, handed on and emptied, keeping its memory.
///
/// The one buffer type of the daemon: writers (JSON, HTTP, WebSocket) append to it, Core's outbox is one.
/// Bound: the owner's; a buffer never shrinks by itself, so an owner with a bound calls `trim(to:)`.
/// Invariant: at least `slackBytes` readable bytes lie behind `count`, so that readers that look ahead
/// in words (the JSON reader) stay inside the allocation.
public final class ByteBuffer {
  /// Readable bytes guaranteed behind the content.
  public static let slackBytes = 64

  // Unchecked: every append would else pay three dynamic exclusivity checks (measured: 65 % of an answer's
  // instructions), and no method here calls out while it changes them.
  @exclusivity(unchecked) @usableFromInline var start: UnsafeMutableRawPointer
  @exclusivity(unchecked) @usableFromInline var filled = 0
  @exclusivity(unchecked) @usableFromInline var room: Int

  /// An empty buffer with room for `capacity` bytes.
  public init(capacity: Int = 4096) {
    room = max(capacity, 64)
    start = .allocate(byteCount: room + ByteBuffer.slackBytes, alignment: 16)
    start.initializeMemory(as: UInt8.self, repeating: 0, count: room + ByteBuffer.slackBytes)
  }

  deinit { start.deallocate() }

  /// The first byte; valid until the next call that may grow the buffer.
  @inlinable public var base: UnsafeMutableRawPointer { start }
  /// Bytes filled.
  @inlinable public var count: Int { filled }
  /// Bytes that fit before the next growth.
  @inlinable public var capacity: Int { room }
  /// Whether nothing is filled.
  @inlinable public var isEmpty: Bool { filled == 0 }

  /// The filled bytes; valid until the next call that may grow the buffer.
  @inlinable public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: start, count: filled) }

  /// The bytes of `range`, which must lie inside the filled part.
  @inlinable
  public func bytes(in range: Range<Int>) -> UnsafeRawBufferPointer {
    precondition(range.lowerBound >= 0 && range.upperBound <= filled)
    return UnsafeRawBufferPointer(start: start + range.lowerBound, count: range.count)
  }

  /// Makes room for `extra` more bytes and answers where they start; `commit` what was written.
  @inlinable
  public func reserve(_ extra: Int) -> UnsafeMutableRawPointer {
    if room - filled < extra { grow(extra) }
    return start + filled
  }

  /// Counts `written` bytes, written where `reserve` said, as content.
  @inlinable
  public func commit(_ written: Int) {
    precondition(written >= 0 && written <= room - filled)
    filled += written
  }

  /// Appends one byte.
  @inlinable
  public func append(_ byte: UInt8) {
    reserve(1).storeBytes(of: byte, as: UInt8.self)
    filled += 1
  }

  /// Appends `bytes`, which must not lie inside this buffer.
  @inlinable
  public func append(_ bytes: UnsafeRawBufferPointer) {
    guard let source = bytes.baseAddress, !bytes.isEmpty else { return }
    reserve(bytes.count).copyMemory(from: source, byteCount: bytes.count)
    filled += bytes.count
  }

  /// Appends a literal without touching `String`.
  @inlinable
  public func append(_ text: StaticString) {
    append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  /// Appends the UTF-8 of `text`; for rare paths.
  public func append(utf8 text: String) {
    var text = text
    text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
  }

  /// Drops everything behind the first `newCount` bytes.
  @inlinable
  public func truncate(to newCount: Int) {
    precondition(newCount >= 0 && newCount <= filled)
    filled = newCount
  }

  /// Drops the first `n` bytes and moves the rest to the front.
  public func removeFirst(_ n: Int) {
    precondition(n >= 0 && n <= filled)
    if n < filled { start.copyMemory(from: start + n, byteCount: filled - n) }
    filled -= n
  }

  /// Empties the buffer, keeping its memory.
  @inlinable
  public func removeAll() { filled = 0 }

  /// Gives memory back when the capacity is above `bytes` and the content fits into `bytes`.
  public func trim(to bytes: Int) {
    guard room > bytes, filled <= bytes else { return }
    resize(max(bytes, 64))
  }

  @usableFromInline
  @inline(never)
  func grow(_ extra: Int) {
    var wanted = room
    while wanted - filled < extra { wanted *= 2 }
    resize(wanted)
  }

  private func resize(_ wanted: Int) {
    let bytes = wanted + ByteBuffer.slackBytes
    let fresh = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 16)
    fresh.copyMemory(from: start, byteCount: filled)
    (fresh + filled).initializeMemory(as: UInt8.self, repeating: 0, count: bytes - filled)
    start.deallocate()
    start = fresh
    room = wanted
  }
}
