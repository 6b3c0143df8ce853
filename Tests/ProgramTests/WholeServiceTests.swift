import Foundation
import Testing

/// The whole service on real sockets: every route answers, what it answers is true, and a restart changes nothing.
///
/// The exchange stands still while answers and truth are compared, so that polls of different moments are one picture.
@Suite(.serialized) struct WholeServiceTests {
  typealias Object = [String: Any]

  private static let exchange = [
    "--accounts", "80", "--trades-per-second", "150", "--coins", "24", "--weight-per-min", "1000000",
    "--still",
  ]
  private static let settings = [
    "HYNOUS_RATE_LIMIT_MAX_WEIGHT_PER_MIN": "100000", "HYNOUS_POSITION_POLLER_WORKERS": "16",
    "HYNOUS_POSITION_POLLER_TIER1_INTERVAL": "1", "HYNOUS_POSITION_POLLER_TIER2_INTERVAL": "1",
    "HYNOUS_POSITION_POLLER_TIER3_INTERVAL": "2", "HYNOUS_HLP_TRACKER_POLL_INTERVAL": "1",
    "HYNOUS_HEATMAP_RECOMPUTE_INTERVAL": "1", "HYNOUS_SMART_MONEY_MIN_TRADES_FOR_PROFILE": "1",
    "HYNOUS_SMART_MONEY_MIN_EQUITY": "1000000000000", "HYNOUS_L2_SUBSCRIBER_ENABLED": "true",
    "HYNOUS_SMART_MONEY_AUTO_CURATE_ENABLED": "false",
    // No profile comes of itself between the answers before and after the restart.
    "HYNOUS_SMART_MONEY_MAX_PROFILES_PER_CYCLE": "0",
  ]

