/// The coins' places in the order of their names, as SQLite sorts text: lists per account are in this order.
///
/// Made again when a coin is added; a coin's name never changes. Bound: `Coins.coinsMax`.
import Market

final class CoinOrder {
  @exclusivity(unchecked) private var places: [UInt16] = []
  @exclusivity(unchecked) private var sorted: [CoinID] = []

  /// By coin index, the coin's place among all names.
  func places(_ coins: Coins) -> [UInt16] {
    if places.count != coins.count { sort(coins) }
    return places
  }

  /// All coins in the order of their names.
  func sorted(_ coins: Coins) -> [CoinID] {
    if places.count != coins.count { sort(coins) }
    return sorted
  }

  private func sort(_ coins: Coins) {
    sorted = (0..<UInt32(coins.count)).map(CoinID.init(raw:))
    sorted.sort { coins[$0].name.utf8.lexicographicallyPrecedes(coins[$1].name.utf8) }
    places = Array(repeating: 0, count: coins.count)
    for (place, coin) in sorted.enumerated() { places[coin.index] = UInt16(place) }
  }
}
