/// The shape of JSON: which keys in which order, which types, which string formats; learnt from recordings.
@testable import Simulator

/// What was seen at one place of one kind of message.
struct Shape {
  /// What a scalar looks like.
  enum Kind: String, Hashable {
    case integer, fraction, bool, null
    /// A string that is a number: `-?digits.digits`.
    case decimal
    /// `0x` and 40 or 64 lower-case hex digits.
    case address, hash
    case text
  }

  var kinds: Set<Kind> = []
  var objects = 0
  var members: [String: Shape] = [:]
  /// How many of the objects had each key.
  var seen: [String: Int] = [:]
  /// "a\nb": some object had key a right or somewhere before key b.
  var orders: Set<String> = []
  var arrays = 0
  var elements: [Shape] = []

  /// Learns from `value`. Objects at `maps` are dictionaries with free keys.
  mutating func learn(_ value: RequestValue, path: String = "", maps: Set<String>) {
    switch value {
    case .object(let list) where maps.contains(path):
      objects += 1
      for member in list { members["*", default: Shape()].learn(member.value, path: path + ".*", maps: maps) }
    case .object(let list):
      objects += 1
      for (index, member) in list.enumerated() {
        seen[member.key, default: 0] += 1
        members[member.key, default: Shape()].learn(member.value, path: path + "." + member.key, maps: maps)
        for later in list[(index + 1)...] { orders.insert(member.key + "\n" + later.key) }
      }
    case .array(let values):
      arrays += 1
      if elements.isEmpty { elements = [Shape()] }
      for element in values { elements[0].learn(element, path: path + "[]", maps: maps) }
    default: kinds.insert(Shape.kind(value))
    }
  }

  static func kind(_ value: RequestValue) -> Kind {
    switch value {
    case .integer: return .integer
    case .fraction: return .fraction
    case .bool: return .bool
    case .string(let text):
      if text.hasPrefix("0x"), text.dropFirst(2).allSatisfy({ "0123456789abcdef".contains($0) }) {
        if text.utf8.count == 42 { return .address }
        if text.utf8.count == 66 { return .hash }
      }
      let parts = (text.hasPrefix("-") ? text.dropFirst() : text[...])
        .split(separator: ".", omittingEmptySubsequences: false)
      let isDecimal =
        parts.count == 2
        && parts.allSatisfy { part in
          !part.isEmpty && part.utf8.allSatisfy { (48...57).contains($0) }
        }
      return isDecimal ? .decimal : .text
    default: return .null
    }
  }

  /// How `value` differs from what was learnt; empty when it fits. Places in `extra` need no recording.
  func differences(_ value: RequestValue, path: String = "", maps: Set<String>, extra: Set<String>)
    -> [String]
  {
    switch value {
    case .object(let list):
      guard objects > 0 else { return ["\(path): an object where none was recorded"] }
      if maps.contains(path) {
        return list.flatMap {
          (members["*"] ?? Shape()).differences($0.value, path: path + ".*", maps: maps, extra: extra)
        }
      }
      var found: [String] = []
      for (key, count) in seen.sorted(by: { $0.key < $1.key }) where count == objects && value[key] == nil {
        found.append("\(path).\(key): missing")
      }
      for (index, member) in list.enumerated() {
        let here = path + "." + member.key
        guard let shape = members[member.key] else {
          if !extra.contains(here) { found.append("\(here): never recorded") }
          continue
        }
        found += shape.differences(member.value, path: here, maps: maps, extra: extra)
        for later in list[(index + 1)...] where seen[later.key] != nil {
          let (pair, reverse) = (member.key + "\n" + later.key, later.key + "\n" + member.key)
          if orders.contains(reverse), !orders.contains(pair) {
            found.append("\(here): comes after \(later.key)")
          }
        }
      }
      return found
    case .array(let values):
      guard arrays > 0 else { return ["\(path): an array where none was recorded"] }
      return values.flatMap { value in
        (elements.first ?? Shape()).differences(value, path: path + "[]", maps: maps, extra: extra)
      }
    default:
      if extra.contains(path) { return [] }
      let kind = Shape.kind(value)
      return kinds.contains(kind)
        ? [] : ["\(path): \(kind.rawValue), recorded \(kinds.map(\.rawValue).sorted())"]
    }
  }
}
