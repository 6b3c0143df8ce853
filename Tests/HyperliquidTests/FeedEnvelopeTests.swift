import Base
import Hyperliquid
import Market
import Testing
import Wire

/// Envelopes of any order, acks, complaints, and what the client says.
struct FeedEnvelopeTests {
  static func channel(_ text: String) -> Channel {
    Samples.with(text) { Frame.classify($0).channel }
  }

  @Test func everyChannelIsRecognisedInEveryShape() {
    for feed in Feed.all where feed.channel != .pong {
      #expect(FeedEnvelopeTests.channel("{\"channel\":\"\(feed.name)\",\"data\":1}") == feed.channel)
      #expect(FeedEnvelopeTests.channel("{ \"channel\" : \"\(feed.name)\", \"data\" : 1 }") == feed.channel)
      #expect(FeedEnvelopeTests.channel("{\"data\":1,\"channel\":\"\(feed.name)\"}") == feed.channel)
      #expect(
        FeedEnvelopeTests.channel("{\"seq\":5,\"channel\":\"\(feed.name)\",\"data\":1}") == feed.channel)
    }
    #expect(FeedEnvelopeTests.channel("{\"channel\":\"pong\"}") == .pong)
    #expect(FeedEnvelopeTests.channel("{\"channel\":\"pong\",\"data\":null}") == .pong)
    #expect(FeedEnvelopeTests.channel("{\"channel\":\"p\\u006fng\"}") == .pong)
  }

  @Test func whatIsNoMessageIsNamed() {
    #expect(FeedEnvelopeTests.channel("Websocket connection established.") == .notJSON)
    for text in ["", " ", "[]", "null", "\"x\"", "<html>", "\u{1}"] {
      #expect(FeedEnvelopeTests.channel(text) == .notJSON, "\(text)")
    }
    for text in [
      "{", "{}", "{\"data\":1}", "{\"channel\":5}", "{\"channel\":\"x\"", "{\"channel\":\"x\"} y", "{]",
    ] {
      #expect(FeedEnvelopeTests.channel(text) == .malformed, "\(text)")
    }
    for text in ["bbo", "trade", "tradesX", "Trades", "l2", "", "activeSpotAssetCtx", "post", "user"] {
      #expect(FeedEnvelopeTests.channel("{\"channel\":\"\(text)\",\"data\":[]}") == .unknown, "\(text)")
    }
  }

  /// Further keys behind and before `data`, in the fast and the slow envelope.
  @Test func furtherKeysAreIgnored() throws {
    let row = FeedMutationRow.text
    let feed = TradesFeed()
    for text in [
      "{\"channel\":\"trades\",\"data\":[\(row)],\"seq\":[1,{\"a\":2}]}",
      "{\"channel\":\"trades\",\"data\":[\(row)] }  \n",
      "{\"channel\":\"trades\",\"seq\":1,\"data\":[\(row)]}",
      "{\"data\":[\(row)],\"channel\":\"trades\",\"x\":null}",
      "{\"channel\":\"trades\",\"data\": [ \(row) ] }",
    ] {
      try Samples.with(text) { try feed.decode(Frame.classify($0), coins: Captures.coins) }
      #expect(feed.trades.count == 1, "\(text)")
    }
    for text in [
      "{\"channel\":\"trades\",\"data\":[\(row)]", "{\"channel\":\"trades\",\"data\":[\(row)]}}",
      "{\"channel\":\"trades\",\"data\":[\(row)],}", "{\"channel\":\"trades\",\"data\":[\(row)] \"x\":1}",
      "{\"channel\":\"trades\",\"data\":[\(row)],\"x\":01}", "{\"channel\":\"trades\",\"data\":[\(row)]}x",
    ] {
      #expect(throws: JSONError.self, "\(text)") {
        try Samples.with(text) { try feed.decode(Frame.classify($0), coins: Captures.coins) }
      }
      #expect(feed.trades.isEmpty)
    }
  }

  static func acks(_ echo: String, _ subscription: Subscription) throws -> Bool {
    let text =
      "{\"channel\":\"subscriptionResponse\",\"data\":{\"method\":\"subscribe\",\"subscription\":\(echo)}}"
    return try Samples.with(text) { try SubscriptionAck.decode(Frame.classify($0)).acks(subscription) }
  }

  @Test func acksMatchBySubset() throws {
    let user = RequestTests.user
    let book =
      "{\"fast\":false,\"mantissa\":null,\"coin\":\"xyz:SILVER\",\"nSigFigs\":null,\"type\":\"l2Book\"}"
    let fills =
      "{\"type\":\"userFills\",\"user\":\"0x010461C14E146AC35FE42271BDC1134EE31C703A\",\"aggregateByTime\":false}"
    let main = Subscription(.allMids)
    for (echo, subscription, isIt) in [
      (book, Subscription(.l2Book, "xyz:SILVER"), true), (book, Subscription(.l2Book, "SILVER"), false),
      (book, Subscription(.trades, "xyz:SILVER"), false), (fills, Subscription(.userFills, user: user), true),
      (fills, Subscription(.userFills, user: Address(a: 1, b: 2, c: 3)), false),
      ("{\"type\":\"allMids\",\"dex\":\"\"}", main, true),
      ("{\"type\":\"allMids\",\"dex\":null}", main, true),
      ("{\"type\":\"allMids\"}", main, true), ("{\"type\":\"allMids\",\"dex\":\"xyz\"}", main, false),
      ("{\"type\":\"allMids\",\"dex\":\"xyz\"}", Subscription(.allMids, "xyz"), true),
      ("{\"type\":\"allMids\"}", Subscription(.allMids, "xyz"), false),
      ("{\"type\":\"allDexsAssetCtxs\"}", Subscription(.allDexsAssetCtxs), true),
      ("{\"type\":\"somethingNew\"}", Subscription(.allDexsAssetCtxs), false),
    ] {
      #expect(try FeedEnvelopeTests.acks(echo, subscription) == isIt, "\(echo) \(subscription)")
    }
  }

  @Test func complaintsAreSorted() throws {
    for (text, kind) in [
      ("Error parsing JSON into valid websocket request: {}", ServerError.Kind.unparsableRequest),
      ("Already subscribed: {\\\"type\\\":\\\"trades\\\"}", .alreadySubscribed),
      ("Already unsubscribed: x", .alreadyUnsubscribed),
      ("Invalid subscription {}", .invalidSubscription),
      ("too many pending post requests id=5", .tooManyPosts),
      ("Cannot track more than 15 total users.", .tooManyUsers), ("already subscribed", .other), ("", .other),
    ] {
      let message = "{\"channel\":\"error\",\"data\":\"\(text)\"}"
      #expect(
        try Samples.with(message) { try ServerError.decode(Frame.classify($0)).kind } == kind, "\(text)")
    }
  }

  static func text(_ write: (ByteBuffer) -> Void) -> String {
    let out = ByteBuffer()
    write(out)
    return String(decoding: out.bytes, as: UTF8.self)
  }

  @Test func theClientSaysTheLiteralShapes() {
    let user = Address("0x010461c14e146ac35fe42271bdc1134ee31c703a")!
    for (subscription, inner) in [
      (Subscription(.trades, "BTC"), "{\"type\":\"trades\",\"coin\":\"BTC\"}"),
      (Subscription(.trades, "xyz:SILVER"), "{\"type\":\"trades\",\"coin\":\"xyz:SILVER\"}"),
      (Subscription(.l2Book, "BTC"), "{\"type\":\"l2Book\",\"coin\":\"BTC\"}"),
      (Subscription(.allMids), "{\"type\":\"allMids\"}"),
      (Subscription(.allMids, "xyz"), "{\"type\":\"allMids\",\"dex\":\"xyz\"}"),
      (Subscription(.activeAssetCtx, "BTC"), "{\"type\":\"activeAssetCtx\",\"coin\":\"BTC\"}"),
      (Subscription(.allDexsAssetCtxs), "{\"type\":\"allDexsAssetCtxs\"}"),
      (
        Subscription(.userFills, user: user),
        "{\"type\":\"userFills\",\"user\":\"0x010461c14e146ac35fe42271bdc1134ee31c703a\"}"
      ),
    ] {
      let subscribe = FeedEnvelopeTests.text { ClientMessage.subscribe(subscription, into: $0) }
      #expect(subscribe == "{\"method\":\"subscribe\",\"subscription\":\(inner)}")
      let unsubscribe = FeedEnvelopeTests.text { ClientMessage.unsubscribe(subscription, into: $0) }
      #expect(unsubscribe == "{\"method\":\"unsubscribe\",\"subscription\":\(inner)}")
    }
    #expect(FeedEnvelopeTests.text { ClientMessage.ping(into: $0) } == "{\"method\":\"ping\"}")
  }
}
