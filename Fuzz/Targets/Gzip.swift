import Base
import Wire

extension FuzzTarget {
  /// Bytes compressed, whole and in pieces one after the other through one stream → read back by a plain reader of
  /// gzip (the tests' own, linked here), and never longer than zlib promises.
  public static let gzip = FuzzTarget("gzip") { bytes in
    let writer = GzipWriter()
    check(bytes, writer)
    FuzzPieces.each(bytes, .random(seed: FuzzPieces.seed(bytes))) { piece in
      check(piece, writer)
      return true
    }
    // A stretch as long as the window again and again: matches far back, long codes.
    guard let first = bytes.first, bytes.count < 64 else { return }
    let long = ByteBuffer()
    for _ in 0..<(Int(first) * 16) { long.append(bytes) }
    check(long.bytes, writer)
    withExtendedLifetime(long) {}
  }

  private static func check(_ bytes: UnsafeRawBufferPointer, _ writer: GzipWriter) {
    let out = ByteBuffer(capacity: 16)
    out.append("head")
    precondition(writer.append(bytes, to: out), "not compressed")
    let written = [UInt8](out.bytes)
    precondition(written.starts(with: "head".utf8), "what was there is gone")
    precondition(written.count <= bytes.count + bytes.count / 1_000 + 64, "longer than promised")
    do {
      let read = try Gunzip.bytes(of: Array(written[4...]))
      precondition(read.elementsEqual(bytes), "other bytes come back")
    } catch { preconditionFailure("no gzip: \(error)") }
  }
}
