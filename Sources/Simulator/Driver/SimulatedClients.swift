import Base
import Core

/// An API client and the socket under it.
final class SimulatedClient {
  /// What it does next.
  enum Moment {
    case accept
    case send([UInt8])
    case end
    case leave
    case read
    case drained
    case closed
  }

  /// What an answer must be.
  struct Expectation {
    enum Body {
      case health, stats, flow(String), page, anything
      case whales(String), vaults, changes, watchlist, watch(String, String)
      case heatmap(String), patched(String, String), unwatched(String), alertAdded(String), alertRemoved(
        Int64), alerts, walked
    }
    var path: String
    var statuses: ClosedRange<Int>
    var body: Body
    var isHead = false
    var method = "GET"
  }

  let id: ClientID
  var isOpen = false
  /// Core asked for the end.
  var isClosing = false
  /// The client itself went away.
  var hasLeft = false
  var received: [UInt8] = []
  /// Bytes sent to it that it has not read.
  var unread: [UInt8] = []
  var wantsDrained = false
  /// The server reads no more until what it sent has left.
  var isPaused = false
  /// What it wants to send while the server does not read.
  var unsent: [[UInt8]] = []
  /// Bytes it reads in 100 ms; 0 for at once.
  var readRate = 0
  var expected: [Expectation] = []
  /// The connection may end before everything expected came.
  var mayLose = false
  /// When the server must have ended it at the latest.
  var mustEndBy = Instant.never

  init(_ id: ClientID) { self.id = id }
}

/// The sockets under Core's clients.
struct SimulatedClients {
  /// Bytes that may wait before a client counts as not drained, as in the reactor.
  static let highWater = 256 << 10

  var slots: [SimulatedClient?] = []
  var isAccepting = true
  var isLoading = false
  var prober: SimulatedClient?

  mutating func begin() {
    slots = []
    isAccepting = true
    isLoading = false
    prober = nil
  }

  mutating func end() {
    slots = []
    isAccepting = false
    isLoading = false
    prober = nil
  }
}

extension Simulation {
  /// Connects a new client; nil when nobody accepts.
  func newClient() -> SimulatedClient? {
    guard clients.isAccepting, core != nil else { return nil }
    let slot = clients.slots.firstIndex { $0 == nil } ?? clients.slots.count
    guard slot < swarm.clientsMax else { return nil }
    if slot == clients.slots.count { clients.slots.append(nil) }
    let client = SimulatedClient(ClientID(raw: slot))
    clients.slots[slot] = client
    counts.clients += 1
    return client
  }

  // MARK: Effects

  private func client(_ id: ClientID, _ doing: String) -> SimulatedClient? {
    guard id.raw < clients.slots.count, let client = clients.slots[id.raw], client.isOpen else {
      complain(.effects, "\(doing) client \(id.raw), which is not there")
      return nil
    }
    return client
  }

  func send(_ id: ClientID, _ bytes: [UInt8]) {
    guard let client = client(id, "sends to") else { return }
    if client.isClosing { complain(.effects, "sends to client \(id.raw) after closing it") }
    guard !client.hasLeft else { return }
    mayDie(.answer)
    let bytes = tamper(answer: bytes)
    guard client.readRate > 0 else { return read(client, bytes) }
    client.unread += bytes
  }

  func close(_ id: ClientID, drops: Bool) {
    guard let client = client(id, drops ? "drops" : "closes") else { return }
    if client.isClosing, !drops { complain(.effects, "closes client \(id.raw) twice") }
    client.isClosing = true
    if drops {
      client.mayLose = true
      client.unread.removeAll()
    }
    if client.unread.isEmpty { add(.client(client, .closed), in: .milliseconds(1)) }
  }

  func notifyDrained(_ id: ClientID) {
    guard let client = client(id, "waits for") else { return }
    client.isPaused = true
    if client.unread.count <= SimulatedClients.highWater {
      add(.client(client, .drained), at: now)
    } else {
      client.wantsDrained = true
    }
  }

  // MARK: Events

  func happen(_ client: SimulatedClient, _ moment: SimulatedClient.Moment) {
    switch moment {
    case .accept:
      guard clients.isAccepting else { return forget(client) }
      client.isOpen = true
      step(.clientAccepted(client.id))
    case .send(let bytes):
      guard client.isOpen, !client.isClosing, !client.hasLeft else { return }
      if client.isPaused { return client.unsent.append(bytes) }
      inbox.removeAll()
      bytes.withUnsafeBytes { inbox.append($0) }
      step(.clientReceived(client.id, inbox.bytes))
    case .end:
      guard client.isOpen, !client.isClosing, !client.hasLeft else { return }
      step(.clientEnded(client.id))
    case .leave:
      client.hasLeft = true
      client.mayLose = true
      add(.client(client, .closed), at: now)
    case .read: readSome(client)
    case .drained: drained(client)
    case .closed: closed(client)
    }
  }

