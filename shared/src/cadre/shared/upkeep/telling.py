"""How a process tells what happens: one line of JSON for each thing, on stderr.

Nothing here ever raises: a full disk must not end what reports it. What could not be written is
counted, and told once writing works again. The same thing again and again is one line with a
count. No secret of the settings stands in a line, nor any value of a statement.
"""

import contextlib
import json
import logging
import os
import re
import sys
import threading
import time
import traceback
from collections.abc import Iterable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import quote

import structlog

from cadre.shared.database.outages import told

SAME_EVERY_S = 30.0
"""How often the same thing is told at most."""
KINDS_MAX = 1_000
SECRET_CHARS_MIN = 4
CHAIN_MAX = 5
HIDDEN = "〔secret〕"
_VARYING = re.compile(r"c-[a-z0-9]{10}|\w*\d\w*")
"""Positions, ids, times: what differs between two lines that say the same."""

type EventDict = MutableMapping[str, Any]


@dataclass(slots=True)
class LineWriter:
    """Writes lines to a file descriptor; structlog's logger."""

    descriptor: int = 2
    lost: int = 0
    """Lines that could not be written and are not yet told."""
    _broken: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def msg(self, line: str) -> None:
        """Write a line, or count that it is lost."""
        with self._lock:
            if self.lost and self._write(json.dumps({"event": "lines lost", "count": self.lost})):
                self.lost = 0
            if not self._write(line):
                self.lost += 1

    log = debug = info = warning = warn = error = err = critical = fatal = exception = failure = msg

    def _write(self, line: str) -> bool:
        data = f"{'\n' if self._broken else ''}{line}\n".encode(errors="backslashreplace")
        rest = data
        try:
            while rest:
                rest = rest[os.write(self.descriptor, rest) :]
        except OSError:
            self._broken = self._broken or len(rest) < len(data)
            return False
        self._broken = False
        return True


@dataclass(slots=True)
class _Again:
    line: EventDict
    since: float
    count: int = 0


@dataclass(slots=True)
class Flood:
    """Lets the first of many equal lines through; `summaries` tells how many followed it."""

    every_s: float = SAME_EVERY_S
    _seen: dict[str, _Again] = field(default_factory=dict[str, _Again])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, _logger: object, _method: str, line: EventDict) -> EventDict:
        if "repeated" in line:
            return line
        said = (line.get("event"), line.get("error"), line.get("fault"), line.get("exception"))
        alike = _VARYING.sub("#", repr(said))
        with self._lock:
            seen = self._seen.get(alike)
            if seen is not None:
                seen.count += 1
                raise structlog.DropEvent
            if len(self._seen) < KINDS_MAX:
                self._seen[alike] = _Again(dict(line), time.monotonic())
        return line

    def summaries(self) -> list[EventDict]:
        """What was held back and is due to be told."""
        now, due = time.monotonic(), list[EventDict]()
        with self._lock:
            for alike, seen in list(self._seen.items()):
                if now - seen.since < self.every_s:
                    continue
                del self._seen[alike]
                if seen.count:
                    # It goes on: what follows waits for the next summary.
                    self._seen[alike] = _Again(seen.line, now)
                    seen.line.pop("exception", None)
                    due.append(dict(seen.line) | {"repeated": seen.count})
        return due

    def tell_for_ever(self) -> None:
        """Tell what is due; for a thread of its own."""
        logger = structlog.get_logger(__name__)
        while True:
            time.sleep(self.every_s / 10)
            for line in self.summaries():
                # A line has its time and level already.
                logger.log(_LEVELS.get(str(line.pop("level", "")), logging.INFO), **line)


class Secrets:
    """Takes secrets out of rendered lines, whole or in the pieces a URL is cut into."""

    def __init__(self, secrets: Iterable[str]) -> None:
        known: set[str] = set()
        for secret in secrets:
            for piece in {secret, *re.split(r"[/?#@:%&]", secret)}:
                if len(piece) >= SECRET_CHARS_MIN:
                    known |= {piece, quote(piece, safe=""), repr(piece)[1:-1]}
                    known |= {json.dumps(piece, ensure_ascii=a)[1:-1] for a in (True, False)}
        longest_first = sorted(known, key=len, reverse=True)
        self._found = re.compile("|".join(map(re.escape, longest_first))) if known else None

    def __call__(self, _logger: object, _method: str, line: Any) -> str:
        return self._found.sub(HIDDEN, line) if self._found else line


def exceptions(_logger: object, _method: str, line: EventDict) -> EventDict:
    """The exception of a line as text: where it came from, without the values of statements."""
    given: Any = line.pop("exc_info", None)
    error: object = given
    if isinstance(given, tuple):
        error = cast("tuple[object, object, object]", given)[1]
    elif given is True:
        error = sys.exception()
    if isinstance(error, BaseException):
        line["exception"] = described(error)
    return line


def described(error: BaseException) -> str:
    """An exception and what led to it, the first cause first."""
    chain: list[str] = []
    at: BaseException | None = error
    while at is not None and len(chain) < CHAIN_MAX:
        frames = "".join(traceback.format_tb(at.__traceback__))
        chain.append(f"{frames}{told(at)}")
        at = at.__cause__ or (None if at.__suppress_context__ else at.__context__)
    return "\n\n".join(reversed(chain))


_LEVELS = logging.getLevelNamesMapping() | {
    name.lower(): level for name, level in logging.getLevelNamesMapping().items()
}


class _OfLibraries(logging.Handler):
    """What libraries log goes the same way."""

    def emit(self, record: logging.LogRecord) -> None:
        more = {"exc_info": record.exc_info} if record.exc_info else {}
        with contextlib.suppress(Exception):  # Nothing is left to tell it with.
            structlog.get_logger(record.name).log(record.levelno, record.getMessage(), **more)


def configure(secrets: Iterable[str] = (), lines: LineWriter | None = None) -> Flood:
    """Make this process tell everything in this way; what holds back is returned."""
    flood, lines = Flood(), lines or LineWriter()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            exceptions,
            flood,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False, default=repr),
            Secrets(secrets),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=lambda *_: lines,
    )
    logger = structlog.get_logger(__name__)
    sys.excepthook = lambda _kind, error, _trace: logger.critical("crashed", exc_info=error)
    threading.excepthook = lambda given: logger.critical("thread crashed", exc_info=given.exc_value)
    logging.basicConfig(handlers=[_OfLibraries()], level=logging.WARNING, force=True)
    return flood
