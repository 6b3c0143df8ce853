/// Whether a request's `Host` names this service: the guard against DNS rebinding.
///
/// A page on a stranger's site can make its own name resolve to 127.0.0.1 and then read our answers as its
/// own origin; the browser still sends the stranger's name as `Host`. Accepted are the bind address, the
/// loopback names, `server.allowed_hosts`, and, when bound to every address, any numeric address (which no
/// name can stand for). The port does not matter, capitals do not matter, a final dot is ignored.
/// Bound: `hostsMax` names; a name above `hostCharactersMax` bytes is refused.
import Base

final class HostCheck {
  /// The most names.
  static let hostsMax = 80
  /// The longest name accepted (RFC 1035).
  static let hostCharactersMax = 255

  private let hosts: [[UInt8]]
  private let acceptsNumeric: Bool
  /// The header accepted last, since clients send the same one again and again.
  private let known = ByteBuffer(capacity: HostCheck.hostCharactersMax)

  init(_ options: APIOptions) {
    let isWildcard = ["0.0.0.0", "::", "[::]", "*"].contains(options.bindHost)
    acceptsNumeric = isWildcard
    var names = ["127.0.0.1", "localhost", "::1"]
    if !isWildcard { names.append(options.bindHost) }
    hosts = (names + options.allowedHosts.prefix(HostCheck.hostsMax - names.count)).map { name in
      var host = Array(name.lowercased().utf8)
      if host.first == UInt8(ascii: "["), host.last == UInt8(ascii: "]") {
        host = Array(host[1..<(host.count - 1)])
      }
      if host.last == UInt8(ascii: ".") { host.removeLast() }
      return host
    }
  }

  /// Whether `header`, the value of a `Host` header, names this service.
  func accepts(_ header: UnsafeRawBufferPointer) -> Bool {
    if header.count == known.count, !header.isEmpty, HostCheck.isSame(header, known.bytes) { return true }
    guard let host = HostCheck.name(header), isOurs(host) else { return false }
    known.removeAll()
    known.append(header)
    return true
  }

  private func isOurs(_ host: UnsafeRawBufferPointer) -> Bool {
    for known in hosts where HostCheck.equal(known, host) { return true }
    return acceptsNumeric && HostCheck.isNumeric(host)
  }

  private static func isSame(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
    for index in 0..<a.count where a[index] != b[index] { return false }
    return true
  }

  /// The name in `header`: without port, brackets and final dot; `nil` when it cannot be one.
  private static func name(_ header: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
    guard !header.isEmpty, header.count <= hostCharactersMax else { return nil }
    var low = 0
    var high = header.count
    if header[0] == UInt8(ascii: "[") {
      guard let close = header.firstIndex(of: UInt8(ascii: "]")) else { return nil }
      guard isPort(header, after: close + 1) else { return nil }
      low = 1
      high = close
    } else if let colon = header.firstIndex(of: UInt8(ascii: ":")) {
      guard isPort(header, after: colon) else { return nil }
      high = colon
    }
    if high > low, header[high - 1] == UInt8(ascii: ".") { high -= 1 }
    return high > low ? UnsafeRawBufferPointer(rebasing: header[low..<high]) : nil
  }

  /// Whether nothing, or a colon and digits, stands from `start` on.
  private static func isPort(_ header: UnsafeRawBufferPointer, after start: Int) -> Bool {
    guard start < header.count else { return true }
    guard header[start] == UInt8(ascii: ":"), header.count - start <= 6 else { return false }
    return header[(start + 1)...].allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
  }

  private static func equal(_ known: [UInt8], _ host: UnsafeRawBufferPointer) -> Bool {
    guard known.count == host.count else { return false }
    for index in 0..<host.count {
      let byte = host[index]
      let isCapital = byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z")
      if known[index] != (isCapital ? byte | 0x20 : byte) { return false }
    }
    return true
  }

  /// Digits and dots, or hex digits and colons: an address, not a name.
  private static func isNumeric(_ host: UnsafeRawBufferPointer) -> Bool {
    let isV6 = host.contains(UInt8(ascii: ":"))
    return host.allSatisfy { byte in
      let isDigit = byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
      let isHex = (byte | 0x20) >= UInt8(ascii: "a") && (byte | 0x20) <= UInt8(ascii: "f")
      return isDigit || byte == UInt8(ascii: ".") || (isV6 && (isHex || byte == UInt8(ascii: ":")))
    }
  }
}
