import ArgumentParser
import Base
import Market
import Store

/// Rows/s into SQLite, beside `sqlite/insert_rows.c`: the same rows, SQL, batches and checkpoints.
///
/// Counts making the batches, as the loop does, and applying them, as pool jobs do; then a warm start's load.
struct StoreRows: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "store-rows")
  /// Pages in the log from which on a checkpoint is due, as in the C program.
  static let checkpointPages = 1_000

  @Argument var file: String
  @Argument var rows: Int
  @Argument var accounts: UInt64
  @Argument var batch: Int

  func run() throws {
    guard batch > 0, batch <= Batch.rowsMax, accounts > 0 else { throw ValidationError("batch out of range") }
    let database = try Database(DatabaseOptions(path: file))
    let began = seconds()
    try write(to: database)
    let written = seconds()
    var (count, trades, lastSeen) = (0, 0 as Int64, 0.0)
    _ = try database.loadAddresses(limit: .max) {
      count += 1
      trades += $0.tradeCount
      lastSeen += Double($0.lastSeen.ms)
    }
    let loaded = seconds()
    let rates = [Double(rows) / (written - began), Double(count) / (loaded - written)].map { Int($0) }
    print(
      "rows_per_s=\(rates[0]) loads_per_s=\(rates[1]) checksum=\(count)-\(trades)-\(Int64(lastSeen))")
    try database.close()
  }

  private func write(to database: Database) throws {
    var pending = Batch()
    var state: UInt64 = 0
    for row in 0..<rows {
      var random = PRNG(seed: state)
      let account = random.next() % accounts
      state = account &+ UInt64(row)
      pending.add(
        AddressSighting(
          address: Address(
            a: account &* 0x9e37_79b9_7f4a_7c15, b: ~account, c: UInt32(truncatingIfNeeded: account)),
          firstSeen: WallTime(ms: 1_700_000_000_000 + Int64(row)),
          lastSeen: WallTime(ms: 1_700_000_000_500 + Int64(row)), trades: Int64(1 + row % 3)))
      if pending.count == batch || row + 1 == rows {
        if try database.apply(pending).logPages > StoreRows.checkpointPages { _ = try database.checkpoint() }
        pending.removeAll()
      }
    }
  }
}
