/// HTTP/2 against a real server, where the machine has nginx (the benchmarks need it anyway).
import Base
import Glibc
import Testing

@testable import Reactor

private let nginx: String? = ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx"].first {
  access($0, X_OK) == 0
}

extension ReactorTests {
  @Suite struct HTTP2Tests {
    @Test(.enabled(if: nginx != nil, "nginx is not installed"))
    func aHundredRequestsShareOneConnection() throws {
      let files = try Certificates.shared.get()
      let port = freePort()
      let server = try Nginx(program: try #require(nginx), files: files, port: port)
      defer { server.stop() }
      let rig = Rig()
      let outcomes = Outcomes()
      let transfers = Transfers(rig.loop, tls: TLSClient(caFile: files.path("ca.pem")), owner: outcomes)
      var http2 = 0
      var connections = 0
      outcomes.onReply = { reply in
        if reply.isHTTP2 { http2 += 1 }
        if !reply.reusedConnection { connections += 1 }
      }
      let request = TransferRequest(.get, url: "https://localhost:\(port)/")
      var answered = 0
      var retries = 0
      outcomes.onFinish = { transfers, tag in
        if case .connect? = outcomes.failures[tag], retries < 200 {
          // nginx is still starting.
          outcomes.failures[tag] = nil
          retries += 1
          rig.after(milliseconds: 10) { _ = transfers.start(request, tag: tag) }
          return
        }
        answered += 1
        if answered == 1 { for tag in 1..<100 { _ = transfers.start(request, tag: tag) } }
        if answered == 100 { rig.stop() }
      }
      _ = transfers.start(request, tag: 0)
      rig.run()
      #expect(outcomes.failures.isEmpty)
      #expect(outcomes.bodies.count == 100)
      #expect(outcomes.bodies.values.allSatisfy { $0 == Array("two".utf8) })
      #expect(http2 == 100)
      #expect(connections == 1)
      transfers.close()
      outcomes.onFinish = nil
      rig.finish()
    }
  }
}

/// nginx in the foreground with a configuration of the test's.
private final class Nginx {
  private var process = pid_t()

  init(program: String, files: Certificates, port: Int) throws {
    let root = files.path("nginx")
    try Files.makeDirectory(root)
    let configuration = """
      daemon off; master_process off; pid \(root)/pid; error_log \(root)/error.log;
      events { worker_connections 64; }
      http {
        access_log off;
        client_body_temp_path \(root)/a; proxy_temp_path \(root)/b; fastcgi_temp_path \(root)/c;
        uwsgi_temp_path \(root)/d; scgi_temp_path \(root)/e;
        server {
          listen 127.0.0.1:\(port) ssl http2;
          ssl_certificate \(files.path("good.pem")); ssl_certificate_key \(files.path("good.key"));
          location / { return 200 "two"; }
        }
      }
      """
    let file = fopen("\(root)/nginx.conf", "w")
    fputs(configuration, file)
    fclose(file)
    var words: [UnsafeMutablePointer<CChar>?] =

      [program, "-c", "\(root)/nginx.conf"].map { (word: String) in strdup(word) } + [nil]
    defer { for word in words { free(word) } }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    defer { posix_spawn_file_actions_destroy(&actions) }
    let started = posix_spawn(&process, program, &actions, nil, &words, environ)
    guard started == 0 else { throw Certificates.Failure(text: "nginx cannot be run: \(started)") }
  }

  func stop() {
    // Not SIGTERM: the test's threads have it blocked, and a child inherits that.
    kill(process, SIGKILL)
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 && errno == EINTR {}
  }
}
