/// Building frames by hand, feeding them in pieces and writing down what came out.
import Base
import Wire

/// What a decoder made of a byte stream.
struct WebSocketRun: Equatable, CustomStringConvertible {
  var events: [String] = []
  /// The close code of the error, 0 when there was none.
  var code: UInt16 = 0

  var description: String { (events + ["error \(code)"]).joined(separator: "\n") }
}

/// A frame as raw as a test wants it: `first` byte, the length in the given form, the mask if any.
func frame(_ first: UInt8, _ payload: [UInt8], mask: [UInt8]? = nil, form: Int? = nil) -> [UInt8] {
  var bytes: [UInt8] = [first]
  let flag: UInt8 = mask == nil ? 0 : 0x80
  let form = form ?? (payload.count < 126 ? 7 : payload.count < 65_536 ? 16 : 64)
  switch form {
  case 7: bytes.append(flag | UInt8(payload.count))
  case 16: bytes += [flag | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
  default:
    bytes.append(flag | 127)
    for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(payload.count >> shift & 0xFF)) }
  }
  guard let mask else { return bytes + payload }
  return bytes + mask + payload.enumerated().map { $1 ^ mask[$0 % 4] }
}

/// Short payloads in full, long ones by length and a sum.
private func describe(_ name: String, _ payload: UnsafeRawBufferPointer) -> String {
  if payload.count <= 200 { return "\(name) \(text(payload))" }
  let sum = payload.reduce(UInt64(14_695_981_039_346_656_037)) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
  return "\(name) \(payload.count) bytes \(sum)"
}

/// Hands `bytes` cut at `cuts` to `piece`, each with 64 readable bytes behind it, overwritten afterwards.
func inPaddedPieces(_ bytes: [UInt8], _ cuts: [Int], _ piece: (UnsafeRawBufferPointer) -> Bool) {
  var low = 0
  for high in cuts + [bytes.count] where high > low {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: high - low + 64, alignment: 1)
    defer { memory.deallocate() }
    memory.initializeMemory(as: UInt8.self, repeating: 0x55)
    memory.copyBytes(from: bytes[low..<high])
    let goesOn = piece(UnsafeRawBufferPointer(rebasing: memory[..<(high - low)]))
    memory.initializeMemory(as: UInt8.self, repeating: 0xAA)
    if !goesOn { return }
    low = high
  }
}

/// Feeds `bytes` to a decoder; goes on feeding after a close frame, as a slow owner would.
func decode(
  _ bytes: [UInt8], role: WebSocketRole = .client, cuts: [Int] = [], messageMax: Int = 1 << 20
) -> WebSocketRun {
  var decoder = WebSocketDecoder(role: role, messageMax: messageMax)
  var run = WebSocketRun()
  inPaddedPieces(bytes, cuts) { piece in
    decoder.feed(piece)
    do throws(WebSocketError) {
      while true {
        switch try decoder.next() {
        case .needMore: return true
        case .text(let payload): run.events.append(describe("text", payload))
        case .binary(let payload): run.events.append(describe("binary", payload))
        case .ping(let payload): run.events.append(describe("ping", payload))
        case .pong(let payload): run.events.append(describe("pong", payload))
        case .close(let code, let reason): run.events.append(describe("close \(code)", reason))
        }
      }
    } catch {
      run.code = error.code
      return true
    }
  }
  return run
}
