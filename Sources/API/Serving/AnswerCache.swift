/// Order-flow answers as they were printed this millisecond, for many clients asking at once.
///
/// An answer depends on the two clocks (in milliseconds), the trades counted, and the coins and their
/// coverage (`Views.revision`); while none of these has changed, the printed bytes are the answer. Under load
/// some hundred requests fall into one millisecond, and printing is most of their cost (13,000 of 16,000
/// instructions).
/// Bound: `slots` answers, each replaced by the next coin that falls on its slot.
import Base
import Engines
import Market

final class AnswerCache {
  /// Answers kept; a power of two.
  private static let slots = 16

  private struct Key: Equatable {
    var coin: CoinID
    var wall: WallTime
    var exchange: WallTime
    var trades: UInt64
    var revision: UInt64
  }

  private let keys = UnsafeMutablePointer<Key>.allocate(capacity: AnswerCache.slots)
  private let bodies: [ByteBuffer]

  init() {
    let never = Key(
      coin: CoinID(raw: .max), wall: WallTime(ms: 0), exchange: WallTime(ms: 0), trades: 0, revision: 0)
    keys.initialize(repeating: never, count: AnswerCache.slots)
    bodies = (0..<AnswerCache.slots).map { _ in ByteBuffer(capacity: 64) }
  }

  deinit { keys.deallocate() }

  private func key(_ coin: CoinID, _ views: Views) -> Key {
    Key(
      coin: coin, wall: views.now.wall, exchange: views.exchangeNow,
      trades: views.orderFlow.count(of: .counted), revision: views.revision)
  }

  /// The body printed for `coin` if it is still the answer.
  func body(of coin: CoinID, _ views: Views) -> ByteBuffer? {
    let slot = coin.index & (AnswerCache.slots - 1)
    return keys[slot] == key(coin, views) ? bodies[slot] : nil
  }

  /// Keeps `body` as the answer for `coin`.
  func keep(_ body: UnsafeRawBufferPointer, of coin: CoinID, _ views: Views) {
    let slot = coin.index & (AnswerCache.slots - 1)
    keys[slot] = key(coin, views)
    bodies[slot].removeAll()
    bodies[slot].append(body)
  }
}
