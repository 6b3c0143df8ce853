extension Table {
  /// Alerts clients asked for.
  public static let walletAlerts = Table(
    "wallet_alerts",
    columns: [
      .automaticID,
      .text("address"),
      .text("alert_type"),
      .real("min_size_usd"),
      .text("coins"),
      .integer("enabled", standard: 1),
      .real("created_at"),
    ],
    holdsClientWords: true)
}
