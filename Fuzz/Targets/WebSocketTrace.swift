import Base
import Wire

extension FuzzTarget {
  /// The largest message the fuzzed decoders take.
  static var fuzzMessageMax: Int { 700 }

  /// The checks both roles share: the same events and the same error in every cut.
  static func checkFrames(_ bytes: UnsafeRawBufferPointer, _ role: WebSocketRole) {
    let whole = frameTrace(bytes, .whole, role)
    precondition(
      whole.isSame(as: frameTrace(bytes, .bytes, role)), "bytes one by one are other frames")
    let random = frameTrace(bytes, .random(seed: FuzzPieces.seed(bytes)), role)
    precondition(whole.isSame(as: random), "other cuts are other frames")
    roundTrip(bytes, role)
  }

  private static func frameTrace(
    _ bytes: UnsafeRawBufferPointer, _ cut: FuzzPieces.Cut, _ role: WebSocketRole
  ) -> ByteBuffer {
    let trace = ByteBuffer()
    var decoder = WebSocketDecoder(role: role, messageMax: fuzzMessageMax)
    FuzzPieces.each(bytes, cut, slack: 64) { piece in
      decoder.feed(piece)
      note(&decoder, trace)
      // A decoder that is over goes on being fed: nothing more may come.
      return true
    }
    return trace
  }

  /// Notes every event until more is needed or an error.
  private static func note(_ decoder: inout WebSocketDecoder, _ trace: ByteBuffer) {
    do throws(WebSocketError) {
      while true {
        let payload: UnsafeRawBufferPointer
        switch try decoder.next() {
        case .needMore: return
        case .text(let bytes):
          precondition(String(validating: bytes, as: UTF8.self) != nil, "a text that is not UTF-8")
          trace.note(1)
          payload = bytes
        case .binary(let bytes):
          trace.note(2)
          payload = bytes
        case .ping(let bytes):
          trace.note(9)
          payload = bytes
        case .pong(let bytes):
          trace.note(10)
          payload = bytes
        case .close(let code, let reason):
          trace.note(Int(code) << 8)
          payload = reason
        }
        precondition(payload.count <= fuzzMessageMax)
        trace.note(payload)
        if let base = payload.baseAddress {
          // Readers of the payload look ahead in words.
          for at in 0..<64 { _ = base.load(fromByteOffset: payload.count + at, as: UInt8.self) }
        }
      }
    } catch {
      trace.note(-Int(error.code))
    }
  }

  /// What one role writes, cut into fragments, the other reads.
  private static func roundTrip(_ bytes: UnsafeRawBufferPointer, _ role: WebSocketRole) {
    let payload = UnsafeRawBufferPointer(rebasing: bytes.prefix(fuzzMessageMax))
    var random = PRNG(seed: FuzzPieces.seed(bytes))
    let mask = role == .server ? UInt32(truncatingIfNeeded: random.next()) : nil
    let stream = ByteBuffer()
    var opcode: UInt8 = 2
    FuzzPieces.each(payload, .random(seed: random.next())) { part in
      WebSocketEncoder.frame(opcode: opcode, isFinal: false, part, mask: mask, into: stream)
      if random.chance(0.3) {
        WebSocketEncoder.ping(UnsafeRawBufferPointer(rebasing: part.prefix(125)), mask: mask, into: stream)
      }
      opcode = 0
      return true
    }
    WebSocketEncoder.frame(
      opcode: opcode, UnsafeRawBufferPointer(start: nil, count: 0), mask: mask, into: stream)
    var decoder = WebSocketDecoder(role: role, messageMax: fuzzMessageMax)
    var isRead = false
    FuzzPieces.each(stream.bytes, .random(seed: random.next()), slack: 64) { piece in
      decoder.feed(piece)
      while let event = try? decoder.next() {
        if case .needMore = event { return true }
        if case .binary(let whole) = event { isRead = whole.elementsEqual(payload) }
      }
      return false
    }
    withExtendedLifetime(stream) {}
    precondition(isRead, "fragments are not read back")
  }
}
