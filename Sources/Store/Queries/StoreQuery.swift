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

extension Database {
  /// Answers a query on the reading connection.
  public func answer(_ query: StoreQuery) throws(StoreError) -> StoreAnswer {
    switch query {
    case .walletTrades(let address, let limit):
      .walletTrades(address, try walletTrades(of: address, limit: limit))
    }
  }

  private func walletTrades(of address: Address, limit: Int) throws(StoreError) -> [WalletTrade] {
    try read { (connection) throws(StoreError) in
      let statement = try connection.prepare(
        "SELECT coin, side, entry_px, exit_px, size_usd, pnl_usd, pnl_pct, hold_hours, entry_time, exit_time, "
          + "is_win FROM wallet_trades WHERE address = ?1 ORDER BY exit_time DESC, id DESC LIMIT ?2")
      try statement.bind(address, at: 1)
      try statement.bind(Int64(max(0, limit)), at: 2)
      var trades: [WalletTrade] = []
      while try statement.step() {
        trades.append(
          WalletTrade(
            address: address, coin: statement.text(0) ?? "", isLong: statement.isLong(1),
            entryPx: statement.real(2), exitPx: statement.realOrNil(3), sizeUsd: statement.real(4),
            pnlUsd: statement.real(5), pnlPct: statement.real(6), holdHours: statement.real(7),
            entryTime: statement.time(8), exitTime: statement.isNull(9) ? nil : statement.time(9),
            isWin: statement.integer(10) != 0))
      }
      return trades
    }
  }
}
