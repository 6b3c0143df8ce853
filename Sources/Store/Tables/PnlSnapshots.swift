extension Table {
  /// Equity of each polled account over time.
  public static let pnlSnapshots = Table(
    "pnl_snapshots",
    columns: [
      .text("address").keyed,
      .real("snapshot_at").keyed,
      .real("equity"),
      .real("unrealized"),
    ],
    retention: Retention(column: "snapshot_at", keep: .pruneDays, order: .appended))
}
