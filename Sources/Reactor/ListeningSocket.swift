/// Makes the socket behind a `Listener`: lookup, bind, listen, and the words for what went wrong.
import CLibuv
import Glibc

struct ListeningSocket {
  let descriptor: Int32
  let port: Int
  let address: String

  static func open(host: String, port: Int, backlog: Int) throws(ListenFailure) -> ListeningSocket {
    let (descriptor, storage) = try bound(host: host, port: port)
    guard listen(descriptor, Int32(clamping: backlog)) == 0 else {
      let code = errno
      close(descriptor)
      throw failure(storage, code)
    }
    var actual = sockaddr_storage()
    var actualLength = socklen_t(MemoryLayout<sockaddr_storage>.size)
    _ = withUnsafeMutablePointer(to: &actual) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        getsockname(descriptor, $0, &actualLength)
      }
    }
    return ListeningSocket(
      descriptor: descriptor, port: SocketAddress.port(actual), address: SocketAddress.text(actual))
  }

  /// A socket bound to the address, which takes connections only once it listens.
  static func bound(
    host: String, port: Int
  ) throws(ListenFailure) -> (descriptor: Int32, storage: sockaddr_storage) {
    guard let number = UInt16(exactly: port) else {
      throw ListenFailure(description: "\(host): port \(port) is out of range 0…65535", code: 0)
    }
    var storage = try address(host: host, port: number)
    let family = Int32(storage.ss_family)
    let type = SocketType.stream | SocketType.nonBlocking | SocketType.closeOnExec
    let descriptor = socket(family, type, 0)
    guard descriptor >= 0 else { throw failure(storage, errno) }
    var on: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
    let length = socklen_t(
      family == AF_INET6 ? MemoryLayout<sockaddr_in6>.size : MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafePointer(to: &storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
    }
    guard bound == 0 else {
      let code = errno
      close(descriptor)
      throw failure(storage, code)
    }
    return (descriptor, storage)
  }

  private static func address(host: String, port: UInt16) throws(ListenFailure) -> sockaddr_storage {
    if let numeric = SocketAddress.numeric(host: host, port: port) { return numeric }
    var hints = addrinfo()
    hints.ai_socktype = SocketType.stream
    hints.ai_flags = AI_PASSIVE
    var list: UnsafeMutablePointer<addrinfo>?
    let status = getaddrinfo(host, String(port), &hints, &list)
    defer { if list != nil { freeaddrinfo(list) } }
    guard status == 0, let info = list?.pointee, let storage = SocketAddress.storage(info) else {
      let words = status == 0 ? "no address" : String(cString: gai_strerror(status))
      throw ListenFailure(description: "\(host): \(words)", code: 0)
    }
    return storage
  }

  private static func failure(_ storage: sockaddr_storage, _ code: Int32) -> ListenFailure {
    ListenFailure(description: "\(SocketAddress.text(storage)): \(uvText(-code))", code: code)
  }
}
