import Base
import Core
import Hyperliquid

/// A connection between Core and the exchange: two directions with their own latency, in order.
final class SimulatedLink {
  enum State {
    case connecting, open, closing, closed
  }

  let id: LinkID
  let life: Int
  var state = State.connecting
  /// The exchange's end, once the connection is up.
  var exchange: ExchangeLink?
  /// Neither end hears the other any more, and neither is told.
  var isHalfOpen = false
  /// Since when nothing arrives although the connection looks open.
  var mutedSince: Instant?
  var toCoreAt = Instant.zero
  var toExchangeAt = Instant.zero
  /// When the chunks on their way to Core were sent, oldest first.
  var inFlight: [Instant] = []
  var dueAt = Instant.never
  /// The exchange's end is gone.
  var isForgotten = false

  init(_ id: LinkID, life: Int) {
    self.id = id
    self.life = life
  }
}

extension Simulation {
  func link(_ id: LinkID) -> SimulatedLink? {
    links.last { $0.life == life && $0.id == id && $0.state != .closed }
  }

  // MARK: Effects

  func connect(_ id: LinkID) {
    if link(id) != nil { complain(.effects, "connects \(id) twice") }
    let link = SimulatedLink(id, life: life)
    links.removeAll { $0.state == .closed && $0.isForgotten }
    links.append(link)
    mayDie(.connect)
    if strikes(.unresolved) { return add(.connect(link, .resolve), in: latency()) }
    if strikes(.refused) { return add(.connect(link, .refused), in: latency()) }
    if strikes(.badCertificate) {
      return add(.connect(link, .tls("certificate verify failed")), in: latency())
    }
    if strikes(.connectTimeout) { return add(.connect(link, .timeout), in: .seconds(9)) }
    add(.connect(link, nil), in: latency())
  }

  func send(_ id: LinkID, _ bytes: [UInt8]) {
    guard let link = link(id), link.state == .open else {
      return complain(.effects, "sends \(bytes.count) bytes on \(id), which is not open")
    }
    guard !link.isHalfOpen else { return }
    link.toExchangeAt = max(link.toExchangeAt, now + latency())
    add(.toExchange(link, bytes), at: link.toExchangeAt)
  }

  func close(_ id: LinkID) {
    guard let link = link(id), link.state != .closing else {
      return complain(.effects, "closes \(id), which is not open")
    }
    link.mutedSince = nil
    if link.state == .connecting {
      link.isForgotten = true
    } else if link.isHalfOpen {
      // The end never arrives; the exchange finds out by itself.
      add(.exchangeEnd(link), in: .seconds(20))
    } else {
      link.toExchangeAt = max(link.toExchangeAt, now + latency())
      add(.exchangeEnd(link), at: link.toExchangeAt)
    }
    link.state = .closing
    add(.linkEnds(link, .closed), in: .milliseconds(1 + chance.below(20)))
  }

  // MARK: Events at Core's end

  func connected(_ link: SimulatedLink, _ failure: LinkFailure?) {
    guard link.state == .connecting else { return }
    if let failure {
      link.state = .closed
      link.isForgotten = true
      return step(.linkClosed(link.id, failure))
    }
    link.state = .open
    link.exchange = exchange.connect(from: Simulation.address)
    counts.linksOpened += 1
    step(.linkOpened(link.id))
  }

  func received(_ link: SimulatedLink, _ bytes: [UInt8]) {
    if !link.inFlight.isEmpty { link.inFlight.removeFirst() }
    guard link.state == .open, !link.isHalfOpen else { return }
    inbox.removeAll()
    bytes.withUnsafeBytes { inbox.append($0) }
    step(.linkReceived(link.id, inbox.bytes))
  }

  func ended(_ link: SimulatedLink, _ failure: LinkFailure) {
    guard link.state == .open || link.state == .closing, !(link.isHalfOpen && link.state == .open) else {
      return
    }
    if link.state == .closing, failure != .closed { return }
    link.state = .closed
    link.inFlight.removeAll()
    step(.linkClosed(link.id, failure))
  }

  // MARK: Events at the exchange's end

  func arrived(_ link: SimulatedLink, _ bytes: [UInt8]) {
    guard let end = link.exchange, !link.isForgotten else { return }
    bytes.withUnsafeBytes { end.receive($0, now: exchangeNow) }
    flush(link)
  }

  func deliver(_ link: SimulatedLink) {
    guard let end = link.exchange, !link.isForgotten else { return }
    link.dueAt = .never
    end.deliver(now: exchangeNow)
    flush(link)
  }

  func exchangeEnded(_ link: SimulatedLink) {
    guard !link.isForgotten else { return }
    link.exchange?.clientClosed()
    link.isForgotten = true
  }

  /// The daemon's process is gone.
  func vanish(_ link: SimulatedLink) {
    link.state = .closed
    link.mutedSince = nil
    link.inFlight.removeAll()
    if link.exchange == nil { link.isForgotten = true } else { queueEnd(link) }
  }

  private func queueEnd(_ link: SimulatedLink) {
    queue.add((life, .exchangeEnd(link)), at: now + (link.isHalfOpen ? .seconds(20) : latency()))
  }

  /// Puts what the exchange's end wrote on its way, and asks to be woken when it has more.
  func flush(_ link: SimulatedLink) {
    guard let end = link.exchange else { return }
    if !end.output.isEmpty {
      let bytes = [UInt8](end.output.bytes)
      end.output.removeAll()
      end.output.trim(to: 64 << 10)
      transport(link, tamper(bytes, link))
    }
    switch end.state {
    case .closing:
      link.isForgotten = true
      if !link.isHalfOpen {
        add(.linkEnds(link, .ended), at: max(link.toCoreAt, now + latency()))
        end.clientClosed()
      }
    case .aborted:
      link.isForgotten = true
      // A reset overtakes what is on its way.
      if !link.isHalfOpen { add(.linkEnds(link, .reset), in: latency()) }
    case .http, .socket:
      guard let due = end.nextDue else { return }
      let at = max(instant(due), now)
      guard at < link.dueAt else { return }
      link.dueAt = at
      add(.deliver(link), at: at)
    }
  }

  private func transport(_ link: SimulatedLink, _ bytes: [UInt8]) {
    guard link.state == .open, !link.isHalfOpen, !bytes.isEmpty, link.life == life else { return }
    var start = 0
    while start < bytes.count {
      var end = bytes.count
      if bytes.count - start > 1, strikes(.split) {
        end = start + 1 + chance.below(min(bytes.count - start, 400))
      }
      link.toCoreAt = max(link.toCoreAt, now + latency())
      // What the delay fault let go now was written earlier.
      link.inFlight.append(now - .milliseconds(plan.delayMsMax))
      add(
        .toCore(link, start == 0 && end == bytes.count ? bytes : Array(bytes[start..<end])), at: link.toCoreAt
      )
      start = end
    }
  }

  // MARK: What was certainly received

  /// Every trade up to here has been handed to Core, on every connection that is believed to be alive.
  var deliveredUpTo: WallTime {
    var at = now
    for link in links where link.life == life && link.state == .open {
      if let first = link.inFlight.first { at = min(at, first) }
      if let muted = link.mutedSince { at = min(at, muted) }
      if let delayed = link.exchange?.delayed.first {
        at = min(at, instant(WallTime(ms: delayed.dueMs - Int64(plan.delayMsMax))))
      }
    }
    return WallTime(ms: time(at).ms - 1)
  }
}
