/// An account's positions in the order of the coins' names, as answers list them.
///
/// One array, used again: most accounts have a handful. Bound: the coins one account can hold.
import Engines
import Market

final class AccountPositions {
  @exclusivity(unchecked) private var rows: [TrackedPosition] = []

  /// Calls `body` with every position of `account`, by the coin's name.
  func forEach(of account: AddressID, _ views: Views, _ body: (TrackedPosition) -> Void) {
    rows.removeAll(keepingCapacity: true)
    views.knowledge.positions.forEach(of: account) { rows.append($0) }
    if rows.count > 1 {
      let places = views.coinOrder.places(views.coins)
      rows.sort { places[$0.coin.index] < places[$1.coin.index] }
    }
    for row in rows { body(row) }
  }
}
