"""An exchange's WebSocket made of other people's code: `websockets` or `wsproto` speaks to the daemon, and relays
what the simulated exchange says, cut and mixed as a mode wants, until a fault is to happen.

A daemon belongs to a group by the path of its ws_url, /group/NAME. Each connection of a group takes the group's next
fault; when none is left, connections are only relayed. Threads, blocking sockets; everything ends with `close`.
"""
import collections
import http.client
import http.server
import logging
import random
import socket
import struct
import threading
import time

import websockets.sync.client
import wsproto
import wsproto.events
from websockets.frames import Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

# Messages relayed before a fault, so that the connection is really in use.
MESSAGES_BEFORE = 5
# How long a daemon may take to end a connection it has given up.
PATIENCE_S = 10


# It writes a traceback when a connection ends while its thread starts to read.
logging.getLogger("websockets").setLevel(logging.CRITICAL + 1)


class WebsocketsStack:
    """`websockets`, without its sockets."""

    name = "websockets"
    unknown_codes = ()

    def __init__(self):
        self.protocol = ServerProtocol(max_size=None)
        self.problem = None
        self.kind = None
        self.message = b""

    def feed(self, data):
        """Events as (kind, value): text, pong, ping, close."""
        self.protocol.receive_data(data)
        found = []
        for event in self.protocol.events_received():
            if isinstance(event, Request):
                answer = self.protocol.accept(event)
                if answer.status_code != 101:
                    self.problem = "websockets refused the upgrade: %s" % answer
                self.protocol.send_response(answer)
            elif event.opcode in (Opcode.TEXT, Opcode.CONT):
                self.message += bytes(event.data)
                if event.fin:
                    found.append(("text", self.message.decode()))
                    self.message = b""
            elif event.opcode == Opcode.PONG:
                found.append(("pong", bytes(event.data)))
            elif event.opcode == Opcode.PING:
                found.append(("ping", bytes(event.data)))
            elif event.opcode == Opcode.CLOSE:
                code = struct.unpack("!H", event.data[:2])[0] if event.data else 1005
                found.append(("close", code))
        if self.protocol.parser_exc is not None and not isinstance(self.protocol.parser_exc, EOFError):
            self.problem = "websockets could not read the daemon: %r" % self.protocol.parser_exc
        return found

    def text(self, data, final=True, first=True):
        (self.protocol.send_text if first else self.protocol.send_continuation)(data, fin=final)

    def ping(self, payload):
        self.protocol.send_ping(payload)

    def pong(self, payload):
        self.protocol.send_pong(payload)

    def close(self, code, reason):
        self.protocol.send_close(code, reason)

    def out(self):
        return b"".join(self.protocol.data_to_send())


class WsprotoStack:
    """`wsproto`."""

    name = "wsproto"
    # Registered later than RFC 6455; wsproto reads it as a protocol error.
    unknown_codes = (1014,)

    def __init__(self):
        self.connection = wsproto.WSConnection(wsproto.ConnectionType.SERVER)
        self.problem = None
        self.message = ""
        self.pending = b""

    def _send(self, event):
        self.pending += self.connection.send(event)

    def feed(self, data):
        found = []
        try:
            self.connection.receive_data(data)
            for event in self.connection.events():
                if isinstance(event, wsproto.events.Request):
                    if event.extensions or event.subprotocols:
                        self.problem = "the daemon offers %s %s" % (event.extensions, event.subprotocols)
                    self._send(wsproto.events.AcceptConnection())
                elif isinstance(event, wsproto.events.TextMessage):
                    self.message += event.data
                    if event.message_finished:
                        found.append(("text", self.message))
                        self.message = ""
                elif isinstance(event, wsproto.events.Pong):
                    found.append(("pong", bytes(event.payload)))
                elif isinstance(event, wsproto.events.Ping):
                    found.append(("ping", bytes(event.payload)))
                    self._send(event.response())
                elif isinstance(event, wsproto.events.CloseConnection):
                    found.append(("close", int(event.code)))
                    if self.connection.state == wsproto.ConnectionState.REMOTE_CLOSING:
                        self._send(event.response())
        except wsproto.utilities.RemoteProtocolError as error:
            self.problem = "wsproto could not read the daemon: %r" % error
        return found

    def text(self, data, final=True, first=True):
        self._send(wsproto.events.TextMessage(data=data.decode(), message_finished=final))

    def ping(self, payload):
        self._send(wsproto.events.Ping(payload=payload))

    def pong(self, payload):
        self._send(wsproto.events.Pong(payload=payload))

    def close(self, code, reason):
        self._send(wsproto.events.CloseConnection(code=code, reason=reason))

    def out(self):
        data, self.pending = self.pending, b""
        return data


