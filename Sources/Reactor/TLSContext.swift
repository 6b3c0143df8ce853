/// What TLS connections share: the CA certificates and the remembered sessions of clients, the certificate of a
/// server.
///
/// The CA store is loaded at the first use, by a thread of libuv's, since reading a bundle takes tens of
/// milliseconds.
/// Bounds: `sessionsMax` remembered sessions (any one of them makes room for a new one).
import Base
import CLibuv
import COpenSSL
import Glibc

/// The client side of TLS for one loop: certificates are checked against the system's CAs.
public final class TLSClient {
  /// Sessions remembered for a shorter handshake with the same host and port.
  public static let sessionsMax = 32

  private enum State {
    case unloaded
    case loading
    case ready(OpaquePointer)
  }

  private let caFile: String?
  private var state = State.unloaded
  private var waiting: [(OpaquePointer?, String) -> Void] = []
  private var sessions: [String: OpaquePointer] = [:]
  /// Handshakes that used a remembered session.
  public internal(set) var resumptions = 0

  /// Nothing is loaded yet. `caFile` (PEM) names CAs to trust besides the system's.
  public init(caFile: String? = nil) { self.caFile = caFile }

  deinit {
    for session in sessions.values { SSL_SESSION_free(session) }
    if case .ready(let context) = state { SSL_CTX_free(context) }
  }

  /// Gives an opening stream its TLS session, once the CA certificates are there, and lets it look up its host.
  func prepare(on loop: Loop, endpoint: Endpoint, for stream: Stream) {
    whenReady(on: loop) { [self] context, problem in
      guard stream.state == .opening else { return }
      guard let context else { return stream.end(.tls(problem)) }
      guard let session = TLSSession(client: self, context, endpoint) else {
        return stream.end(.tls("no TLS session could be made for \(endpoint.host)"))
      }
      stream.tls = session
      stream.resolve()
    }
  }

  /// Calls `then` with the context, now or once it is loaded; with nil and the reason if it cannot be.
  func whenReady(on loop: Loop, _ then: @escaping (OpaquePointer?, String) -> Void) {
    switch state {
    case .ready(let context): then(context, "")
    case .loading: waiting.append(then)
    case .unloaded:
      waiting.append(then)
      state = .loading
      TLSLoading.start(on: loop, caFile: caFile) { [self] context, problem in
        // A failure is not kept: the file may be put right before the next connection.
        state = context.map(State.ready) ?? .unloaded
        let told = waiting
        waiting = []
        for then in told { then(context, problem) }
      }
    }
  }

  /// Keeps a session for the next connection to the same place.
  func remember(_ session: OpaquePointer, for endpoint: Endpoint) {
    let key = "\(endpoint.host):\(endpoint.port)"
    if sessions.count >= TLSClient.sessionsMax, sessions[key] == nil, let any = sessions.keys.first {
      sessions.removeValue(forKey: any).map { SSL_SESSION_free($0) }
    }
    sessions.updateValue(session, forKey: key).map { SSL_SESSION_free($0) }
  }

  /// Takes the session remembered for `endpoint`; TLS 1.3 tickets are for one use.
  func recall(_ endpoint: Endpoint) -> OpaquePointer? {
    sessions.removeValue(forKey: "\(endpoint.host):\(endpoint.port)")
  }
}

/// The server side of TLS, for the simulated exchange and for tests.
public final class TLSServer {
  private let context: OpaquePointer

  /// Serves the certificate chain and key of two PEM files.
  public convenience init(certificateFile: String, keyFile: String) throws(TLSFailure) {
    try self.init(certificateFile: certificateFile, keyFile: keyFile, lowest: TLS1_2_VERSION, highest: 0)
  }

  /// `lowest` and `highest` are OpenSSL's protocol versions, 0 for no limit.
  init(certificateFile: String, keyFile: String, lowest: Int32, highest: Int32) throws(TLSFailure) {
    guard let made = SSL_CTX_new(TLS_server_method()) else {
      throw TLSFailure(description: TLSFailure.queued("no TLS context"))
    }
    context = made
    reactor_ctx_modes(made)
    _ = reactor_ctx_min_version(made, lowest)
    _ = reactor_ctx_max_version(made, highest)
    // Versions below 1.2 need the lowest security level; only tests ask for them.
    if lowest != 0 && lowest < TLS1_2_VERSION { SSL_CTX_set_cipher_list(made, "ALL:@SECLEVEL=0") }
    guard SSL_CTX_use_certificate_chain_file(made, certificateFile) == 1 else {
      throw TLSFailure(description: TLSFailure.queued("certificate \(certificateFile)"))
    }
    guard SSL_CTX_use_PrivateKey_file(made, keyFile, SSL_FILETYPE_PEM) == 1 else {
      throw TLSFailure(description: TLSFailure.queued("key \(keyFile)"))
    }
  }

