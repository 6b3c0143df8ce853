extension Write {
  /// Every write, prepared when a file is opened so that a file it does not fit is refused then, not later; a
  /// test fails on one missing here.
  public static let all: [Write] = [
    .addressSighting,
    .accountPoll,
    .metadata,
    .position,
    .closedPosition,
    .equitySnapshot,
    .hlpSnapshot,
    .positionChange,
    .watchedWallet,
    .unwatchedWallet,
    .watchedWalletPatch,
    .walletProfile,
    .noWalletTrades,
    .walletTrade,
    .walletAlert,
    .removedAlert,
    .fundingPoint,
    .oiPoint,
    .volumePoint,
    .liquidationEvent,
  ]
}
