"""The files kills.py starts daemons on: empty, large, full of old rows, and of the service this daemon replaces."""
import hashlib
import os
import signal
import sqlite3
import time

OLD_ROWS = 60_000


def make_empty(binary, environment, path, start):
    """A file as the daemon makes it, closed in order."""
    daemon, _ = start(
        [binary + "/hynous-data", "run", "--config", os.devnull], environment, r"listening address=127\.0\.0\.1:(\d+)", [])
    until = time.time() + 20
    while time.time() < until and not (os.path.exists(path) and os.path.getsize(path + "-wal") > 0
                                       if os.path.exists(path + "-wal") else False):
        time.sleep(0.02)
    time.sleep(0.5)
    daemon.send_signal(signal.SIGTERM)
    daemon.wait()


def address(number, salt):
    return "0x" + hashlib.sha256(b"%s %d" % (salt, number)).hexdigest()[:40]


def make_large(binary, environment, path, start):
    """Enough for a warm start of some tenths of a second: 60,000 accounts, 100,000 positions, 200,000 snapshots."""
    make_empty(binary, environment, path, start)
    database = sqlite3.connect(path)
    now = time.time()
    people = [address(number, b"large") for number in range(60_000)]
    with database:
        database.executemany(
            "INSERT OR IGNORE INTO addresses (address, first_seen, last_seen, trade_count, tier, last_polled) "
            "VALUES (?, ?, ?, 3, 3, ?)", ((a, now - 9000, now - 60, now - 30) for a in people))
        database.executemany(
            "INSERT OR IGNORE INTO positions (address, coin, side, size, size_usd, entry_px, mark_px, leverage, "
            "margin_used, liq_px, unrealized_pnl, updated_at) VALUES (?, ?, 'long', 1, 50000, 49000, 50000, 5, 10000, "
            "40000, 1000, ?)", ((a, c, now - 30) for a in people[:50_000] for c in ("BTC", "ETH")))
        database.executemany(
            "INSERT OR IGNORE INTO pnl_snapshots (address, snapshot_at, equity, unrealized) VALUES (?, ?, 1000, 1)",
            ((people[n % 60_000], now - 80_000 + n / 3) for n in range(200_000)))
    database.close()


def add_old_rows(path):
    """Rows older than retention keeps, between the kills: `OLD_ROWS` of them."""
    database = sqlite3.connect(path)
    old = time.time() - 20 * 86_400
    have = old_rows(database)
    with database:
        database.executemany(
            "INSERT OR IGNORE INTO pnl_snapshots (address, snapshot_at, equity, unrealized) VALUES (?, ?, 1, 1)",
            ((address(n, b"old"), old + n / 100) for n in range(have, OLD_ROWS)))
    database.close()


def old_rows(database):
    return database.execute(
        "SELECT count(*) FROM pnl_snapshots WHERE snapshot_at < ?", (time.time() - 19 * 86_400,)).fetchone()[0]


def wait_for_sweep(path, seconds):
    """Returns when old rows begin to go."""
    until = time.time() + seconds
    database = sqlite3.connect("file:%s?mode=ro" % path, uri=True, timeout=5)
    first = old_rows(database)
    while time.time() < until and old_rows(database) == first:
        time.sleep(0.2)
    database.close()


# An early shape of the file of the service this daemon replaces: columns and tables are missing.
ORIGINAL = """
PRAGMA journal_mode=WAL;
CREATE TABLE metadata (key TEXT PRIMARY KEY, value TEXT);
INSERT INTO metadata VALUES ('schema_version', '1');
CREATE TABLE addresses (address TEXT PRIMARY KEY, first_seen REAL NOT NULL, last_seen REAL NOT NULL,
  tier INTEGER DEFAULT 3, trade_count INTEGER DEFAULT 0, last_polled REAL);
CREATE INDEX idx_addresses_tier ON addresses (tier, last_polled);
CREATE TABLE watched_wallets (address TEXT PRIMARY KEY, label TEXT DEFAULT '', added_at REAL NOT NULL,
  is_active INTEGER DEFAULT 1);
CREATE TABLE wallet_trades (id INTEGER PRIMARY KEY AUTOINCREMENT, address TEXT, coin TEXT, side TEXT, entry_px REAL,
  exit_px REAL, size_usd REAL, pnl_usd REAL, pnl_pct REAL, hold_hours REAL, entry_time REAL, exit_time REAL,
  is_win INTEGER);
"""


def make_original(path, chance):
    """A file of the original; answers digests of its tables' rows."""
    database = sqlite3.connect(path)
    database.executescript(ORIGINAL)
    now = time.time()
    with database:
        database.executemany("INSERT INTO addresses VALUES (?, ?, ?, 3, 5, ?)", (
            (address(n, b"old service"), now - 5000, now - 50, now - 40) for n in range(20_000)))
        database.executemany("INSERT INTO watched_wallets VALUES (?, ?, ?, ?)", (
            (address(n, b"old service"), "label %d" % n, now - n, n % 5 > 0) for n in range(300)))
        database.executemany(
            "INSERT INTO wallet_trades (address, coin, side, entry_px, exit_px, size_usd, pnl_usd, pnl_pct, hold_hours, "
            "entry_time, exit_time, is_win) VALUES (?, 'BTC', 'long', 1, 2, 3, 4, 5, 6, ?, ?, 1)",
            ((address(n % 20_000, b"old service"), now - n, now - n / 2) for n in range(150_000)))
    found = digests(database)
    database.close()
    if chance.random() < 0.3:
        # Some files come from a service that never used a log.
        database = sqlite3.connect(path)
        database.execute("PRAGMA journal_mode=DELETE")
        database.close()
    return found


def digests(database):
    # Only the wallets of the file: clients watch others. Trades seen since renew counts, never keys.
    return [
        database.execute("SELECT count(*), min(first_seen) FROM addresses WHERE first_seen < ?",
                         (time.time() - 4000,)).fetchone(),
        hashlib.sha256(repr(database.execute(
            "SELECT address, label, added_at, is_active FROM watched_wallets WHERE label LIKE 'label %' "
            "ORDER BY address").fetchall()).encode()).hexdigest(),
        database.execute("SELECT count(*), sum(id), sum(exit_time - entry_time) FROM wallet_trades").fetchone()]


def check_original(database, before):
    """Which state the kill left the file in, and what is missing of the original's rows."""
    version = database.execute("SELECT value FROM metadata WHERE key = 'schema_version'").fetchone()
    columns = [row[1] for row in database.execute("PRAGMA table_info(watched_wallets)")]
    tables = database.execute("SELECT count(*) FROM sqlite_schema WHERE type = 'table'").fetchone()[0]
    is_done = version == ("2",)
    problems = []
    if is_done != ("notes" in columns) or is_done != (tables >= 14):
        problems.append("the migration is there in part: version %s, %d tables, %s" % (version, tables, columns))
    if digests(database) != before:
        problems.append("rows of the original changed: %r, were %r" % (digests(database), before))
    return "migrated" if is_done else "as it was", problems
