"""The thinnest client of the log: a blocking socket that frames what arrives and no more."""

import json
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from time import perf_counter
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

RECEIVE_BYTES = 1 << 18
PULL_BATCH = 1000
PULLS_OUTSTANDING = 3
SUBJECT, REPLY = 1, 3
WORDS_WITH_REPLY = 5
"""Of a control line without headers; with headers it has one more."""


class Refused(Exception):
    """The server answered with an error."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """One message as it came; ``reply`` and ``headers`` are empty where there is none."""

    subject: bytes
    reply: bytes
    headers: bytes
    body: bytes

    def attributes(self) -> dict[str, str]:
        """The headers that travel with the event wherever it goes."""
        lines = self.headers.decode().split("\r\n")[1:]
        pairs = (line.split(": ", 1) for line in lines if line)
        return {name: value for name, value in pairs if name.startswith(("ce-", "Nats-Msg-Id"))}


def framed(
    subject: str, reply: str, headers: Mapping[str, str], body: bytes, more: str = ""
) -> bytes:
    """The bytes of one publish with headers."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"NATS/1.0\r\n{lines}{more}\r\n".encode()
    space = f" {reply}" if reply else ""
    control = f"HPUB {subject}{space} {len(head)} {len(head) + len(body)}\r\n".encode()
    return b"".join((control, head, body, b"\r\n"))


@dataclass(slots=True)
class Wire:
    """One connection as one user of the log's server."""

    port: int
    user: str
    password: str
    timeout_s: float = 60.0
    """How long it waits for bytes."""
    inbox: str = field(init=False)
    _socket: socket.socket = field(init=False)
    _buffer: bytearray = field(default_factory=bytearray)
    _at: int = 0

    def __enter__(self) -> Self:
        self._socket = socket.create_connection(("127.0.0.1", self.port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.settimeout(self.timeout_s)
        self.inbox = f"_INBOX_{self.user}.{uuid4().hex}"
        said = {
            "verbose": False,
            "pedantic": False,
            "user": self.user,
            "pass": self.password,
            "lang": "python",
            "version": "0",
            "protocol": 1,
            "headers": True,
            "no_responders": True,
        }
        self.send(f"CONNECT {json.dumps(said)}\r\nSUB {self.inbox}.> 1\r\nPING\r\n".encode())
        while not self._line().startswith(b"PONG"):
            pass
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._socket.sendall(data)

    def messages(self) -> Iterator[Arrived]:
        """Every message as it arrives, for ever."""
        while True:
            line = self._line()
            words = line.split()
            if words[0] == b"HMSG":
                yield self._with_headers(words)
            elif words[0] == b"MSG":
                size = int(words[-1])
                reply = words[REPLY] if len(words) == WORDS_WITH_REPLY else b""
                yield Arrived(words[SUBJECT], reply, b"", self._take(size))
            elif words[0] == b"PING":
                self.send(b"PONG\r\n")
            elif words[0] == b"-ERR":
                raise Refused(line.decode())

    def waiting(self) -> bool:
        """Whether a message is here already, so that taking the next one does not block."""
        return self._at < len(self._buffer)

    def request(self, subject: str, body: bytes = b"") -> Arrived:
        """One request and its answer."""
        control = f"PUB {subject} {self.inbox}.q {len(body)}\r\n".encode()
        self.send(control + body + b"\r\n")
        return next(self.messages())

    def api(self, name: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """A JetStream request. Raises: Refused."""
        answer = self.request(f"$JS.API.{name}", json.dumps(request).encode())
        told: dict[str, Any] = json.loads(answer.body)
        if "error" in told:
            raise Refused(str(told["error"]))
        return told

    def pull(self, stream: str, after: int, end: int) -> Iterator[Arrived]:
        """The messages after a position up to another, with several requests in flight."""
        name = f"b{uuid4().hex[:16]}"
        config = {
            "name": name,
            "deliver_policy": "by_start_sequence",
            "opt_start_seq": after + 1,
            "ack_policy": "none",
            "mem_storage": True,
            "num_replicas": 1,
        }
        created = f"CONSUMER.CREATE.{stream}.{name}"
        self.api(created, {"stream_name": stream, "config": config})
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{name} {self.inbox}.m"
        body = b'{"batch":%d,"expires":30000000000}' % PULL_BATCH
        ask = b"PUB %b %d\r\n%b\r\n" % (subject.encode(), len(body), body)
        self.send(ask * PULLS_OUTSTANDING)
        left, count = end - after, 0
        for message in self.messages():
            if not message.reply:
                continue
            yield message
            count += 1
            if count == left:
                return
            if count % PULL_BATCH == 0:
                self.send(ask)

    def _with_headers(self, words: list[bytes]) -> Arrived:
        head, total = int(words[-2]), int(words[-1])
        reply = words[REPLY] if len(words) == WORDS_WITH_REPLY + 1 else b""
        payload = self._take(total)
        return Arrived(words[SUBJECT], reply, payload[:head], payload[head:])

    def _line(self) -> bytes:
        while (end := self._buffer.find(b"\r\n", self._at)) < 0:
            self._receive()
        line = bytes(self._buffer[self._at : end])
        self._at = end + 2
        return line

    def _take(self, size: int) -> bytes:
        while len(self._buffer) < self._at + size + 2:
            self._receive()
        taken = bytes(self._buffer[self._at : self._at + size])
        self._at += size + 2
        return taken

    def _receive(self) -> None:
        if self._at:
            del self._buffer[: self._at]
            self._at = 0
        received = self._socket.recv(RECEIVE_BYTES)
        if not received:
            raise Refused("the server closed the connection")
        self._buffer += received


def publish(wire: Wire, frames: list[bytes], outstanding: int) -> list[float]:
    """Publish prepared requests with so many unanswered; seconds until each acknowledgement.

    Every frame must reply to the inbox, in the order of the list.
    """
    sent: list[float] = [perf_counter()] * min(outstanding, len(frames))
    taken: list[float] = []
    wire.send(b"".join(frames[:outstanding]))
    for arrived in wire.messages():
        if b'"error"' in arrived.body:
            raise Refused(arrived.body.decode())
        now = perf_counter()
        taken.append(now - sent[len(taken)])
        if len(taken) == len(frames):
            return taken
        if len(sent) < len(frames):
            wire.send(frames[len(sent)])
            sent.append(now)
    return taken
