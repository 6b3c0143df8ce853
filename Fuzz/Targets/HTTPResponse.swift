import Base
import Wire

extension FuzzTarget {
  /// Bytes → answers, as of GET and of HEAD, with and without an end: the same in every cut; and the WebSocket
  /// upgrade's answer never traps.
  public static let httpResponse = FuzzTarget("http-response") { bytes in
    let seed = FuzzPieces.seed(bytes)
    for isHead in [false, true] {
      let whole = responseTrace(bytes, .whole, isHead)
      precondition(
        whole.isSame(as: responseTrace(bytes, .bytes, isHead)),
        "bytes one by one are other answers")
      precondition(
        whole.isSame(as: responseTrace(bytes, .random(seed: seed), isHead)),
        "other cuts are other answers")
    }
    let handshake = WebSocketClientHandshake(random: (1, 2))
    if case .upgraded(let headBytes) = handshake.answer(bytes) {
      precondition(headBytes > 0 && headBytes <= bytes.count)
    }
  }

  private static func responseTrace(
    _ bytes: UnsafeRawBufferPointer, _ cut: FuzzPieces.Cut, _ isHead: Bool
  ) -> ByteBuffer {
    let trace = ByteBuffer()
    var reader = HTTPResponseReader(limits: fuzzLimits)
    reader.isHead = isHead
    func drain() -> Bool {
      do throws(HTTPError) {
        while case .response(let response) = try reader.next() {
          precondition(response.body.count <= fuzzLimits.bodyMax)
          trace.note(response.status << 2 | response.minorVersion << 1 | (response.keepAlive ? 1 : 0))
          trace.note(response.fields)
          trace.note(response.body)
        }
        return true
      } catch {
        trace.note(-1 - Int(error.problem.rawValue))
        return false
      }
    }
    var isOpen = true
    FuzzPieces.each(bytes, cut) { piece in
      reader.feed(piece)
      isOpen = drain()
      return isOpen
    }
    if isOpen {
      reader.end()
      _ = drain()
    }
    return trace
  }
}
