import API
import Base
import Engines
import Market
import Store
import Testing

@testable import Core

/// One life of the whole Core over a database that outlives it; the exchange is away.
private final class Life {
  let core: Core
  let database: Database
  var now: Now
  private(set) var slices = 0

  init(_ database: Database, now: Now, pollerOn: Bool = true) throws {
    self.database = database
    self.now = now
    var options = Options()
    _ = options.set("position_poller.enabled", to: "\(pollerOn)")
    core = Core(options: options, version: "test", seed: 1, now: now)
    step(.started)
    step(.loaded(.success(try database.loadAll(StoredLimits(), now: now.wall))))
    while core.warmStart != nil {
      slices += 1
      step(.wake)
    }
    step(.wake)
  }

  func step(_ input: Input) {
    core.step(input, now: now)
    var next: [Input] = []
    for effect in core.output.effects {
      switch effect {
      case .store:
        let batch = core.takeBatch()
        do throws(StoreError) { next.append(.stored(.success(try database.apply(batch)))) } catch {
          next.append(.stored(.failure(error)))
        }
      case .sweep: next.append(.swept(core.takeSweep().run(on: database)))
      case .compute(let id): next.append(.computed(id, core.takeJob(id).run()))
      case .query(let id):
        let query = core.takeQuery(id)
        do throws(StoreError) { next.append(.queried(id, .success(try database.answer(query)))) } catch {
          next.append(.queried(id, .failure(error)))
        }
      default: break
      }
    }
    for input in next { step(input) }
  }

  func pass(_ span: TimeSpan) {
    now = Now(instant: now.instant + span, wall: WallTime(ms: now.wall.ms + span.milliseconds))
    step(.wake)
  }

  /// The body of an answer.
  func get(_ target: String, method: String = "GET", body: String = "") -> String {
    var answer = ""
    let request = Array(
      ("\(method) \(target) HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)").utf8)
    step(.clientAccepted(ClientID(raw: 0)))
    request.withUnsafeBytes { bytes in
      core.step(.clientReceived(ClientID(raw: 0), bytes), now: now)
      answer += sent()
      var next: [Input] = []
      for effect in core.output.effects {
        if case .store = effect { next.append(result()) }
        if case .query(let id) = effect {
          if let found = try? database.answer(core.takeQuery(id)) {
            next.append(.queried(id, .success(found)))
          }
        }
      }
      for input in next {
        core.step(input, now: now)
        answer += sent()
      }
    }
    step(.clientClosed(ClientID(raw: 0)))
    guard let end = answer.range(of: "\r\n\r\n") else { return answer }
    return String(answer[end.upperBound...])
  }

  private func result() -> Input {
    do throws(StoreError) { return .stored(.success(try database.apply(core.takeBatch()))) } catch {
      return .stored(.failure(error))
    }
  }

  private func sent() -> String {
    var text = ""
    for case .sendClient(_, let range) in core.output.effects {
      text += String(decoding: core.output.bytes.bytes(in: range), as: UTF8.self)
    }
    return text
  }
}

extension String {
  fileprivate func range(of other: String) -> Range<String.Index>? {
    var at = startIndex
    while at < endIndex {
      if self[at...].hasPrefix(other) { return at..<index(at, offsetBy: other.count) }
      at = index(after: at)
    }
    return nil
  }
}

/// Every endpoint answers right after a restart as before it.
@Suite struct WarmStartTests {
  private static let start = Now(instant: Instant(ns: 1_000_000_000), wall: WallTime(ms: 1_800_000_000_000))
  private static let coinNames = ["BTC", "ETH", "kPEPE", "xyz:TSLA", "SOL"]

