import Base
import Market

/// Writes what the exchange sends, in its own hand: compact JSON, decimals as strings.
///
/// The simulated exchange shares no text code with the daemon on purpose: a fault in the daemon's reader or
/// writer then shows as a disagreement instead of cancelling out. Rare and small, so it stays simple.
struct ReplyText {
  let out: ByteBuffer

  init(_ out: ByteBuffer) { self.out = out }

  /// Text that is already JSON.
  func raw(_ text: StaticString) { out.append(text) }

  /// Text that is already JSON.
  func raw(_ text: String) { out.append(utf8: text) }

  /// A whole number.
  func int(_ value: Int64) {
    if value < 0 { out.append(UInt8(ascii: "-")) }
    digits(value.magnitude, atLeast: 1)
  }

  /// A whole number.
  func int(_ value: Int) { int(Int64(value)) }

  /// `value × 10^-decimals` in quotes, trailing zeros cut but for one decimal: `"84981.0"`, `"-0.25"`.
  func decimal(_ value: Int64, _ decimals: Int) {
    out.append(UInt8(ascii: "\""))
    number(value, decimals)
    out.append(UInt8(ascii: "\""))
  }

  /// The same without quotes.
  func number(_ value: Int64, _ decimals: Int) {
    if value < 0 { out.append(UInt8(ascii: "-")) }
    let unit = UInt64(WorldCoin.power(decimals))
    digits(value.magnitude / unit, atLeast: 1)
    out.append(UInt8(ascii: "."))
    var fraction = value.magnitude % unit
    var places = decimals
    while places > 1 && fraction % 10 == 0 {
      fraction /= 10
      places -= 1
    }
    digits(fraction, atLeast: max(places, 1))
  }

  /// Micro-dollars as a decimal string.
  func usd(_ micros: Int64) { decimal(micros, 6) }

  /// A price in ticks.
  func px(_ ticks: Int64, _ coin: WorldCoin) { decimal(ticks, coin.pxDecimals) }

  /// A size in lots.
  func sz(_ lots: Int64, _ coin: WorldCoin) { decimal(lots, coin.szDecimals) }

  private func digits(_ value: UInt64, atLeast count: Int) {
    let room = out.reserve(24)
    var length = 0
    var rest = value
    repeat {
      room.storeBytes(of: UInt8(ascii: "0") + UInt8(rest % 10), toByteOffset: length, as: UInt8.self)
      rest /= 10
      length += 1
    } while rest > 0 || length < count
    let bytes = room.assumingMemoryBound(to: UInt8.self)
    var left = 0
    var right = length - 1
    while left < right {
      (bytes[left], bytes[right]) = (bytes[right], bytes[left])
      left += 1
      right -= 1
    }
    out.commit(length)
  }

  /// A JSON string, escaped.
  func string(_ text: String) {
    out.append(UInt8(ascii: "\""))
    escaped(text)
    out.append(UInt8(ascii: "\""))
  }

  /// The inside of a JSON string, escaped.
  func escaped(_ text: String) {
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""): out.append("\\\"")
      case UInt8(ascii: "\\"): out.append("\\\\")
      case UInt8(ascii: "\n"): out.append("\\n")
      case 0..<0x20:
        out.append("\\u00")
        hex(UInt64(byte), 2)
      default: out.append(byte)
      }
    }
  }

  /// `count` lower-case hexadecimal digits of `value`.
  func hex(_ value: UInt64, _ count: Int) {
    for digit in stride(from: count - 1, through: 0, by: -1) {
      let nibble = UInt8(truncatingIfNeeded: value >> (4 * UInt64(digit))) & 15
      out.append(nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") - 10 + nibble)
    }
  }

  /// An address in quotes.
  func address(_ address: Address) {
    out.append("\"0x")
    hex(address.a, 16)
    hex(address.b, 16)
    hex(UInt64(address.c), 8)
    out.append(UInt8(ascii: "\""))
  }

  /// An order's hash in quotes: decided by its number, all-zero when bit 63 is set.
  func hash(_ order: UInt64) {
    out.append("\"0x")
    if order >> 63 == 1 {
      for _ in 0..<4 { hex(0, 16) }
    } else {
      var generator = PRNG(seed: order)
      for _ in 0..<4 { hex(generator.next(), 16) }
    }
    out.append(UInt8(ascii: "\""))
  }
}
