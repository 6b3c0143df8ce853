extension Table {
  /// How each profiled wallet trades; goes with its address.
  public static let walletProfiles = Table(
    "wallet_profiles",
    columns: [
      .text("address").keyed,
      .real("computed_at"),
      .real("win_rate"),
      .integer("trade_count"),
      .real("profit_factor"),
      .real("avg_hold_hours"),
      .real("avg_pnl_pct"),
      .real("max_drawdown"),
      .text("style"),
      .integer("is_bot"),
      .real("equity"),
      // Ours. Profiles of the original cover its standard window.
      .integer("window_days", standard: 7),
      .real("complete_from").nullable,
      .real("trades_per_day"),
      .integer("gaps"),
    ])
}
