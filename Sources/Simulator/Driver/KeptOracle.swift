import Base
import Core

/// What clients asked to have kept beside watched wallets: alerts, notes about wallets, wallets watched no longer.
///
/// Each acknowledged write is found in every later answer, restarts or not, until another acknowledged one takes it back;
/// numbers of alerts are given once. A write whose answer never came may be done or not.
struct KeptOracle {
  /// Alerts acknowledged, by number: the wallet.
  var alerts: [Int64: String] = [:]
  /// Numbers ever given.
  var numbers: Set<Int64> = []
  /// Alerts whose removal was asked for and not answered.
  var unsure: Set<Int64> = []
  /// Alerts removed.
  var removed: Set<Int64> = []
  /// Notes acknowledged, by wallet.
  var notes: [String: String] = [:]
  /// Wallets acknowledged to be watched no longer, with the label they had.
  var unwatched: [String: String] = [:]
  /// Wallets asked about or let go, which may be known without ever being stored.
  var asked: Set<String> = []
  /// Times something was held against an answer.
  var compared = 0
}

extension Simulation {
  /// One of the writes beside watching a wallet, on a wallet that is watched for certain.
  func writeMore() {
    var random = PRNG(seed: seed ^ UInt64(counts.steps) ^ 0x6b_65_70_74)
    let certain = accounts.watched.keys.filter { !accounts.unsure.contains($0) }.sorted()
    guard !certain.isEmpty else { return }
    let address = certain[random.below(certain.count)]
    switch random.below(10) {
    case 0...2:
      let notes = "n\(random.below(1_000_000))"
      kept.notes[address] = nil
      ask("PATCH", "/v1/smart-money/watch/\(address)", #"{"notes":"\#(notes)"}"#, .patched(address, notes))
    case 3:
      accounts.unsure.insert(address)
      kept.notes[address] = nil
      ask("DELETE", "/v1/smart-money/watch/\(address)", nil, .unwatched(address))
    case 4...7 where kept.alerts.count < swarm.keptMax:
      let body = #"{"alert_type":"any_trade","min_size_usd":\#(random.below(1_000))}"#
      ask("POST", "/v1/smart-money/wallet/\(address)/alerts", body, .alertAdded(address))
    default:
      let numbers = kept.alerts.keys.filter { !kept.unsure.contains($0) }.sorted()
      guard !numbers.isEmpty else { return }
      let number = numbers[random.below(numbers.count)]
      kept.unsure.insert(number)
      ask("DELETE", "/v1/smart-money/alert/\(number)", nil, .alertRemoved(number))
    }
  }

  private func ask(
    _ method: String, _ path: String, _ body: String?, _ kind: SimulatedClient.Expectation.Body
  ) {
    guard let client = newClient() else { return }
    happen(client, .accept)
    guard client.isOpen else { return }
    client.mayLose = true
    client.expected.append(.init(path: path, statuses: 200...503, body: kind, method: method))
    let text = Array((body ?? "").utf8)
    let head = body == nil ? "" : "Content-Type: application/json\r\nContent-Length: \(text.count)\r\n"
    happen(client, .send(Simulation.request(path, method: method, headers: head) + text))
    add(.client(client, .leave), in: .seconds(5))
  }

  /// The answer to such a write. Refused ones (503) changed nothing, but those that were only not done in time.
  func keeps(_ body: SimulatedClient.Expectation.Body, status: Int, _ value: RequestValue) {
    guard status == 200 else {
      if value["error"]?.text?.hasPrefix("Not stored in time") == true { return }
      switch body {
      case .unwatched(let address) where status == 503: accounts.unsure.remove(address)
      case .alertRemoved(let number) where status == 503: kept.unsure.remove(number)
      default: break
      }
      return
    }
    counts.writes += 1
    switch body {
    case .patched(let address, let notes): kept.notes[address] = notes
    case .unwatched(let address):
      kept.unwatched[address] = accounts.watched.removeValue(forKey: address)?.label
      accounts.unsure.remove(address)
      kept.asked.insert(address)
    case .alertAdded(let address):
      guard let number = value["id"]?.int else { return complain(.disk, "an alert without a number") }
      if !kept.numbers.insert(number).inserted { complain(.disk, "alert \(number) was there before") }
      kept.alerts[number] = address
    case .alertRemoved(let number):
      kept.alerts[number] = nil
      kept.unsure.remove(number)
      kept.removed.insert(number)
    default: break
    }
  }

  /// `/v1/smart-money/alerts/active` tells every alert that was acknowledged, once, and none that was removed.
  func checkAlerts(_ value: RequestValue) {
    guard !clients.isLoading, !disk.isTroubled, openedAt <= now else { return }
    var told: [Int64: String] = [:]
    for row in value["alerts"]?.items ?? [] {
      guard let number = row["id"]?.int else { return complain(.api, "an alert without a number") }
      if told.updateValue(row["address"]?.text ?? "", forKey: number) != nil {
        complain(.disk, "alert \(number) is told twice")
      }
      if kept.removed.contains(number) { complain(.disk, "alert \(number) was removed and is back") }
    }
    for (number, address) in kept.alerts where !kept.unsure.contains(number) {
      kept.compared += 1
      if told[number] != address { complain(.disk, "alert \(number) of \(address) is gone") }
    }
  }

  /// What `/v1/smart-money/watchlist` says of notes, and of wallets watched no longer.
  func checkNotes(_ value: RequestValue) {
    guard !clients.isLoading, !disk.isTroubled, openedAt <= now else { return }
    for row in value["wallets"]?.items ?? [] {
      guard let address = row["address"]?.text, !accounts.unsure.contains(address) else { continue }
      kept.compared += 1
      if let notes = kept.notes[address], row["notes"]?.text != notes {
        complain(.disk, "the notes of \(address) are \(row["notes"]?.text ?? "gone") instead of \(notes)")
      }
      // Auto-curation may watch a wallet anew; under the client's own label nobody does.
      if accounts.watched[address] == nil, let label = kept.unwatched[address], row["label"]?.text == label {
        complain(.disk, "\(address) was to be watched no longer")
      }
    }
  }
}
