extension Table {
  /// Closed round trips of profiled wallets; they go with their address.
  public static let walletTrades = Table(
    "wallet_trades",
    columns: [
      .automaticID,
      .text("address"),
      .text("coin"),
      .text("side"),
      .real("entry_px"),
      .real("exit_px").nullable,
      .real("size_usd"),
      .real("pnl_usd"),
      .real("pnl_pct"),
      .real("hold_hours"),
      .real("entry_time"),
      .real("exit_time").nullable,
      .integer("is_win"),
    ],
    indexes: [Index(name: "wallet_trades_by_address", columns: ["address", "exit_time"])])
}
