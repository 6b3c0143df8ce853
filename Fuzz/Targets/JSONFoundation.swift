// Our reader beside Foundation's `JSONSerialization`: both take the same texts and find the same values in them.
// Where Foundation is known to be different, the difference itself is checked, not skipped over.
import Base
import Foundation
import Wire

/// A JSON value as a tree; of keys that occur twice the last counts.
private indirect enum JSONTree {
  case null
  case bool(Bool)
  /// The nearest double, nil when there is no finite one; and the integer the text is, if it is one of 64 bits.
  case number(Double?, signed: Int64?, unsigned: UInt64?, text: String)
  case string(String)
  case array([JSONTree])
  case object([String: JSONTree])
}

extension FuzzTarget {
  /// Foundation's own bound, which ours is set to for the comparison.
  private static let depthMax = 512

  static func compareWithFoundation(_ bytes: UnsafeRawBufferPointer) {
    guard !readsAsOtherEncoding(bytes) else { return }
    var reader = JSONReader(bytes, depthMax: depthMax)
    var ours: JSONTree?
    var refusal: JSONError?
    do throws(JSONError) {
      let tree = try readTree(&reader)
      try reader.finish()
      ours = tree
    } catch { refusal = error }
    let data = Data(bytes)
    let theirs = try? JSONSerialization.jsonObject(with: data, options: .fragmentsAllowed)
    switch (ours, theirs) {
    case (nil, nil): return
    case (let ours?, let theirs?):
      precondition(isSame(ours, theirs), "Foundation reads other values")
    case (let ours?, nil):
      // Foundation refuses numbers no double can hold; we leave that to whoever reads the number.
      precondition(hasHugeNumber(ours), "Foundation refuses what we take")
    case (nil, _?):
      precondition(
        isTrailingComma(bytes, refusal),
        "Foundation takes what we refuse: \(refusal.map { "\($0)" } ?? "")")
    }
  }

  /// Foundation takes a comma behind the last member, which RFC 8259 does not.
  private static func isTrailingComma(_ bytes: UnsafeRawBufferPointer, _ refusal: JSONError?) -> Bool {
    guard let refusal, refusal.code == .unexpectedByte, refusal.offset < bytes.count else { return false }
    let isEnd = bytes[refusal.offset] == UInt8(ascii: "}") || bytes[refusal.offset] == UInt8(ascii: "]")
    let before = bytes[..<refusal.offset].last { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
    return isEnd && before == UInt8(ascii: ",")
  }

  /// Foundation guesses at UTF-16 and UTF-32 by zero bytes and byte order marks, and steps over one of UTF-8. Ours
  /// reads UTF-8 without a mark: to it each of these is a byte that cannot begin a text.
  private static func readsAsOtherEncoding(_ bytes: UnsafeRawBufferPointer) -> Bool {
    let head = [UInt8](bytes.prefix(4))
    let marks: [[UInt8]] = [[0xEF, 0xBB, 0xBF], [0xFE, 0xFF], [0xFF, 0xFE]]
    guard head.contains(0) || marks.contains(where: { head.starts(with: $0) }) else { return false }
    var reader = JSONReader(bytes)
    do throws(JSONError) {
      try reader.skipValue()
      try reader.finish()
      preconditionFailure("a text of another encoding is read")
    } catch { return true }
  }

  private static func readTree(_ reader: inout JSONReader) throws(JSONError) -> JSONTree {
    switch try reader.peekKind() {
    case .null:
      let isNull = try reader.readNull()
      precondition(isNull)
      return .null
    case .bool: return .bool(try reader.readBool())
    case .number: return try readNumber(&reader)
    case .string: return .string(text(try reader.readString()))
    case .array:
      var items: [JSONTree] = []
      try reader.beginArray()
      while try reader.nextElement() { items.append(try readTree(&reader)) }
      return .array(items)
    case .object:
      var members: [String: JSONTree] = [:]
      try reader.beginObject()
      while let key = try reader.nextKey() {
        let name = text(key)
        members[name] = try readTree(&reader)
      }
      return .object(members)
    }
  }

  private static func text(_ text: JSONText) -> String {
    let plain = ByteBuffer()
    text.append(to: plain)
    return String(decoding: plain.bytes, as: UTF8.self)
  }

  /// Every way a number can be asked for, of the same text; the reader goes on behind it.
  private static func readNumber(_ reader: inout JSONReader) throws(JSONError) -> JSONTree {
    let mark = reader.mark
    let raw = try reader.readRaw()
    let text = String(decoding: raw, as: UTF8.self)
    let behind = reader.mark
    func again<Value>(_ read: (inout JSONReader) throws(JSONError) -> Value) -> Value? {
      reader.rewind(to: mark)
      do throws(JSONError) { return try read(&reader) } catch { return nil }
    }
    let double = again { (reader) throws(JSONError) in try reader.readDouble() }
    let signed = again { (reader) throws(JSONError) in try reader.readInt64() }
    let unsigned = again { (reader) throws(JSONError) in try reader.readUInt64() }
    reader.rewind(to: behind)
    let isZero = text.allSatisfy { $0 == "0" || $0 == "-" }
    precondition(signed == (isZero ? 0 : Int64(text)), "another integer")
    precondition(double == Double(text).flatMap { $0.isFinite ? $0 : nil }, "another double")
    precondition(unsigned == (isZero ? 0 : UInt64(text)), "another integer without a sign")
    return .number(double, signed: signed, unsigned: unsigned, text: text)
  }

  private static func hasHugeNumber(_ tree: JSONTree) -> Bool {
    switch tree {
    case .number(let double, _, _, _): double == nil
    case .array(let items): items.contains { hasHugeNumber($0) }
    case .object(let members): members.values.contains { hasHugeNumber($0) }
    case .null, .bool, .string: false
    }
  }

  private static func isSame(_ ours: JSONTree, _ theirs: Any) -> Bool {
    switch ours {
    case .null: return theirs is NSNull
    case .bool(let flag): return (theirs as? Bool) == flag
    case .number(let double, let signed, let unsigned, let text):
      guard let number = theirs as? NSNumber else { return false }
      // Exact where the text is an integer of 64 bits, else the nearest double.
      if let signed, text != "-0" { return number.int64Value == signed }
      if let unsigned { return number.uint64Value == unsigned }
      // Long numbers Foundation keeps to 38 decimal digits and rounds a second time: ours is the nearest double.
      guard number is NSDecimalNumber, let double else { return double == number.doubleValue }
      return abs(double - number.doubleValue) <= 1e-14 * abs(double)
    case .string(let text):
      guard let other = theirs as? String else { return false }
      return text.utf8.elementsEqual(other.utf8)
    case .array(let items):
      guard let others = theirs as? [Any], others.count == items.count else { return false }
      return zip(items, others).allSatisfy { isSame($0, $1) }
    case .object(let members):
      guard let others = theirs as? [String: Any], others.count == members.count else { return false }
      return members.allSatisfy { name, value in others[name].map { isSame(value, $0) } ?? false }
    }
  }
}
