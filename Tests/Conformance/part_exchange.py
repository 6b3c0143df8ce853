"""The daemon as a WebSocket client of servers made of `websockets` and `wsproto`, in front of the simulated exchange.

Clean relays (fragments with control frames between them, single bytes, clumps, wholly foreign servers) must lose no
connection and not one trade: flows are compared with the exchange's own account. Faults must end the connection with
the right code, be logged and counted as what they are, and be followed by a new connection and by trades.
"""
import http.client
import json
import re
import socket
import struct
import threading
import time
import urllib.parse

import peers
import service
import websockets.sync.client
import websockets.sync.server

PART = "exchange"
MESSAGE_MAX = 4 << 20
# Daemons with faults at a time.
AT_ONCE = 8


class Fault:
    """What a connection meets, and what the daemon must make of it: its close code, its log's reason and code."""

    # Changes our answer to the upgrade, which must be taken all the same.
    rewrite = None

    def __init__(self, name, act, code, reason, logged, is_upgrade=False, ends=("closed", "reset")):
        self.name, self.act, self.code, self.reason, self.logged = name, act, code, reason, logged
        self.is_upgrade, self.ends = is_upgrade, ends
        self.is_fatal = reason is not None


def frame(first, payload=b"", length=None, mask=None):
    """A frame by hand: its first byte, and a length that need not be true; `mask` masks."""
    bit = 0x80 if mask else 0
    if length is None:
        size = len(payload)
        if size > 0xFFFF:
            length = bytes([bit | 127]) + struct.pack("!Q", size)
        else:
            length = bytes([bit | size]) if size < 126 else bytes([bit | 126]) + struct.pack("!H", size)
    if mask:
        payload = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
    return bytes([first]) + length + (mask or b"") + payload


def sends(*pieces):
    def act(link):
        for piece in pieces:
            link.connection.sendall(piece)
    return act


def broken(name, code, *pieces):
    """Bytes against RFC 6455, and the code they are answered with."""
    return Fault(name, sends(*pieces), code, "protocolError", code)


TEXT, PING, CLOSE, FIN = 0x1, 0x9, 0x8, 0x80
HELLO = b'{"channel":"hello"}'
BROKEN = [
    broken("a masked frame", 1002, frame(FIN | TEXT, HELLO, mask=b"abcd")),
    broken("reserved bit 1 (compressed)", 1002, frame(FIN | 0x40 | TEXT, HELLO)),
    broken("reserved bit 2", 1002, frame(FIN | 0x20 | TEXT, HELLO)),
    broken("reserved bit 3 on a ping", 1002, frame(FIN | 0x10 | PING)),
    broken("opcode 3", 1002, frame(FIN | 3, HELLO)), broken("opcode 7", 1002, frame(FIN | 7)),
    broken("opcode 11", 1002, frame(FIN | 11)), broken("opcode 15", 1002, frame(FIN | 15, b"x" * 100)),
    broken("a fragmented ping", 1002, frame(PING, b"x")),
    broken("a ping of 126 bytes", 1002, frame(FIN | PING, b"x" * 126)),
    broken("a continuation of nothing", 1002, frame(FIN, HELLO)),
    broken("a message inside another", 1002, frame(TEXT, b'{"a":'), frame(FIN | TEXT, HELLO)),
    broken("16 bits for a length of 5", 1002, frame(FIN | TEXT, b"12345", length=b"\x7e\x00\x05")),
    broken("64 bits for a length of 200", 1002, frame(FIN | TEXT, b"1" * 200, length=b"\x7f" + struct.pack("!Q", 200))),
    broken("a length with its highest bit", 1002, frame(FIN | TEXT, length=b"\x7f" + b"\xff" * 8)),
    broken("a length above the bound", 1009, frame(FIN | TEXT, length=b"\x7f" + struct.pack("!Q", MESSAGE_MAX + 1))),
    broken("a length of 2^63 - 1", 1009, frame(FIN | TEXT, length=b"\x7f\x7f" + b"\xff" * 7)),
    broken("fragments above the bound", 1009, frame(TEXT, b'"' + b"x" * (MESSAGE_MAX - 1)), frame(FIN, b'x"')),
    broken("not UTF-8", 1007, frame(FIN | TEXT, b'{"channel":"\xff"}')),
    broken("not UTF-8 in a first fragment", 1007, frame(TEXT, b'{"\xc3\x28')),
    broken("half a character at the end", 1007, frame(TEXT, b'{"\xe2\x98'), frame(FIN, b"")),
    broken("a surrogate", 1007, frame(FIN | TEXT, b'"\xed\xa0\x80"')),
    broken("half a close code", 1002, frame(FIN | CLOSE, b"\x03")),
    broken("a close reason that is not UTF-8", 1007, frame(FIN | CLOSE, b"\x03\xe8\xff")),
    broken("a close of 126 bytes", 1002, frame(FIN | CLOSE, b"\x03\xe8" + b"x" * 124)),
] + [
    broken("close code %d" % code, 1002, frame(FIN | CLOSE, struct.pack("!H", code)))
    for code in (0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65535)
]


