#!/usr/bin/env python3
"""After every fault the daemon holds what it held before: open files by kind, the loop's handles and timers.

What: the daemon on a simulated exchange over TLS; REPEATS times each: the exchange killed and started again, away for a
while (connections refused), standing still (SIGSTOP), with a certificate nobody trusts, refusing upgrades and failing
requests; storms of clients that reset, stay silent, exceed the limit; the database held locked by somebody else.
Holds when, within 90 s after each, every kind of open file and the loop's handles and timers (/metrics) are at most what
they were at the most during half a minute before the first fault; connections to the exchange at most what their pools
may hold: the WebSocket ones of then, and REST_POOL kept for the next request.
Run:  Tests/Resources/faults.py [--bin .build/release] [--repeats 2] [--port 8152]       Needs openssl.
"""
import argparse, collections, os, re, signal, socket, sqlite3, subprocess, sys, tempfile, time, urllib.request

ask = argparse.ArgumentParser()
ask.add_argument("--bin", default=".build/release")
ask.add_argument("--repeats", type=int, default=2)
ask.add_argument("--port", type=int, default=8152)
args = ask.parse_args()
BIN, PORT, SIM = os.path.abspath(args.bin), args.port, args.port + 1
# `hostConnectionsMax` of the transfers.
REST_POOL = 16
FOLDER = tempfile.mkdtemp()
LOG = open(f"{FOLDER}/programs.log", "w")


def certificate(name, issuer=None):
    """A key and a certificate for localhost, its own authority or issued by `issuer`."""
    key, cert = f"{FOLDER}/{name}.key", f"{FOLDER}/{name}.pem"
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
             "-keyout", key, "-out", cert, "-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost"]
    if issuer:
        words += ["-CA", f"{FOLDER}/{issuer}.pem", "-CAkey", f"{FOLDER}/{issuer}.key", "-addext",
                  "basicConstraints=critical,CA:false"]
    subprocess.run(words, check=True, capture_output=True)


class Exchange:
    def __init__(self):
        self.process = None

    def start(self, *words, cert="good"):
        self.process = subprocess.Popen(
            [f"{BIN}/hynous-sim", "--port", str(SIM), "--accounts", "200", "--trades-per-second", "100", "--tls-cert",
             f"{FOLDER}/{cert}.pem", "--tls-key", f"{FOLDER}/{cert}.key", *words], stdout=LOG, stderr=LOG)

    def stop(self, number=signal.SIGKILL):
        self.process.send_signal(number)
        self.process.wait()


def ask_daemon(path):
    with urllib.request.urlopen(f"http://127.0.0.1:{PORT}{path}", timeout=5) as answer:
        return answer.read().decode()


def healthy():
    try:
        return '"status":"ok"' in ask_daemon("/health").replace(" ", "")
    except OSError:
        return False


def tcp_kinds():
    """The kind of each TCP socket by inode: listening, towards the exchange, of clients."""
    kinds = {}
    for name in ("tcp", "tcp6"):
        with open(f"/proc/net/{name}") as lines:
            for line in list(lines)[1:]:
                words = line.split()
                remote = int(words[2].rsplit(":", 1)[1], 16)
                kinds[words[9]] = "listening" if words[3] == "0A" else "exchange" if remote == SIM else "client"
    return kinds


def held():
    """What the daemon holds, by kind."""
    metrics = ask_daemon("/metrics")
    found = collections.Counter()
    kinds = tcp_kinds()
    for number in os.listdir(f"/proc/{daemon.pid}/fd"):
        try:
            target = os.readlink(f"/proc/{daemon.pid}/fd/{number}")
        except OSError:
            continue
        inode = re.match(r"socket:\[(\d+)\]", target)
        if inode:
            found["fd " + kinds.get(inode.group(1), "other socket")] += 1
        elif target.startswith("/") and not target.startswith(("/dev", "/proc")):
            found["fd database"] += 1
        else:
            found["fd " + re.sub(r"[:\[].*", "", target)] += 1
    for what in ("handles", "timers"):
        found[f"loop {what}"] = int(float(re.search(rf"^hynous_loop_{what} (\S+)$", metrics, re.M).group(1)))
    return found


