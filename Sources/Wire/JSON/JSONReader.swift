/// A pull reader of JSON texts (RFC 8259) over raw bytes: no tree, no `String`, no allocation.
///
/// The caller asks for what it expects, in the order it comes:
///
///     try reader.beginObject()
///     while let key = try reader.nextKey() {
///       if key.is("px") { px = try reader.readDecimal(scale: 8) } else { try reader.skipValue() }
///     }
///     try reader.finish()
///
/// Refuses everything the RFC refuses, and lone surrogates and invalid UTF-8, also inside values that are
/// skipped. A duplicate key is the caller's business (all decoders here let the last one win).
/// Bounds: `depthMax` nested containers, `sizeMax` bytes. Never traps on any input.
/// Invariant: every byte before `cursor` has been validated. At least 64 bytes of any content must be readable
/// behind the text (`ByteBuffer.slackBytes`): strings are scanned in words, which is why this is unsafe code.
public struct JSONReader: ~Copyable {
  @usableFromInline let start: UnsafePointer<UInt8>
  @usableFromInline let end: UnsafePointer<UInt8>
  @usableFromInline var cursor: UnsafePointer<UInt8>
  @usableFromInline var depth: Int
  /// A container was opened and nothing in it was read yet.
  @usableFromInline var isFresh: Bool
  @usableFromInline let isTooLarge: Bool

  /// The most bytes a text may have when nothing else is asked for.
  public static let sizeMax = 64 << 20

