import Base
import Core

/// A crowd of API clients: hundreds of connections within seconds, each with a script of its own.
///
/// Bound: `postsMax` wallets and alerts over a whole run, since each wallet has to be polled afterwards.
extension Simulation {
  static let postsMax = 24

  func crowd(_ fault: Fault) {
    let span = max(2_000, Int(min(fault.length.milliseconds, 20_000)))
    for _ in 0..<(100 + fault.target % 1_100) { add(.guest, in: .milliseconds(chance.below(span))) }
  }

  /// One of the crowd comes.
  func guest() {
    switch chance.below(16) {
    case 0: slow()
    case 1: halfClosed()
    case 2: pipelining(1 + chance.below(40))
    case 3: trickling()
    case 4: stalling()
    case 5: oversized(chance.below(3))
    case 6: garbage()
    case 7, 8: post()
    case 9...11: idle()
    default: storm(1)
    }
  }

  /// Connects and says nothing: it may stay until the daemon wants it gone.
  private func idle() {
    guard let client = connectClient() else { return }
    client.mayLose = true
    add(.client(client, .leave), in: .milliseconds(1 + chance.below(40_000)))
  }

  /// Asks for a wallet to be watched, or for an alert, and may be gone before it hears of it.
  private func post() {
    guard posts < Simulation.postsMax, let client = connectClient() else { return }
    posts += 1
    client.mayLose = true
    let digits = String(posts, radix: 16)
    let address = "0xc0" + String(repeating: "0", count: 38 - digits.count) + digits
    let body: String
    let path: String
    if chance.chance(0.7) {
      let label = "c\(chance.below(1_000_000))"
      path = "/v1/smart-money/watch"
      body = "{\"address\":\"\(address)\",\"label\":\"\(label)\"}"
      client.expected.append(
        .init(path: path, statuses: 200...503, body: .watch(address, label), method: "POST"))
      accounts.unsure.insert(address)
    } else {
      path = "/v1/smart-money/wallet/\(address)/alerts"
      body = "{\"alert_type\":\"any_trade\",\"min_size_usd\":\(chance.below(1_000))}"
      client.expected.append(.init(path: path, statuses: 200...503, body: .anything, method: "POST"))
    }
    let head = "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n"
    let bytes = Simulation.request(path, method: "POST", headers: head) + Array(body.utf8)
    add(.client(client, .send(bytes)), in: .milliseconds(1 + chance.below(50)))
    add(.client(client, .leave), in: .milliseconds(chance.chance(0.3) ? 1 + chance.below(60) : 6_000))
  }
}
