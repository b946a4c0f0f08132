"""Callers in a process of their own, as thin as can be: prepared bytes out, answers counted."""

import asyncio
import json
import signal
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter

from wire import Wire

RECORDED = b'"outcome":"recorded"'


@dataclass(frozen=True, slots=True)
class Taken:
    """What a load came to."""

    seconds: float
    latencies_s: list[float]
    failed: int = 0
    failure: str = ""
    """The first answer that was not as expected."""


@dataclass(frozen=True, slots=True)
class Lagged:
    """What paced commands came to: seconds from acknowledgement to the query's answer."""

    seconds: float
    sent: int
    lags_s: list[float]
    failed: int = 0


def start() -> None:
    """Leave Ctrl-C to the parent, which ends this process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def http_request(
    method: str, path: str, token: str, body: bytes = b"", headers: Sequence[str] = ()
) -> bytes:
    """The bytes of one request on a connection that stays open."""
    lines = [
        f"{method} {path} HTTP/1.1",
        "Host: 127.0.0.1",
        f"Authorization: Bearer {token}",
        "Cadre-Actor: bench",
        *headers,
    ]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass(slots=True)
class _Caller(asyncio.Protocol):
    """One connection with at most one request unanswered."""

    _transport: asyncio.Transport = field(init=False)
    _buffer: bytearray = field(default_factory=bytearray)
    _answer: asyncio.Future[tuple[bool, bytes]] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def ask(self, request: bytes) -> asyncio.Future[tuple[bool, bytes]]:
        """Whether the status was 200, and the body."""
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answer

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self._buffer[:end]).lower()
        at = head.find(b"content-length: ")
        size = int(head[at + 16 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self._buffer) < end + 4 + size:
            return
        body = bytes(self._buffer[end + 4 : end + 4 + size])
        self._buffer.clear()
        if self._answer is not None and not self._answer.done():
            self._answer.set_result((head.startswith(b"http/1.1 200"), body))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError("the service hung up"))

    def close(self) -> None:
        self._transport.close()


async def _connect(port: int, count: int) -> list[_Caller]:
    loop = asyncio.get_running_loop()
    made = [await loop.create_connection(_Caller, "127.0.0.1", port) for _ in range(count)]
    return [caller for _, caller in made]


def http_load(port: int, requests: list[bytes], callers: int, expected: bytes) -> Taken:
    """All requests from so many callers, each waiting for its answer before the next."""
    return asyncio.run(_http_load(port, requests, callers, expected))


async def _http_load(port: int, requests: list[bytes], callers: int, expected: bytes) -> Taken:
    connections = await _connect(port, callers)
    latencies: list[float] = []
    failures: Counter[bytes] = Counter()

    async def call(connection: _Caller, mine: list[bytes]) -> None:
        for request in mine:
            begun = perf_counter()
            fine, body = await connection.ask(request)
            latencies.append(perf_counter() - begun)
            if not fine or expected not in body:
                failures[body[:300]] += 1

    begun = perf_counter()
    await asyncio.gather(*(call(c, requests[n::callers]) for n, c in enumerate(connections)))
    seconds = perf_counter() - begun
    for connection in connections:
        connection.close()
    first = next(iter(failures), b"").decode("utf-8", "replace")
    return Taken(seconds, latencies, failures.total(), first)


def nats_load(port: int, password: str, requests: list[tuple[bytes, bytes]], callers: int) -> Taken:
    """Commands over NATS, so many unanswered at any time, on one connection as ``client``.

    A request is its bytes before and after the caller's inbox.
    """
    with Wire(port, "client", password) as wire:
        inbox = wire.inbox.encode()
        frames = [before + inbox + after for before, after in requests]
        begun = perf_counter()
        wire.send(b"".join(frames[:callers]))
        sent, failed, first = min(callers, len(frames)), 0, ""
        for done, arrived in enumerate(wire.messages(), start=1):
            if RECORDED not in arrived.body:
                failed += 1
                first = first or arrived.body[:300].decode("utf-8", "replace")
            if done == len(frames):
                break
            if sent < len(frames):
                wire.send(frames[sent])
                sent += 1
        return Taken(perf_counter() - begun, [], failed, first)


def lag_load(
    port: int, commands: list[bytes], queries: list[bytes], per_second: float, every: int
) -> Lagged:
    """Commands at a fixed pace; after every so many, its query with the position to wait for.

    A query is a request with ``%POSITION%`` where the position goes.
    """
    return asyncio.run(_lag_load(port, commands, queries, per_second, every))


async def _lag_load(
    port: int, commands: list[bytes], queries: list[bytes], per_second: float, every: int
) -> Lagged:
    free: asyncio.Queue[_Caller] = asyncio.Queue()
    for connection in await _connect(port, 64):
        free.put_nowait(connection)
    lags: list[float] = []
    failed = 0

    async def one(number: int) -> None:
        nonlocal failed
        connection = await free.get()
        fine, body = await connection.ask(commands[number])
        acknowledged = perf_counter()
        if not fine:
            failed += 1
        elif number % every == 0:
            position = str(json.loads(body)["position"]).encode()
            fine, _ = await connection.ask(queries[number].replace(b"%POSITION%", position))
            failed += not fine
            lags.append(perf_counter() - acknowledged)
        free.put_nowait(connection)

    begun = perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for number in range(len(commands)):
            late = begun + number / per_second - perf_counter()
            if late > 0:
                await asyncio.sleep(late)
            tasks.create_task(one(number))
    seconds = perf_counter() - begun
    while not free.empty():
        free.get_nowait().close()
    return Lagged(seconds, len(commands), lags, failed)
