/// WebSocket frames (RFC 6455) from bytes as they come, for both roles, without sockets or clocks.
///
/// `feed` lends bytes, `next` takes messages and control frames out of them. A whole unfragmented frame of a server
/// that lies in the fed bytes is delivered in place; everything else is put together in one buffer.
/// Every payload delivered has at least 64 readable bytes behind it, so that the JSON reader can look ahead; for that
/// the caller promises 64 readable bytes behind the fed bytes.
/// Bounds: `messageMax` bytes of one message (close code 1009), 125 of a control frame. Memory grows with bytes
/// received, never with a length somebody wrote into a header.
/// Invariant: after an error or a close frame nothing more is delivered.
import Base

/// Which end of the connection this is.
public enum WebSocketRole: Sendable {
  /// Receives unmasked frames, sends masked ones.
  case client
  /// Receives masked frames, sends unmasked ones.
  case server
}

/// Bytes that break the protocol, with the close code to send back.
public struct WebSocketError: Error, Hashable, Sendable {
  /// 1002 protocol error, 1007 text that is not UTF-8, 1009 message too big.
  public let code: UInt16
  /// What was wrong, for logs.
  public let reason: String

  init(_ code: UInt16, _ reason: StaticString) {
    self.code = code
    self.reason = "\(reason)"
  }
}

/// What `next` takes out; payloads are valid until the next call of `next` or `feed`.
public enum WebSocketEvent {
  /// All bytes fed are used up.
  case needMore
  /// A whole text message, checked to be UTF-8.
  case text(UnsafeRawBufferPointer)
  /// A whole binary message.
  case binary(UnsafeRawBufferPointer)
  /// Answer with a pong of the same payload.
  case ping(UnsafeRawBufferPointer)
  /// An answer to a ping, or unasked.
  case pong(UnsafeRawBufferPointer)
  /// The peer closes; 1005 when it gave no code. Nothing follows.
  case close(code: UInt16, reason: UnsafeRawBufferPointer)
}

/// The receiving half of one connection.
public struct WebSocketDecoder: ~Copyable {
  /// Buffers larger than this are given back once they are empty.
  public static let keptBytesMax = 64 << 10

  private let role: WebSocketRole
  private let messageMax: Int
  private var input = UnsafeRawBufferPointer(start: nil, count: 0)
  /// The frame that began in earlier bytes; made when first needed.
  private var carry: ByteBuffer?
  private var carryIsDelivered = false
  /// The message under way in fragments, and its kind.
  private var message: ByteBuffer?
  private var isInMessage = false
  private var messageIsText = false
  private var messageIsDelivered = false
  /// Where the text of the fragments so far stands; a character may be cut between two of them.
  private var utf8 = UTF8Check()
  private var isOver = false

  /// A decoder for the bytes a peer of the other role sends.
  public init(role: WebSocketRole, messageMax: Int) {
    precondition(messageMax > 0)
    self.role = role
    self.messageMax = messageMax
  }

  /// Lends bytes, with 64 readable bytes behind them; they must stay until `next` has answered `needMore`.
  public mutating func feed(_ bytes: UnsafeRawBufferPointer) {
    precondition(input.isEmpty, "feed follows needMore")
    input = isOver ? UnsafeRawBufferPointer(start: nil, count: 0) : bytes
  }

  /// The next message or control frame.
  public mutating func next() throws(WebSocketError) -> WebSocketEvent {
    release()
    while !isOver {
      let header: FrameHeader
      let payload: UnsafeRawBufferPointer
      do throws(WebSocketError) {
        guard let frame = try frame() else { return .needMore }
        header = frame.header
        payload = frame.payload
        if let event = try take(header, payload) { return event }
      } catch {
        end()
        throw error
      }
    }
    return .needMore
  }

  // MARK: Frames

  private struct FrameHeader {
    var isFinal = false
    var opcode: UInt8 = 0
    var length = 0
    var headerBytes = 0
    var mask: UInt32?
  }

