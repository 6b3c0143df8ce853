/// Reading small files whole, for start-up (configuration, secrets, pages). It blocks: not for the running loop.
import Glibc

/// Whole small files.
public enum Files {
  /// Why a file was not read: a sentence that names it.
  public struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
    /// The sentence.
    public let description: String
    /// Whether there is simply no such file.
    public let isMissing: Bool
  }

  /// The content of `path`, which must be at most `bytesMax` bytes long.
  public static func read(_ path: String, bytesMax: Int) throws(Failure) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure(path, errno) }
    defer { close(descriptor) }
    var content: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 16 * 1024)
    while true {
      let count = Glibc.read(descriptor, &piece, piece.count)
      if count == 0 { return content }
      if count < 0 {
        if errno == EINTR { continue }
        throw failure(path, errno)
      }
      guard content.count + count <= bytesMax else {
        throw Failure(description: "\(path): longer than \(bytesMax) bytes", isMissing: false)
      }
      content.append(contentsOf: piece[..<count])
    }
  }

  /// Makes directory `path` and its parents where they are missing.
  public static func makeDirectory(_ path: String) throws(Failure) {
    var made = path.hasPrefix("/") ? "/" : ""
    for part in path.split(separator: "/") {
      made += made.isEmpty || made.hasSuffix("/") ? String(part) : "/\(part)"
      if mkdir(made, 0o755) != 0 && errno != EEXIST { throw failure(made, errno) }
    }
  }

  private static func failure(_ path: String, _ code: Int32) -> Failure {
    Failure(description: "\(path): \(uvText(-code))", isMissing: code == ENOENT)
  }
}
