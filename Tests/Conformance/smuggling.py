"""The request-smuggling table: byte streams two servers could read as different requests, and what must come of each.

A row is a name, the bytes sent, the statuses answered in order, and whether the connection is closed behind them. On
a connection that stays open the run sends one more request and wants exactly its answer; on a closed one it wants no
byte more. POISON is the request an attacker hides: it is answered only where the stream really holds it. Every row is
sent whole, byte by byte and cut in the middle. The parser's own table, with the reasons, is
Tests/WireTests/HTTPRefusalTests.swift. Rules are those of RFC 9112 (sections in the names).
"""
import service

POISON = "GET /poison HTTP/1.1\r\nHost: localhost\r\n\r\n"
MARK = "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
CLOSED, OPEN = True, False


def get(*lines, target="/health", body="", version="1.1"):
    """GET with Host and these header lines."""
    return "GET %s HTTP/%s\r\nHost: localhost\r\n%s\r\n%s" % (
        target, version, "".join(line + "\r\n" for line in lines), body)


def chunked(body, *lines):
    return get("Transfer-Encoding: chunked", *lines, body=body)


REFUSED = [400]
# Both lengths, or a coding nobody may guess: §6.1, §6.3.
FRAMING = [
    ("§6.1 CL then TE", get("Content-Length: 6", "Transfer-Encoding: chunked", body="0\r\n\r\nG" + POISON),
     REFUSED, CLOSED),
    ("§6.1 TE then CL", get("Transfer-Encoding: chunked", "Content-Length: 6", body="0\r\n\r\nG" + POISON),
     REFUSED, CLOSED),
    ("§6.1 CL 0 with TE", get("Content-Length: 0", "Transfer-Encoding: chunked", body="0\r\n\r\n" + POISON),
     REFUSED, CLOSED),
    ("§6.3 CL covers a request", get("Content-Length: %d" % len(POISON), body=POISON), [200], OPEN),
    ("§6.3 CL shorter than what follows", get("Content-Length: 2", body="ab" + POISON), [200, 404], OPEN),
    ("§6.3 no CL: what follows is a request", get(body=POISON), [200, 404], OPEN),
    ("§6.3 CL 0", get("Content-Length: 0", body=POISON), [200, 404], OPEN),
    ("§6.3 CL 000", get("Content-Length: 000", body=POISON), [200, 404], OPEN),
    ("§6.3 CL with blanks around", get("Content-Length:  2  ", body="ab" + POISON), [200, 404], OPEN),
] + [
    ("§6.2 CL %r" % value, get("Content-Length: " + value, body="abc" + POISON), REFUSED, CLOSED)
    for value in (
        "+3", "-3", "-0", "3 3", "3,3", "3, 3", "3,4", "0x3", "3;", "3.0", "1e1", "three", "", "\"3\"", "3_0", "'3'",
        "3\x0c", "\x0b3", "٣")
] + [
    ("§6.2 CL %s" % value, get("Content-Length: " + value, body=POISON), [413], CLOSED)
    for value in ("65537", "9223372036854775807", "9223372036854775808", "18446744073709551616",
                  "18446744073709551619", "1" + "0" * 60)
] + [
    ("§6.3 CL twice, " + name, get(*lines, body="abc" + POISON), REFUSED, CLOSED)
    for name, lines in (
        ("same", ("Content-Length: 3", "Content-Length: 3")), ("other", ("Content-Length: 3", "Content-Length: 0")),
        ("other capitals", ("Content-Length: 0", "CONTENT-LENGTH: 3")),
        ("far apart", ("Content-Length: 3", "X: y", "A: b", "content-length: 3")))
] + [
    ("§6.1 TE %r" % value, get("Transfer-Encoding: " + value, body="0\r\n\r\n" + POISON), REFUSED, CLOSED)
    for value in (
        "gzip, chunked", "chunked, gzip", "chunked, chunked", "identity", "identity, chunked", "chunked, identity",
        "", "xchunked", "chunkedx", "cow", "\"chunked\"", "'chunked'", "chunked;q=1", "chunked,", ",chunked",
        "chunked\x0b", "\x0bchunked", "\x00chunked", "chunked\xa0", "ch\r\n unked", "chunked\r\n\t")
] + [
    ("§6.1 TE twice", get("Transfer-Encoding: chunked", "Transfer-Encoding: chunked", body="0\r\n\r\n" + POISON),
     REFUSED, CLOSED),
    ("§6.1 TE twice, the second odd",
     get("Transfer-Encoding: chunked", "Transfer-encoding: cow", body="0\r\n\r\n" + POISON), REFUSED, CLOSED),
    ("§6.1 TE twice, the first odd",
     get("Transfer-Encoding: identity", "Transfer-Encoding: chunked", body="0\r\n\r\n" + POISON), REFUSED, CLOSED),
    ("§6.1 TE with blanks and capitals", get("tRANSFER-eNCODING: \t ChUnKeD \t", body="0\r\n\r\n" + POISON),
     [200, 404], OPEN),
    ("§6.1 TE in HTTP/1.0", get("Transfer-Encoding: chunked", body="0\r\n\r\n" + POISON, version="1.0"),
     REFUSED, CLOSED),
    ("§6.1 TE in HTTP/1.0, keep-alive",
     get("Connection: keep-alive", "Transfer-Encoding: chunked", body="0\r\n\r\n" + POISON, version="1.0"),
     REFUSED, CLOSED),
    ("§5.1 TE, blank before colon", get("Transfer-Encoding : chunked", body="0\r\n\r\n" + POISON), REFUSED, CLOSED),
    ("§5.1 TE, tab before colon", get("Transfer-Encoding\t: chunked", body="0\r\n\r\n" + POISON), REFUSED, CLOSED),
    ("§5.1 CL, blank before colon", get("Content-Length : 3", body="abc" + POISON), REFUSED, CLOSED),
    ("§5.1 other names are other headers", get("Transfer_Encoding: chunked", "X-Content-Length: 3", body=POISON),
     [200, 404], OPEN),
    ("§9.6 nothing behind close", get("Connection: close", body=POISON), [200], CLOSED),
    ("§9.6 nothing behind close in a list", get("Connection: keep-alive, close", body=POISON), [200], CLOSED),
    ("§9.3 nothing behind HTTP/1.0", get(body=POISON, version="1.0"), [200], CLOSED),
    ("§9.3 HTTP/1.0 keep-alive", get("Connection: keep-alive", body=POISON, version="1.0"), [200, 404], OPEN),
]
# Chunks: §7.1.
CHUNKS = [
    ("§7.1 the last chunk ends the request", chunked("0\r\n\r\n" + POISON), [200, 404], OPEN),
    ("§7.1 a request inside a chunk", chunked("%x\r\n%s\r\n0\r\n\r\n" % (len(POISON), POISON)), [200], OPEN),
    ("§7.1 capital hex digits", chunked("2A\r\n%s\r\n0\r\n\r\n" % ("x" * 42)), [200], OPEN),
    ("§7.1 leading zeros", chunked("0002\r\nab\r\n000\r\n\r\n" + POISON), [200, 404], OPEN),
    ("§7.1.1 extensions are passed over", chunked("2;a=b;c=\"d\"\r\nab\r\n0;last\r\n\r\n" + POISON),
     [200, 404], OPEN),
    ("§7.1.2 trailers are not headers",
     chunked("0\r\nContent-Length: 44\r\nHost: evil\r\nConnection: close\r\n\r\n" + POISON), [200, 404], OPEN),
    ("§7.1.2 a trailer's Transfer-Encoding", chunked("0\r\nTransfer-Encoding: x\r\n\r\n" + POISON), [200, 404], OPEN),
    ("§7.1 size is over", chunked("10001\r\n" + POISON), [413], CLOSED),
    ("§7.1 sizes together are over", chunked("8000\r\n%s\r\n8001\r\n" % ("x" * 32768) + POISON), [413], CLOSED),
    ("§7.1 size of 64 bits", chunked("ffffffffffffffff\r\n" + POISON), [413], CLOSED),
    ("§7.1 size wraps to 2", chunked("10000000000000002\r\nab\r\n0\r\n\r\n" + POISON), [413], CLOSED),
    ("§7.1.1 extensions without end", chunked("1;" + "x" * 2000 + "\r\na\r\n0\r\n\r\n" + POISON), REFUSED, CLOSED),
] + [
    ("§7.1 %s" % name, chunked(body + POISON), REFUSED, CLOSED)
    for name, body in (
        ("no size", "\r\n"), ("no digit", "g\r\n"), ("a sign", "+2\r\nab\r\n0\r\n\r\n"),
        ("negative", "-2\r\nab\r\n0\r\n\r\n"), ("0x", "0x2\r\nab\r\n0\r\n\r\n"),
        ("blank first", " 2\r\nab\r\n0\r\n\r\n"),
        ("blank behind", "2 \r\nab\r\n0\r\n\r\n"), ("tab behind", "2\t\r\nab\r\n0\r\n\r\n"),
        ("LF behind the size", "2\nab\r\n0\r\n\r\n"), ("CR behind the size", "2\rab\r\n0\r\n\r\n"),
        ("LF behind the data", "2\r\nab\n0\r\n\r\n"), ("more data than said", "2\r\nabc\r\n0\r\n\r\n"),
        ("less data than said", "3\r\nab\r\n0\r\n\r\n"), ("LF at the end", "0\r\n\n"), ("LF LF at the end", "0\n\n"),
        ("extension with LF", "2;x\nab\r\n0\r\n\r\n"), ("extension with CR", "2;x\rab\r\n0\r\n\r\n"),
        ("extension with NUL", "2;\x00\r\nab\r\n0\r\n\r\n"), ("a comma", "2,2\r\nab\r\n0\r\n\r\n"),
        ("seventeen digits", "00000000000000002\r\nab\r\n0\r\n\r\n"),
        ("folded trailer", "0\r\nX: y\r\n z\r\n\r\n"), ("trailer without colon", "0\r\nX\r\n\r\n"),
        ("trailer with blank before colon", "0\r\nX : y\r\n\r\n"), ("trailer with LF", "0\r\nX: y\n\r\n"),
        ("trailer with NUL", "0\r\nX: \x00\r\n\r\n"))
]
# Lines, names and values: §2.2, §5.
LINES = [
    ("§2.2 " + name, raw + POISON, REFUSED, CLOSED) for name, raw in (
        ("LF ends lines", "GET /health HTTP/1.1\nHost: localhost\n\n"),
        ("LF ends the request line", "GET /health HTTP/1.1\nHost: localhost\r\n\r\n"),
        ("LF ends a header", "GET /health HTTP/1.1\r\nHost: localhost\nX: y\r\n\r\n"),
        ("LF ends the head", "GET /health HTTP/1.1\r\nHost: localhost\r\n\n"),
        ("CR in a value", get("X: a\rContent-Length: 44")), ("CR in a name", get("X\rY: a")),
        ("CR ends lines", "GET /health HTTP/1.1\rHost: localhost\r\r"),
        ("LF in a value", get("X: a\nContent-Length: 44")), ("CR CR LF", get("X: a\r")),
        ("NUL in a value", get("X: a\x00b")), ("NUL in a name", get("X\x00: a")),
        ("NUL in the target", get(target="/health\x00")), ("DEL in a value", get("X: \x7f")),
        ("escape in a value", get("X: \x1b")), ("two empty lines first", "\r\n\r\n" + get()),
        ("a blank line first", " \r\n" + get()))
] + [
    ("§2.2 one empty line first", "\r\n" + get(body="\r\n" + POISON), [200, 404], OPEN),
] + [
    ("§5 " + name, get(*lines, body=POISON), REFUSED, CLOSED) for name, lines in (
        ("folded header", ("X: a\r\n b",)), ("folded with tab", ("X: a\r\n\tContent-Length: 44",)),
        ("folded CL", ("Content-Length:\r\n 44",)), ("folded first line", (" X: a",)),
        ("name with a blank", ("X Y: a",)), ("blank before colon", ("X : a",)), ("no colon", ("X",)),
        ("no name", (": a",)), ("name with brackets", ("X[0]: a",)), ("name with quotes", ("\"X\": a",)),
        ("name with é", ("X\xe9: a",)), ("name with a slash", ("a/b: c",)))
] + [
    ("§5 values may be empty, long, of any bytes from 0x80", get("A:", "B: " + "x" * 4000, "C: \xe9\xff", body=POISON),
     [200, 404], OPEN),
    ("§5.4 too many headers", get(*["X-%d: y" % index for index in range(70)], body=POISON), [431], CLOSED),
    ("§5.4 headers too large", get(*["X-%d: %s" % (index, "y" * 3000) for index in range(7)], body=POISON),
     [431], CLOSED),
    ("§3 target too long", get(target="/" + "a" * 9000, body=POISON), [414], CLOSED),
]
# Request line, target, host: §3.
TARGETS = [
    ("§3 " + name, raw + POISON, statuses, CLOSED) for name, raw, statuses in (
        ("two blanks", "GET  /health HTTP/1.1\r\nHost: localhost\r\n\r\n", REFUSED),
        ("tab", "GET\t/health HTTP/1.1\r\nHost: localhost\r\n\r\n", REFUSED),
        ("blank behind", "GET /health HTTP/1.1 \r\nHost: localhost\r\n\r\n", REFUSED),
        ("blank in the target", get(target="/health x"), REFUSED),
        ("no version (HTTP/0.9)", "GET /health\r\n\r\n", REFUSED),
        ("small http", "GET /health http/1.1\r\nHost: localhost\r\n\r\n", REFUSED),
        ("HTTP/1.10", get(version="1.10"), REFUSED), ("HTTP/2.0", get(version="2.0"), [505]),
        ("HTTP/1.2", get(version="1.2"), [505]), ("HTTP/0.9", get(version="0.9"), [505]),
        ("the HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [505]),
        ("fragment", get(target="/health#x"), REFUSED), ("no slash", get(target="health"), REFUSED),
        ("authority with GET", get(target="localhost:80"), REFUSED), ("* with GET", get(target="*"), REFUSED),
        ("bytes from 0x80", get(target="/h\xe9"), REFUSED),
        ("userinfo", get(target="http://a@localhost/health"), REFUSED),
        ("ftp", get(target="ftp://localhost/health"), REFUSED),
        ("no host at all", "GET /health HTTP/1.1\r\n\r\n", REFUSED),
        ("two hosts", get("Host: localhost"), REFUSED), ("two different hosts", get("host: evil"), REFUSED),
        ("host is a list", "GET /health HTTP/1.1\r\nHost: localhost, evil\r\n\r\n", REFUSED),
        ("host with a blank", "GET /health HTTP/1.1\r\nHost: local host\r\n\r\n", REFUSED),
        ("host with a path", "GET /health HTTP/1.1\r\nHost: localhost/x\r\n\r\n", REFUSED),
        ("host with userinfo", "GET /health HTTP/1.1\r\nHost: a@localhost\r\n\r\n", REFUSED),
        ("absolute form without Host", "GET http://localhost/health HTTP/1.1\r\n\r\n", REFUSED),
        ("a TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", REFUSED))
] + [
    ("§3 " + name, raw + POISON, statuses + [404], OPEN) for name, raw, statuses in (
        ("absolute form", get(target="http://localhost/health"), [200]),
        ("absolute form wins over Host", "GET http://localhost/health HTTP/1.1\r\nHost: evil\r\n\r\n", [200]),
        ("absolute form for another host", get(target="http://evil/health"), [421]),
        ("another host", "GET /health HTTP/1.1\r\nHost: evil\r\n\r\n", [421]),
        ("an empty host", "GET /health HTTP/1.1\r\nHost:\r\n\r\n", [421]),
        ("CONNECT", "CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n", [404]),
        ("OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", [404]),
        ("TRACE", "TRACE /health HTTP/1.1\r\nHost: localhost\r\n\r\n", [405]),
        ("an invented method", "BREW /health HTTP/1.1\r\nHost: localhost\r\n\r\n", [405]),
        ("small get is another method", "get /health HTTP/1.1\r\nHost: localhost\r\n\r\n", [405]),
        ("two slashes", get(target="//health"), [404]), ("two slashes and a host", get(target="//evil/health"), [404]),
        ("dots", get(target="/v1/../health"), [404]), ("dots, encoded", get(target="/v1/%2e%2e/health"), [404]),
        ("encoded slash", get(target="/v1%2Fstats"), [404]), ("encoded NUL", get(target="/health%00"), [404]),
        ("encoded CRLF", get(target="/health%0d%0aX:%20y"), [404]), ("bad escape", get(target="/health%zz"), [404]),
        ("encoded letters are letters", get(target="/%68ealth"), [200]),
        ("a query", get(target="/health?a=b?c"), [200]),
        ("CRLF in a query", get(target="/health?a=%0d%0aX:%20y"), [200]),
        ("an upgrade nobody wants", get("Connection: Upgrade", "Upgrade: h2c", "HTTP2-Settings: AAMA"), [200]),
        ("Expect without body", get("Expect: 100-continue"), [200]))
] + [
    ("§10.1.1 another expectation", get("Expect: 200-ok", body=POISON), [417], CLOSED),
    ("RFC 9110 §9.3.2 HEAD with a body", "HEAD /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s" % (
        len(POISON), POISON), [200], OPEN),
]
TABLE = FRAMING + CHUNKS + LINES + TARGETS


def run(results, daemon, exchange, quick):
    part = "smuggling"
    for name, text, statuses, closes in TABLE:
        raw = text.encode("latin-1", "replace") if "٣" not in text else text.encode()
        sent = raw if closes else raw + MARK.encode()
        wanted = statuses if closes else statuses + [200]
        ways = {"whole": [sent], "in two": [sent[:len(sent) // 2], sent[len(sent) // 2:]]}
        if len(sent) < 1500:
            ways["byte by byte"] = [sent[index:index + 1] for index in range(len(sent))]
        for way, pieces in ways.items():
            data, end = service.exchange_bytes(daemon.port, pieces)
            found = service.answers(data, heads=(0,) if raw.startswith(b"HEAD") else ())
            holds = [answer[0] for answer in found] == wanted and end == "closed"
            if closes and found:
                holds = holds and (found[-1][1]["connection"] or "").lower() == "close"
            results.check(part, "%s, %s" % (name, way), holds, "answered %s, %s; wanted %s" % (
                [answer[0] for answer in found], end, wanted))
