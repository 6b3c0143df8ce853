import Base
import Market
import Wire

/// A fill in exactly the recorded shape, read in whole words without looking for anything:
///
///     {"coin":"…","px":"1.5","sz":"2.0","side":"B","time":1755857898644,"startPosition":"-3.0","dir":"Close Short",
///      "closedPnl":"0.1","hash":"0x…","oid":37907159219,"crossed":true,"fee":"0.004845","tid":1070455675927460
///
/// and then either `,"feeToken":"USDC","twapId":null}`, with or without a `cloid` of 34 characters before it, or
/// anything: the row is then handed back behind the tid. Takes rows with: the keys in this order without white space;
/// a coin of 1…16 plain ASCII characters; amounts of 1…10 digits, a point, 1…8 digits, with a minus where they may
/// have one; a size above zero; a time of 13 digits; one of eight labels; a hash of 64 hex digits; ids of 1…16 digits.
/// Everything else is left to the reader, which decides alone what is right: a row taken here is one the reader
/// would have read the same way (a differential test holds the two together).
/// Unsafe because it reads words; it never reads behind the message's end: no row of this shape is longer than
/// `reachMax`, and of shorter messages' ends it keeps away.
enum FillFastPath {
  /// Bytes a row may touch: its longest form is 490.
  static let reachMax = 512

  /// The coin that was looked up last: accounts trade few, and often the same one again.
  struct LastName {
    var head: UInt64 = 0
    var next: UInt64 = 0
    var length = 0
    var coin: CoinID?
  }

  /// Where a row's parts end.
  struct End {
    /// Behind the tid.
    var tid: UnsafePointer<UInt8>
    /// Behind the closing brace, when the rest is of the usual shape.
    var row: UnsafePointer<UInt8>?
  }

  /// Reads the row at `row` into an empty fill; `nil`, and the fill as it was, when it is not in the shape. `limit` is
  /// the message's end.
  @inline(__always)
  static func read(
    _ fill: inout Fill, at row: UnsafePointer<UInt8>, limit: UnsafePointer<UInt8>, _ coins: borrowing Coins,
    _ names: inout LastName
  ) -> End? {
    guard limit - row >= reachMax, matches(row, "{\"coin\":\""), let length = plainLength(row + 9) else {
      return nil
    }
    let name = row + 9
    var at = name + length
    guard matches(at, "\",\"px\":\"") else { return nil }
    at += 8
    guard let px = amount(&at), matches(at, "\",\"sz\":\"") else { return nil }
    at += 8
    guard let sz = amount(&at), sz > 0, matches(at, "\",\"side\":\""), matches(at + 11, "\",\"time\":") else {
      return nil
    }
    let letter = at[10]
    guard letter &- UInt8(ascii: "A") <= 1 else { return nil }
    guard let time = time(at + 20), matches(at + 33, ",\"startPosition\":\"") else { return nil }
    at += 51
    guard let start = signedAmount(&at), matches(at, "\",\"dir\":\"") else { return nil }
    at += 9
    guard let direction = direction(&at), matches(at, "\",\"closedPnl\":\"") else { return nil }
    at += 15
    guard let pnl = signedUsd(&at), matches(at, "\",\"hash\":\"0x"), let hash = TxHash(digits: at + 12),
      matches(at + 76, "\",\"oid\":")
    else { return nil }
    at += 84
    guard let oid = count(&at), matches(at, ",\"crossed\":") else { return nil }
    let isTaker = at[11] == UInt8(ascii: "t")
    guard isTaker ? matches(at + 11, "true,\"fee\":\"") : matches(at + 11, "false,\"fee\":\"") else {
      return nil
    }
    at += isTaker ? 23 : 24
    guard let fee = signedUsd(&at), matches(at, "\",\"tid\":") else { return nil }
    at += 8
    guard let tid = count(&at), at[0] == UInt8(ascii: ",") || at[0] == UInt8(ascii: "}") else { return nil }

    let (head, next) = (word(name, 0), word(name, 8))
    if names.length != length || names.head != head || names.next != next {
      names = LastName(
        head: head, next: next, length: length,
        coin: coins.find(UnsafeRawBufferPointer(start: name, count: length)))
    }
    fill.coin = names.coin
    fill.px = Px(raw: px)
    fill.sz = Sz(raw: sz)
    fill.side = letter == UInt8(ascii: "B") ? .buy : .sell
    fill.time = time
    fill.startPosition = Sz(raw: start)
    fill.direction = direction
    fill.closedPnl = Usd(micros: pnl)
    fill.hash = hash
    fill.oid = oid
    fill.isTaker = isTaker
    fill.fee = Usd(micros: fee)
    fill.tid = tid
    return End(tid: at, row: usualEnd(at))
  }

  /// The row's end when behind the tid follows what mostly does.
  @inline(__always)
  private static func usualEnd(_ tail: UnsafePointer<UInt8>) -> UnsafePointer<UInt8>? {
    var at = tail
    if matches(at, ",\"cloid\":\"") {
      guard isPlain(at + 10, count: 34), at[44] == UInt8(ascii: "\"") else { return nil }
      at += 45
    }
    return matches(at, ",\"feeToken\":\"USDC\",\"twapId\":null}") ? at + 33 : nil
  }

