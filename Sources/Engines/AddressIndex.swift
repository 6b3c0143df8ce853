import Base
import Market

/// Address → row number: open addressing over 4-byte slots, growing without a pause.
///
/// A slot holds the row number plus one in its low bits and a tag of the hash in the rest, so a probe for
/// another address rarely touches a row. Growth doubles into a second table; every later call moves a few
/// slots over, so no call does more than `movesPerCall` slots of it.
/// Bounds: rows `0 ..< rowsMax`; at most 5/8 of the slots are filled. The hash is seeded, so nobody can
/// choose addresses that collide without knowing the seed.
/// Invariant: a row number is in exactly one slot of the two tables.
struct AddressIndex: ~Copyable {
  /// Slots moved per call while growing.
  static let movesPerCall = 32
  private static let slotsMin = 1024
  /// A slot of the old table whose row was moved or removed: searches walk on over it.
  private static let gone: UInt32 = .max

  private var slots: UnsafeMutablePointer<UInt32>
  private var mask: Int
  private(set) var count = 0
  /// The table being emptied, while growing.
  private var oldSlots: UnsafeMutablePointer<UInt32>?
  private var oldMask = 0
  private var oldNext = 0
  private let rowMask: UInt32
  private let seed: (UInt64, UInt64, UInt64)

  init(rowsMax: Int, seed: UInt64) {
    precondition(rowsMax > 0 && rowsMax <= 1 << 24)
    // One row number to spare, so that no slot looks like `gone`.
    let rowBits = UInt32(Int.bitWidth - (rowsMax + 1).leadingZeroBitCount)
    rowMask = 1 << rowBits - 1
    var random = PRNG(seed: seed)
    self.seed = (random.next() | 1, random.next(), random.next() | 1)
    slots = AddressIndex.emptyTable(AddressIndex.slotsMin)
    mask = AddressIndex.slotsMin - 1
  }

  deinit {
    slots.deallocate()
    oldSlots?.deallocate()
  }

  /// Bytes of both tables.
  var memoryBytes: Int { (mask + 1 + (oldSlots == nil ? 0 : oldMask + 1)) * 4 }
  /// Whether a growth is under way.
  var isGrowing: Bool { oldSlots != nil }

  /// Two folded 64×64→128-bit products over the words, keyed by the seed.
  @inline(__always)
  func hash(_ address: Address) -> UInt64 {
    let first = (address.a ^ seed.0).multipliedFullWidth(by: address.b ^ seed.1)
    let folded = first.high ^ first.low ^ UInt64(address.c)
    let second = (folded ^ seed.1).multipliedFullWidth(by: seed.2)
    return second.high ^ second.low
  }

  /// The row of `address`, whose hash is `hash`.
  @inline(__always)
  func find(_ address: Address, _ hash: UInt64, _ rows: UnsafeMutablePointer<AddressRecord>) -> Int? {
    if let row = find(address, hash, rows, slots, mask) { return row }
    guard let oldSlots else { return nil }
    return find(address, hash, rows, oldSlots, oldMask)
  }

  @inline(__always)
  private func find(
    _ address: Address, _ hash: UInt64, _ rows: UnsafeMutablePointer<AddressRecord>,
    _ table: UnsafeMutablePointer<UInt32>, _ mask: Int
  ) -> Int? {
    let tag = tag(hash)
    var place = Int(truncatingIfNeeded: hash) & mask
    while true {
      let slot = table[place]
      if slot == 0 { return nil }
      if slot & ~rowMask == tag, slot != AddressIndex.gone {
        let row = Int(slot & rowMask) - 1
        if rows[row].address == address { return row }
      }
      place = (place + 1) & mask
    }
  }

  /// What stands first where `hash` leads; of no use but to have been loaded.
  @inline(__always)
  func slot(_ hash: UInt64) -> UInt32 { slots[Int(truncatingIfNeeded: hash) & mask] }

