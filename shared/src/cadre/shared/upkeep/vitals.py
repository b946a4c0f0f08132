"""What keeps a service from serving, in one place: watches find it, everything that answers asks.

A *fault* is something that is wrong now and may pass: the log belongs to another branch, a disk is
full, the database hangs, the runner stands still. It says what it stops until it has passed.
Health, figures, the doctor, commands and queries all look here, so all are of one opinion.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

import structlog

from cadre.shared.database.outages import told
from cadre.shared.deciding.errors import CadreError, Unavailable

LOOK_EVERY_S = 2.0
LOOK_S_MAX = 5.0
"""How long one look may take; one that takes longer has found a fault."""

_LOGGER = structlog.get_logger(__name__)

type Look = Callable[[], Awaitable[None]]
"""Returns when all is well. Raises: whatever says what is not."""


class Stops(IntEnum):
    """What is not done while a fault lasts; each includes the one before."""

    NOTHING = 0
    """It is only told."""
    COMMANDS = 1
    """The service is not ready and takes no command; tables answer as of the position they name."""
    EVERYTHING = 2
    """Nothing is answered either: what the tables hold may be wrong."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is wrong now."""

    name: str
    detail: str
    hint: str
    stops: Stops
    since: float
    """Of `time.time`."""

    @property
    def age_s(self) -> float:
        """How long it has lasted, in seconds."""
        return max(0.0, time.time() - self.since)


class Check(NamedTuple):
    """Something to look at every few seconds; ``name`` is that of the fault it finds."""

    name: str
    look: Look
    stops: Stops = Stops.COMMANDS


@dataclass(slots=True)
class Vitals:
    """The faults of one process."""

    _faults: dict[str, Fault] = field(default_factory=dict[str, Fault])

    @property
    def faults(self) -> Sequence[Fault]:
        """What is wrong now, the oldest first."""
        return sorted(self._faults.values(), key=lambda fault: fault.since)

    @property
    def ready(self) -> bool:
        """Whether nothing keeps the service from taking commands."""
        return self.stopping(Stops.COMMANDS) is None

    def stopping(self, what: Stops) -> Fault | None:
        """The oldest fault that stops this."""
        return next((fault for fault in self.faults if fault.stops >= what), None)

    def found(self, name: str, detail: str, *, hint: str = "", stops: Stops) -> None:
        """Something is wrong; it is logged once, however often it is found."""
        before = self._faults.get(name)
        since = before.since if before else time.time()
        self._faults[name] = Fault(name, detail, hint, stops, since)
        if before is None or before.stops != stops:
            _LOGGER.error("fault", fault=name, detail=detail, hint=hint, stops=stops.name)

    def passed(self, name: str) -> None:
        """It is no longer wrong."""
        if fault := self._faults.pop(name, None):
            _LOGGER.info("fault passed", fault=name, lasted_s=round(fault.age_s, 1))

    def require(self, what: Stops) -> None:
        """Raises Unavailable while a fault stops this."""
        if not self._faults:
            return
        if fault := self.stopping(what):
            raise Unavailable(fault.detail, where=fault.name, hint=fault.hint or None)

    async def watch(self, checks: Iterable[Check]) -> None:
        """Look at everything, again and again, for ever; one that hangs holds up no other."""
        await asyncio.gather(*(self._watch(check) for check in checks))

    async def _watch(self, check: Check) -> None:
        while True:
            await self.look(check)
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self, check: Check) -> None:
        """Look once, and note what was found."""
        try:
            async with asyncio.timeout(LOOK_S_MAX):
                await check.look()
        except CadreError as error:
            self.found(check.name, error.detail, hint=error.hint or "", stops=check.stops)
        except TimeoutError:
            detail = f"未及时应答 · no answer within {LOOK_S_MAX:g} s"
            self.found(check.name, detail, stops=check.stops)
        except Exception as error:  # noqa: BLE001  # whatever it is, it is not well
            self.found(check.name, told(error), stops=check.stops)
        else:
            self.passed(check.name)
