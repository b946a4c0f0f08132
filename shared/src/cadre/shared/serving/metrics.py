"""A service's figures for Prometheus."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Generator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from cadre.shared.deciding.errors import CadreError
from cadre.shared.running.runtime import Runtime
from cadre.shared.upkeep.vitals import Vitals

ANSWER_S_MAX = 1.0


class Metrics:
    """Commands by name and result, positions, lag and what is parked."""

    def __init__(self, service: str) -> None:
        self.registry = CollectorRegistry()
        self._commands = Counter(
            "cadre_commands", "Commands handled", ["command", "result"], registry=self.registry
        )
        self._seconds = Histogram(
            "cadre_command_seconds", "Time to handle a command", registry=self.registry
        )
        self._position = Gauge(
            "cadre_position", "Last position applied", ["of"], registry=self.registry
        )
        self._lag = Gauge(
            "cadre_lag_events",
            "Events behind the log, or ahead (negative)",
            ["of"],
            registry=self.registry,
        )
        self._parked = Gauge("cadre_parked_aggregates", "Aggregates parked", registry=self.registry)
        self._failed = Gauge(
            "cadre_reactions_failed", "Reactions refused for good", registry=self.registry
        )
        self._faults = Gauge(
            "cadre_fault_age_seconds", "What is wrong now", ["fault"], registry=self.registry
        )
        self._up = Gauge("cadre_up", "Whether it takes commands", registry=self.registry)
        self._age = Gauge(
            "cadre_lag_seconds", "Age of what is not applied yet", ["of"], registry=self.registry
        )
        Gauge("cadre_info", "The service", ["service"], registry=self.registry).labels(service).set(
            1
        )

    @contextlib.contextmanager
    def command(self, name: str) -> Generator[None]:
        """Count and time one command."""
        begun = time.perf_counter()
        error: Exception | None = None
        try:
            yield
        except Exception as raised:
            error = raised
            raise
        finally:
            self.count(name, error)
            self._seconds.observe(time.perf_counter() - begun)

    def count(self, name: str, told: object) -> None:
        """Count a command by what was told of it: an outcome, or an error."""
        match told:
            case CadreError():
                result = told.code
            case Exception():
                result = "internal"
            case _:
                result = "ok"
        self._commands.labels(name, result).inc()

    async def observe(self, vitals: Vitals, runtime: Runtime | None) -> None:
        """Read the faults and the positions now; what does not answer keeps its last figures."""
        self._up.set(runtime is not None and vitals.ready)
        self._faults.clear()
        for fault in vitals.faults:
            self._faults.labels(fault.name).set(fault.age_s)
        if runtime is None:
            return
        last = await _soon(runtime.log.last_position(), runtime.running.end)
        positions = {
            "projection": runtime.projector.position,
            "journal": runtime.projector.journal_position,
        }
        if runtime.service.reactions:
            positions["reactions"] = runtime.reactor.position
        for name, position in positions.items():
            self._position.labels(name).set(position)
            self._lag.labels(name).set(last - position)
        self._parked.set(len(runtime.projector.parked))
        for mover in runtime.running.movers:
            self._age.labels(mover.name).set(mover.lag_s)
        failures = await _soon(runtime.reactor.failures(), None)
        if failures is not None:
            self._failed.set(len(failures))

    def render(self) -> bytes:
        """The text exposition."""
        return generate_latest(self.registry)


async def _soon[T](answer: Awaitable[T], otherwise: T) -> T:
    """What is answered soon, or what was known before."""
    try:
        async with asyncio.timeout(ANSWER_S_MAX):
            return await answer
    except (CadreError, TimeoutError):
        return otherwise
