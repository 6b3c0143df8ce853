extension Table {
  /// Liquidations found in fills; `address` is the liquidated account.
  public static let liquidationEvents = Table(
    "liquidation_events",
    columns: [
      .automaticID,
      .text("coin"),
      .real("occurred_at"),
      .text("side"),
      .real("size_usd"),
      .real("price"),
      .text("address").nullable,
    ],
    retention: Retention(column: "occurred_at", keep: .days(90), order: .appended))
}
