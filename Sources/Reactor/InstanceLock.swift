/// One instance only: a file with our process id, held by a lock of the operating system.
///
/// The lock ends with the process however it ends, so a file that was left behind never blocks a start.
/// Invariant: the file is never removed, since removing it would let two holders lock two files of one name.
import Glibc

/// Held from a successful `init` until `release()` or the end of the process.
public struct InstanceLock: ~Copyable {
  /// Why the lock was not had.
  public enum Failure: Error, Hashable, Sendable, CustomStringConvertible {
    /// Another process holds it; its id, if its file says so.
    case held(byPid: Int?)
    /// The file cannot be made or locked.
    case io(String)

    /// A sentence.
    public var description: String {
      switch self {
      case .held(let pid?): "another instance is running (process \(pid))"
      case .held(nil): "another instance is running"
      case .io(let text): text
      }
    }
  }

  private var descriptor: Int32

  /// Makes `path` if there is none, locks it and writes our process id into it. Its directory must exist.
  public init(path: String) throws(Failure) {
    let opened = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard opened >= 0 else { throw .io("\(path): \(uvText(-errno))") }
    var status: Int32
    repeat { status = flock(opened, LOCK_EX | LOCK_NB) } while status != 0 && errno == EINTR
    guard status == 0 else {
      let code = errno
      let holder = InstanceLock.pid(in: opened)
      close(opened)
      throw code == EWOULDBLOCK ? .held(byPid: holder) : .io("\(path): \(uvText(-code))")
    }
    let line = Array("\(getpid())\n".utf8)
    guard ftruncate(opened, 0) == 0, pwrite(opened, line, line.count, 0) == line.count else {
      let code = errno
      close(opened)
      throw .io("\(path): \(uvText(-code))")
    }
    descriptor = opened
  }

  /// Who holds a lock.
  public enum Holder: Hashable, Sendable {
    /// Nobody, or there is no such file.
    case nobody
    /// A process; its id, if its file says so.
    case process(Int?)
    /// The file cannot be looked at: a sentence.
    case unknown(String)
  }

  /// Who holds the lock of `path`. Changes nothing; a lock shared with nobody is held for an instant.
  public static func holder(path: String) -> Holder {
    let opened = open(path, O_RDONLY | O_CLOEXEC)
    guard opened >= 0 else { return errno == ENOENT ? .nobody : .unknown("\(path): \(uvText(-errno))") }
    defer { close(opened) }
    if flock(opened, LOCK_SH | LOCK_NB) == 0 { return .nobody }
    return errno == EWOULDBLOCK ? .process(pid(in: opened)) : .unknown("\(path): \(uvText(-errno))")
  }

  /// Empties the file and lets go of it.
  public consuming func release() {
    ftruncate(descriptor, 0)
  }

  deinit { close(descriptor) }

  private static func pid(in descriptor: Int32) -> Int? {
    var bytes = [UInt8](repeating: 0, count: 32)
    let count = pread(descriptor, &bytes, bytes.count, 0)
    guard count > 0 else { return nil }
    return Int(String(decoding: bytes[..<count].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
  }
}
