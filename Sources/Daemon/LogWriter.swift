import Base
import Core
import Glibc

/// Log lines on standard error: `time=… level=… msg="…" key=value …`, one per event; or the same as one JSON object.
///
/// A reader that stalls must not stall the loop: a line that does not fit into the pipe at once is dropped and the
/// next line that fits says how many were. Bound: `lineBytesMax`, so that a line is written whole or not at all.
final class LogWriter {
  /// PIPE_BUF: up to here a pipe takes a line atomically.
  static let lineBytesMax = 4096

  private let descriptor: Int32
  private var least: LogLevel
  private var isJSON: Bool
  private let line = ByteBuffer(capacity: LogWriter.lineBytesMax)
  private var dropped = 0
  /// Lines dropped since the start.
  private(set) var droppedTotal = 0

  /// Writes lines of level `least` and above to `descriptor`.
  init(descriptor: Int32 = 2, least: LogLevel = .info, isJSON: Bool = false) {
    self.descriptor = descriptor
    self.least = least
    self.isJSON = isJSON
  }

  /// As the configuration wants it.
  convenience init(_ options: Options) {
    self.init()
    configure(options)
  }

  /// As a changed configuration wants it, from the next line on.
  func configure(_ options: Options) {
    least = LogWriter.least(options)
    isJSON = options[.logFormat] == "json"
  }

  /// The same, but until the next call lines that either level lets through are written: those that tell of the change.
  func configure(_ options: Options, telling old: Options) {
    configure(options)
    least = min(least, LogWriter.least(old))
  }

  private static func least(_ options: Options) -> LogLevel {
    LogLevel.all.first { $0.word == options[.logLevel] } ?? .info
  }

  /// Writes one line; `fields` is the logfmt text after the level.
  func write(_ level: LogLevel, _ fields: UnsafeRawBufferPointer, wall: WallTime) {
    guard level >= least else { return }
    line.removeAll()
    if isJSON { writeJSON(level, fields, wall) } else { writeText(level, fields, wall) }
    line.append(UInt8(ascii: "\n"))
    if isWritable, Glibc.write(descriptor, line.base, line.count) == line.count {
      dropped = 0
    } else {
      dropped += 1
      droppedTotal += 1
    }
  }

  /// Writes one line of text; for the driver's own few words.
  func write(_ level: LogLevel, _ text: String, wall: WallTime) {
    var text = text
    text.withUTF8 { write(level, UnsafeRawBufferPointer($0), wall: wall) }
  }

  private func writeText(_ level: LogLevel, _ fields: UnsafeRawBufferPointer, _ wall: WallTime) {
    line.append("time=")
    appendTime(wall)
    line.append(utf8: " level=\(level.word) ")
    if dropped > 0 { line.append(utf8: "lines_dropped=\(dropped) ") }
    let room = LogWriter.lineBytesMax - line.count - 1
    line.append(UnsafeRawBufferPointer(rebasing: fields.prefix(room)))
  }

  private func writeJSON(_ level: LogLevel, _ fields: UnsafeRawBufferPointer, _ wall: WallTime) {
    line.append("{\"time\":\"")
    appendTime(wall)
    line.append(utf8: "\",\"level\":\"\(level.word)\"")
    if dropped > 0 { line.append(utf8: ",\"lines_dropped\":\(dropped)") }
    // Room for the end of a cut value, of the object and of the line.
    var reader = LogFields(fields)
    while let (name, value) = reader.next(), line.append(name, value, upTo: LogWriter.lineBytesMax - 3) {}
    line.append("}")
  }

  private var isWritable: Bool {
    var query = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    return poll(&query, 1, 0) == 1 && query.revents & Int16(POLLOUT) != 0
  }

  /// `2026-01-31T23:59:59.123Z`
  private func appendTime(_ wall: WallTime) {
    var seconds = time_t(wall.ms / 1000)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    let room = line.reserve(32)
    let written = strftime(room.assumingMemoryBound(to: CChar.self), 32, "%Y-%m-%dT%H:%M:%S", &parts)
    line.commit(written)
    let ms = Int(wall.ms % 1000)
    line.append(UInt8(ascii: "."))
    line.append(UInt8(48 + ms / 100))
    line.append(UInt8(48 + ms / 10 % 10))
    line.append(UInt8(48 + ms % 10))
    line.append(UInt8(ascii: "Z"))
  }
}
