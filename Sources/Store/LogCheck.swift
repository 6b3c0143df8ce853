#if canImport(Glibc)
  import Glibc
#endif

/// What a write-ahead log left by a crash says of itself, read before SQLite sees it.
///
/// SQLite takes a log up to its first frame that does not fit its checksum, silently. At the end of the log that is
/// right: the write was cut short. In its middle it is damage, and what was committed behind it is lost: that is told.
/// Worse when the file already holds pages from behind the break (a copy of the log into the file was under way or
/// done): older pages of the log would be laid over newer ones, and the result is a state that never was: `broken`.
/// Bound: `bytesMax` of log are looked at, 16 MiB a second or faster.
enum LogCheck {
  /// No log, or one that ends as logs do.
  case whole
  /// The log breaks off in its middle; the state before that is right, but not the last.
  case cut(String)
  /// The file and what is left of the log are of different times.
  case broken(String, frames: Int)

  /// A longer log is left to SQLite: the daemon keeps it far shorter.
  static let bytesMax: Int64 = 256 << 20
  /// Bytes before each page in the log, and before the first frame.
  private static let frameHeader = 24
  private static let logHeader = 32

  var isBroken: Bool {
    if case .broken = self { true } else { false }
  }

  static func look(at path: String) -> LogCheck {
    let logSize = size("\(path)-wal")
    guard logSize > 0 else { return .whole }
    if size(path) == 0 {
      return .broken("a log of \(logSize) bytes is there, but its file is gone or empty", frames: 0)
    }
    guard logSize <= bytesMax, logSize > Int64(logHeader + frameHeader) else { return .whole }
    let log = bytes("\(path)-wal", at: 0, count: Int(logSize))
    guard log.count == Int(logSize) else { return .whole }
    return log.withUnsafeBytes { LogReader($0, file: path)?.verdict() ?? .whole }
  }

  /// The size of a file; 0 when there is none.
  static func size(_ path: String) -> Int64 {
    var status = stat()
    return stat(path, &status) == 0 ? Int64(status.st_size) : 0
  }

  /// At most `count` bytes of a file from `offset`.
  static func bytes(_ path: String, at offset: Int64, count: Int) -> [UInt8] {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return [] }
    defer { close(file) }
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, used in
      used = 0
      while used < count {
        let got = pread(file, buffer.baseAddress! + used, count - used, off_t(offset) + off_t(used))
        if got <= 0 { break }
        used += got
      }
    }
  }
}

/// The frames of a log: header 32 bytes (magic, version, page size, sequence, two salts, checksum), then per frame 24
/// (page, size after a commit, the salts, checksum over everything up to here) and the page. The file format is SQLite's.
private struct LogReader {
  private static let headerBytes = 32
  private static let frameHeaderBytes = 24

  private struct Sum: Equatable {
    var a: UInt32
    var b: UInt32
  }

  private let log: UnsafeRawBufferPointer
  private let path: String
  private let pageBytes: Int
  private let isBig: Bool
  private let frames: Int

  /// Nil for a log whose page size is unreadable: its first frame cannot be found, so SQLite reads nothing of it.
  init?(_ log: UnsafeRawBufferPointer, file path: String) {
    self.log = log
    self.path = path
    let head = LogCheck.bytes(path, at: 0, count: 20)
    guard head.count == 20 else { return nil }
    // The file's own words for the page size; the log's may be what is damaged.
    let pages = Int(head[16]) << 8 | Int(head[17])
    pageBytes = pages == 1 ? 65_536 : pages
    guard pageBytes >= 512, pageBytes & (pageBytes - 1) == 0 else { return nil }
    isBig = log.loadUnaligned(as: UInt32.self).bigEndian & 1 == 1
    frames = (log.count - LogReader.headerBytes) / (LogReader.frameHeaderBytes + pageBytes)
  }

  func verdict() -> LogCheck {
    guard frames > 0 else { return .whole }
    let isHeaderWhole = self.isHeaderWhole
    // The frames SQLite will read, and the last commit among them.
    var read = 0
    var lastCommit = 0
    if isHeaderWhole {
      var sum = headerSum
      while read < frames, hasSalt(read), let next = self.sum(of: read, after: sum), next == storedSum(read) {
        sum = next
        read += 1
        if isCommit(read - 1) { lastCommit = read }
      }
    }
    guard read < frames else { return .whole }
    // Frames behind the break that are whole and of the same log: it did not end there.
    var behind: [Int] = []
    if isHeaderWhole {
      behind = (read + 1..<max(read + 1, frames)).filter { hasSalt($0) && isWholeAlone($0) }
    } else {
      behind = (0..<frames).filter { hasSalt($0, of: 0) && ($0 == 0 || isWholeAlone($0)) }
      // A header alone that is torn, before any frame of its log, is how a log begins anew.
      if behind.count < 2, !(frames == 1 && isCommit(0) && saltsAgree) { behind = [] }
    }
    guard behind.contains(where: isCommit) else {
      // The last write was cut short; unless the file holds what the broken page of it was, which only follows a commit.
      guard isHeaderWhole, hasSalt(read), fileFits(read) else { return .whole }
      return .broken("the log's last write is damaged, and the file holds what it wrote", frames: 1)
    }
    let lost = behind.count + (isHeaderWhole ? 1 : 0)
    let what = "the log is damaged at page \(read + 1) of \(frames)"
    if holdsPages(
      of: (lastCommit..<frames).filter { $0 >= read ? behind.contains($0) : true }, read: lastCommit)
    {
      return .broken("\(what), and the file holds pages from behind that", frames: lost)
    }
    return .cut("\(what): what was written behind that is lost")
  }