def wait_for(condition, seconds, what):
    until = time.time() + seconds
    while time.time() < until:
        if condition():
            return
        time.sleep(0.25)
    raise SystemExit(f"faults: {what} within {seconds} s; see {FOLDER}/programs.log")


def storm():
    """Clients that reset, stay silent, send half a request, and more of them than the limit."""
    for _ in range(3):
        crowd = []
        for number in range(700):
            client = socket.socket()
            try:
                client.connect(("127.0.0.1", PORT))
                if number % 3:
                    client.send(b"GET /v1/orderflow/BTC HTTP/1.1\r\nHost: localhost\r\n" + b"\r\n" * (number % 2))
            except OSError:
                pass
            crowd.append(client)
        for number, client in enumerate(crowd):
            if number % 2:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            client.close()


def locked():
    database = sqlite3.connect(f"{FOLDER}/storage/proof.db", isolation_level=None, timeout=20)
    database.execute("BEGIN IMMEDIATE")
    time.sleep(12)
    database.execute("ROLLBACK")
    database.close()


def away(seconds, *words, cert="good"):
    """The exchange is gone and comes back another one for a while."""
    exchange.stop()
    if words or cert != "good":
        exchange.start(*words, cert=cert)
    time.sleep(seconds)
    if words or cert != "good":
        exchange.stop()
    exchange.start()


def still():
    exchange.process.send_signal(signal.SIGSTOP)
    time.sleep(40)
    exchange.process.send_signal(signal.SIGCONT)


FAULTS = {
    "exchange killed": lambda: away(0),
    "connections refused": lambda: away(15),
    "exchange stands still": still,
    "untrusted certificate": lambda: away(15, cert="stranger"),
    "upgrades refused": lambda: away(15, "--fault", "refuse-upgrade=1"),
    "requests fail": lambda: away(15, "--fault", "info-500=1"),
    "client storm": storm,
    "database locked": locked,
}

certificate("authority")
certificate("good", "authority")
certificate("stranger")
os.mkdir(f"{FOLDER}/storage")
open(f"{FOLDER}/defaults.yaml", "w").close()
exchange = Exchange()
exchange.start()
time.sleep(1)
daemon = subprocess.Popen(
    [f"{BIN}/hynous-data", "run", "--config", f"{FOLDER}/defaults.yaml"], stdout=LOG, stderr=LOG,
    env=dict(
        os.environ, HYNOUS_HYPERLIQUID_REST_URL=f"https://localhost:{SIM}", HYNOUS_SERVER_PORT=str(PORT),
        HYNOUS_HYPERLIQUID_WS_URL=f"wss://localhost:{SIM}/ws", HYNOUS_HYPERLIQUID_CA_FILE=f"{FOLDER}/authority.pem",
        HYNOUS_DB_PATH=f"{FOLDER}/storage/proof.db", HYNOUS_SERVER_MAX_CONNECTIONS="500"))
wrong = []
try:
    wait_for(healthy, 60, "the daemon is not healthy")
    most = collections.Counter()
    for _ in range(60):
        for kind, count in held().items():
            most[kind] = max(most[kind], count)
        time.sleep(0.5)
    links = int(float(re.search(r"^hynous_exchange_connections (\S+)$", ask_daemon("/metrics"), re.M).group(1)))
    most["fd exchange"] = links + REST_POOL
    print("before:", ", ".join(f"{kind} {count}" for kind, count in sorted(most.items())), flush=True)
    for repeat in range(args.repeats):
        for name, fault in FAULTS.items():
            fault()
            began = time.time()
            wait_for(healthy, 120, f"not healthy after: {name}")
            well = time.time() - began
            over = None
            while time.time() < began + 90 + well:
                now = held()
                over = {kind: count for kind, count in now.items() if count > most[kind]}
                if not over:
                    break
                time.sleep(0.5)
            print(f"{name}: well after {well:.1f} s, as before after {time.time() - began:.1f} s"
                  + (f", BUT {over}" if over else ""), flush=True)
            if over:
                wrong.append(f"{name}: {over} (at most {dict(most)})")
finally:
    daemon.terminate()
    status = daemon.wait(10)
    exchange.stop(signal.SIGTERM)
if status:
    wrong.append(f"exit status {status}")
print("faults: " + ("; ".join(wrong) if wrong else "files, handles and timers return after every fault"))
sys.exit(1 if wrong else 0)
