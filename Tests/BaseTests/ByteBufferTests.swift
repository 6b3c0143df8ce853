import Base
import Testing

/// The byte buffer against an array, with its promise of readable bytes behind the content.
@Suite("Byte buffer")
struct ByteBufferTests {
  @Test("equals an array over random edits", arguments: [1, 2, 3] as [UInt64])
  func differential(seed: UInt64) {
    var random = PRNG(seed: seed)
    let buffer = ByteBuffer(capacity: 1)
    var model: [UInt8] = []
    var wrong = 0
    for _ in 0..<3000 {
      switch random.below(8) {
      case 0, 1:
        let bytes = (0..<random.below(300)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        bytes.withUnsafeBytes { buffer.append($0) }
        model += bytes
      case 2:
        buffer.append(UInt8(7))
        model.append(7)
      case 3:
        buffer.append("literal")
        buffer.append(utf8: "ü€")
        model += Array("literalü€".utf8)
      case 4:
        let (reserved, written) = (random.below(500), random.below(40))
        let place = buffer.reserve(max(reserved, written))
        for index in 0..<written { place.storeBytes(of: UInt8(index), toByteOffset: index, as: UInt8.self) }
        buffer.commit(written)
        model += (0..<written).map { UInt8($0) }
      case 5:
        let gone = random.below(model.count + 1)
        buffer.removeFirst(gone)
        model.removeFirst(gone)
      case 6:
        let kept = random.below(model.count + 1)
        buffer.truncate(to: kept)
        model.removeLast(model.count - kept)
      default:
        if random.chance(0.1) {
          buffer.removeAll()
          model = []
        }
        buffer.trim(to: random.below(2000))
      }
      if !buffer.bytes.elementsEqual(model) || buffer.count != model.count { wrong += 1 }
      if buffer.isEmpty != model.isEmpty || buffer.capacity < buffer.count { wrong += 1 }
      // The slack may be read, also when the buffer is full to the brim.
      var slack: UInt8 = 0
      for index in 0..<ByteBuffer.slackBytes {
        slack |= buffer.base.load(fromByteOffset: buffer.capacity + index, as: UInt8.self)
      }
      if slack != 0 { wrong += 1 }
    }
    #expect(wrong == 0)
  }

  @Test("trimming gives memory back only when the content fits")
  func trim() {
    let buffer = ByteBuffer(capacity: 10_000)
    buffer.append(utf8: String(repeating: "x", count: 500))
    buffer.trim(to: 400)
    #expect(buffer.capacity == 10_000)
    buffer.trim(to: 600)
    #expect(buffer.capacity == 600 && buffer.count == 500)
    #expect(buffer.bytes(in: 499..<500).first == UInt8(ascii: "x"))
  }
}