  /// Whether `count` bytes, at least eight, can stand in a string as they are.
  @inline(__always)
  private static func isPlain(_ bytes: UnsafePointer<UInt8>, count: Int) -> Bool {
    var stops = stringStops(word(bytes, count - 8))
    var at = 0
    while at + 8 < count {
      stops |= stringStops(word(bytes, at))
      at += 8
    }
    return stops == 0
  }

  /// `digits.digits`, `at` then standing behind them, as whole units and hundred-millionths.
  @inline(__always)
  private static func parts(_ at: inout UnsafePointer<UInt8>) -> (whole: UInt64, rest: UInt64)? {
    let first = word(at, 0)
    let wholeBits = nonDigits(first).trailingZeroBitCount & 0x78
    var whole: UInt64
    if wholeBits < 64 {
      guard wholeBits > 0 else { return nil }
      whole = digits(first &<< UInt64(64 &- wholeBits))
      at += wholeBits >> 3
    } else {
      let more = word(at, 8)
      let bits = nonDigits(more).trailingZeroBitCount & 0x78
      guard bits <= 16 else { return nil }
      whole = digits(first)
      if bits > 0 { whole = whole &* (bits == 8 ? 10 : 100) &+ digits(more &<< UInt64(64 &- bits)) }
      at += 8 + bits >> 3
    }
    guard at[0] == UInt8(ascii: ".") else { return nil }
    let second = word(at, 1)
    let bits = nonDigits(second).trailingZeroBitCount & 0x78
    guard bits > 0 else { return nil }
    at += 1 + bits >> 3
    // The fraction's digits stay in front: zeros behind them make it hundred-millionths.
    return (whole, digits(bits == 64 ? second : second & ((1 &<< UInt64(bits)) &- 1)))
  }

  /// An amount without a sign in units of 1e-8.
  @inline(__always)
  private static func amount(_ at: inout UnsafePointer<UInt8>) -> Int64? {
    guard let (whole, rest) = parts(&at) else { return nil }
    return Int64(truncatingIfNeeded: whole &* 100_000_000 &+ rest)
  }

  /// An amount in units of 1e-8.
  @inline(__always)
  private static func signedAmount(_ at: inout UnsafePointer<UInt8>) -> Int64? {
    let isNegative = at[0] == UInt8(ascii: "-")
    if isNegative { at += 1 }
    guard let value = amount(&at) else { return nil }
    return isNegative ? 0 &- value : value
  }

  /// An amount in millionths, rounded half away from zero.
  @inline(__always)
  private static func signedUsd(_ at: inout UnsafePointer<UInt8>) -> Int64? {
    let isNegative = at[0] == UInt8(ascii: "-")
    if isNegative { at += 1 }
    guard let (whole, rest) = parts(&at) else { return nil }
    let value = Int64(truncatingIfNeeded: whole &* 1_000_000 &+ (rest &+ 50) / 100)
    return isNegative ? 0 &- value : value
  }

  /// A time of 13 digits.
  @inline(__always)
  private static func time(_ at: UnsafePointer<UInt8>) -> WallTime? {
    let (high, low) = (word(at, 0), word(at, 8))
    guard nonDigits(high) | nonDigits(low) & 0x80_8080_8080 == 0, at[0] != UInt8(ascii: "0") else {
      return nil
    }
    return WallTime(ms: Int64(truncatingIfNeeded: digits(high) &* 100_000 &+ digits(low << 24)))
  }

  /// A number of 1…16 digits that does not begin with 0, `at` then standing behind it.
  @inline(__always)
  private static func count(_ at: inout UnsafePointer<UInt8>) -> UInt64? {
    guard at[0] != UInt8(ascii: "0") else { return nil }
    let high = word(at, 0)
    let highBits = nonDigits(high).trailingZeroBitCount & 0x78
    if highBits < 64 {
      guard highBits > 0 else { return nil }
      at += highBits >> 3
      return digits(high &<< UInt64(64 &- highBits))
    }
    let low = word(at, 8)
    let bits = nonDigits(low).trailingZeroBitCount & 0x78
    at += 8 + bits >> 3
    // A seventeenth digit is found by whoever looks at what must follow.
    return bits == 0 ? digits(high) : digits(high) &* power(bits >> 3) &+ digits(low &<< UInt64(64 &- bits))
  }

  /// One of the usual labels, `at` then standing behind it.
  @inline(__always)
  private static func direction(_ at: inout UnsafePointer<UInt8>) -> FillDirection? {
    let label: (FillDirection, Int)
    switch word(at, 0) {
    case word("Open Long") where at[8] == UInt8(ascii: "g"): label = (.openLong, 9)
    case word("Open Sho") where half(at, 8) == half("rt"): label = (.openShort, 10)
    case word("Close Lo") where half(at, 8) == half("ng"): label = (.closeLong, 10)
    case word("Close Sh") where matches(at, "Close Short"): label = (.closeShort, 11)
    case word("Long > S") where matches(at, "Long > Short"): label = (.longToShort, 12)
    case word("Short > ") where matches(at, "Short > Long"): label = (.shortToLong, 12)
    case word("Buy\",\"cl"): label = (.buy, 3)
    case word("Sell\",\"c"): label = (.sell, 4)
    default: return nil
    }
    at += label.1
    return label.0
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
