"""Load on a daemon for kills.py: clients that write and remember what they were told, and one that reads.

Every wallet belongs to one writer, so what the file must hold of it after a kill is known: the state last acknowledged
or, of a write whose answer never came (or was 503), that state or the one before.
"""
import http.client
import json
import threading
import time


class Wallet:
    """What may be stored of a wallet: states as (active, label, notes, tags); None is no row."""

    def __init__(self):
        self.allowed = [None]

    def apply(self, change, is_acknowledged):
        changed = [change(state) for state in self.allowed]
        self.allowed = changed if is_acknowledged else self.allowed + [s for s in changed if s not in self.allowed]


def watch(label):
    return lambda s: (1, label, s[2] if s else "", s[3] if s else "")


def unwatch(state):
    return state and (0,) + state[1:]


def patch(fields):
    def change(state):
        if state is None or not state[0]:
            return state
        return (1, fields.get("label", state[1]), fields.get("notes", state[2]), fields.get("tags", state[3]))
    return change


class Promises:
    """What one lane's daemon acknowledged over all its lives."""

    def __init__(self):
        self.wallets, self.alerts, self.removed, self.maybe_removed = {}, {}, set(), set()
        self.records, self.maybe_records = {}, []
        self.acknowledged = 0
        self.complaints = []


class Writer(threading.Thread):
    """Writes of every kind, one after another, as fast as they are acknowledged, until the daemon is gone."""

    WALLETS = 40

    def __init__(self, port, name, life, promises, chance, big=False):
        super().__init__(daemon=True)
        self.port, self.name_, self.promises, self.chance, self.big = port, name, promises, chance, big
        # Words differ from life to life.
        self.count = life * 1_000_000
        self.asked_at, self.longest = None, 0.0

    def run(self):
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            while True:
                self.count += 1
                draw = self.chance.random()
                if self.big and draw < 0.6:
                    self.record(self.chance.randint(300, 900))
                elif draw < 0.45:
                    self.change_wallet()
                elif draw < 0.75:
                    self.change_alert()
                else:
                    self.record(self.chance.randint(1, 12))
        except (OSError, http.client.HTTPException):
            return

    def ask(self, method, path, body=None):
        """The answer's status and JSON; 503 is an answer, too: the write may be stored or not."""
        text = None if body is None else json.dumps(body)
        self.asked_at = time.time()
        self.connection.request(method, path, text, {"content-type": "application/json"})
        answer = self.connection.getresponse()
        said = answer.read()
        self.longest = self.longest_wait(time.time())
        self.asked_at = None
        if answer.status == 503:
            time.sleep(0.02)
        elif answer.status not in (200, 404):
            self.promises.complaints.append("%s %s answered %d %s" % (method, path, answer.status, said))
        else:
            self.promises.acknowledged += answer.status == 200
        return answer.status, json.loads(said)

    def longest_wait(self, now):
        """How long a write took to be answered, that under way included."""
        return max(self.longest, now - self.asked_at if self.asked_at else 0)

    def change_wallet(self):
        address = "0x%s%030x" % (self.name_, self.chance.randrange(self.WALLETS))
        wallet = self.promises.wallets.setdefault(address, Wallet())
        word = "%s.%d %s" % (self.name_, self.count, "x" * self.chance.randrange(200))
        kind = self.chance.randrange(4)
        if kind <= 1:
            change, method, path = watch(word), "POST", "/v1/smart-money/watch"
            body = {"address": address, "label": word}
        else:
            method, path, body = "DELETE", "/v1/smart-money/watch/" + address, None
            change = unwatch
            if kind == 2:
                names = self.chance.sample(["label", "notes", "tags"], self.chance.randint(1, 3))
                method, body = "PATCH", dict((name, word) for name in names)
                change = patch(body)
        # Until it is acknowledged, both states may be found.
        before = wallet.allowed
        wallet.apply(change, False)
        status, _ = self.ask(method, path, body)
        if status != 503:
            wallet.allowed = before
            wallet.apply(change if status == 200 else lambda state: state, True)

    def change_alert(self):
        mine = [key for key, value in list(self.promises.alerts.items()) if value[3] == self.name_]
        if len(mine) > 30 or (mine and self.chance.random() < 0.3):
            number = self.chance.choice(mine)
            del self.promises.alerts[number]
            self.promises.maybe_removed.add(number)
            if self.ask("DELETE", "/v1/smart-money/alert/%d" % number)[0] == 200:
                self.promises.removed.add(number)
            return
        address = "0x%s%030x" % (self.name_, self.chance.randrange(self.WALLETS))
        size = self.chance.randrange(10**6) / 4
        status, said = self.ask(
            "POST", "/v1/smart-money/wallet/%s/alerts" % address,
            {"alert_type": "size_above", "min_size_usd": size, "coins": "BTC,%d" % self.count})
        if status == 200:
            self.promises.alerts[said["id"]] = (address, size, "BTC,%d" % self.count, self.name_)

    def record(self, count):
        """Readings under names of their own; a request is stored whole or not at all."""
        series = self.chance.choice(["funding", "oi", "volume"])
        prefix = "%s.%d." % (self.name_, self.count)
        values = dict((prefix + str(number), self.chance.randrange(10**9) / 8) for number in range(count))
        place = len(self.promises.maybe_records)
        self.promises.maybe_records.append((series, prefix, values))
        if self.ask("POST", "/v1/historical/record", {series: values})[0] == 200:
            self.promises.records[(series, prefix)] = values
            self.promises.maybe_records[place] = None


class Reader(threading.Thread):
    """Reads what is derived and remembers what was shown: positions by their last poll, accounts, trades counted."""

    def __init__(self, port, coins):
        super().__init__(daemon=True)
        self.port, self.coins = port, coins
        self.shown, self.accounts, self.trades = {}, [], []

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        count = 0
        try:
            while True:
                count += 1
                if count % 4 == 0:
                    stream = self.ask(connection, "/v1/stats")["trade_stream"]
                    now = time.time()
                    self.trades.append((now, stream["total_trades"]))
                    self.accounts.append((now, stream["total_addresses_discovered"]))
                else:
                    coin = self.coins[count % len(self.coins)]
                    for row in self.ask(connection, "/v1/whales/%s?top_n=100" % coin)["positions"]:
                        self.shown.setdefault((row["address"], row["coin"]), []).append(row["updated_at"])
                time.sleep(0.04)
        except (OSError, http.client.HTTPException, KeyError, ValueError):
            return

    @staticmethod
    def ask(connection, path):
        connection.request("GET", path)
        return json.loads(connection.getresponse().read())
