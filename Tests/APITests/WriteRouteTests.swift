import Base
import Engines
import Market
import Testing

@testable import API

/// What clients write: what is handed to the store, when it is answered, and how it is refused.
@Suite struct WriteRouteTests {
  private struct World {
    let views = FixedViews.make()
    let store: TestStore
    let client: TestClient

    init() {
      store = TestStore(views)
      client = TestClient(Router(views: views, options: APIOptions()), now: views.now.instant)
    }

    func send(_ method: String, _ path: String, _ body: String? = nil) throws -> TestClient.Answer {
      try client.ask(
        method, path, body == nil ? [] : [("Content-Type", "application/json")], body.map { Array($0.utf8) },
        store)
    }
  }

  private static let watch = "/v1/smart-money/watch"

  @Test func watchingHandsOnTheKeyAndTheLabel() throws {
    let world = World()
    let answer = try world.send("POST", Self.watch, #"{"address":"  0XABCDEF0123 ","label":"a\u20bf"}"#)
    #expect(answer.text == #"{"status":"ok","address":"0xabcdef0123","label":"a₿"}"#)
    #expect(world.store.writes == [.watch(key: "0xabcdef0123", label: "a₿")])
    #expect(world.views.knowledge.watchList.contains("0xabcdef0123"))
    // Again, without a label: the stored one stays and is answered.
    for body in [#"{"address":"0xabcdef0123"}"#, #"{"address":"0xabcdef0123","label":""}"#] {
      #expect(try world.send("POST", Self.watch, body).json?["label"] == .text("a₿"))
    }
    #expect(
      try world.send("POST", Self.watch, #"{"address":"0xabcdef0123","label":"b"}"#).json?["label"]
        == .text("b"))
    #expect(world.views.knowledge.watchList["0xabcdef0123"]?.label == "b")
  }

  @Test func shortAddressesAreRefusedUnstored() throws {
    let world = World()
    for body in [#"{"address":"123456789"}"#, #"{"address":null}"#, "{}", #"{"address":"    1234567    "}"#] {
      let answer = try world.send("POST", Self.watch, body)
      #expect(answer.status == 400)
      #expect(answer.text == #"{"error":"Invalid address"}"#)
    }
    #expect(world.store.writes.isEmpty)
  }

  @Test func nothingIsAnsweredBeforeItIsStored() throws {
    let world = World()
    let body = #"{"address":"abcdefghij"}"#
    world.client.send(
      "POST \(Self.watch) HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
    #expect(world.client.out.isEmpty)
    #expect(world.client.session.waitsFor == .write(WriteTicket(1)))
    world.client.wake(.stored(id: nil))
    #expect(try world.client.take().map(\.status) == [200])
    #expect(world.store.writes.count == 1)
  }

  @Test(arguments: [
    ("POST", "/v1/smart-money/watch", #"{"address":"abcdefghij"}"#),
    ("DELETE", "/v1/smart-money/watch/abcdefghij", ""),
    ("PATCH", "/v1/smart-money/watch/\(FixedWorld.watched)", #"{"notes":"n"}"#),
    ("POST", "/v1/smart-money/wallet/zz/alerts", #"{"alert_type":"any_trade"}"#),
    ("DELETE", "/v1/smart-money/alert/2", ""),
    ("POST", "/v1/historical/record", #"{"oi":{"BTC":1}}"#),
  ])
  func whatCannotBeStoredIsSaidSo(method: String, path: String, body: String) throws {
    for outcome in [WaitOutcome.refused(reason: "disk is full"), .unavailable] {
      let world = World()
      world.store.outcome = outcome
      let answer = try world.send(method, path, body.isEmpty ? nil : body)
      #expect(answer.status == 503, "\(path)")
      #expect(answer.json?["error"]?.string?.isEmpty == false)
      #expect(world.store.writes.count == 1)
    }
    let closed = World()
    closed.store.isOpen = false
    #expect(try closed.send(method, path, body.isEmpty ? nil : body).status == 503)
    let late = World()
    late.store.isLate = true
    #expect(try late.send(method, path, body.isEmpty ? nil : body).status == 503)
  }

  @Test func unwatchingIsNeverRefused() throws {
    let world = World()
    let answer = try world.send("DELETE", "/v1/smart-money/watch/%20\(FixedWorld.watched.uppercased())")
    #expect(answer.text == #"{"status":"ok","address":"\#(FixedWorld.watched)"}"#)
    #expect(!world.views.knowledge.watchList.contains(FixedWorld.watched))
    #expect(try world.send("DELETE", "/v1/smart-money/watch/nobody").status == 200)
    #expect(world.store.writes == [.unwatch(key: FixedWorld.watched), .unwatch(key: "nobody")])
  }

  @Test func patchingKeepsWhatIsNotSent() throws {
    let world = World()
    let path = "/v1/smart-money/watch/\(FixedWorld.scalper)"
    #expect(try world.send("PATCH", path, #"{"tags":"","label":null}"#).status == 200)
    #expect(world.store.writes == [.patch(key: FixedWorld.scalper, label: nil, notes: nil, tags: "")])
    let row = world.views.knowledge.watchList[FixedWorld.scalper]
    #expect(row?.label == "auto | 57% WR | scalper")
    #expect(row?.notes == "say \"hi\"")
    #expect(row?.tags.isEmpty == true)
    // Nothing to change comes before nobody to change.
    #expect(
      try world.send("PATCH", "/v1/smart-money/watch/nobody", "{}").text
        == #"{"error":"No fields to update"}"#)
    let nobody = try world.send("PATCH", "/v1/smart-money/watch/nobody", #"{"label":"x"}"#)
    #expect(nobody.status == 404)
    #expect(nobody.text == #"{"error":"Wallet not tracked"}"#)
    #expect(world.store.writes.count == 1)
  }

  @Test func alertsAreAddedReadAndRemoved() throws {
    let world = World()
    let path = "/v1/smart-money/wallet/%200XNEW%20/alerts"
    #expect(try world.send("GET", path).text == #"{"alerts":[],"address":"0xnew"}"#)
    let added = try world.send(
      "POST", path, #"{"alert_type":"size_above","min_size_usd":"5000","coins":"BTC"}"#)
    #expect(added.text == #"{"status":"ok","id":10,"address":"0xnew","alert_type":"size_above"}"#)
    _ = try world.send("POST", path, #"{"alert_type":"any_trade","min_size_usd":null}"#)
    #expect(
      world.store.writes == [
        .addAlert(key: "0xnew", type: "size_above", minSizeUsd: 5000, coins: "BTC"),
        .addAlert(key: "0xnew", type: "any_trade", minSizeUsd: 0, coins: ""),
      ])
    let alerts = try world.send("GET", path).json?["alerts"]?.elements ?? []
    #expect(
      alerts.first
        == (try JSONTree(
          """
          {"id":10,"alert_type":"size_above","min_size_usd":5000.0,"coins":"BTC","enabled":1,\
          "created_at":1795353385.058}
          """)))
    #expect(alerts.count == 2)
    #expect(try world.send("DELETE", "/v1/smart-money/alert/+10").text == #"{"status":"ok","id":10}"#)
    let active = try world.send("GET", "/v1/smart-money/alerts/active").json?["alerts"]?.elements ?? []
    #expect(active.map { $0["id"] } == ["2", "3", "4", "6", "9", "11"].map(JSONTree.integer))
    #expect(active.last?["address"] == .text("0xnew"))
  }

  @Test func readingsAreHandedOnWithoutNulls() throws {
    let world = World()
    let answer = try world.send(
      "POST", "/v1/historical/record",
      #"{"funding":{"BTC":1.25e-05,"kPEPE":null,"X":"0.5"},"oi":null,"volume":{"BTC":NaN,"SOL":5},"zzz":{"a":{}}}"#
    )
    #expect(answer.text == #"{"status":"ok","recorded":4}"#)
    #expect(
      world.store.writes == [
        .record(
          funding: [CoinReading(coin: "BTC", value: 1.25e-05), CoinReading(coin: "X", value: 0.5)], oi: [],
          volume: [CoinReading(coin: "SOL", value: 5)])
      ])
  }

  @Test func nothingToKeepIsNotWritten() throws {
    let world = World()
    world.store.isOpen = false
    for (body, count) in [("{}", 0), (#"{"oi":{"BTC":null}}"#, 0), (#"{"funding":{"BTC":NaN}}"#, 1)] {
      let answer = try world.send("POST", "/v1/historical/record", body)
      #expect(answer.text == #"{"status":"ok","recorded":\#(count)}"#)
    }
    #expect(world.store.writes.isEmpty)
  }

  @Test func oneBadReadingRefusesAll() throws {
    let world = World()
    for body in [
      #"{"funding":{"AAA":1,"BTC":{"x":1}}}"#, #"{"funding":[1,2]}"#, #"{"oi":{"A":1},"volume":{"B":"x"}}"#,
      #"{"oi":{"A":1e999}}"#,
    ] {
      #expect(try world.send("POST", "/v1/historical/record", body).status == 422, "\(body)")
    }
    #expect(world.store.writes.isEmpty)
  }
}
