"""Who owns a data directory, and who of them still lives.

the directory  claimed by whoever runs or changes it: one supervisor, or one command
nats/, db/     claimed by the same, and by every process of theirs that has them open

A supervisor's processes inherit the claims on `nats` and `db` and never that on the directory. So
where these two are claimed and the directory is not, a supervisor has died and left something.
Who holds a claim is read from the kernel (`/proc`), never from a file that may be out of date, and
only processes that hold one are ever sent a signal.
"""

import contextlib
import os
import re
import signal
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psutil

from cadre.shared.deciding.errors import CadreError, Unavailable
from cadre.shared.upkeep.claims import Claimed, claim

PARTS = ("nats", "db")
PATIENCE_S = 2.0
"""How long a claim that is about to end, or a look at it, is waited for."""
CLAIM_AGAIN_S = 0.1
END_S_MAX = 15.0
POLL_S = 0.02
SUPERVISOR = "cadre.cli.installation.background"
FORKED = "multiprocessing.forkserver"
PROGRAM = "nats-server"
_LOCK = re.compile(r"^lock:.* FLOCK +\w+ +(READ|WRITE) ", re.MULTILINE)


class DataDirectoryError(CadreError):
    """The data directory cannot be used."""

    status = 409
    code = "data-directory"
    title = "数据目录无法使用 · The data directory cannot be used"


class InUse(DataDirectoryError):
    """Somebody else has a claim; ``only_read`` when all of them only read."""

    only_read = False


@dataclass(frozen=True, slots=True)
class Hold:
    """The claims on a directory, its log and its tables, until the block ends."""

    directory: int
    log: int
    tables: int

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for descriptor in (self.directory, self.log, self.tables):
            os.close(descriptor)


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that holds a claim."""

    process: psutil.Process
    alone: bool

    @property
    def supervises(self) -> bool:
        return self.alone and SUPERVISOR in _command_line(self.process)

    @property
    def left(self) -> bool:
        """Whether only a supervisor can have started it."""
        words = _command_line(self.process)
        ours = any(FORKED in word for word in words) or Path(next(iter(words), "")).name == PROGRAM
        return self.alone and ours


def hold(path: Path) -> Hold:
    """Claim a directory to change it.

    Raises: InUse while anything lives that uses it.
    """
    return _hold(path)[0]


def take_over(path: Path) -> tuple[Hold, list[str]]:
    """The same, and end what a dead supervisor left; what that was.

    Raises: InUse while anything else uses it; Unavailable when something does not end.
    """
    return _hold(path, ending=True)


def share(path: Path) -> Hold:
    """Claim a stopped directory to read it, beside others who do. Raises: InUse."""
    return _hold(path, alone=False)[0]


def claimed(path: Path) -> bool:
    """Whether somebody runs or changes the directory now."""
    try:
        os.close(claim(path, alone=False))
    except Claimed:
        return True
    return False


def only_one(path: Path) -> int:
    """Claim the directory alone, whatever is in it. Raises: InUse."""
    return _claim(path, path, alone=True)


def supervisors(path: Path) -> list[psutil.Process]:
    """Who runs the directory: one, or nobody."""
    return [one.process for one in holders(path) if one.supervises]


def left_over(path: Path) -> list[psutil.Process]:
    """What has the log or the tables open and can only have been started by a supervisor."""
    found = [one.process for one in holders(*(path / part for part in PARTS)) if one.left]
    return list(dict.fromkeys(found))


def holders(*folders: Path) -> list[Holder]:
    """Who has a claim on one of these folders, as far as this user may see."""
    wanted: list[os.stat_result] = []
    for folder in folders:
        with contextlib.suppress(OSError):
            wanted.append(folder.stat())
    found: list[Holder] = []
    for pid in psutil.pids():
        if pid == os.getpid():
            continue
        # Made before it is looked at: should the number go to another, it is not that one.
        with contextlib.suppress(psutil.Error, OSError):
            process = psutil.Process(pid)
            kinds = list(_claims(pid, wanted))
            if kinds:
                found.append(Holder(process, alone="WRITE" in kinds))
    return found


def _claims(pid: int, wanted: Sequence[os.stat_result]) -> Iterator[str]:
    """READ or WRITE for each claim that a process has on these folders."""
    for number in os.listdir(f"/proc/{pid}/fd"):  # noqa: PTH208  # there are very many
        with contextlib.suppress(OSError):
            # Most are something else, and this is quicker than to read of their locks.
            found = os.stat(f"/proc/{pid}/fd/{number}")  # noqa: PTH116
            if any(os.path.samestat(found, one) for one in wanted):
                yield from _LOCK.findall(Path(f"/proc/{pid}/fdinfo/{number}").read_text())


def end(processes: Sequence[psutil.Process], within_s: float = END_S_MAX) -> list[str]:
    """End processes, those that are stopped too, and return when they have ended; their names.

    Raises: Unavailable when one does not, or belongs to somebody else.
    """
    names = [named(one) for one in processes]
    for number, wait_s in ((signal.SIGTERM, within_s), (signal.SIGKILL, END_S_MAX)):
        for one in processes:
            _signal(one, number)
        if ended(processes, wait_s):
            return names
    living = ", ".join(named(one) for one in processes if lives(one))
    raise Unavailable(
        f"有进程不退出 · these do not end: {living}",
        hint="请查看进程在等待什么 · look what the kernel makes them wait for",
    )


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
        process.send_signal(signal.SIGCONT)
    except psutil.NoSuchProcess:
        return
    except psutil.AccessDenied as error:
        raise Unavailable(
            f"本用户无权终止该进程 · this user may not end {named(process)}",
            hint="请以启动者或 root 身份执行 · as whoever started it, or as root",
        ) from error


def ended(processes: Iterable[psutil.Process], within_s: float) -> bool:
    """Wait until all have ended; False when they have not in time."""
    deadline = time.monotonic() + within_s
    while any(lives(one) for one in processes):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_S)
    return True


def lives(process: psutil.Process) -> bool:
    """Whether it still runs; one that only waits to be taken note of does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def named(process: psutil.Process) -> str:
    """What it is called, with its number."""
    try:
        name = "supervisor" if SUPERVISOR in _command_line(process) else process.name()
    except psutil.Error:
        name = "?"
    return f"{name} (pid {process.pid})"


