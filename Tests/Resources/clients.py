#!/usr/bin/env python3
"""10,000 idle and 1,000 slow-reading clients: the daemon stays small, and nobody else notices.

What: starts hynous-sim and the daemon, then measures in turn, ROUNDS times, one healthy client alone and the same client
beside the crowd (clients.c): latencies, resident memory, the kernel's memory for TCP, open files, trades taken in.
Holds when: memory grows by at most 64 MiB; the median p99 beside the crowd is at most twice the quiet one; no idle
client is lost or refused; trades keep coming; open files return to what they were.
Run:  Tests/Resources/clients.py [--bin .build/release] [--idle 10000] [--slow 1000] [--rounds 5] [--port 8150]
Needs cc and `ulimit -Hn` of 12,500 or more. As root the daemon and the measuring client run
with real-time priority, so that other work on the machine does not count.
"""
import argparse, json, os, re, statistics, subprocess, sys, tempfile, time, urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
MEMORY_MAX_MIB, RATIO_MAX = 64, 2.0


def prefer():
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(10))
    except PermissionError:
        pass


class Pair:
    """The simulated exchange and the daemon on it."""

    def __init__(self, bin_, port, folder):
        sim_port = port + 1
        self.port = port
        self.log = open(f"{folder}/programs.log", "w")
        open(f"{folder}/defaults.yaml", "w").close()
        self.sim = subprocess.Popen(
            [f"{bin_}/hynous-sim", "--port", str(sim_port), "--trades-per-second", "500"],
            stdout=self.log, stderr=self.log)
        env = dict(
            os.environ, HYNOUS_HYPERLIQUID_REST_URL=f"http://127.0.0.1:{sim_port}",
            HYNOUS_HYPERLIQUID_WS_URL=f"ws://127.0.0.1:{sim_port}/ws", HYNOUS_SERVER_PORT=str(port),
            HYNOUS_DB_PATH=f"{folder}/proof.db")
        time.sleep(1)
        self.daemon = subprocess.Popen(
            [f"{bin_}/hynous-data", "run", "--config", f"{folder}/defaults.yaml"], env=env, stdout=self.log, stderr=self.log, preexec_fn=prefer)
        for _ in range(200):
            try:
                if self.stats()["trade_stream"]["total_trades"] > 0:
                    return
            except Exception:
                pass
            time.sleep(0.1)
        self.stop()
        raise SystemExit(f"clients: the daemon never took in a trade, see {folder}/programs.log")

    def stats(self):
        return json.load(urllib.request.urlopen(f"http://127.0.0.1:{self.port}/v1/stats", timeout=5))

    def trades(self):
        return self.stats()["trade_stream"]["total_trades"]

    def resident(self):
        with open(f"/proc/{self.daemon.pid}/status") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1)) / 1024

    def files(self):
        return len(os.listdir(f"/proc/{self.daemon.pid}/fd"))

    def stop(self):
        for process in (self.daemon, self.sim):
            process.terminate()
        self.daemon.wait(10)
        self.sim.wait(10)


def kernel_mib():
    with open("/proc/net/sockstat") as lines:
        return int(re.search(r"TCP:.* mem (\d+)", lines.read()).group(1)) * os.sysconf("SC_PAGESIZE") / 2**20


def probe(tool, pair, seconds):
    words = subprocess.run(
        [tool, "probe", str(pair.port), str(seconds), "/v1/orderflow/BTC"], check=True, capture_output=True,
        text=True, preexec_fn=prefer).stdout
    return {k: float(v) for k, v in (word.split("=") for word in words.split())}


def settled_files(pair, wanted):
    for _ in range(100):
        if pair.files() <= wanted:
            break
        time.sleep(0.1)
    return pair.files()


def main():
    ask = argparse.ArgumentParser()
    ask.add_argument("--bin", default=".build/release")
    ask.add_argument("--idle", type=int, default=10_000)
    ask.add_argument("--slow", type=int, default=1_000)
    ask.add_argument("--rounds", type=int, default=5)
    ask.add_argument("--seconds", type=float, default=8)
    ask.add_argument("--port", type=int, default=8150)
    args = ask.parse_args()
    args.bin = os.path.abspath(args.bin)
    folder = tempfile.mkdtemp()
    tool = f"{folder}/clients"
    subprocess.run(["cc", "-O2", "-o", tool, f"{HERE}/clients.c"], check=True)
    pair = Pair(args.bin, args.port, folder)
    wrong = []
    try:
        time.sleep(15)  # start-up code is let go of after ten seconds
        rest, files = pair.resident(), pair.files()
        print(f"quiet: {rest:.1f} MiB resident, {files} files, kernel TCP {kernel_mib():.1f} MiB", flush=True)
        quiet, beside, peaks, kernel = [], [], [], []
        for number in range(args.rounds):
            alone = probe(tool, pair, args.seconds)
            before = pair.resident()
            crowd = subprocess.Popen(
                [tool, "hold", str(args.port), str(args.idle), str(args.slow), "/openapi.json"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            ready = crowd.stdout.readline().strip()
            trades, began = pair.trades(), time.time()
            among = probe(tool, pair, args.seconds)
            rate = (pair.trades() - trades) / (time.time() - began)
            peaks.append(pair.resident() - rest)
            kernel.append(kernel_mib())
            held = crowd.communicate()[0].strip()
            left = settled_files(pair, files)
            quiet.append(alone)
            beside.append(among)
            print(
                f"round {number + 1}: p50 {alone['p50_us']:.0f} -> {among['p50_us']:.0f} us, "
                f"p99 {alone['p99_us']:.0f} -> {among['p99_us']:.0f} us, max {alone['max_us']:.0f} -> "
                f"{among['max_us']:.0f} us; {before:.1f} -> {peaks[-1] + rest:.1f} -> {pair.resident():.1f} MiB, "
                f"kernel TCP {kernel[-1]:.1f} MiB; {rate:.0f} trades/s; files after {left}; {ready}; {held}",
                flush=True)
            if "refused=0" not in ready or "lost=0" not in held:
                wrong.append("idle clients were refused or lost")
            if left > files:
                wrong.append(f"{left} files open, {files} before")
            if rate < 100:
                wrong.append(f"only {rate:.0f} trades a second were taken in")
        p50 = [statistics.median(r["p50_us"] for r in rounds) for rounds in (quiet, beside)]
        p99 = [statistics.median(r["p99_us"] for r in rounds) for rounds in (quiet, beside)]
        print(f"\n{args.idle} idle and {args.slow} slow clients, medians of {args.rounds} rounds:")
        print(f"  p50 {p50[0]:.0f} us alone, {p50[1]:.0f} us beside them")
        print(f"  p99 {p99[0]:.0f} us alone, {p99[1]:.0f} us beside them: {p99[1] / p99[0]:.2f} (at most {RATIO_MAX})")
        print(f"  memory +{max(peaks):.1f} MiB at the most (at most {MEMORY_MAX_MIB}), kernel {max(kernel):.0f} MiB")
        if p99[1] > RATIO_MAX * p99[0]:
            wrong.append("the healthy client is slowed down")
        if max(peaks) > MEMORY_MAX_MIB:
            wrong.append("memory")
    finally:
        pair.stop()
    print("clients: " + ("; ".join(wrong) if wrong else "as promised"))
    sys.exit(1 if wrong else 0)


main()
