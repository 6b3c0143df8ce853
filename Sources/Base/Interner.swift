/// Names ⇄ small consecutive ids, for byte strings that come again and again (coin names).
///
/// Looked up on the hot path by the bytes as they lie in a message: no `String`, no allocation, one probe in
/// the usual case. Ids are handed out in order from 0 and never reused.
/// Bound: `idsMax`; a new name beyond it is refused (`nil`), known names keep working.
public struct Interner: Sendable {
  /// The most names it will hold.
  public let idsMax: Int
  private var names: [[UInt8]] = []
  private var slots: [UInt32]

  /// An empty register for at most `idsMax` names.
  public init(idsMax: Int) {
    precondition(idsMax > 0 && idsMax < 1 << 24)
    self.idsMax = idsMax
    slots = [UInt32](repeating: 0, count: 64)
  }

  /// Names held.
  public var count: Int { names.count }

  /// The bytes of the name with `id`.
  public func bytes(_ id: UInt32) -> [UInt8] { names[Int(id)] }

  /// The name with `id` as text.
  public func name(_ id: UInt32) -> String { String(decoding: names[Int(id)], as: UTF8.self) }

  /// The id of `name`, if it is known.
  public func find(_ name: UnsafeRawBufferPointer) -> UInt32? {
    var slot = Int(truncatingIfNeeded: Interner.hash(name)) & (slots.count - 1)
    while slots[slot] != 0 {
      let id = slots[slot] - 1
      if equal(id, name) { return id }
      slot = (slot + 1) & (slots.count - 1)
    }
    return nil
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
      slots = [UInt32](repeating: 0, count: slots.count * 2)
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
    let hash = names[Int(id)].withUnsafeBytes { Interner.hash($0) }
    var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
    while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
    slots[slot] = id + 1
  }

  private func equal(_ id: UInt32, _ name: UnsafeRawBufferPointer) -> Bool {
    names[Int(id)].withUnsafeBytes { $0.count == name.count && $0.elementsEqual(name) }
  }

  /// FNV-1a; names are short and come from the exchange's listings, which nobody can flood cheaply.
  private static func hash(_ name: UnsafeRawBufferPointer) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in name { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return hash ^ (hash >> 29)
  }
}
