"""Python's `requests`, `http.client` and h11 as clients, and raw sockets that behave oddly: byte by byte, half-closed,
cut in the middle, reset, too slow, not reading. Afterwards no connection may be left and the daemon must be well.
"""
import http.client
import json
import socket
import struct
import threading
import time

import service

PART = "clients"
GET = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
LAST = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
POST = b"POST /v1/smart-money/watch HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
# The head must be complete 10 s after its first byte, a body 30 s after its head; looked at once a second.
HEAD_S, BODY_S = 10, 30


def wallet(number):
    return "0x%040x" % (0xC0FFEE + number)


def sessions(results, daemon, part):
    """One `requests` session: everything over one connection."""
    import requests

    base = "http://127.0.0.1:%d" % daemon.port
    with requests.Session() as session:
        for round_number in range(20):
            for path in ("/health", "/v1/stats", "/v1/coins", "/v1/orderflow", "/v1/nothing", "/openapi.json"):
                answer = session.get(base + path, timeout=10)
                wanted = 404 if path == "/v1/nothing" else 200
                results.check(part, "requests GET %s, round %d" % (path, round_number),
                              answer.status_code == wanted and isinstance(answer.json(), dict), answer.text)
        for number in range(10):
            watch = base + "/v1/smart-money/watch"
            answer = session.post(watch, json={"address": wallet(number), "label": "é ☃"}, timeout=10)
            results.equal(part, "requests POST", answer.status_code, 200)
            answer = session.patch(watch + "/" + wallet(number), json={"notes": "n" * 100}, timeout=10)
            results.equal(part, "requests PATCH", answer.status_code, 200)
            answer = session.delete(watch + "/" + wallet(number), timeout=10)
            results.equal(part, "requests DELETE", answer.status_code, 200)
        answer = session.post(base + "/v1/smart-money/watch", data=iter([b'{"addre', b'ss": "', b'x"}']), timeout=10)
        results.equal(part, "requests, a chunked body from a generator", answer.status_code, 422)
        answer = session.get(base + "/health/", timeout=10)
        results.check(part, "requests follows the redirect", answer.status_code == 200 and answer.history, answer)
        answer = session.head(base + "/openapi.json", timeout=10)
        results.check(part, "requests HEAD", answer.status_code == 200 and answer.content == b"", answer)
        pool = next(iter(session.get_adapter(base).poolmanager.pools._container.values()))
        results.equal(part, "requests used one connection", pool.num_connections, 1)


def many_sessions(results, daemon, part):
    """Sixteen sessions at once, each with its own order of things."""
    import requests

    wrong = []

    def work(number):
        with requests.Session() as session:
            for turn in range(40):
                path = ("/health", "/v1/orderflow/BTC", "/docs", "/v1/whales/ETH")[(number + turn) % 4]
                answer = session.get("http://127.0.0.1:%d%s" % (daemon.port, path), timeout=20)
                if answer.status_code != 200 or not answer.content:
                    wrong.append((path, answer.status_code))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    results.equal(part, "requests, sixteen sessions at once", wrong, [])


def http_client(results, daemon, part):
    connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=10)
    note = json.dumps({"address": wallet(99), "label": "http.client"})
    asks = [("GET", "/health", None, {}, 200), ("HEAD", "/openapi.json", None, {}, 200),
            ("GET", "/openapi.json", None, {}, 200), ("POST", "/v1/smart-money/watch", note, {}, 200),
            ("POST", "/v1/smart-money/watch", iter([note[:9].encode(), note[9:].encode()]), {}, 200),
            ("PATCH", "/v1/smart-money/watch/" + wallet(99), '{"label":"x"}', {}, 200),
            ("POST", "/v1/smart-money/watch", "{", {}, 422),
            ("DELETE", "/v1/smart-money/watch/" + wallet(99), None, {}, 200),
            ("PUT", "/health", "x" * 1000, {}, 405), ("GET", "/health", "a body", {}, 200),
            ("OPTIONS", "/health", None, {}, 405), ("GET", "/health", None, {"Accept-Encoding": "gzip"}, 200)]
    socket_used = None
    for method, path, body, fields, wanted in asks:
        chunked = body is not None and not isinstance(body, str)
        connection.request(method, path, body=body, headers={"Content-Type": "application/json", **fields},
                           encode_chunked=chunked)
        answer = connection.getresponse()
        answer.read()
        results.equal(part, "http.client %s %s" % (method, path), answer.status, wanted)
        results.check(part, "http.client stays connected behind %s %s" % (method, path),
                      socket_used in (None, connection.sock) and connection.sock is not None, connection.sock)
        socket_used = connection.sock
    connection.close()


