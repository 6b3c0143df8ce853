import Base

/// A running hash over everything that goes into Core and comes out of it: equal runs have equal hashes.
struct Trace {
  private(set) var hash: UInt64 = 0xcbf2_9ce4_8422_2325

  mutating func note(_ value: UInt64) {
    hash = (hash ^ value) &* 0x9E37_79B9_7F4A_7C15
    hash ^= hash >> 29
  }

  mutating func note(_ value: Int) { note(UInt64(bitPattern: Int64(value))) }

  mutating func note(_ bytes: UnsafeRawBufferPointer) {
    note(bytes.count)
    var at = 0
    while at + 8 <= bytes.count {
      note(bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
      at += 8
    }
    while at < bytes.count {
      note(UInt64(bytes[at]))
      at += 1
    }
  }
}
