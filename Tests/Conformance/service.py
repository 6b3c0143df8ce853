"""What all parts of the conformance run share: the daemon on the simulated exchange, and a table of results.

Both programs listen on ports of the system's choice; HYNOUS_BIN says where the binaries are. Everything started here
is ended here. Needs nothing but Python 3.
"""
import collections
import http.client
import io
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ.get("HYNOUS_BIN", os.path.join(ROOT, ".build/release"))
LINES_MAX = 2000


class Results:
    """Cases and failures, by part; a failure is printed when it happens."""

    def __init__(self, verbose=False):
        self.cases = collections.Counter()
        self.failures = collections.defaultdict(list)
        self.notes = collections.defaultdict(list)
        self.seconds = {}
        self.verbose = verbose
        self.lock = threading.Lock()

    def check(self, part, name, holds, detail=""):
        with self.lock:
            self.cases[part] += 1
            if not holds:
                self.failures[part].append(name)
                print("FAILED  %s: %s: %s" % (part, name, str(detail)[:600]), flush=True)
            elif self.verbose:
                print("ok      %s: %s" % (part, name), flush=True)
        return holds

    def equal(self, part, name, got, wanted):
        return self.check(part, name, got == wanted, "got %r, wanted %r" % (got, wanted))

    def note(self, part, text):
        with self.lock:
            self.notes[part].append(text)

    def print_table(self):
        print("\n%-12s %7s %9s %8s" % ("part", "cases", "failures", "seconds"))
        for part in self.seconds:
            print("%-12s %7d %9d %8.1f" % (part, self.cases[part], len(self.failures[part]), self.seconds[part]))
            for text in self.notes[part]:
                print("             %s" % text)
        print("%-12s %7d %9d %8.1f" % (
            "all", sum(self.cases.values()), self.failed, sum(self.seconds.values())), flush=True)

    @property
    def failed(self):
        return sum(len(names) for names in self.failures.values())


class Program:
    """A child process whose output is kept line by line."""

    def __init__(self, arguments, environment=None, ready=r":(\d+)"):
        own = {"PATH": os.environ.get("PATH", ""), "SWIFT_BACKTRACE": "enable=no"}
        self.process = subprocess.Popen(
            arguments, env={**own, **(environment or {})}, cwd=ROOT, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        self.lines = collections.deque(maxlen=LINES_MAX)
        self.port = None
        while self.port is None:
            line = self.process.stdout.readline()
            if not line:
                raise SystemExit("conformance: %s ended: %s" % (arguments[0], "".join(self.lines)[-2000:]))
            self.lines.append(line)
            found = re.search(ready, line)
            self.port = int(found.group(1)) if found else None
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line)

    def stop(self):
        """SIGTERM, and SIGKILL for what does not go; the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


class Exchange(Program):
    """hynous-sim."""

    def __init__(self, *arguments):
        base = ["--port", "0", "--accounts", "60", "--coins", "24", "--trades-per-second", "150"]
        base += ["--weight-per-min", "1000000"]
        super().__init__(
            [os.path.join(BIN, "hynous-sim")] + base + list(arguments), ready=r"ready: http://127\.0\.0\.1:(\d+)")


class Daemon(Program):
    """hynous-data on an exchange."""

    def __init__(self, rest_url, ws_url, host="127.0.0.1", **settings):
        self.folder = tempfile.mkdtemp(prefix="conformance-")
        environment = {
            "HYNOUS_HYPERLIQUID_REST_URL": rest_url, "HYNOUS_HYPERLIQUID_WS_URL": ws_url,
            "HYNOUS_SERVER_PORT": "0", "HYNOUS_SERVER_HOST": host,
            "HYNOUS_DB_PATH": os.path.join(self.folder, "conformance.db"),
            "HYNOUS_RATE_LIMIT_MAX_WEIGHT_PER_MIN": "12000", "HYNOUS_L2_SUBSCRIBER_ENABLED": "true",
        }
        environment.update(settings)
        config = os.path.join(self.folder, "config.yaml")
        with open(config, "w") as file:
            file.write("# All defaults.\n")
        super().__init__(
            [os.path.join(BIN, "hynous-data"), "run", "--config", config], environment,
            ready=r"msg=listening address=\S*:(\d+)")
        self.host = host

    def get(self, path, timeout=10):
        """The answer's status, headers and body."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def json(self, path):
        return json.loads(self.get(path)[2])

    def stats(self):
        return self.json("/v1/stats")

    def until(self, holds, seconds=30, every=0.1):
        """Whether `holds(self)` became true in time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                return False
            if holds(self):
                return True
            time.sleep(every)
        return holds(self)

    def is_live(self, seconds=30):
        return self.until(lambda it: it.json("/health")["status"] == "ok", seconds)

    def stop(self):
        status = super().stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        return status


def on_exchange(exchange, **settings):
    """A daemon straight on the simulated exchange."""
    place = "127.0.0.1:%d" % exchange.port
    return Daemon("http://" + place, "ws://%s/ws" % place, **settings)


class _Fake:
    """What http.client wants of a socket, over bytes."""

    def __init__(self, stream):
        self.stream = stream

    def makefile(self, *_):
        return self.stream


class _Keep(io.BytesIO):
    """http.client closes what it has read to the end; the rest is wanted."""

    def close(self):
        pass


def answers(data, heads=()):
    """Whole answers in `data` as (status, headers, body), read by http.client; `heads` are indices of answers to
    HEAD. What is no answer ends the list as (None, rest)."""
    stream, found = _Keep(data), []
    while stream.tell() < len(data):
        start = stream.tell()
        answer = http.client.HTTPResponse(_Fake(stream), method="HEAD" if len(found) in heads else "GET")
        try:
            answer.begin()
            body = answer.read()
        except (http.client.HTTPException, ValueError, OSError):
            return found + [(None, data[start:], b"")]
        found.append((answer.status, answer.headers, body))
    return found


def exchange_bytes(port, pieces, timeout=5.0, half_close=False, pause=0.0):
    """Sends `pieces` and reads until the server ends the connection: (bytes, "closed" | "open" | "reset")."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for piece in pieces:
                connection.sendall(piece)
                if pause:
                    time.sleep(pause)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
        except OSError:
            # The server had enough and closed; what it said is still to be read.
            pass
        return read_to_end(connection)


def read_to_end(connection):
    """Everything until the end, and how it ended."""
    data = b""
    while True:
        try:
            more = connection.recv(65536)
        except socket.timeout:
            return data, "open"
        except OSError:
            return data, "reset"
        if not more:
            return data, "closed"
        data += more
