#!/usr/bin/env python3
"""Kills the daemon with SIGKILL at random moments under load and looks at what is left: kills.py [COUNT] [SEED]

Every write a client was told is saved must be in the file after every kill, the file must pass integrity_check, and
what is derived (equity snapshots of the poller) may lack no more than the flush interval and one poll. Runs the
release binaries against the simulated exchange on ports of the system's choice; needs nothing but Python 3.
"""
import http.client
import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ.get("HYNOUS_BIN", os.path.join(ROOT, ".build/release"))
# Derived rows are flushed every second; a poll of the busiest tier comes every second with the settings below.
DERIVED_LOSS_MAX_S = 4.0


def start(arguments, environment, pattern):
    process = subprocess.Popen(
        arguments, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    seen = []
    while True:
        line = process.stdout.readline()
        if not line:
            raise SystemExit("kills: %s ended: %s" % (arguments[0], "".join(seen[-5:])))
        seen.append(line)
        found = re.search(pattern, line)
        if found:
            # Whoever does not read its log would stop it in the end.
            threading.Thread(target=lambda: [None for _ in process.stdout], daemon=True).start()
            return process, int(found.group(1))


class Writer(threading.Thread):
    """Watches wallets and adds alerts as fast as it is told they are saved; remembers what it was told."""

    def __init__(self, port, number, chance):
        super().__init__(daemon=True)
        self.port, self.number, self.chance = port, number, chance
        self.watched, self.alerts, self.refused = {}, set(), 0

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        count = 0
        try:
            while True:
                count += 1
                address = "0x%040x" % self.chance.getrandbits(160)
                if count % 3:
                    label = "kill %d.%d" % (self.number, count)
                    path, body = "/v1/smart-money/watch", {"address": address, "label": label}
                else:
                    path, body = "/v1/smart-money/wallet/%s/alerts" % address, {"alert_type": "any_trade"}
                connection.request("POST", path, json.dumps(body), {"content-type": "application/json"})
                answer = connection.getresponse()
                text = answer.read()
                if answer.status == 503:
                    self.refused += 1
                    time.sleep(0.02)
                elif answer.status != 200:
                    raise SystemExit("kills: %s answered %d %s" % (path, answer.status, text))
                elif count % 3:
                    self.watched[address] = label
                else:
                    self.alerts.add((json.loads(text)["id"], address))
        except (OSError, http.client.HTTPException):
            return


def check(path, watched, alerts, killed_at, follows_since):
    database = sqlite3.connect(path, timeout=10)
    problems = []
    verdict = database.execute("PRAGMA integrity_check").fetchone()[0]
    if verdict != "ok":
        problems.append("integrity_check: %s" % verdict)
    labels = dict(database.execute("SELECT address, label FROM watched_wallets"))
    for address, label in watched.items():
        if labels.get(address) != label:
            problems.append("watch of %s was acknowledged and is %r" % (address, labels.get(address)))
    rows = set(database.execute("SELECT id, address FROM wallet_alerts"))
    for row in alerts - rows:
        problems.append("alert %s was acknowledged and is gone" % (row,))
    newest = database.execute("SELECT max(snapshot_at) FROM pnl_snapshots").fetchone()[0] or 0
    lag = killed_at - newest
    if follows_since is not None and killed_at - follows_since > DERIVED_LOSS_MAX_S and lag > DERIVED_LOSS_MAX_S:
        problems.append("the newest snapshot is %.1f s older than the kill" % lag)
    database.close()
    return problems, lag


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    chance = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    folder = tempfile.mkdtemp(prefix="hynous-kills-")
    path = os.path.join(folder, "storage/kills.db")
    exchange, exchange_port = start(
        [BIN + "/hynous-sim", "--port", "0", "--accounts", "200", "--trades-per-second", "300",
         "--weight-per-min", "1000000"], os.environ, r"ready: http://127\.0\.0\.1:(\d+)")
    environment = dict(
        os.environ, HYNOUS_HYPERLIQUID_REST_URL="http://127.0.0.1:%d" % exchange_port,
        HYNOUS_HYPERLIQUID_WS_URL="ws://127.0.0.1:%d/ws" % exchange_port, HYNOUS_SERVER_PORT="0", HYNOUS_DB_PATH=path,
        HYNOUS_RATE_LIMIT_MAX_WEIGHT_PER_MIN="100000", HYNOUS_POSITION_POLLER_TIER1_INTERVAL="1",
        HYNOUS_POSITION_POLLER_TIER2_INTERVAL="1", HYNOUS_POSITION_POLLER_TIER3_INTERVAL="1",
        HYNOUS_SMART_MONEY_AUTO_CURATE_ENABLED="false")
    watched, alerts, worst, acknowledged = {}, set(), 0.0, 0
    try:
        for number in range(1, count + 1):
            began = time.time()
            daemon, port = start([BIN + "/hynous-data", "run"], environment, r"listening address=127\.0\.0\.1:(\d+)")
            writers = [Writer(port, number, random.Random(chance.random())) for _ in range(3)]
            for writer in writers:
                writer.start()
            # Mostly early, where everything begins at once; sometimes after the poller has found its pace.
            time.sleep(chance.choice([0.05, 0.3, 1.0, 1.0, 8.0 if number % 10 == 0 else 1.5]) * chance.random() + 0.02)
            daemon.send_signal(signal.SIGKILL)
            killed_at = time.time()
            daemon.wait()
            for writer in writers:
                writer.join(15)
                watched.update(writer.watched)
                alerts |= writer.alerts
                acknowledged += len(writer.watched) + len(writer.alerts)
            if not os.path.exists(path):
                continue
            problems, lag = check(path, watched, alerts, killed_at, began + 3 if killed_at - began > 7 else None)
            if killed_at - began > 7:
                worst = max(worst, lag)
            if problems:
                print("kills: after kill %d (seed of the run %s):" % (number, sys.argv[2:] or 1))
                print("\n".join("  " + text for text in problems[:20]))
                return 1
            if number % 50 == 0 or number == count:
                print("kills: %d of %d, %d acknowledged writes all there, derived rows at most %.1f s behind"
                      % (number, count, acknowledged, worst), flush=True)
    finally:
        exchange.terminate()
        exchange.wait()
    if acknowledged < count:
        print("kills: only %d writes were acknowledged, which proves little" % acknowledged)
        return 1
    return 0


sys.exit(main())
