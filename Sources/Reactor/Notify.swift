/// Tells systemd how the service is (the sd_notify protocol: one datagram per state to `NOTIFY_SOCKET`).
import Glibc

/// The service manager's ear; silent when nobody listens.
public struct Notify: Sendable {
  private let socketPath: String?

  /// Listens to the environment's `NOTIFY_SOCKET`; without one every call does nothing.
  public init() { self.init(socketPath: getenv("NOTIFY_SOCKET").map { String(cString: $0) }) }

  /// A path, or "@name" for an abstract socket; nil for nobody.
  public init(socketPath: String?) {
    self.socketPath = socketPath.flatMap { $0.isEmpty ? nil : $0 }
  }

  /// The service answers requests.
  @discardableResult public func ready() -> Bool { send("READY=1") }
  /// The service is on its way out.
  @discardableResult public func stopping() -> Bool { send("STOPPING=1") }
  /// The service is alive (`WatchdogSec`).
  @discardableResult public func watchdog() -> Bool { send("WATCHDOG=1") }
  /// A line for `systemctl status`; line breaks become spaces.
  @discardableResult public func status(_ text: String) -> Bool {
    send("STATUS=" + String(text.map { $0.isNewline ? " " : $0 }))
  }

  /// Sends one datagram without waiting; answers whether it was taken.
  private func send(_ state: String) -> Bool {
    guard let socketPath else { return false }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    var path = Array(socketPath.utf8)
    guard path.count < MemoryLayout.size(ofValue: address.sun_path) else { return false }
    if path.first == UInt8(ascii: "@") { path[0] = 0 }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
    let type = SocketType.datagram | SocketType.closeOnExec | SocketType.nonBlocking
    let descriptor = socket(AF_UNIX, type, 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    let length = socklen_t(MemoryLayout<sa_family_t>.size + path.count)
    let bytes = Array(state.utf8)
    let sent = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        sendto(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), $0, length)
      }
    }
    return sent == bytes.count
  }
}
