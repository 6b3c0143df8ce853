import Base
import Core

/// Reads a line's `name=value name="some words"` pairs, as Core writes them: no escapes, no `"` inside a value.
struct LogFields {
  private let text: UnsafeRawBufferPointer
  private var at = 0

  init(_ text: UnsafeRawBufferPointer) { self.text = text }

  mutating func next() -> (name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer)? {
    while at < text.count, text[at] == UInt8(ascii: " ") { at += 1 }
    guard at < text.count else { return nil }
    let name = take { $0 == UInt8(ascii: "=") || $0 == UInt8(ascii: " ") }
    guard at < text.count, text[at] == UInt8(ascii: "=") else { return (name, part(at, at)) }
    at += 1
    guard at < text.count, text[at] == UInt8(ascii: "\"") else {
      return (name, take { $0 == UInt8(ascii: " ") })
    }
    at += 1
    let value = take { $0 == UInt8(ascii: "\"") }
    at += 1
    return (name, value)
  }

  private mutating func take(until isEnd: (UInt8) -> Bool) -> UnsafeRawBufferPointer {
    let start = at
    while at < text.count, !isEnd(text[at]) { at += 1 }
    return part(start, at)
  }

  private func part(_ from: Int, _ to: Int) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: text[from..<to])
  }
}

extension ByteBuffer {
  /// Appends `,"name":"value"`, or a bare number where the value is one, cut so that at most `limit` bytes lie here;
  /// false when nothing more fits.
  func append(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, upTo limit: Int) -> Bool {
    guard count + name.count + 8 <= limit else { return false }
    append(",\"")
    append(name)
    append("\":")
    if LogNumber.isOne(value), count + value.count <= limit {
      append(value)
      return true
    }
    append("\"")
    var end = value.count
    // Each escape takes one byte more; what is cut is cut between characters.
    let room = limit - count - 1
    var taken = 0
    for index in value.indices {
      taken += value[index] == UInt8(ascii: "\\") ? 2 : 1
      guard taken > room else { continue }
      end = index
      while end > 0, value[end] & 0xC0 == 0x80 { end -= 1 }
      break
    }
    for byte in value[..<end] {
      if byte == UInt8(ascii: "\\") { append(byte) }
      append(byte < 32 ? UInt8(ascii: " ") : byte)
    }
    append("\"")
    return end == value.count
  }
}

/// What JSON reads as a number, and every reader as the same one.
enum LogNumber {
  static func isOne(_ text: UnsafeRawBufferPointer) -> Bool {
    let digits = text.first == UInt8(ascii: "-") ? text.dropFirst() : text[...]
    let parts = digits.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
    guard let whole = parts.first, !whole.isEmpty, digits.count <= 16 else { return false }
    if whole.count > 1, whole.first == UInt8(ascii: "0") { return false }
    return parts.allSatisfy { !$0.isEmpty && $0.allSatisfy { (48...57).contains($0) } }
  }
}

extension LogLevel {
  /// Every level.
  static let all: [LogLevel] = [.debug, .info, .warning, .error]

  /// The word in lines and in the configuration.
  var word: String {
    switch self {
    case .debug: "debug"
    case .info: "info"
    case .warning: "warning"
    case .error: "error"
    }
  }
}
