import Base
import Core
import Reactor

/// The exchange: names, encryption, one REST question (2 of the weight budget), one WebSocket connection with a ping.
extension Doctor {
  /// Certificates are renewed weeks before they expire; one that has fewer days left is somebody's mistake.
  static let certificateDaysWarn = 7

  func lookAtExchange() {
    // Both checked by Options.
    guard let rest = ExchangeAddress(options[.restURL]), let link = ExchangeAddress(options[.wsURL]) else {
      return
    }
    let isRestNamed = lookUp(rest.host)
    let isLinkNamed = link.host == rest.host ? isRestNamed : lookUp(link.host)
    lookAtREST(rest, isNamed: isRestNamed)
    lookAtLink(link, isNamed: isLinkNamed)
  }

  private func lookUp(_ host: String) -> Bool {
    let answer: Result<[String], HostLookup.Failure>? = wait(Doctor.checkMax) { done in
      pool.submit(
        { () -> Result<[String], HostLookup.Failure> in
          do throws(HostLookup.Failure) { return .success(try HostLookup.addresses(of: host)) } catch {
            return .failure(error)
          }
        }, then: done)
    }
    switch answer {
    case .success(let addresses)?:
      found(.ok("dns", "\(host): \(addresses.prefix(4).joined(separator: ", "))"))
      return true
    case .failure(let failure)?:
      found(.fail("dns", "\(host): \(failure)", "look at the network and at /etc/resolv.conf"))
    case nil:
      found(
        .fail(
          "dns", "\(host): no answer in \(Int(Doctor.checkMax.seconds)) s",
          "look at the network and at the name servers of /etc/resolv.conf"))
    }
    return false
  }

  // MARK: REST

  private func lookAtREST(_ address: ExchangeAddress, isNamed: Bool) {
    guard isNamed else {
      return found(.fail("rest", "\(options[.restURL]): not tried, its host has no address", "see dns"))
    }
    if address.isSecure, !lookAtTLS("rest tls", address) { return }
    let owner = ReplyWait()
    let transfers = Transfers(loop, tls: tls, owner: owner)
    let body = ByteBuffer()
    ExchangeProbe.question(into: body)
    var sentAt = loop.now
    let reply: ReplyWait.Outcome? = wait(Doctor.checkMax) { done in
      owner.then = done
      sentAt = loop.now
      let request = TransferRequest(
        .post, url: options[.restURL] + "/info", headers: ["content-type: application/json"],
        deadline: Doctor.checkMax)
      _ = transfers.start(request, body: body.bytes, tag: 0)
    }
    let received = loop.now
    transfers.close()
    let took = received.instant - sentAt.instant
    switch reply {
    case .answer(200, let time?)?:
      found(.ok("rest", "answered in \(took.milliseconds) ms (weight \(ExchangeProbe.weight))"))
      let middle = sentAt.wall.ms + took.milliseconds / 2
      tellOffset(.milliseconds(Int(middle - time.ms)), within: took)
    case .answer(200, nil)?:
      found(.fail("rest", "answered with something else", "see that hyperliquid.rest_url is the exchange's"))
    case .answer(429, _)?:
      found(
        .warn(
          "rest", "answered 429: too many requests from this address",
          "see who else asks from it; lower rate_limit"))
    case .answer(let status, _)?:
      found(
        .fail(
          "rest", "answered with status \(status)",
          "see hyperliquid.rest_url, or whether the exchange is down"))
    case .failed(let failure)?: found(.fail("rest", failure, "see hyperliquid.rest_url, a firewall or proxy"))
    case nil:
      found(
        .fail(
          "rest", "no answer in \(Int(Doctor.checkMax.seconds)) s",
          "see a firewall, or whether the exchange is down"))
    }
  }

  // MARK: TLS

  private func lookAtTLS(_ check: String, _ address: ExchangeAddress) -> Bool {
    let owner = OpenWait()
    let outcome: OpenWait.Outcome? = wait(Doctor.checkMax) { done in
      owner.then = done
      owner.open(loop, address, tls)
    }
    owner.close()
    switch outcome {
    case .open(let days?, let version):
      let text = "\(address.authority): \(version), certificate valid for \(days) days"
      if days < Doctor.certificateDaysWarn {
        found(.warn(check, text, "the exchange should have renewed it; see this machine's clock"))
      } else {
        found(.ok(check, text))
      }
      return true
    case .open(nil, _):
      found(.fail(check, "\(address.authority): no certificate", "see who answers there"))
    case .closed(let reason)?:
      found(.fail(check, "\(address.authority): \(reason)", Doctor.tlsRemedy(reason)))
    case nil:
      found(
        .fail(
          check, "\(address.authority): no connection in \(Int(Doctor.checkMax.seconds)) s",
          "see a firewall, or whether the exchange is down"))
    }
    return false
  }

  private static func tlsRemedy(_ reason: CloseReason) -> String {
    guard case .tls(let text) = reason else {
      return "see a firewall or proxy, or whether the exchange is down"
    }
    if text.contains("expired") || text.contains("not yet valid") {
      return "see this machine's clock; if it is right, the exchange must renew its certificate"
    }
    if text.contains("certificate") || text.contains("CA file") {
      return "install ca-certificates; behind an inspecting proxy, name its authority in hyperliquid.ca_file"
    }
    return "see what answers there"
  }

  // MARK: WebSocket

  private func lookAtLink(_ address: ExchangeAddress, isNamed: Bool) {
    guard isNamed else {
      return found(.fail("websocket", "\(options[.wsURL]): not tried, its host has no address", "see dns"))
    }
    if address.isSecure, !lookAtTLS("ws tls", address) { return }
    let owner = PongWait(address)
    let begun = loop.now.instant
    let outcome: String? = wait(Doctor.checkMax) { done in
      owner.then = done
      owner.open(loop, address, address.isSecure ? tls : nil)
    }
    owner.close()
    let took = loop.now.instant - begun
    switch outcome {
    case ""?:
      found(.ok("websocket", "\(options[.wsURL]): open and a ping answered in \(took.milliseconds) ms"))
    case let reason?:
      found(
        .fail(
          "websocket", "\(options[.wsURL]): \(reason)",
          "see hyperliquid.ws_url, and whether a proxy lets WebSocket through"))
    case nil:
      found(
        .fail(
          "websocket",
          "\(options[.wsURL]): \(owner.isUpgraded ? "no pong" : "not open") in"
            + " \(Int(Doctor.checkMax.seconds)) s", "see a firewall or proxy, or whether the exchange is down"
        ))
    }
  }
}

extension ExchangeAddress {
  var endpoint: Endpoint { Endpoint(host: host, port: port) }
}
