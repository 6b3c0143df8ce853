import Base
import Market

/// A client's JSON as a value: requests are small and rare, so clarity wins over speed.
///
/// Bounds: `bytesMax` per text, `depthMax` levels; anything else that is not JSON is `nil`.
enum RequestValue: Equatable {
  case object([(key: String, value: RequestValue)])
  case array([RequestValue])
  case string(String)
  case integer(Int64)
  case fraction(String)
  case bool(Bool)
  case null

  static let bytesMax = 64 * 1024
  static let depthMax = 16

  static func == (a: RequestValue, b: RequestValue) -> Bool {
    switch (a, b) {
    case (.object(let a), .object(let b)):
      a.count == b.count && zip(a, b).allSatisfy { $0.key == $1.key && $0.value == $1.value }
    case (.array(let a), .array(let b)): a == b
    case (.string(let a), .string(let b)): a == b
    case (.integer(let a), .integer(let b)): a == b
    case (.fraction(let a), .fraction(let b)): a == b
    case (.bool(let a), .bool(let b)): a == b
    case (.null, .null): true
    default: false
    }
  }

  /// The value `bytes` spell, if they are one JSON text.
  init?(parsing bytes: UnsafeRawBufferPointer, bytesMax: Int = RequestValue.bytesMax) {
    guard bytes.count <= bytesMax else { return nil }
    var reader = RequestReader(bytes)
    guard let value = reader.value(depth: 0), reader.isAtEnd else { return nil }
    self = value
  }

  /// The member of an object; the last of equal keys wins. `nil` when absent, `.null` when null.
  subscript(_ key: String) -> RequestValue? {
    guard case .object(let members) = self else { return nil }
    return members.last { $0.key == key }?.value
  }

  /// The text of a string.
  var text: String? {
    if case .string(let text) = self { text } else { nil }
  }

  /// A whole number.
  var int: Int64? {
    if case .integer(let value) = self { value } else { nil }
  }

  /// The account a string spells: `0x` and 40 hex digits of any case.
  var address: Address? {
    guard let text, text.utf8.count == 42, text.hasPrefix("0x") else { return nil }
    var words: [UInt64] = [0, 0, 0]
    for (index, byte) in text.utf8.dropFirst(2).enumerated() {
      guard let digit = Character(UnicodeScalar(byte)).hexDigitValue, byte < 128 else { return nil }
      let word = index / 16
      words[word] = words[word] << 4 | UInt64(digit)
    }
    return Address(a: words[0], b: words[1], c: UInt32(words[2]))
  }
}

/// A plain recursive reader. Plain pointers: it reads every answer of a simulation, without optimisation in tests.
private struct RequestReader {
  let bytes: UnsafePointer<UInt8>
  let count: Int
  var at = 0

  /// `bytes` stay valid while it reads.
  init(_ bytes: UnsafeRawBufferPointer) {
    let some = bytes.baseAddress ?? UnsafeRawPointer(StaticString("").utf8Start)
    self.bytes = some.assumingMemoryBound(to: UInt8.self)
    count = bytes.count
  }

  private func part(_ range: Range<Int>) -> UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(start: bytes + range.lowerBound, count: range.count)
  }

  var isAtEnd: Bool {
    mutating get {
      skipSpace()
      return at == count
    }
  }

  private mutating func skipSpace() {
    while at < count {
      switch bytes[at] {
      case 0x20, 0x09, 0x0A, 0x0D: at += 1
      default: return
      }
    }
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    skipSpace()
    guard at < count, bytes[at] == byte else { return false }
    at += 1
    return true
  }

  private mutating func take(word: StaticString) -> Bool {
    let wanted = UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
    guard count - at >= wanted.count, part(at..<(at + wanted.count)).elementsEqual(wanted) else {
      return false
    }
    at += wanted.count
    return true
  }

  mutating func value(depth: Int) -> RequestValue? {
    skipSpace()
    guard at < count, depth < RequestValue.depthMax else { return nil }
    switch bytes[at] {
    case UInt8(ascii: "{"): return object(depth: depth)
    case UInt8(ascii: "["): return array(depth: depth)
    case UInt8(ascii: "\""): return string().map(RequestValue.string)
    case UInt8(ascii: "t"): return take(word: "true") ? .bool(true) : nil
    case UInt8(ascii: "f"): return take(word: "false") ? .bool(false) : nil
    case UInt8(ascii: "n"): return take(word: "null") ? .null : nil
    default: return number()
    }
  }

  private mutating func object(depth: Int) -> RequestValue? {
    at += 1
    var members: [(key: String, value: RequestValue)] = []
    if take(UInt8(ascii: "}")) { return .object(members) }
    repeat {
      skipSpace()
      guard at < count, bytes[at] == UInt8(ascii: "\""), let key = string(), take(UInt8(ascii: ":")),
        let value = value(depth: depth + 1)
      else { return nil }
      members.append((key, value))
    } while take(UInt8(ascii: ","))
    return take(UInt8(ascii: "}")) ? .object(members) : nil
  }

  private mutating func array(depth: Int) -> RequestValue? {
    at += 1
    var elements: [RequestValue] = []
    if take(UInt8(ascii: "]")) { return .array(elements) }
    repeat {
      guard let value = value(depth: depth + 1) else { return nil }
      elements.append(value)
    } while take(UInt8(ascii: ","))
    return take(UInt8(ascii: "]")) ? .array(elements) : nil
  }

  private mutating func string() -> String? {
    at += 1
    var text: [UInt8] = []
    // Most texts have no escape: they are taken in one piece.
    var end = at
    var ored: UInt8 = 0
    while end < count, bytes[end] != 0x22, bytes[end] != 0x5C, bytes[end] >= 0x20 {
      ored |= bytes[end]
      end += 1
    }
    if end < count, bytes[end] == 0x22 {
      defer { at = end + 1 }
      // Validating costs more than all the rest; most texts are ASCII.
      guard ored >= 0x80 else { return String(decoding: part(at..<end), as: UTF8.self) }
      return String(validating: part(at..<end), as: UTF8.self)
    }
    while at < count {
      let byte = bytes[at]
      at += 1
      switch byte {
      case UInt8(ascii: "\""): return String(validating: text, as: UTF8.self)
      case UInt8(ascii: "\\"):
        guard let plain = escape() else { return nil }
        text.append(contentsOf: String(plain).utf8)
      case 0..<0x20: return nil
      default: text.append(byte)
      }
    }
    return nil
  }

  private mutating func escape() -> Character? {
    guard at < count else { return nil }
    at += 1
    switch bytes[at - 1] {
    case UInt8(ascii: "\""): return "\""
    case UInt8(ascii: "\\"): return "\\"
    case UInt8(ascii: "/"): return "/"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      // No field of a request needs surrogate pairs; a lone half is refused like other nonsense.
      guard count - at >= 4,
        let code = UInt32(String(decoding: part(at..<(at + 4)), as: UTF8.self), radix: 16),
        let scalar = UnicodeScalar(code)
      else { return nil }
      at += 4
      return Character(scalar)
    default: return nil
    }
  }

  private static func isOfNumber(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "+"),
      UInt8(ascii: "e"), UInt8(ascii: "E"):
      true
    default: false
    }
  }

  private mutating func number() -> RequestValue? {
    let start = at
    while at < count, RequestReader.isOfNumber(bytes[at]) { at += 1 }
    let text = String(decoding: part(start..<at), as: UTF8.self)
    if let value = Int64(text), !text.hasPrefix("+") { return .integer(value) }
    guard Double(text) != nil else { return nil }
    return .fraction(text)
  }
}
