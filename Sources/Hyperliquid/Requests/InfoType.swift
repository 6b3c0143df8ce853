/// A kind of info request: its name and what it costs.
///
/// A register: one value per type in a file of its own with its decoder, listed once in `all`.
public struct InfoType: Sendable {
  /// The request's `type`.
  public let name: StaticString
  /// Weight reserved before it is sent (fact sheet §4.1).
  public let weight: Int
  /// Rows of the answer that cost one more weight, charged after; `nil` when rows are free.
  public let rowsPerWeight: Int?

  /// Every type.
  public static let all: [InfoType] = [
    .meta, .metaAndAssetCtxs, .perpDexs, .allPerpMetas, .allMids, .l2Book, .clearinghouseState,
    .userFillsByTime,
    .vaultDetails,
  ]

  /// The weight charged afterwards for an answer of `rows` rows.
  public func weight(rows: Int) -> Int {
    guard let rowsPerWeight, rows > 0 else { return 0 }
    return (rows + rowsPerWeight - 1) / rowsPerWeight
  }
}
