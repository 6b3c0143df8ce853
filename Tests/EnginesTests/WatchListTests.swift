import Base
import Engines
import Market
import Testing

/// Followed wallets, against a plain list.
@Suite("Watch list")
struct WatchListTests {
  /// The list by the words of the contract.
  struct Reference {
    var rows: [WatchEntry] = []

    mutating func watch(_ key: String, _ label: String, at: WallTime) {
      if let index = rows.firstIndex(where: { $0.key == key }) {
        rows[index].isActive = true
        if !label.isEmpty { rows[index].label = label }
      } else {
        rows.append(WatchEntry(key: key, label: label, addedAt: at))
      }
    }

    mutating func patch(_ key: String, _ label: String?, _ notes: String?, _ tags: String?) -> Bool {
      guard let index = rows.firstIndex(where: { $0.key == key && $0.isActive }) else { return false }
      if let label { rows[index].label = label }
      if let notes { rows[index].notes = notes }
      if let tags { rows[index].tags = tags }
      return true
    }

    mutating func unwatch(_ key: String) {
      if let index = rows.firstIndex(where: { $0.key == key }) { rows[index].isActive = false }
    }

    var newestFirst: [WatchEntry] {
      rows.enumerated().filter(\.element.isActive).sorted {
        ($0.element.addedAt, $0.offset) > ($1.element.addedAt, $1.offset)
      }.map(\.element)
    }
  }

  static func listed(_ list: WatchList) -> [WatchEntry] {
    var rows: [WatchEntry] = []
    list.forEach { rows.append($0) }
    return rows
  }

  static func key(_ n: Int) -> String {
    n % 5 == 0 ? "not-an-address-\(n)" : Address(a: UInt64(n), b: 0, c: 0).description
  }

  @Test("equals a plain list over watches, patches and farewells", arguments: [1, 2, 3] as [UInt64])
  func differential(seed: UInt64) {
    var random = PRNG(seed: seed)
    let list = WatchList()
    var reference = Reference()
    var wrong = 0
    let labels = ["", "", "x", "auto | 57% WR | swing", "other", "auto |"]
    for step in 0..<4000 {
      let key = Self.key(random.below(60))
      let time = WallTime(ms: 1000 + Int64(step / 3))
      switch random.below(4) {
      case 0, 1:
        let label = labels[random.below(labels.count)]
        guard let row = list.watching(key, label: label, at: time) else {
          wrong += 1
          continue
        }
        list.put(row)
        // Of one millisecond, who comes back stands where it stood.
        reference.watch(key, label, at: time)
      case 2:
        let fields = (0..<3).map { _ in random.chance(0.5) ? labels[random.below(labels.count)] : nil }
        let row = list.patching(key, label: fields[0], notes: fields[1], tags: fields[2])
        if let row = row ?? nil { list.put(row) }
        if (row != nil) != reference.patch(key, fields[0], fields[1], fields[2]) { wrong += 1 }
      default:
        if let row = list.unwatching(key) { list.put(row) }
        reference.unwatch(key)
      }
      let expected = reference.newestFirst
      if list.count != expected.count { wrong += 1 }
      if list.autoCount != expected.count(where: \.isAuto) { wrong += 1 }
      if Set(Self.listed(list)) != Set(expected) { wrong += 1 }
      if Self.listed(list).map(\.addedAt) != expected.map(\.addedAt) { wrong += 1 }
      if let address = Address(key), list.contains(address) != list.contains(key) { wrong += 1 }
      if list.contains(key) != expected.contains(where: { $0.key == key }) { wrong += 1 }
    }
    #expect(wrong == 0)
  }

  @Test("watching again keeps label, notes, tags and time")
  func idempotent() throws {
    let list = WatchList()
    list.put(try #require(list.watching("abcdefghij", label: "one", at: WallTime(ms: 5))))
    let patched = list.patching("abcdefghij", label: nil, notes: "n", tags: "t") ?? nil
    list.put(try #require(patched))
    let again = try #require(list.watching("abcdefghij", label: "", at: WallTime(ms: 9)))
    #expect(
      again == WatchEntry(key: "abcdefghij", label: "one", addedAt: WallTime(ms: 5), notes: "n", tags: "t"))
    list.put(try #require(list.unwatching("abcdefghij")))
    #expect(list.unwatching("abcdefghij") == nil)
    #expect(list.patching("abcdefghij", label: "x", notes: nil, tags: nil) == nil)
    #expect(list.watching("abcdefghij", label: "", at: WallTime(ms: 9)) == again)
    #expect(list.count == 0)
  }

  @Test("a restart puts rows in any order; newest come first")
  func restored() {
    var random = PRNG(seed: 3)
    let list = WatchList()
    for n in (0..<200).sorted(by: { _, _ in random.chance(0.5) }) {
      list.put(WatchEntry(key: Self.key(n), addedAt: WallTime(ms: Int64(n)), isActive: n % 3 != 0))
    }
    let expected = stride(from: Int64(199), through: 0, by: -1).filter { $0 % 3 != 0 }
    #expect(Self.listed(list).map(\.addedAt.ms) == expected)
  }

  @Test("beyond the bounds nobody new is taken, and who left makes room first")
  func bound() throws {
    let list = WatchList(walletsMax: 10, textBytesMax: 2000)
    for n in 0..<10 {
      list.put(try #require(list.watching(Self.key(n), label: "x", at: WallTime(ms: Int64(n)))))
    }
    #expect(list.watching(Self.key(10), label: "x", at: WallTime(ms: 99)) == nil)
    #expect(list.refused == 1)
    #expect(list.watching(Self.key(3), label: "y", at: WallTime(ms: 99)) != nil)
    list.put(try #require(list.unwatching(Self.key(4))))
    list.put(try #require(list.watching(Self.key(10), label: "x", at: WallTime(ms: 99))))
    #expect(list[Self.key(4)] == nil)
    #expect(list.count == 10)
    let long = String(repeating: "n", count: 2000)
    let patched = list.patching(Self.key(3), label: nil, notes: long, tags: nil)
    #expect(patched != nil && patched! == nil)
    #expect(list.patching(Self.key(4), label: nil, notes: long, tags: nil) == nil)
  }
}
