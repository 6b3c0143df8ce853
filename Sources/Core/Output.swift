public import Base

/// What one step wants done: effects in order, and the bytes they point at.
///
/// One object for the life of the process, emptied before each step, so that a step allocates nothing.
public final class Output {
  /// The bytes behind the effects' ranges.
  public let bytes = ByteBuffer(capacity: 64 << 10)
  /// In the order they are to be done.
  @exclusivity(unchecked) public private(set) var effects: [Effect] = []
  /// Kept between steps; one huge answer must not stay for ever.
  static let keptBytesMax = 1 << 20

  init() { effects.reserveCapacity(64) }

  func begin() {
    effects.removeAll(keepingCapacity: true)
    bytes.removeAll()
    if bytes.capacity > Output.keptBytesMax { bytes.trim(to: Output.keptBytesMax) }
  }

  func add(_ effect: Effect) { effects.append(effect) }

  /// Runs `write`, which appends to `bytes`, and answers what it wrote.
  func appended(_ write: (ByteBuffer) -> Void) -> Range<Int> {
    let start = bytes.count
    write(bytes)
    return start..<bytes.count
  }

  /// A log line: a message and already quoted or plain `key=value` fields.
  func log(_ level: LogLevel, _ message: StaticString, _ fields: (StaticString, String)...) {
    let range = appended { line in
      line.append("msg=\"")
      line.append(message)
      line.append("\"")
      for (key, value) in fields {
        line.append(" ")
        line.append(key)
        line.append("=")
        Output.append(value, to: line)
      }
    }
    add(.log(level, range))
  }

  /// A logfmt value: plain when it is one safe word, else quoted; control characters become spaces.
  private static func append(_ value: String, to line: ByteBuffer) {
    let isPlain = !value.isEmpty && value.utf8.allSatisfy { $0 > 32 && $0 != 34 && $0 != 61 && $0 != 127 }
    if isPlain { return line.append(utf8: value) }
    line.append("\"")
    for byte in value.utf8.prefix(1024) {
      switch byte {
      case 34: line.append("'")
      case 0..<32, 127: line.append(" ")
      default: line.append(byte)
      }
    }
    line.append("\"")
  }
}
