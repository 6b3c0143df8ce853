/// TLS for one stream: OpenSSL between two memory BIOs, fed with what the socket receives, emptied into what the
/// stream sends.
///
/// Checked by OpenSSL itself: the chain against the CA store, the host name (or address) against the
/// certificate, TLS ≥ 1.2. A connection that ends without close_notify ends as `.truncated`.
/// Bounds: a write is encrypted in pieces of `pieceBytesMax`, so OpenSSL never holds more than one of them.
import Base
import CLibuv
import COpenSSL

final class TLSSession {
  static let pieceBytesMax = 64 * 1024

  private let ssl: OpaquePointer
  /// From the network, and to it; owned by `ssl`.
  private let incoming: OpaquePointer
  private let outgoing: OpaquePointer
  private let client: TLSClient?
  private let endpoint: Endpoint?
  private var established = false
  private var pumping = false
  private var resumeIsPlanned = false

  /// A client's session that insists on a certificate for the endpoint's host.
  init?(client: TLSClient, _ context: OpaquePointer, _ endpoint: Endpoint) {
    guard let made = TLSSession.make(context) else { return nil }
    (ssl, incoming, outgoing) = made
    self.client = client
    self.endpoint = endpoint
    SSL_set_connect_state(ssl)
    let checks = SSL_get0_param(ssl)
    if SocketAddress.numeric(host: endpoint.host, port: 0) != nil {
      guard X509_VERIFY_PARAM_set1_ip_asc(checks, endpoint.host) == 1 else { return nil }
    } else {
      X509_VERIFY_PARAM_set_hostflags(checks, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
      guard X509_VERIFY_PARAM_set1_host(checks, endpoint.host, 0) == 1,
        reactor_set_server_name(ssl, endpoint.host) == 1
      else { return nil }
    }
    // Streams carry HTTP/1.1 (the WebSocket upgrade); a server that prefers HTTP/2 must know.
    let alpn: [UInt8] = [8] + Array("http/1.1".utf8)
    SSL_set_alpn_protos(ssl, alpn, UInt32(alpn.count))
    if let session = client.recall(endpoint) {
      SSL_set_session(ssl, session)
      SSL_SESSION_free(session)
    }
  }

  /// A server's session.
  init?(server context: OpaquePointer) {
    guard let made = TLSSession.make(context) else { return nil }
    (ssl, incoming, outgoing) = made
    client = nil
    endpoint = nil
    SSL_set_accept_state(ssl)
  }

  deinit { SSL_free(ssl) }

  private static func make(
    _ context: OpaquePointer
  ) -> (ssl: OpaquePointer, incoming: OpaquePointer, outgoing: OpaquePointer)? {
    guard let ssl = SSL_new(context) else { return nil }
    guard let incoming = BIO_new(BIO_s_mem()) else {
      SSL_free(ssl)
      return nil
    }
    guard let outgoing = BIO_new(BIO_s_mem()) else {
      BIO_free(incoming)
      SSL_free(ssl)
      return nil
    }
    SSL_set_bio(ssl, incoming, outgoing)
    return (ssl, incoming, outgoing)
  }

  /// Whole days until the peer's certificate expires, and the protocol's name; nil before the handshake.
  var peerCertificate: (daysLeft: Int, version: String)? {
    guard established, let certificate = SSL_get1_peer_certificate(ssl) else { return nil }
    defer { X509_free(certificate) }
    var days: Int32 = 0
    var seconds: Int32 = 0
    guard ASN1_TIME_diff(&days, &seconds, nil, X509_get0_notAfter(certificate)) == 1 else { return nil }
    return (Int(days), String(cString: SSL_get_version(ssl)))
  }

  // MARK: what the stream calls

  func startHandshake(on stream: Stream) { shakeHands(on: stream) }

  /// Ciphertext came.
  func receive(_ bytes: UnsafeRawBufferPointer, on stream: Stream) {
    guard BIO_write(incoming, bytes.baseAddress, Int32(bytes.count)) == Int32(bytes.count) else {
      return stream.end(.tls("out of memory"))
    }
    if established { pump(on: stream) } else { shakeHands(on: stream) }
  }

  /// Encrypts and sends.
  func write(_ bytes: UnsafeRawBufferPointer, on stream: Stream) -> Bool {
    var rest = bytes
    while !rest.isEmpty {
      let piece = min(rest.count, TLSSession.pieceBytesMax)
      ERR_clear_error()
      guard SSL_write(ssl, rest.baseAddress, Int32(piece)) == Int32(piece) else {
        stream.end(.tls(TLSFailure.queued("write")))
        return false
      }
      flush(on: stream)
      guard stream.state == .open else { return false }
      rest = UnsafeRawBufferPointer(rebasing: rest[piece...])
    }
    return true
  }

  /// Tells the peer that nothing follows.
  func sendCloseNotify(on stream: Stream) {
    guard established else { return }
    ERR_clear_error()
    SSL_shutdown(ssl)
    flush(on: stream)
  }

  /// The socket's end, which is in order only after close_notify.
  func transportEnded(on stream: Stream) {
    guard established else { return stream.peerHasEnded() }
    pump(on: stream)
    guard stream.state == .open else { return }
    if SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN != 0 {
      stream.peerHasEnded()
    } else {
      stream.end(.truncated)
    }
  }

  /// Reading was resumed: what is already decrypted, or waits to be, comes soon (never inside the owner's call).
  func resumed(on stream: Stream) {
    guard established, !pumping, !resumeIsPlanned else { return }
    guard SSL_pending(ssl) > 0 || reactor_bio_pending(incoming) > 0 else { return }
    resumeIsPlanned = true
    let loop = stream.loop
    var timer: Timer?
    timer = Timer(loop) { [self] _ in
      timer?.close()
      timer = nil
      resumeIsPlanned = false
      pump(on: stream)
    }
    timer?.arm(at: .zero)
  }

  /// The stream has closed: keeps the session if the connection was good.
  func close(saving reason: CloseReason) {
    if case .tls = reason { return }
    guard established, let client, let endpoint else { return }
    // Without this OpenSSL takes a connection that was merely dropped for a bad one.
    SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN)
    guard let session = SSL_get1_session(ssl) else { return }
    if SSL_SESSION_is_resumable(session) == 1 {
      client.remember(session, for: endpoint)
    } else {
      SSL_SESSION_free(session)
    }
  }

