import Base
import Engines
import Hyperliquid
import Market
import Store
import Wire

@testable import Core

/// The whole core with an exchange of vaults around it, in simulated time: REST answers after a while, WebSocket
/// connections that carry fills, and a database in memory.
final class VaultWorld {
  static let coins = ["BTC", "ETH", "SOL", "kPEPE"]
  static let wall = WallTime(ms: 1_787_000_000_000)

  /// What a vault holds: coin, signed size, price.
  typealias Holding = (coin: String, szi: Int, px: Int)

  struct Question {
    var kind: String
    var vault: Address
    var at: Instant
  }

  private struct Flight {
    var at: Instant
    var id: FetchID
    var status: Int
    var body: String
  }

  private final class Socket {
    var decoder = WebSocketDecoder(role: .server, messageMax: 1 << 20)
    var isUpgraded = false
    let out = ByteBuffer(capacity: 4096)
  }

  private(set) var core: Core
  private(set) var now = Now(instant: Instant(ns: 1_000_000_000), wall: VaultWorld.wall)
  let database: Database
  var random: PRNG
  private var options: Options
  private var flights: [Flight] = []
  private var sockets: [LinkID: Socket] = [:]
  private var contextsLink: LinkID?
  private var contextsAt = Instant.zero
  private var inputs: [() -> Void] = []
  private var isStepping = false

  var holdings: [Address: [Holding]] = [:]
  var children: [Address: [Address]] = [:]
  /// Vaults whose questions get a 503.
  var failing: Set<Address> = []
  /// What a subscriber of an account's fills is sent first, as rows of JSON.
  var history: [Address: [String]] = [:]
  /// Whether the file cannot be opened now.
  var isFileAway = false
  /// Whether every followed coin trades once a second.
  var isTrading = false
  /// Connections of trades, by coin.
  private var tradeLinks: [String: LinkID] = [:]
  private var lastTrade = 0
  /// Connections of fill feeds, by account.
  private(set) var fillLinks: [Address: LinkID] = [:]
  private(set) var questions: [Question] = []
  private(set) var logs: [String] = []

  init(seed: UInt64, database: Database, _ settings: [String: String] = [:]) throws {
    random = PRNG(seed: seed)
    self.database = database
    var options = Options()
    for (name, value) in settings.sorted(by: { $0.key < $1.key }) {
      precondition(options.set(name, to: value) == nil, name)
    }
    self.options = options
    core = Core(options: options, version: "test", seed: seed, now: now)
    step(.started)
  }

  /// Ends the process as a crash does, and starts it on the same file.
  func restart() {
    flights = []
    sockets = [:]
    fillLinks = [:]
    tradeLinks = [:]
    contextsLink = nil
    core = Core(options: options, version: "test", seed: random.next(), now: now)
    step(.started)
  }

  /// Has the configuration read again, with these values changed.
  func reload(_ settings: [String: String], problems: [ConfigProblem] = []) {
    for (name, value) in settings.sorted(by: { $0.key < $1.key }) {
      precondition(options.set(name, to: value) == nil, name)
    }
    step(.reloaded(options, problems))
  }

  /// What a restart would find in the file.
  func stored() throws -> StoredState { try database.loadAll(StoredLimits(), now: now.wall) }

  /// Runs for a span of time.
  func run(seconds: Double) {
    let end = now.instant + TimeSpan(ns: Int64(seconds * 1e9))
    while true {
      let flight = flights.map(\.at).min() ?? .never
      let next = min(min(core.nextDeadline, flight), contextsAt)
      guard next <= end else { break }
      move(to: max(next, now.instant))
      if let index = flights.indices.first(where: { flights[$0].at <= now.instant }) {
        land(flights.remove(at: index))
      } else if contextsAt <= now.instant {
        contextsAt = now.instant + .seconds(1)
        if isTrading { trade() }
        guard let contextsLink else { continue }
        send(contextsLink, "{\"channel\":\"allDexsAssetCtxs\",\"data\":{\"ctxs\":[]}}")
      } else {
        step(.wake)
      }
    }
    move(to: end)
  }

  private func trade() {
    for coin in Self.coins {
      guard let link = tradeLinks[coin] else { continue }
      lastTrade += 1
      let hex = String(lastTrade, radix: 16)
      let user = "0x" + String(repeating: "1", count: 40 - hex.count) + hex
      send(
        link,
        "{\"channel\":\"trades\",\"data\":[{\"coin\":\"\(coin)\",\"side\":\"B\",\"px\":\"10.5\",\"sz\":\"2.0\","
          + "\"time\":\(now.wall.ms),\"hash\":\"0x0\",\"tid\":\(lastTrade),\"users\":[\"\(user)\",\"\(user)\"]}]}"
      )
    }
  }

