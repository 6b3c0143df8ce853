import Base
import Hyperliquid
import Market
import Testing
import Wire

/// The fast path of fills takes exactly what the reader takes, and says the same of it.
@Suite("Fills by words and by the reader") struct FillFastPathTests {
  /// What a decoder says of a page.
  struct Outcome: Equatable {
    var fills: [Fill] = []
    var counts: [Int] = []
    var error: JSONError?
  }

  /// Decodes both ways. White space behind the page lets the fast path look at the last row too.
  static func compare(_ page: [UInt8], room: Int = 600, _ comment: String = "") -> Outcome {
    let buffer = ByteBuffer(capacity: page.count + room + 64)
    page.withUnsafeBytes { buffer.append($0) }
    for _ in 0..<room { buffer.append(UInt8(ascii: " ")) }
    var outcomes: [Outcome] = []
    for slowly in [false, true] {
      var fills = Fills()
      var outcome = Outcome()
      do throws(JSONError) {
        if slowly {
          try fills.decodeSlowly(body: buffer.bytes, coins: Captures.coins)
        } else {
          try fills.decode(body: buffer.bytes, coins: Captures.coins)
        }
      } catch { outcome.error = error }
      outcome.fills = fills.fills
      outcome.counts = [fills.invalid, fills.dropped]
      outcomes.append(outcome)
    }
    #expect(outcomes[0] == outcomes[1], "\(comment)\(String(decoding: page, as: UTF8.self))")
    return outcomes[0]
  }

  static func pick<Value>(_ random: inout PRNG, _ usual: Value, _ others: [Value]) -> Value {
    random.chance(0.04) ? others[random.below(others.count)] : usual
  }

  static func amount(_ random: inout PRNG) -> String {
    let digits = { (random: inout PRNG, most: Int) in
      String((0..<random.below(most + 1)).map { _ in Character("\(random.below(10))") })
    }
    if random.chance(0.05) {
      let odd = ["0.0", "-0.0", "0", "1.", ".5", "1e5", "-1.5e-1", "--1.0", "+1.0", "007.10", "", "1.5x"]
      return odd[random.below(odd.count)]
    }
    return (random.chance(0.3) ? "-" : "") + "\(random.below(10))" + digits(&random, 11) + ".5"
      + digits(&random, 8)
  }

  static func hex(_ random: inout PRNG, _ count: Int) -> String {
    let letters = Array("0123456789abcdefABCDEF")
    return String((0..<count).map { _ in letters[random.below(random.chance(0.1) ? 22 : 16)] })
  }

