/// The process's dealings with its host: the instance lock, systemd, small files.
import Base
import Glibc
import Testing

@testable import Reactor

extension ReactorTests {
  @Suite struct HostTests {
    private func path(_ name: String) throws -> String { try Certificates.shared.get().path(name) }

    @Test func aSecondHolderIsRefusedAndToldWhoHasIt() throws {
      let file = try path("a.pid")
      let lock = try InstanceLock(path: file)
      let written = try Files.read(file, bytesMax: 64)
      #expect(written == Array("\(getpid())\n".utf8))
      #expect(throws: InstanceLock.Failure.held(byPid: Int(getpid()))) {
        _ = try InstanceLock(path: file)
      }
      lock.release()
      let again = try InstanceLock(path: file)
      again.release()
      let emptied = try Files.read(file, bytesMax: 64)
      #expect(emptied.isEmpty)
    }

    @Test func aStaleFileDoesNotBlock() throws {
      let file = try path("stale.pid")
      let handle = fopen(file, "w")
      fputs("1\n", handle)
      fclose(handle)
      let lock = try InstanceLock(path: file)
      let written = try Files.read(file, bytesMax: 64)
      #expect(written == Array("\(getpid())\n".utf8))
      lock.release()
    }

    @Test func aLockInNoDirectoryIsAnError() {
      let failure = #expect(throws: InstanceLock.Failure.self) {
        _ = try InstanceLock(path: "/nonexistent/x.pid")
      }
      #expect(failure?.description == "/nonexistent/x.pid: no such file or directory")
    }

    @Test func filesAreReadUpToTheirBound() throws {
      let file = try path("some.txt")
      let handle = fopen(file, "w")
      fputs(String(repeating: "z", count: 40_000), handle)
      fclose(handle)
      let content = try Files.read(file, bytesMax: 40_000)
      #expect(content.count == 40_000)
      let long = #expect(throws: Files.Failure.self) { try Files.read(file, bytesMax: 39_999) }
      #expect(long?.isMissing == false)
      let missing = #expect(throws: Files.Failure.self) { try Files.read(file + ".no", bytesMax: 1) }
      #expect(missing?.isMissing == true)
      #expect(missing?.description == "\(file).no: no such file or directory")
      #expect(throws: Files.Failure.self) { try Files.read("/", bytesMax: 1) }
      try Files.makeDirectory(try path("deep/er/dir"))
      try Files.makeDirectory(try path("deep/er/dir"))
      #expect(throws: Files.Failure.self) { try Files.makeDirectory("\(file)/below") }
    }

    @Test(arguments: [false, true])
    func systemdIsTold(_ abstract: Bool) throws {
      let name = abstract ? "@hynous-reactor-\(getpid())" : try path("notify.socket")
      let receiver = socket(AF_UNIX, SocketType.datagram | SocketType.closeOnExec, 0)
      defer { close(receiver) }
      var address = sockaddr_un()
      address.sun_family = sa_family_t(AF_UNIX)
      var bytes = Array(name.utf8)
      if abstract { bytes[0] = 0 }
      withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
      let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
      let bound = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(receiver, $0, length) }
      }
      try #require(bound == 0)
      let notify = Notify(socketPath: name)
      #expect(notify.ready())
      #expect(notify.status("two\nlines"))
      #expect(notify.watchdog())
      #expect(notify.stopping())
      var heard: [String] = []
      for _ in 0..<4 {
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = recv(receiver, &buffer, buffer.count, 0)
        heard.append(String(decoding: buffer[..<max(count, 0)], as: UTF8.self))
      }
      #expect(heard == ["READY=1", "STATUS=two lines", "WATCHDOG=1", "STOPPING=1"])
    }

    @Test func nobodyListeningIsFine() {
      #expect(!Notify(socketPath: nil).ready())
      #expect(!Notify(socketPath: "").ready())
      #expect(!Notify(socketPath: "/nonexistent/socket").ready())
      #expect(!Notify(socketPath: String(repeating: "x", count: 500)).ready())
    }
  }
}