  deinit { SSL_CTX_free(context) }

  func session() -> TLSSession? { TLSSession(server: context) }
}

/// Why there is no TLS context: a sentence.
public struct TLSFailure: Error, Hashable, Sendable, CustomStringConvertible {
  /// The sentence.
  public let description: String

  /// OpenSSL's oldest queued error as words behind `subject`; empties its queue.
  static func queued(_ subject: String) -> String {
    let code = ERR_get_error()
    ERR_clear_error()
    guard code != 0 else { return subject }
    if ERR_GET_LIB(code) == ERR_LIB_SYS { return "\(subject): \(uvText(-ERR_GET_REASON(code)))" }
    guard let words = ERR_reason_error_string(code) else { return "\(subject): OpenSSL error \(code)" }
    return "\(subject): \(String(cString: words))"
  }
}

/// Loads CA certificates on one of libuv's threads. The job is plain memory; only its end touches the loop.
private struct TLSLoading {
  var work = uv_work_t()
  var caFile: UnsafeMutablePointer<CChar>?
  var context: OpaquePointer?
  var problem: UnsafeMutablePointer<CChar>?
  var done: Unmanaged<Done>

  final class Done {
    let loop: Loop
    let call: (OpaquePointer?, String) -> Void

    init(_ loop: Loop, _ call: @escaping (OpaquePointer?, String) -> Void) {
      self.loop = loop
      self.call = call
    }
  }

  static func start(on loop: Loop, caFile: String?, done: @escaping (OpaquePointer?, String) -> Void) {
    let job = UnsafeMutablePointer<TLSLoading>.allocate(capacity: 1)
    job.initialize(to: TLSLoading(caFile: caFile.map { strdup($0) }, done: .passRetained(Done(loop, done))))
    let work = UnsafeMutableRawPointer(job).assumingMemoryBound(to: uv_work_t.self)
    uv_queue_work(
      loop.uv, work,
      { work in
        guard let work else { return }
        TLSLoading.load(&UnsafeMutableRawPointer(work).assumingMemoryBound(to: TLSLoading.self).pointee)
      },
      { work, _ in
        guard let work else { return }
        TLSLoading.finish(UnsafeMutableRawPointer(work).assumingMemoryBound(to: TLSLoading.self))
      })
  }

  /// Runs on another thread.
  private static func load(_ job: inout TLSLoading) {
    guard let context = SSL_CTX_new(TLS_client_method()) else {
      job.problem = strdup(TLSFailure.queued("no TLS context"))
      return
    }
    reactor_ctx_modes(context)
    _ = reactor_ctx_min_version(context, TLS1_2_VERSION)
    reactor_ctx_session_cache(context, Int(SSL_SESS_CACHE_OFF))
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
    trustSystem(context)
    if let caFile = job.caFile, SSL_CTX_load_verify_file(context, caFile) != 1 {
      job.problem = strdup(TLSFailure.queued("CA file \(String(cString: caFile))"))
      SSL_CTX_free(context)
      return
    }
    ERR_clear_error()
    job.context = context
  }

  /// The system's CAs: its bundle, read whole now, so that no handshake reads files on the loop; its hashed
  /// directory only where there is no bundle, or where the environment names one.
  private static func trustSystem(_ context: OpaquePointer) {
    let named =
      getenv("SSL_CERT_FILE") ?? X509_get_default_cert_file().map { UnsafeMutablePointer(mutating: $0) }
    let hasBundle = named.map { access($0, R_OK) == 0 } ?? false
    if hasBundle { SSL_CTX_set_default_verify_file(context) }
    if !hasBundle || getenv("SSL_CERT_DIR") != nil { SSL_CTX_set_default_verify_dir(context) }
  }

  private static func finish(_ job: UnsafeMutablePointer<TLSLoading>) {
    let result = job.move()
    job.deallocate()
    let done = result.done.takeRetainedValue()
    let problem = result.problem.map { String(cString: $0) } ?? ""
    free(result.problem)
    free(result.caFile)
    done.loop.wake()
    done.call(result.context, problem)
  }
}