  /// A whole frame with its payload unmasked; nil when more bytes are needed (they are kept then).
  private mutating func frame() throws(WebSocketError) -> (
    header: FrameHeader, payload: UnsafeRawBufferPointer
  )? {
    if let carry, !carry.isEmpty { return try carriedFrame(carry) }
    guard let header = try header(input) else { return keep() }
    let size = header.headerBytes + header.length
    guard input.count >= size else { return keep() }
    let whole = UnsafeRawBufferPointer(rebasing: input[..<size])
    input = UnsafeRawBufferPointer(rebasing: input[size...])
    guard header.mask != nil else {
      return (header, UnsafeRawBufferPointer(rebasing: whole[header.headerBytes...]))
    }
    let buffer = carry ?? ByteBuffer(capacity: 1024)
    carry = buffer
    buffer.append(whole)
    return (header, unmasked(buffer, header))
  }

  /// Completes the frame in the carry buffer from the input.
  private mutating func carriedFrame(
    _ carry: ByteBuffer
  ) throws(WebSocketError) -> (header: FrameHeader, payload: UnsafeRawBufferPointer)? {
    while true {
      let found = try header(carry.bytes)
      let size = found.map { $0.headerBytes + $0.length } ?? WebSocketDecoder.headerNeed(carry.bytes)
      if let found, carry.count >= size { return (found, unmasked(carry, found)) }
      guard !input.isEmpty else { return nil }
      let taken = min(size - carry.count, input.count)
      carry.append(UnsafeRawBufferPointer(rebasing: input[..<taken]))
      input = UnsafeRawBufferPointer(rebasing: input[taken...])
    }
  }

  private mutating func keep() -> (header: FrameHeader, payload: UnsafeRawBufferPointer)? {
    guard !input.isEmpty else { return nil }
    let buffer = carry ?? ByteBuffer(capacity: 1024)
    carry = buffer
    buffer.append(input)
    input = UnsafeRawBufferPointer(start: nil, count: 0)
    return nil
  }

  private mutating func unmasked(_ buffer: ByteBuffer, _ header: FrameHeader) -> UnsafeRawBufferPointer {
    carryIsDelivered = true
    let payload = UnsafeMutableRawBufferPointer(start: buffer.base + header.headerBytes, count: header.length)
    if let mask = header.mask { WebSocketMask.apply(mask, to: payload) }
    return UnsafeRawBufferPointer(payload)
  }

  /// Bytes of the header that begins here, as far as its first two bytes tell.
  private static func headerNeed(_ bytes: UnsafeRawBufferPointer) -> Int {
    guard bytes.count >= 2 else { return 2 }
    let extra = bytes[1] & 0x7f == 126 ? 2 : bytes[1] & 0x7f == 127 ? 8 : 0
    return 2 + extra + (bytes[1] & 0x80 != 0 ? 4 : 0)
  }

