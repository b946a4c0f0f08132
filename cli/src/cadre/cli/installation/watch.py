"""What a supervisor looks at: whether services answer, and whether the log takes events.

After a full disk the log's server leaves a stream silent until it is started again, though there is
room: it answers everything but what has to be written, and waits for nothing. A process that hangs
does not end either. Both are ended here, and whoever keeps them starts them again.
"""

import asyncio
import contextlib
import os
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from signal import SIGKILL

from cadre.cli.installation.children import Child, stop
from cadre.cli.installation.health import Health, ask_all

LOOK_EVERY_S = 2.0
SILENT_LOOKS_MAX = 6
"""Looks in a row that were taken and not answered, five seconds each: the process hangs."""
LOG_WRITE = "log-write"
"""The fault of a service whose events the log does not acknowledge."""
LOG_WRITE_S_MAX = 10.0
SETTLE_S = 30.0
"""How long the log's server is let be after it was started again."""
TRIAL_BYTES = 1_000_000
"""As large as an event may be, so that the log finds room for one where a trial found it."""


@dataclass(slots=True)
class Watch:
    """Looks again and again, and ends what has to be started again."""

    store: Path
    """Where the log's server writes."""
    server: Child
    services: Mapping[str, tuple[Child, str]]
    """Each with its URL."""
    _silent: Counter[str] = field(default_factory=Counter[str])
    _was_full: bool = False
    _settled_at: float = 0.0

    async def run(self) -> None:
        """Look, for ever."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            found = await ask_all({name: url for name, (_, url) in self.services.items()})
            self._end_what_hangs(found)
            await self._look_at_the_log(found)

    def _end_what_hangs(self, found: Mapping[str, Health]) -> None:
        for name, health in found.items():
            self._silent[name] = self._silent[name] + 1 if health.silent else 0
            if self._silent[name] >= SILENT_LOOKS_MAX:
                self._silent[name] = 0
                tell(f"{name} hangs: it is ended")
                self.services[name][0].signal(SIGKILL)

    async def _look_at_the_log(self, found: Mapping[str, Health]) -> None:
        unwritten = max(
            (f.age_s for h in found.values() for f in h.faults if f.name == LOG_WRITE), default=0.0
        )
        error = await asyncio.to_thread(trial, self.store)
        if error is not None:
            if not self._was_full:
                tell(f"the log's folder cannot be written: {error}")
            self._was_full = True
            return
        if not self._was_full and unwritten < LOG_WRITE_S_MAX:
            return
        now = asyncio.get_running_loop().time()
        if now < self._settled_at:
            return
        tell("the log's folder can be written, its server is started again: it may be silent")
        self._was_full, self._settled_at = False, now + SETTLE_S
        await stop(self.server)


def trial(folder: Path) -> str | None:
    """Why a folder cannot be written now; None when it can. Nothing stays behind."""
    try:
        with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
            os.posix_fallocate(file.fileno(), 0, TRIAL_BYTES)
            file.write(b"\0" * 4096)
            os.fsync(file.fileno())
    except OSError as error:
        return error.strerror or str(error)
    return None


def tell(line: str) -> None:
    """A line in the supervisor's log; a disk without room for it stops nothing."""
    with contextlib.suppress(OSError):
        os.write(2, f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {line}\n".encode())
