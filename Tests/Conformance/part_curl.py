"""curl as the client: every route, both HTTP versions, reuse, HEAD, gzip, ETag, Expect, chunked uploads, refusals.

A second daemon listens on ::1 with a token, for IPv6 and authorization. Needs curl.
"""
import email.utils
import json
import re
import socket
import subprocess
import tempfile
import time

import service

PART = "curl"
ADDRESS = "0x" + "ab" * 20
# What curl says about a transfer behind the body; one line per transfer.
SAYS = "\n%{http_code} %{http_version} %{num_connects} %{size_download} %{content_type}\n"


def curl(*arguments):
    """curl's standard output (with headers when -i or -D - is among the arguments) and exit status."""
    done = subprocess.run(
        ["curl", "-sS", "--max-time", "15", "--path-as-is"] + list(arguments), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return done.stdout, done.returncode


def status(*arguments):
    out, _ = curl("-o", "/dev/null", "-w", "%{http_code}", *arguments)
    return int(out or 0)


def head(*arguments):
    """The last answer's status and its headers by lower-case name."""
    out, _ = curl("-o", "/dev/null", "-D", "-", *arguments)
    return parse_head(out)


def parse_head(out):
    heads = [block for block in out.decode("latin-1").split("\r\n\r\n") if block.startswith("HTTP/")]
    lines = heads[-1].split("\r\n")
    fields = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        fields[name.lower()] = value.strip()
    return int(lines[0].split(" ")[1]), fields


def routes(document):
    """(method, path with parameters filled in, answers described)."""
    for path, methods in document["paths"].items():
        filled = path.replace("{coin}", "BTC").replace("{address}", ADDRESS)
        filled = re.sub(r"\{[a-z_]*id\}", "999999", filled)
        for method, about in methods.items():
            yield method.upper(), filled, about


def every_route(results, base, document):
    paths = {}
    for method, path, about in routes(document):
        paths.setdefault(path, set()).add(method)
        described = about["responses"]
        body = ["--json", "{}"] if "requestBody" in about else []
        for version in ("--http1.1", "--http1.0"):
            code = status(version, "-X", method, *body, base + path)
            is_described = str(code) in described or "%dXX" % (code // 100) in described
            results.check(PART, "%s %s %s" % (method, path, version), is_described,
                          "%s of %s" % (code, list(described)))
        if method == "GET":
            read_route(results, base + path, path)
    for path, methods in paths.items():
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"):
            if method in methods or method == "HEAD" and "GET" in methods:
                continue
            code, fields = head("-X", method, base + path)
            allowed = set(re.split(r"[, ]+", fields.get("allow", "")))
            results.equal(PART, "405 %s %s" % (method, path), (code, allowed), (405, methods))


def read_route(results, url, path):
    code, fields = head("-I", url)
    plain, _ = curl("-D", "-", url)
    got, got_fields = parse_head(plain)
    kinds = fields.get("content-type"), got_fields.get("content-type")
    results.equal(PART, "HEAD as GET " + path, (code, kinds[0]), (got, kinds[1]))
    results.check(PART, "HEAD has a length " + path, fields.get("content-length", "").isdigit(), fields)
    out, failed = curl("--compressed", "-w", SAYS, url)
    body = out.rsplit(b"\n", 2)[0]
    if got_fields.get("content-type", "").startswith("application/json"):
        results.equal(PART, "gzip " + path, set(json.loads(body)), set(json.loads(plain.split(b"\r\n\r\n", 1)[1])))
    results.equal(PART, "curl is content with gzip " + path, failed, 0)


def reuse(results, base):
    for version, first in (("--http1.1", [1, 0, 0, 0]), ("--http1.0", [1, 1, 1, 1])):
        urls = []
        for path in ("/health", "/v1/nothing", "/v1/orderflow/BTC", "/v1/stats"):
            urls += ["-o", "/dev/null", base + path]
        out, _ = curl(version, "-w", "%{num_connects}\n", *urls)
        results.equal(PART, "reuse " + version, [int(line) for line in out.split()], first)
    # A connection that is to stay is told so in HTTP/1.0.
    code, fields = head("--http1.0", "-H", "Connection: keep-alive", base + "/health")
    results.equal(PART, "HTTP/1.0 keep-alive", (code, fields.get("connection")), (200, "keep-alive"))
    code, fields = head("-H", "Connection: close", base + "/health")
    results.equal(PART, "close is answered", (code, fields.get("connection")), (200, "close"))


def gzip(results, base):
    for asked, wanted in (("gzip", "gzip"), ("deflate, gzip;q=0.5", "gzip"), ("*", "gzip"), ("identity", None),
                          ("gzip;q=0", None), ("br, deflate", None), ("x-gzip", None), ("*;q=0", None), ("", None)):
        code, fields = head("-H", "Accept-Encoding: " + asked, base + "/openapi.json")
        got = fields.get("content-encoding")
        if asked in ("*", "x-gzip"):
            results.check(PART, "Accept-Encoding " + asked, code == 200 and got in (None, "gzip"), got)
        else:
            results.equal(PART, "Accept-Encoding %r" % asked, (code, got), (200, wanted))
        results.check(PART, "Vary with Accept-Encoding %r" % asked,
                      "accept-encoding" in fields.get("vary", "").lower(), fields)


def entity_tags(results, base):
    """What is tagged may change at any moment; so each case may be tried with a few tags."""
    def tries(path, ask, wanted):
        for _ in range(20):
            code, fields = head(base + path)
            got = ask(fields.get("etag", ""))
            if got == wanted:
                return True
        return False

    def compare(tag):
        with tempfile.NamedTemporaryFile() as kept:
            kept.write(tag.encode())
            kept.flush()
            return int(curl("-o", "/dev/null", "-w", "%{http_code}", "--etag-compare", kept.name, base + path)[0])

    for path in ("/v1/smart-money/watchlist", "/v1/hlp/positions", "/v1/heatmap/BTC", "/v1/whales/BTC"):
        results.check(PART, "a tag for " + path, head(base + path)[1].get("etag", "").startswith('W/"'))
        results.check(PART, "304 by curl's own compare " + path, tries(path, compare, 304))
        for name, given, wanted in (
                ("the tag", lambda tag: tag, 304), ("the tag, strong", lambda tag: tag.removeprefix("W/"), 304),
                ("any", lambda tag: "*", 304), ("a list", lambda tag: '"x", ' + tag + ' , "y"', 304),
                ("another", lambda tag: '"x"', 200), ("no quotes", lambda tag: tag.removeprefix("W/").strip('"'), 200),
                ("nothing", lambda tag: "", 200)):
            def ask(tag):
                got, fields = head("-H", "If-None-Match: " + given(tag), base + path)
                if got == 304 and ("etag" not in fields or fields.get("content-length", "0") != "0"):
                    return fields
                return got
            results.check(PART, "If-None-Match: %s, %s" % (name, path), tries(path, ask, wanted))


def bodies(results, base):
    watch = base + "/v1/smart-money/watch"
    note = json.dumps({"address": ADDRESS, "label": "curl"})
    waits = ["-v", "--stderr", "-", "--expect100-timeout", "10", "-H", "Expect: 100-continue"]
    out, _ = curl(*waits, "--json", note, watch)
    results.check(PART, "100 Continue comes before the body is sent",
                  b"HTTP/1.1 100" in out and b"HTTP/1.1 200" in out, out)
    results.equal(PART, "chunked upload", status("-H", "Transfer-Encoding: chunked", "--json", note, watch), 200)
    results.equal(PART, "upload from a pipe", status("-T", "/dev/null", "-X", "POST", watch), 422)
    with tempfile.NamedTemporaryFile() as big:
        big.write(b'{"address":"%s","label":"' % ADDRESS.encode() + b"x" * 65_536 + b'"}')
        big.flush()
        data = ["--data-binary", "@" + big.name, watch]
        results.equal(PART, "body over its bound", status(*data), 413)
        results.equal(PART, "chunked body over its bound", status("-H", "Transfer-Encoding: chunked", *data), 413)
        out, _ = curl(*waits, *data)
        results.check(PART, "a body over its bound is not asked for",
                      b"HTTP/1.1 100" not in out and b"HTTP/1.1 413" in out, out)
    results.equal(PART, "PATCH", status("-X", "PATCH", "--json", '{"notes":"n"}', watch + "/" + ADDRESS), 200)
    results.equal(PART, "DELETE", status("-X", "DELETE", watch + "/" + ADDRESS), 200)
    results.equal(PART, "form instead of JSON", status("-d", "address=1", watch), 422)


def newer_protocols(results, base):
    results.equal(PART, "an upgrade to HTTP/2 is not taken", status("--http2", base + "/health"), 200)
    _, failed = curl("--http2-prior-knowledge", base + "/health")
    results.check(PART, "HTTP/2 at once is refused", failed != 0, failed)
    for path, wanted in (("/health", 200), ("/health/", 307), ("/nothing", 404)):
        code, fields = head(base + path)
        told = email.utils.parsedate_to_datetime(fields.get("date", "Thu, 01 Jan 1970 00:00:00 GMT")).timestamp()
        results.check(PART, "%d tells the date" % wanted, code == wanted and abs(told - time.time()) < 3, fields)


def refusals(results, base):
    for name, arguments, wanted in (
            ("header too large", ["-H", "X: " + "y" * 20_000], 431), ("too many headers", None, 431),
            ("URI too long", ["/" + "a" * 9000], 414), ("dots stay", ["/v1/../health"], 404),
            ("encoded letters", ["/v1/orderflow/%42TC"], 200), ("any capitals", ["/v1/orderflow/bTc"], 200),
            ("encoded slash is not a slash", ["/v1%2Fstats"], 404), ("not UTF-8", ["/v1/orderflow/%ff%fe"], 400),
            ("NUL is no coin, as any unknown name", ["/v1/orderflow/%00"], 200), ("final slash", ["/health/"], 307),
            ("two slashes", ["//health"], 404),
            ("query with odd escapes", ["/v1/whales/BTC?top_n=%31&x=%zz"], 200),
            ("the last of two wins or both are refused", ["/v1/whales/BTC?top_n=x&top_n=2"], 200),
            ("bad number", ["/v1/whales/BTC?top_n=1e3"], 422), ("another host", ["-H", "Host: evil.example"], 421),
            ("host with port", ["-H", "Host: localhost:1"], 200), ("host with dot", ["-H", "Host: localhost."], 200)):
        if arguments is None:
            arguments = [part for index in range(70) for part in ("-H", "X-%d: y" % index)]
        url = base + (arguments.pop() if arguments[-1].startswith("/") else "/health")
        results.equal(PART, name, status(*arguments, url), wanted)
    out, _ = curl("-o", "/dev/null", "-L", "-w", "%{http_code} %{url_effective}", base + "/health/?a=b")
    results.equal(PART, "the redirect leads home", out.decode(), "200 %s/health?a=b" % base)


def cross_origin(results, base):
    ours, other = ["-H", "Origin: https://ui.example"], ["-H", "Origin: https://evil.example"]
    code, fields = head(*ours, base + "/health")
    results.equal(PART, "an allowed origin reads", (code, fields.get("access-control-allow-origin")),
                  (200, "https://ui.example"))
    code, fields = head(*other, base + "/health")
    results.equal(PART, "another origin does not", (code, fields.get("access-control-allow-origin")), (200, None))
    asks = ["-X", "OPTIONS", "-H", "Access-Control-Request-Method: POST"]
    code, fields = head(*ours, *asks, base + "/v1/smart-money/watch")
    results.equal(PART, "preflight", (code, fields.get("access-control-allow-methods")), (204, "POST"))
    code, fields = head(*other, *asks, base + "/v1/smart-money/watch")
    results.equal(PART, "preflight of another origin", (code, fields.get("access-control-allow-origin")), (405, None))


def version_six(results, exchange):
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return results.note(PART, "no IPv6 loopback here: its cases were left out")
    daemon = service.on_exchange(exchange, host="::1", HYNOUS_API_TOKEN="a-token-of-24-characters")
    try:
        base = "http://[::1]:%d" % daemon.port
        watch = base + "/v1/smart-money/watch/" + ADDRESS
        results.equal(PART, "IPv6", status("-g", base + "/health"), 200)
        results.equal(PART, "IPv6, HTTP/1.0", status("-g", "--http1.0", base + "/health"), 200)
        results.equal(PART, "IPv6, another host", status("-g", "-H", "Host: [::2]", base + "/health"), 421)
        code, fields = head("-g", "-X", "DELETE", watch)
        results.equal(PART, "no token", (code, fields.get("www-authenticate")), (401, "Bearer"))
        results.equal(PART, "wrong token", status("-g", "-X", "DELETE", "--oauth2-bearer", "wrong", watch), 401)
        right = ["--oauth2-bearer", "a-token-of-24-characters"]
        results.equal(PART, "right token", status("-g", "-X", "DELETE", *right, watch), 200)
    finally:
        daemon.stop()
    return None


def run(results, daemon, exchange, quick):
    base = "http://127.0.0.1:%d" % daemon.port
    every_route(results, base, daemon.json("/openapi.json"))
    reuse(results, base)
    gzip(results, base)
    entity_tags(results, base)
    bodies(results, base)
    refusals(results, base)
    newer_protocols(results, base)
    cross_origin(results, base)
    version_six(results, exchange)