  /// A row of the recorded shape, odd in a place now and then.
  static func row(_ random: inout PRNG) -> String {
    let coin = pick(
      &random, random.chance(0.5) ? "BTC" : "ETH", ["NEW", "", "A234567890123456", "B\\u0054C", "é"])
    let side = pick(&random, random.chance(0.5) ? "A" : "B", ["C", "a", ""])
    let time = pick(
      &random, "1755857898644", ["175585789864", "17558578986440", "0755857898644", "null", "1.5"])
    let labels = [
      "Open Long", "Open Short", "Close Long", "Close Short", "Long > Short", "Short > Long", "Buy", "Sell",
      "Settlement", "Open Lond", "Close Shorts", "Liquidated Cross Long", "", "Open\\u0020Long",
    ]
    let dir = labels[random.below(random.chance(0.2) ? labels.count : 8)]
    let hash = pick(
      &random, "0x" + hex(&random, 64), ["0x" + hex(&random, 63), "0x" + hex(&random, 63) + "g", "é"])
    let oid = pick(
      &random, "\(1 + random.next() >> (10 + random.below(52)))", ["0", "-1", "12345678901234567", "1.0"])
    let tid = pick(
      &random, "\(1 + random.next() >> (14 + random.below(48)))", ["0", "null", "12345678901234567", "1e3"])
    let crossed = pick(&random, random.chance(0.5) ? "true" : "false", ["null", "tru", "1"])
    let keys = ["", ",\"cloid\":\"0x\(hex(&random, 32))\"", ",\"builderFee\":\"0.01\"", ",\"cloid\":null"]
    let marks = [
      "", "", "", "",
      ",\"liquidation\":{\"liquidatedUser\":\"0x\(hex(&random, 40))\",\"markPx\":\"1.5\",\"method\":\"market\"}",
      ",\"px\":\"77.0\"", ",\"cloid\":\"0x\(String(repeating: "é", count: 16))\"", " ",
    ]
    let tail = pick(
      &random, ",\"feeToken\":\"USDC\",\"twapId\":null}",
      [
        ",\"feeToken\":\"HYPE\",\"twapId\":12}", "}", ",\"feeToken\":\"USDC\"}",
        ", \"feeToken\":\"USDC\",\"twapId\":null}",
      ])
    return
      "{\"coin\":\"\(coin)\",\"px\":\"\(amount(&random))\",\"sz\":\"\(amount(&random))\",\"side\":\"\(side)\","
      + "\"time\":\(time),\"startPosition\":\"\(amount(&random))\",\"dir\":\"\(dir)\","
      + "\"closedPnl\":\"\(amount(&random))\",\"hash\":\"\(hash)\",\"oid\":\(oid),\"crossed\":\(crossed),"
      + "\"fee\":\"\(amount(&random))\",\"tid\":\(tid)\(keys[random.below(keys.count)])"
      + "\(marks[random.below(marks.count)])\(tail)"
  }

  @Test("Pages of rows around the shape", arguments: 0..<6)
  func pages(seed: UInt64) {
    var random = PRNG(seed: seed)
    var kept = 0
    for _ in 0..<400 {
      let rows = (0..<random.below(6)).map { _ in Self.row(&random) }
      kept += Self.compare(Array("[\(rows.joined(separator: ","))]".utf8)).fills.count
    }
    #expect(kept > 100)
  }

  @Test("Every byte of a row changed")
  func everyByte() {
    let row =
      "{\"coin\":\"BTC\",\"px\":\"4307.4\",\"sz\":\"0.0025\",\"side\":\"B\",\"time\":1755857898644,"
      + "\"startPosition\":\"-12345678.5\",\"dir\":\"Close Short\",\"closedPnl\":\"-0.09994051\","
      + "\"hash\":\"0x7d6e6ad7ce8fdfdf7ee8041907273d010f0082bd6982feb12137162a8d83b9ca\",\"oid\":37907159219,"
      + "\"crossed\":true,\"fee\":\"0.004845\",\"tid\":1070455675927460,"
      + "\"cloid\":\"0x508000013026000baaf2c90000029605\",\"feeToken\":\"USDC\",\"twapId\":null}"
    let page = Array("[\(row)]".utf8)
    let whole = Self.compare(page)
    #expect(whole.fills.count == 1 && whole.fills.first?.closedPnl == Usd(micros: -99_941))
    #expect(whole.fills.first?.startPosition == Sz(raw: -1_234_567_850_000_000))
    for index in page.indices {
      for byte in [
        UInt8(ascii: "\""), 0x5C, 0x1F, 0x20, 0x30, 0x39, 0x2D, 0x2E, 0x2C, 0x7D, 0x41, 0x80, 0xC3,
      ] {
        var changed = page
        changed[index] = byte
        _ = Self.compare(changed, "byte \(index): ")
      }
      _ = Self.compare(Array(page[..<index]), "cut at \(index): ")
    }
  }

  @Test("A page's last rows are read without room behind them")
  func lastRows() {
    var random = PRNG(seed: 9)
    for room in 0..<3 {
      let rows = (0..<4).map { _ in Self.row(&random) }
      _ = Self.compare(Array("[\(rows.joined(separator: ","))]".utf8), room: room)
    }
  }
}
