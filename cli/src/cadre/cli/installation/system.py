"""Starting and stopping a system from the command line."""

import asyncio
import contextlib
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import psutil

from cadre.cli.installation import ownership
from cadre.cli.installation.data_directory import DataDirectory, Run, writing
from cadre.cli.installation.health import ask_all
from cadre.cli.installation.ownership import Hold, InUse
from cadre.cli.installation.watch import trial
from cadre.shared.deciding.errors import Unavailable

START_S_MAX = 90.0
STOP_S_MAX = 45.0
POLL_S = 0.02


class Started(NamedTuple):
    """A system that runs; ``ended`` are those of a dead supervisor that had to end first."""

    run: Run
    ended: list[str]
    unready: dict[str, str]
    """Services that take no commands, and why."""


def start(path: Path) -> Started:
    """Start a system in the background and return once its services answer.

    Raises: DataDirectoryError while another lives on it, or when it cannot be written;
    Unavailable when it does not come up.
    """
    data = DataDirectory.create(path)
    hold, ended = ownership.take_over(data.path)
    with hold:
        run = _started(data, hold)
    health = asyncio.run(ask_all({name: one.http_url for name, one in run.services.items()}))
    return Started(run, ended, {n: h.why for n, h in health.items() if not h.ready})


def _started(data: DataDirectory, hold: Hold) -> Run:
    log = data.path / "logs" / "supervisor.log"
    claims = (hold.directory, hold.log, hold.tables)
    with writing(log), log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603
            [
                sys.executable,
                *("-m", ownership.SUPERVISOR),
                str(data.path),
                ",".join(map(str, claims)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            pass_fds=claims,
        )
    try:
        return _until_running(data, process, log)
    except BaseException:
        _give_up(process)
        raise


def _until_running(data: DataDirectory, process: subprocess.Popen[bytes], log: Path) -> Run:
    deadline = time.monotonic() + START_S_MAX
    while time.monotonic() < deadline:
        if data.run_file.exists():
            return data.read_run()
        if process.poll() is not None:
            raise Unavailable(
                f"系统未能启动 · the system did not start: {_why(data, log)}", where=str(log)
            )
        time.sleep(POLL_S)
    raise Unavailable(
        f"系统未能就绪 · the system was not ready after {START_S_MAX:g} s", where=str(log)
    )


def _why(data: DataDirectory, log: Path) -> str:
    """What it said last; on a full disk nothing can be said, and that is why."""
    last = log.read_text(errors="replace").strip().splitlines()[-1:]
    unwritten = trial(data.path)
    return " ".join(
        [*last, *([f"{data.path} cannot be written: {unwritten}"] if unwritten else [])]
    )


def _give_up(process: subprocess.Popen[bytes]) -> None:
    """What does not come up, or is no longer wanted, is not left behind."""
    process.terminate()
    try:
        process.wait(STOP_S_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def stop(path: Path) -> list[str]:
    """Stop the system on this data, return when every process has ended; which these were.

    Raises: DataDirectoryError while something else uses it; Unavailable when one does not end.
    """
    data = DataDirectory.open_data(path)
    ended: list[str] = []
    while True:
        ended += _end_supervisor(data.path)
        try:
            hold, left = ownership.take_over(data.path)
        except InUse as error:
            # Nobody lives who has more than reading to do, or somebody has begun anew.
            if error.only_read or ended:
                return ended
            if not ownership.supervisors(data.path):
                raise
        else:
            hold.__exit__()
            return ended + left


def _end_supervisor(path: Path) -> list[str]:
    """End who runs the directory, with all its processes; none where nobody does."""
    found = ownership.supervisors(path)
    if not found:
        return []
    names = [ownership.named(one) for one in (*found, *ownership.left_over(path))]
    family: list[psutil.Process] = []
    with contextlib.suppress(psutil.NoSuchProcess):
        family = [child for one in found for child in one.children(recursive=True)]
    ownership.end(found, STOP_S_MAX)
    if not ownership.ended(family, ownership.END_S_MAX):
        ownership.end([one for one in family if ownership.lives(one)])
    return names
