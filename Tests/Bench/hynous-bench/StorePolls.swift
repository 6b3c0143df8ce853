import ArgumentParser
import Base
import Market
import Store

/// What polls leave in SQLite, two positions and one equity snapshot each, beside `sqlite/insert_polls.c`: the same
/// rows, SQL, batches and checkpoints.
///
/// Counts making the batches, as the loop does, and applying them, as pool jobs do.
struct StorePolls: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "store-polls")
  /// Pages in the log from which on a checkpoint is due, as in the C program.
  static let checkpointPages = 1_000
  /// The coins, as in the C program.
  static let coins = (0..<200).map { "COIN\($0)" }

  @Argument var file: String
  @Argument var polls: Int
  @Argument var accounts: UInt64
  @Argument(help: "Polls to a batch.") var batch: Int

  func run() throws {
    guard batch > 0, batch * 3 <= Batch.rowsMax, accounts > 0 else {
      throw ValidationError("batch out of range")
    }
    let database = try Database(DatabaseOptions(path: file))
    let began = seconds()
    try write(to: database)
    let spent = seconds() - began
    var limits = StoredLimits()
    limits.positionAge = .seconds(1_000_000_000)
    limits.equityAge = .seconds(1_000_000_000)
    limits.equityMax = .max
    let state = try database.loadAll(limits, now: WallTime(ms: 1_800_000_000_000))
    let sizes = state.positions.reduce(0) { $0 + $1.sizeUsd }
    let equity = state.equity.reduce(0) { $0 + $1.equity }
    print(
      "rows_per_s=\(Int(Double(polls * 3) / spent)) "
        + "checksum=\(state.positions.count)-\(state.equity.count)-\(Int64(sizes))-\(Int64(equity))")
    try database.close()
  }

  private func write(to database: Database) throws {
    var pending = Batch()
    var state: UInt64 = 0
    for poll in 0..<polls {
      var random = PRNG(seed: state)
      let account = random.next() % accounts
      state = account &+ UInt64(poll)
      add(poll, of: account, to: &pending)
      if pending.count == batch * 3 || poll + 1 == polls {
        if try database.apply(pending).logPages > StorePolls.checkpointPages { _ = try database.checkpoint() }
        pending.removeAll()
      }
    }
  }

  private func add(_ poll: Int, of account: UInt64, to pending: inout Batch) {
    let address = StoreWorld.address(account)
    let at = WallTime(ms: 1_700_000_000_000 + Int64(poll))
    for n in 0..<2 as Range<UInt64> {
      let size = Double(poll % 1_000 + 1)
      pending.add(
        PositionRow(
          address: address, coin: StorePolls.coins[Int((account &* 7 &+ n &* 31) % 200)], isLong: n == 0,
          size: size, sizeUsd: size * 3, entryPx: 2.5, markPx: 3, leverage: 10, marginUsed: size * 0.3,
          liqPx: n == 0 ? 1.5 : nil, unrealizedPnl: size * 0.5, updatedAt: at))
    }
    pending.add(EquitySnapshot(address: address, at: at, equity: Double(poll % 10_000), unrealized: 1.25))
  }
}
