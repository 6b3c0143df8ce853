// The file under simulations, beside one that copies itself at every sync.
import Base
import Testing

@testable import Store

@Suite struct MemoryFileTests {
  @Test(arguments: 1...40 as ClosedRange<UInt64>) func whatWasSyncedIsFoundAgain(seed: UInt64) {
    var random = PRNG(seed: seed)
    let file = MemoryFile([UInt8](repeating: 7, count: random.below(20_000)))
    var bytes = file.bytes
    var synced = bytes
    for _ in 0..<400 {
      switch random.below(10) {
      case 0:
        file.sync()
        synced = bytes
      case 1, 2:
        let count = random.below(bytes.count + 2_000)
        file.truncate(to: count)
        if count < bytes.count { bytes.removeLast(bytes.count - count) }
      default:
        let offset = random.below(bytes.count + 10_000)
        let source = (0..<random.below(9_000)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        let end = offset + source.count
        if bytes.count < end { bytes += [UInt8](repeating: 0, count: end - bytes.count) }
        bytes.replaceSubrange(offset..<end, with: source)
        source.withUnsafeBytes { file.write($0, at: offset) }
      }
      guard file.bytes == bytes, file.synced == synced else {
        Issue.record("\(bytes.count) bytes, \(synced.count) synced: not the same")
        return
      }
    }
  }
}