  /// A word of the row with the tag of `hash`; of no use but to have been loaded.
  @inline(__always)
  func peek(_ hash: UInt64, _ rows: UnsafeMutablePointer<AddressRecord>) -> UInt32 {
    let tag = tag(hash)
    var place = Int(truncatingIfNeeded: hash) & mask
    while true {
      let slot = slots[place]
      if slot == 0 { return 0 }
      if slot & ~rowMask == tag { return rows[Int(slot & rowMask) - 1].address.c }
      place = (place + 1) & mask
    }
  }

  /// Adds a row that is in no slot.
  mutating func insert(_ row: Int, _ hash: UInt64, _ rows: UnsafeMutablePointer<AddressRecord>) {
    if (count + 1) * 8 > (mask + 1) * 5 { beginGrowth(rows) }
    put(UInt32(row + 1) | tag(hash), hash)
    count += 1
    moveSome(rows)
  }

  /// Takes the row of `address` out.
  mutating func remove(_ address: Address, _ hash: UInt64, _ rows: UnsafeMutablePointer<AddressRecord>) {
    guard let row = find(address, hash, rows) else { return }
    let slot = UInt32(row + 1) | tag(hash)
    count -= 1
    if let oldSlots {
      var place = Int(truncatingIfNeeded: hash) & oldMask
      while oldSlots[place] != 0 {
        if oldSlots[place] == slot {
          oldSlots[place] = AddressIndex.gone
          return
        }
        place = (place + 1) & oldMask
      }
    }
    var hole = Int(truncatingIfNeeded: hash) & mask
    while slots[hole] != slot { hole = (hole + 1) & mask }
    closeUp(hole, rows)
  }

  /// Fills the hole with the next slot that may lie there, and so on to the end of the run.
  private mutating func closeUp(_ hole: Int, _ rows: UnsafeMutablePointer<AddressRecord>) {
    var hole = hole
    var place = hole
    while true {
      place = (place + 1) & mask
      let slot = slots[place]
      if slot == 0 { break }
      let home = Int(truncatingIfNeeded: hash(rows[Int(slot & rowMask) - 1].address)) & mask
      if (place - home) & mask >= (place - hole) & mask {
        slots[hole] = slot
        hole = place
      }
    }
    slots[hole] = 0
  }

  /// Moves up to `movesPerCall` slots of the old table, if there is one.
  @inline(__always)
  mutating func moveSome(_ rows: UnsafeMutablePointer<AddressRecord>) {
    if oldSlots != nil { move(rows, AddressIndex.movesPerCall) }
  }

  @inline(never)
  private mutating func move(_ rows: UnsafeMutablePointer<AddressRecord>, _ limit: Int) {
    guard let oldSlots else { return }
    let end = min(oldNext + limit, oldMask + 1)
    while oldNext < end {
      let slot = oldSlots[oldNext]
      if slot != 0, slot != AddressIndex.gone {
        put(slot, hash(rows[Int(slot & rowMask) - 1].address))
        oldSlots[oldNext] = AddressIndex.gone
      }
      oldNext += 1
    }
    guard oldNext > oldMask else { return }
    oldSlots.deallocate()
    self.oldSlots = nil
  }

  private mutating func beginGrowth(_ rows: UnsafeMutablePointer<AddressRecord>) {
    // A table of n slots grows at 5n/8 rows; the next one is n·10/8 rows away, n/32 calls move this one.
    while oldSlots != nil { move(rows, oldMask + 1) }
    oldSlots = slots
    oldMask = mask
    oldNext = 0
    mask = mask * 2 + 1
    slots = AddressIndex.emptyTable(mask + 1)
  }

  @inline(__always)
  private func put(_ slot: UInt32, _ hash: UInt64) {
    var place = Int(truncatingIfNeeded: hash) & mask
    while slots[place] != 0 { place = (place + 1) & mask }
    slots[place] = slot
  }

  /// The high bits of the hash where a slot has room for them; never all ones with a full row number, since
  /// rows are below the mask.
  @inline(__always)
  private func tag(_ hash: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: hash >> 32) & ~rowMask }

  private static func emptyTable(_ slots: Int) -> UnsafeMutablePointer<UInt32> {
    let table = UnsafeMutablePointer<UInt32>.allocate(capacity: slots)
    table.initialize(repeating: 0, count: slots)
    return table
  }
}
