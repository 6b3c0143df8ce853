/// WebSocket links: handshake, acks, first frames, what follows, limits, repetition.
import Base
import Testing

@testable import Simulator

@Suite("Exchange: links")
struct ExchangeLinkTests {
  @Test("the upgrade is understood however it is cut", arguments: [1, 2, 7, 64, 1000])
  func handshake(cut: Int) throws {
    let client = try SimClient(busyExchange(), cut: cut)
    client.send(#"{"method":"ping"}"#)
    #expect(client.frames == [#"{"channel":"pong"}"#])
  }

  @Test("an upgrade that RFC 6455 does not know is refused")
  func strangeHandshakes() {
    let good = [
      "GET /ws HTTP/1.1", "Host: a", "Upgrade: websocket", "Connection: keep-alive, Upgrade",
      "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Version: 13",
    ]
    func status(replacing line: Int? = nil, with text: String = "X: y") -> String {
      var lines = good
      if let line { lines[line] = text }
      let exchange = busyExchange()
      let link = exchange.connect(from: 1)
      var request = lines.joined(separator: "\r\n") + "\r\n\r\n"
      request.withUTF8 { link.receive(UnsafeRawBufferPointer($0), now: exchange.world.now) }
      return String(decoding: link.output.bytes.dropFirst(9).prefix(3), as: UTF8.self)
    }
    #expect(status() == "101")
    #expect(status(replacing: 0, with: "GET /ws HTTP/1.0") == "400")
    #expect(status(replacing: 0, with: "POST /ws HTTP/1.1") == "400")
    #expect(status(replacing: 3) == "400")
    #expect(status(replacing: 3, with: "Connection: close") == "400")
    #expect(status(replacing: 4) == "400")
    #expect(status(replacing: 5) == "400")
    #expect(status(replacing: 5, with: "Sec-WebSocket-Version: 8") == "400")
  }

  @Test("trades: ack, the last trades unflagged, then every new trade exactly once and complete")
  func trades() throws {
    let exchange = busyExchange(tradesPerSecond: 60)
    exchange.world.advance(to: WallTime(ms: exchange.world.now.ms + 60_000))
    let client = try SimClient(exchange)
    let coin = try #require(exchange.world.coinIndex("BTC"))
    let before = exchange.world.trades(of: coin).upperBound
    client.subscribe(#"{"type":"trades","coin":"BTC"}"#)
    let ack = #"{"method":"subscribe","subscription":{"type":"trades","coin":"BTC"}}"#
    #expect(client.frames.first == #"{"channel":"subscriptionResponse","data":\#(ack)}"#)
    let first = try #require(RequestValue(client.frames[1]))["data"]?.elements ?? []
    #expect(first.count == 30)
    client.forget()
    client.wait(120_000, step: 333)
    let frames = client.take("trades")
    let rows = frames.flatMap { $0["data"]?.elements ?? [] }
    let numbers = before..<exchange.world.trades(of: coin).upperBound
    #expect(rows.count == numbers.count && rows.count > 200)
    for (row, number) in zip(rows, numbers) {
      let truth = exchange.world.trade(coin, number)
      #expect(row["tid"]?.int == truth.tid && row["time"]?.int == truth.time.ms)
      #expect(row["side"]?.text == (truth.isBuy ? "B" : "A"))
    }
    // Several trades of one taker share hash and frame.
    let shared = frames.contains { frame in
      let hashes = (frame["data"]?.elements ?? []).compactMap { $0["hash"]?.text }
      return hashes.count > 1 && Set(hashes).count < hashes.count
    }
    #expect(shared)
  }

  @Test(
    "acks are normalised",
    arguments: [
      (
        #"{"coin":"BTC","type":"l2Book"}"#,
        #"{"type":"l2Book","coin":"BTC","nSigFigs":null,"mantissa":null,"fast":false}"#
      ),
      (#"{"type":"allMids"}"#, #"{"type":"allMids","dex":null}"#),
      (
        #"{"type":"userFills","user":"0x010461C14E146AC35FE42271BDC1134EE31C703A"}"#,
        #"{"type":"userFills","user":"0x010461c14e146ac35fe42271bdc1134ee31c703a","aggregateByTime":false}"#
      ),
      (#"{"type":"activeAssetCtx","coin":"ETH"}"#, #"{"type":"activeAssetCtx","coin":"ETH"}"#),
      (#"{"type":"allDexsAssetCtxs"}"#, #"{"type":"allDexsAssetCtxs"}"#),
    ])
  func acks(sent: String, echoed: String) throws {
    let client = try SimClient(busyExchange())
    for method in ["subscribe", "unsubscribe"] {
      client.forget()
      client.send(#"{"method":"\#(method)","subscription":\#(sent)}"#)
      #expect(
        client.frames.first
          == #"{"channel":"subscriptionResponse","data":{"method":"\#(method)","subscription":\#(echoed)}}"#)
    }
    #expect(client.link.subscriptionCount == 0)
    client.forget()
    client.wait(20_000)
    #expect(client.frames.isEmpty)
  }

  @Test("errors are told in the exchange's words")
  func errors() throws {
    let client = try SimClient(busyExchange())
    func error(_ text: String) throws -> String {
      client.forget()
      client.send(text)
      let frame = try #require(client.frames.last.flatMap { RequestValue($0) })
      #expect(frame["channel"]?.text == "error")
      return try #require(frame["data"]?.text)
    }
    let nonsense = #"{"method": "subscribe", "subscription": {"type": "liquidations"}}"#
    #expect(try error(nonsense) == "Error parsing JSON into valid websocket request: " + nonsense)
    #expect(try error("{").hasPrefix("Error parsing JSON into valid websocket request: {"))
    let unknown = #"{"method":"subscribe","subscription":{"type":"trades","coin":"NOPE"}}"#
    #expect(try error(unknown).hasPrefix("Invalid subscription "))
    client.subscribe(#"{"type":"trades","coin":"BTC"}"#)
    let again = #"{"method":"subscribe","subscription":{"type":"trades","coin":"BTC"}}"#
    #expect(try error(again) == #"Already subscribed: {"type":"trades","coin":"BTC"}"#)
    let gone = #"{"method":"unsubscribe","subscription":{"type":"trades","coin":"ETH"}}"#
    #expect(try error(gone) == #"Already unsubscribed: {"type":"trades","coin":"ETH"}"#)
  }

  @Test("feeds that repeat come at their pace, the main dex first")
  func cadence() throws {
    let exchange = busyExchange(coins: 15)
    let client = try SimClient(exchange)
    client.subscribe(#"{"type":"allMids"}"#)
    client.subscribe(#"{"type":"allDexsAssetCtxs"}"#)
    client.subscribe(#"{"type":"activeAssetCtx","coin":"BTC"}"#)
    client.subscribe(#"{"type":"l2Book","coin":"BTC","fast":true}"#)
    client.wait(30_000)
    let all = client.frames.compactMap { RequestValue($0) }
    func count(_ channel: String) -> Int { all.count { $0["channel"]?.text == channel } }
    #expect(count("allMids") == 7)
    #expect(count("activeAssetCtx") == 31)
    #expect(count("allDexsAssetCtxs") == 11)
    #expect(count("l2Book") == 61)
    let contexts = try #require(all.first { $0["channel"]?.text == "allDexsAssetCtxs" })
    let dexes = contexts["data"]?["ctxs"]?.elements ?? []
    #expect(dexes.compactMap { $0.elements.first?.text } == ["", "flx", "xyz"])
    for dex in dexes {
      let name = dex.elements[0].text ?? ""
      let meta = try exchange.answer(#"{"type":"meta","dex":"\#(name)"}"#)
      #expect(meta["universe"]?.elements.count == dex.elements[1].elements.count)
    }
  }

  @Test("userFills: a flagged snapshot oldest first, then each new fill once")
  func userFills() throws {
    let exchange = busyExchange(tradesPerSecond: 30)
    exchange.world.advance(to: WallTime(ms: exchange.world.now.ms + 120_000))
    let maker = exchange.world.accounts[exchange.world.makers.lowerBound]
    let client = try SimClient(exchange)
    client.subscribe(#"{"type":"userFills","user":\#(ExchangeInfoTests.hex(maker.address))}"#)
    let snapshot = try #require(client.take("userFills").first?["data"])
    #expect(snapshot["isSnapshot"] == .bool(true))
    let times = (snapshot["fills"]?.elements ?? []).compactMap { $0["time"]?.int }
    #expect(times.count == min(maker.fills.count, 2000) && times == times.sorted())
    let before = maker.fills.end
    client.wait(60_000)
    let news = client.take("userFills")
    #expect(news.allSatisfy { $0["data"]?["isSnapshot"] == nil })
    let tids = news.flatMap { $0["data"]?["fills"]?.elements ?? [] }.compactMap { $0["tid"]?.int }
    #expect(tids == (before..<maker.fills.end).map { maker.fills[$0].tid } && tids.count > 50)
  }

  @Test("a link that is sent nothing for 60 s is closed; a ping a minute keeps it open")
  func idleClose() throws {
    let silent = try SimClient(busyExchange())
    silent.wait(59_900)
    #expect(silent.closeCode == nil)
    silent.wait(200)
    #expect(silent.closeCode == 1000 && silent.link.state == .closing)
    let alive = try SimClient(busyExchange())
    for _ in 0..<5 {
      alive.wait(50_000)
      alive.send(#"{"method":"ping"}"#)
    }
    #expect(alive.closeCode == nil)
  }

  @Test("limits per client: connections, new connections, subscriptions, users, messages")
  func limits() throws {
    let exchange = busyExchange(coins: 40)
    var clients: [SimClient] = []
    for _ in 0..<10 { clients.append(try SimClient(exchange)) }
    #expect(throws: SimClient.Refused.self) { _ = try SimClient(exchange) }
    _ = try SimClient(exchange, client: 2)
    #expect(exchange.use(of: 1).refusedConnections == 1 && exchange.use(of: 1).connectionsPeak == 10)
    clients.removeFirst().link.clientClosed()
    clients.append(try SimClient(exchange))
    for _ in 0..<18 {
      clients.removeFirst().link.clientClosed()
      clients.append(try SimClient(exchange))
    }
    clients.removeFirst().link.clientClosed()
    #expect(throws: SimClient.Refused.self) { _ = try SimClient(exchange) }
    exchange.world.advance(to: WallTime(ms: exchange.world.now.ms + 61_000))
    let client = try SimClient(exchange)
    exchange.limits.subscriptions = 20
    for name in exchange.world.listedCoins.prefix(25) {
      client.subscribe(#"{"type":"trades","coin":"\#(name)"}"#)
    }
    #expect(exchange.use(of: 1).refusedSubscriptions == 5 && client.link.subscriptionCount == 20)
    exchange.limits.subscriptions = 1000
    for index in 0..<12 {
      let user = ExchangeInfoTests.hex(exchange.world.address(index))
      client.subscribe(#"{"type":"userFills","user":\#(user)}"#)
    }
    #expect(exchange.use(of: 1).refusedUsers == 2 && exchange.use(of: 1).usersPeak == 10)
    for _ in 0..<2000 { client.send(#"{"method":"ping"}"#) }
    #expect(exchange.use(of: 1).refusedMessages == 37)
    #expect(!exchange.use(of: 1).isClean)
  }

  @Test("a new listing can be subscribed while running, and trades come")
  func listing() throws {
    let exchange = busyExchange()
    let client = try SimClient(exchange)
    exchange.world.list("NEW")
    client.subscribe(#"{"type":"trades","coin":"NEW"}"#)
    client.wait(600_000, step: 1000)
    #expect(client.take("trades").count > 1)
  }

  @Test("info requests over post are answered and weighed")
  func post() throws {
    let exchange = busyExchange()
    let client = try SimClient(exchange)
    client.send(
      #"{"method":"post","id":5,"request":{"type":"info","payload":{"type":"l2Book","coin":"BTC"}}}"#)
    let data = try #require(client.take("post").first?["data"])
    #expect(data["id"]?.int == 5)
    #expect(data["response"]?["payload"]?["data"]?["coin"]?.text == "BTC")
    #expect(exchange.weight(of: 1, now: exchange.world.now) == 2)
  }

  @Test("the same seed and calls give the same bytes")
  func repetition() throws {
    func run(_ seed: UInt64) throws -> [UInt8] {
      let exchange = busyExchange(seed: seed)
      exchange.faults.link.drop = 0.1
      exchange.faults.link.fragment = 0.1
      exchange.faults.link.reorder = 0.1
      exchange.faults.link.garbage = 0.05
      let client = try SimClient(exchange)
      for coin in exchange.world.listedCoins { client.subscribe(#"{"type":"trades","coin":"\#(coin)"}"#) }
      client.subscribe(#"{"type":"allDexsAssetCtxs"}"#)
      client.subscribe(#"{"type":"l2Book","coin":"BTC"}"#)
      client.wait(60_000)
      return client.transcript + Array(exchange.ask(#"{"type":"metaAndAssetCtxs"}"#).body.utf8)
    }
    let first = try run(21)
    #expect(first.count > 100_000)
    #expect(try run(21) == first)
    #expect(try run(22) != first)
  }
}
