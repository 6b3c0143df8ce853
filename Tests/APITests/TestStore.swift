import Base
import Engines
import Market

@testable import API

/// Stands in for Core behind the views: takes clients' writes, applies them to what the engines know, and says
/// what became of what parked requests wait for.
final class TestStore {
  /// They hold the store, and are held by whoever asks.
  private unowned let views: Views
  private(set) var writes: [ClientWrite] = []
  /// What becomes of every write; `nil` stores it.
  var outcome: WaitOutcome?
  /// Whether writes are taken at all.
  var isOpen = true
  /// Whether nothing of what is waited for happens in time.
  var isLate = false
  /// Wallets whose profile, or trades, come on demand.
  var profiles: [Address: Profile] = [:]
  var trades: [Address: [ClosedTrade]] = [:]
  /// What was asked for on demand, in order.
  private(set) var asked: [String] = []
  /// The number of the alert added last.
  var lastID: Int64 = 9

  init(_ views: Views) {
    self.views = views
    views.submit = { [self] write in
      guard isOpen else { return nil }
      writes.append(write)
      return WriteTicket(UInt64(writes.count))
    }
    views.wantProfile = { [self] address, days in
      asked.append("profile \(days)")
      return profiles[address] == nil ? .ready : .pending
    }
    views.wantTrades = { [self] address in
      asked.append("trades")
      return trades[address] == nil ? .ready : .pending
    }
  }

  /// Answers the parked request of `client`, if there is one, as often as it waits.
  func settle(_ client: TestClient) {
    while let reason = client.session.waitsFor {
      if isLate {
        client.now = client.session.deadline
        views.now.instant = client.now
        client.expire()
      } else {
        client.wake(happened(reason))
      }
    }
  }

  private func happened(_ reason: WaitReason) -> WaitOutcome {
    switch reason {
    case .write(let ticket): return outcome ?? store(writes[Int(ticket.number) - 1])
    case .profile(let address):
      guard let profile = profiles.removeValue(forKey: address) else { return .unavailable }
      if let rows = trades.removeValue(forKey: address) {
        views.knowledge.recentTrades.set(rows, of: address)
      }
      _ = views.knowledge.profiles.set(profile, of: FixedWorld.account(views, address.description))
      return .ready
    case .trades(let address):
      guard let rows = trades.removeValue(forKey: address) else { return .unavailable }
      views.knowledge.recentTrades.set(rows, of: address)
      return .ready
    }
  }

  private func store(_ write: ClientWrite) -> WaitOutcome {
    let (list, alerts) = (views.knowledge.watchList, views.knowledge.alerts)
    switch write {
    case .watch(let key, let label): list.put(list.watching(key, label: label, at: views.now.wall)!)
    case .unwatch(let key): if let row = list.unwatching(key) { list.put(row) }
    case .patch(let key, let label, let notes, let tags):
      guard let row = list.patching(key, label: label, notes: notes, tags: tags) else { return .notTracked }
      list.put(row!)
    case .addAlert(let key, let type, let minSizeUsd, let coins):
      lastID += 1
      alerts.put(
        Alert(
          id: lastID, key: key, type: type, minSizeUsd: minSizeUsd, coins: coins, createdAt: views.now.wall))
      return .stored(id: lastID)
    case .removeAlert(let id): _ = alerts.remove(id)
    case .record: break
    }
    return .stored(id: nil)
  }
}

extension TestClient {
  /// One request, whatever it waits for, and its only answer.
  func ask(
    _ method: String, _ path: String, _ headers: [(String, String)] = [], _ body: [UInt8]? = nil,
    _ store: TestStore
  ) throws -> Answer {
    var text = "\(method) \(path) HTTP/1.1\r\n"
    if !headers.contains(where: { $0.0.lowercased() == "host" }) { text += "Host: 127.0.0.1:8100\r\n" }
    for (name, value) in headers { text += "\(name): \(value)\r\n" }
    if let body { text += "Content-Length: \(body.count)\r\n" }
    send(Array((text + "\r\n").utf8) + (body ?? []))
    store.settle(self)
    let answers = try take(heads: method == "HEAD" ? [0] : [])
    guard answers.count == 1 else { throw Malformed(what: "\(answers.count) answers to \(path)") }
    return answers[0]
  }
}
