"""A way to a server that can go silent: it takes what is sent, and nothing ever comes back."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

from support.nats_server import free_port


@dataclass
class Proxy:
    """Passes bytes on in both directions, unless it is silent."""

    host: str
    port: int
    own_port: int = field(default_factory=free_port)
    silent: asyncio.Event = field(default_factory=asyncio.Event)
    """While set, nothing passes, and new connections are accepted and left alone."""
    connections: int = 0
    _cut: set[int] = field(default_factory=set)
    _served: set[asyncio.Task[None]] = field(default_factory=set)

    def be_silent(self) -> None:
        """From now on nothing passes, neither on connections that are there nor on new ones."""
        self.silent.set()

    def forget(self) -> None:
        """New connections work again; those that went silent stay so for ever."""
        self._cut = set(range(1, self.connections + 1))
        self.silent.clear()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until either side ends it."""
        self.connections += 1
        task = asyncio.ensure_future(self._serve(self.connections, reader, writer))
        self._served.add(task)
        task.add_done_callback(self._served.discard)

    async def end(self) -> None:
        """Close every connection."""
        for task in self._served:
            task.cancel()
        await asyncio.gather(*self._served, return_exceptions=True)

    async def _serve(
        self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        async with closing(writer):
            if self.silent.is_set():
                await self._drop(reader)
                return
            other_reader, other_writer = await asyncio.open_connection(self.host, self.port)
            async with closing(other_writer):
                await asyncio.gather(
                    self._pass(number, reader, other_writer),
                    self._pass(number, other_reader, writer),
                )

    async def _pass(
        self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                if self.silent.is_set() or number in self._cut:
                    continue
                writer.write(data)
                await writer.drain()
        writer.close()

    async def _drop(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(OSError):
            while await reader.read(65536):
                pass


@contextlib.asynccontextmanager
async def closing(writer: asyncio.StreamWriter) -> AsyncGenerator[None]:
    """Close it, and wait until it is closed."""
    try:
        yield
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


@contextlib.asynccontextmanager
async def proxy_to(host: str, port: int) -> AsyncGenerator[Proxy]:
    """A proxy on a port of its own."""
    one = Proxy(host, port)
    server = await asyncio.start_server(one.serve, "127.0.0.1", one.own_port)
    try:
        yield one
    finally:
        server.close()
        await one.end()
