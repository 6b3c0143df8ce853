import Base
import Testing

/// The interner against a dictionary.
@Suite("Interner")
struct InternerTests {
  @Test("equals a dictionary", arguments: [1, 2, 3, 4] as [UInt64])
  func differential(seed: UInt64) {
    var random = PRNG(seed: seed)
    var interner = Interner(idsMax: 700)
    var known: [[UInt8]: UInt32] = [:]
    var wrong = 0
    for _ in 0..<6000 {
      // Lengths around the word sizes a fast comparison works with, over a small alphabet.
      let length = random.below(28)
      var name = (0..<length).map { _ in UInt8(65 + random.below(2)) }
      if random.chance(0.3), length > 0 { name[random.below(length)] = UInt8(random.below(256)) }
      let isLookUp = random.chance(0.3)
      let got = name.withUnsafeBytes { isLookUp ? interner.find($0) : interner.intern($0) }
      if let id = known[name] {
        if got != id { wrong += 1 }
      } else if isLookUp {
        if got != nil { wrong += 1 }
      } else if known.count < 700 {
        if got != UInt32(known.count) { wrong += 1 }
        known[name] = UInt32(known.count)
      } else if got != nil {
        wrong += 1
      }
    }
    for (name, id) in known where interner.bytes(id) != name { wrong += 1 }
    #expect(wrong == 0)
    #expect(interner.count == known.count)
  }

  @Test("at the bound new names are refused and known ones stay")
  func bound() {
    var interner = Interner(idsMax: 2)
    #expect(interner.intern("BTC") == 0)
    #expect(interner.intern("ETH") == 1)
    #expect(interner.intern("SOL") == nil)
    #expect(interner.intern("BTC") == 0)
    #expect(interner.find("SOL") == nil)
    #expect(interner.name(1) == "ETH")
  }

  @Test("names that share beginnings and ends are told apart")
  func similar() {
    var interner = Interner(idsMax: 100)
    let names = [
      "", "A", "AA", "AAAAAAAA", "AAAAAAAAA", "AAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAA", "AAAAAAAABAAAAAAAA",
      "AAAAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAABBAAAAAAAAAAAAAA", "A\0", "\0", "\0\0",
    ]
    for (id, name) in names.enumerated() { #expect(interner.intern(name) == UInt32(id)) }
    for (id, name) in names.enumerated() { #expect(interner.find(name) == UInt32(id)) }
  }
}
