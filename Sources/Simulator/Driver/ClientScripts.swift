import Base
import Core

/// What API clients do: the prober that looks at the truth, and those that behave badly.
extension Simulation {
  /// An account that never trades, which clients ask about.
  static let strangerAddress = "0x0000000000000000000000000000000000000001"

  static func request(_ path: String, method: String = "GET", headers: String = "") -> [UInt8] {
    Array("\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\n\(headers)\r\n".utf8)
  }

  // MARK: The prober

  /// Asks for statistics, health and some coins in one burst, so that all answers are of one moment.
  func probe() {
    add(.probe, in: .milliseconds(swarm.probeMs / 4 + chance.below(swarm.probeMs * 3 / 2)))
    guard stopAsked == nil else { return }
    walk()
    if clients.prober == nil || clients.prober?.isOpen == false { clients.prober = newClient() }
    guard let prober = clients.prober else { return }
    if !prober.isOpen { happen(prober, .accept) }
    guard prober.isOpen, !prober.isClosing else { return }
    prober.mayLose = true
    var bytes: [UInt8] = []
    func ask(_ path: String, _ body: SimulatedClient.Expectation.Body, orAt status: Int = 200) {
      bytes += Simulation.request(path)
      prober.expected.append(SimulatedClient.Expectation(path: path, statuses: 200...status, body: body))
    }
    ask("/v1/stats", .stats)
    ask("/health", .health)
    let isJudged = now >= calmFrom
    for index in 0..<exchange.world.coinCount {
      let name = exchange.world.coinName(index)
      guard isJudged || chance.chance(0.4) else { continue }
      ask("/v1/orderflow/\(name)", .flow(name))
    }
    ask("/v1/hlp/positions", .vaults)
    ask("/v1/smart-money/changes?minutes=1440", .changes)
    ask("/v1/smart-money/watchlist", .watchlist)
    ask("/v1/smart-money/alerts/active", .alerts)
    for index in 0..<exchange.world.coinCount where chance.chance(0.25) {
      let name = exchange.world.coinName(index)
      ask("/v1/whales/\(name)?top_n=5000", .whales(name))
      // A coin that was never listed, or is no longer, has none. Reading it costs more than all else here.
      if chance.chance(0.2) { ask("/v1/heatmap/\(name)", .heatmap(name), orAt: 404) }
    }
    for path in ["/v1/smart-money", "/v1/hlp/sentiment", "/v1/coins", "/v1/liquidations", "/v1/orderflow"]
    where chance.chance(0.2) {
      ask(path, .page)
    }
    happen(prober, .send(bytes))
    // Answers come in bursts; the next one as soon as the socket has taken the last, which this one does at once.
    while prober.isOpen, prober.isPaused { happen(prober, .drained) }
    if !prober.expected.isEmpty, !prober.isClosing {
      complain(.api, "\(prober.expected.count) answers missing")
    }
    prober.expected.removeAll()
    checkCalm()
  }

  // MARK: Those that behave badly

  func visit(_ fault: Fault) {
    switch fault.kind {
    case .slowClients: for _ in 0..<(1 + fault.target % 3) { slow() }
    case .halfClosedClients: halfClosed()
    case .pipeliningClients: pipelining(1 + fault.target % 60)
    case .tricklingClients: trickling()
    case .stallingClients: stalling()
    case .oversizedClients: oversized(fault.target % 3)
    case .garbageClients: for _ in 0..<5 { garbage() }
    case .clientStorm: storm(50 + fault.target % 900)
    default: break
    }
  }

  private static let pages: [(path: String, statuses: ClosedRange<Int>)] = [
    ("/health", 200...200), ("/v1/stats", 200...200), ("/v1/orderflow/BTC", 200...200),
    ("/v1/orderflow/nosuch", 200...200), ("/openapi.json", 200...200), ("/nothing", 404...404),
    ("/v1/whales/BTC", 200...404), ("/v1/heatmap/BTC", 200...404), ("/v1/smart-money", 200...200),
    ("/v1/smart-money/wallet/\(Simulation.strangerAddress)", 200...200),
  ]

