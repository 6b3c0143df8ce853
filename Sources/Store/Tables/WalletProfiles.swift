extension Table {
  /// How each profiled wallet trades; goes with its address. Clients may have any wallet profiled: one that was
  /// never seen trading and is not watched goes when its profile is as old as a silent address.
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
    ],
    retention: Retention(
      column: "computed_at", keep: .days(30), order: .renewed,
      condition: """
        NOT EXISTS (SELECT 1 FROM addresses WHERE addresses.address = wallet_profiles.address) \
        AND NOT EXISTS (SELECT 1 FROM watched_wallets \
        WHERE watched_wallets.address = wallet_profiles.address AND is_active <> 0)
        """,
      dependents: ["wallet_trades"]))
}
