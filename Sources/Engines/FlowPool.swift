/// The order-flow engine's memory for trades: equal chunks of packed entries, handed out and taken back.
///
/// An entry is 14 bytes: milliseconds after the chunk's base (4), trades and side (2), notional in USD micros
/// (8). The address range for `chunksMax` chunks is asked for once and touched only as
/// chunks are first used, so resident memory follows the most that was ever held at once.
/// Bound: `chunksMax`; `take` answers `nil` beyond it. Invariant: a chunk is either in one coin's list or free.
struct FlowPool: ~Copyable {
  /// Entries in a chunk.
  static let entriesPerChunk = 128
  /// No chunk.
  static let none: UInt32 = .max
  /// The bit of an entry's count that marks a sell.
  static let sellBit: UInt16 = 0x8000
  /// The most trades one entry can stand for.
  static let countMax: UInt16 = 0x7fff

  static let entryBytes = 14
  static let chunkBytes = entriesPerChunk * entryBytes

  /// What is known of a chunk besides its entries.
  struct Header {
    /// The time the entries' offsets count from, milliseconds.
    var base: Int64
    /// The coin's next newer chunk.
    var next: UInt32
    /// The coin's next older chunk; in a free chunk, the next free one.
    var previous: UInt32
    /// Entries filled.
    var count: UInt32
  }

  let chunksMax: Int
  private let memory: UnsafeMutableRawPointer
  private let headers: UnsafeMutablePointer<Header>
  private var firstFree = FlowPool.none
  /// Chunks ever used; those behind it were never touched.
  private(set) var touched = 0
  /// Chunks in use.
  private(set) var used = 0

  init(chunksMax: Int) {
    precondition(chunksMax > 0 && chunksMax < Int(FlowPool.none))
    self.chunksMax = chunksMax
    memory = .allocate(byteCount: chunksMax * FlowPool.chunkBytes, alignment: 16)
    headers = .allocate(capacity: chunksMax)
  }

  deinit {
    memory.deallocate()
    headers.deallocate()
  }

  /// Whether `take` would succeed.
  var hasFree: Bool { firstFree != FlowPool.none || touched < chunksMax }

  /// Bytes of memory touched so far.
  var memoryBytes: Int { touched * (FlowPool.chunkBytes + MemoryLayout<Header>.stride) }

  /// An empty chunk counting from `base`, in no list.
  mutating func take(base: Int64) -> UInt32? {
    let chunk: UInt32
    if firstFree != FlowPool.none {
      chunk = firstFree
      firstFree = headers[Int(chunk)].previous
    } else {
      guard touched < chunksMax else { return nil }
      chunk = UInt32(touched)
      touched += 1
    }
    used += 1
    headers[Int(chunk)] = Header(base: base, next: FlowPool.none, previous: FlowPool.none, count: 0)
    return chunk
  }

  /// Takes a chunk back.
  mutating func give(_ chunk: UInt32) {
    headers[Int(chunk)].previous = firstFree
    firstFree = chunk
    used -= 1
  }

  /// The header of `chunk`.
  @inline(__always)
  func header(_ chunk: UInt32) -> UnsafeMutablePointer<Header> { headers + Int(chunk) }

  /// The entry at `index` of `chunk`; entries lie behind each other.
  @inline(__always)
  func entry(_ chunk: UInt32, _ index: Int) -> FlowEntry {
    FlowEntry(at: memory + (Int(chunk) * FlowPool.chunkBytes + index * FlowPool.entryBytes))
  }

  /// The time of an entry, milliseconds since the epoch.
  @inline(__always)
  func time(_ chunk: UInt32, _ index: Int) -> Int64 {
    header(chunk).pointee.base &+ Int64(entry(chunk, index).offset)
  }
}

/// A place in a chunk: the 14 bytes of one entry, which are aligned to nothing.
struct FlowEntry {
  let at: UnsafeMutableRawPointer

  /// Milliseconds after the chunk's base.
  @inline(__always)
  var offset: UInt32 {
    get { at.loadUnaligned(as: UInt32.self) }
    nonmutating set { at.storeBytes(of: newValue, as: UInt32.self) }
  }

  /// Trades, with the side in the top bit.
  @inline(__always)
  var count: UInt16 {
    get { at.loadUnaligned(fromByteOffset: 4, as: UInt16.self) }
    nonmutating set { at.storeBytes(of: newValue, toByteOffset: 4, as: UInt16.self) }
  }

  /// Notional in USD micros, never negative.
  @inline(__always)
  var micros: Int64 {
    get { at.loadUnaligned(fromByteOffset: 6, as: Int64.self) }
    nonmutating set { at.storeBytes(of: newValue, toByteOffset: 6, as: Int64.self) }
  }

  /// Copies `count` entries from here to `target`; the two may overlap.
  func move(_ count: Int, to target: FlowEntry) {
    target.at.copyMemory(from: at, byteCount: count * FlowPool.entryBytes)
  }
}
