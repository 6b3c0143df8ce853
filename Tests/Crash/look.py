"""What kills.py looks for in the files a killed daemon left: in a copy, so that the daemon itself recovers its own."""
import os
import shutil
import sqlite3

TABLES = {"funding": ("funding_history", "rate"), "oi": ("oi_history", "oi_usd"),
          "volume": ("volume_history", "volume_usd")}


def copy(path, folder):
    """A copy of the file and its log; None when there is none yet."""
    if not os.path.exists(path):
        return None
    target = os.path.join(folder, "copy.db")
    for suffix in ("", "-wal", "-shm"):
        if os.path.exists(target + suffix):
            os.remove(target + suffix)
    for suffix in ("", "-wal"):
        if os.path.exists(path + suffix):
            shutil.copyfile(path + suffix, target + suffix)
    return sqlite3.connect(target, timeout=10)


def has_tables(database):
    return database.execute("SELECT count(*) FROM sqlite_schema WHERE type = 'table'").fetchone()[0] >= 14


def integrity(database):
    verdict = database.execute("PRAGMA integrity_check").fetchone()[0]
    return [] if verdict == "ok" else ["integrity_check: %s" % verdict]


def words(database, promises):
    """Every acknowledged write with its last value; what was never answered is there whole or not at all."""
    problems = list(promises.complaints)
    rows = dict((row[0], row[1:]) for row in database.execute(
        "SELECT address, is_active, label, notes, tags FROM watched_wallets"))
    for address, wallet in promises.wallets.items():
        found = rows.get(address)
        if found not in wallet.allowed:
            problems.append("wallet %s is %r, acknowledged was %r" % (address, found, wallet.allowed))
        wallet.allowed = [found]
    alerts = dict((row[0], row[1:]) for row in database.execute(
        "SELECT id, address, min_size_usd, coins FROM wallet_alerts"))
    for number, value in promises.alerts.items():
        if alerts.get(number) != value[:3]:
            problems.append("alert %d is %r, acknowledged was %r" % (number, alerts.get(number), value))
    problems += ["alert %d was removed and is there" % number for number in promises.removed & set(alerts)]
    return problems + records(database, promises)


def records(database, promises):
    problems, found = [], {}
    for series, (table, column) in TABLES.items():
        for coin, value in database.execute("SELECT coin, %s FROM %s" % (column, table)):
            found.setdefault((series, coin[:coin.rindex(".") + 1]), {})[coin] = value
    for key, values in promises.records.items():
        if found.get(key) != values:
            problems.append("record %s %s: %d of %d values" % (key + (len(found.get(key, {})), len(values))))
    for pending in promises.maybe_records:
        if pending and found.get(pending[:2], pending[2]) != pending[2]:
            problems.append("record %s %s is there in part" % pending[:2])
    promises.maybe_records = []
    return problems


def derived(database, reader, killed_at, bound, base):
    """What was shown more than `bound` before the kill and is gone; the greatest age of anything shown and gone.

    `base` is what the file held before: accounts seen trading and their trades. (Accounts that are only watched have no
    row before their first poll; what was told of them is looked at in `words`.)
    """
    positions = dict(((a, c), at) for a, c, at in database.execute("SELECT address, coin, updated_at FROM positions"))
    polls = dict(database.execute("SELECT address, last_polled FROM addresses"))
    snapshots = set((a, round(at * 1000)) for a, at in database.execute(
        "SELECT address, snapshot_at FROM pnl_snapshots WHERE snapshot_at > ?", (killed_at - 120,)))
    problems, worst, seen = [], 0.0, 0

    def lost(at, text):
        nonlocal worst
        age = killed_at - at
        worst = max(worst, age)
        if age > bound:
            problems.append("%.2f s before the kill shown and gone: %s" % (age, text))

    for (address, coin), times in list(reader.shown.items()):
        newest = max((at for at in times if at < killed_at - bound), default=None)
        for at in times:
            seen += 1
            if (address, round(at * 1000)) not in snapshots and at > killed_at - 110:
                lost(at, "equity of %s" % address)
            # A later poll renewed the position or found it closed.
            later = positions.get((address, coin)) or polls.get(address) or 0
            if later < at - 0.002:
                lost(at, "position of %s in %s" % (address, coin))
        seen += newest is not None
    now = database.execute(
        "SELECT count(*), coalesce(sum(trade_count), 0) FROM addresses WHERE trade_count > 0").fetchone()
    accounts, sightings = now[0] - base[0], now[1] - base[1]
    for at, discovered in reader.accounts:
        if accounts < discovered:
            lost(at, "%d accounts discovered, %d are there" % (discovered, accounts))
    for at, trades in reader.trades:
        if sightings < 2 * trades:
            lost(at, "%d trades, %d sightings are there" % (trades, sightings))
    return problems, worst, seen, now


def check_answers(answers, promises):
    """The daemon's own answers after its restart: the watch list and the active alerts say what was acknowledged."""
    problems = []
    shown = dict((row["address"], (row["label"], row["notes"], row["tags"])) for row in answers["watchlist"]["wallets"])
    for address, wallet in promises.wallets.items():
        state = wallet.allowed[0]
        wanted = state[1:] if state and state[0] else None
        if shown.get(address) != wanted:
            problems.append("after the restart wallet %s is %r, not %r" % (address, shown.get(address), wanted))
    ids = set(row["id"] for row in answers["alerts"]["alerts"])
    problems += ["after the restart alert %d is missing" % n for n in promises.alerts if n not in ids]
    problems += ["after the restart alert %d is there again" % n for n in promises.removed & ids]
    return problems