  /// A reader at the start of `bytes`, which must stay valid and have 64 readable bytes behind them.
  @inlinable
  public init(
    _ bytes: UnsafeRawBufferPointer, depthMax: Int = 32, sizeMax: Int = JSONReader.sizeMax
  ) {
    precondition(depthMax >= 0 && depthMax <= 512 && sizeMax <= JSONReader.sizeMax)
    let base = bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 64)!
    start = base.assumingMemoryBound(to: UInt8.self)
    cursor = start
    isTooLarge = bytes.count > sizeMax
    end = isTooLarge ? start : start + bytes.count
    depth = depthMax
    isFresh = false
  }

  /// A reader inside an object, standing before the value of one of its members.
  ///
  /// `bytes` run from that value to the text's end: read the value, then `nextKey` until `nil`, then `finish`.
  @inlinable
  public init(
    inObject bytes: UnsafeRawBufferPointer, depthMax: Int = 32, sizeMax: Int = JSONReader.sizeMax
  ) {
    self.init(bytes, depthMax: depthMax, sizeMax: sizeMax)
    depth -= 1
  }

  /// The byte the reader stands at, from the start of the text.
  @inlinable public var offset: Int { cursor - start }

  // MARK: For decoders that know the bytes to come

  /// Where the reader stands. For decoders that look at the bytes themselves.
  @inlinable public var position: UnsafePointer<UInt8> { cursor }

  /// The text's end.
  @inlinable public var limit: UnsafePointer<UInt8> { end }

  /// Goes on behind a value the caller has read and validated by itself, byte for byte as strictly.
  @inlinable
  public mutating func jump(behind value: UnsafePointer<UInt8>) {
    precondition(value >= cursor && value <= end)
    cursor = value
  }

  /// The state to come back to with `rewind`, for a second attempt at the value the reader stands before.
  @frozen
  public struct Mark {
    @usableFromInline let cursor: UnsafePointer<UInt8>
    @usableFromInline let depth: Int

    @inlinable
    init(cursor: UnsafePointer<UInt8>, depth: Int) {
      self.cursor = cursor
      self.depth = depth
    }
  }

  /// Remembers where the reader stands: before a value.
  @inlinable public var mark: Mark { Mark(cursor: cursor, depth: depth) }

  /// Goes back to a value whose reading failed or was given up.
  @inlinable
  public mutating func rewind(to mark: Mark) {
    cursor = mark.cursor
    depth = mark.depth
    isFresh = false
  }

  // MARK: Containers

  /// Enters the object that comes next.
  @inlinable
  public mutating func beginObject() throws(JSONError) { try begin(UInt8(ascii: "{")) }

  /// Enters the array that comes next.
  @inlinable
  public mutating func beginArray() throws(JSONError) { try begin(UInt8(ascii: "[")) }

  @inlinable
  @inline(__always)
  mutating func begin(_ bracket: UInt8) throws(JSONError) {
    let byte = try peek()
    guard byte == bracket else { throw mismatch(byte) }
    guard depth > 0 else { throw error(.tooDeep) }
    depth -= 1
    cursor += 1
    isFresh = true
  }

  /// The next key of the object the reader is in, standing before its value; `nil` behind the object's end.
  @inlinable
  public mutating func nextKey() throws(JSONError) -> JSONText? {
    guard try advance(UInt8(ascii: "}")) else { return nil }
    guard try peek() == UInt8(ascii: "\"") else { throw error(.unexpectedByte) }
    let key = try string()
    guard try peek() == UInt8(ascii: ":") else { throw error(.unexpectedByte) }
    cursor += 1
    return key
  }

  /// Whether the array the reader is in has a further element, standing before it; else behind its end.
  @inlinable
  public mutating func nextElement() throws(JSONError) -> Bool {
    try advance(UInt8(ascii: "]"))
  }

  /// Steps over the comma to the next member, or over the closing bracket (`false`).
  @inlinable
  @inline(__always)
  mutating func advance(_ bracket: UInt8) throws(JSONError) -> Bool {
    let byte = try peek()
    if byte == bracket {
      cursor += 1
      depth += 1
      isFresh = false
      return false
    }
    if isFresh {
      isFresh = false
      return true
    }
    guard byte == UInt8(ascii: ",") else { throw error(.unexpectedByte) }
    cursor += 1
    return true
  }

  /// Checks that only white space follows.
  @inlinable
  public mutating func finish() throws(JSONError) {
    skipSpace()
    guard cursor == end, !isTooLarge else { throw error(.trailingData) }
  }

  // MARK: Looking ahead

  /// What the next value is, judged by its first byte.
  @inlinable
  public mutating func peekKind() throws(JSONError) -> JSONKind {
    switch try peek() {
    case UInt8(ascii: "{"): .object
    case UInt8(ascii: "["): .array
    case UInt8(ascii: "\""): .string
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): .number
    case UInt8(ascii: "t"), UInt8(ascii: "f"): .bool
    case UInt8(ascii: "n"): .null
    default: throw error(.unexpectedByte)
    }
  }

  /// The next significant byte, the cursor standing on it.
  @inlinable
  @inline(__always)
  mutating func peek() throws(JSONError) -> UInt8 {
    if cursor < end {
      let byte = cursor.pointee
      if byte > 0x20 { return byte }
    }
    skipSpace()
    guard cursor < end else { throw error(.unexpectedEnd) }
    return cursor.pointee
  }

  @usableFromInline
  mutating func skipSpace() {
    while cursor < end {
      let byte = cursor.pointee
      guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
      cursor += 1
    }
  }

  // MARK: Errors

  @usableFromInline
  @inline(never)
  func error(_ code: JSONError.Code) -> JSONError {
    JSONError(isTooLarge ? .tooLarge : code, offset: cursor - start)
  }

  /// The error for a value of another kind than the one asked for, given its first byte.
  @usableFromInline
  @inline(never)
  func mismatch(_ byte: UInt8) -> JSONError {
    switch byte {
    case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "\""), UInt8(ascii: "-"), UInt8(ascii: "t"),
      UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "0")...UInt8(ascii: "9"):
      error(.wrongType)
    default: error(.unexpectedByte)
    }
  }
}

/// The kinds of JSON values.
public enum JSONKind: UInt8, Sendable {
  /// `{…}`
  case object
  /// `[…]`
  case array
  /// `"…"`
  case string
  /// `-1.5e3`
  case number
  /// `true`, `false`
  case bool
  /// `null`
  case null
}
