/// How an outgoing stream opens: lookup (off the loop, by libuv's threads), then one address after another,
/// each with its share of the time that is left.
///
/// Bound: `addressesMax` addresses per lookup. Invariant: each attempt has handles of its own, so a late report
/// of an attempt that was given up finds no stream.
import Base
import CLibuv
import Glibc

/// Where an outgoing stream goes.
public struct Endpoint: Hashable, Sendable {
  /// A name or a numeric address (IPv6 without brackets).
  public var host: String
  /// 1…65535.
  public var port: Int

  /// The endpoint `host:port`.
  public init(host: String, port: Int) {
    self.host = host
    self.port = port
  }
}

/// What an opening stream still has to try.
final class Connecting {
  static let addressesMax = 16
  let endpoint: Endpoint
  let until: Instant
  var addresses: [sockaddr_storage] = []
  var next = 0
  var lastFailure = CloseReason.resolve("no address")

  init(endpoint: Endpoint, until: Instant) {
    self.endpoint = endpoint
    self.until = until
  }
}

extension Stream {
  /// Opens a connection to `endpoint`; with `tls`, encrypted and with the certificate checked for the host.
  ///
  /// - Parameter owner: hears `streamDidOpen`, or `streamDidClose` with the reason it never opened.
  public static func connect(
    _ loop: Loop, to endpoint: Endpoint, tls: TLSClient? = nil, options: StreamOptions = StreamOptions(),
    owner: any StreamOwner
  ) -> Stream {
    let stream = Stream(loop: loop, options: options, owner: owner, accepted: false)
    let until = loop.now.instant + options.connectDeadline
    stream.connecting = Connecting(endpoint: endpoint, until: until)
    let this = Unmanaged.passUnretained(stream)
    stream.deadline = Timer(loop) { _ in this._withUnsafeGuaranteedRef { $0.attemptIsLate() } }
    stream.deadline?.arm(at: until)
    if let tls {
      tls.prepare(on: loop, endpoint: endpoint, for: stream)
    } else {
      stream.resolve()
    }
    return stream
  }

  /// Looks the host up; a numeric host needs no lookup.
  func resolve() {
    guard let connecting, state == .opening else { return }
    let host = connecting.endpoint.host
    guard let port = UInt16(exactly: connecting.endpoint.port), port > 0 else {
      return end(.resolve("port \(connecting.endpoint.port) is out of range"))
    }
    if let address = SocketAddress.numeric(host: host, port: port) {
      connecting.addresses = [address]
      return tryNextAddress()
    }
    var hints = addrinfo()
    hints.ai_socktype = SocketType.stream
    hints.ai_flags = AI_NUMERICSERV
    let request = UnsafeMutablePointer<uv_getaddrinfo_t>.allocate(capacity: 1)
    request.pointee.data = Unmanaged.passRetained(self).toOpaque()
    let status = uv_getaddrinfo(
      loop.uv, request,
      { request, status, list in
        defer {
          uv_freeaddrinfo(list)
          request?.deallocate()
        }
        guard let data = request?.pointee.data else { return }
        let stream = Unmanaged<Stream>.fromOpaque(data).takeRetainedValue()
        stream.loop.wake()
        stream.resolved(status, list)
      }, host, String(port), &hints)
    if status < 0 {
      request.deallocate()
      Unmanaged.passUnretained(self).release()
      end(.resolve(uvText(status)))
    }
  }

  private func resolved(_ status: Int32, _ list: UnsafeMutablePointer<addrinfo>?) {
    guard state == .opening, let connecting else { return }
    guard status == 0 else { return end(.resolve(uvText(status))) }
    var entry = list
    while let info = entry, connecting.addresses.count < Connecting.addressesMax {
      if let address = SocketAddress.storage(info.pointee) { connecting.addresses.append(address) }
      entry = info.pointee.ai_next
    }
    tryNextAddress()
  }

  /// Connects to the next address, or ends with the last failure.
  func tryNextAddress() {
    guard state == .opening, let connecting else { return }
    guard connecting.next < connecting.addresses.count else { return end(connecting.lastFailure) }
    if connecting.next > 0 { replaceHandles() }
    let left = connecting.addresses.count - connecting.next
    var address = connecting.addresses[connecting.next]
    connecting.next += 1
    let now = loop.now.instant
    deadline?.arm(
      at: left == 1 ? connecting.until : now + TimeSpan(ns: (connecting.until - now).ns / Int64(left)))
    let request = UnsafeMutableRawPointer(handles)
      .advanced(by: MemoryLayout<Handles>.offset(of: \.connect) ?? 0)
      .assumingMemoryBound(to: uv_connect_t.self)
    let handle = tcp
    let status = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        uv_tcp_connect(request, handle, $0) { request, status in
          guard let stream = Stream.of(request?.pointee.handle.pointee.data) else { return }
          stream._withUnsafeGuaranteedRef {
            $0.loop.wake()
            $0.connected(status)
          }
        }
      }
    }
    if status < 0 { connected(status) }
  }

  private func connected(_ status: Int32) {
    guard state == .opening, let connecting else { return }
    if status < 0 {
      connecting.lastFailure = CloseReason(status: status)
      return tryNextAddress()
    }
    deadline?.arm(at: connecting.until)
    self.connecting = nil
    transportIsUp()
  }

  /// The deadline of this attempt has come; of the whole if no address is left.
  private func attemptIsLate() {
    guard state == .opening else { return }
    guard let connecting, connecting.next < connecting.addresses.count else { return end(.connectTimeout) }
    connecting.lastFailure = .connectTimeout
    tryNextAddress()
  }

  /// Gives the failed attempt's handles to libuv to close and makes fresh ones.
  private func replaceHandles() {
    tcp.pointee.data = nil
    uv_close(uvHandle) { handle in
      // The handle is the first member of `Handles`, so this is the address that was allocated.
      handle.map { UnsafeMutableRawPointer($0).assumingMemoryBound(to: Handles.self).deallocate() }
    }
    handles = .allocate(capacity: 1)
    handles.initialize(to: Handles())
    uv_tcp_init(loop.uv, tcp)
    tcp.pointee.data = Unmanaged.passUnretained(self as LoopObject).toOpaque()
  }
}
