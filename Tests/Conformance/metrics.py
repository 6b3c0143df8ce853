"""Holds /metrics against promtool, the Python client library's parser, and what was asked; started by metrics.sh."""
import gzip
import http.client
import subprocess
import sys
import time

from prometheus_client.parser import text_string_to_metric_families

import service

PART = "metrics"
ASKED = ["/health", "/health", "/health", "/v1/stats", "/v1/nope", "/v1/whales/BTC?top_n=x", "/livez", "/readyz"]


def scrape(port, results, **headers):
    """The text of one scrape."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/metrics", headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    results.equal(PART, "status", answer.status, 200)
    results.equal(
        PART, "content type", answer.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8")
    if headers:
        results.equal(PART, "compressed when asked", answer.headers["content-encoding"], "gzip")
        body = gzip.decompress(body)
    return body.decode()


def values(text):
    """Every sample, by name and labels; and which are counters."""
    found, counters = {}, set()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            key = (sample.name, tuple(sorted(sample.labels.items())))
            assert key not in found, key
            found[key] = sample.value
            if family.type in ("counter", "histogram"):
                counters.add(key)
    return found, counters


def check(port, results):
    before = {}
    asked = dict.fromkeys(["2xx", "4xx"], 0)
    for turn in range(4):
        text = scrape(port, results, **({"Accept-Encoding": "gzip"} if turn % 2 else {}))
        tool = subprocess.run(["promtool", "check", "metrics"], input=text, text=True, capture_output=True)
        results.check(
            PART, "promtool", tool.returncode == 0 and not tool.stdout + tool.stderr, tool.stdout + tool.stderr)
        found, counters = values(text)
        results.check(PART, "bounded", len(text) < 32768 and len(found) < 500, "%d bytes" % len(text))
        for key, value in before.items():
            if key in counters:
                results.check(PART, "counters grow", found.get(key, -1) >= value, key)
        if before:
            for status, count in asked.items():
                total = sum(found.get(key, 0) - before.get(key, 0) for key in found
                            if key[0] == "hynous_http_requests_total" and ("status", status) in key[1]
                            and ("route", "metrics") not in key[1])
                results.check(PART, "requests counted", total >= count, "%s: %s of %d" % (status, total, count))
        before = found
        asked = dict.fromkeys(asked, 0)
        for path in ASKED:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            connection.request("GET", path)
            status = connection.getresponse().status
            connection.close()
            if status // 100 in (2, 4):
                asked["%dxx" % (status // 100)] += 1
    results.note(PART, "%d samples in %d bytes" % (len(before), len(text)))
    return before


def main():
    results = service.Results()
    began = time.monotonic()
    if len(sys.argv) > 1:
        check(int(sys.argv[1]), results)
    else:
        exchange = service.Exchange()
        daemon = None
        try:
            daemon = service.on_exchange(exchange)
            results.check(PART, "the daemon gets well", daemon.is_live(60))
            # The size of the file is measured a second after the first commit.
            daemon.until(lambda it: b"hynous_database_bytes" in it.get("/metrics")[2])
            found = check(daemon.port, results)
            for name in ("trades_total", "exchange_connections", "addresses", "database_bytes", "open_fds"):
                results.check(PART, name, found.get(("hynous_" + name, ()), 0) > 0)
        finally:
            if daemon:
                daemon.stop()
            exchange.stop()
    results.seconds[PART] = time.monotonic() - began
    results.print_table()
    sys.exit(1 if results.failed else 0)


if __name__ == "__main__":
    main()
