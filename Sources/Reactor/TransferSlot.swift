/// One of libcurl's easy handles with the buffers of its request and reply, used again and again.
import Base
import CCurl
import CLibuv
import COpenSSL

final class TransferSlot {
  let index: Int
  let easy: UnsafeMutableRawPointer
  var tag = 0
  var serial: UInt64 = 0
  var isBusy = false
  /// Whether libcurl's multi handle holds it.
  var isAdded = false
  /// The TLS context whose CA store the request's certificates are checked against.
  var trust: OpaquePointer?

  private let reply = ByteBuffer(capacity: 16 * 1024)
  private let body = ByteBuffer(capacity: 256)
  private let errorText: UnsafeMutablePointer<CChar>
  private var headers: [String] = []
  private var headerList: UnsafeMutablePointer<curl_slist>?
  private var bodyMax = 0
  private var overflowed = false

  init(index: Int, options: TransferOptions) {
    guard let made = curl_easy_init() else { fatalError("libcurl makes no easy handle") }
    self.index = index
    easy = made
    errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
    errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    let this = Unmanaged.passUnretained(self).toOpaque()
    _ = reactor_easy_pointer(easy, CURLOPT_PRIVATE, this)
    _ = reactor_easy_pointer(easy, CURLOPT_ERRORBUFFER, errorText)
    _ = reactor_easy_long(easy, CURLOPT_NOSIGNAL, 1)
    // A lookup that hangs is left to its thread; libcurl would otherwise wait for it on the loop.
    _ = reactor_easy_long(easy, CURLOPT_QUICK_EXIT, 1)
    _ = reactor_easy_long(easy, CURLOPT_FOLLOWLOCATION, 0)
    _ = reactor_easy_text(easy, CURLOPT_PROTOCOLS_STR, "http,https")
    _ = reactor_easy_text(easy, CURLOPT_PROXY, "")
    _ = reactor_easy_text(easy, CURLOPT_ACCEPT_ENCODING, "gzip")
    _ = reactor_easy_text(easy, CURLOPT_USERAGENT, options.userAgent)
    _ = reactor_easy_long(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS)
    _ = reactor_easy_long(easy, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2)
    _ = reactor_easy_long(easy, CURLOPT_TCP_KEEPALIVE, 1)
    _ = reactor_easy_pointer(easy, CURLOPT_WRITEDATA, this)
    _ = reactor_easy_write(easy) { bytes, size, count, context in
      guard let bytes, let context else { return 0 }
      return Unmanaged<TransferSlot>.fromOpaque(context)._withUnsafeGuaranteedRef {
        $0.take(UnsafeRawBufferPointer(start: bytes, count: size &* count))
      }
    }
    // libcurl's own CA files stay unread: each connection gets the one store all share.
    _ = reactor_easy_text(easy, CURLOPT_CAINFO, nil)
    _ = reactor_easy_text(easy, CURLOPT_CAPATH, nil)
    _ = reactor_easy_pointer(easy, CURLOPT_SSL_CTX_DATA, this)
    _ = reactor_easy_ssl(easy) { _, context, slot in
      guard let context, let slot else { return CURLE_ABORTED_BY_CALLBACK }
      return Unmanaged<TransferSlot>.fromOpaque(slot)._withUnsafeGuaranteedRef {
        guard let trust = $0.trust else { return CURLE_ABORTED_BY_CALLBACK }
        SSL_CTX_set1_cert_store(OpaquePointer(context), SSL_CTX_get_cert_store(trust))
        return CURLE_OK
      }
    }
  }

  /// Frees libcurl's part; the slot is of no use afterwards.
  func destroy() {
    curl_easy_cleanup(easy)
    curl_slist_free_all(headerList)
    headerList = nil
    isAdded = false
    isBusy = false
  }

  deinit { errorText.deallocate() }

