// The file's shape, column by column, as readers outside this program know it.
import Testing

@testable import Store

@Suite struct SchemaTests {
  @Test func aNewFileHasTheContractsShape() throws {
    let scratch = try Scratch()
    let database = try scratch.open()
    #expect(database.report == OpenReport(isNew: true))
    try database.close()
    #expect(try shape(scratch.file) == golden)
    #expect(Table.all.map(\.name) == golden.map { String($0.prefix { $0 != "(" }) })
  }

  @Test func aNewFileIsWalAndGivesPagesBack() throws {
    let scratch = try Scratch()
    let database = try scratch.open()
    #expect(try rows(scratch.file, "PRAGMA journal_mode") == ["wal"])
    #expect(try rows(scratch.file, "PRAGMA auto_vacuum") == ["2"])
    #expect(try rows(scratch.file, "SELECT value FROM metadata WHERE key = 'schema_version'") == ["2"])
    #expect(try database.metadata("schema_version") == "2")
    try database.close()
    // Closing leaves one file: everything is in it.
    #expect(Scratch.list(scratch.path) == ["data.db"])
  }

  @Test func indexesAreTheOnesDeclared() throws {
    let scratch = try Scratch()
    try scratch.open().close()
    let found = try rows(
      scratch.file, "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL ORDER BY name")
    #expect(found == Table.all.flatMap(\.indexes).map(\.name).sorted())
  }

  @Test func openingAgainChangesNothing() throws {
    let scratch = try Scratch()
    try scratch.open().close()
    let before = try contents(scratch.file)
    let again = try scratch.open()
    #expect(again.report == OpenReport.unchanged)
    try again.close()
    #expect(try contents(scratch.file) == before)
  }
}

/// Each table as `name(column TYPE [not null] [=standard] [key n], …)`, in the order of the contract.
func shape(_ file: String) throws -> [String] {
  try Table.all.map { table in
    let columns = try rows(
      file,
      """
      SELECT name || ' ' || type || iif("notnull", '', '?') || iif(dflt_value IS NULL, '', ' =' || dflt_value)
        || iif(pk, ' key' || pk, '')
      FROM pragma_table_info('\(table.name)') ORDER BY cid
      """)
    return "\(table.name)(\(columns.joined(separator: ", ")))"
  }
}

/// `?` allows NULL. An automatic id is declared without NOT NULL, yet SQLite never stores NULL in it.
private let golden = """
  addresses(address TEXT key1, first_seen REAL =0, last_seen REAL =0, trade_count INTEGER =0, \
  last_polled REAL?, tier INTEGER =3, total_size_usd REAL =0)
  positions(address TEXT key1, coin TEXT key2, side TEXT ='', size REAL =0, size_usd REAL =0, \
  entry_px REAL =0, mark_px REAL =0, leverage REAL =0, margin_used REAL =0, liq_px REAL?, \
  unrealized_pnl REAL =0, updated_at REAL =0)
  hlp_snapshots(vault_address TEXT key1, coin TEXT key2, snapshot_at REAL key3, side TEXT ='', size REAL =0, \
  size_usd REAL =0, entry_px REAL =0, mark_px REAL =0, leverage REAL =0, unrealized_pnl REAL =0)
  pnl_snapshots(address TEXT key1, snapshot_at REAL key2, equity REAL =0, unrealized REAL =0)
  metadata(key TEXT key1, value TEXT ='')
  watched_wallets(address TEXT key1, label TEXT ='', added_at REAL =0, is_active INTEGER =1, notes TEXT ='', \
  tags TEXT ='')
  wallet_profiles(address TEXT key1, computed_at REAL =0, win_rate REAL =0, trade_count INTEGER =0, \
  profit_factor REAL =0, avg_hold_hours REAL =0, avg_pnl_pct REAL =0, max_drawdown REAL =0, style TEXT ='', \
  is_bot INTEGER =0, equity REAL =0, window_days INTEGER =7, complete_from REAL?, trades_per_day REAL =0, \
  gaps INTEGER =0)
  wallet_trades(id INTEGER? key1, address TEXT ='', coin TEXT ='', side TEXT ='', entry_px REAL =0, \
  exit_px REAL?, size_usd REAL =0, pnl_usd REAL =0, pnl_pct REAL =0, hold_hours REAL =0, entry_time REAL =0, \
  exit_time REAL?, is_win INTEGER =0)
  position_changes(id INTEGER? key1, address TEXT ='', coin TEXT ='', action TEXT ='', side TEXT ='', \
  size_usd REAL =0, price REAL =0, detected_at REAL =0)
  wallet_alerts(id INTEGER? key1, address TEXT ='', alert_type TEXT ='', min_size_usd REAL =0, \
  coins TEXT ='', enabled INTEGER =1, created_at REAL =0)
  funding_history(coin TEXT key1, recorded_at REAL key2, rate REAL =0)
  oi_history(coin TEXT key1, recorded_at REAL key2, oi_usd REAL =0)
  volume_history(coin TEXT key1, recorded_at REAL key2, volume_usd REAL =0)
  liquidation_events(id INTEGER? key1, coin TEXT ='', occurred_at REAL =0, side TEXT ='', size_usd REAL =0, \
  price REAL =0, address TEXT?)
  """.split(separator: "\n").map(String.init)
