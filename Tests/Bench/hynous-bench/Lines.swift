import Base
import Glibc

// The files of the decoding benches: one frame or page a line.

/// Where the lines of `bytes` lie, without the empty ones.
func lines(_ bytes: ByteBuffer) -> [Range<Int>] {
  var lines: [Range<Int>] = []
  var from = 0
  while from < bytes.count {
    let rest = bytes.base + from
    let end = memchr(rest, 10, bytes.count - from).map { from + ($0 - rest) } ?? bytes.count
    if end > from { lines.append(from..<end) }
    from = end + 1
  }
  return lines
}

/// The bytes of `file`; `nil` when it cannot be opened.
func load(_ file: String) -> ByteBuffer? {
  guard let handle = fopen(file, "r") else { return nil }
  defer { fclose(handle) }
  let bytes = ByteBuffer(capacity: 1 << 20)
  while true {
    let got = fread(bytes.reserve(1 << 20), 1, 1 << 20, handle)
    guard got > 0 else { return bytes }
    bytes.commit(got)
  }
}
