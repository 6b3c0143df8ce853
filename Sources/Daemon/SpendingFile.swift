import Base
import Glibc
import Hyperliquid

/// The file beside the database in which a process leaves the next one what it spent of the exchange's minute.
///
/// Written in place before each request, on the loop: some microseconds into the page cache, which outlives the process
/// however it ends. Nothing is synced: a machine that loses its power is away for longer than the minute counts.
final class SpendingFile {
  private let path: String
  private var descriptor: Int32 = -1
  private var isTold = false

  init(path: String) { self.path = path }

  /// What the last process left; empty when there is nothing.
  func read() -> [UInt8] {
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard file >= 0 else { return [] }
    defer { _ = Glibc.close(file) }
    return [UInt8](unsafeUninitializedCapacity: WeightBudget.recordBytesMax) { room, count in
      count = max(0, pread(file, room.baseAddress, room.count, 0))
    }
  }

  /// Puts `record` in place of what the file holds; the reason when that fails, once.
  func keep(_ record: UnsafeRawBufferPointer) -> String? {
    if descriptor < 0 { descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644) }
    if descriptor >= 0, pwrite(descriptor, record.baseAddress, record.count, 0) == record.count {
      isTold = false
      return nil
    }
    defer { isTold = true }
    return isTold ? nil : String(cString: strerror(errno))
  }

  /// Closes the file; the record stays.
  func close() {
    if descriptor >= 0 { _ = Glibc.close(descriptor) }
    descriptor = -1
  }
}
