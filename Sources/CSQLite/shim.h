// What SQLite offers only through variable arguments or casting macros, for Swift to call. No logic.
#pragma once
#include <sqlite3.h>

/// An extended result code: a shift, which does not import.
static const int CSQLITE_IOERR_NOMEM = SQLITE_IOERR_NOMEM;

/// Refuses SQL that could corrupt the file on purpose (writable_schema, shadow tables).
static inline int csqlite_defensive(sqlite3 *db) {
  return sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)0);
}

/// Whether closing the last connection leaves the write-ahead log as it is.
static inline int csqlite_keep_log(sqlite3 *db, int isKept) {
  return sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, isKept, (int *)0);
}

/// SQLITE_TRANSIENT is a cast of -1 to a function pointer, which does not import.
static inline int csqlite_bind_text(sqlite3_stmt *statement, int index, const char *text, sqlite3_uint64 bytes) {
  return sqlite3_bind_text64(statement, index, text, bytes, SQLITE_TRANSIENT, SQLITE_UTF8);
}
