import Base
import Testing

/// The ring against an array.
@Suite("Ring")
struct RingTests {
  @Test("equals an array", arguments: [1, 2, 3, 7, 64])
  func differential(capacity: Int) {
    var random = PRNG(seed: UInt64(capacity))
    var ring = Ring<Int>(capacity: capacity)
    var model: [Int] = []
    for step in 0..<3000 {
      switch random.below(6) {
      case 0, 1:
        let displaced = ring.push(step)
        #expect(displaced == (model.count == capacity ? model.removeFirst() : nil))
        model.append(step)
      case 2:
        #expect(ring.offer(step) == (model.count < capacity))
        if model.count < capacity { model.append(step) }
      case 3: #expect(ring.popFirst() == (model.isEmpty ? nil : model.removeFirst()))
      case 4: #expect(ring.popLast() == model.popLast())
      default:
        if random.chance(0.02) {
          ring.removeAll()
          model = []
        }
      }
      #expect((0..<ring.count).map { ring[$0] } == model)
      #expect(ring.oldest == model.first && ring.newest == model.last)
      #expect(ring.isEmpty == model.isEmpty && ring.isFull == (model.count == capacity))
    }
  }

  @Test("what is taken out is let go")
  func release() {
    final class Token {}
    var ring = Ring<Token>(capacity: 2)
    weak var first: Token?
    do {
      let token = Token()
      first = token
      ring.push(token)
    }
    #expect(first != nil)
    ring.push(Token())
    ring.push(Token())
    #expect(first == nil)
  }
}
