"""`websockets` and `wsproto` as clients of the simulated exchange, which serves with our own server-side WebSocket.

Whole clients as people use them, both libraries without their sockets for what no library sends by itself, and frames
by hand: each breach must be answered with its close code and the end of the connection.
"""
import base64
import http.client
import itertools
import json
import os
import socket
import struct
import time

import service
import websockets.exceptions
import websockets.sync.client
import wsproto
import wsproto.events
from part_exchange import CLOSE, FIN, PING, TEXT, frame
from websockets.client import ClientProtocol
from websockets.frames import Opcode
from websockets.uri import parse_uri

PART = "sockets"
SUBSCRIBE = b'{"method":"subscribe","subscription":{"type":"trades","coin":"BTC"}}'
PING_TEXT = b'{"method":"ping"}'
PONG_TEXT = '{"channel":"pong"}'
MESSAGE_MAX = 64 << 10
# The exchange allows an address ten connections and thirty a minute; so every case comes from its own.
sources = ("127.0.%d.%d" % (8 + number // 250, 1 + number % 250) for number in itertools.count())


def connect(port):
    connection = socket.create_connection(("127.0.0.1", port), timeout=5, source_address=(next(sources), 0))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


class WebsocketsClient:
    """`websockets` on a socket of ours."""

    name = "websockets"

    def __init__(self, port, **options):
        self.socket = connect(port)
        self.protocol = ClientProtocol(parse_uri("ws://127.0.0.1:%d/ws" % port), max_size=None, **options)
        self.protocol.send_request(self.protocol.connect())
        self.flush()
        self.events = []
        self.message, self.pongs, self.ended = b"", [], None
        while self.protocol.state.name == "CONNECTING" and self.ended is None:
            self.read()

    @property
    def close_code(self):
        received = self.protocol.close_rcvd
        return (received.code or 1005) if received else None

    def flush(self):
        for data in self.protocol.data_to_send():
            self.write(data)

    def write(self, data):
        try:
            self.socket.sendall(data)
        except OSError:
            pass

    def read(self):
        try:
            data = self.socket.recv(65536)
        except socket.timeout:
            self.ended = "open"
            return
        except OSError:
            self.ended = "reset"
            return
        if not data:
            self.ended = "closed"
            return
        self.protocol.receive_data(data)
        for event in self.protocol.events_received():
            opcode = getattr(event, "opcode", None)
            if opcode == Opcode.TEXT:
                self.events.append(bytes(event.data).decode())
            elif opcode == Opcode.PONG:
                self.pongs.append(bytes(event.data))

    def text(self, *pieces):
        for index, piece in enumerate(pieces):
            sends = self.protocol.send_continuation if index else self.protocol.send_text
            sends(piece, fin=index == len(pieces) - 1)
            self.flush()

    def ping(self, payload):
        self.protocol.send_ping(payload)
        self.flush()

    def close(self, code, reason=""):
        self.protocol.send_close(code, reason)
        self.flush()


class WsprotoClient:
    """`wsproto` on a socket of ours."""

    name = "wsproto"

    def __init__(self, port, **options):
        self.socket = connect(port)
        self.connection = wsproto.WSConnection(wsproto.ConnectionType.CLIENT)
        self.events, self.message, self.pongs, self.ended, self.close_code = [], "", [], None, None
        self.send(wsproto.events.Request(host="127.0.0.1:%d" % port, target="/ws", **options))
        self.accepted = None
        while self.accepted is None and self.ended is None:
            self.read()

    def send(self, event):
        self.write(self.connection.send(event))

    def write(self, data):
        try:
            self.socket.sendall(data)
        except OSError:
            pass

    def read(self):
        try:
            data = self.socket.recv(65536)
        except socket.timeout:
            self.ended = "open"
            return
        except OSError:
            self.ended = "reset"
            return
        if not data:
            self.ended = "closed"
            return
        self.connection.receive_data(data)
        for event in self.connection.events():
            if isinstance(event, wsproto.events.AcceptConnection):
                self.accepted = event
            elif isinstance(event, wsproto.events.TextMessage):
                self.message += event.data
                if event.message_finished:
                    self.events.append(self.message)
                    self.message = ""
            elif isinstance(event, wsproto.events.Pong):
                self.pongs.append(bytes(event.payload))
            elif isinstance(event, wsproto.events.CloseConnection):
                self.close_code = int(event.code)

    def text(self, *pieces):
        for index, piece in enumerate(pieces):
            self.send(wsproto.events.TextMessage(piece.decode(), message_finished=index == len(pieces) - 1))

    def ping(self, payload):
        self.send(wsproto.events.Ping(payload))

    def close(self, code, reason=""):
        self.send(wsproto.events.CloseConnection(code, reason or None))


def until(client, holds, seconds=5):
    end = time.monotonic() + seconds
    while not holds(client) and client.ended is None and time.monotonic() < end:
        client.read()
    return holds(client)


def until_end(client):
    while client.ended is None:
        client.read()
    client.socket.close()


MASK = b"\x12\x34\x56\x78"


def masked(first, payload=b"", length=None):
    if length is not None:
        length = bytes([length[0] | 0x80]) + length[1:]
    return frame(first, payload, length, MASK)


LONG = struct.pack("!Q", MESSAGE_MAX + 1)
BROKEN = [
    ("an unmasked frame", 1002, frame(FIN | TEXT, PING_TEXT)), ("an unmasked ping", 1002, frame(FIN | PING)),
    ("an unmasked close", 1002, frame(FIN | CLOSE, b"\x03\xe8")),
    ("reserved bit 1", 1002, masked(FIN | 0x40 | TEXT, PING_TEXT)), ("reserved bit 2", 1002, masked(FIN | 0x20 | TEXT)),
    ("reserved bit 3", 1002, masked(FIN | 0x10 | PING)), ("opcode 3", 1002, masked(FIN | 3)),
    ("opcode 7", 1002, masked(FIN | 7)), ("opcode 11", 1002, masked(FIN | 11)), ("opcode 15", 1002, masked(FIN | 15)),
    ("a fragmented ping", 1002, masked(PING)), ("a fragmented close", 1002, masked(CLOSE)),
    ("a ping of 126 bytes", 1002, masked(FIN | PING, b"x" * 126)),
    ("a continuation of nothing", 1002, masked(FIN, b"x")),
    ("a message inside another", 1002, masked(TEXT, b"{") + masked(FIN | TEXT, b"}")),
    ("16 bits for a length of 5", 1002, masked(FIN | TEXT, b"12345", b"\x7e\x00\x05")),
    ("64 bits for a length of 5", 1002, masked(FIN | TEXT, b"12345", b"\x7f" + struct.pack("!Q", 5))),
    ("a length with its highest bit", 1002, masked(FIN | TEXT, b"", b"\x7f" + b"\xff" * 8)),
    ("a length above the bound", 1009, masked(FIN | TEXT, b"", b"\x7f" + LONG)),
    ("fragments above the bound", 1009, masked(TEXT, b"x" * 60_000) + masked(FIN, b"x" * 60_000)),
    ("not UTF-8", 1007, masked(FIN | TEXT, b"\xff")), ("half a character", 1007, masked(FIN | TEXT, b"\xe2\x98")),
    ("not UTF-8 in a first fragment", 1007, masked(TEXT, b"\xc0\x80")),
    ("half a close code", 1002, masked(FIN | CLOSE, b"\x03")),
    ("a close reason that is not UTF-8", 1007, masked(FIN | CLOSE, b"\x03\xe8\xff")),
    ("a binary message", 1003, masked(FIN | 2, b"\x00")), ("close without a code", 1000, masked(FIN | CLOSE)),
    ("frames behind a close", 1000, masked(FIN | CLOSE, b"\x03\xe8") + masked(FIN | TEXT, PING_TEXT) + b"\xff" * 20),
] + [("close code %d" % code, 1002, masked(FIN | CLOSE, struct.pack("!H", code)))
     for code in (0, 999, 1004, 1005, 1006, 1015, 2999, 5000)]


def breaches(results, port):
    for kind in (WebsocketsClient, WsprotoClient):
        for name, code, sent in BROKEN:
            client = kind(port)
            client.text(SUBSCRIBE)
            client.write(sent)
            until_end(client)
            results.equal(PART, "%s, %s" % (kind.name, name), (client.close_code, client.ended), (code, "closed"))
    # In single bytes as well.
    for name, code, sent in BROKEN:
        if len(sent) < 200:
            client = WebsocketsClient(port)
            for index in range(len(sent)):
                client.write(sent[index:index + 1])
            until_end(client)
            results.equal(PART, "byte by byte, %s" % name, (client.close_code, client.ended), (code, "closed"))


def manners(results, port):
    """What both libraries do on a good day, and at its end."""
    for kind in (WebsocketsClient, WsprotoClient):
        client = kind(port)
        pieces = [SUBSCRIBE[index:index + 1] for index in range(len(SUBSCRIBE))]
        client.text(*pieces)
        flows = until(client, lambda it: any('"subscriptionResponse"' in text for text in it.events))
        results.check(PART, kind.name + ": a subscription in 68 fragments", flows, client.events[:3])
        flows = until(client, lambda it: any('"trades"' in text for text in it.events))
        results.check(PART, kind.name + ": trades", flows, client.events[:3])
        payloads = [b"", b"x", bytes(range(125)), os.urandom(77)]
        for payload in payloads:
            client.ping(payload)
        results.check(PART, kind.name + ": pongs with their payloads",
                      until(client, lambda it: it.pongs == payloads), client.pongs)
        # A ping between two fragments is answered before the message is complete.
        client.write(masked(TEXT, PING_TEXT[:5]) + masked(FIN | PING, b"between"))
        results.check(PART, kind.name + ": a ping inside a message",
                      until(client, lambda it: it.pongs[-1] == b"between"), client.pongs)
        before = client.events.count(PONG_TEXT)
        client.write(masked(FIN, PING_TEXT[5:]) + masked(FIN | 10, b"unasked"))
        results.check(PART, kind.name + ": the message behind it",
                      until(client, lambda it: it.events.count(PONG_TEXT) == before + 1), client.events[-3:])
        client.socket.close()
        for code in (1000, 1001, 1003, 1008, 1011, 3000, 4999):
            client = kind(port)
            client.close(code, "é ☃")
            until_end(client)
            results.equal(PART, "%s: close %d is echoed" % (kind.name, code), (client.close_code, client.ended),
                          (code, "closed"))


def whole_client(results, port):
    """`websockets` as people use it, offering what we do not speak."""
    with websockets.sync.client.connect(
            "ws://127.0.0.1:%d/ws" % port, sock=connect(port), compression="deflate", subprotocols=["chat", "wamp"],
            origin="https://elsewhere.example", additional_headers={"X-One": "1", "Authorization": "Basic eDp5"},
            proxy=None) as client:
        results.equal(PART, "no compression", client.protocol.extensions, [])
        results.equal(PART, "no subprotocol", client.subprotocol, None)
        results.check(PART, "a pong comes", client.ping(b"payload").wait(5))
        client.send(SUBSCRIBE.decode())
        first = json.loads(client.recv(timeout=5))
        results.equal(PART, "the acknowledgement", first.get("channel"), "subscriptionResponse")
        client.send(["{", '"method"', ':"ping"', "}"])
        found = any(client.recv(timeout=5) == PONG_TEXT for _ in range(50))
        results.check(PART, "a message from an iterable of fragments", found)
        client.close(4000, "done")
    results.equal(PART, "the closing handshake", client.close_code, 4000)
    try:
        websockets.sync.client.connect("ws://127.0.0.1:%d/elsewhere" % port, sock=connect(port), proxy=None)
        status = 101
    except websockets.exceptions.InvalidStatus as error:
        status = error.response.status_code
    results.equal(PART, "another path", status, 400)


def ask(port, head, behind=b""):
    with connect(port) as connection:
        connection.sendall(head + behind)
        connection.settimeout(1)
        data = b""
        while b"\r\n\r\n" not in data:
            try:
                more = connection.recv(4096)
            except OSError:
                break
            if not more:
                break
            data += more
        return int(data.split(b" ")[1]) if data.startswith(b"HTTP/1.1 ") else None


def handshakes(results, port):
    key = base64.b64encode(os.urandom(16)).decode()
    good = ["GET /ws HTTP/1.1", "Host: localhost", "Upgrade: websocket", "Connection: Upgrade",
            "Sec-WebSocket-Key: " + key, "Sec-WebSocket-Version: 13"]

    def changed(line, to):
        return [to if old.startswith(line) else old for old in good if to or not old.startswith(line)]

    table = [
        ("as it should be", good, 101), ("other capitals", [line.upper() if line.startswith(("Upg", "Con")) else line
                                                            for line in good], 101),
        ("Connection is a list", changed("Connection", "Connection: keep-alive, Upgrade"), 101),
        ("extensions offered", good + ["Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"], 101),
        ("POST", changed("GET", "POST /ws HTTP/1.1"), 400), ("HTTP/1.0", changed("GET", "GET /ws HTTP/1.0"), 400),
        ("no key", changed("Sec-WebSocket-Key", None), 400),
        ("a short key", changed("Sec-WebSocket-Key", "Sec-WebSocket-Key: YWJj"), 400),
        ("no base64", changed("Sec-WebSocket-Key", "Sec-WebSocket-Key: !!!!!!!!!!!!!!!!!!!!!!=="), 400),
        ("no version", changed("Sec-WebSocket-Version", None), 400),
        ("version 8", changed("Sec-WebSocket-Version", "Sec-WebSocket-Version: 8"), 400),
        ("no Connection", changed("Connection", None), 400),
        ("Connection: close", changed("Connection", "Connection: close"), 400),
        ("another upgrade", changed("Upgrade", "Upgrade: h2c"), 404), ("no upgrade", changed("Upgrade", None), 404),
    ]
    for name, lines, wanted in table:
        results.equal(PART, "handshake: " + name, ask(port, "\r\n".join(lines + ["", ""]).encode()), wanted)
    # The first frames in the same bytes as the request, and the request in single bytes.
    head = "\r\n".join(good + ["", ""]).encode()
    for name, pieces in (("frames behind the request", [head + masked(FIN | TEXT, PING_TEXT) + masked(FIN | CLOSE)]),
                         ("byte by byte", [bytes([byte]) for byte in head + masked(FIN | TEXT, PING_TEXT) + masked(
                             FIN | CLOSE)])):
        with connect(port) as connection:
            for piece in pieces:
                connection.sendall(piece)
            data, end = service.read_to_end(connection)
        results.check(PART, "handshake: " + name, end == "closed" and PONG_TEXT.encode() in data and data.endswith(
            b"\x88\x02\x03\xe8"), data[-60:])


def rude(results, port):
    """Ends in every place; the exchange must go on."""
    for name, sent in (("half a handshake", b"GET /ws HT"), ("half a frame", None), ("a message without end", b"")):
        for resets in (False, True):
            if sent:
                connection = connect(port)
                connection.sendall(sent)
            else:
                client = WebsocketsClient(port)
                client.text(SUBSCRIBE)
                client.write(masked(TEXT, b"{") if sent is not None else masked(FIN | TEXT, PING_TEXT)[:5])
                connection = client.socket
            if resets:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
            asked = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            asked.request("POST", "/info", '{"type":"allMids"}', {"Content-Type": "application/json"})
            results.equal(PART, "%s behind %s" % ("reset" if resets else "end", name), asked.getresponse().status, 200)
            asked.close()


def run(results, daemon, exchange, quick):
    manners(results, exchange.port)
    whole_client(results, exchange.port)
    handshakes(results, exchange.port)
    breaches(results, exchange.port)
    rude(results, exchange.port)