class Group:
    """What one daemon meets: a stack, a mode of relaying, and faults in order."""

    def __init__(self, name, stack, mode="plain", faults=(), number=1):
        self.name, self.stack, self.mode = name, stack, mode
        self.faults = collections.deque(faults)
        self.met = []
        # When connections were opened, and when their faults happened.
        self.opened, self.lost = [], []
        self.pings, self.pongs, self.problems = 0, 0, []
        self.source = "127.0.7.%d" % number
        self.lock = threading.Lock()

    def take(self):
        with self.lock:
            return self.faults.popleft() if self.faults else None


class Link:
    """One connection of a daemon."""

    def __init__(self, connection, peer):
        self.connection, self.peer = connection, peer
        self.lock = threading.Lock()
        self.chance = random.Random(7)
        self.awaited = collections.deque()
        self.relays = True
        self.upstream = None
        self.close_code, self.end = None, None
        self.bytes_held = b""

    def run(self):
        head = b""
        while b"\r\n\r\n" not in head:
            more = self.connection.recv(4096)
            if not more:
                return
            head += more
        self.group = self.peer.groups[head.split(b" ")[1].decode().rsplit("/", 1)[1]]
        self.group.opened.append(time.monotonic())
        fault = self.group.take()
        self.stack = self.group.stack()
        try:
            self.connection.settimeout(PATIENCE_S + 20)
            if fault and fault.is_upgrade:
                self.relays = False
                self.group.lost.append(time.monotonic())
                fault.act(self, head)
            else:
                self.serve(head, fault)
        except OSError as error:
            self.end = self.end or "reset" if isinstance(error, ConnectionResetError) else str(error)
        finally:
            if self.upstream:
                self.upstream.close()
            if self.stack.problem:
                self.group.problems.append(self.stack.problem)
            self.connection.close()
            if fault:
                self.group.met.append((fault, self.close_code, self.end))

    def serve(self, head, fault):
        self.take_events(self.stack.feed(head))
        if self.group.mode == "clumps":
            # A first message in the same bytes as the answer to the upgrade.
            self.stack.text(b'{"channel":"hello"}')
        if fault and fault.rewrite:
            for piece in fault.rewrite(self.stack.out()):
                self.connection.sendall(piece)
        self.flush()
        with socket.create_connection(self.peer.exchange, source_address=(self.group.source, 0)) as upstream:
            upstream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.upstream = websockets.sync.client.connect(
                "ws://127.0.0.1:%d/ws" % self.peer.exchange[1], sock=upstream, compression=None, proxy=None,
                max_size=None, ping_interval=None, open_timeout=30)
            pump = threading.Thread(target=self.pump, args=(fault,), daemon=True)
            pump.start()
            self.read()

    def read(self):
        while self.end is None:
            try:
                data = self.connection.recv(65536)
            except socket.timeout:
                self.end = "open"
                return
            if not data:
                self.end = self.end or "closed"
                return
            with self.lock:
                self.take_events(self.stack.feed(data))
                self.flush()

    def take_events(self, events):
        for kind, value in events:
            if kind == "close":
                self.close_code = value
            elif kind == "pong":
                self.group.pongs += 1
                if not self.awaited or self.awaited.popleft() != value:
                    self.group.problems.append("a pong of %r nobody waits for" % value)
            elif kind == "text" and self.upstream and self.relays:
                self.upstream.send(value)

    def pump(self, fault):
        """From the exchange to the daemon."""
        count = 0
        try:
            for message in self.upstream:
                with self.lock:
                    if self.relays:
                        self.relay(message.encode() if isinstance(message, str) else message)
                        count += 1
                    if fault and count == MESSAGES_BEFORE:
                        self.relays = not fault.is_fatal
                        self.connection.settimeout(PATIENCE_S)
                        if fault.is_fatal:
                            self.group.lost.append(time.monotonic())
                        fault.act(self)
                        fault = None if not fault.is_fatal else fault
                        count += 1
        except (OSError, websockets.exceptions.WebSocketException, wsproto.utilities.ProtocolError):
            # The daemon, or the run, has ended the connection meanwhile.
            pass
        try:
            if self.relays:
                self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def relay(self, data):
        mode = self.group.mode
        if mode == "fragments":
            self.fragments(data)
        else:
            if mode == "control":
                self.control()
            self.stack.text(data)
        self.flush()

    def fragments(self, data):
        """Cuts of 0 to 60 bytes, control frames between them. wsproto wants text: all of it is ASCII here."""
        at, first = 0, True
        while True:
            size = self.chance.choice((0, 1, 7, 60, 125, 126, 400))
            final = at + size >= len(data)
            self.stack.text(data[at:at + size], final=final, first=first)
            if final:
                return
            at, first = at + size, False
            if self.chance.random() < 0.1:
                self.control()

    def control(self):
        """A ping, sometimes, and a pong nobody asked for."""
        roll = self.chance.random()
        if roll < 0.1:
            payload = self.chance.randbytes(self.chance.choice((0, 1, 4, 125)))
            self.awaited.append(payload)
            self.group.pings += 1
            self.stack.ping(payload)
        elif roll < 0.3:
            self.stack.pong(b"unasked")

    def flush(self):
        self.write(self.stack.out())

    def write(self, data):
        mode = self.group.mode
        if mode == "bytes":
            for index in range(len(data)):
                self.connection.send(data[index:index + 1])
        elif mode == "clumps":
            # Many messages in one write, cut anywhere.
            self.bytes_held += data
            if len(self.bytes_held) > 3000 or self.chance.random() < 0.1 or data.startswith(b"HTTP"):
                data, self.bytes_held = self.bytes_held, b""
                self.connection.sendall(data)
        else:
            self.connection.sendall(data)


class Peer:
    """The server of all groups, in front of the exchange at `port`."""

    def __init__(self, port, groups):
        self.exchange = ("127.0.0.1", port)
        self.groups = {group.name: group for group in groups}
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.links = []
        threading.Thread(target=self.accept, daemon=True).start()
        self.rest = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.handler(port))
        self.rest.daemon_threads = True
        threading.Thread(target=self.rest.serve_forever, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            link = Link(connection, self)
            self.links.append(link)
            threading.Thread(target=link.run, daemon=True).start()

    @staticmethod
    def handler(port):
        class Info(http.server.BaseHTTPRequestHandler):
            """POST /info through Python's own HTTP server."""

            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                behind = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
                behind.request("POST", self.path, body, {"Content-Type": "application/json"})
                answer = behind.getresponse()
                data = answer.read()
                behind.close()
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.headers["content-type"])
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        return Info

    def rest_url(self):
        return "http://127.0.0.1:%d" % self.rest.server_address[1]

    def ws_url(self, group):
        return "ws://127.0.0.1:%d/group/%s" % (self.port, group.name)

    def close(self):
        self.listener.close()
        self.rest.shutdown()
        self.rest.server_close()
