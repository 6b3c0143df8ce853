import Base
import Core
import Reactor

/// The sockets under Core's exchange connections.
final class Links {
  /// Bytes that may wait for the exchange to read them; a thousand subscriptions are 60 KB.
  static let writeQueueMax = 1 << 20

  weak var daemon: Daemon?
  private let loop: Loop
  private let tls: TLSClient
  private let endpoint: ExchangeAddress
  private var open: [LinkID: Link] = [:]

  init(loop: Loop, tls: TLSClient, address: String) {
    self.loop = loop
    self.tls = tls
    guard let endpoint = ExchangeAddress(address) else { preconditionFailure("checked by Options") }
    self.endpoint = endpoint
  }

  func connect(_ id: LinkID) {
    var options = StreamOptions()
    options.keepAliveS = 30
    options.writeQueueMax = Links.writeQueueMax
    let link = Link(id, self)
    open[id] = link
    link.stream = Stream.connect(
      loop, to: Endpoint(host: endpoint.host, port: endpoint.port), tls: endpoint.isSecure ? tls : nil,
      options: options, owner: link)
  }

  func send(_ id: LinkID, _ bytes: UnsafeRawBufferPointer) { open[id]?.stream?.write(bytes) }

  func close(_ id: LinkID) { open[id]?.stream?.closeAfterFlush() }

  fileprivate func closed(_ id: LinkID, _ reason: CloseReason) {
    open[id] = nil
    daemon?.step(.linkClosed(id, LinkFailure(reason)))
  }
}

/// One exchange connection.
private final class Link: StreamOwner {
  let id: LinkID
  unowned let links: Links
  var stream: Stream?

  init(_ id: LinkID, _ links: Links) {
    self.id = id
    self.links = links
  }

  func streamDidOpen(_ stream: Stream) { links.daemon?.step(.linkOpened(id)) }

  func stream(_ stream: Stream, didReceive bytes: UnsafeRawBufferPointer) {
    links.daemon?.step(.linkReceived(id, bytes))
  }

  func stream(_ stream: Stream, didClose reason: CloseReason) {
    self.stream = nil
    links.closed(id, reason)
  }
}

extension LinkFailure {
  fileprivate init(_ reason: CloseReason) {
    switch reason {
    case .closedByOwner: self = .closed
    case .eof: self = .ended
    case .resolve: self = .resolve
    case .refused, .unreachable: self = .refused
    case .connectTimeout: self = .timeout
    case .tls(let text): self = .tls(text)
    case .truncated: self = .tls("the connection ended without close_notify")
    case .reset, .writeQueueFull, .flushTimeout, .io: self = .reset
    }
  }
}
