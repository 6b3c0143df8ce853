import Base
import Core
import Reactor

// What the doctor's checks of the network wait for: each hears one outcome.

/// The outcome of one REST request; the body is read as the exchange's answer to the probe, or kept as text.
final class ReplyWait: TransferOwner {
  enum Outcome {
    /// The status, and the exchange's time if the body is its answer.
    case answer(Int, WallTime?)
    case failed(String)
  }

  var then: ((Outcome) -> Void)?
  /// The beginning of the last body.
  private(set) var text = ""

  func transfers(_ transfers: Transfers, tag: Int, finished outcome: TransferOutcome) {
    switch outcome {
    case .reply(let reply):
      text = String(decoding: reply.body.prefix(1 << 16), as: UTF8.self)
      then?(.answer(reply.status, ExchangeProbe.time(in: reply.body)))
    case .failure(let failure): then?(.failed("\(failure)"))
    }
  }
}

/// A connection that opens, or does not.
final class OpenWait: StreamOwner {
  enum Outcome {
    /// Open: days until the certificate expires and the protocol; nil without encryption.
    case open(Int?, String)
    case closed(CloseReason)
  }

  var then: ((Outcome) -> Void)?
  private var stream: Stream?

  func open(_ loop: Loop, _ address: ExchangeAddress, _ tls: TLSClient?) {
    stream = Stream.connect(loop, to: address.endpoint, tls: tls, owner: self)
  }

  func close() { stream?.abort() }

  func streamDidOpen(_ stream: Stream) {
    let certificate = stream.peerCertificate
    then?(.open(certificate?.daysLeft, certificate?.version ?? ""))
  }

  func stream(_ stream: Stream, didReceive bytes: UnsafeRawBufferPointer) {}

  func stream(_ stream: Stream, didClose reason: CloseReason) {
    self.stream = nil
    then?(.closed(reason))
  }
}

/// A WebSocket connection whose ping is answered (the empty text), or why not.
final class PongWait: StreamOwner {
  var then: ((String) -> Void)?
  private(set) var isUpgraded = false
  private let probe: LinkProbe
  private var stream: Stream?

  init(_ address: ExchangeAddress) {
    var random = SystemRandomNumberGenerator()
    probe = LinkProbe(address, random: (random.next(), random.next()))
  }

  func open(_ loop: Loop, _ address: ExchangeAddress, _ tls: TLSClient?) {
    stream = Stream.connect(loop, to: address.endpoint, tls: tls, owner: self)
  }

  func close() { stream?.abort() }

  func streamDidOpen(_ stream: Stream) { flush(stream) }

  func stream(_ stream: Stream, didReceive bytes: UnsafeRawBufferPointer) {
    let progress = probe.received(bytes)
    flush(stream)
    switch progress {
    case .waiting: break
    case .upgraded: isUpgraded = true
    case .answered: then?("")
    case .failed(let reason): then?(reason)
    }
  }

  func stream(_ stream: Stream, didClose reason: CloseReason) {
    self.stream = nil
    then?("\(reason)")
  }

  private func flush(_ stream: Stream) {
    guard !probe.output.isEmpty else { return }
    stream.write(probe.output.bytes)
    probe.output.removeAll()
  }
}
