// One life of a connection in bytes: the upgrade, then frames both ways, with Wire's tools.
//
// Bounds: the head of the upgrade's answer (16 KiB), one message of `Venue.messageBytesMax`.
// Invariant: bytes handed to `feed` are used up before the next (`next` answered `needMore`).
import Base
import Wire

/// The byte side of a connection.
struct LinkWire: ~Copyable {
  /// How the upgrade stands.
  enum Upgrade {
    case needMore
    /// Refused, with the HTTP status if there was one.
    case refused(status: Int)
    /// Open; these bytes are the first frames.
    case open(UnsafeRawBufferPointer)
  }

  /// What the peer sent.
  enum Message {
    case needMore
    case text(UnsafeRawBufferPointer)
    case binary
    case ping(UnsafeRawBufferPointer)
    case pong
    case close(UInt16)
    /// Against the RFC; the code to send back.
    case broken(UInt16)
  }

  private var handshake: WebSocketClientHandshake?
  private var head: ByteBuffer?
  private var decoder = LinkWire.decoder()

  private static func decoder() -> WebSocketDecoder {
    WebSocketDecoder(role: .client, messageMax: Venue.messageBytesMax)
  }

  /// Forgets the former life.
  mutating func reset() {
    handshake = nil
    head = nil
    decoder = LinkWire.decoder()
  }

  /// Appends the upgrade request.
  mutating func writeUpgrade(host: String, path: String, random: inout PRNG, into out: ByteBuffer) {
    let handshake = WebSocketClientHandshake(random: (random.next(), random.next()))
    handshake.request(host: host, path: path, into: out)
    self.handshake = handshake
  }

  /// Takes bytes of the answer; what lies behind its head stays valid as long as `bytes`.
  mutating func readUpgrade(_ bytes: UnsafeRawBufferPointer) -> Upgrade {
    guard let handshake else { return .refused(status: 0) }
    var all = bytes
    if head != nil {
      head?.append(bytes)
      all = head!.bytes
    }
    switch handshake.answer(all) {
    case .needMore:
      if head == nil {
        let buffer = ByteBuffer(capacity: 1024)
        buffer.append(bytes)
        head = buffer
      }
      return .needMore
    case .refused(let status, _): return .refused(status: status)
    case .upgraded(let headBytes): return .open(UnsafeRawBufferPointer(rebasing: all[headBytes...]))
    }
  }

  /// Lends bytes of frames.
  mutating func feed(_ bytes: UnsafeRawBufferPointer) { decoder.feed(bytes) }

  /// The next message.
  @inline(__always)
  mutating func next() -> Message {
    do throws(WebSocketError) {
      switch try decoder.next() {
      case .text(let bytes): return .text(bytes)
      case .needMore: return .needMore
      case .binary: return .binary
      case .ping(let payload): return .ping(payload)
      case .pong: return .pong
      case .close(let code, _): return .close(code)
      }
    } catch {
      return .broken(error.code)
    }
  }

  func writeText(_ payload: UnsafeRawBufferPointer, random: inout PRNG, into out: ByteBuffer) {
    WebSocketEncoder.text(payload, mask: UInt32(truncatingIfNeeded: random.next()), into: out)
  }

  func writePong(_ payload: UnsafeRawBufferPointer, random: inout PRNG, into out: ByteBuffer) {
    WebSocketEncoder.pong(payload, mask: UInt32(truncatingIfNeeded: random.next()), into: out)
  }

  func writeClose(_ code: UInt16, random: inout PRNG, into out: ByteBuffer) {
    WebSocketEncoder.close(code: code, mask: UInt32(truncatingIfNeeded: random.next()), into: out)
  }
}