  private func ask(_ client: SimulatedClient, _ number: Int) -> [UInt8] {
    let page = Simulation.pages[number % Simulation.pages.count]
    client.expected.append(.init(path: page.path, statuses: page.statuses, body: .anything))
    return Simulation.request(page.path)
  }

  func connectClient() -> SimulatedClient? {
    guard let client = newClient() else { return nil }
    add(.client(client, .accept), at: now)
    return client
  }

  /// Asks for far more than it reads.
  func slow() {
    guard let client = connectClient() else { return }
    client.readRate = 200 + chance.below(20_000)
    client.mayLose = true
    var bytes: [UInt8] = []
    for number in 0..<(200 + chance.below(400)) { bytes += ask(client, number) }
    var at = 0
    while at < bytes.count {
      let end = min(bytes.count, at + 16_384)
      add(.client(client, .send(Array(bytes[at..<end]))), in: .milliseconds(at / 1_000))
      at = end
    }
    add(.client(client, .read), in: .milliseconds(100))
    add(.client(client, .leave), in: .seconds(90))
  }

  func halfClosed() {
    guard let client = connectClient() else { return }
    let bytes = ask(client, chance.below(6)) + ask(client, chance.below(6))
    add(.client(client, .send(bytes)), in: .milliseconds(1))
    add(.client(client, .end), in: .milliseconds(1 + chance.below(50)))
    mustEnd(client, in: .seconds(1))
  }

  func pipelining(_ count: Int) {
    guard let client = connectClient() else { return }
    var bytes: [UInt8] = []
    for number in 0..<count { bytes += ask(client, number) }
    add(.client(client, .send(bytes)), in: .milliseconds(5))
    add(.client(client, .leave), in: .seconds(30))
  }

  func trickling() {
    guard let client = connectClient() else { return }
    let bytes = ask(client, chance.below(6))
    let paceMs = 1 + chance.below(100)
    for (index, byte) in bytes.enumerated() {
      add(.client(client, .send([byte])), in: .milliseconds(1 + index * paceMs))
    }
    add(.client(client, .leave), in: .milliseconds(bytes.count * paceMs + 1_000))
  }

  /// Half a head, then nothing: it must be told and sent away.
  func stalling() {
    guard let client = connectClient() else { return }
    client.expected.append(.init(path: "half a head", statuses: 408...408, body: .anything))
    add(.client(client, .send(Array("GET /health HTTP/1.1\r\nHo".utf8))), in: .milliseconds(5))
    mustEnd(client, in: .seconds(13))
  }

  func oversized(_ kind: Int) {
    guard let client = connectClient() else { return }
    let bytes: [UInt8]
    switch kind {
    case 0: bytes = Simulation.request("/" + String(repeating: "x", count: 20_000))
    case 1: bytes = Simulation.request("/health", headers: "X: \(String(repeating: "y", count: 40_000))\r\n")
    default: bytes = Simulation.request("/health", method: "POST", headers: "Content-Length: 99999999\r\n")
    }
    client.expected.append(.init(path: "oversized", statuses: 400...499, body: .anything))
    add(.client(client, .send(bytes)), in: .milliseconds(5))
    mustEnd(client, in: .seconds(12))
  }

  func garbage() {
    guard let client = connectClient() else { return }
    client.mayLose = true
    var bytes = (0..<(1 + chance.below(300))).map { _ in UInt8(truncatingIfNeeded: chance.next()) }
    if chance.chance(0.7) { bytes += [13, 10, 13, 10] }
    client.expected.append(.init(path: "garbage", statuses: 400...505, body: .anything))
    add(.client(client, .send(bytes)), in: .milliseconds(5))
    mustEnd(client, in: .seconds(45))
  }

  func storm(_ count: Int) {
    for number in 0..<count {
      guard let client = connectClient() else { return }
      client.mayLose = true
      if chance.chance(0.7) {
        add(.client(client, .send(ask(client, number))), in: .milliseconds(1 + chance.below(2_000)))
      }
      add(.client(client, .leave), in: .milliseconds(1 + chance.below(20_000)))
    }
  }

  /// The server must end this connection by itself.
  private func mustEnd(_ client: SimulatedClient, in span: TimeSpan) { client.mustEndBy = now + span }
}
