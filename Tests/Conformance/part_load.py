"""wrk and h2load as clients: many connections, pipelining; no socket error, no answer but 200, and counts that agree.

h2load sends an exact number, which must be what the daemon counted. wrk stops by the clock and leaves answers unread
that were on their way: at most one per connection, or one batch of it. Needs wrk and h2load (package nghttp2-client).
"""
import os
import re
import subprocess
import time

import service

PART = "load"
LUA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pipeline.lua")
BATCH = 16


def output(*arguments):
    done = subprocess.run(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.stdout.decode("utf-8", "replace")


def counted(daemon):
    return daemon.stats()["runtime"]["total_requests"]


def number(pattern, text):
    found = re.search(pattern, text)
    return int(found.group(1)) if found else -1


def wrk(results, daemon, name, path, seconds, connections, batch):
    before = counted(daemon)
    script = ["-s", LUA] if batch > 1 else []
    out = output("wrk", "-t1", "-c%d" % connections, "-d%ds" % seconds, "--timeout", "10s", *script,
                 "http://127.0.0.1:%d%s" % (daemon.port, path))
    # Connections wrk left behind are gone when the daemon says so.
    daemon.until(lambda it: it.stats()["runtime"]["clients"] <= 1, 10)
    done = number(r"(\d+) requests in", out)
    after = counted(daemon)
    results.check(PART, name + ": requests", done > connections, out)
    results.check(PART, name + ": no socket error", "Socket errors" not in out, out)
    results.check(PART, name + ": only 200", "Non-2xx" not in out, out)
    # Our own looks at /v1/stats are a few of the difference.
    spare = after - before - done
    results.check(PART, name + ": counts agree", 0 < spare <= connections * batch + 110, "wrk %d, daemon %d more" % (
        done, spare))
    results.note(PART, "%s: %d/s" % (name, done // seconds))


def h2load(results, daemon, name, path, count, connections, streams):
    before = counted(daemon)
    out = output("h2load", "--h1", "-t1", "-n%d" % count, "-c%d" % connections, "-m%d" % streams,
                 "http://127.0.0.1:%d%s" % (daemon.port, path))
    after = counted(daemon)
    wanted = "requests: %d total, %d started, %d done, %d succeeded, 0 failed, 0 errored, 0 timeout" % ((count,) * 4)
    results.check(PART, name + ": all succeed", wanted in out, out)
    results.check(PART, name + ": only 2xx", "status codes: %d 2xx, 0 3xx, 0 4xx, 0 5xx" % count in out, out)
    results.equal(PART, name + ": counts agree", after - before - 1, count)


def run(results, daemon, exchange, quick):
    seconds = 1 if quick else 5
    count = 4_000 if quick else 50_000
    wrk(results, daemon, "wrk, 64 connections", "/health", seconds, 64, 1)
    wrk(results, daemon, "wrk, 500 connections", "/v1/orderflow/BTC", seconds, 500, 1)
    wrk(results, daemon, "wrk, 50 connections, batches of %d" % BATCH, "/health", seconds, 50, BATCH)
    wrk(results, daemon, "wrk, long answers", "/openapi.json", seconds, 32, 1)
    h2load(results, daemon, "h2load, 1 connection", "/health", count // 4, 1, 1)
    h2load(results, daemon, "h2load, 100 connections", "/v1/orderflow/BTC", count, 100, 1)
    h2load(results, daemon, "h2load, 100 connections, 32 in flight", "/health", count, 100, 32)
    h2load(results, daemon, "h2load, long answers in flight", "/openapi.json", count // 10, 20, 16)
    time.sleep(0.1)
    left = daemon.until(lambda it: it.stats()["runtime"]["clients"] <= 1, 10)
    results.check(PART, "no connection is left", left, daemon.stats()["runtime"])
    results.check(PART, "still well", daemon.json("/health")["status"] == "ok", daemon.json("/health"))
