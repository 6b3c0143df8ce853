// Rows no program of ours would write, drawn from the fuzzer's bytes.
import Base
import Store

/// The fuzzer's bytes, one after the other; zeros behind their end.
struct FuzzBytes {
  private let bytes: UnsafeRawBufferPointer
  private var at = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  var isAtEnd: Bool { at >= bytes.count }

  mutating func next() -> UInt8 {
    defer { at += 1 }
    return at < bytes.count ? bytes[at] : 0
  }

  mutating func word() -> UInt64 { (0..<8).reduce(0) { sum, _ in sum << 8 | UInt64(next()) } }

  /// At most `count` of the bytes to come.
  mutating func take(_ count: Int) -> UnsafeRawBufferPointer {
    let taken = min(count, max(0, bytes.count - at))
    defer { at += taken }
    guard taken > 0 else { return .init(start: nil, count: 0) }
    return UnsafeRawBufferPointer(rebasing: bytes[at..<(at + taken)])
  }
}

/// Turns bytes into rows of any table, any storage class in any column.
struct FuzzRows {
  static let now = WallTime(ms: 1_795_353_385_000)
  private static let words = [
    "", "long", "short", "BTC", "ETH", "kX", "xyz:BTC", "swing", "entry", "flip", "any_trade", "BTC,ETH",
  ]

  /// An INSERT of one row, its shape drawn from `bytes`.
  static func insert(_ bytes: inout FuzzBytes) -> String {
    let table = Table.all[Int(bytes.next()) % Table.all.count]
    let values = table.columns.map { column in value(&bytes, column) }
    let names = table.columns.map(\.name).joined(separator: ",")
    return "INSERT OR REPLACE INTO \(table.name) (\(names)) VALUES (\(values.joined(separator: ",")))"
  }

  private static func value(_ bytes: inout FuzzBytes, _ column: Table.Column) -> String {
    switch bytes.next() % 16 {
    case 0: "NULL"
    case 1: "\(Int8(bitPattern: bytes.next()))"
    case 2: integer(Int64(bitPattern: bytes.word()))
    case 3: real(Double(bitPattern: bytes.word()))
    case 4: "CAST(\(blob(&bytes)) AS TEXT)"
    case 5: blob(&bytes)
    case 6: "'\(words[Int(bytes.next()) % words.count])'"
    case 7: real(now.seconds + Double(Int8(bitPattern: bytes.next())) * 7_200)
    case 8:
      ["9e999", "-9e999", "-0.0", "5e-324", "9223372036854775807", "-9223372036854775808"][
        Int(bytes.next()) % 6]
    default: likely(&bytes, column)
    }
  }

  /// What a column of that name holds in a healthy file.
  private static func likely(_ bytes: inout FuzzBytes, _ column: Table.Column) -> String {
    let byte = bytes.next()
    switch (column.kind, column.name) {
    case (.text, "address"), (.text, "vault_address"):
      return "'0x\(String(repeating: "0123456789abcdef".dropFirst(Int(byte % 8)).first!, count: 40))'"
    case (.text, "coin"), (.text, "side"), (.text, _): return "'\(words[Int(byte) % words.count])'"
    case (.integer, _): return "\(byte)"
    case (.real, let name) where name.hasSuffix("_at") || name.hasSuffix("_seen") || name.hasSuffix("_time"):
      return real(now.seconds - Double(byte) * 16)
    case (.real, _): return real(Double(byte) * 12.5)
    }
  }

  private static func blob(_ bytes: inout FuzzBytes) -> String {
    let hex = bytes.take(Int(bytes.next() % 48)).map {
      String($0 >> 4, radix: 16) + String($0 & 15, radix: 16)
    }
    return "X'\(hex.joined())'"
  }

  private static func integer(_ value: Int64) -> String {
    value == .min ? "(-9223372036854775807 - 1)" : "\(value)"
  }

  /// SQLite writes infinity as a number too large; it has no NaN but NULL.
  private static func real(_ value: Double) -> String {
    if value.isNaN { return "NULL" }
    return value.isFinite ? "\(value)" : value < 0 ? "-9e999" : "9e999"
  }
}
