#!/usr/bin/env python3
"""Kills the daemon with SIGKILL at random moments with writes in flight and looks at what is left.

kills.py [COUNT] [SEED]     500 kills unless told otherwise; ends with a table, status 1 when a promise was broken

After every kill, in a copy of the file and its log: integrity_check, every acknowledged write with its last value, and
that what was shown of derived rows (positions, equity, accounts, counted trades) more than a flush interval and two
batches before the kill is there; a batch is taken to last as long as the longest wait of a client for its write. After the restart the daemon's own answers are compared, too. Kills strike while it lives under load, starts on a
new file, starts warm, copies its log into the file, removes old rows, and takes over a file of the service it replaces.
Runs release binaries (HYNOUS_BIN, by default .build/release) against the simulated exchange on ports of the system's
choice, four daemons at a time; needs nothing but Python 3. What SIGKILL cannot show is a loss of power: for that see
DamageTests in Tests/StoreTests, which cut the log at every 512 bytes and zero blocks at its end.
"""
import http.client
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

# The three beside this one leave nothing in the tree.
sys.dont_write_bytecode = True
import files
import load
import look

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ.get("HYNOUS_BIN", os.path.join(ROOT, ".build/release"))
# Derived rows leave once a second, behind at most one batch of clients and in one of their own: those last as long as
# the machine lets them, so the bound grows with the longest that a client waited for a write, the last one included.
FLUSH_S = 1.0
SLACK_S = 0.5
COINS = ["BTC", "ETH", "SOL"]
EXCHANGE_LIVES = 4
# Of 500 kills, how many of which kind.
SHARES = {"live": 280, "checkpoint": 90, "start": 40, "warm": 40, "migration": 30, "sweep": 20}
LANES = [["live", "start"], ["live", "checkpoint"], ["warm", "migration"], ["sweep"]]


