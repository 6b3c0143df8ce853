extension Table {
  /// Every account seen trading. A watched wallet is kept however long it is silent.
  public static let addresses = Table(
    "addresses",
    columns: [
      .text("address").keyed,
      .real("first_seen"),
      .real("last_seen"),
      .integer("trade_count"),
      .real("last_polled").nullable,
      .integer("tier", standard: 3),
      .real("total_size_usd"),
    ],
    retention: Retention(
      column: "last_seen", keep: .days(30), order: .renewed,
      condition: """
        tier = 3 AND NOT EXISTS (SELECT 1 FROM watched_wallets \
        WHERE watched_wallets.address = addresses.address AND is_active <> 0)
        """,
      dependents: ["wallet_trades", "wallet_profiles"]))
}
