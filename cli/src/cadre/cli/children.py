"""The processes of a system: a program, or a service forked from one that imported them all.

Importing a service takes longer than starting it, and four of them import nearly the same. So one
process imports everything once and forks each service when it is asked to; what they read only
they then also share in memory.
"""

import asyncio
import contextlib
import multiprocessing
import os
import signal
import sys
from dataclasses import dataclass
from importlib import import_module
from multiprocessing import forkserver
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Protocol

STOP_S_MAX = 15.0
_FORKS = multiprocessing.get_context("forkserver")


class Child(Protocol):
    """One process that must run."""

    @property
    def name(self) -> str: ...
    @property
    def log(self) -> Path: ...
    @property
    def pid(self) -> int: ...
    @property
    def ended(self) -> int | None:
        """The exit code, once there is one; 0 before it was started."""
        ...

    async def start(self) -> None:
        """Start it, in a session of its own: a terminal's Ctrl-C reaches the supervisor alone."""
        ...

    async def wait(self) -> int:
        """Its exit code, when it has ended."""
        ...


@dataclass(slots=True)
class Program:
    """A process that runs a command."""

    name: str
    command: list[str]
    environment: dict[str, str]
    log: Path
    process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *self.command,
                env=os.environ | self.environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        assert self.process is not None  # noqa: S101
        return self.process.pid

    @property
    def ended(self) -> int | None:
        return 0 if self.process is None else self.process.returncode

    async def wait(self) -> int:
        assert self.process is not None  # noqa: S101
        return await self.process.wait()


@dataclass(slots=True)
class Service:
    """One of the four services."""

    name: str
    environment: dict[str, str]
    log: Path
    process: ForkServerProcess | None = None

    async def start(self) -> None:
        if self.process is not None:
            # Were it the forking process that died, the service would still hold its port.
            kill(self.pid)
        self.process = _FORKS.Process(
            target=_serve, args=(self.name, self.environment, self.log), name=self.name
        )
        self.process.start()

    @property
    def pid(self) -> int:
        assert self.process is not None  # noqa: S101
        assert self.process.pid is not None  # noqa: S101
        return self.process.pid

    @property
    def ended(self) -> int | None:
        return 0 if self.process is None else self.process.exitcode

    async def wait(self) -> int:
        assert self.process is not None  # noqa: S101
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        loop.add_reader(self.process.sentinel, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(self.process.sentinel)
        self.process.join()
        return self.process.exitcode or 0


async def stop(child: Child) -> None:
    """Ask it to stop, then make it."""
    if child.ended is not None:
        return
    kill(child.pid, signal.SIGTERM)
    try:
        await asyncio.wait_for(child.wait(), STOP_S_MAX)
    except TimeoutError:
        kill(child.pid)
        await child.wait()


def kill(pid: int, number: signal.Signals = signal.SIGKILL) -> None:
    """Send a signal, if the process is still there."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def import_services() -> None:
    """Begin to import the services, in the process that will fork them; returns at once."""
    _FORKS.set_forkserver_preload(["cadre.cli.imported"])
    forkserver.ensure_running()


def _serve(name: str, environment: dict[str, str], log: Path) -> None:
    os.setsid()
    with log.open("ab") as output:
        os.dup2(output.fileno(), sys.stdout.fileno())
        os.dup2(output.fileno(), sys.stderr.fileno())
    os.environ.update(environment)
    import_module("cadre.shared.process").run(import_module(f"cadre.{name}.app").SERVICE)
