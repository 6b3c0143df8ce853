import Base
import Core
import Hyperliquid

/// A REST request on its way.
final class SimulatedFetch {
  let id: FetchID
  let body: [UInt8]
  let deadline: Instant
  /// Of the process that asks.
  let life: Int
  var status = 0
  var reply: [UInt8] = []
  var retryAfterS: Int?
  var failure: FetchFailure?
  var isDone = false

  init(_ id: FetchID, _ body: [UInt8], deadline: Instant, life: Int) {
    self.id = id
    self.body = body
    self.deadline = deadline
    self.life = life
  }
}

extension Simulation {
  func fetch(_ id: FetchID, _ body: [UInt8], timeoutMs: Int) {
    if id.raw <= lastFetch { complain(.effects, "fetch \(id.raw) after \(lastFetch)") }
    if timeoutMs <= 0 || timeoutMs > 60_000 { complain(.effects, "a fetch may take \(timeoutMs) ms") }
    lastFetch = max(lastFetch, id.raw)
    counts.fetches += 1
    let fetch = SimulatedFetch(id, body, deadline: now + .milliseconds(timeoutMs), life: life)
    fetches.append(fetch)
    mayDie(.fetch)
    if fetches.count > 64 { complain(.effects, "\(fetches.count) requests in flight") }
    if strikes(.unresolved) { return end(fetch, .resolve, in: latency()) }
    if strikes(.restRefused) { return end(fetch, .connect, in: latency()) }
    if strikes(.badCertificate) { return end(fetch, .tls("certificate verify failed"), in: latency()) }
    if strikes(.restTooLarge) { return end(fetch, .tooLarge, in: latency() + latency()) }
    // Asked for now, not when the event comes: copies of a planted bug must not depend on it.
    for _ in 0..<replays { add(.ask(SimulatedFetch(id, body, deadline: .never, life: life)), in: latency()) }
    add(.ask(fetch), in: latency() + latency())
  }

  private func end(_ fetch: SimulatedFetch, _ failure: FetchFailure, in span: TimeSpan) {
    fetch.failure = failure
    add(.answer(fetch), in: span)
  }

  /// The request has reached the exchange.
  func asked(_ fetch: SimulatedFetch) {
    let out = ByteBuffer()
    let outcome = fetch.body.withUnsafeBytes {
      exchange.info($0, from: Simulation.address, now: exchangeNow, into: out)
    }
    checkWeight()
    // A process that has ended is not answered, though its request still counts.
    guard !fetch.isDone, fetch.deadline != .never, fetch.life == life, core != nil else { return }
    var span = latency()
    switch outcome {
    case .hangUp: fetch.failure = .broken("the connection ended")
    case .answer(let status, _, let delayMs):
      fetch.status = status
      fetch.reply = [UInt8](out.bytes)
      noteReply(fetch)
      if status == 429, chance.chance(0.5) { fetch.retryAfterS = chance.below(30) }
      span = span + .milliseconds(delayMs)
    }
    if strikes(.restLost) { span = .seconds(3_600) }
    if let slow = fault(.restSlow) { span = span + .milliseconds(Int(slow.strength * 15_000)) }
    guard now + span < fetch.deadline else {
      fetch.failure = .timeout
      return add(.answer(fetch), at: fetch.deadline)
    }
    add(.answer(fetch), in: span)
  }

  /// Core is told, once.
  func answered(_ fetch: SimulatedFetch) {
    guard !fetch.isDone else { return }
    fetch.isDone = true
    fetches.removeAll { $0 === fetch }
    noteAnswered(fetch)
    if let failure = fetch.failure { return step(.fetchFailed(fetch.id, failure)) }
    inbox.removeAll()
    fetch.reply.withUnsafeBytes { inbox.append($0) }
    step(.reply(fetch.id, status: fetch.status, body: inbox.bytes, retryAfterS: fetch.retryAfterS))
  }
}
