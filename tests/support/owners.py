"""A system on a data directory as an operator handles it, and what is done to it."""

import contextlib
import io
import os
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any
from unittest import mock
from uuid import UUID, uuid4

import httpx
import psutil
import pytest

from cadre.cli import main, output
from cadre.cli.installation import ownership, system
from cadre.cli.installation.data_directory import DataDirectory, Run

CADRE = (sys.executable, "-m", "cadre.cli.main")
POOL = {
    "effective_on": "2026-03-02",
    "pool_class": "young",
    "title": "年轻干部库",
    "seats": 20,
}
WAIT_S_MAX = 60.0


def cadre(data: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a person would."""
    return subprocess.run(
        [*CADRE, *words, "--data", str(data)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"COLUMNS": "300"},
    )


def called(*words: str, data: Path) -> tuple[int, str]:
    """The same in this process, which is quicker: the exit code, and all that was printed."""
    told = io.StringIO()
    with (
        mock.patch.object(sys, "argv", ["cadre", *words, "--data", str(data)]),
        # Not the consoles themselves: a module loaded meanwhile would keep these for good.
        mock.patch.object(output.CONSOLE, "_file", told),
        mock.patch.object(output.CONSOLE, "_width", 300),
        mock.patch.object(output.ERRORS, "_file", told),
        mock.patch.object(output.ERRORS, "_width", 300),
        contextlib.redirect_stdout(told),
        pytest.raises(SystemExit) as ended,
    ):
        main.run()
    code = ended.value.code
    return (code if isinstance(code, int) else 0), told.getvalue()


def run_of(data: Path) -> Run:
    return DataDirectory.open_data(data).read_run()


def define_pool(run: Run, pool_id: str, command_id: UUID | None = None) -> httpx.Response:
    return httpx.post(
        f"{run.services['selection'].http_url}/commands/define-pool",
        json=POOL | {"pool_id": pool_id},
        headers={
            "Authorization": f"Bearer {run.api_token}",
            "Idempotency-Key": str(command_id or uuid4()),
            "Cadre-Actor": "clerk",
        },
        timeout=10,
    )


def recorded(data: Path, pool_id: str) -> bool:
    """Whether the log has the events of a pool."""
    run = run_of(data)
    answer = httpx.get(
        f"{run.services['selection'].http_url}/histories/pool/{pool_id}",
        headers={"Authorization": f"Bearer {run.api_token}", "Cadre-Actor": "clerk"},
        timeout=30,
    )
    return answer.status_code == 200 and bool(answer.json()["entries"])


def family(data: Path) -> list[psutil.Process]:
    """Every process of the system that runs on a directory."""
    (supervisor,) = ownership.supervisors(data)
    return [supervisor, *supervisor.children(recursive=True)]


def using(data: Path) -> list[psutil.Process]:
    """Who has the directory, its log or its tables, whoever it is."""
    folders = (data, data / "nats", data / "db")
    return [one.process for folder in folders for one in ownership.holders(folder)]


def until(condition: Callable[[], Any], within_s: float = WAIT_S_MAX) -> Any:
    """What a condition gives once it holds."""
    deadline = time.monotonic() + within_s
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.05)
    return found


@contextlib.contextmanager
def holding(*folders: Path) -> Generator[subprocess.Popen[bytes]]:
    """A process that is no Cadre and claims folders."""
    words = ["cat"]
    for folder in reversed(folders):
        words = ["flock", str(folder), *words]
    holder = subprocess.Popen(words, stdin=subprocess.PIPE)
    try:
        until(lambda: all(ownership.holders(folder) for folder in folders))
        yield holder
    finally:
        holder.communicate()


@contextlib.contextmanager
def started(data: Path) -> Generator[Path]:
    """A system that is stopped in the end, however it is then."""
    system.start(data)
    try:
        yield data
    finally:
        system.stop(data)
