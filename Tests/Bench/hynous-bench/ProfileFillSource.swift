import Base
import Glibc

/// Pages of one account's fills, shaped like the exchange's: position walks in some coins, orders that sweep several
/// makers within a millisecond, the keys in the recorded order, the optional ones as often as recorded.
struct ProfileFillSource {
  private struct Walk {
    var name: String
    /// Price in units of 10^-`places`.
    var px: Int64
    var places: Int
    /// Position in units of 10^-`szPlaces`.
    var szi: Int64 = 0
    var szPlaces: Int
  }

  private var random: PRNG
  private var walks: [Walk] = []
  private var timeMs: Int64 = 1_790_000_000_000
  private var oid: UInt64 = 307_033_000_000

  init(coins: Int, seed: UInt64) {
    random = PRNG(seed: seed)
    for index in 0..<coins {
      let places = index == 0 ? 1 : random.below(6)
      walks.append(
        Walk(
          name: FrameSource.name(index), px: Int64(10_000 + random.below(90_000)), places: places,
          szPlaces: 5 - places))
    }
  }

  /// Appends a page of `rows` fills, oldest first.
  mutating func appendPage(rows: Int, to line: ByteBuffer) {
    line.append("[")
    var written = 0
    while written < rows {
      timeMs += 1 + Int64(random.below(60_000))
      oid += 1 + random.next() & 0xffff
      let coin = min(random.below(walks.count), random.below(walks.count))
      var isBuy = random.chance(0.5)
      if walks[coin].szi != 0, random.chance(0.6) { isBuy = walks[coin].szi < 0 }
      let hash = hex(64)
      let cloid = random.chance(0.37) ? ",\"cloid\":\"0x\(hex(32))\"" : ""
      let isTaker = random.chance(0.5)
      for _ in 0..<min(rows - written, random.chance(0.6) ? 1 : 1 + random.below(8)) {
        if written > 0 { line.append(",") }
        append(coin, isBuy, isTaker, hash, cloid, to: line)
        written += 1
      }
    }
    line.append("]")
  }

  private mutating func append(
    _ coin: Int, _ isBuy: Bool, _ isTaker: Bool, _ hash: String, _ cloid: String, to line: ByteBuffer
  ) {
    var walk = walks[coin]
    walk.px = max(walk.px + Int64(random.below(41)) - 20, 5_000)
    var sz = Int64(1 + random.below(3_000))
    let start = walk.szi
    if start != 0, (start > 0) != isBuy, random.chance(0.5) { sz = abs(start) }
    walk.szi += isBuy ? sz : -sz
    let closes = start != 0 && (start > 0) != isBuy
    let label =
      !closes
      ? "Open \(isBuy ? "Long" : "Short")"
      : sz <= abs(start) ? "Close \(isBuy ? "Short" : "Long")" : isBuy ? "Short > Long" : "Long > Short"
    let pnl = closes ? text(Int64(random.below(200_000_000)) - 95_000_000, 6) : "0.0"
    walks[coin] = walk
    let liquidation = random.chance(0.04) ? mark(walk) : ""
    line.append(
      utf8:
        "{\"coin\":\"\(walk.name)\",\"px\":\"\(text(walk.px, walk.places))\",\"sz\":\"\(text(sz, walk.szPlaces))\","
        + "\"side\":\"\(isBuy ? "B" : "A")\",\"time\":\(timeMs),"
        + "\"startPosition\":\"\(text(start, walk.szPlaces))\",\"dir\":\"\(label)\",\"closedPnl\":\"\(pnl)\","
        + "\"hash\":\"0x\(hash)\",\"oid\":\(oid),\"crossed\":\(isTaker),"
        + "\"fee\":\"\(text(Int64(random.below(2_000_000)), 6))\",\"tid\":\(1 + random.next() >> 14)\(cloid)"
        + "\(liquidation),\"feeToken\":\"USDC\",\"twapId\":null}")
  }

  private mutating func mark(_ walk: Walk) -> String {
    ",\"liquidation\":{\"liquidatedUser\":\"0x\(hex(40))\",\"markPx\":\"\(text(walk.px, walk.places))\","
      + "\"method\":\"market\"}"
  }

  private mutating func hex(_ digits: Int) -> String {
    var text = ""
    while text.utf8.count < digits {
      let word = String(random.next(), radix: 16)
      text += String(repeating: "0", count: 16 - word.utf8.count) + word
    }
    return String(text.prefix(digits))
  }

  /// A whole number of 10^-`places` as the exchange writes it: no zeros at the end, one digit behind the point at least.
  private func text(_ value: Int64, _ places: Int) -> String {
    var unit: Int64 = 1
    for _ in 0..<places { unit *= 10 }
    var fraction = places == 0 ? "" : String(value.magnitude % UInt64(unit))
    fraction = String(repeating: "0", count: places - fraction.utf8.count) + fraction
    while fraction.utf8.last == UInt8(ascii: "0") { fraction.removeLast() }
    return "\(value < 0 ? "-" : "")\(value.magnitude / UInt64(unit)).\(fraction.isEmpty ? "0" : fraction)"
  }
}