  private func drained(_ client: SimulatedClient) {
    guard client.isOpen, client.isPaused else { return }
    client.isPaused = false
    step(.clientDrained(client.id))
    while !client.unsent.isEmpty, !client.isPaused { happen(client, .send(client.unsent.removeFirst())) }
  }

  private func closed(_ client: SimulatedClient) {
    guard client.isOpen else { return forget(client) }
    client.isOpen = false
    if !client.mayLose, !client.expected.isEmpty, stopAsked == nil {
      complain(.api, "the connection ended with \(client.expected.count) answers owed")
    }
    step(.clientClosed(client.id))
    forget(client)
  }

  private func forget(_ client: SimulatedClient) {
    if clients.slots.indices.contains(client.id.raw), clients.slots[client.id.raw] === client {
      clients.slots[client.id.raw] = nil
    }
  }

  private func readSome(_ client: SimulatedClient) {
    guard client.isOpen, !client.hasLeft else { return }
    let count = min(client.unread.count, client.readRate)
    let bytes = Array(client.unread.prefix(count))
    client.unread.removeFirst(count)
    if count > 0 { read(client, bytes) }
    if client.unread.isEmpty {
      if client.isClosing { return add(.client(client, .closed), at: now) }
      if client.wantsDrained {
        client.wantsDrained = false
        add(.client(client, .drained), at: now)
      }
    }
    add(.client(client, .read), in: .milliseconds(100))
  }

  /// Takes whole answers out of what the client received.
  private func read(_ client: SimulatedClient, _ bytes: [UInt8]) {
    client.received += bytes
    var at = 0
    while let answer = SimulatedAnswer(
      client.received, at: at, isHead: client.expected.first?.isHead ?? false)
    {
      at = answer.end
      if answer.status == 100 { continue }
      guard !client.expected.isEmpty else {
        complain(.api, "an answer nobody asked for: \(answer.status)")
        break
      }
      check(answer, client.expected.removeFirst())
    }
    client.received.removeFirst(at)
    if let trouble = SimulatedAnswer.trouble(client.received) { complain(.api, trouble) }
  }
}

/// One HTTP answer as a client reads it, by the plainest reading there is.
struct SimulatedAnswer {
  var status: Int
  var body: [UInt8]
  var isJSON: Bool
  var end: Int

  /// The answer at `at`, when it is all there.
  init?(_ bytes: [UInt8], at: Int, isHead: Bool) {
    guard let headEnd = SimulatedAnswer.headEnd(bytes, from: at) else { return nil }
    let lines = String(decoding: bytes[at..<headEnd], as: UTF8.self).split(separator: "\r\n")
    let words = (lines.first ?? "").split(separator: " ")
    guard words.count >= 2, words[0] == "HTTP/1.1", let status = Int(words[1]) else { return nil }
    self.status = status
    var length = status == 100 ? 0 : -1
    isJSON = false
    for line in lines.dropFirst() {
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2 else { continue }
      let value = String(parts[1].drop { $0 == " " })
      switch parts[0].lowercased() {
      case "content-length": length = Int(value) ?? -1
      case "content-type": isJSON = value.hasPrefix("application/json")
      default: break
      }
    }
    guard length >= 0 else { return nil }
    end = headEnd + (isHead ? 0 : length)
    guard end <= bytes.count else { return nil }
    body = Array(bytes[headEnd..<end])
  }

  private static func headEnd(_ bytes: [UInt8], from: Int) -> Int? {
    var at = from
    while at + 4 <= bytes.count {
      if bytes[at] == 13, bytes[at + 1] == 10, bytes[at + 2] == 13, bytes[at + 3] == 10 { return at + 4 }
      at += 1
    }
    return nil
  }

  /// What is wrong with a beginning of an answer, whatever comes after it.
  static func trouble(_ bytes: [UInt8]) -> String? {
    let start = Array("HTTP/1.1 ".utf8)
    guard !bytes.isEmpty, !bytes.prefix(start.count).elementsEqual(start.prefix(bytes.count)) else {
      guard let end = headEnd(bytes, from: 0) else { return nil }
      let head = String(decoding: bytes[..<end], as: UTF8.self).lowercased()
      return head.contains("\r\ncontent-length: ") || head.hasPrefix("http/1.1 100")
        ? nil : "an answer without a length: \(head)"
    }
    return "no HTTP answer: \(String(decoding: bytes.prefix(60), as: UTF8.self))"
  }
}