  @Test func everyRouteTellsTheTruthAndARestartChangesNothing() throws {
    let service = try Service(exchange: Self.exchange, settings: Self.settings)
    let live = try service.daemon.eventually(seconds: 40) {
      let stream = try service.get("/v1/stats").json()["trade_stream"] as? Object
      return stream?["subscribed_coins"] as? Int ?? 0 >= 20
    }
    #expect(live, "\(service.daemon.lines)")
    let start = try WorldPicture(exchangePort: service.exchangePort)
    let watched = start.accounts.values.filter { !$0.isVault }.map(\.address).sorted().prefix(6)
    let client = try LoopbackClient(port: service.port)
    for (place, address) in watched.enumerated() {
      let answer = try client.send(
        "POST", "/v1/smart-money/watch", json: #"{"address":"\#(address)","label":"w\#(place)"}"#)
      #expect(answer.status == 200, "\(answer.text)")
    }
    // Every watched wallet has been seen once before anything moves: its changes then start from here.
    let seeded = try service.daemon.eventually {
      // Not by the wallet's own route, which would have it profiled while the world still stands at its start.
      try rows("/v1/smart-money/watchlist", "wallets", service).allSatisfy {
        $0["positions_count"] as? Int == start.accounts[$0["address"] as? String ?? ""]?.positions.count
      }
    }
    #expect(seeded, "\(service.daemon.lines)")

    _ = try client.send(
      "POST", "/v1/smart-money/wallet/\(watched[0])/alerts", json: #"{"alert_type":"any_trade"}"#)
    let record = try client.send(
      "POST", "/v1/historical/record", json: #"{"funding":{"BTC":0.0001,"ETH":null}}"#)
    #expect(try record.json()["recorded"] as? Int == 1)

    try control("on", service)
    let busy = try service.daemon.eventually(seconds: 60) {
      let trades = try service.get("/v1/orderflow/BTC").json()["total_trades"] as? Int ?? 0
      let accounts = try service.get("/health").json()["addresses_discovered"] as? Int ?? 0
      return trades > 200 && accounts >= 80
    }
    #expect(busy, "\(service.daemon.lines)")
    try control("still", service)
    let world = try WorldPicture(exchangePort: service.exchangePort)
    let settled = try service.daemon.eventually(seconds: 60) { try isSettled(world, service) }
    #expect(settled, "\(service.daemon.lines.suffix(20))")

    try checkFlow(world, service)
    try checkPositions(world, service)
    try checkHeatmap(world, service)
    try checkVaults(world, service)
    try checkProfiles(world, watched.sorted(), service)
    try checkChanges(start, world, watched.sorted(), service)
    try checkRankings(world, service)
    try checkCoins(world, service)

    // Whoever was just profiled may be a bot, whose positions the next map leaves out.
    let profiledAt = Date().timeIntervalSince1970
    #expect(try service.daemon.eventually { try heatmapAt(service) > profiledAt })
    let before = try answers(watched[0], service)
    #expect(before.values.allSatisfy { $0.hasPrefix("{") }, "\(before)")
    #expect(service.stop() == 0)
    #expect(
      service.daemon.lines.last?.contains("unsaved") != true
        || service.daemon.lines.last?.contains("=0") == true)
    try service.restart()
    let after = try service.daemon.eventually(seconds: 30) { try answers(watched[0], service) == before }
    if !after {
      let now = try answers(watched[0], service)
      for (path, answer) in before where now[path] != answer {
        let same = zip(answer, now[path] ?? "").prefix { $0 == $1 }.count
        func part(_ text: String) -> Substring { text.dropFirst(max(0, same - 300)).prefix(600) }
        Issue.record("\(path) from \(same) on\nbefore \(part(answer))\nafter  \(part(now[path] ?? "none"))")
      }
    }
    #expect(service.stop() == 0)
  }

  // MARK: The exchange

  private func control(_ what: String, _ service: Service) throws {
    let answer = try LoopbackClient(port: service.exchangePort).send("POST", "/control/\(what)", json: "")
    #expect(answer.status == 200)
  }

  private func rows(_ path: String, _ key: String, _ service: Service) throws -> [Object] {
    let answer = try service.get(path)
    #expect(answer.status == 200, "\(path): \(answer.text)")
    return try answer.json()[key] as? [Object] ?? []
  }

  /// Whether everything the daemon holds was asked for after the world stood still, and computed since.
  private func isSettled(_ world: WorldPicture, _ service: Service) throws -> Bool {
    let stillAt = Double(world.nowMs) / 1000
    for coin in world.listed.sorted() where !coin.contains(":") {
      for row in try rows("/v1/whales/\(coin)?top_n=5000", "positions", service)
      where (row["updated_at"] as? Double ?? 0) < stillAt + 0.2 { return false }
    }
    let stats = try service.get("/v1/stats").json()
    let round = (stats["hlp_tracker"] as? Object)?["last_round_age_s"] as? Double ?? .infinity
    return try heatmapAt(service) > stillAt + 5 && Date().timeIntervalSince1970 - round > stillAt + 0.5
  }

  /// The moment the newest heatmaps are of.
  private func heatmapAt(_ service: Service) throws -> Double {
    let stats = try service.get("/v1/stats").json()
    return (stats["liq_heatmap"] as? Object)?["last_recompute"] as? Double ?? 0
  }

  // MARK: Comparisons

  private func checkFlow(_ world: WorldPicture, _ service: Service) throws {
    for coin in world.listed.sorted() {
      let name = coin.replacingOccurrences(of: "/", with: "%2F")
      let answer = try service.get("/v1/orderflow/\(name)").json()
      let truth = try LoopbackClient.get(
        "/truth/flow?coin=\(coin)&windowS=3600", port: service.exchangePort
      ).json()
      guard let window = (answer["windows"] as? Object)?["1h"] as? Object else {
        #expect(truth["buyCount"] as? Int == 0 && truth["sellCount"] as? Int == 0, "\(coin)")
        continue
      }
      #expect(window["buy_count"] as? Int == truth["buyCount"] as? Int, "\(coin)")
      #expect(window["sell_count"] as? Int == truth["sellCount"] as? Int, "\(coin)")
      let buy = (truth["buyMicros"] as? Double ?? .nan) / 1e6
      #expect(abs((window["buy_volume_usd"] as? Double ?? .nan) - buy) < 0.0051, "\(coin)")
    }
  }

  private func checkPositions(_ world: WorldPicture, _ service: Service) throws {
    var seen: [String: Int] = [:]
    for coin in world.listed.sorted() where !coin.contains(":") {
      var last = Double.infinity
      for row in try rows("/v1/whales/\(coin)?top_n=5000", "positions", service) {
        let address = row["address"] as? String ?? ""
        let position = try #require(world.accounts[address]?.positions[coin], "\(coin) \(address)")
        seen[address, default: 0] += 1
        let size = row["size"] as? Double ?? .nan
        let sizeUsd = row["size_usd"] as? Double ?? .nan
        #expect(isClose(size, abs(position.szi)) && isClose(sizeUsd, abs(position.value)))
        #expect(row["side"] as? String == (position.szi > 0 ? "long" : "short"))
        #expect(isClose(row["unrealized_pnl"] as? Double ?? .nan, position.unrealizedPnl))
        #expect(isClose(row["mark_px"] as? Double ?? .nan, world.markPx[coin] ?? .nan))
        #expect(row["leverage"] as? Double == position.leverage)
        #expect(sizeUsd <= last)
        last = sizeUsd
      }
    }
    // Accounts that never traded while the daemon looked are unknown to it; of all others it holds everything.
    let holders = world.accounts.values.filter { !$0.positions.isEmpty }
    #expect(seen.count * 10 > holders.count * 8, "\(seen.count) of \(holders.count)")
    for holder in holders where seen[holder.address] != nil {
      #expect(seen[holder.address] == holder.positions.count, "\(holder.address)")
    }
  }

  /// Counts every bucket again from the positions themselves.
  private func checkHeatmap(_ world: WorldPicture, _ service: Service) throws {
    for coin in world.listed.sorted() where !coin.contains(":") {
      let answer = try service.get("/v1/heatmap/\(coin)")
      #expect(answer.status == 200, "\(coin): \(answer.text)")
      let map = try answer.json()
      let buckets = map["buckets"] as? [Object] ?? []
      let summary = map["summary"] as? Object ?? [:]
      #expect(buckets.count == map["bucket_count"] as? Int)
      let rows = try rows("/v1/whales/\(coin)?top_n=5000", "positions", service)
      let bots = (map["coverage"] as? Object)?["bots_excluded"] as? Int ?? 0
      let counted = rows.filter { ($0["size_usd"] as? Double ?? 0) >= 1000 && $0["liq_px"] is Double }
      #expect(summary["total_positions"] as? Int == counted.count - bots, "\(coin)")
      guard bots == 0, let low = buckets.first?["price_low"] as? Double,
        let high = buckets.last?["price_high"] as? Double
      else { continue }
      var long = 0.0
      var short = 0.0
      for row in counted {
        let px = row["liq_px"] as? Double ?? 0
        // Printed edges are rounded: what lies on the outermost ones is not held against it.
        guard px > low * (1 + 1e-4), px < high * (1 - 1e-4) else { continue }
        let usd = row["size_usd"] as? Double ?? 0
        if row["side"] as? String == "long" { long += usd } else { short += usd }
      }
      let total = (
        summary["total_long_liq_usd"] as? Double ?? .nan, summary["total_short_liq_usd"] as? Double ?? .nan
      )
      #expect(abs(total.0 - long) < 1 && abs(total.1 - short) < 1, "\(coin): \(total) \(long) \(short)")
      let sum = buckets.reduce(0) { $0 + ($1["long_liq_usd"] as? Double ?? .nan) }
      #expect(abs(sum - total.0) < 0.01 * Double(buckets.count))
    }
  }

  private func checkVaults(_ world: WorldPicture, _ service: Service) throws {
    let rows = try rows("/v1/hlp/positions", "positions", service)
    var net: [String: Double] = [:]
    for row in rows {
      let vault = row["vault_address"] as? String ?? ""
      let coin = row["coin"] as? String ?? ""
      let position = try #require(world.accounts[vault]?.positions[coin], "\(vault) \(coin)")
      #expect(isClose(row["size_usd"] as? Double ?? .nan, abs(position.value)))
      net[coin, default: 0] += position.szi
    }
    let vaults = world.accounts.values.filter(\.isVault)
    #expect(rows.count == vaults.reduce(0) { $0 + $1.positions.count })
    #expect(rows.count > 0)
    let sentiment = try service.get("/v1/hlp/sentiment").json()["sentiment"] as? Object ?? [:]
    for (coin, size) in net {
      let row = sentiment[coin] as? Object ?? [:]
      let side = size == 0 ? nil : size > 0 ? "long" : "short"
      #expect(row["current_side"] as? String == side, "\(coin)")
    }
  }

  private func checkProfiles(_ world: WorldPicture, _ wallets: [String], _ service: Service) throws {
    var trips = 0
    for wallet in wallets {
      let path = "/v1/smart-money/wallet/\(wallet)"
      let ready = try service.daemon.eventually(seconds: 30) {
        try service.get(path).json()["profile_status"] as? String == "ready"
      }
      #expect(ready, "\(wallet)")
      let answer = try service.get(path).json()
      // A wallet without finished trips has no profile.
      guard let computed = answer["computed_at"] as? Double else { continue }
      let days = try #require(answer["profile_days"] as? Double)
      let since = Int(computed * 1000) - Int(days * 86_400_000)
      let truth = try WorldPicture.trips(wallet, sinceMs: since, exchangePort: service.exchangePort)
      let rows = try rows("\(path)/trades?limit=200", "trades", service)
      trips += rows.count
      // What ended while the fills were asked for may be in them or not.
      let certain = truth.filter { Double($0.exitMs) < computed * 1000 - 2_000 }
      #expect(rows.count >= min(200, certain.count) && rows.count <= truth.count, "\(wallet)")
      for row in rows {
        let exit = row["exit_time"] as? Double ?? 0
        let match = truth.first {
          $0.coin == row["coin"] as? String && $0.side == row["side"] as? String
            && isClose(Double($0.exitMs) / 1000, exit, within: 1e-12)
            && abs((row["pnl_usd"] as? Double ?? .nan) - $0.pnl) < 0.0051
        }
        #expect(match != nil, "\(wallet) \(row)")
        guard let match else { continue }
        #expect(isClose(row["entry_px"] as? Double ?? .nan, match.entryNtl / match.sz))
        #expect(isClose(row["exit_px"] as? Double ?? .nan, match.exitNtl / match.sz))
      }
    }
    #expect(trips > 0)
  }

  /// What a wallet's changes say in sum: new positions were entered, gone ones left.
  private func checkChanges(
    _ start: WorldPicture, _ end: WorldPicture, _ wallets: [String], _ service: Service
  ) throws {
    let changes = try rows("/v1/smart-money/changes?minutes=1440", "changes", service)
    for wallet in wallets {
      let before = start.accounts[wallet]?.positions ?? [:]
      let after = end.accounts[wallet]?.positions ?? [:]
      for coin in Set(before.keys).union(after.keys) {
        // Newest first.
        let last = changes.first { $0["address"] as? String == wallet && $0["coin"] as? String == coin }
        switch (before[coin], after[coin]) {
        case (nil, .some(let now)):
          #expect(last?["action"] as? String != "exit" && last != nil, "\(wallet) \(coin)")
          #expect(last?["side"] as? String == (now.szi > 0 ? "long" : "short"))
        case (.some, nil): #expect(last?["action"] as? String == "exit", "\(wallet) \(coin)")
        case (.some(let was), .some(let now)) where was.szi * now.szi < 0:
          #expect(last != nil && last?["action"] as? String != "exit", "\(wallet) \(coin)")
        default: break
        }
      }
    }
    #expect(changes.allSatisfy { wallets.contains($0["address"] as? String ?? "") })
  }

  private func checkRankings(_ world: WorldPicture, _ service: Service) throws {
    let ranked = try rows("/v1/smart-money?top_n=200", "rankings", service)
    #expect(ranked.count > 10)
    var last = Double.infinity
    for row in ranked {
      let truth = try #require(world.accounts[row["address"] as? String ?? ""])
      #expect(abs((row["equity"] as? Double ?? .nan) - truth.equity) < 0.0051)
      let pnl = row["pnl_24h"] as? Double ?? .nan
      #expect(pnl <= last)
      last = pnl
    }
  }

  private func checkCoins(_ world: WorldPicture, _ service: Service) throws {
    let coins = try rows("/v1/coins", "coins", service)
    #expect(Set(coins.compactMap { $0["coin"] as? String }).isSuperset(of: world.listed))
    let book = try service.get("/v1/book/BTC")
    #expect(book.status == 200, "\(book.text)")
    #expect(try service.get("/v1/liquidations").status == 200)
  }

  // MARK: Restart

  /// Answers that a restart must not change, without what tells the time. A coin's map needs the coin's price, which
  /// the exchange says again a moment after a start: what is not 200 is an answer like any other, and compared.
  private func answers(_ wallet: String, _ service: Service) throws -> [String: String] {
    var answers: [String: String] = [:]
    for path in [
      "/v1/whales/BTC", "/v1/whales/ETH", "/v1/heatmap/BTC", "/v1/hlp/positions", "/v1/hlp/sentiment",
      "/v1/smart-money", "/v1/smart-money/watchlist", "/v1/smart-money/changes?minutes=1440",
      "/v1/smart-money/wallet/\(wallet)", "/v1/smart-money/wallet/\(wallet)/trades",
      "/v1/smart-money/wallet/\(wallet)/alerts", "/v1/smart-money/alerts/active", "/v1/liquidations",
    ] {
      let answer = try service.get(path)
      guard answer.status == 200 else {
        answers[path] = "\(answer.status) \(answer.text)"
        continue
      }
      let plain = WholeServiceTests.timeless(try JSONSerialization.jsonObject(with: Data(answer.body)))
      answers[path] = String(
        decoding: try JSONSerialization.data(withJSONObject: plain, options: [.sortedKeys]), as: UTF8.self)
    }
    return answers
  }

  /// Keys whose values go on with time, or with the polls after a restart.
  private static let moving: Set<String> = [
    "computed_at", "updated_at", "data_age_seconds", "oldest_position_age_seconds", "as_of", "oldest_age_s",
    "median_age_s", "age_seconds", "since", "sources",
  ]

  private static func timeless(_ value: Any) -> Any {
    if let object = value as? [String: Any] {
      return object.filter { !moving.contains($0.key) }.mapValues(timeless)
    }
    if let list = value as? [Any] { return list.map(timeless) }
    return value
  }
}
