extension Table {
  /// Wallets a client or auto-curation asked to follow.
  public static let watchedWallets = Table(
    "watched_wallets",
    columns: [
      .text("address").keyed,
      .text("label"),
      .real("added_at"),
      .integer("is_active", standard: 1),
      .text("notes"),
      .text("tags"),
    ],
    holdsClientWords: true)
}
