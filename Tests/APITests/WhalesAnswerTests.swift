import Base
import Engines
import Market
import Testing

@testable import API

/// The rows, sums and ages of whales answers.
@Suite struct WhalesAnswerTests {
  private func json(_ views: Views, _ path: String) throws -> JSONTree {
    let answer = try TestClient(views: views).get(path)
    #expect(answer.status == 200, "\(answer.text)")
    return try #require(answer.json)
  }

  @Test func rowsAreLargestFirstAndSumsAreOfTheRows() throws {
    let all = try json(FixedViews.make(), "/v1/whales/BTC")
    let rows = all["positions"]?.elements ?? []
    #expect(rows.map { $0["size_usd"]?.double } == [139_190_873.5295, 49_170.5, 49_170.5, 3156.1908])
    // Equal sizes: by the address's text.
    #expect(rows[1]["address"] == .text(FixedWorld.unprofiled))
    #expect(rows[2]["address"] == .text(FixedWorld.swinger))
    #expect(all["count"] == .integer("4"))
    #expect(all["total_long_usd"] == .number("139243200.22"))
    #expect(all["total_short_usd"] == .number("49170.5"))
    #expect(all["net_usd"] == .number("139194029.72"))
    #expect(all["oldest_position_age_seconds"] == .number("61.0"))
    let one = try json(FixedViews.make(), "/v1/whales/BTC?top_n=1.0")
    #expect(one["count"] == .integer("1"))
    #expect(one["total_long_usd"] == .number("139190873.53"))
    #expect(one["total_short_usd"] == .number("0.0"))
    #expect(one["oldest_position_age_seconds"] == .number("25.7"))
  }

  @Test func coinsAreFoundInAnyCapitals() throws {
    let views = FixedViews.make()
    for (path, coin, count) in [
      ("KPEPE", "kPEPE", "1"), ("kpepe", "kPEPE", "1"), ("XYZ:tsla", "xyz:TSLA", "0"), ("sol", "SOL", "1"),
      ("purr%2Fusdc", "PURR/USDC", "0"), ("nope", "NOPE", "0"), ("%E2%82%BFx", "\u{20BF}X", "0"),
      ("a%22%5C%0Ab", "A\"\\\nB", "0"), ("%20", " ", "0"),
    ] {
      let answer = try json(views, "/v1/whales/\(path)")
      #expect(answer["coin"] == .text(coin))
      #expect(answer["count"] == .integer(count), "\(path)")
      #expect(answer["positions"]?.elements.count == Int(count))
      #expect((answer["oldest_position_age_seconds"] == nil) == (count == "0"))
    }
  }

  @Test func aRowIsPrintedInFull() throws {
    let row = try json(FixedViews.make(), "/v1/whales/ETH")["positions"]?[0]
    #expect(
      row
        == (try JSONTree(
          """
          {"address":"\(FixedWorld.whale)","coin":"ETH","side":"short","size":23368.4185,\
          "size_usd":62318898.4558,"entry_px":2635.8,"mark_px":2666.8,"leverage":3.0,"liq_px":3048.25,\
          "unrealized_pnl":-724420.9735,"updated_at":1795353359.372}
          """)))
    let second = try json(FixedViews.make(), "/v1/whales/ETH")["positions"]?[1]
    #expect(second?["liq_px"] == .null)
  }

  @Test func fiveThousandRowsAreAnswered() throws {
    let knowledge = Knowledge(
      orderFlow: OrderFlow(recentMax: 64, coinsMax: 16), book: AddressBook(addressesMax: 8192, seed: 3))
    let now = Now(instant: Instant(ns: 9_000_000_000), wall: FixedWorld.wall)
    let views = Views(knowledge: knowledge, now: now)
    _ = views.coins.list(.init(name: "BTC", dex: "", szDecimals: 5, maxLeverage: 40, isListed: true))
    var random = PRNG(seed: 11)
    var sizes: [Int64] = []
    for raw in 0..<6000 {
      let address = Address(a: UInt64(raw), b: 7, c: 9)
      let row = AddressRow(address: address, firstSeenS: 1, lastSeenS: 2, tradeCount: 1)
      let id = try #require(knowledge.book.restore(row))
      knowledge.book.pin(id)
      let micros = Int64(random.next() % 90_000_000_000) + 1
      sizes.append(micros)
      knowledge.positions.replace(
        id,
        with: [
          TrackedPosition(
            account: id, coin: CoinID(raw: 0), szi: Sz(raw: raw % 3 == 0 ? -5 : 7), entryPx: Px(raw: 100),
            sizeUsd: Usd(micros: micros), liqPx: nil, unrealizedPnl: .zero, marginUsed: .zero, leverage: 1.5,
            updatedAt: FixedWorld.ago(Int64(raw)))
        ])
    }
    let answer = try json(views, "/v1/whales/BTC?top_n=5000")
    let rows = answer["positions"]?.elements ?? []
    #expect(rows.count == 5000)
    let expected = sizes.sorted(by: >).prefix(5000)
    #expect(rows.map { $0["size_usd"]?.double } == expected.map { Double($0) / 1e6 })
    #expect(Set(rows.map { $0["address"]?.string }).count == 5000)
  }

  @Test(.enabled(if: Contract.folder != nil, "recordings absent"))
  func recordedRowsComeOutTheSame() throws {
    for file in ["015-whales-btc.json", "016-whales-top5.json"] {
      let old = try #require(Contract.recordings { $0 == file }.first?.body)
      let coin = try #require(old["coin"]?.string)
      let views = FixedViews.make { views in
        for text in [FixedWorld.whale, FixedWorld.unprofiled, FixedWorld.swinger, FixedWorld.watched] {
          views.knowledge.positions.replace(FixedWorld.account(views, text), with: [])
        }
        for row in old["positions"]?.elements ?? [] { Self.hold(row, coin, views) }
      }
      let new = try json(views, "/v1/whales/\(coin)")["positions"]?.elements ?? []
      #expect(new.count == old["positions"]?.elements.count)
      for (one, other) in zip(old["positions"]?.elements ?? [], new) {
        for key in ["address", "coin", "side", "size", "entry_px", "leverage", "unrealized_pnl"] {
          #expect(one[key] == other[key], "\(file) \(key)")
        }
        // Where it printed the noise of binary arithmetic, we print the number meant.
        for key in ["size_usd", "mark_px", "liq_px", "updated_at"] {
          let (a, b) = (one[key]?.double ?? 0, other[key]?.double ?? 0)
          #expect(abs(a - b) <= max(abs(a) * 1e-11, key == "updated_at" ? 0.0006 : 5.1e-9), "\(file) \(key)")
        }
      }
    }
  }

  private static func hold(_ row: JSONTree, _ coin: String, _ views: Views) {
    func number(_ key: String) -> Double { row[key]?.double ?? 0 }
    let id = FixedWorld.account(views, row["address"]?.string ?? "")
    let sign = row["side"] == .text("long") ? 1.0 : -1
    views.knowledge.positions.replace(
      id,
      with: [
        TrackedPosition(
          account: id, coin: FixedWorld.coin(views, coin), szi: FixedWorld.sz(sign * number("size")),
          entryPx: FixedWorld.px(number("entry_px")), sizeUsd: FixedWorld.usd(number("size_usd")),
          liqPx: row["liq_px"] == .null ? nil : FixedWorld.px(number("liq_px")),
          unrealizedPnl: FixedWorld.usd(number("unrealized_pnl")), marginUsed: .zero,
          leverage: number("leverage"),
          updatedAt: WallTime(ms: Int64((number("updated_at") * 1000).rounded())))
      ])
  }
}
