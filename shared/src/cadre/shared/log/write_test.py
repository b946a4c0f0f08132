"""Whether the log stores what it is sent: what its answers say, and a write that leaves nothing.

A stream whose disk was full for a moment answers everything but the writes that would be stored,
until its server is started anew. No trial can show that without leaving an event in the history. So
two things are looked at together: an atomic batch that is refused for its guard, after the server
has put its files on the disk; and whether a write was left unanswered with none stored since by
the server that it was sent to. A write may also get lost on its way. So the doubt ends after a
while: whoever sends the next write proves it anew.
"""

import json
import time
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import nats.errors

from cadre.shared.deciding.errors import Unavailable
from cadre.shared.log.stream import Log
from cadre.shared.log.written import Written

ANSWER_S_MAX = 4.0
DOUBT_S_MAX = 60.0
"""For how long nothing is sent to a log that left a write unanswered."""
NEVER = 1 << 62
"""A position that no history reaches."""
_WRONG_LAST_SEQUENCE = 10071
_HINT = (
    "请检查日志磁盘，以及磁盘写满后是否重启过日志服务器 · "
    "look at the log's disk, and whether its server was started anew since it was full"
)


@dataclass(slots=True)
class WriteTest:
    """Tries whether the log stores; see the module."""

    log: Log
    service: str
    others: tuple[Written, ...] = ()
    """Writes to further streams of the same server."""
    _answers: int = -1
    _end: int = 0
    _known_end: int = 0
    _silent: bool = False
    _server: tuple[int, str | None] = (0, None)
    """Connections so far and who leads the stream: together, who it is that stores."""
    _server_since: float = 0.0

    async def look(self) -> None:
        """Raises: Unavailable while nothing can be written."""
        info = await self.log.info()
        end, before = int(info["state"]["last_seq"]), self._end
        self._end = end
        server = (self.log.client.stats["reconnects"], info.get("cluster", {}).get("leader"))
        if server != self._server:
            self._server, self._server_since = server, time.monotonic()
        silent_since = self._silent_since()
        if silent_since is None:
            self._silent = False
            if self._answers != self.log.written.answers:
                self._answers = self.log.written.answers  # Proven by what was stored meanwhile.
                return
        elif not self._silent:
            self._silent, self._known_end = True, before
        try:
            await self._try()
        except TimeoutError as error:
            # Then the way to the log is to blame, and not the stream.
            self._forget()
            raise Unavailable(
                "事件日志不应答写入 · the log answers no write", hint=_HINT
            ) from error
        if silent_since is None:
            return
        stored = end > self._known_end > 0
        another_server = self._server_since > silent_since
        if stored or another_server or time.monotonic() - silent_since > DOUBT_S_MAX:
            self._forget()
            return
        raise Unavailable(
            "事件日志有写入未应答，此后也没有存储 · "
            "the log left a write unanswered and has stored none since",
            hint=_HINT,
        )

    def _silent_since(self) -> float | None:
        written = (self.log.written, *self.others)
        return min((one.unanswered_since for one in written if one.unanswered_since), default=None)

    def _forget(self) -> None:
        self._silent = False
        for one in (self.log.written, *self.others):
            one.unanswered_since = None

    async def _try(self) -> None:
        """A batch of one event that can never be stored. Raises: Unavailable, TimeoutError."""
        headers = {
            "Nats-Batch-Id": uuid4().hex,
            "Nats-Batch-Sequence": "1",
            "Nats-Batch-Commit": "1",
            "Nats-Expected-Last-Subject-Sequence": str(NEVER),
        }
        subject = f"history.{self.service}.trial.none.tried"
        try:
            reply = await self.log.client.request(
                subject, b"", timeout=ANSWER_S_MAX, headers=headers
            )
        except nats.errors.NoRespondersError as error:
            raise Unavailable(
                "没有可写入的事件流 · there is no stream that takes writes", hint=_HINT
            ) from error
        except nats.errors.ConnectionClosedError as error:
            raise Unavailable("与事件日志没有连接 · there is no connection to the log") from error
        refused: dict[str, Any] = json.loads(reply.data).get("error", {})
        if refused.get("err_code") != _WRONG_LAST_SEQUENCE:
            raise Unavailable(
                f"事件日志目前不能存储 · the log stores nothing now: {refused.get('description')}",
                hint=_HINT,
            )