def closes(code, reason=""):
    def act(link):
        link.stack.close(code, reason)
        link.flush()
    return Fault("close %s %s" % (code, reason), act, code, "closed", code)


def aborts(link):
    link.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    link.end = "ours"
    # Wakes the reader, which closes: the lingering makes that a reset.
    link.connection.shutdown(socket.SHUT_RD)


def ends_behind(piece):
    def act(link):
        link.connection.sendall(piece)
        link.connection.shutdown(socket.SHUT_WR)
    return act


CLOSES = [
    closes(code)
    for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4999)
] + [
    closes(1001, "going away: é ☃"),
    Fault("close without a code", sends(frame(FIN | CLOSE)), 1000, "closed", 1005),
    Fault("frames behind a close", sends(frame(FIN | CLOSE, b"\x03\xe8") + frame(FIN | TEXT, HELLO) + b"\xff" * 99),
          1000, "closed", 1000),
    Fault("the end without a close", ends_behind(b""), None, "cut", 0),
    Fault("the end in the middle of a frame", ends_behind(frame(FIN | TEXT, HELLO)[:9]), None, "cut", 0),
    Fault("the end in the middle of a message", ends_behind(frame(TEXT, HELLO)), None, "cut", 0),
    Fault("a reset", aborts, None, "cut", 0, ends=("ours",)),
    Fault("too many binary messages", sends(frame(FIN | 2, b"\x00\xff") * 40), 1008, "garbage", 1008),
    Fault("too much that is no JSON", sends(frame(FIN | TEXT, b"{") * 40), 1008, "garbage", 1008),
]
# What must be borne.
BORNE = [
    Fault(name, sends(*pieces), None, None, 0) for name, pieces in (
        ("a few binary messages", [frame(FIN | 2, b"\x00\xff") * 5]),
        ("an empty text, an empty binary", [frame(FIN | TEXT), frame(FIN | 2)]),
        ("a message just within the bound", [frame(FIN | TEXT, b'{"channel":"x","data":"' + b"y" * (
            MESSAGE_MAX - 25) + b'"}')]),
        ("a character cut by fragments", [frame(TEXT, '{"channel":"☃"}'.encode()[:13]), frame(FIN, '{"channel":"☃"}'
                                          .encode()[13:])]),
        ("empty fragments", [frame(TEXT) + frame(0) * 50 + frame(0, HELLO) + frame(FIN)]))
]


def upgrade(name, status, *lines, accept="right", first="HTTP/1.1 101 Switching Protocols", body=b"", cut=False):
    """An answer to the upgrade that is not one; `status` is what the log says."""
    def act(link, head):
        key = re.search(rb"(?i)sec-websocket-key: *(\S+)", head).group(1).decode()
        value = websockets.utils.accept_key(key) if accept == "right" else accept
        all_lines = [first] + list(lines) + (["Sec-WebSocket-Accept: " + value] if value else [])
        link.connection.sendall("\r\n".join(all_lines + ["", ""]).encode()[:-5 if cut else None] + body)
        if cut:
            link.connection.shutdown(socket.SHUT_WR)
        link.connection.settimeout(peers.PATIENCE_S + 5)
        link.end = service.read_to_end(link.connection)[1]
    return Fault("upgrade: " + name, act, None, "upgradeFailed", status, is_upgrade=True)


