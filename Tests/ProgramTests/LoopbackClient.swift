import Foundation

/// A blocking HTTP client of a few lines on 127.0.0.1, so that tests see exactly the bytes of an answer.
final class LoopbackClient {
  struct Answer {
    var status: Int
    var headers: [String: String]
    var body: [UInt8]
    var text: String { String(decoding: body, as: UTF8.self) }
    func json() throws -> [String: Any] {
      try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any] ?? [:]
    }
  }

  struct Broken: Error { let what: String }

  private let socket: Int32
  private var buffer: [UInt8] = []

  /// Connects; every read fails after `seconds` of silence.
  init(port: Int, seconds: Int = 10) throws {
    socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var limit = timeval(tv_sec: seconds, tv_usec: 0)
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(port)).bigEndian
    address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
    let status = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard status == 0 else {
      close(socket)
      throw Broken(what: "connect to \(port): \(String(cString: strerror(errno)))")
    }
  }

  deinit { close(socket) }

  private static let noSignal = Int32(0x4000)

  func send(_ text: String) throws { try LoopbackClient.send(text, on: socket) }

  /// Sends `text` from a thread of its own, while this one reads.
  func sendAside(_ text: String) {
    let socket = socket
    Thread { try? LoopbackClient.send(text, on: socket) }.start()
  }

  private static func send(_ text: String, on socket: Int32) throws {
    let bytes = Array(text.utf8)
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.send(socket, $0.baseAddress! + sent, bytes.count - sent, LoopbackClient.noSignal)
      }
      guard count > 0 else { throw Broken(what: "send: \(String(cString: strerror(errno)))") }
      sent += count
    }
  }

  /// Ends our side: the peer sees the end of our requests but can still answer.
  func finishSending() { shutdown(socket, Int32(SHUT_WR)) }

  /// Reads one answer; `isHead` for answers without a body.
  func answer(isHead: Bool = false) throws -> Answer {
    while true {
      if let end = headEnd() {
        let head = String(decoding: buffer[..<end], as: UTF8.self).components(separatedBy: "\r\n")
        var headers: [String: String] = [:]
        for line in head.dropFirst() {
          guard let colon = line.firstIndex(of: ":") else { continue }
          headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(
            in: .whitespaces)
        }
        let status = Int(head[0].split(separator: " ").dropFirst().first ?? "") ?? 0
        buffer.removeSubrange(..<(end + 4))
        if status == 100 { return Answer(status: 100, headers: headers, body: []) }
        let length = isHead ? 0 : Int(headers["content-length"] ?? "0") ?? 0
        while buffer.count < length { try receive() }
        let body = Array(buffer[..<length])
        buffer.removeSubrange(..<length)
        return Answer(status: status, headers: headers, body: body)
      }
      try receive()
    }
  }

  /// Whether the peer has closed, waiting for it.
  func isClosedByPeer() -> Bool {
    do {
      while true { try receive() }
    } catch { return !"\(error)".contains("silence") }
  }

  func get(_ path: String) throws -> Answer {
    try send("GET \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    return try answer()
  }

  /// A request with a JSON body.
  func send(_ method: String, _ path: String, json: String) throws -> Answer {
    try send(
      "\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        + "Content-Length: \(json.utf8.count)\r\n\r\n\(json)")
    return try answer()
  }

  /// One request on a connection of its own.
  static func get(_ path: String, port: Int) throws -> Answer { try LoopbackClient(port: port).get(path) }

  private func headEnd() -> Int? {
    guard buffer.count >= 4 else { return nil }
    for at in 0...(buffer.count - 4)
    where buffer[at] == 13 && buffer[at + 1] == 10 && buffer[at + 2] == 13 && buffer[at + 3] == 10 {
      return at
    }
    return nil
  }

  private func receive() throws {
    var chunk = [UInt8](repeating: 0, count: 65536)
    let count = recv(socket, &chunk, chunk.count, 0)
    if count == 0 { throw Broken(what: "closed by the peer") }
    if count < 0 { throw Broken(what: errno == EAGAIN ? "silence" : "reset") }
    buffer.append(contentsOf: chunk[..<count])
  }
}
