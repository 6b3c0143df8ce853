extension Table {
  /// Volumes a client recorded, USD.
  public static let volumeHistory = Table(
    "volume_history",
    columns: [
      .text("coin").keyed,
      .real("recorded_at").keyed,
      .real("volume_usd"),
    ],
    retention: Retention(column: "recorded_at", keep: .days(90), order: .appended))
}
