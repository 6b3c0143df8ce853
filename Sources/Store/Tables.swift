extension Table {
  /// Every table of the file, in the order they are made and swept; a test fails on one missing here.
  public static let all: [Table] = [
    .addresses,
    .positions,
    .hlpSnapshots,
    .pnlSnapshots,
    .metadata,
    .watchedWallets,
    .walletProfiles,
    .walletTrades,
    .positionChanges,
    .walletAlerts,
    .fundingHistory,
    .oiHistory,
    .volumeHistory,
    .liquidationEvents,
  ]
}