  /// Sends fills to whoever follows them.
  func tell(_ user: Address, _ fills: [String]) {
    guard let link = fillLinks[user] else { return }
    send(
      link,
      "{\"channel\":\"userFills\",\"data\":{\"user\":\"\(user)\",\"fills\":[\(fills.joined(separator: ","))]}}"
    )
  }

  /// Cuts every connection.
  func cut() {
    for link in sockets.keys.sorted(by: { $0.index < $1.index }) { lose(link) }
  }

  private func lose(_ link: LinkID) {
    guard sockets.removeValue(forKey: link) != nil else { return }
    fillLinks = fillLinks.filter { $0.value != link }
    tradeLinks = tradeLinks.filter { $0.value != link }
    if contextsLink == link { contextsLink = nil }
    step(.linkClosed(link, .reset))
  }

  private func move(to instant: Instant) {
    now.instant = instant
    now.wall = WallTime(ms: VaultWorld.wall.ms + (instant - Instant(ns: 1_000_000_000)).milliseconds)
  }

  private func land(_ flight: Flight) {
    let text = Array(flight.body.utf8) + [UInt8](repeating: 0, count: 64)
    text.withUnsafeBytes {
      step(
        .reply(
          flight.id, status: flight.status, body: UnsafeRawBufferPointer(rebasing: $0.dropLast(64)),
          retryAfterS: nil))
    }
  }

  private func step(_ input: Input) {
    core.step(input, now: now)
    for effect in core.output.effects { perform(effect) }
    guard !isStepping else { return }
    isStepping = true
    while !inputs.isEmpty { inputs.removeFirst()() }
    isStepping = false
  }

  private func perform(_ effect: Effect) {
    switch effect {
    case .load:
      inputs.append { [self] in
        guard !isFileAway else { return step(.loaded(.failure(StoreError(.locked, "somebody has it")))) }
        step(.loaded(Result { () throws(StoreError) in try database.loadAll(StoredLimits(), now: now.wall) }))
      }
    case .store:
      inputs.append { [self] in
        let batch = core.takeBatch()
        step(.stored(Result { () throws(StoreError) in try database.apply(batch) }))
      }
    case .sweep:
      inputs.append { [self] in step(.swept(core.takeSweep().run(on: database))) }
    case .compute(let id):
      inputs.append { [self] in step(.computed(id, core.takeJob(id).run())) }
    case .log(_, let range): logs.append(String(decoding: core.output.bytes.bytes(in: range), as: UTF8.self))
    case .fetch(let id, let body, _):
      asked(id, String(decoding: core.output.bytes.bytes(in: body), as: UTF8.self))
    case .connect(let link):
      sockets[link] = Socket()
      inputs.append { [self] in step(.linkOpened(link)) }
    case .closeLink(let link): inputs.append { [self] in lose(link) }
    case .sendLink(let link, let range):
      let bytes = Array(core.output.bytes.bytes(in: range)) + [UInt8](repeating: 0, count: 64)
      inputs.append { [self] in
        bytes.withUnsafeBytes { received(link, UnsafeRawBufferPointer(rebasing: $0.dropLast(64))) }
      }
    default: break
    }
  }

  // MARK: REST

  private func asked(_ id: FetchID, _ text: String) {
    let latency = TimeSpan.milliseconds(40 + random.below(200))
    var flight = Flight(at: now.instant + latency, id: id, status: 200, body: "null")
    if text.contains("\"perpDexs\"") {
      flight.body = "[null]"
    } else if text.contains("\"meta\"") {
      flight.body = Self.meta
    } else if let vault = Self.address(in: text) {
      let kind = text.contains("vaultDetails") ? "vaultDetails" : "clearinghouseState"
      questions.append(Question(kind: kind, vault: vault, at: now.instant))
      flight.body = kind == "vaultDetails" ? details(vault) : state(vault)
      if failing.contains(vault) { (flight.status, flight.body) = (503, "<html>") }
    }
    flights.append(flight)
  }

  private static func address(in text: String) -> Address? {
    guard let at = text.firstRange(of: "\"0x") else { return nil }
    return Address(String(text[text.index(after: at.lowerBound)...].prefix(42)))
  }

