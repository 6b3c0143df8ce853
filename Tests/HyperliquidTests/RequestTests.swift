import Base
import Hyperliquid
import Market
import Testing
import Wire

/// Info requests as they are sent and paid for, and bodies that are no answers.
struct RequestTests {
  static let user = Address("0x010461c14e146ac35fe42271bdc1134ee31c703a")!
  static let hex = "0x010461c14e146ac35fe42271bdc1134ee31c703a"

  static let bodies: [(InfoRequest, String)] = [
    (.meta(dex: ""), "{\"type\":\"meta\"}"), (.meta(dex: "xyz"), "{\"type\":\"meta\",\"dex\":\"xyz\"}"),
    (.metaAndAssetCtxs(dex: ""), "{\"type\":\"metaAndAssetCtxs\"}"), (.perpDexs, "{\"type\":\"perpDexs\"}"),
    (.allPerpMetas, "{\"type\":\"allPerpMetas\"}"), (.allMids(dex: ""), "{\"type\":\"allMids\"}"),
    (.allMids(dex: "xyz"), "{\"type\":\"allMids\",\"dex\":\"xyz\"}"),
    (.l2Book(coin: "@107"), "{\"type\":\"l2Book\",\"coin\":\"@107\"}"),
    (.clearinghouseState(user: user, dex: ""), "{\"type\":\"clearinghouseState\",\"user\":\"\(hex)\"}"),
    (
      .clearinghouseState(user: user, dex: "xyz"),
      "{\"type\":\"clearinghouseState\",\"user\":\"\(hex)\",\"dex\":\"xyz\"}"
    ),
    (
      .userFillsByTime(user: user, start: WallTime(ms: 1_787_375_600_000), end: nil),
      "{\"type\":\"userFillsByTime\",\"user\":\"\(hex)\",\"startTime\":1787375600000}"
    ),
    (
      .userFillsByTime(
        user: user, start: WallTime(ms: 1_787_375_600_000), end: WallTime(ms: 1_787_375_700_000)),
      "{\"type\":\"userFillsByTime\",\"user\":\"\(hex)\",\"startTime\":1787375600000,\"endTime\":1787375700000}"
    ),
    (.vaultDetails(vault: user), "{\"type\":\"vaultDetails\",\"vaultAddress\":\"\(hex)\"}"),
  ]

  @Test func bodiesAreTheLiteralShapes() {
    for (request, body) in RequestTests.bodies {
      #expect(FeedEnvelopeTests.text { request.write(into: $0) } == body)
    }
  }

  @Test func weightsAreTheSheets() {
    for type in InfoType.all {
      let isLight = ["allMids", "l2Book", "clearinghouseState"].contains("\(type.name)")
      #expect(type.weight == (isLight ? 2 : 20), "\(type.name)")
      #expect((type.rowsPerWeight != nil) == ("\(type.name)" == "userFillsByTime"))
    }
    let fills = InfoType.userFillsByTime
    #expect([0, 1, 20, 21, 2000].map(fills.weight(rows:)) == [0, 1, 1, 2, 100])
    #expect(InfoType.meta.weight(rows: 500) == 0)
  }

  /// Bodies seen instead of answers: `null`, HTML, nothing, plain text.
  @Test func bodiesThatAreNoAnswersAreTypedErrors() {
    for type in InfoType.all {
      for (body, code) in [
        ("null", "null"), (" null\n", "null"), ("", "unexpectedEnd"), ("<html></html>", "unexpectedByte"),
        ("Failed to deserialize", "unexpectedByte"), ("5", "wrongType"), ("\"x\"", "wrongType"),
        ("nul", "unexpectedEnd"),
      ] {
        let text = CaptureDecoder().decode("rest_\(type.name)", Array(body.utf8))
        #expect(text.hasPrefix("error \(code) "), "\(type.name) \(body): \(text)")
      }
    }
  }

  @Test func addressesAreReadInAnyCaseAndWrittenInLower() {
    #expect(Address("0x010461C14E146aC35fe42271BDC1134EE31C703A") == RequestTests.user)
    #expect(RequestTests.user.description == RequestTests.hex)
    var random = PRNG(seed: 4)
    for _ in 0..<2000 {
      let address = Address(a: random.next(), b: random.next(), c: UInt32(truncatingIfNeeded: random.next()))
      #expect(Address(address.description) == address)
    }
    var text = Array(RequestTests.hex.utf8)
    for at in text.indices {
      let kept = text[at]
      for value in UInt8.min...UInt8.max {
        text[at] = value
        let isHex = at >= 2 && Character(Unicode.Scalar(value)).isHexDigit && value < 0x80
        let isSame = value == kept
        #expect((text.withUnsafeBytes { Address($0) } != nil) == (isHex || isSame), "\(at) \(value)")
      }
      text[at] = kept
    }
    for wrong in [
      "", "0x", RequestTests.hex + "0", String(RequestTests.hex.dropLast()),
      "1" + RequestTests.hex.dropFirst(),
    ] {
      #expect(Address(wrong) == nil)
    }
  }

  /// What no price can reach is no liquidation price, however far beyond our range it is written.
  @Test func liquidationPricesBeyondRangeAreNone() throws {
    let body = String(decoding: try Captures.load("rest_clearinghouseState"), as: UTF8.self)
    let far = body.replacing("4321.0987654321", with: "123456789012345.5")
    let state = try Samples.with(far) { try ClearinghouseState.decode(body: $0, coins: Captures.coins) }
    #expect(state.positions.count == 2 && state.positions[1].liquidationPx == nil && state.unlisted == 1)
    let near = try Samples.with(body) { try ClearinghouseState.decode(body: $0, coins: Captures.coins) }
    #expect(near.positions[1].liquidationPx?.raw == 432_109_876_543)
  }
}