  private func header(_ bytes: UnsafeRawBufferPointer) throws(WebSocketError) -> FrameHeader? {
    guard bytes.count >= 2 else { return nil }
    var header = FrameHeader()
    header.isFinal = bytes[0] & 0x80 != 0
    header.opcode = bytes[0] & 0x0f
    try check(bytes[0], bytes[1])
    header.headerBytes = WebSocketDecoder.headerNeed(bytes)
    guard bytes.count >= header.headerBytes else { return nil }
    var length = UInt64(bytes[1] & 0x7f)
    if length == 126 {
      length = UInt64(bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self).bigEndian)
      if length < 126 { throw WebSocketError(1002, "a length is not written in its shortest form") }
    } else if length == 127 {
      length = bytes.loadUnaligned(fromByteOffset: 2, as: UInt64.self).bigEndian
      if length < 65536 { throw WebSocketError(1002, "a length is not written in its shortest form") }
      if length >> 63 != 0 { throw WebSocketError(1002, "a length has its highest bit set") }
    }
    // `held` is at most messageMax; control frames have the bound `check` knows.
    let held = isInMessage ? message?.count ?? 0 : 0
    if header.opcode < 8, length > UInt64(messageMax - held) {
      throw WebSocketError(1009, "the message is too big")
    }
    header.length = Int(length)
    if bytes[1] & 0x80 != 0 {
      header.mask = bytes.loadUnaligned(fromByteOffset: header.headerBytes - 4, as: UInt32.self)
    }
    return header
  }

  /// What the first two bytes alone can be wrong about.
  private func check(_ first: UInt8, _ second: UInt8) throws(WebSocketError) {
    let opcode = first & 0x0f
    if first & 0x70 != 0 { throw WebSocketError(1002, "a reserved bit is set") }
    if (3...7).contains(opcode) || opcode > 10 { throw WebSocketError(1002, "the opcode is unknown") }
    if (second & 0x80 != 0) != (role == .server) {
      throw WebSocketError(
        1002, role == .server ? "a client's frame is not masked" : "a server's frame is masked")
    }
    if opcode >= 8 {
      if first & 0x80 == 0 { throw WebSocketError(1002, "a control frame is fragmented") }
      if second & 0x7f > 125 { throw WebSocketError(1002, "a control frame is too long") }
    } else if (opcode == 0) != isInMessage {
      throw WebSocketError(
        1002, isInMessage ? "a message begins inside another" : "a continuation continues nothing")
    }
  }

  // MARK: Messages

  /// What a frame means; nil for a fragment that is not the last.
  private mutating func take(
    _ header: FrameHeader, _ payload: UnsafeRawBufferPointer
  ) throws(WebSocketError) -> WebSocketEvent? {
    switch header.opcode {
    case 8: return try close(payload)
    case 9: return .ping(payload)
    case 10: return .pong(payload)
    default: break
    }
    if header.opcode != 0 { messageIsText = header.opcode == 1 }
    if header.opcode != 0 { utf8 = UTF8Check() }
    if messageIsText {
      guard utf8.take(payload), !header.isFinal || utf8.isComplete else {
        throw WebSocketError(1007, "a text message is not UTF-8")
      }
    }
    if header.isFinal, !isInMessage { return messageIsText ? .text(payload) : .binary(payload) }
    let buffer = message ?? ByteBuffer(capacity: 4096)
    message = buffer
    buffer.append(payload)
    releaseCarry()
    isInMessage = !header.isFinal
    guard header.isFinal else { return nil }
    messageIsDelivered = true
    return messageIsText ? .text(buffer.bytes) : .binary(buffer.bytes)
  }

  private mutating func close(_ payload: UnsafeRawBufferPointer) throws(WebSocketError) -> WebSocketEvent {
    isOver = true
    // What follows a close frame is nobody's.
    input = UnsafeRawBufferPointer(start: nil, count: 0)
    if payload.isEmpty { return .close(code: 1005, reason: payload) }
    guard payload.count >= 2 else { throw WebSocketError(1002, "a close frame has half a code") }
    let code = payload.loadUnaligned(as: UInt16.self).bigEndian
    guard (1000...1003).contains(code) || (1007...1014).contains(code) || (3000...4999).contains(code) else {
      throw WebSocketError(1002, "the close code is not allowed")
    }
    let reason = UnsafeRawBufferPointer(rebasing: payload[2...])
    guard UTF8Text.isValid(reason) else { throw WebSocketError(1007, "a close reason is not UTF-8") }
    return .close(code: code, reason: reason)
  }

  // MARK: Buffers

  /// Lets go of what the last call delivered.
  private mutating func release() {
    if messageIsDelivered {
      messageIsDelivered = false
      message?.removeAll()
      message?.trim(to: WebSocketDecoder.keptBytesMax)
    }
    releaseCarry()
  }

  private mutating func releaseCarry() {
    guard carryIsDelivered else { return }
    carryIsDelivered = false
    carry?.removeAll()
    carry?.trim(to: WebSocketDecoder.keptBytesMax)
  }

  private mutating func end() {
    isOver = true
    input = UnsafeRawBufferPointer(start: nil, count: 0)
    carry = nil
    message = nil
    carryIsDelivered = false
    messageIsDelivered = false
  }
}