  /// Fills a life through the paths collectors use.
  private func live(_ life: Life, seed: UInt64, accounts: Int) {
    let core = life.core
    let knowledge = core.knowledge
    var random = PRNG(seed: seed)
    for name in WarmStartTests.coinNames {
      let dex = name.hasPrefix("xyz:") ? "xyz" : ""
      _ = core.views.coins.list(
        Coin(name: name, dex: dex, szDecimals: 2, maxLeverage: 10, isListed: false))
    }
    func coin() -> CoinID { CoinID(raw: UInt32(random.below(WarmStartTests.coinNames.count))) }
    for number in 1...accounts {
      let address = StorageWorld.address(number)
      let seenAt = WallTime(ms: life.now.wall.ms - Int64(random.below(86_400)) * 1000)
      guard let account = knowledge.book.see(address, at: seenAt)?.id else { continue }
      var rows: [TrackedPosition] = []
      for index in 0..<UInt32(random.below(4)) {
        let raw = Int64(1 + random.below(1_000_000)) * 1_000_000
        let value = Double(raw) / 1e8 * 100
        rows.append(
          TrackedPosition(
            account: account, coin: CoinID(raw: index), szi: Sz(raw: random.chance(0.5) ? raw : -raw),
            entryPx: Px(raw: 9_000_000_000 + Int64(random.below(2_000_000_000))),
            sizeUsd: Usd(micros: Int64(value * 1e6)),
            liqPx: random.chance(0.8) ? Px(raw: 8_500_000_000 + Int64(random.below(3_000_000_000))) : nil,
            unrealizedPnl: Usd(micros: Int64(random.below(2_000_000_000)) - 1_000_000_000),
            marginUsed: Usd(micros: Int64(random.below(1_000_000_000))),
            leverage: Double(1 + random.below(40)), updatedAt: life.now.wall))
      }
      knowledge.positions.replace(account, with: rows)
      core.poller?.hold(account)
      for row in rows {
        core.persistence.rows.add(PositionRow(row, address, core.views.coins[row.coin].name))
      }
      core.persistence.rows.add(AccountPoll(address: address, at: life.now.wall, tier: 3, totalSizeUsd: 0))
      guard random.chance(0.4) else { continue }
      profile(core, account, address, &random, at: life.now.wall)
    }
    for age in [7_200, 3_600, 60] {
      for number in 1...accounts {
        let address = StorageWorld.address(number)
        guard let account = knowledge.book.find(address) else { continue }
        let at = WallTime(ms: life.now.wall.ms - Int64(age) * 1000 + Int64(number))
        let equity = Usd(micros: Int64(random.below(1_000_000_000_000)))
        knowledge.equity.append(account, equity: equity, at: at)
        core.persistence.rows.add(
          EquitySnapshot(address: address, at: at, equity: equity.double, unrealized: 0))
      }
    }
    knowledge.rankings.rebuild(knowledge.equity, book: knowledge.book, now: life.now.wall)
    for age in 0..<40 {
      let change = PositionChange(
        address: StorageWorld.address(1 + random.below(accounts)), coin: coin(), action: .entry,
        isLong: random.chance(0.5), sizeUsd: Usd(micros: Int64(random.below(1_000_000_000))),
        price: Px(raw: 10_000_000_000),
        detectedAt: WallTime(ms: life.now.wall.ms - Int64(40 - age) * 1_000))
      knowledge.changes.append(change)
      core.persistence.rows.add(PositionChangeRow(change, coins: core.views.coins))
    }
  }

  private func profile(
    _ core: Core, _ account: AddressID, _ address: Address, _ random: inout PRNG, at time: WallTime
  ) {
    let profile = Profile(
      computedAt: time, windowDays: 7, winRate: Double(random.below(10_000)) / 10_000,
      tradeCount: 5 + random.below(50), profitFactor: Double(random.below(400)) / 100, avgHoldHours: 2.5,
      avgPnlPct: 0.01, maxDrawdown: 12.5, style: .mixed, isBot: random.chance(0.2),
      equity: Usd(micros: 1_000_000 * Int64(1 + random.below(90_000))), tradesPerDay: 3)
    core.keep(profile, of: account)
    let trades = (0..<6).map { index in
      ClosedTrade(
        coin: CoinID(raw: UInt32(index % 5)), isLong: true, isWin: true, entryPx: 1, exitPx: 2, sizeUsd: 3,
        pnlUsd: 4, pnlPct: 0.5, holdHours: 6, entryTime: WallTime(ms: time.ms - 100_000),
        exitTime: WallTime(ms: time.ms - Int64(index) * 1000))
    }
    core.knowledge.recentTrades.set(trades, of: address)
    core.persistence.rows.add(
      address, WalletProfile(profile, address),
      trades: trades.map { WalletTrade($0, address, core.views.coins[$0.coin].name) })
  }

  private func targets(_ accounts: Int) -> [String] {
    var targets = [
      "/v1/whales/BTC?top_n=5000", "/v1/whales/ETH", "/v1/whales/xyz:TSLA", "/v1/smart-money?top_n=200",
      "/v1/smart-money?min_win_rate=0.3&exclude_bots=true", "/v1/smart-money/watchlist",
      "/v1/smart-money/changes?minutes=1440", "/v1/smart-money/alerts/active", "/v1/hlp/positions",
      "/v1/hlp/sentiment?hours=168", "/v1/liquidations?hours=24",
    ]
    for number in 1...min(accounts, 30) {
      let address = StorageWorld.address(number).description
      targets += ["/v1/smart-money/wallet/\(address)/trades", "/v1/smart-money/wallet/\(address)/alerts"]
    }
    return targets
  }

  /// Rankings say when they were last looked at, which is not the past's business.
  private func undated(_ answer: String) -> String {
    guard let at = answer.range(of: "\"as_of\":") else { return answer }
    let rest = answer[at.upperBound...].drop { $0 != "," && $0 != "}" }
    return String(answer[..<at.lowerBound] + rest)
  }

