/// Names ⇄ small consecutive ids, for byte strings that come again and again (coin names).
///
/// Looked up on the hot path by the bytes as they lie in a message: no `String`, no allocation. A slot holds a
/// name's first and last eight bytes, which are the whole name up to 16 bytes, so the usual look-up is one probe
/// of one flat table. Ids are handed out in order from 0 and never reused.
/// Bound: `idsMax`; a new name beyond it is refused (`nil`), known names keep working.
public struct Interner: Sendable {
  /// A place in the table; empty when `tag` is 0.
  @usableFromInline
  struct Slot: Sendable {
    @usableFromInline var head: UInt64 = 0
    @usableFromInline var tail: UInt64 = 0
    /// The id plus one.
    @usableFromInline var tag: UInt32 = 0
    @usableFromInline var length: UInt32 = 0

    @inlinable
    init() {}
  }

  /// The most names it will hold.
  public let idsMax: Int
  @usableFromInline var names: [[UInt8]] = []
  @usableFromInline var slots: [Slot]

  /// An empty register for at most `idsMax` names.
  public init(idsMax: Int) {
    precondition(idsMax > 0 && idsMax < 1 << 24)
    self.idsMax = idsMax
    slots = [Slot](repeating: Slot(), count: 64)
  }

  /// Names held.
  public var count: Int { names.count }

  /// The bytes of the name with `id`.
  public func bytes(_ id: UInt32) -> [UInt8] { names[Int(id)] }

  /// The name with `id` as text.
  public func name(_ id: UInt32) -> String { String(decoding: names[Int(id)], as: UTF8.self) }

  /// The id of `name`, if it is known.
  @inlinable
  public func find(_ name: UnsafeRawBufferPointer) -> UInt32? {
    let (head, tail) = Interner.ends(name)
    let length = UInt32(truncatingIfNeeded: name.count)
    var index = Interner.hash(head, tail, length)
    while true {
      let slot = slots[index & (slots.count &- 1)]
      if slot.tag == 0 { return nil }
      if slot.head == head, slot.tail == tail, slot.length == length {
        if name.count <= 16 || isMiddle(slot.tag - 1, name) { return slot.tag &- 1 }
      }
      index &+= 1
    }
  }

  /// The id of `name`, if it is known; for rare paths.
  public func find(_ name: String) -> UInt32? {
    var name = name
    return name.withUTF8 { find(UnsafeRawBufferPointer($0)) }
  }

  /// The id of `name`, given a new one when it is unknown; `nil` when the register is full.
  public mutating func intern(_ name: UnsafeRawBufferPointer) -> UInt32? {
    if let known = find(name) { return known }
    guard names.count < idsMax else { return nil }
    names.append([UInt8](name))
    if names.count * 2 > slots.count {
      slots = [Slot](repeating: Slot(), count: slots.count * 2)
      for id in names.indices { place(UInt32(id)) }
    } else {
      place(UInt32(names.count - 1))
    }
    return UInt32(names.count - 1)
  }

  /// The id of `name`, given a new one when it is unknown; for rare paths.
  public mutating func intern(_ name: String) -> UInt32? {
    var name = name
    return name.withUTF8 { intern(UnsafeRawBufferPointer($0)) }
  }

  private mutating func place(_ id: UInt32) {
    var slot = Slot()
    names[Int(id)].withUnsafeBytes { (slot.head, slot.tail) = Interner.ends($0) }
    slot.length = UInt32(names[Int(id)].count)
    slot.tag = id + 1
    var index = Interner.hash(slot.head, slot.tail, slot.length)
    while slots[index & (slots.count - 1)].tag != 0 { index &+= 1 }
    slots[index & (slots.count - 1)] = slot
  }

  /// The first and last eight bytes, overlapping in names below 16; below 8 they overlap more.
  @inlinable
  @inline(__always)
  static func ends(_ name: UnsafeRawBufferPointer) -> (UInt64, UInt64) {
    guard let base = name.baseAddress else { return (0, 0) }
    let n = name.count
    if n >= 8 {
      return (
        base.loadUnaligned(as: UInt64.self), base.loadUnaligned(fromByteOffset: n - 8, as: UInt64.self)
      )
    }
    if n >= 4 {
      return (
        UInt64(base.loadUnaligned(as: UInt32.self)),
        UInt64(base.loadUnaligned(fromByteOffset: n - 4, as: UInt32.self))
      )
    }
    guard n > 0 else { return (0, 0) }
    let first = UInt64(base.load(as: UInt8.self))
    let middle = UInt64(base.load(fromByteOffset: n / 2, as: UInt8.self))
    return (first | middle << 8, UInt64(base.load(fromByteOffset: n - 1, as: UInt8.self)))
  }

  /// Multiplicative hashing; names come from the exchange's listings, which nobody can flood cheaply.
  @inlinable
  @inline(__always)
  static func hash(_ head: UInt64, _ tail: UInt64, _ length: UInt32) -> Int {
    let word = head ^ (tail << 32 | tail >> 32) ^ UInt64(length)
    let product = word.multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
    // Both halves: names that differ in their last letters alone differ in few bits of either.
    return Int(truncatingIfNeeded: (product.high ^ product.low >> 40) & 0xFFFF_FFFF)
  }

  /// Whether the name with `id` equals `name` also between its ends.
  @usableFromInline
  @inline(never)
  func isMiddle(_ id: UInt32, _ name: UnsafeRawBufferPointer) -> Bool {
    names[Int(id)].withUnsafeBytes { $0.elementsEqual(name) }
  }
}
