/// WebSocket frames (RFC 6455) to bytes: one unfragmented frame per call.
public import Base

/// Writes frames; a client gives a mask of four random bytes, a server none.
public enum WebSocketEncoder {
  /// Appends a text message; the caller vouches for UTF-8.
  public static func text(_ payload: UnsafeRawBufferPointer, mask: UInt32?, into out: ByteBuffer) {
    frame(opcode: 1, payload, mask: mask, into: out)
  }

  /// Appends a binary message.
  public static func binary(_ payload: UnsafeRawBufferPointer, mask: UInt32?, into out: ByteBuffer) {
    frame(opcode: 2, payload, mask: mask, into: out)
  }

  /// Appends a ping of at most 125 bytes.
  public static func ping(_ payload: UnsafeRawBufferPointer, mask: UInt32?, into out: ByteBuffer) {
    control(opcode: 9, payload, mask: mask, into: out)
  }

  /// Appends a pong of at most 125 bytes.
  public static func pong(_ payload: UnsafeRawBufferPointer, mask: UInt32?, into out: ByteBuffer) {
    control(opcode: 10, payload, mask: mask, into: out)
  }

  /// Appends a close frame; the reason is cut at 123 bytes, between characters.
  public static func close(code: UInt16, reason: String = "", mask: UInt32?, into out: ByteBuffer) {
    var payload = [UInt8(code >> 8), UInt8(code & 0xff)]
    for character in reason {
      guard payload.count + character.utf8.count <= 125 else { break }
      payload.append(contentsOf: character.utf8)
    }
    payload.withUnsafeBytes { frame(opcode: 8, $0, mask: mask, into: out) }
  }

  /// Appends one frame of any kind; fragments are for tests and the simulated exchange.
  public static func frame(
    opcode: UInt8, isFinal: Bool = true, _ payload: UnsafeRawBufferPointer, mask: UInt32?,
    into out: ByteBuffer
  ) {
    precondition(opcode < 16)
    out.append((isFinal ? 0x80 : 0) | opcode)
    let masked: UInt8 = mask == nil ? 0 : 0x80
    if payload.count < 126 {
      out.append(masked | UInt8(payload.count))
    } else if payload.count < 65536 {
      out.append(masked | 126)
      out.reserve(2).storeBytes(of: UInt16(payload.count).bigEndian, as: UInt16.self)
      out.commit(2)
    } else {
      out.append(masked | 127)
      out.reserve(8).storeBytes(of: UInt64(payload.count).bigEndian, as: UInt64.self)
      out.commit(8)
    }
    guard let mask else { return out.append(payload) }
    out.reserve(4).storeBytes(of: mask, as: UInt32.self)
    out.commit(4)
    let start = out.count
    out.append(payload)
    WebSocketMask.apply(
      mask, to: UnsafeMutableRawBufferPointer(start: out.base + start, count: payload.count))
  }

  private static func control(
    opcode: UInt8, _ payload: UnsafeRawBufferPointer, mask: UInt32?, into out: ByteBuffer
  ) {
    precondition(payload.count <= 125)
    frame(opcode: opcode, payload, mask: mask, into: out)
  }
}

/// The masking of RFC 6455 §5.3; applying it twice undoes it.
enum WebSocketMask {
  /// XORs the payload with the mask's four bytes, in memory order, eight bytes at a time.
  static func apply(_ mask: UInt32, to payload: UnsafeMutableRawBufferPointer) {
    guard let base = payload.baseAddress else { return }
    let wide = UInt64(mask) | UInt64(mask) << 32
    var at = 0
    while at + 8 <= payload.count {
      let word = base.loadUnaligned(fromByteOffset: at, as: UInt64.self)
      base.storeBytes(of: word ^ wide, toByteOffset: at, as: UInt64.self)
      at += 8
    }
    while at < payload.count {
      let byte = UInt8(truncatingIfNeeded: mask >> UInt32((at & 3) * 8))
      base.storeBytes(
        of: base.load(fromByteOffset: at, as: UInt8.self) ^ byte, toByteOffset: at, as: UInt8.self)
      at += 1
    }
  }
}
