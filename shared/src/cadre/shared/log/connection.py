"""The connection to the log's server: the client library's, with a cheaper way in and out.

The library looks at every message with several regular expressions, reads all its headers, and
hands it through a queue to a task. An event of the log needs none of that: who reads the log takes
the bytes of a subscription as they arrive, and who writes it has its headers as bytes already.
"""

import asyncio
import ssl
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from secrets import token_hex
from typing import Any

import nats.errors
from nats.aio.client import Client
from nats.aio.subscription import Subscription
from nats.errors import BadSubjectError, ConnectionClosedError, ProtocolError
from nats.nuid import NUID
from nats.protocol.parser import Parser

from cadre.shared.deciding.errors import Malformed

AGAIN_S = 0.05
NAME_BYTES = 11
"""88 bits. The library finds its own names by their length, 22."""
ANSWER_S_MAX = 4
_REFUSED_SUBSCRIPTION = "permissions violation for subscription"

type Tap = Callable[[bytes, bytes, bytes, bytes], None]
"""Takes subject, reply, headers and body of a message; the reply and headers may be empty."""

_LINE = b"\r\n"
_LINE_BYTES = len(_LINE)
_WORDS_WITH_REPLY = {b"MSG": 5, b"HMSG": 6}


class Connection(Client):
    """The library's client; a tapped subscription gets its messages as they arrive."""

    def __init__(self) -> None:
        super().__init__()
        # The library counts the names of inboxes on from a random one: who sees one knows the next.
        self._nuid = Unguessable()
        self._taps: dict[int, Tap] = {}
        self._refused = ""
        self._ps = self.framing = Framing(self, self._taps)

    async def _process_connect_init(self) -> None:
        try:
            await super()._process_connect_init()
        except (OSError, nats.errors.Error):
            # The library waits until the transport is closed before it tries again; one whose TLS
            # handshake failed never says so, and one it gives up it leaves open.
            if self._transport is not None:
                self._transport.close()
                self._transport = None
            raise

    def _connect_command(self) -> bytes:
        # The library would send the password in clear to whoever says that TLS is not required.
        if "tls" in self.options and not self._server_info.get("tls_required"):
            raise nats.errors.Error("the server offers no TLS, and CADRE_CA_FILE asks for it")
        return super()._connect_command()

    async def reach(self, url: str, *, ca_file: Path | None = None, **options: Any) -> None:
        """Connect to one of the servers, between commas; the other options are the library's.

        With ``ca_file`` only over TLS, and only to servers whose certificate these authorities
        signed. Raises: OSError or nats.errors.Error, as the options allow it to give up; Malformed.
        """
        if ca_file is not None:
            options["tls"] = trusting(ca_file)
        await self.connect(url.split(","), **options)  # pyright: ignore[reportUnknownMemberType]

    async def subscribe_again(self) -> str:
        """Ask for every subscription once more; what the server refuses, "" when it has them all.

        A right that was taken takes the subscription with it, for ever, and the library goes on as
        if it had it. One that the server has already is left as it is. Raises: TimeoutError,
        nats.errors.Error.
        """
        self._refused = ""
        for subscription in list(self._subs.values()):
            await self._send_subscribe(subscription)
        await self.flush(ANSWER_S_MAX)
        return self._refused

    async def note_refused(self, error: Exception) -> None:
        """Note what the server refuses; for the library's ``error_cb``."""
        if _REFUSED_SUBSCRIPTION in str(error).lower():
            self._refused = str(error).removeprefix("nats: ")

    async def _flush_pending(self, force_flush: bool = False) -> asyncio.Future[Any]:
        try:
            return await super()._flush_pending(force_flush)
        except TypeError as error:
            # What asyncio says of a transport that was closed and is written to (3.12, 3.13).
            self._drop_unsent()
            raise ConnectionClosedError from error

    async def send(self, frames: bytes) -> None:
        """Send what `framed` made, with all else that is sent in this pass of the event loop.

        Raises: ConnectionClosedError while there is no connection.
        """
        if not self.is_connected:
            raise ConnectionClosedError
        await self._send_command(frames)
        if self._flush_queue is not None and self._flush_queue.empty():
            await self._flush_pending()

    async def report(self, error: Exception) -> None:
        """Tell whoever made the connection."""
        await self._error_cb(error)

    async def _attempt_reconnect(self) -> None:
        self._drop_unsent()
        await super()._attempt_reconnect()

    def _drop_unsent(self) -> None:
        # It was meant for the server that is lost: another may hold another log.
        self._pending.clear()
        self._pending_data_size = 0

    async def tap(self, subject: str, take: Tap, queue: str = "") -> Subscription:
        """Subscribe; ``take`` is called while the connection reads, so it must be short."""
        subscription: Subscription = await self.subscribe(subject, queue)  # pyright: ignore[reportUnknownMemberType]
        self._taps[subscription._id] = take  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        return subscription

    async def untap(self, subscription: Subscription) -> None:
        """End a tapped subscription."""
        del self._taps[subscription._id]  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        await subscription.unsubscribe()