  // MARK: inside

  private func shakeHands(on stream: Stream) {
    guard stream.state == .opening else { return }
    ERR_clear_error()
    let status = SSL_do_handshake(ssl)
    let error = status == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl, status)
    let words = error == SSL_ERROR_NONE || error == SSL_ERROR_WANT_READ ? "" : handshakeProblem()
    flush(on: stream)
    guard stream.state == .opening else { return }
    switch error {
    case SSL_ERROR_NONE:
      established = true
      if SSL_session_reused(ssl) == 1 { client?.resumptions += 1 }
      stream.opened()
      pump(on: stream)
    case SSL_ERROR_WANT_READ: break
    default: stream.end(.tls(words))
    }
  }

  /// A refused certificate says more by its verification result than by the generic error.
  private func handshakeProblem() -> String {
    let verdict = SSL_get_verify_result(ssl)
    guard verdict == Int(X509_V_OK) else {
      ERR_clear_error()
      return "certificate: \(String(cString: X509_verify_cert_error_string(verdict)))"
    }
    return TLSFailure.queued("handshake")
  }

  /// Decrypts what came and hands it to the owner, a buffer at a time.
  private func pump(on stream: Stream) {
    guard !pumping else { return }
    pumping = true
    defer { pumping = false }
    let plain = stream.loop.plaintextBuffer()
    var error = SSL_ERROR_NONE
    while error == SSL_ERROR_NONE && stream.wantsBytes {
      var filled = 0
      ERR_clear_error()
      while filled < Loop.readBytesMax && error == SSL_ERROR_NONE {
        let count = SSL_read(ssl, plain + filled, Int32(Loop.readBytesMax - filled))
        if count > 0 { filled += Int(count) } else { error = SSL_get_error(ssl, count) }
      }
      let words = error == SSL_ERROR_SSL ? TLSFailure.queued("read") : "read failed"
      if reactor_bio_pending(outgoing) > 0 { flush(on: stream) }
      if filled > 0 {
        stream.owner?.stream(stream, didReceive: UnsafeRawBufferPointer(start: plain, count: filled))
      }
      switch error {
      case SSL_ERROR_NONE, SSL_ERROR_WANT_READ: break
      case SSL_ERROR_ZERO_RETURN: if stream.state == .open { stream.peerHasEnded() }
      default: stream.end(.tls(words))
      }
    }
  }

  /// Sends the records OpenSSL has made.
  private func flush(on stream: Stream) {
    let records = stream.loop.recordBuffer()
    while true {
      let count = BIO_read(outgoing, records, Int32(Loop.recordBytesMax))
      guard count > 0 else { return }
      guard stream.send(UnsafeRawBufferPointer(start: records, count: Int(count))) else { return }
    }
  }
}
