import Glibc

/// Resident memory and open files of this process, from the kernel's own account.
struct MemoryProbe: ~Copyable {
  private let descriptor: Int32
  private let files: Int32

  init() {
    descriptor = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
    files = open("/proc/self/fd", O_RDONLY | O_CLOEXEC | O_DIRECTORY)
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
    if files >= 0 { close(files) }
  }

  /// Open file descriptors; 0 where the kernel does not say (before Linux 6.2, whose folder has no size).
  func openFiles() -> Int {
    var status = stat()
    guard fstat(files, &status) == 0 else { return 0 }
    return Int(status.st_size)
  }

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
