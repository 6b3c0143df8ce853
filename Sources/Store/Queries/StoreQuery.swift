public import Market

/// A question to the file beyond what memory keeps, asked by a pool job.
public enum StoreQuery: Hashable, Sendable {
  /// The closed trades of a wallet, the newest exit first, at most `limit`.
  case walletTrades(Address, limit: Int)
}

/// The answer to a `StoreQuery`.
public enum StoreAnswer: Hashable, Sendable {
  /// The closed trades of a wallet, the newest exit first.
  case walletTrades(Address, [WalletTrade])
}
