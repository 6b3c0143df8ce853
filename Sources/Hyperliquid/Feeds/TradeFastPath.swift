import Market
import Wire

/// A trade row in exactly the recorded shape, read in whole words without looking for anything:
///
///     {"coin":"…","side":"B","px":"1.5","sz":"2.0","time":1787047505157,"hash":"0x…","tid":284971718326268,
///      "users":["0x…","0x…"]}
///
/// Takes rows with: the eight keys in this order without white space; a coin of 1…16 plain ASCII characters; px
/// and sz of 1…7 digits, a point, 1…7 digits, above zero; a time of 13 digits; a hash of 66 plain ASCII
/// characters; a tid of 9…16 digits; two addresses. Everything else is left to the reader, which decides alone
/// what is right: a row taken here is one the reader would have read the same way (a differential test and a
/// fuzz target hold the two together).
/// Unsafe because it reads words; it never reads behind the message's end: three checks cover all it touches.
struct TradeFastPath {
  /// A name as it lies in a row. Equal ones are the same name; of the same name there may be different ones, since
  /// what lies behind a short name belongs to it.
  struct Name: Equatable {
    var head: UInt64
    var next: UInt64
    var length: Int

    static var none: Name { Name(head: 0, next: 0, length: 0) }
  }

  var coin: UnsafeRawBufferPointer
  var name: Name
  var side: Side
  var px: Int64
  var sz: Int64
  var time: Int64
  var tid: UInt64
  var buyer: Address
  var seller: Address
  /// Behind the closing brace.
  var end: UnsafePointer<UInt8>

  /// The row at `row`; `nil` when it is not in the shape. `limit` is the message's end.
  @inline(__always)
  init?(at row: UnsafePointer<UInt8>, limit: UnsafePointer<UInt8>) {
    // Up to the end of the time at most 9 + 16 + 19 + 15 + 8 + 15 + 9 + 16 bytes are touched.
    guard limit - row >= 200 else { return nil }
    guard word(row, 0) == word("{\"coin\":"), row[8] == UInt8(ascii: "\"") else { return nil }
    let name = row + 9
    guard let length = plainLength(name) else { return nil }
    coin = UnsafeRawBufferPointer(start: name, count: length)
    self.name = Name(head: word(name, 0), next: word(name, 8), length: length)

    let sidePart = name + length
    guard word(sidePart, 0) == word("\",\"side\""), half(sidePart, 8) == half(":\""),
      word(sidePart, 11) == word("\",\"px\":\"")
    else { return nil }
    let letter = sidePart[10]
    guard letter &- UInt8(ascii: "A") <= 1 else { return nil }
    side = letter == UInt8(ascii: "B") ? .buy : .sell

    var at = sidePart + 19
    guard let px = TradeFastPath.decimal(&at), word(at, 0) == word("\",\"sz\":\"") else { return nil }
    at += 8
    guard let sz = TradeFastPath.decimal(&at), word(at, 0) == word("\",\"time\""), at[8] == UInt8(ascii: ":")
    else { return nil }
    self.px = px
    self.sz = sz

    let high = word(at, 9)
    let low = word(at, 17)
    guard nonDigits(high) | nonDigits(low) & 0x80_8080_8080 == 0 else { return nil }
    time = Int64(truncatingIfNeeded: digits(high) &* 100_000 &+ digits(low << 24))
    guard time >= 1_000_000_000_000 else { return nil }

    // 8 + 1 + 66 + 8 up to the tid, at least 9 digits, 101 for the users.
    let hash = at + 22
    guard limit - hash >= 83 + 9 + 101 else { return nil }
    guard word(hash, 0) == word(",\"hash\":"), hash[8] == UInt8(ascii: "\""), isPlain66(hash + 9),
      word(hash, 75) == word("\",\"tid\":")
    else { return nil }
    let tidPart = hash + 83
    guard let (tid, tidLength) = TradeFastPath.tid(tidPart) else { return nil }
    self.tid = tid

    let users = tidPart + tidLength
    guard limit - users >= 101, word(users, 0) == word(",\"users\""), word(users, 5) == word("rs\":[\"0x"),
      word(users, 50) >> 24 == word("xxx\",\"0x") >> 24, half(users, 98) == half("\"]"),
      users[100] == UInt8(ascii: "}"), let buyer = Address(digits: users + 13),
      let seller = Address(digits: users + 58)
    else { return nil }
    self.buyer = buyer
    self.seller = seller
    end = users + 101
  }

  /// `digits.digits` up to a quote, `at` then standing on it, in units of 1e-8; `nil` outside 1…7 digits each, and
  /// for zero.
  @inline(__always)
  private static func decimal(_ at: inout UnsafePointer<UInt8>) -> Int64? {
    let first = word(at, 0)
    let whole = nonDigits(first).trailingZeroBitCount & 0x78
    let second = word(at, whole >> 3 + 1)
    let fraction = nonDigits(second).trailingZeroBitCount & 0x78
    guard whole > 0, whole < 64, fraction > 0, fraction < 64, at[whole >> 3] == UInt8(ascii: ".") else {
      return nil
    }
    at += whole >> 3 + 1 + fraction >> 3
    let unit = digits(first &<< UInt64(64 &- whole))
    // The fraction's digits stay in front: zeros behind them make it hundred-millionths.
    let rest = digits(second & ((1 &<< UInt64(fraction)) &- 1))
    let value = unit &* 100_000_000 &+ rest
    return value > 0 ? Int64(truncatingIfNeeded: value) : nil
  }

  /// A number of 9…16 digits that does not begin with 0, and its length.
  @inline(__always)
  private static func tid(_ at: UnsafePointer<UInt8>) -> (UInt64, Int)? {
    let high = word(at, 0)
    let low = word(at, 8)
    let bits = nonDigits(low).trailingZeroBitCount & 0x78
    guard nonDigits(high) == 0, bits > 0, at[0] != UInt8(ascii: "0") else { return nil }
    let value = digits(high) &* TradeFastPath.power(bits >> 3) &+ digits(low &<< UInt64(64 &- bits))
    return (value, 8 + bits >> 3)
  }

  @inline(__always)
  private static func power(_ exponent: Int) -> UInt64 {
    switch exponent {
    case 1: 10
    case 2: 100
    case 3: 1000
    case 4: 10000
    case 5: 100000
    case 6: 1_000_000
    case 7: 10_000_000
    default: 100_000_000
    }
  }
}
