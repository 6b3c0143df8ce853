/* What a plain C program reaches: the same rows, SQL, pragmas and checkpoints as hynous-bench/StorePolls.swift,
 * through SQLite's C API with prepared statements and static bindings. Prints rows_per_s and a checksum of the
 * result.
 *
 *   cc -O2 -o insert_polls insert_polls.c -lsqlite3
 *   insert_polls FILE POLLS ACCOUNTS BATCH */
#include "yardstick.h"
#include <string.h>

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  long polls = atol(argv[2]), accounts = atol(argv[3]), batch = atol(argv[4]);
  static char coins[200][16];
  for (int i = 0; i < 200; i++) snprintf(coins[i], 16, "COIN%d", i);
  sqlite3 *db;
  check(sqlite3_open_v2(argv[1], &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, 0), 0);
  check(sqlite3_exec(db,
          "PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
          "PRAGMA wal_autocheckpoint=0; PRAGMA journal_size_limit=67108864;"
          "CREATE TABLE positions (address TEXT NOT NULL, coin TEXT NOT NULL, side TEXT NOT NULL DEFAULT '',"
          "  size REAL NOT NULL DEFAULT 0, size_usd REAL NOT NULL DEFAULT 0, entry_px REAL NOT NULL DEFAULT 0,"
          "  mark_px REAL NOT NULL DEFAULT 0, leverage REAL NOT NULL DEFAULT 0, margin_used REAL NOT NULL DEFAULT 0,"
          "  liq_px REAL, unrealized_pnl REAL NOT NULL DEFAULT 0, updated_at REAL NOT NULL DEFAULT 0,"
          "  PRIMARY KEY (address, coin));"
          "CREATE TABLE pnl_snapshots (address TEXT NOT NULL, snapshot_at REAL NOT NULL,"
          "  equity REAL NOT NULL DEFAULT 0, unrealized REAL NOT NULL DEFAULT 0, PRIMARY KEY (address, snapshot_at))",
          0, 0, 0), db);
  int pages = 0;
  sqlite3_wal_hook(db, pages_in_log, &pages);
  sqlite3_stmt *position, *equity, *begin, *commit;
  check(sqlite3_prepare_v3(db,
          "INSERT INTO positions (address, coin, side, size, size_usd, entry_px, mark_px, leverage, margin_used,"
          " liq_px, unrealized_pnl, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"
          " ON CONFLICT (address, coin) DO UPDATE SET side = excluded.side, size = excluded.size,"
          " size_usd = excluded.size_usd, entry_px = excluded.entry_px, mark_px = excluded.mark_px,"
          " leverage = excluded.leverage, margin_used = excluded.margin_used, liq_px = excluded.liq_px,"
          " unrealized_pnl = excluded.unrealized_pnl, updated_at = excluded.updated_at",
          -1, SQLITE_PREPARE_PERSISTENT, &position, 0), db);
  check(sqlite3_prepare_v3(db,
          "INSERT INTO pnl_snapshots (address, snapshot_at, equity, unrealized) VALUES (?1, ?2, ?3, ?4)"
          " ON CONFLICT (address, snapshot_at) DO UPDATE SET equity = excluded.equity,"
          " unrealized = excluded.unrealized",
          -1, SQLITE_PREPARE_PERSISTENT, &equity, 0), db);
  check(sqlite3_prepare_v2(db, "BEGIN IMMEDIATE", -1, &begin, 0), db);
  check(sqlite3_prepare_v2(db, "COMMIT", -1, &commit, 0), db);

  double start = seconds();
  for (long poll = 0; poll < polls; poll++) {
    if (poll % batch == 0) {
      check(sqlite3_step(begin), db);
      sqlite3_reset(begin);
    }
    state = next() % accounts; /* seeded by the poll before: both programs walk the same accounts */
    uint64_t account = state;
    char text[42] = "0x";
    hex(hex(hex(text + 2, account * 0x9E3779B97F4A7C15u, 16), ~account, 16), (uint32_t)account, 8);
    state = account + poll;
    double at = (1700000000000 + poll) / 1000.0, size = poll % 1000 + 1;
    for (int n = 0; n < 2; n++) {
      const char *coin = coins[(account * 7 + n * 31) % 200];
      check(sqlite3_bind_text(position, 1, text, 42, SQLITE_STATIC), db);
      check(sqlite3_bind_text(position, 2, coin, (int)strlen(coin), SQLITE_STATIC), db);
      check(sqlite3_bind_text(position, 3, n ? "short" : "long", n ? 5 : 4, SQLITE_STATIC), db);
      check(sqlite3_bind_double(position, 4, size), db);
      check(sqlite3_bind_double(position, 5, size * 3), db);
      check(sqlite3_bind_double(position, 6, 2.5), db);
      check(sqlite3_bind_double(position, 7, 3), db);
      check(sqlite3_bind_double(position, 8, 10), db);
      check(sqlite3_bind_double(position, 9, size * 0.3), db);
      check(n ? sqlite3_bind_null(position, 10) : sqlite3_bind_double(position, 10, 1.5), db);
      check(sqlite3_bind_double(position, 11, size * 0.5), db);
      check(sqlite3_bind_double(position, 12, at), db);
      check(sqlite3_step(position), db);
      sqlite3_reset(position);
    }
    check(sqlite3_bind_text(equity, 1, text, 42, SQLITE_STATIC), db);
    check(sqlite3_bind_double(equity, 2, at), db);
    check(sqlite3_bind_double(equity, 3, poll % 10000), db);
    check(sqlite3_bind_double(equity, 4, 1.25), db);
    check(sqlite3_step(equity), db);
    sqlite3_reset(equity);
    if ((poll + 1) % batch == 0 || poll + 1 == polls) {
      check(sqlite3_step(commit), db);
      sqlite3_reset(commit);
      if (pages > CHECKPOINT_PAGES) check(sqlite3_wal_checkpoint_v2(db, 0, SQLITE_CHECKPOINT_PASSIVE, 0, 0), db);
    }
  }
  double spent = seconds() - start;

  sqlite3_stmt *sum;
  check(sqlite3_prepare_v2(db,
          "SELECT (SELECT count(*) FROM positions), (SELECT count(*) FROM pnl_snapshots),"
          " (SELECT sum(size_usd) FROM positions), (SELECT sum(equity) FROM pnl_snapshots)", -1, &sum, 0), db);
  check(sqlite3_step(sum), db);
  printf("rows_per_s=%.0f checksum=%lld-%lld-%lld-%lld\n", polls * 3 / spent,
      (long long)sqlite3_column_int64(sum, 0), (long long)sqlite3_column_int64(sum, 1),
      (long long)sqlite3_column_int64(sum, 2), (long long)sqlite3_column_int64(sum, 3));
  sqlite3_finalize(sum);
  sqlite3_finalize(position);
  sqlite3_finalize(equity);
  sqlite3_finalize(begin);
  sqlite3_finalize(commit);
  return sqlite3_close(db) != SQLITE_OK;
}