  @Test(arguments: 1...4)
  func answersAfterARestartAreTheAnswersBefore(seed: UInt64) throws {
    let database = try Database(DatabaseOptions(path: ":memory:"))
    let before = try Life(database, now: WarmStartTests.start)
    live(before, seed: seed, accounts: 120)
    for number in 1...8 {
      let address = StorageWorld.address(number * 7).description
      let watch = before.get(
        "/v1/smart-money/watch", method: "POST", body: #"{"address":"\#(address)","label":"w\#(number)"}"#)
      #expect(watch.contains(#""status":"ok""#), "\(watch)")
      before.now.wall.ms += 1
      let alert = before.get(
        "/v1/smart-money/wallet/\(address)/alerts", method: "POST", body: #"{"alert_type":"any_trade"}"#)
      #expect(alert.contains(#""id":\#(number)"#), "\(alert)")
    }
    _ = before.get("/v1/smart-money/alert/8", method: "DELETE")
    _ = before.get(
      "/v1/smart-money/watch/\(StorageWorld.address(7).description)", method: "PATCH", body: #"{"notes":"n"}"#
    )
    for _ in 0..<3 { before.pass(.seconds(1)) }
    #expect(before.core.persistence.unsaved(before.core.book) == 0)
    let after = try Life(database, now: before.now)
    for target in targets(120) {
      #expect(undated(after.get(target)) == undated(before.get(target)), "\(target)")
    }
    // Numbers of alerts are never used twice.
    let alert = after.get(
      "/v1/smart-money/wallet/\(StorageWorld.address(1).description)/alerts", method: "POST",
      body: #"{"alert_type":"any_trade"}"#)
    #expect(alert.contains(#""id":9"#), "\(alert)")
    // The heatmap needs prices; until the exchange names them, positions say where they were valued.
    #expect(after.core.knowledge.heatmap?.coins.contains { $0 != nil } == true)
  }

  @Test func aLargeFileIsTakenOverInSlices() throws {
    let database = try Database(DatabaseOptions(path: ":memory:"))
    var batch = Batch()
    for number in 0..<20_000 {
      if batch.isFull {
        _ = try database.apply(batch)
        batch.removeAll()
      }
      let at = WarmStartTests.start.wall
      batch.add(
        AddressSighting(address: StorageWorld.address(number), firstSeen: at, lastSeen: at, trades: 1))
    }
    _ = try database.apply(batch)
    let life = try Life(database, now: WarmStartTests.start)
    #expect(life.core.book.count == 20_000 && life.slices >= 8)
  }

  @Test func untilItIsDoneHealthSaysSoAndWritesAreRefused() throws {
    let database = try Database(DatabaseOptions(path: ":memory:"))
    var batch = Batch()
    for number in 0..<10_000 {
      let at = WarmStartTests.start.wall
      batch.add(
        AddressSighting(address: StorageWorld.address(number), firstSeen: at, lastSeen: at, trades: 1))
    }
    _ = try database.apply(batch)
    let now = WarmStartTests.start
    let core = Core(options: Options(), version: "test", seed: 1, now: now)
    core.step(.started, now: now)
    core.report()
    #expect(core.views.health.reasons.contains("database: loading"))
    core.step(.loaded(.success(try database.loadAll(StoredLimits(), now: now.wall))), now: now)
    #expect(core.nextDeadline <= now.instant && core.views.submit?(.removeAlert(id: 1)) == nil)
    core.report()
    #expect(core.views.health.reasons.contains("database: loading"))
    while core.warmStart != nil { core.step(.wake, now: now) }
    core.report()
    #expect(!core.views.health.reasons.contains { $0.hasPrefix("database") })
    #expect(core.views.submit?(.removeAlert(id: 1)) != nil)
  }

  @Test func goodWalletsAreWatchedThroughTheDisk() throws {
    let database = try Database(DatabaseOptions(path: ":memory:"))
    let life = try Life(database, now: WarmStartTests.start)
    let core = life.core
    for number in 1...3 {
      guard let account = core.book.see(StorageWorld.address(number), at: life.now.wall)?.id else { continue }
      core.keep(
        Profile(
          computedAt: life.now.wall, windowDays: 7, winRate: 0.6, tradeCount: 20,
          profitFactor: Double(number), avgHoldHours: 5, avgPnlPct: 0, maxDrawdown: 0, style: .swing,
          isBot: false, equity: nil), of: account)
    }
    life.pass(.seconds(61))
    let state = try database.loadAll(StoredLimits(), now: life.now.wall)
    #expect(state.watched.map(\.label).sorted() == ["auto | 60% WR | swing", "auto | 60% WR | swing"])
    #expect(core.knowledge.watchList.autoCount == 2)
    // Somebody does not want one of them: it stays away.
    _ = life.get("/v1/smart-money/watch/\(StorageWorld.address(3).description)", method: "DELETE")
    if let account = core.book.find(StorageWorld.address(1)) { _ = core.knowledge.profiles.remove(account) }
    life.pass(.seconds(61))
    #expect(core.knowledge.watchList.autoCount == 1)
  }
}