class Unguessable(NUID):
    """Names that tell nothing about each other."""

    def next(self) -> bytearray:
        return bytearray(token_hex(NAME_BYTES), "ascii")


def framed(subject: str, headers: bytes, body: bytes, reply: str = "") -> bytes:
    """The bytes of one message to publish; ``headers``: see `cadre.shared.log.headers`."""
    if len(subject.split()) != 1:
        raise BadSubjectError
    sizes = f"{len(headers)} {len(headers) + len(body)}" if headers else f"{len(body)}"
    verb = "HPUB" if headers else "PUB"
    return b"".join((f"{verb} {subject} {reply} {sizes}\r\n".encode(), headers, body, _LINE))


class Framing(Parser):
    """Finds the messages in what arrives; every other line is left to the library."""

    def __init__(self, connection: Connection, taps: Mapping[int, Tap]) -> None:
        self.process = connection._process_msg  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        self.report = connection.report
        self.taps = taps
        self._rest = b""
        super().__init__(connection)  # pyright: ignore[reportUnknownMemberType]

    def reset(self) -> None:
        super().reset()
        self._rest = b""

    async def parse(self, data: bytes = b"") -> None:
        """Deal with all that is complete and keep the rest. Raises: ProtocolError."""
        buffer, self._rest, at = self._rest + data, b"", 0
        while (end := buffer.find(_LINE, at)) >= 0:
            words = buffer[at:end].split()
            begin = end + _LINE_BYTES
            if not words or words[0] not in _WORDS_WITH_REPLY:
                # It may begin a connection anew, and then nothing that came before counts.
                self._rest = buffer[begin:]
                await super().parse(buffer[at:begin])
                buffer, self._rest, at = self._rest, b"", 0
                continue
            sid, reply, head, size = _sizes(words)
            if len(buffer) < begin + size + _LINE_BYTES:
                break
            body, at = begin + head, begin + size + _LINE_BYTES
            headers, payload = buffer[begin:body], buffer[body : begin + size]
            try:
                await self._hand_out(sid, words[1], reply, headers, payload)
            except Exception as error:  # noqa: BLE001
                # The library would stop reading for good and go on calling itself connected.
                await self.report(error)
        self._rest = buffer[at:]

    async def _hand_out(
        self, sid: int, subject: bytes, reply: bytes, headers: bytes, body: bytes
    ) -> None:
        take = self.taps.get(sid)
        if take is not None:
            take(subject, reply, headers, body)
        else:
            await self.process(sid, subject, reply, body, headers)


def _sizes(words: Sequence[bytes]) -> tuple[int, bytes, int, int]:
    """Subscription, reply, and the bytes of headers and of the whole, from a control line."""
    try:
        reply = words[3] if len(words) == _WORDS_WITH_REPLY[words[0]] else b""
        head = int(words[-2]) if words[0] == b"HMSG" else 0
        return int(words[2]), reply, head, int(words[-1])
    except (ValueError, IndexError) as error:
        msg = f"nats: malformed {words[0].decode()}"
        raise ProtocolError(msg) from error


def trusting(ca_file: Path) -> ssl.SSLContext:
    """How to speak TLS with whom these authorities vouch for, and nobody else.

    Raises: Malformed.
    """
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise Malformed(f"没有可用的证书 · no certificates: {error}", where=str(ca_file)) from error
    # Later Pythons want extensions that many an authority of one's own leaves out.
    context.verify_flags &= ~ssl.VerifyFlags.VERIFY_X509_STRICT
    return context


async def connect(url: str, *, ca_file: Path | None = None, **options: Any) -> Connection:
    """A connection, see `Connection.reach`."""
    connection = Connection()
    await connection.reach(url, ca_file=ca_file, **options)
    return connection


async def connect_once(url: str, **options: Any) -> Connection:
    """Connect to a server that is there, and do not come back when it goes.

    Raises: OSError or nats.errors.Error, at once. Told not to reconnect, the library would still
    look for a server that refuses it for two minutes, every two seconds.
    """
    return await connect(
        url,
        allow_reconnect=False,
        max_reconnect_attempts=1,
        reconnect_time_wait=AGAIN_S,
        **options,
    )
