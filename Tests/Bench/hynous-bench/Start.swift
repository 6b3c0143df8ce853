import ArgumentParser
import Glibc

/// Starts the daemon and measures the time from exec to the first 200 on `/health`; with `--expect`, to the first
/// one that contains the given text, such as how many positions are tracked once the file is read.
///
/// The exchange's address is a closed port of this machine, so nothing but the daemon's own start is measured.
struct Start: ParsableCommand {
  @Argument var program: String
  @Argument var database: String
  @Option var port: UInt16 = 8394
  @Option(help: "What the answer must contain.") var expect = ""

  func run() throws {
    setenv("HYNOUS_SERVER_PORT", "\(port)", 1)
    setenv("HYNOUS_DB_PATH", database, 1)
    setenv("HYNOUS_HYPERLIQUID_REST_URL", "http://127.0.0.1:9", 1)
    setenv("HYNOUS_HYPERLIQUID_WS_URL", "ws://127.0.0.1:9/ws", 1)
    var arguments: [UnsafeMutablePointer<CChar>?] = [strdup(program), strdup("run"), nil]
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    var child: pid_t = 0
    let began = seconds()
    guard posix_spawn(&child, program, &actions, nil, &arguments, environ) == 0 else {
      throw ValidationError("cannot start \(program)")
    }
    while seconds() - began < 10 {
      if answers() {
        let ms = (seconds() - began) * 1000
        kill(child, SIGTERM)
        waitpid(child, nil, 0)
        print("ms=\(ms)")
        return
      }
      // Asked without a pause, the daemon would mostly be answering.
      if !expect.isEmpty { usleep(2_000) }
    }
    kill(child, SIGKILL)
    waitpid(child, nil, 0)
    throw ValidationError("no answer within 10 s")
  }

  private func answers() -> Bool {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
    let status = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard status == 0 else { return false }
    let request = "GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    guard write(descriptor, request, request.utf8.count) == request.utf8.count else { return false }
    var reply = [UInt8](repeating: 0, count: 4096)
    let count = read(descriptor, &reply, reply.count)
    guard count > 12 else { return false }
    let text = String(decoding: reply[..<count], as: UTF8.self)
    return text.hasPrefix("HTTP/1.1 200") && (expect.isEmpty || contains(text, expect))
  }

  private func contains(_ text: String, _ part: String) -> Bool {
    text.utf8.indices.contains { text.utf8[$0...].starts(with: part.utf8) }
  }
}
