/// A file on a disk in memory, and what a loss of power would leave of it.
///
/// Owner: its `MemoryDisk`. Of what was synced only the blocks written since are kept apart: a copy of the whole at every
/// sync would be most of a long simulation's work.
final class MemoryFile {
  private static let blockBytes = 4096

  private(set) var bytes: [UInt8]
  /// Blocks as they were when last synced, of those changed since. A block not here is in `bytes`, whole.
  private var changed: [Int: [UInt8]] = [:]
  private var syncedBytes: Int
  /// Who has it open.
  var handles: [MemoryHandle] = []
  /// Memory that connections share: the index of the log, in regions of one size.
  private(set) var regions: [UnsafeMutableRawPointer] = []

  init(_ bytes: [UInt8] = []) {
    self.bytes = bytes
    syncedBytes = bytes.count
  }

  deinit { freeRegions() }

  // MARK: Bytes

  func write(_ source: UnsafeRawBufferPointer, at offset: Int) {
    let end = offset + source.count
    keep(min(offset, bytes.count)..<end)
    if bytes.count < end { bytes.append(contentsOf: repeatElement(0, count: end - bytes.count)) }
    bytes.withUnsafeMutableBytes { $0[offset..<end].copyBytes(from: source) }
  }

  func truncate(to count: Int) {
    guard count < bytes.count else { return }
    keep(count..<bytes.count)
    bytes.removeLast(bytes.count - count)
  }

  /// From here on a loss of power leaves what is there now.
  func sync() {
    changed.removeAll()
    syncedBytes = bytes.count
  }

  /// What it held when it was last synced.
  var synced: [UInt8] {
    guard !changed.isEmpty || bytes.count != syncedBytes else { return bytes }
    var old = Array(bytes.prefix(syncedBytes))
    old.append(contentsOf: repeatElement(0, count: syncedBytes - old.count))
    for (block, then) in changed {
      let start = block * Self.blockBytes
      old.replaceSubrange(start..<start + then.count, with: then)
    }
    return old
  }

  /// Memory it takes, in bytes.
  var heldBytes: Int { bytes.capacity + changed.count * Self.blockBytes }

  /// Remembers what a sync has made safe of `range`, before it changes.
  private func keep(_ range: Range<Int>) {
    guard range.lowerBound < min(range.upperBound, syncedBytes) else { return }
    let last = (min(range.upperBound, syncedBytes) - 1) / Self.blockBytes
    for block in range.lowerBound / Self.blockBytes...last where changed[block] == nil {
      let start = block * Self.blockBytes
      changed[block] = Array(bytes[start..<min(start + Self.blockBytes, syncedBytes)])
    }
  }

  // MARK: Regions

  /// The region `number`, made with all before it when missing.
  func region(_ number: Int, bytes: Int) -> UnsafeMutableRawPointer {
    while regions.count <= number {
      let region = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 16)
      region.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
      regions.append(region)
    }
    return regions[number]
  }

  func freeRegions() {
    for region in regions { region.deallocate() }
    regions = []
  }
}
