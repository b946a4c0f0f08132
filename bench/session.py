"""One invocation: its sizes, its work directory, the servers and filled logs that rows share."""

import contextlib
import gc
import tempfile
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from time import perf_counter

import load
from filling import fill
from lives import EVENTS_PER_PERSON
from servers import NatsServer, Postgres, nats_server, postgres

from cadre.cli.installation.data_directory import DataDirectory

WORKERS = 2


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured."""

    events: int = 99_990
    """On the log of most rows."""
    large: int = 999_990
    """On the log of the rows that ask for a large one."""
    commands: int = 2_000
    """In one run."""
    persons: int = 3_000
    """Imported."""
    runs: int = 3
    huge: int = 0
    """A last size for the history row; 0 for none."""

    @property
    def history(self) -> list[int]:
        """Sizes of the log at which one person's history is asked for."""
        sizes = {min(9_990, self.events), self.events, self.large, self.huge}
        return sorted(sizes - {0})


@dataclass(frozen=True, slots=True)
class Filled:
    """A running log and how far it was filled."""

    server: NatsServer
    end: int
    seconds: float

    @property
    def people(self) -> int:
        return self.end // EVENTS_PER_PERSON


@dataclass(slots=True)
class Session:
    """What rows share; everything in it ends with the invocation."""

    sizes: Sizes
    directory: Path
    stack: contextlib.ExitStack
    tell: Callable[[str], None]
    pool: Executor
    _postgres: Postgres | None = None
    _filled: dict[tuple[int, str], Filled] = field(default_factory=dict[tuple[int, str], Filled])
    _databases: dict[str, str] = field(default_factory=dict[str, str])
    _numbers: Iterator[int] = field(default_factory=lambda: iter(range(1_000_000)))

    @property
    def postgres(self) -> Postgres:
        """The PostgreSQL server, started when it is first asked for."""
        if self._postgres is None:
            self._postgres = self.stack.enter_context(postgres(self.directory / "postgres"))
        return self._postgres

    def new_directory(self, name: str) -> Path:
        """A new, empty directory."""
        path = self.directory / f"{name}-{next(self._numbers)}"
        path.mkdir()
        return path

    def database(self, name: str) -> str:
        """A service's database in PostgreSQL, made when this name is first asked for."""
        if name not in self._databases:
            self._databases[name] = self.postgres.new_database()
        return self.postgres.url(self._databases[name])

    def alone[**P](self, measure: Callable[P, float], *args: P.args, **kwargs: P.kwargs) -> float:
        """What a measurement gives in a process that does nothing else meanwhile."""
        return self.pool.submit(measure, *args, **kwargs).result()

    def filled(self, events: int, purpose: str = "read") -> Filled:
        """A running log with so many events; rows that write to it name a purpose of their own."""
        key = (events, purpose)
        if key not in self._filled:
            people = max(1, events // EVENTS_PER_PERSON)
            self.tell(f"filling a log with {people * EVENTS_PER_PERSON:,} events")
            begun = perf_counter()
            data = DataDirectory.create(self.new_directory("log"))
            server = self.stack.enter_context(nats_server(data))
            end = fill(server, people, self.pool)
            self._filled[key] = Filled(server, end, perf_counter() - begun)
        return self._filled[key]


@contextlib.contextmanager
def session(
    sizes: Sizes, directory: Path | None, tell: Callable[[str], None]
) -> Generator[Session]:
    """A session in a temporary directory that is removed in the end."""
    with (
        tempfile.TemporaryDirectory(prefix="cadre-bench-", dir=directory) as name,
        contextlib.ExitStack() as stack,
    ):
        # Whoever runs PostgreSQL in root's place must be able to enter.
        Path(name).chmod(0o755)
        pool = ProcessPoolExecutor(WORKERS, get_context("spawn"), initializer=load.start)
        stack.callback(pool.shutdown, cancel_futures=True)
        yield Session(sizes, Path(name), stack, tell, pool)


def interleaved(runs: int, **work: Callable[[], float]) -> Mapping[str, float]:
    """The median figure of each, run in turn: first all once, then all again."""
    figures: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(runs):
        for name, measure in work.items():
            # What one leaves behind, connections too, must not burden the next.
            gc.collect()
            figures[name].append(measure())
    return {name: median(found) for name, found in figures.items()}
