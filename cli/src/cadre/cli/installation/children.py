"""The processes of a system: a program, or a service forked from one that imported them all.

Importing a service takes longer than starting it, and four of them import nearly the same. So one
process imports everything once and forks each service when it is asked to; what they read only
they then also share in memory.

None of them outlives who started it: the kernel kills a process when its parent ends, stopped ones
too. The supervisor's end is that of the server and of the forking process, whose end is that of the
services.
"""

import asyncio
import contextlib
import ctypes
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from multiprocessing import forkserver
from multiprocessing.context import ForkServerProcess
from multiprocessing.reduction import DupFd
from pathlib import Path
from typing import Any, Protocol

import psutil

STOP_S_MAX = 15.0
GONE_S_MAX = 5.0
_FORKS = multiprocessing.get_context("forkserver")
_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG, _PR_SET_NAME = 1, 15


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

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, if it is still there; nobody else is ever sent one."""
        ...


def dying_with(parent: int) -> Callable[[], None]:
    """What a process calls first, so that it ends when its parent ``parent`` does."""

    def die() -> None:
        _set(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)

    return die


def _set(what: int, value: int | bytes) -> None:
    """Tell the kernel something about this process; others than Linux do not know it."""
    if sys.platform == "linux":
        _LIBC.prctl(what, value)


@dataclass(slots=True)
class Program:
    """A process that runs a command."""

    name: str
    command: list[str]
    environment: dict[str, str]
    log: Path
    claim: int
    """A descriptor of the claim on what it has open; it inherits it."""
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
                pass_fds=(self.claim,),
                preexec_fn=dying_with(os.getpid()),
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

    def signal(self, number: signal.Signals) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(number)


@dataclass(slots=True)
class Service:
    """One of the four services."""

    name: str
    environment: dict[str, str]
    log: Path
    claim: int
    process: ForkServerProcess | None = None
    identity: psutil.Process | None = None

    async def start(self) -> None:
        # Were it the forking process that died, the service might not have heard of it yet.
        await self._make_sure_it_ended()
        process = _FORKS.Process(
            target=_serve,
            args=(self.name, self.environment, self.log, Inherited(self.claim)),
            name=self.name,
        )
        process.start()
        self.process = process
        with contextlib.suppress(psutil.NoSuchProcess):
            self.identity = psutil.Process(self.pid)

    async def _make_sure_it_ended(self) -> None:
        self.signal(signal.SIGKILL)
        if self.identity is not None:
            with contextlib.suppress(psutil.TimeoutExpired):
                await asyncio.to_thread(self.identity.wait, GONE_S_MAX)

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

    def signal(self, number: signal.Signals) -> None:
        if self.identity is not None:
            with contextlib.suppress(psutil.NoSuchProcess):
                self.identity.send_signal(number)


async def stop(child: Child) -> None:
    """Ask it to stop, then make it."""
    if child.ended is not None:
        return
    child.signal(signal.SIGTERM)
    child.signal(signal.SIGCONT)
    try:
        await asyncio.wait_for(child.wait(), STOP_S_MAX)
    except TimeoutError:
        child.signal(signal.SIGKILL)
        await child.wait()


@dataclass(frozen=True, slots=True)
class Inherited:
    """A descriptor that goes with what is handed to a forked process."""

    descriptor: int

    def __reduce__(self) -> tuple[Callable[[Any], "Inherited"], tuple[Any]]:
        return _inherited, (DupFd(self.descriptor),)


def _inherited(handed: Any) -> Inherited:
    return Inherited(handed.detach())


def import_services() -> None:
    """Begin to import the services, in the process that will fork them; returns at once."""
    _FORKS.set_forkserver_preload(["cadre.cli.installation.imported"])
    forkserver.ensure_running()


def _serve(name: str, environment: dict[str, str], log: Path, _claim: Inherited) -> None:
    """Be the service; the claim is held as long as this process lives."""
    os.setsid()
    _set(_PR_SET_NAME, name.encode())
    _set(_PR_SET_PDEATHSIG, signal.SIGKILL)
    supervisor = multiprocessing.parent_process()
    if supervisor is None or not supervisor.is_alive():
        # It ended before the kernel was told, and the forking process with it.
        os.kill(os.getpid(), signal.SIGKILL)
    with log.open("ab") as output:
        os.dup2(output.fileno(), sys.stdout.fileno())
        os.dup2(output.fileno(), sys.stderr.fileno())
    os.environ.update(environment)
    service = import_module(f"cadre.{name}.app").SERVICE
    import_module("cadre.shared.serving.process").run(service, claimed=True)