  // MARK: The file

  /// Whether the file holds a page as only frames SQLite will not read have it.
  private func holdsPages(of candidates: [Int], read: Int) -> Bool {
    var last: [UInt32: Int] = [:]
    for frame in candidates { last[page(frame)] = frame }
    var shown: [UInt32: Int] = [:]
    for frame in 0..<read { shown[page(frame)] = frame }
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return false }
    defer { close(file) }
    return withUnsafeTemporaryAllocation(byteCount: pageBytes, alignment: 8) { buffer in
      for (number, frame) in last.sorted(by: { $0.key < $1.key }) where number > 0 {
        let offset = off_t(number - 1) * off_t(pageBytes)
        guard pread(file, buffer.baseAddress!, pageBytes, offset) == pageBytes else { continue }
        if memcmp(buffer.baseAddress!, body(frame).baseAddress!, pageBytes) != 0 { continue }
        // The same bytes as the frames that are read: nothing can be told.
        if let earlier = shown[number],
          memcmp(body(earlier).baseAddress!, body(frame).baseAddress!, pageBytes) == 0
        {
          continue
        }
        return true
      }
      return false
    }
  }

  /// Whether the frame's checksum fits when its page is taken from the file.
  private func fileFits(_ frame: Int) -> Bool {
    let number = page(frame)
    guard number > 0 else { return false }
    let page = LogCheck.bytes(path, at: Int64(number - 1) * Int64(pageBytes), count: pageBytes)
    guard page.count == pageBytes else { return false }
    let from = start(frame)
    let head = add(
      UnsafeRawBufferPointer(rebasing: log[from..<from + 8]),
      to: frame == 0 ? headerSum : storedSum(frame - 1))
    return page.withUnsafeBytes { add($0, to: head) } == storedSum(frame)
  }

  // MARK: Frames

  private func word(_ offset: Int) -> UInt32 {
    log.loadUnaligned(fromByteOffset: offset, as: UInt32.self).bigEndian
  }
  private func start(_ frame: Int) -> Int {
    LogReader.headerBytes + frame * (LogReader.frameHeaderBytes + pageBytes)
  }
  private func page(_ frame: Int) -> UInt32 { word(start(frame)) }
  private func isCommit(_ frame: Int) -> Bool { word(start(frame) + 4) != 0 }
  private func body(_ frame: Int) -> UnsafeRawBufferPointer {
    let from = start(frame) + LogReader.frameHeaderBytes
    return UnsafeRawBufferPointer(rebasing: log[from..<from + pageBytes])
  }

  /// Whether the frame has the log's salts, or those of another frame.
  private func hasSalt(_ frame: Int, of other: Int? = nil) -> Bool {
    let from = other.map { start($0) + 8 } ?? 16
    return word(start(frame) + 8) == word(from) && word(start(frame) + 12) == word(from + 4)
  }
  private var saltsAgree: Bool { hasSalt(0) }

  private func storedSum(_ frame: Int) -> Sum { Sum(a: word(start(frame) + 16), b: word(start(frame) + 20)) }
  private var headerSum: Sum { Sum(a: word(24), b: word(28)) }

  private var isHeaderWhole: Bool {
    let magic = word(0)
    guard magic & 0xffff_fffe == 0x377f_0682, word(4) == 3_007_000, Int(word(8)) == pageBytes else {
      return false
    }
    return add(UnsafeRawBufferPointer(rebasing: log[0..<24]), to: Sum(a: 0, b: 0)) == headerSum
  }

  private func sum(of frame: Int, after sum: Sum) -> Sum? {
    guard page(frame) != 0 else { return nil }
    let from = start(frame)
    return add(body(frame), to: add(UnsafeRawBufferPointer(rebasing: log[from..<from + 8]), to: sum))
  }

  /// Whether a frame fits its checksum if the one before it said the truth about its own.
  private func isWholeAlone(_ frame: Int) -> Bool {
    frame > 0 && sum(of: frame, after: storedSum(frame - 1)) == storedSum(frame)
  }

  /// SQLite's checksum: two sums over pairs of words, in the byte order the log's first bit names.
  private func add(_ bytes: UnsafeRawBufferPointer, to sum: Sum) -> Sum {
    var (a, b) = (sum.a, sum.b)
    var at = 0
    while at < bytes.count {
      let x = bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self)
      let y = bytes.loadUnaligned(fromByteOffset: at + 4, as: UInt32.self)
      a = a &+ (isBig ? x.bigEndian : x.littleEndian) &+ b
      b = b &+ (isBig ? y.bigEndian : y.littleEndian) &+ a
      at += 8
    }
    return Sum(a: a, b: b)
  }
}
