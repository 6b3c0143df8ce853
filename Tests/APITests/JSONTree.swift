/// JSON as a tree, for tests: keeps the order of keys and whether a number was written with a fraction.
///
/// Written apart from the daemon's own reader so that a mistake in one does not hide one in the other.
indirect enum JSONTree: Equatable {
  case null
  case flag(Bool)
  case integer(String)
  case number(String)
  case text(String)
  case list([JSONTree])
  case object([Member])

  struct Member: Equatable {
    var key: String
    var value: JSONTree
  }

  struct Malformed: Error {
    var at: Int
  }

  /// The tree of `bytes`, which must be one JSON text and nothing else.
  init(_ bytes: [UInt8]) throws {
    guard String(validating: bytes, as: UTF8.self) != nil else { throw Malformed(at: 0) }
    var parser = Parser(bytes: bytes)
    self = try parser.value()
    parser.blanks()
    guard parser.at == bytes.count else { throw Malformed(at: parser.at) }
  }

  init(_ text: String) throws { try self.init(Array(text.utf8)) }

  subscript(_ key: String) -> JSONTree? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.key == key }?.value
  }

  subscript(_ index: Int) -> JSONTree? {
    guard case .list(let elements) = self, index < elements.count else { return nil }
    return elements[index]
  }

  var keys: [String] {
    guard case .object(let members) = self else { return [] }
    return members.map(\.key)
  }

  var elements: [JSONTree] {
    guard case .list(let elements) = self else { return [] }
    return elements
  }

  var string: String? {
    guard case .text(let text) = self else { return nil }
    return text
  }

  var double: Double? {
    switch self {
    case .integer(let text), .number(let text): Double(text)
    default: nil
    }
  }

  /// The name JSON Schema has for the value's type; whole numbers are told apart.
  var type: String {
    switch self {
    case .null: "null"
    case .flag: "boolean"
    case .integer: "integer"
    case .number: "number"
    case .text: "string"
    case .list: "array"
    case .object: "object"
    }
  }

  private struct Parser {
    let bytes: [UInt8]
    var at = 0

    mutating func blanks() {
      while at < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[at]) { at += 1 }
    }

    mutating func take(_ character: Unicode.Scalar) throws {
      guard at < bytes.count, bytes[at] == UInt8(ascii: character) else { throw Malformed(at: at) }
      at += 1
    }

    func peek() -> UInt8 { at < bytes.count ? bytes[at] : 0 }

    mutating func value() throws -> JSONTree {
      blanks()
      switch peek() {
      case UInt8(ascii: "{"): return try object()
      case UInt8(ascii: "["): return try list()
      case UInt8(ascii: "\""): return .text(try text())
      case UInt8(ascii: "t"): return try word("true", .flag(true))
      case UInt8(ascii: "f"): return try word("false", .flag(false))
      case UInt8(ascii: "n"): return try word("null", .null)
      default: return try number()
      }
    }

    mutating func word(_ word: String, _ value: JSONTree) throws -> JSONTree {
      for character in word.unicodeScalars { try take(character) }
      return value
    }

    mutating func object() throws -> JSONTree {
      try take("{")
      var members: [Member] = []
      blanks()
      while peek() != UInt8(ascii: "}") {
        if !members.isEmpty { try take(",") }
        blanks()
        let key = try text()
        guard !members.contains(where: { $0.key == key }) else { throw Malformed(at: at) }
        blanks()
        try take(":")
        members.append(Member(key: key, value: try value()))
        blanks()
      }
      try take("}")
      return .object(members)
    }

    mutating func list() throws -> JSONTree {
      try take("[")
      var elements: [JSONTree] = []
      blanks()
      while peek() != UInt8(ascii: "]") {
        if !elements.isEmpty { try take(",") }
        elements.append(try value())
        blanks()
      }
      try take("]")
      return .list(elements)
    }

    mutating func number() throws -> JSONTree {
      let start = at
      if peek() == UInt8(ascii: "-") { at += 1 }
      let first = peek()
      let whole = try digits()
      guard whole == 1 || first != UInt8(ascii: "0") else { throw Malformed(at: start) }
      var hasFraction = false
      if peek() == UInt8(ascii: ".") {
        at += 1
        _ = try digits()
        hasFraction = true
      }
      if peek() | 0x20 == UInt8(ascii: "e") {
        at += 1
        if peek() == UInt8(ascii: "+") || peek() == UInt8(ascii: "-") { at += 1 }
        _ = try digits()
        hasFraction = true
      }
      let text = String(decoding: bytes[start..<at], as: UTF8.self)
      return hasFraction ? .number(text) : .integer(text)
    }

    mutating func digits() throws -> Int {
      let start = at
      while peek() >= UInt8(ascii: "0"), peek() <= UInt8(ascii: "9") { at += 1 }
      guard at > start else { throw Malformed(at: at) }
      return at - start
    }

    mutating func text() throws -> String {
      try take("\"")
      var units: [UInt16] = []
      while peek() != UInt8(ascii: "\"") {
        guard at < bytes.count, bytes[at] >= 0x20 else { throw Malformed(at: at) }
        if peek() == UInt8(ascii: "\\") {
          at += 1
          units.append(try escape())
        } else {
          let start = at
          at += 1
          while at < bytes.count, bytes[at] & 0xC0 == 0x80 { at += 1 }
          units.append(contentsOf: String(decoding: bytes[start..<at], as: UTF8.self).utf16)
        }
      }
      at += 1
      return String(decoding: units, as: UTF16.self)
    }

    mutating func escape() throws -> UInt16 {
      let byte = peek()
      at += 1
      switch byte {
      case UInt8(ascii: "n"): return 10
      case UInt8(ascii: "t"): return 9
      case UInt8(ascii: "r"): return 13
      case UInt8(ascii: "b"): return 8
      case UInt8(ascii: "f"): return 12
      case UInt8(ascii: "u"):
        guard at + 4 <= bytes.count,
          let unit = UInt16(String(decoding: bytes[at..<(at + 4)], as: UTF8.self), radix: 16)
        else { throw Malformed(at: at) }
        at += 4
        return unit
      case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return UInt16(byte)
      default: throw Malformed(at: at)
      }
    }
  }
}
