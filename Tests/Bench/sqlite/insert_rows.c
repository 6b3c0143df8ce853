/* What a plain C program reaches: the same rows, SQL, pragmas and checkpoints as hynous-bench/StoreRows.swift,
 * through SQLite's C API with prepared statements and static bindings. Prints rows_per_s and a checksum of the
 * result.
 *
 *   cc -O2 -o insert_rows insert_rows.c -lsqlite3
 *   insert_rows FILE ROWS ACCOUNTS BATCH */
#include "yardstick.h"

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  long rows = atol(argv[2]), accounts = atol(argv[3]), batch = atol(argv[4]);
  sqlite3 *db;
  check(sqlite3_open_v2(argv[1], &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, 0), 0);
  check(sqlite3_exec(db,
          "PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
          "PRAGMA wal_autocheckpoint=0; PRAGMA journal_size_limit=67108864;"
          "CREATE TABLE addresses (address TEXT NOT NULL, first_seen REAL NOT NULL DEFAULT 0,"
          "  last_seen REAL NOT NULL DEFAULT 0, trade_count INTEGER NOT NULL DEFAULT 0, last_polled REAL,"
          "  tier INTEGER NOT NULL DEFAULT 3, total_size_usd REAL NOT NULL DEFAULT 0, PRIMARY KEY (address))",
          0, 0, 0), db);
  int pages = 0;
  sqlite3_wal_hook(db, pages_in_log, &pages);
  sqlite3_stmt *upsert, *begin, *commit;
  check(sqlite3_prepare_v3(db,
          "INSERT INTO addresses (address, first_seen, last_seen, trade_count, tier, total_size_usd)"
          " VALUES (?1, ?2, ?3, ?4, 3, 0) ON CONFLICT (address) DO UPDATE SET"
          " first_seen = min(first_seen, excluded.first_seen), last_seen = max(last_seen, excluded.last_seen),"
          " trade_count = trade_count + excluded.trade_count",
          -1, SQLITE_PREPARE_PERSISTENT, &upsert, 0), db);
  check(sqlite3_prepare_v2(db, "BEGIN IMMEDIATE", -1, &begin, 0), db);
  check(sqlite3_prepare_v2(db, "COMMIT", -1, &commit, 0), db);

  double start = seconds();
  for (long row = 0; row < rows; row++) {
    if (row % batch == 0) {
      check(sqlite3_step(begin), db);
      sqlite3_reset(begin);
    }
    state = next() % accounts; /* seeded by the row before: both programs walk the same accounts */
    uint64_t account = state;
    char text[42] = "0x";
    hex(hex(hex(text + 2, account * 0x9E3779B97F4A7C15u, 16), ~account, 16), (uint32_t)account, 8);
    state = account + row;
    check(sqlite3_bind_text(upsert, 1, text, 42, SQLITE_STATIC), db);
    check(sqlite3_bind_double(upsert, 2, (1700000000000 + row) / 1000.0), db);
    check(sqlite3_bind_double(upsert, 3, (1700000000500 + row) / 1000.0), db);
    check(sqlite3_bind_int64(upsert, 4, 1 + row % 3), db);
    check(sqlite3_step(upsert), db);
    sqlite3_reset(upsert);
    if ((row + 1) % batch == 0 || row + 1 == rows) {
      check(sqlite3_step(commit), db);
      sqlite3_reset(commit);
      if (pages > CHECKPOINT_PAGES) check(sqlite3_wal_checkpoint_v2(db, 0, SQLITE_CHECKPOINT_PASSIVE, 0, 0), db);
    }
  }
  double spent = seconds() - start;

  sqlite3_stmt *sum;
  check(sqlite3_prepare_v2(db, "SELECT count(*), sum(trade_count), sum(last_seen * 1000) FROM addresses", -1, &sum, 0), db);
  check(sqlite3_step(sum), db);
  printf("rows_per_s=%.0f checksum=%lld-%lld-%.0f\n", rows / spent, (long long)sqlite3_column_int64(sum, 0),
      (long long)sqlite3_column_int64(sum, 1), sqlite3_column_double(sum, 2));
  sqlite3_finalize(sum);
  sqlite3_finalize(upsert);
  sqlite3_finalize(begin);
  sqlite3_finalize(commit);
  return sqlite3_close(db) != SQLITE_OK;
}
