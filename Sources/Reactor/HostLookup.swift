/// Looking a host name up, for checks; it blocks: not on the loop.
import CLibuv
import Glibc

/// Names to addresses.
public enum HostLookup {
  /// The most addresses told.
  public static let addressesMax = 16

  /// Why a name has no address: a sentence.
  public struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
    /// The sentence.
    public let description: String
  }

  /// The addresses of `host` without ports, each once, in the order they would be tried.
  public static func addresses(of host: String) throws(Failure) -> [String] {
    var hints = addrinfo()
    hints.ai_socktype = SocketType.stream
    var list: UnsafeMutablePointer<addrinfo>?
    let status = getaddrinfo(host, nil, &hints, &list)
    defer { if list != nil { freeaddrinfo(list) } }
    guard status == 0 else { throw Failure(description: String(cString: gai_strerror(status))) }
    var found: [String] = []
    var entry = list
    while let info = entry, found.count < addressesMax {
      if let storage = SocketAddress.storage(info.pointee) {
        let text = String(SocketAddress.text(storage).dropLast(2))
        if !found.contains(text) { found.append(text) }
      }
      entry = info.pointee.ai_next
    }
    guard !found.isEmpty else { throw Failure(description: "no address") }
    return found
  }
}
