extension Table {
  /// What each HLP vault held at each poll.
  public static let hlpSnapshots = Table(
    "hlp_snapshots",
    columns: [
      .text("vault_address").keyed,
      .text("coin").keyed,
      .real("snapshot_at").keyed,
      .text("side"),
      .real("size"),
      .real("size_usd"),
      .real("entry_px"),
      .real("mark_px"),
      .real("leverage"),
      .real("unrealized_pnl"),
    ],
    retention: Retention(column: "snapshot_at", keep: .pruneDays, order: .appended))
}