def accepted(name, change):
    """An odd answer to the upgrade that is one."""
    fault = Fault("upgrade taken: " + name, lambda link: None, None, None, 0)
    fault.rewrite = change
    return fault


def replaced(pattern, by):
    return lambda answer: [re.sub(pattern, by, answer, count=1, flags=re.I)]


ACCEPTED = [
    accepted("no reason", replaced(rb"^HTTP/1.1 101[^\r]*", b"HTTP/1.1 101 ")),
    accepted("another reason", replaced(rb"^HTTP/1.1 101[^\r]*", b"HTTP/1.1 101 Web Socket (\xe9)")),
    accepted("other capitals", replaced(rb"upgrade: websocket", b"uPGRADE: wEBSOCKET")),
    accepted("Connection is a list", replaced(rb"connection: upgrade", b"Connection: keep-alive,\tupgrade")),
    accepted("further headers", replaced(
        rb"\r\n\r\n", b"\r\nServer: x\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\nX-Empty:\r\n\r\n")),
    accepted("hints first", lambda answer: [b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + answer]),
    accepted("byte by byte", lambda answer: [bytes([byte]) for byte in answer]),
]

UP, CON = "Upgrade: websocket", "Connection: Upgrade"
PLAIN = "Content-Length: 0"
UPGRADES = [
    upgrade("200", 200, PLAIN, accept=None, first="HTTP/1.1 200 OK"),
    upgrade("200 and upgraded", 200, UP, CON, PLAIN, first="HTTP/1.1 200 OK"),
    upgrade("400 with a body", 400, "Content-Length: 4", accept=None, first="HTTP/1.1 400 Bad Request", body=b"no!!"),
    upgrade("301", 301, "Location: ws://127.0.0.1:1/", PLAIN, accept=None, first="HTTP/1.1 301 Moved Permanently"),
    upgrade("307", 307, "Location: /", PLAIN, accept=None, first="HTTP/1.1 307 Temporary Redirect"),
    upgrade("429", 429, "Retry-After: 1", PLAIN, accept=None, first="HTTP/1.1 429 Too Many Requests"),
    upgrade("502 in HTML", 502, "Content-Type: text/html", "Transfer-Encoding: chunked", accept=None,
            first="HTTP/1.1 502 Bad Gateway", body=b"5\r\n<html\r\n0\r\n\r\n"),
    upgrade("wrong Accept", 101, UP, CON, accept="AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
    upgrade("no Accept", 101, UP, CON, accept=None),
    upgrade("two Accepts", 101, UP, CON, "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
    upgrade("no Upgrade", 101, CON), upgrade("no Connection", 101, UP),
    upgrade("Upgrade to something else", 101, "Upgrade: h2c", CON),
    upgrade("compression nobody asked for", 101, UP, CON, "Sec-WebSocket-Extensions: permessage-deflate"),
    upgrade("a subprotocol nobody asked for", 101, UP, CON, "Sec-WebSocket-Protocol: chat"),
    upgrade("HTTP/1.0", 101, UP, CON, first="HTTP/1.0 101 Switching Protocols"),
    upgrade("an SSH greeting", 0, accept=None, first="SSH-2.0-OpenSSH_9.2"),
    upgrade("a frame instead", 0, accept=None, first="\x00\x01\x02"),
    upgrade("a folded header", 0, UP, CON, "X: a\r\n b"),
    upgrade("a head without end", 0, UP, CON, *["X-%d: %s" % (index, "y" * 1000) for index in range(20)]),
    upgrade("the end in the middle", 0, UP, CON, cut=True),
]


def says_nothing(link, head):
    link.connection.settimeout(20)
    link.end = service.read_to_end(link.connection)[1]


SILENT = Fault("upgrade: no answer", says_nothing, None, "upgradeFailed", 0, is_upgrade=True)


def grouped(quick):
    """Groups of faults, one daemon each; few per group, since waits double. Every fault with every stack, or, quick,
    every other fault with one of them."""
    faults = BROKEN + CLOSES + BORNE + UPGRADES + ACCEPTED
    stacks = (peers.WebsocketsStack, peers.WsprotoStack)
    if quick:
        faults = [fault for index, fault in enumerate(faults) if index % 2 == 0 or fault in BORNE + ACCEPTED]
    else:
        faults = faults + [SILENT]
    count = len(faults) // (7 if quick else 9) + 1
    groups = []
    for number in range(count):
        for stack in stacks[number % 2:][:1] if quick else stacks:
            groups.append(peers.Group("%s-faults%d" % (stack.name, number), stack, faults=faults[number::count],
                                      number=len(groups) + 1))
    return groups


def lost(daemon):
    """(reason, code) of every connection the log says was lost."""
    found = []
    for line in list(daemon.lines):
        match = re.search(r'exchange connection lost.*reason=(\w+) code=(\d+)', line)
        if match:
            found.append((match.group(1), int(match.group(2))))
    return found


def faults(results, quick):
    # A small market: one Python process relays to all daemons.
    exchange = service.Exchange("--trades-per-second", "30", "--coins", "12")
    try:
        groups = grouped(quick)
        for start in range(0, len(groups), AT_ONCE):
            fault_groups(results, exchange, groups[start:start + AT_ONCE])
    finally:
        exchange.stop()


def fault_groups(results, exchange, groups):
    """A daemon for each group, all at the same time."""
    peer = peers.Peer(exchange.port, groups)
    place = "http://127.0.0.1:%d" % exchange.port
    daemons = {}
    try:
        for group in groups:
            daemons[group] = service.Daemon(place, peer.ws_url(group))
        for group, daemon in daemons.items():
            judge(results, group, daemon)
    finally:
        for group, daemon in daemons.items():
            results.equal(PART, "%s: the daemon ends in order" % group.name, daemon.stop(), 0)
        peer.close()


def judge(results, group, daemon):
    wanted = [fault for fault in group.faults] + [fault for fault, _, _ in group.met]
    count = len(wanted)
    done = daemon.until(lambda _: not group.faults and len(
        [fault for fault, _, _ in group.met if fault.is_fatal]) >= len(
        [fault for fault in wanted if fault.is_fatal]), 60)
    results.check(PART, group.name + ": every fault happened", done, "%d of %d" % (len(group.met), count))
    trades = daemon.stats()["trade_stream"]["total_trades"]
    results.check(PART, group.name + ": well again", daemon.is_live(60), daemon.json("/health"))
    flows = daemon.until(lambda it: it.stats()["trade_stream"]["total_trades"] > trades, 10)
    results.check(PART, group.name + ": trades again", flows, trades)
    met = list(group.met)
    for fault, code, end in met:
        name = "%s, %s" % (group.stack.name, fault.name)
        if fault.is_fatal:
            wanted_code = 1002 if fault.code in group.stack.unknown_codes else fault.code
            results.equal(PART, name + ": close code", code, wanted_code)
            results.check(PART, name + ": the daemon ends the connection", end in fault.ends, end)
    logged, expected = sorted(lost(daemon)), sorted(
        (fault.reason, fault.logged) for fault, _, _ in met if fault.is_fatal)
    results.equal(PART, group.name + ": the log says why", logged, expected)
    stats = daemon.stats()["trade_stream"]
    results.equal(PART, group.name + ": counted", stats["reconnect_count"], len(
        [reason for reason, _ in expected if reason != "upgradeFailed"]))
    # Each new connection waits for its loss: at least half of the first back-off, half a second.
    early = [after - before for before, after in zip(sorted(group.lost), group.opened[2:]) if after - before < 0.24]
    results.equal(PART, group.name + ": no connection before its time", early, [])
    results.equal(PART, group.name + ": nothing the other side could not read", group.problems, [])


# MARK: Clean relays

def foreign_server(port):
    """`websockets` with its own server, as people use it, relaying message by message. It would compress if asked."""
    asked = []

    def handle(connection):
        asked.append(connection.request.headers.get("Sec-WebSocket-Extensions"))
        with socket.create_connection(("127.0.0.1", port), source_address=("127.0.7.99", 0)) as upstream:
            exchange = websockets.sync.client.connect(
                "ws://127.0.0.1:%d/ws" % port, sock=upstream, compression=None, proxy=None, max_size=None)

            def up():
                try:
                    for message in connection:
                        exchange.send(message)
                except websockets.exceptions.ConnectionClosed:
                    pass

            threading.Thread(target=up, daemon=True).start()
            try:
                for message in exchange:
                    # An iterable of pieces is sent as fragments.
                    connection.send([message[:9], message[9:]] if len(message) > 20 else message)
            except websockets.exceptions.ConnectionClosed:
                pass

    server = websockets.sync.server.serve(handle, "127.0.0.1", 0, ping_interval=1)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, asked


def ask(port, method, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path)
        return json.loads(connection.getresponse().read() or "{}")
    finally:
        connection.close()


def clean(results, quick):
    exchange = service.Exchange("--trades-per-second", "40", "--still")
    stacks = (peers.WebsocketsStack, peers.WsprotoStack)
    groups = [peers.Group("%s-%s" % (stack.name, mode), stack, mode, number=100 + index * 9 + place)
              for index, stack in enumerate(stacks)
              for place, mode in enumerate(("plain", "fragments", "control", "bytes", "clumps"))
              if not quick or mode in ("fragments", "bytes")]
    peer = peers.Peer(exchange.port, groups)
    server, asked = foreign_server(exchange.port)
    daemons = {}
    try:
        for group in groups:
            daemons[group.name] = service.Daemon(peer.rest_url(), peer.ws_url(group))
        daemons["websockets' own server"] = service.Daemon(
            peer.rest_url(), "ws://127.0.0.1:%d/" % server.socket.getsockname()[1])
        for name, daemon in daemons.items():
            live = daemon.until(lambda it: it.stats()["trade_stream"]["subscribed_coins"] >= 20, 30)
            results.check(PART, name + ": subscribed", live, "".join(daemon.lines)[-800:])
        ask(exchange.port, "POST", "/control/on")
        time.sleep(4 if quick else 20)
        for name, daemon in daemons.items():
            results.check(PART, name + ": well", daemon.is_live(20), daemon.json("/health"))
        ask(exchange.port, "POST", "/control/still")
        compare(results, exchange, daemons)
        for group in groups:
            results.equal(PART, group.name + ": every ping answered with its payload, nothing wrong",
                          (group.pings, group.problems), (group.pongs, []))
        results.equal(PART, "no extension is asked for", set(asked), {None})
    finally:
        for name, daemon in daemons.items():
            results.equal(PART, name + ": ends in order", daemon.stop(), 0)
        server.shutdown()
        peer.close()
        exchange.stop()


def compare(results, exchange, daemons):
    """Not one trade may be missing, of any coin, and no connection may have been lost."""
    coins = [coin["coin"] for coin in ask(exchange.port, "GET", "/truth/world")["coins"] if coin["isListed"]]
    truth = {coin: ask(exchange.port, "GET", "/truth/flow?coin=%s&windowS=3600" % urllib.parse.quote(coin, safe=":/"))
             for coin in coins}
    total = sum(flow["buyCount"] + flow["sellCount"] for flow in truth.values())
    results.check(PART, "there was something to follow", total > 50, total)
    for name, daemon in daemons.items():
        daemon.until(lambda it: it.stats()["trade_stream"]["total_trades"] >= total, 20)
        stats = daemon.stats()["trade_stream"]
        results.equal(PART, name + ": every trade came", (stats["total_trades"], stats["reconnect_count"]), (total, 0))
        wrong = []
        for coin, flow in truth.items():
            answer = daemon.json("/v1/orderflow/" + urllib.parse.quote(coin, safe=""))
            hour = answer["windows"].get("1h") or {"buy_count": 0, "sell_count": 0, "buy_volume_usd": 0}
            if (hour["buy_count"], hour["sell_count"]) != (flow["buyCount"], flow["sellCount"]) or abs(
                    hour["buy_volume_usd"] - flow["buyMicros"] / 1e6) > 0.0051:
                wrong.append((coin, hour, flow))
        results.equal(PART, name + ": right flow of every coin", wrong, [])
    results.note(PART, "%d trades of %d coins followed by %d daemons, each through a foreign server" % (
        total, len(coins), len(daemons)))


def run(results, daemon, exchange, quick):
    clean(results, quick)
    faults(results, quick)
