import Base
import Testing

@testable import API

/// Matching of paths.
@Suite struct RouteTableTests {
  private let table = RouteTable(Route.all)
  private let call = RouteCall(
    views: FixedViews.make(), documents: Documents([], version: ""), counts: RequestCounts([]),
    version: "")

  /// The pattern of the route at `path` for GET, and the parameters' texts.
  private func match(_ path: String, _ method: Route.Method = .get) -> (path: String, segments: [String])? {
    let bytes = Array(path.utf8)
    return bytes.withUnsafeBytes { bytes in
      call.prepare(targetBytes: bytes.count)
      let node = table.find(bytes, call)
      guard node >= 0, case let index = table.route(at: node, method), index >= 0 else { return nil }
      let segments = (0..<call.segmentCount).map { String(decoding: call.segment($0), as: UTF8.self) }
      return ("\(Route.all[index].path)", segments)
    }
  }

  @Test(
    arguments: [
      ("/health", "/health", []), ("/v1/whales/BTC", "/v1/whales/{coin}", ["BTC"]),
      ("/v1/smart-money", "/v1/smart-money", []),
      ("/v1/smart-money/watchlist", "/v1/smart-money/watchlist", []),
      ("/v1/smart-money/wallet/0xab", "/v1/smart-money/wallet/{address}", ["0xab"]),
      ("/v1/smart-money/wallet/0xab/trades", "/v1/smart-money/wallet/{address}/trades", ["0xab"]),
      ("/v1/smart-money/alerts/active", "/v1/smart-money/alerts/active", []),
      ("/v1/orderflow/PURR%2FUSDC", "/v1/orderflow/{coin}", ["PURR/USDC"]),
      ("/v1/orderflow/a+b%20c", "/v1/orderflow/{coin}", ["a+b c"]),
      ("/v1/orderflow/100%", "/v1/orderflow/{coin}", ["100%"]),
      ("/v1/orderflow/%zz%4", "/v1/orderflow/{coin}", ["%zz%4"]),
      ("/v1/orderflow/%2525", "/v1/orderflow/{coin}", ["%25"]),
      ("/v1/%6Frderflow/BTC", "/v1/orderflow/{coin}", ["BTC"]),
      ("/%68ealth", "/health", []), ("/v1/orderflow/%00", "/v1/orderflow/{coin}", ["\0"]),
    ] as [(String, String, [String])])
  func pathsAreFound(path: String, pattern: String, segments: [String]) {
    let found = match(path)
    #expect(found?.path == pattern)
    #expect(found?.segments == segments)
  }

  @Test(arguments: [
    "", "/", "//", "health", "/healthx", "/healt", "/Health", "/health/", "//health", "/v1", "/v1/",
    "/v1/whales/",
    "/v1/whales//", "/v1/whales/BTC/x", "/v1/smart-money/wallet//trades",
    "/v1/smart-money/wallet/0xab/trades/1",
    "/v1/smart-money/alerts", "/health%2F", "/a/b/c/d/e/f/g/h/i/j/k", "/v1/smart-money/alert/1",
  ])
  func otherPathsAreNot(path: String) {
    #expect(match(path) == nil)
  }

  @Test func methodsAreToldApart() {
    #expect(match("/v1/smart-money/watch/0x1", .delete)?.segments == ["0x1"])
    #expect(match("/v1/smart-money/watch/0x1", .patch) != nil)
    #expect(match("/v1/smart-money/watch/0x1", .get) == nil)
    #expect(match("/v1/smart-money/watch", .post) != nil)
    #expect(match("/v1/smart-money/watch", .put) == nil)
  }

  @Test func everyRegisteredPathFindsItself() {
    for route in Route.all {
      let path = "\(route.path)".replacing(/\{\w+\}/, with: "x")
      #expect(match(path, route.method)?.path == "\(route.path)")
    }
  }

  @Test func manyParametersAndLongPathsStayInBounds() {
    for count in 1...200 {
      #expect(match(String(repeating: "/%41", count: count)) == nil)
      #expect(
        match("/v1/orderflow/" + String(repeating: "%41", count: count))?.segments.first?.utf8.count == count)
    }
  }
}
