/// Info requests: answers, pages, weights, refusals.
import Base
import Market
import Testing

@testable import Simulator

@Suite("Exchange: info")
struct ExchangeInfoTests {
  static func hex(_ address: Address) -> String {
    let out = ByteBuffer()
    ReplyText(out).address(address)
    return String(decoding: out.bytes, as: UTF8.self)
  }

  @Test("decimals are printed as the exchange prints them")
  func decimals() {
    func text(_ value: Int64, _ decimals: Int) -> String {
      let out = ByteBuffer()
      ReplyText(out).decimal(value, decimals)
      return String(decoding: out.bytes, as: UTF8.self)
    }
    #expect(text(849_810, 1) == "\"84981.0\"")
    #expect(text(0, 6) == "\"0.0\"")
    #expect(text(7, 0) == "\"7.0\"")
    #expect(text(-250_000, 6) == "\"-0.25\"")
    #expect(text(1, 10) == "\"0.0000000001\"")
    #expect(text(1_229_927, 4) == "\"122.9927\"")
    #expect(text(Int64.min + 1, 6) == "\"-9223372036854.775807\"")
  }

  @Test(
    "malformed and unknown requests get 422 and plain text",
    arguments: [
      "", "nonsense", "{}", "[]", "null", #"{"type":"nonsense"}"#, #"{"type":7}"#, #"{"type":"l2Book"}"#,
      #"{"type":"meta","dex":7}"#, #"{"type":"clearinghouseState"}"#, #"{"type":"meta"} x"#,
      #"{"type":"clearinghouseState","user":"0x12"}"#, #"{"type":"l2Book","coin":"BTC","nSigFigs":9}"#,
      #"{"type":"userFillsByTime","user":"0x010461c14e146ac35fe42271bdc1134ee31c703a"}"#,
      #"{"type":"userFillsByTime","user":"0x010461c14e146ac35fe42271bdc1134ee31c703a","startTime":"1"}"#,
      #"{"type":"clearinghouseState","user":"0x010461c14e146ac35fe42271bdc1134ee31c70zz"}"#,
      #"{"type":"liquidations"}"#, String(repeating: "[", count: 1000),
    ])
  func refusals(body: String) {
    let exchange = busyExchange()
    let reply = exchange.ask(body)
    #expect(reply.status == 422)
    #expect(reply.body == "Failed to deserialize the JSON body into the target type")
    #expect(exchange.use(of: 1).weightPeak == 0)
  }

  @Test(
    "what nobody knows is null",
    arguments: [
      #"{"type":"l2Book","coin":"NOPE"}"#, #"{"type":"meta","dex":"nope"}"#,
      #"{"type":"vaultDetails","vaultAddress":"0x00000000000000000000000000000000000000aa"}"#,
    ])
  func nulls(body: String) {
    let reply = busyExchange().ask(body)
    #expect(reply.status == 200 && reply.body == "null")
  }

