"""A supervisor that is killed takes everything with it, loses nothing, and leaves room for one."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self
from uuid import uuid4

import httpx
import psutil
import pytest

from cadre.cli import ownership, system
from cadre.cli.data_directory import DataDirectory
from cadre.contracts.vocabulary import SERVICES
from support.owners import (
    CADRE,
    cadre,
    define_pool,
    family,
    recorded,
    run_of,
    started,
    until,
    using,
)

pytestmark = [
    pytest.mark.faults,
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning"),
]


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    with started(tmp_path / "data") as path:
        yield path


def gone(processes: list[psutil.Process]) -> bool:
    return not any(ownership.lives(one) for one in processes)


class Clerks:
    """Commands as fast as they are answered, until told to stop; those that were acknowledged."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.acknowledged: list[str] = []
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._work, args=(n,)) for n in range(4)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _work(self, number: int) -> None:
        run, count = run_of(self.data), 0
        while not self._over.is_set():
            pool = f"p-{number}-{count}"
            count += 1
            try:
                answer = define_pool(run, pool, uuid4())
            except httpx.HTTPError:
                time.sleep(0.01)
                continue
            if answer.status_code == 200:
                self.acknowledged.append(pool)


def test_killed_under_load_nothing_acknowledged_is_lost_and_no_second_set_runs(
    data: Path,
) -> None:
    with Clerks(data) as clerks:
        until(lambda: len(clerks.acknowledged) > 50)
        old = family(data)
        old[0].kill()
        # At once, while the dead one's processes may still be ending.
        system.start(data)
        assert gone(old), "two sets on one directory"
    assert not set(family(data)) & set(old)
    assert not [pool for pool in clerks.acknowledged if not recorded(data, pool)]
    assert cadre(data, "audit", "verify").returncode == 0


def test_nothing_outlives_a_killed_supervisor_not_even_what_is_stopped(data: Path) -> None:
    run = run_of(data)
    for pid in (run.nats.pid, run.services["training"].pid):
        os.kill(pid, signal.SIGSTOP)
    processes = family(data)
    processes[0].kill()
    until(lambda: gone(processes), 10)
    assert not using(data)
    assert cadre(data, "doctor").returncode == 1
    assert cadre(data, "audit", "rotate-key", "selection").returncode == 0
    assert cadre(data, "down").returncode == 0
    assert not (data / "run.json").exists()


def test_a_killed_forking_process_takes_its_services_and_all_start_again(data: Path) -> None:
    before = run_of(data)
    supervisor, *others = family(data)
    services = {one.pid for one in before.services.values()}
    (forks,) = {one.ppid() for one in others if one.pid in services}
    psutil.Process(forks).kill()
    until(lambda: not services & {one.pid for one in using(data)})
    until(lambda: define_pool_passes(data, "p-after"))
    assert len({one.process.pid for one in ownership.holders(data / "db")}) == 1 + len(SERVICES)
    assert run_of(data).supervisor_pid == supervisor.pid


def define_pool_passes(data: Path, pool: str) -> bool:
    try:
        return define_pool(run_of(data), pool).status_code == 200
    except httpx.HTTPError:
        return False


def test_killed_at_any_moment_of_its_start_it_leaves_nothing(tmp_path: Path) -> None:
    data = tmp_path / "data"
    DataDirectory.create(data)
    moments = random.Random(12)
    for _ in range(6):
        up = subprocess.Popen([*CADRE, "up", "--data", str(data)], stderr=subprocess.PIPE)
        (supervisor,) = until(lambda: ownership.supervisors(data))
        time.sleep(moments.uniform(0.0, 2.0))
        processes = [supervisor, *supervisor.children(recursive=True)]
        supervisor.kill()
        _, said = up.communicate(timeout=60)
        until(lambda processes=processes: gone(processes), 10)
        assert not using(data), said
    with started(data):
        assert define_pool(run_of(data), "p-one").status_code == 200


def test_two_that_start_at_once_end_with_one_and_the_other_says_so(tmp_path: Path) -> None:
    data = tmp_path / "data"
    ups = [
        subprocess.Popen(
            [*CADRE, "up", "--data", str(data)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(3)
    ]
    said = [one.communicate(timeout=120)[1].decode() for one in ups]
    try:
        assert sorted(one.returncode for one in ups) == [0, 2, 2], said
        assert sum("this data" in one for one in said) == 2, said
        assert len([one for one in using(data) if one.name() == "nats-server"]) == 1
        again = cadre(data, "up")
        assert (again.returncode, "already running" in again.stderr) == (2, True)
    finally:
        system.stop(data)


def test_a_start_meets_a_stop_and_there_is_one_system_or_none(data: Path) -> None:
    down = subprocess.Popen([*CADRE, "down", "--data", str(data)], stdout=subprocess.PIPE)
    while down.poll() is None:
        up = cadre(data, "up")
        assert up.returncode in {0, 2}, up.stderr
        if up.returncode == 0:
            break
    down.communicate(timeout=60)
    assert down.returncode == 0
    assert len(ownership.supervisors(data)) == (1 if up.returncode == 0 else 0)


def test_down_returns_when_all_have_ended_a_hanging_supervisor_too(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(system, "STOP_S_MAX", 3.0)
    (data / "run.json").unlink()
    processes = family(data)
    for one in processes:
        one.suspend()
    ended = system.stop(data)
    assert gone(processes)
    assert len(ended) == 2 + len(SERVICES), ended
    assert system.stop(data) == []


def test_a_stop_during_a_start_ends_it(tmp_path: Path) -> None:
    data = tmp_path / "data"
    up = subprocess.Popen([*CADRE, "up", "--data", str(data)], stderr=subprocess.PIPE)
    until(lambda: ownership.supervisors(data.resolve()))
    assert cadre(data, "down").returncode == 0
    _, said = up.communicate(timeout=60)
    assert up.returncode == 3, said
    assert not using(data)


def test_a_killed_repair_leaves_no_server_on_its_new_store(data: Path) -> None:
    """The server that a command starts on a store of the directory ends with it."""
    system.stop(data)
    code = (
        "import asyncio, sys, time\n"
        "from pathlib import Path\n"
        "from cadre.cli.data_directory import DataDirectory\n"
        "from cadre.cli.log_server import serving\n"
        "async def main():\n"
        "    directory = DataDirectory.open_data(Path(sys.argv[1]))\n"
        "    with directory.lock() as hold:\n"
        "        async with serving(directory.path / 'nats', Path(sys.argv[2]), claim=hold.log):\n"
        "            print('serves', flush=True)\n"
        "            time.sleep(600)\n"
        "asyncio.run(main())\n"
    )
    repair = subprocess.Popen(
        [sys.executable, "-c", code, str(data), str(data / "logs" / "x.log")],
        stdout=subprocess.PIPE,
    )
    assert repair.stdout is not None
    assert repair.stdout.readline() == b"serves\n"
    servers = [one.process for one in ownership.holders(data / "nats")]
    assert "nats-server" in {one.name() for one in servers}
    repair.kill()
    repair.communicate()
    until(lambda: gone(servers), 10)


def test_a_service_that_hangs_is_started_again(data: Path) -> None:
    before = run_of(data).services["selection"].pid
    os.kill(before, signal.SIGSTOP)
    hanging = psutil.Process(before)
    until(lambda: run_of(data).services["selection"].pid != before, within_s=120)
    assert gone([hanging])
    until(lambda: define_pool_passes(data, "p-again"))