def start(arguments, environment, pattern, log):
    process = subprocess.Popen(
        arguments, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    while True:
        line = process.stdout.readline()
        if not line:
            raise RuntimeError("%s ended: %s" % (arguments[0], "".join(log[-5:])))
        log.append(line)
        found = re.search(pattern, line)
        if found:
            # Whoever does not read its log would stop it in the end.
            threading.Thread(target=lambda: log.extend(process.stdout), daemon=True).start()
            return process, int(found.group(1))


class Tally:
    """What became of the kills of one kind."""

    def __init__(self):
        self.kills, self.acknowledged, self.shown, self.worst, self.problems, self.notes = 0, 0, 0, 0.0, 0, {}
        self.wait = 0.0


class Lane(threading.Thread):
    """One daemon after another on one file."""

    def __init__(self, number, kinds, seed, tallies):
        super().__init__(daemon=True)
        self.number, self.kinds, self.tallies = number, list(kinds), tallies
        self.chance = random.Random(seed)
        if "warm" not in kinds:
            self.chance.shuffle(self.kinds)
        self.folder = tempfile.mkdtemp(prefix="hynous-kills-%d-" % number)
        self.path = os.path.join(self.folder, "storage/kills.db")
        os.mkdir(os.path.dirname(self.path))
        self.exchange, self.exchange_port, self.problems, self.life = None, 0, [], 0
        self.renew()

    def open_exchange(self):
        """An exchange of the lane's own, a new one now and then: each counts connections a minute."""
        self.close_exchange()
        self.exchange, self.exchange_port = start(
            [BIN + "/hynous-sim", "--port", "0", "--accounts", "400", "--trades-per-second", "200",
             "--weight-per-min", "1000000"], os.environ, r"ready: http://127\.0\.0\.1:(\d+)", [])

    def close_exchange(self):
        if self.exchange:
            self.exchange.terminate()
            self.exchange.wait()
            self.exchange = None

    def renew(self):
        """A new file, and nothing promised."""
        for suffix in ("", "-wal", "-shm"):
            if os.path.exists(self.path + suffix):
                os.remove(self.path + suffix)
        self.promises, self.made_for, self.legacy, self.counted = load.Promises(), None, None, 0
        # Accounts seen trading and their trades that the file held after the last kill.
        self.seen = (0, 0)

    def environment(self):
        return dict(
            os.environ, HYNOUS_HYPERLIQUID_REST_URL="http://127.0.0.1:%d" % self.exchange_port,
            HYNOUS_HYPERLIQUID_WS_URL="ws://127.0.0.1:%d/ws" % self.exchange_port, HYNOUS_SERVER_PORT="0",
            HYNOUS_DB_PATH=self.path, HYNOUS_RATE_LIMIT_MAX_WEIGHT_PER_MIN="100000",
            HYNOUS_POSITION_POLLER_TIER1_INTERVAL="2", HYNOUS_POSITION_POLLER_TIER2_INTERVAL="2",
            HYNOUS_POSITION_POLLER_TIER3_INTERVAL="5", HYNOUS_SMART_MONEY_AUTO_CURATE_ENABLED="false")

    def run(self):
        for kind in self.kinds:
            try:
                problems = self.kill_once(kind)
            except (RuntimeError, OSError, http.client.HTTPException) as error:
                problems = ["the run itself: %r" % error]
                self.open_exchange()
            self.tallies[kind].problems += len(problems) > 0
            for text in problems[:5]:
                self.problems.append("lane %d, life %d, %s: %s" % (self.number, self.life, kind, text))
                print("kills: " + self.problems[-1], flush=True)
            if len(self.problems) > 20:
                return

    def prepare(self, kind):
        """The file the kind wants under the next daemon."""
        special = kind if kind in ("warm", "sweep", "migration") else "common"
        fresh = kind in ("start", "migration") or self.life % 40 == 0
        if fresh or self.made_for != special:
            self.renew()
            self.made_for = special
            if special == "warm":
                files.make_large(BIN, self.environment(), self.path, start)
            elif special == "migration":
                self.legacy = files.make_original(self.path, self.chance)
        if special == "sweep":
            if not os.path.exists(self.path):
                files.make_empty(BIN, self.environment(), self.path, start)
            files.add_old_rows(self.path)

    def kill_once(self, kind):
        if self.life % EXCHANGE_LIVES == 0:
            self.open_exchange()
        self.prepare(kind)
        self.life += 1
        log = []
        daemon, port = start(
            [BIN + "/hynous-data", "run", "--config", os.devnull], self.environment(), r"listening address=127\.0\.0\.1:(\d+)", log)
        try:
            writers = [
                load.Writer(port, "%04x%02x0000" % (self.number, n), self.life, self.promises,
                            random.Random(self.chance.random()), kind == "checkpoint")
                for n in range(8 if kind == "checkpoint" else 3)]
            reader = load.Reader(port, COINS)
            problems = self.wait_for_the_moment(kind, daemon, port, writers, reader, log)
        finally:
            # Before the signal, as readings are dated when they have come: ages are never made greater by our threads.
            killed_at = time.time()
            daemon.send_signal(signal.SIGKILL)
            daemon.wait()
        for thread in writers + [reader]:
            if thread.ident is not None:
                thread.join(15)
        wait = max(writer.longest_wait(killed_at) for writer in writers)
        return problems + self.look(kind, killed_at, reader, wait, log)

    def wait_for_the_moment(self, kind, daemon, port, writers, reader, log):
        """Starts the load and returns when the kill is to strike."""
        problems = []
        if kind in ("live", "checkpoint", "sweep"):
            problems = self.wait_until_live(port)
        for thread in writers + [reader]:
            thread.start()
        if kind == "live":
            time.sleep(self.chance.uniform(*self.chance.choices([(0.2, 2), (2, 6), (6, 15)], [45, 40, 15])[0]))
        elif kind == "checkpoint":
            time.sleep(self.chance.uniform(0.1, 1))
            self.wait_for_checkpoint()
            time.sleep(self.chance.choice([0, 0, 0.001, 0.003, 0.01]) * self.chance.random())
        elif kind == "sweep":
            files.wait_for_sweep(self.path, 90)
            time.sleep(self.chance.uniform(0, 4))
        elif kind == "warm":
            time.sleep(self.chance.uniform(0, 0.8))
        elif kind == "migration":
            # The file is there from the start; its log when the migration begins.
            until = time.time() + 5
            while time.time() < until and not os.path.exists(self.path + "-wal"):
                time.sleep(0.0005)
            time.sleep(self.chance.uniform(0, 0.3))
        else:
            time.sleep(self.chance.uniform(0, 0.3) if self.chance.random() < 0.7 else 0)
        return problems

    def wait_for_checkpoint(self):
        """Returns as soon as the file itself changes, which only copying the log does."""
        def changed():
            return os.stat(self.path).st_mtime_ns
        first, until = changed(), time.time() + 15
        while changed() == first and time.time() < until:
            pass

    def wait_until_live(self, port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)

        def ask(path):
            connection.request("GET", path)
            return json.loads(connection.getresponse().read())
        until = time.time() + 60
        while ask("/health")["status"] != "ok":
            if time.time() > until:
                return ["not live within 60 s: %s" % ask("/health")]
            time.sleep(0.02)
        answers = {"watchlist": ask("/v1/smart-money/watchlist"), "alerts": ask("/v1/smart-money/alerts/active")}
        connection.close()
        return look.check_answers(answers, self.promises)

    def look(self, kind, killed_at, reader, wait, log):
        tally = self.tallies[kind]
        tally.kills += 1
        database = look.copy(self.path, self.folder)
        if database is None:
            return [] if self.promises.acknowledged == 0 else ["the file is gone"]
        try:
            problems = look.integrity(database)
            if kind == "migration":
                done, found = files.check_original(database, self.legacy)
                tally.notes[done] = tally.notes.get(done, 0) + 1
                problems += found
            if not look.has_tables(database):
                return problems + (["tables are missing"] if self.promises.acknowledged else [])
            problems += look.words(database, self.promises)
            if kind in ("live", "checkpoint", "sweep", "start"):
                found, worst, shown, self.seen = look.derived(
                    database, reader, killed_at, FLUSH_S + SLACK_S + 2 * wait, self.seen)
                tally.wait = max(tally.wait, wait)
                problems += found
                tally.worst, tally.shown = max(tally.worst, worst), tally.shown + shown
            if kind == "sweep":
                left = files.old_rows(database)
                tally.notes["in the middle" if 0 < left < files.OLD_ROWS else "else"] = (
                    tally.notes.get("in the middle" if 0 < left < files.OLD_ROWS else "else", 0) + 1)
        finally:
            database.close()
        tally.acknowledged += self.promises.acknowledged - self.counted
        self.counted = self.promises.acknowledged
        problems += ["log: " + line.strip() for line in log if "level=error" in line]
        return problems


def print_table(tallies, seconds):
    print("\n%-11s %6s %13s %14s %18s  %s" % ("killed", "kills", "acknowledged", "shown before", "oldest lost row", ""))
    for kind, tally in tallies.items():
        notes = ", ".join("%s %d" % item for item in sorted(tally.notes.items()))
        print("%-11s %6d %13d %14d %16.2f s  %s" % (
            kind, tally.kills, tally.acknowledged, tally.shown, tally.worst,
            "%d BROKEN %s" % (tally.problems, notes) if tally.problems else notes))
    print("%-11s %6d %13d %14d %16.2f s  in %.0f s; flushed every %.0f s, longest write %.2f s" % (
        "all", sum(t.kills for t in tallies.values()), sum(t.acknowledged for t in tallies.values()),
        sum(t.shown for t in tallies.values()), max(t.worst for t in tallies.values()), seconds, FLUSH_S,
        max(t.wait for t in tallies.values())))


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    tallies = dict((kind, Tally()) for kind in SHARES)
    began = time.time()
    lanes = []
    for number, kinds in enumerate(LANES):
        wanted = []
        for kind in kinds:
            share = max(1, round(SHARES[kind] * count / 500))
            wanted += [kind] * (share if kind != "live" else share // 2 + (number == 0) * (share % 2))
        lanes.append(Lane(number, wanted, seed * 100 + number, tallies))
    try:
        for lane in lanes:
            lane.start()
        while any(lane.is_alive() for lane in lanes):
            time.sleep(10)
            print("kills: %d of %d after %.0f s, problems %d" % (
                sum(t.kills for t in tallies.values()), sum(len(lane.kinds) for lane in lanes), time.time() - began,
                sum(len(lane.problems) for lane in lanes)), flush=True)
    except KeyboardInterrupt:
        print("kills: stopped early")
    finally:
        for lane in lanes:
            lane.close_exchange()
            if not lane.problems:
                shutil.rmtree(lane.folder, ignore_errors=True)
    print_table(tallies, time.time() - began)
    problems = [text for lane in lanes for text in lane.problems]
    if problems:
        print("kills: with seed %d:\n  %s" % (seed, "\n  ".join(problems[:40])))
        print("kills: what was left lies in %s" % ", ".join(lane.folder for lane in lanes if lane.problems))
    if sum(t.acknowledged for t in tallies.values()) < count:
        problems.append("too few writes were acknowledged to prove anything")
        print("kills: " + problems[-1])
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
