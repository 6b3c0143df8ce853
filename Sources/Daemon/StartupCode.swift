import Glibc
import Reactor

/// Gives back the memory of code that only the start needed.
///
/// Reading the command line, the configuration and the certificates runs through megabytes of library code once;
/// its pages then stay resident for as long as nobody else wants the memory. They are clean copies of files, so they can
/// be let go: what is needed again comes back from the page cache, page by page. Only executable mappings are
/// touched: read-only data may hold relocations that exist in memory alone.
enum StartupCode {
  /// Seconds after the start: listings read, certificates loaded, connections open.
  static let settledS = 10

  /// Lets the pages of all executable file mappings go.
  static func letGo() {
    guard let maps = try? Files.read("/proc/self/maps", bytesMax: 1 << 20) else { return }
    for line in maps.split(separator: UInt8(ascii: "\n")) {
      let fields = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: true)
      guard fields.count >= 6, fields[1].elementsEqual("r-xp".utf8), fields[5].first == UInt8(ascii: "/")
      else {
        continue
      }
      let ends = fields[0].split(separator: UInt8(ascii: "-")).map {
        UInt(String(decoding: $0, as: UTF8.self), radix: 16)
      }
      guard ends.count == 2, let start = ends[0], let end = ends[1], end > start else { continue }
      madvise(UnsafeMutableRawPointer(bitPattern: start), Int(end - start), MADV_DONTNEED)
    }
  }
}
