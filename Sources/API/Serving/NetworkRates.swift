import Base

/// Requests of the current second by address, for clients that are not on this machine.
///
/// A fixed table of counts, by a hash of the address: nothing to remove, and closing and opening connections gains
/// nothing. Two addresses on one place share a limit far above what polling needs. Bound: `places` counts, 16 KiB.
struct NetworkRates {
  /// An address's place in the table.
  struct Place: Hashable {
    fileprivate let index: UInt16
    /// This machine, which is not counted.
    static let here = Place(index: 0)
  }

  static let places = 4096
  let max: Int
  private var counts = [Int32](repeating: 0, count: NetworkRates.places)
  private var began = Instant.zero

  /// At most `max` requests a second from one address.
  init(max: Int) { self.max = max }

  /// Where `network` is counted; 0 is this machine. Multiplying spreads neighbours over the table.
  static func place(of network: UInt64) -> Place {
    guard network != 0 else { return .here }
    let mixed = (network &* 0x9e37_79b9_7f4a_7c15) >> 52
    return Place(index: UInt16(Swift.max(1, mixed)))
  }

  /// Counts a request: whether it is one too many in its second.
  mutating func isTooOften(_ place: Place, _ now: Instant) -> Bool {
    if now - began >= .seconds(1) {
      began = now
      for index in counts.indices { counts[index] = 0 }
    }
    counts[Int(place.index)] &+= 1
    return Int(counts[Int(place.index)]) > max
  }
}