  private func details(_ vault: Address) -> String {
    let list = (children[vault] ?? []).map { "\"\($0)\"" }.joined(separator: ",")
    let relationship =
      children[vault] == nil
      ? "{\"type\":\"normal\"}" : "{\"type\":\"parent\",\"data\":{\"childAddresses\":[\(list)]}}"
    return "{\"name\":\"v\",\"vaultAddress\":\"\(vault)\",\"relationship\":\(relationship)}"
  }

  private func state(_ vault: Address) -> String {
    let rows = (holdings[vault] ?? []).map { row in
      "{\"type\":\"oneWay\",\"position\":{\"coin\":\"\(row.coin)\",\"szi\":\"\(row.szi).0\",\"entryPx\":\"9.5\","
        + "\"leverage\":{\"type\":\"cross\",\"value\":5},\"unrealizedPnl\":\"-1.25\",\"marginUsed\":\"1.0\","
        + "\"liquidationPx\":null,\"positionValue\":\"\(abs(row.szi) * row.px).0\"}}"
    }
    return "{\"marginSummary\":{\"accountValue\":\"1000.0\",\"totalNtlPos\":\"0.0\",\"totalRawUsd\":\"0.0\","
      + "\"totalMarginUsed\":\"0.0\"},\"assetPositions\":[\(rows.joined(separator: ","))],\"time\":1}"
  }

  private static let meta: String = {
    let rows = coins.map { "{\"szDecimals\":2,\"name\":\"\($0)\",\"maxLeverage\":20,\"marginTableId\":20}" }
    return "{\"universe\":[\(rows.joined(separator: ","))],\"marginTables\":[],\"collateralToken\":0}"
  }()

  // MARK: WebSocket

  private func received(_ link: LinkID, _ bytes: UnsafeRawBufferPointer) {
    guard let socket = sockets[link] else { return }
    guard socket.isUpgraded else {
      socket.isUpgraded = true
      let head = String(decoding: bytes, as: UTF8.self)
      let key =
        head.split(separator: "\r\n").first { $0.hasPrefix("Sec-WebSocket-Key: ") }?.dropFirst(19) ?? ""
      Array(key.utf8).withUnsafeBytes { WebSocketAccept.answer(key: $0, into: socket.out) }
      return flush(link, socket)
    }
    socket.decoder.feed(bytes)
    while case .text(let text)? = try? socket.decoder.next() {
      said(link, socket, String(decoding: text, as: UTF8.self))
    }
    flush(link, socket)
  }

  private func said(_ link: LinkID, _ socket: Socket, _ message: String) {
    guard let mark = message.firstRange(of: "\"subscription\":") else {
      return frame(socket, "{\"channel\":\"pong\"}")
    }
    let isLeaving = message.contains("unsubscribe")
    let topic = message[mark.upperBound...].dropLast()
    frame(
      socket,
      "{\"channel\":\"subscriptionResponse\",\"data\":{\"method\":\"\(isLeaving ? "unsubscribe" : "subscribe")\","
        + "\"subscription\":\(topic)}}")
    if message.contains("allDexsAssetCtxs") { contextsLink = link }
    if message.contains("\"trades\""), let coin = Self.coins.first(where: { message.contains("\"\($0)\"") }) {
      tradeLinks[coin] = isLeaving ? nil : link
    }
    guard message.contains("userFills"), let user = Self.address(in: message) else { return }
    fillLinks[user] = isLeaving ? nil : link
    if isLeaving { return }
    let rows = (history[user] ?? []).joined(separator: ",")
    frame(
      socket,
      "{\"channel\":\"userFills\",\"data\":{\"isSnapshot\":true,\"user\":\"\(user)\",\"fills\":[\(rows)]}}")
  }

  private func frame(_ socket: Socket, _ text: String) {
    Array(text.utf8).withUnsafeBytes { WebSocketEncoder.text($0, mask: nil, into: socket.out) }
  }

  private func send(_ link: LinkID, _ text: String) {
    guard let socket = sockets[link] else { return }
    frame(socket, text)
    flush(link, socket)
  }

  private func flush(_ link: LinkID, _ socket: Socket) {
    guard !socket.out.isEmpty else { return }
    let copy = ByteBuffer(capacity: socket.out.count)
    copy.append(socket.out.bytes)
    socket.out.removeAll()
    step(.linkReceived(link, copy.bytes))
  }
}
