import Core
import Glibc
import Reactor

/// What the system lets a process have: memory and open files. The doctor sees its own limits; a service may have others.
extension Doctor {
  /// Enough for 100,000 accounts with their positions and profiles, twice.
  static let memoryWarn: Int64 = 256 << 20
  /// Below it even a small market does not fit.
  static let memoryFail: Int64 = 48 << 20

  func lookAtLimits() {
    let (bytes, place) = memory()
    if let bytes {
      let text = "\(Finding.size(bytes)) \(place)"
      if bytes < Doctor.memoryFail {
        found(.fail("memory", text, "give it 256 MiB"))
      } else if bytes < Doctor.memoryWarn {
        found(.warn("memory", text, "enough for a small market only; 256 MiB are for all of it"))
      } else {
        found(.ok("memory", text))
      }
    }
    lookAtFiles()
  }

  /// The tightest of the limits, and which one it is.
  private func memory() -> (Int64?, String) {
    var least: (Int64, String)?
    func consider(_ bytes: Int64?, _ place: String) {
      guard let bytes, bytes < least?.0 ?? .max else { return }
      least = (bytes, place)
    }
    consider(Doctor.meminfo("MemAvailable:"), "available")
    for folder in Doctor.cgroupFolders() {
      let text = try? Files.read("\(folder)/memory.max", bytesMax: 64)
      consider(text.flatMap { Int64(Doctor.word($0)) }, "allowed by the control group")
    }
    var limit = rlimit()
    if getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0 {
      consider(Int64(exactly: limit.rlim_cur), "of address space (ulimit -v)")
    }
    return (least?.0, least?.1 ?? "")
  }

  /// This process's control group and those above it.
  private static func cgroupFolders() -> [String] {
    guard let text = try? Files.read("/proc/self/cgroup", bytesMax: 1 << 16) else { return [] }
    for line in text.split(separator: UInt8(ascii: "\n")) where line.starts(with: "0::".utf8) {
      var path = String(decoding: line.dropFirst(3), as: UTF8.self)
      var folders: [String] = []
      while path.count > 1, let slash = path.lastIndex(of: "/") {
        folders.append("/sys/fs/cgroup\(path)")
        path = String(path[..<slash])
      }
      return folders + ["/sys/fs/cgroup"]
    }
    return []
  }

  private static func meminfo(_ name: String) -> Int64? {
    guard let text = try? Files.read("/proc/meminfo", bytesMax: 1 << 16) else { return nil }
    for line in text.split(separator: UInt8(ascii: "\n")) where line.starts(with: name.utf8) {
      let digits = line.filter { (48...57).contains($0) }
      return Int64(String(decoding: digits, as: UTF8.self)).map { $0 << 10 }
    }
    return nil
  }

  private static func word(_ bytes: [UInt8]) -> String {
    String(decoding: bytes.prefix { $0 > 32 }, as: UTF8.self)
  }

  private func lookAtFiles() {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    let needed = options[.connectionsMax] + FileLimit.ownFilesMax
    let allowed = Int(clamping: limit.rlim_max)
    let text = "\(allowed) open files allowed, \(needed) wanted"
    if allowed >= needed {
      found(.ok("files", text))
    } else {
      let room = max(16, allowed - FileLimit.ownFilesMax)
      found(
        .warn(
          "files", "\(text): \(room) clients instead of \(options[.connectionsMax])",
          "raise LimitNOFILE (ulimit -Hn), or lower server.max_connections"))
    }
  }
}
