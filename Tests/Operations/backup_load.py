#!/usr/bin/env python3
"""Backs a large database up while the daemon takes writes, and measures what the daemon and its clients notice.

backup_load.py [MIB] [CLIENTS]     500 MiB and 4 writing clients unless told otherwise; status 1 when a promise was broken

Fills a database with closed trades, starts the simulated exchange and the daemon on it, and has clients write (each
write is answered when it is on disk): ten seconds alone, then while `hynous-data backup` runs, then ten seconds alone
again. Held against the copy: every write acknowledged before the backup began is in it, and integrity_check passes.
Printed: how long the copy took, latencies of acknowledged writes in the three phases, the largest write-ahead log.
HYNOUS_BIN names the folder of the binaries (by default .build/release); needs nothing but Python 3 and room for twice
the database.
"""
import http.client
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ.get("HYNOUS_BIN", os.path.join(ROOT, ".build/release"))
PHASE_S = 10.0
# Wallets of a client: watched once, then labelled anew again and again. The watch list has a bound.
WALLETS = 500


def start(name, arguments, environment, pattern):
    process = subprocess.Popen(
        [os.path.join(BIN, name)] + arguments, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, errors="replace")
    for line in process.stdout:
        found = re.search(pattern, line)
        if found:
            # Whoever does not read its log would stop it in the end.
            threading.Thread(target=process.stdout.read, daemon=True).start()
            return process, int(found.group(1))
    sys.exit("%s did not start" % name)


def fill(path, mib):
    """Rows of closed trades until the file has the size; the daemon reads them only when asked for a wallet."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=OFF")
    wanted = mib << 20
    base = 0
    while connection.execute("PRAGMA page_count").fetchone()[0] * 4096 < wanted:
        with connection:
            connection.executemany(
                "INSERT INTO wallet_trades (address,coin,side,entry_px,exit_px,size_usd,pnl_usd,pnl_pct,hold_hours,"
                "entry_time,exit_time,is_win) VALUES (?,'BTC','long',100.5,101.5,5000.0,50.0,1.0,2.5,?,?,1)",
                (("0x%040x" % (n % 5000), 1.7e9 + n, 1.7e9 + n + 9000) for n in range(base, base + 100_000)))
        base += 100_000
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


class Writers:
    """Clients that watch wallets, then change their labels, and note when each write was acknowledged."""

    def __init__(self, port, clients):
        self.acknowledged = []
        self.errors = []
        self.isOver = False
        self.threads = [threading.Thread(target=self.write, args=(port, n)) for n in range(clients)]
        for thread in self.threads:
            thread.start()

    def write(self, port, client):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        count = 0
        while not self.isOver:
            wallet = "0x%08x%032x" % (client + 1, count % WALLETS)
            method, path, body = "POST", "/v1/smart-money/watch", {"address": wallet, "label": str(count)}
            if count >= WALLETS:
                method, path, body = "PATCH", path + "/" + wallet, {"label": str(count)}
            begun = time.monotonic()
            connection.request(method, path, json.dumps(body), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            ended = time.monotonic()
            if answer.status == 200:
                self.acknowledged.append((begun, ended, wallet, count))
            else:
                self.errors.append((ended, answer.status))
            count += 1
            time.sleep(0.005)

    def end(self):
        self.isOver = True
        for thread in self.threads:
            thread.join()


def told(name, rows):
    latencies = sorted(1000 * (end - begin) for begin, end, _, _ in rows)
    pick = lambda share: latencies[min(len(latencies) - 1, int(share * len(latencies)))]
    print("%-8s %6d writes acknowledged, p50 %.1f ms, p99 %.1f ms, longest %.1f ms" % (
        name, len(rows), pick(0.5), pick(0.99), latencies[-1]))


def main():
    mib = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    clients = int(sys.argv[2]) if len(sys.argv) > 2 else 4
    folder = tempfile.mkdtemp(prefix="hynous-backup-")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("HYNOUS_") or k == "HYNOUS_BIN"}
    database = os.path.join(folder, "data.db")
    exchange, port = start("hynous-sim", ["--port", "0", "--accounts", "500"], environment, r"ready.*127\.0\.0\.1:(\d+)")
    environment.update({
        "HYNOUS_HYPERLIQUID_REST_URL": "http://127.0.0.1:%d" % port, "HYNOUS_SERVER_PORT": "0",
        "HYNOUS_HYPERLIQUID_WS_URL": "ws://127.0.0.1:%d/ws" % port, "HYNOUS_DB_PATH": database,
    })
    config = os.path.join(ROOT, "config/default.yaml")
    command = ["run", "--config", config]
    try:
        # Once for the tables, then filled, then in earnest.
        daemon, _ = start("hynous-data", command, environment, r"msg=\"database open\" new=(?:true|false) addresses=(\d+)")
        daemon.terminate()
        daemon.wait()
        fill(database, mib)
        print("database of %d MiB, %d writing clients" % (os.path.getsize(database) >> 20, clients))
        daemon, api = start("hynous-data", command, environment, r"msg=listening address=127\.0\.0\.1:(\d+)")
        status = measure(folder, database, config, api, clients)
        daemon.terminate()
        daemon.wait()
    finally:
        exchange.kill()
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(status)


def measure(folder, database, config, api, clients):
    time.sleep(3)
    writers = Writers(api, clients)
    time.sleep(PHASE_S)
    copy = os.path.join(folder, "copy.db")
    begun = time.monotonic()
    backup = subprocess.Popen(
        [os.path.join(BIN, "hynous-data"), "backup", copy, "--config", config, "--db", database],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    log = 0
    while backup.poll() is None:
        log = max(log, os.path.getsize(database + "-wal"))
        time.sleep(0.02)
    ended = time.monotonic()
    time.sleep(PHASE_S)
    writers.end()
    before = [row for row in writers.acknowledged if row[1] < begun]
    during = [row for row in writers.acknowledged if begun <= row[1] < ended]
    print("backup   %.1f s with integrity_check, status %d, log at most %d KiB" % (
        ended - begun, backup.returncode, log >> 10))
    told("before", before)
    told("during", during)
    told("after", [row for row in writers.acknowledged if row[1] >= ended])
    connection = sqlite3.connect("file:%s?immutable=1" % copy, uri=True)
    held = {row[0]: int(row[1]) for row in connection.execute("SELECT address, label FROM watched_wallets")}
    lost = [wallet for _, _, wallet, count in before if held.get(wallet, -1) < count]
    print("acknowledged before and not in the copy: %d; refused writes: %d" % (len(lost), len(writers.errors)))
    check = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    print("integrity_check of the copy: %s" % check)
    return 0 if backup.returncode == 0 and not lost and not writers.errors and check == "ok" and during else 1


main()
