extension Table {
  /// Funding rates a client recorded.
  public static let fundingHistory = Table(
    "funding_history",
    columns: [
      .text("coin").keyed,
      .real("recorded_at").keyed,
      .real("rate"),
    ],
    retention: Retention(column: "recorded_at", keep: .days(90), order: .appended))
}
