/// Socket addresses between text, sockaddr and libuv; and the one system call libuv has no plain form for.
import CLibuv
import Glibc

/// Sends our FIN; what the peer sends can still be read.
func endSending(_ descriptor: Int32) { _ = Glibc.shutdown(descriptor, Int32(SHUT_WR)) }

/// The type argument of `socket` and `accept4`; flags are added with `|`.
enum SocketType {
  static let stream = reactor_sock_stream
  static let datagram = reactor_sock_dgram
  static let nonBlocking = reactor_sock_nonblock
  static let closeOnExec = reactor_sock_cloexec
}

enum SocketAddress {
  /// The address of a numeric IPv4 or IPv6 host; nil for a name.
  static func numeric(host: String, port: UInt16) -> sockaddr_storage? {
    var storage = sockaddr_storage()
    let found = withUnsafeMutablePointer(to: &storage) { pointer in
      let v4 = pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
        uv_ip4_addr(host, Int32(port), $0) == 0
      }
      if v4 { return true }
      return pointer.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
        uv_ip6_addr(host, Int32(port), $0) == 0
      }
    }
    return found ? storage : nil
  }

  /// A copy of a lookup's result; nil for families other than IPv4 and IPv6.
  static func storage(_ info: addrinfo) -> sockaddr_storage? {
    guard info.ai_family == AF_INET || info.ai_family == AF_INET6, let address = info.ai_addr else {
      return nil
    }
    var storage = sockaddr_storage()
    let bytes = min(Int(info.ai_addrlen), MemoryLayout<sockaddr_storage>.size)
    withUnsafeMutableBytes(of: &storage) { $0.baseAddress?.copyMemory(from: address, byteCount: bytes) }
    return storage
  }

  /// "127.0.0.1:80" or "[::1]:80".
  static func text(_ storage: sockaddr_storage) -> String {
    var storage = storage
    var name = [CChar](repeating: 0, count: 64)
    return withUnsafeMutablePointer(to: &storage) { pointer in
      if pointer.pointee.ss_family == sa_family_t(AF_INET6) {
        return pointer.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
          uv_ip6_name($0, &name, name.count)
          return "[\(string(name))]:\(UInt16(bigEndian: $0.pointee.sin6_port))"
        }
      }
      return pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
        uv_ip4_name($0, &name, name.count)
        return "\(string(name)):\(UInt16(bigEndian: $0.pointee.sin_port))"
      }
    }
  }

  /// The port of an IPv4 or IPv6 address.
  static func port(_ storage: sockaddr_storage) -> Int {
    var storage = storage
    return withUnsafeMutablePointer(to: &storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
        // The port lies at the same place in both families.
        Int(UInt16(bigEndian: $0.pointee.sin_port))
      }
    }
  }

  /// The other end of a connected socket; empty if there is none.
  static func peer(of tcp: UnsafeMutablePointer<uv_tcp_t>) -> String {
    var storage = sockaddr_storage()
    var length = Int32(MemoryLayout<sockaddr_storage>.size)
    let status = withUnsafeMutablePointer(to: &storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { uv_tcp_getpeername(tcp, $0, &length) }
    }
    return status == 0 ? text(storage) : ""
  }

  /// Who is at the other end of a connected socket, as far as limits go: an IPv4 address, or an IPv6 network of 64 bits,
  /// since a host takes any number of addresses out of its own. 0 is this machine (127.0.0.1 or ::1), or nobody.
  static func network(of descriptor: Int32) -> UInt64 {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    return withUnsafeMutablePointer(to: &storage) { pointer in
      let status = pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        getpeername(descriptor, $0, &length)
      }
      guard status == 0 else { return 0 }
      if pointer.pointee.ss_family == sa_family_t(AF_INET) {
        return pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
          network(v4: UInt32(bigEndian: $0.pointee.sin_addr.s_addr))
        }
      }
      return pointer.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
        withUnsafeBytes(of: $0.pointee.sin6_addr) { network(v6: $0) }
      }
    }
  }

  private static func network(v4 address: UInt32) -> UInt64 { address == 0x7f00_0001 ? 0 : UInt64(address) }

  /// The first half; an IPv4 address in IPv6 clothes (`::ffff:192.0.2.1`) is the address itself.
  static func network(v6 bytes: UnsafeRawBufferPointer) -> UInt64 {
    let high = UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self))
    let low = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    guard high == 0 else { return high }
    if low >> 32 == 0xffff { return network(v4: UInt32(truncatingIfNeeded: low)) }
    return low == 1 ? 0 : low
  }

  private static func string(_ characters: [CChar]) -> String {
    String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