def _command_line(process: psutil.Process) -> Sequence[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return ()


def _hold(path: Path, *, alone: bool = True, ending: bool = False) -> tuple[Hold, list[str]]:
    gone: list[str] = []
    with contextlib.ExitStack() as taken:
        descriptors: list[int] = []
        for folder in (path, *(path / part for part in PARTS)):
            descriptors.append(_claim(path, folder, alone=alone))
            taken.callback(os.close, descriptors[-1])
            if ending and folder == path:
                gone = end(left_over(path))
        if alone:
            # Nothing lives: whatever this says is over.
            with contextlib.suppress(OSError):
                (path / "run.json").unlink(missing_ok=True)
        taken.pop_all()
    return Hold(*descriptors), gone


def _claim(path: Path, folder: Path, *, alone: bool) -> int:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return claim(folder, alone=alone)
        except Claimed as error:
            found = holders(folder)
            if any(one.supervises for one in found) or time.monotonic() > deadline:
                raise _in_use(path, folder, found) from error
        time.sleep(CLAIM_AGAIN_S)


def _in_use(path: Path, folder: Path, found: Sequence[Holder]) -> InUse:
    who = ", ".join(named(one.process) for one in found)
    if any(one.supervises for one in found):
        if (path / "run.json").exists():
            told = "系统已在此数据上运行 · a system is already running on this data"
            hint = "请先停机 · stop it with `cadre down`"
        else:
            told = "系统正在启动或停止 · a system is being started or stopped on this data"
            hint = "请稍候 · wait a moment"
    elif any(one.left for one in found):
        told = (
            "已终止的守护进程留下的进程仍在使用此数据 · "
            f"what a dead supervisor left still lives on this data: {who}"
        )
        hint = "请停机以结束它 · `cadre down` ends it"
    elif who:
        told = f"另一进程正在使用此数据 · another process uses this data: {who}"
        hint = "请待其结束 · wait until it has ended"
    else:
        told = "有看不见的进程在使用此数据 · a process that cannot be seen from here uses this data"
        hint = (
            "请以 root 身份查看，并查看容器 · "
            "look as root, and in containers that have the directory"
        )
    error = InUse(told, where=str(folder), hint=hint)
    error.only_read = bool(found) and not any(one.alone for one in found)
    return error
