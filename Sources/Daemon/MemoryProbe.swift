import Glibc

/// Resident memory of this process, from the kernel's own account.
struct MemoryProbe: ~Copyable {
  private let descriptor: Int32

  init() { descriptor = open("/proc/self/statm", O_RDONLY | O_CLOEXEC) }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Bytes; 0 where the kernel does not say.
  func residentBytes() -> Int {
    var line = (UInt64(0), UInt64(0), UInt64(0), UInt64(0), UInt64(0), UInt64(0), UInt64(0), UInt64(0))
    return withUnsafeMutableBytes(of: &line) { bytes in
      let count = pread(descriptor, bytes.baseAddress, bytes.count, 0)
      guard count > 0 else { return 0 }
      let fields = bytes[..<count].split(separator: UInt8(ascii: " "))
      guard fields.count > 1, let pages = Int(String(decoding: fields[1], as: UTF8.self)) else { return 0 }
      return pages * Int(getpagesize())
    }
  }
}
