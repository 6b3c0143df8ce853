extension Table {
  /// Open positions as last polled, one per account and coin.
  public static let positions = Table(
    "positions",
    columns: [
      .text("address").keyed,
      .text("coin").keyed,
      .text("side"),
      .real("size"),
      .real("size_usd"),
      .real("entry_px"),
      .real("mark_px"),
      .real("leverage"),
      .real("margin_used"),
      .real("liq_px").nullable,
      .real("unrealized_pnl"),
      .real("updated_at"),
    ],
    retention: Retention(column: "updated_at", keep: .days(1), order: .renewed))
}