  @Test("addresses are taken in any case, an unknown one is an empty account")
  func addresses() throws {
    let exchange = busyExchange()
    let lower = try exchange.answer(
      #"{"type":"clearinghouseState","user":"0x010461c14e146ac35fe42271bdc1134ee31c703a"}"#)
    let upper = try exchange.answer(
      #"{"type":"clearinghouseState","user":"0x010461C14E146AC35FE42271BDC1134EE31C703A"}"#)
    #expect(lower == upper)
    #expect(lower["assetPositions"]?.elements.isEmpty == false)
    let nobody = try exchange.answer(
      #"{"type":"clearinghouseState","user":"0x00000000000000000000000000000000000000aa"}"#)
    #expect(nobody["assetPositions"]?.elements.isEmpty == true)
    #expect(nobody["marginSummary"]?["accountValue"]?.text == "0.0")
  }

  @Test("an account's summary adds up to its positions", arguments: [1, 2, 3])
  func clearinghouseArithmetic(seed: UInt64) throws {
    let exchange = busyExchange(seed: seed)
    exchange.world.advance(to: WallTime(ms: exchange.world.now.ms + 600_000))
    exchange.limits.weightPerMin = 1_000_000
    var positions = 0
    for index in 0..<exchange.world.accountCount {
      for dex in ["", "xyz"] {
        let user = ExchangeInfoTests.hex(exchange.world.address(index))
        let state = try exchange.answer(#"{"type":"clearinghouseState","user":\#(user),"dex":"\#(dex)"}"#)
        positions += try check(state)
      }
    }
    #expect(positions > 50)
  }

  /// Checks one state; answers how many positions it had.
  private func check(_ state: RequestValue) throws -> Int {
    func usd(_ value: RequestValue?, _ key: String) throws -> Int64 { try #require(value?[key]?.micros) }
    let all = state["marginSummary"]
    let cross = state["crossMarginSummary"]
    var (ntl, signed, used, crossUsed) = (Int64(0), Int64(0), Int64(0), Int64(0))
    let rows = state["assetPositions"]?.elements ?? []
    for row in rows {
      let position = try #require(row["position"])
      let value = try usd(position, "positionValue")
      let isLong = position["szi"]?.text?.hasPrefix("-") == false
      let margin = try usd(position, "marginUsed")
      ntl += value
      signed += isLong ? value : -value
      used += margin
      let leverage = try #require(position["leverage"])
      if leverage["type"]?.text == "isolated" {
        #expect(try usd(leverage, "rawUsd") + (isLong ? value : -value) == margin)
      } else {
        crossUsed += margin
        #expect(margin == value / (try #require(leverage["value"]?.int)))
      }
      #expect(position.keys.contains("liquidationPx"))
    }
    #expect(try usd(all, "totalNtlPos") == ntl)
    #expect(try usd(all, "totalMarginUsed") == used)
    #expect(try usd(cross, "totalMarginUsed") == crossUsed)
    #expect(try usd(all, "accountValue") == usd(all, "totalRawUsd") + signed)
    let isolated = used - crossUsed
    #expect(try usd(all, "accountValue") == usd(cross, "accountValue") + isolated)
    #expect(try #require(state["withdrawable"]?.micros) >= 0)
    return rows.count
  }

  @Test("fills come in pages of 2000, oldest first, startTime inclusive, and cover the history")
  func fillPages() throws {
    let exchange = busyExchange(tradesPerSecond: 40)
    exchange.limits.weightPerMin = 1_000_000
    exchange.world.advance(to: WallTime(ms: exchange.world.now.ms + 900_000))
    let maker = try #require(exchange.world.accounts.first { $0.kind == .maker && $0.fills.count > 4_500 })
    let user = ExchangeInfoTests.hex(maker.address)
    var start: Int64 = 0
    var seen: Set<String> = []
    var last: Int64 = 0
    while true {
      let page = try exchange.answer(#"{"type":"userFillsByTime","user":\#(user),"startTime":\#(start)}"#)
        .elements
      #expect(page.count <= 2000)
      for row in page {
        let time = try #require(row["time"]?.int)
        #expect(time >= last)
        last = time
        seen.insert("\(row["coin"]?.text ?? "") \(row["tid"]?.int ?? 0) \(time)")
      }
      if page.count < 2000 { break }
      #expect(last > start)
      start = last
    }
    #expect(seen.count == maker.fills.count)
    let newest = try exchange.answer(#"{"type":"userFills","user":\#(user)}"#).elements
    #expect(newest.count == 2000)
    #expect(newest.first?["time"]?.int == last)
    let times = newest.compactMap { $0["time"]?.int }
    #expect(times == times.sorted(by: >))
  }

  @Test("weight: base and items over a sliding minute, 429 beyond it, room again after it")
  func weights() throws {
    let exchange = busyExchange()
    let start = exchange.world.now
    for _ in 0..<60 { #expect(exchange.ask(#"{"type":"meta"}"#, from: 7, at: start).status == 200) }
    #expect(exchange.weight(of: 7, now: start) == 1200)
    let refused = exchange.ask(#"{"type":"exchangeStatus"}"#, from: 7, at: WallTime(ms: start.ms + 59_999))
    #expect(refused.status == 429 && refused.body == "null")
    #expect(exchange.ask(#"{"type":"meta"}"#, from: 8).status == 200)
    #expect(exchange.ask(#"{"type":"meta"}"#, from: 7, at: WallTime(ms: start.ms + 60_000)).status == 200)
    #expect(exchange.use(of: 7).refusedRequests == 1)
    #expect(exchange.use(of: 7).weightPeak == 1200)
    #expect(exchange.use(of: 8).isClean)
  }

  @Test("a page of fills costs one more weight per 20 rows")
  func surcharge() throws {
    let exchange = busyExchange(tradesPerSecond: 40)
    exchange.world.advance(to: WallTime(ms: exchange.world.now.ms + 600_000))
    let maker = try #require(exchange.world.accounts.first { $0.kind == .maker && $0.fills.count > 2_000 })
    _ = try exchange.answer(
      #"{"type":"userFillsByTime","user":\#(ExchangeInfoTests.hex(maker.address)),"startTime":0}"#)
    #expect(exchange.weight(of: 1, now: exchange.world.now) == 120)
    _ = try exchange.answer(#"{"type":"l2Book","coin":"BTC"}"#)
    #expect(exchange.weight(of: 1, now: exchange.world.now) == 122)
  }

  @Test("vaults: HLP names its children, which are vaults with positions")
  func vaults() throws {
    let exchange = busyExchange()
    exchange.world.advance(to: WallTime(ms: exchange.world.now.ms + 600_000))
    let parent = ExchangeInfoTests.hex(exchange.world.vaultAddresses[0])
    let details = try exchange.answer(#"{"type":"vaultDetails","vaultAddress":\#(parent)}"#)
    #expect(details["relationship"]?["type"]?.text == "parent")
    let children = details["relationship"]?["data"]?["childAddresses"]?.elements ?? []
    #expect(children.count == exchange.world.vaultAddresses.count - 1)
    for child in children.prefix(3) {
      let text = try #require(child.text)
      let one = try exchange.answer(#"{"type":"vaultDetails","vaultAddress":"\#(text)"}"#)
      #expect(one["relationship"]?["type"]?.text == "child")
      let state = try exchange.answer(#"{"type":"clearinghouseState","user":"\#(text)"}"#)
      #expect(state["assetPositions"]?.elements.isEmpty == false)
    }
  }

  @Test("books have 20 sorted levels a side that do not cross, fewer figures make them coarser")
  func books() throws {
    let exchange = busyExchange(coins: 30)
    exchange.limits.weightPerMin = 100_000
    for name in exchange.world.listedCoins {
      for figures in ["null", "2", "3", "4", "5"] {
        let book = try exchange.answer(#"{"type":"l2Book","coin":"\#(name)","nSigFigs":\#(figures)}"#)
        let sides = (book["levels"]?.elements ?? []).map { side in
          side.elements.compactMap { level in level["px"]?.text.flatMap(Double.init) }
        }
        try #require(sides.count == 2)
        #expect(sides[0] == sides[0].sorted(by: >) && Set(sides[0]).count == sides[0].count)
        #expect(sides[1] == sides[1].sorted(by: <) && Set(sides[1]).count == sides[1].count)
        if figures == "null" { #expect(sides[0].count == 20 && sides[1].count == 20) }
        if let bid = sides[0].first, let ask = sides[1].first { #expect(bid < ask) }
      }
    }
  }
}
