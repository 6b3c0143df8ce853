import Glibc

/// Reads small text files: configuration, `.env`.
enum FileText {
  enum Outcome {
    case text(String)
    case absent
    case failed(String)
  }

  /// The file's content as UTF-8 text; refuses what is larger than `bytesMax` or not UTF-8.
  static func read(_ path: String, bytesMax: Int) -> Outcome {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      return errno == ENOENT || errno == ENOTDIR ? .absent : .failed(String(cString: strerror(errno)))
    }
    defer { close(descriptor) }
    var content: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    while content.count <= bytesMax {
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      if count < 0 { return .failed(String(cString: strerror(errno))) }
      if count == 0 {
        guard let text = String(validating: content, as: UTF8.self) else {
          return .failed("is not UTF-8 text")
        }
        return .text(text)
      }
      content.append(contentsOf: chunk[..<count])
    }
    return .failed("is larger than \(bytesMax) bytes")
  }
}