def strict(results, daemon, part):
    """h11, a strict reader: every kind of answer, one connection as long as it lasts."""
    import h11

    note = json.dumps({"address": wallet(3), "label": "h11"}).encode()
    asks = [("GET", "/health", b"", {}, 200), ("HEAD", "/openapi.json", b"", {}, 200),
            ("HEAD", "/nothing", b"", {}, 404),
            ("GET", "/openapi.json", b"", {"Accept-Encoding": "gzip"}, 200),
            ("GET", "/v1/smart-money/watchlist", b"", {"If-None-Match": "*"}, 304),
            ("OPTIONS", "/health", b"", {"Origin": "https://ui.example"}, 204), ("GET", "/health/", b"", {}, 307),
            ("POST", "/v1/smart-money/watch", note, {"Expect": "100-continue"}, 200), ("PUT", "/health", b"x", {}, 405),
            ("POST", "/v1/smart-money/watch", b"{", {}, 422), ("GET", "/v1/coins", b"", {"Host": "evil"}, 421),
            ("GET", "/health", b"", {"Expect": "more"}, 417), ("GET", "/" + "a" * 9000, b"", {}, 414)]
    connection, reader = None, None
    for method, path, body, fields, wanted in asks:
        if connection is None:
            connection = socket.create_connection(("127.0.0.1", daemon.port), timeout=5)
            reader = h11.Connection(h11.CLIENT)
        fields = {"Host": "localhost", "Content-Type": "application/json", "Content-Length": str(len(body)), **fields}
        connection.sendall(reader.send(h11.Request(method=method, target=path, headers=list(fields.items()))))
        found, data = [], b""
        # With Expect the body waits for the interim answer.
        waits = body if "100" in fields.get("Expect", "") else None
        if waits is None:
            connection.sendall(reader.send(h11.Data(data=body)) + reader.send(h11.EndOfMessage()))
        while not found or not isinstance(found[-1], (h11.EndOfMessage, h11.ConnectionClosed)):
            event = reader.next_event()
            if event is h11.NEED_DATA:
                reader.receive_data(connection.recv(65536))
                continue
            found.append(event)
            if isinstance(event, h11.Data):
                data += event.data
            if waits and isinstance(event, h11.InformationalResponse):
                connection.sendall(reader.send(h11.Data(data=waits)) + reader.send(h11.EndOfMessage()))
                waits = None
        answers = [event for event in found if isinstance(event, h11.Response)]
        results.equal(part, "h11 %s %s" % (method, path[:30]), [answer.status_code for answer in answers], [wanted])
        names = [name for name, _ in answers[0].headers if name != b"vary"]
        results.check(part, "h11 %s %s: no header twice" % (method, path[:30]), len(set(names)) == len(names), names)
        results.check(part, "h11 %s %s: no body where none may be" % (method, path[:30]),
                          not data or method != "HEAD" and wanted not in (204, 304), data[:100])
        if reader.their_state is h11.MUST_CLOSE or reader.our_state is h11.MUST_CLOSE:
            results.equal(part, "h11: the end behind close", connection.recv(1), b"")
            connection.close()
            connection = None
        else:
            reader.start_next_cycle()
    if connection:
        connection.close()


def whole(name, pieces, statuses, half_close=False, pause=0.0):
    return name, pieces, statuses, half_close, pause