  /// Fills in a request.
  func begin(
    _ request: TransferRequest, body bytes: UnsafeRawBufferPointer, tag: Int, serial: UInt64, bodyMax: Int
  ) {
    self.tag = tag
    self.serial = serial
    self.bodyMax = bodyMax
    isBusy = true
    overflowed = false
    errorText.pointee = 0
    reply.removeAll()
    _ = reactor_easy_text(easy, CURLOPT_URL, request.url)
    _ = reactor_easy_long(easy, CURLOPT_TIMEOUT_MS, max(1, Int(request.deadline.milliseconds)))
    _ = reactor_easy_long(easy, CURLOPT_CONNECTTIMEOUT_MS, max(1, Int(request.connectDeadline.milliseconds)))
    // With TLS the handshake tells whether requests can share the connection, so waiting for that is short.
    // Without, only the first reply would tell, and one silent request would hold up all others.
    _ = reactor_easy_long(easy, CURLOPT_PIPEWAIT, request.isEncrypted ? 1 : 0)
    setHeaders(request.headers)
    switch request.method {
    case .get: _ = reactor_easy_long(easy, CURLOPT_HTTPGET, 1)
    case .post:
      body.removeAll()
      body.append(bytes)
      _ = reactor_easy_long(easy, CURLOPT_POST, 1)
      _ = reactor_easy_pointer(easy, CURLOPT_POSTFIELDS, body.base)
      _ = reactor_easy_offset(easy, CURLOPT_POSTFIELDSIZE_LARGE, body.count)
    }
  }

  /// Idle until the next request: large memory is given back.
  func rest() {
    reply.removeAll()
    reply.trim(to: Transfers.spareBytesMax)
    body.removeAll()
    body.trim(to: Transfers.spareBytesMax)
    trust = nil
  }

  /// What became of the request; the body stays in this slot's buffer.
  func outcome(_ result: CURLcode) -> TransferOutcome {
    guard result == CURLE_OK else { return .failure(failure(result)) }
    let wait = reactor_info_offset(easy, CURLINFO_RETRY_AFTER)
    return .reply(
      TransferReply(
        status: reactor_info_long(easy, CURLINFO_RESPONSE_CODE), body: reply.bytes,
        retryAfterS: wait > 0 ? Int(wait) : nil,
        reusedConnection: reactor_info_long(easy, CURLINFO_NUM_CONNECTS) == 0,
        isHTTP2: reactor_info_long(easy, CURLINFO_HTTP_VERSION) == CURL_HTTP_VERSION_2_0))
  }

  private func failure(_ result: CURLcode) -> TransferFailure {
    let text = String(cString: errorText.pointee == 0 ? curl_easy_strerror(result) : UnsafePointer(errorText))
    switch result {
    case CURLE_COULDNT_RESOLVE_HOST: return .resolve(text)
    case CURLE_COULDNT_CONNECT: return .connect(text)
    case CURLE_OPERATION_TIMEDOUT:
      return reactor_info_offset(easy, CURLINFO_PRETRANSFER_TIME_T) == 0 ? .connectTimeout : .timeout
    case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CACERT_BADFILE,
      CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_INVALIDCERTSTATUS:
      return .tls(text)
    case CURLE_WRITE_ERROR: return overflowed ? .bodyTooLarge : .other(text)
    case CURLE_PARTIAL_FILE, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_GOT_NOTHING, CURLE_HTTP2,
      CURLE_HTTP2_STREAM:
      return .reset(text)
    case CURLE_WEIRD_SERVER_REPLY, CURLE_BAD_CONTENT_ENCODING: return .garbage(text)
    case CURLE_UNSUPPORTED_PROTOCOL:
      // libcurl says the same of a reply without a status line ("HTTP/0.9") and of our own bad URL.
      return reactor_info_offset(easy, CURLINFO_PRETRANSFER_TIME_T) == 0 ? .malformed(text) : .garbage(text)
    case CURLE_URL_MALFORMAT: return .malformed(text)
    default: return .other(text)
    }
  }

  /// Keeps a piece of the body; anything but the piece's size makes libcurl give up.
  private func take(_ bytes: UnsafeRawBufferPointer) -> Int {
    guard bytes.count <= bodyMax - reply.count else {
      overflowed = true
      return 0
    }
    reply.append(bytes)
    return bytes.count
  }

  private func setHeaders(_ lines: [String]) {
    guard headerList == nil || lines != headers else { return }
    // Without "Expect:" libcurl waits for a 100 before it sends a large body.
    var list = curl_slist_append(nil, "Expect:")
    for line in lines { list = curl_slist_append(list, line) ?? list }
    _ = reactor_easy_pointer(easy, CURLOPT_HTTPHEADER, list)
    curl_slist_free_all(headerList)
    headerList = list
    headers = lines
  }
}
