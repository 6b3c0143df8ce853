extension Table {
  /// Open interest a client recorded, USD.
  public static let oiHistory = Table(
    "oi_history",
    columns: [
      .text("coin").keyed,
      .real("recorded_at").keyed,
      .real("oi_usd"),
    ],
    retention: Retention(column: "recorded_at", keep: .days(90), order: .appended))
}
