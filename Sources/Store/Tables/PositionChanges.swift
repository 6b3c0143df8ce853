extension Table {
  /// Entries, exits, flips and increases of watched wallets.
  public static let positionChanges = Table(
    "position_changes",
    columns: [
      .automaticID,
      .text("address"),
      .text("coin"),
      .text("action"),
      .text("side"),
      .real("size_usd"),
      .real("price"),
      .real("detected_at"),
    ],
    retention: Retention(column: "detected_at", keep: .days(7), order: .appended))
}
