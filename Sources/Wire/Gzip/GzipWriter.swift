/// The gzip form of a run of bytes (RFC 1952), by the system's zlib.
///
/// One stream, made when first needed and used again: about 260 KiB, which a daemon nobody asks for gzip never
/// spends. Bound: the caller's on the input; the output is at most `deflateBound` of it.
public import Base
import CZlib

/// Compresses whole bodies, one after another.
public final class GzipWriter {
  /// zlib's effort, 1…9. Measured on 12.9 KB of positions: level 3 takes 55 µs for 3,784 bytes, level 1 53 µs for
  /// 3,919, level 6 214 µs for 3,555.
  public static let level = 3

  @exclusivity(unchecked) private var stream = z_stream()
  @exclusivity(unchecked) private var isOpen = false

  /// A writer that holds no memory yet.
  public init() {}

  deinit {
    if isOpen { deflateEnd(&stream) }
  }

  /// Appends the gzip form of `bytes`, which must not lie inside `out`; `false`, with `out` as it was, when zlib
  /// has no memory for it.
  public func append(_ bytes: UnsafeRawBufferPointer, to out: ByteBuffer) -> Bool {
    guard bytes.count < Int(UInt32.max) / 2, begin() else { return false }
    let room = Int(deflateBound(&stream, UInt(bytes.count)))
    stream.next_in = bytes.baseAddress.map {
      UnsafeMutablePointer(mutating: $0.assumingMemoryBound(to: UInt8.self))
    }
    stream.avail_in = UInt32(bytes.count)
    stream.next_out = out.reserve(room).assumingMemoryBound(to: UInt8.self)
    stream.avail_out = UInt32(room)
    let result = deflate(&stream, Z_FINISH)
    stream.next_in = nil
    guard result == Z_STREAM_END else { return false }
    out.commit(room - Int(stream.avail_out))
    return true
  }

  private func begin() -> Bool {
    if isOpen { return deflateReset(&stream) == Z_OK }
    // 31: the largest window, in a gzip wrapper.
    isOpen =
      deflateInit2_(
        &stream, Int32(GzipWriter.level), Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
        Int32(MemoryLayout<z_stream>.size)) == Z_OK
    return isOpen
  }
}
