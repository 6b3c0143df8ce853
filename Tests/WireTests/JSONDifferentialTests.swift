import Base
import Foundation
import Testing
import Wire

/// Our reader against Foundation's, on random texts and on texts with random damage.
struct JSONDifferentialTests {
  /// A random value; mostly valid texts with odd spacing.
  static func value(_ random: inout PRNG, _ depth: Int) -> String {
    let space = ["", "", "", " ", "\n", "\t "][random.below(6)]
    let kind = random.below(depth > 0 ? 8 : 6)
    let text: String
    switch kind {
    case 0: text = ["null", "true", "false"][random.below(3)]
    case 1: text = String(Int64(bitPattern: random.next()) >> Int64(random.below(63)))
    case 2: text = "\(random.unit() * 1000)"
    case 3: text = ["0", "-0", "1e5", "1.5E-3", "0.1e+2", "-12.75"][random.below(6)]
    case 4, 5: text = string(&random)
    case 6:
      text = "[" + (0..<random.below(4)).map { _ in value(&random, depth - 1) }.joined(separator: ",") + "]"
    default:
      text =
        "{"
        + (0..<random.below(4)).map { _ in string(&random) + ":" + value(&random, depth - 1) }.joined(
          separator: ",")
        + "}"
    }
    return space + text + space
  }

  static func string(_ random: inout PRNG) -> String {
    let pieces = [
      "a", "bc", "é", "😀", "\\n", "\\\"", "\\\\", "\\u0041", "\\ud83d\\ude00", "longer text ", "0123456789",
    ]
    return "\"" + (0..<random.below(6)).map { _ in pieces[random.below(pieces.count)] }.joined() + "\""
  }

  /// Damage: a byte changed, removed, doubled, or the end cut off.
  static func damage(_ bytes: inout [UInt8], _ random: inout PRNG) {
    guard !bytes.isEmpty else { return }
    let at = random.below(bytes.count)
    switch random.below(5) {
    case 0: bytes[at] = UInt8(random.below(256))
    case 1: bytes[at] = Array("{}[]\",:\\ 019-+.eE\n".utf8)[random.below(18)]
    case 2: bytes.remove(at: at)
    case 3: bytes.insert(bytes[at], at: at)
    default: bytes.removeLast(bytes.count - at)
    }
  }

  /// Foundation guesses UTF-16 and UTF-32 from zero bytes and marks, and refuses numbers no double can hold (the
  /// grammar has no such rule, our `readDouble` has); those texts are not compared.
  static func isComparable(_ bytes: [UInt8]) -> Bool {
    for at in bytes.indices where bytes[at] | 0x20 == UInt8(ascii: "e") {
      let exponent = bytes[(at + 1)...].drop { $0 == UInt8(ascii: "+") }
      if exponent.prefix(while: { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }).count > 2 {
        return false
      }
    }
    return isUTF8Text(bytes)
  }

  private static func isUTF8Text(_ bytes: [UInt8]) -> Bool {
    !bytes.contains(0) && !bytes.starts(with: [0xEF, 0xBB, 0xBF]) && !bytes.starts(with: [0xFE, 0xFF])
      && !bytes.starts(with: [0xFF, 0xFE])
  }

  @Test func acceptsWhatFoundationAccepts() {
    var random = PRNG(seed: 77)
    var accepted = 0
    for round in 0..<12_000 {
      var bytes = Array(JSONDifferentialTests.value(&random, 4).utf8)
      if round % 3 > 0 { JSONDifferentialTests.damage(&bytes, &random) }
      guard JSONDifferentialTests.isComparable(bytes) else { continue }
      let theirs = (try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)) != nil
      let ours = JSONGrammarTests.check(bytes) == nil
      #expect(ours == theirs, "\(String(decoding: bytes, as: UTF8.self).debugDescription)")
      accepted += ours ? 1 : 0
    }
    #expect(accepted > 4000)
  }

  /// Rebuilds the tree through the reader and compares it with Foundation's.
  @Test func readsWhatFoundationReads() throws {
    var random = PRNG(seed: 78)
    for _ in 0..<3000 {
      let text = JSONDifferentialTests.value(&random, 4)
      let theirs = try JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)
      let buffer = ByteBuffer()
      buffer.append(utf8: text)
      var reader = JSONReader(buffer.bytes)
      let ours = try JSONDifferentialTests.tree(&reader)
      try reader.finish()
      #expect(JSONDifferentialTests.isSame(ours, theirs), "\(text)")
    }
  }

  /// Numbers by their double: Foundation hands some out as decimals.
  static func isSame(_ a: Any, _ b: Any) -> Bool {
    switch (a, b) {
    case (let a as [Any], let b as [Any]):
      return a.count == b.count && zip(a, b).allSatisfy { isSame($0, $1) }
    case (let a as [String: Any], let b as [String: Any]):
      return a.count == b.count && a.allSatisfy { key, value in b[key].map { isSame(value, $0) } ?? false }
    case (let a as NSNumber, let b as NSNumber):
      return a.doubleValue == b.doubleValue || Double("\(b)") == a.doubleValue
    default: return (a as? NSObject)?.isEqual(b) ?? false
    }
  }

  static func tree(_ reader: inout JSONReader) throws -> Any {
    switch try reader.peekKind() {
    case .null:
      _ = try reader.readNull()
      return NSNull()
    case .bool: return NSNumber(value: try reader.readBool())
    case .string: return NSString(string: try reader.readString().string)
    case .number:
      let mark = reader.mark
      if let whole = try? reader.readInt64() { return NSNumber(value: whole) }
      reader.rewind(to: mark)
      return NSNumber(value: try reader.readDouble())
    case .array:
      let array = NSMutableArray()
      try reader.beginArray()
      while try reader.nextElement() { array.add(try tree(&reader)) }
      return array
    case .object:
      let object = NSMutableDictionary()
      try reader.beginObject()
      while let key = try reader.nextKey() {
        let name = key.string
        object[NSString(string: name)] = try tree(&reader)
      }
      return object
    }
  }
}