def raw(results, daemon, part):
    body = json.dumps({"address": wallet(7), "label": "raw"}).encode()
    post = POST + b"Content-Length: %d\r\n\r\n" % len(body) + body
    table = [
        whole("half-close behind a request", [GET], [200], True),
        whole("half-close behind ten requests", [GET * 10], [200] * 10, True),
        whole("half-close behind a write that waits for the disk", [post], [200], True),
        whole("half-close behind writes and reads", [post + GET + post + GET], [200] * 4, True),
        whole("half-close in the middle of a head", [GET[:20]], [], True),
        whole("half-close in the middle of a body", [post[:-3]], [], True),
        whole("half-close behind a request and half of one", [GET + GET[:20]], [200], True),
        whole("half-close at once", [], [], True),
        whole("a thousand requests in one piece", [GET * 999 + LAST], [200] * 1000),
        whole("long answers in one piece", [GET.replace(b"/health", b"/openapi.json") * 99 + LAST], [200] * 100),
        whole("folded header", [GET[:-2] + b"X: a\r\n b\r\n\r\n"], [400]),
        whole("LF line ends", [GET.replace(b"\r\n", b"\n")], [400]),
        whole("what follows an error is not read", [b"\x00" * 10 + GET * 1000], [400]),
        whole("a megabyte behind an error", [b"GET / HTTP/9.9\r\n\r\n" + b"x" * 1_000_000], [505]),
        whole("nothing behind a write and close", [post.replace(b"Host", b"Connection: close\r\nHost") + GET * 3],
              [200]),
        whole("no interim answer in HTTP/1.0",
              [b"GET /health HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n", b"ab"], [200], False, 0.1),
        whole("slowly, byte by byte", [LAST[index:index + 1] for index in range(len(LAST))], [200], False, 0.002),
        whole("in pieces, a write", [post[index:index + 7] for index in range(0, len(post), 7)] + [LAST], [200, 200],
              False, 0.001),
    ]
    for name, pieces, statuses, half_close, pause in table:
        data, end = service.exchange_bytes(daemon.port, pieces, half_close=half_close, pause=pause)
        found = [answer[0] for answer in service.answers(data)]
        results.check(part, name, found == statuses and end == "closed", "%s %s %r" % (found[-3:], end, data[-200:]))


def rude(results, daemon, part):
    """Connections cut in every place, in order and by reset, and clients that do not read."""
    post = POST + b"Content-Length: 500\r\n\r\n{"
    for name, sent in (("nothing", b""), ("a byte", b"G"), ("half a head", GET[:25]), ("half a body", post),
                       ("a request", GET), ("many requests", GET * 2000), ("long answers", GET.replace(
                           b"/health", b"/openapi.json") * 500)):
        for resets in (False, True):
            for _ in range(5):
                connection = socket.create_connection(("127.0.0.1", daemon.port), timeout=5)
                if resets:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                # It may stop reading us, since we do not read it.
                connection.settimeout(0.05)
                try:
                    connection.sendall(sent)
                except OSError:
                    pass
                connection.close()
            well = daemon.get("/health")[0] == 200
            results.check(part, "%s behind %s" % ("reset" if resets else "end", name), well)
    left = daemon.until(lambda it: it.stats()["runtime"]["clients"] <= 1, 20)
    results.check(part, "rude clients leave nothing", left, daemon.stats()["runtime"]["clients"])


def slow(results, daemon, part, name, sent, seconds):
    """408 after `seconds`, though a byte comes now and then."""
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", daemon.port), timeout=0.5) as connection:
        connection.sendall(sent)
        data = b""
        while not data and time.monotonic() - began < seconds + 5:
            try:
                connection.sendall(b"x")
                data = connection.recv(65536) or b"the end"
            except socket.timeout:
                continue
            except OSError as error:
                data = str(error).encode()
        took = time.monotonic() - began
        connection.settimeout(5)
        rest, end = service.read_to_end(connection)
    found = [answer[0] for answer in service.answers(data + rest)]
    results.check(part, name, found == [408] and end == "closed" and seconds - 1 <= took <= seconds + 3,
                  "%s %s after %.1f s: %r" % (found, end, took, data))


def start_slow(results, daemon, quick):
    """The slow clients, each in a thread of its own: they take their time anyway."""
    table = [("408 for a slow head", b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: ", HEAD_S),
             ("408 for a slow request line", b"GET /heal", HEAD_S)]
    if not quick:
        table += [("408 for a slow body", POST + b"Content-Length: 60000\r\n\r\n", BODY_S),
                  ("408 for slow chunks", POST + b"Transfer-Encoding: chunked\r\n\r\nff\r\n", BODY_S)]
    threads = [threading.Thread(target=slow, args=(results, daemon, PART, *row)) for row in table]
    for thread in threads:
        thread.start()
    return threads


def run(results, daemon, exchange, quick):
    slow_clients = start_slow(results, daemon, quick)
    sessions(results, daemon, PART)
    many_sessions(results, daemon, PART)
    http_client(results, daemon, PART)
    strict(results, daemon, PART)
    raw(results, daemon, PART)
    for thread in slow_clients:
        thread.join()
    rude(results, daemon, PART)
    results.check(PART, "still well", daemon.json("/health")["status"] == "ok", daemon.json("/health"))
