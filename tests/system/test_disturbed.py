"""Killing any process in the middle of years of life ends in the same tables."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cadre.cli.installation import system
from cadre.cli.installation.calling import client_of
from cadre.cli.installation.data_directory import DataDirectory
from cadre.cli.installation.remote_log import remote_log
from cadre.contracts.vocabulary import SERVICES
from cadre.shared.log.signed import Message
from support.guarded import unguarded

pytestmark = [pytest.mark.system, pytest.mark.timeout(900)]

CADRE = (sys.executable, "-m", "cadre.cli.main")
SIZE = ("--cadres", "12", "--years", "2", "--seed", "11")
DEMO_S_MAX = 400


def start_demo(data: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*CADRE, "demo", "--data", str(data), *SIZE, "--keep-running", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"COLUMNS": "200"},
    )


def finish(demo: subprocess.Popen[bytes]) -> dict[str, Any]:
    out, err = demo.communicate(timeout=DEMO_S_MAX)
    assert demo.returncode == 0, err.decode()[-3000:]
    told: dict[str, Any] = json.loads(out)
    return told


def dumps(data: Path) -> dict[str, Any]:
    """All tables; where on the log somebody's event stands depends on what others did meanwhile."""
    with client_of(data) as client:
        found = {name: client.get(name, "/projections/dump", full=True) for name in SERVICES}
    for rows in (rows for dump in found.values() for rows in dump["tables"].values()):
        for row in rows:
            row.pop("position", None)
    return {name: dump["tables"] for name, dump in found.items()}


async def logged(data: Path) -> list[Message]:
    run = DataDirectory.open_data(data).read_run().nats
    credential = run.credentials["subscriber"]
    async with remote_log(run.url, credential.user, credential.password, "HISTORY") as log:
        return [message async for messages in log.read() for message in messages]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    data = tmp_path_factory.mktemp("undisturbed") / "data"
    try:
        finish(start_demo(data))
        events = asyncio.run(logged(data))
        assert {event.aggregate[0] for event in events} == set(SERVICES)
        assert unguarded(events) == [], "every decision of the years bears the guard of its history"
        yield dumps(data)
    finally:
        system.stop(data)


def kill_in_the_middle(demo: subprocess.Popen[bytes], data: Path, victims: tuple[str, ...]) -> int:
    """SIGKILL each victim, a second apart, while the demonstration runs; how many were hit."""
    hit = 0
    while not (data / "run.json").exists():
        assert demo.poll() is None, demo.communicate()[1].decode()[-2000:]
        time.sleep(0.05)
    directory = DataDirectory.open_data(data)
    time.sleep(2.5)
    for victim in victims:
        time.sleep(1.0)
        if demo.poll() is not None:
            break
        run = directory.read_run()
        pid = run.nats.pid if victim == "nats" else run.services[victim].pid
        os.kill(pid, signal.SIGKILL)
        hit += 1
    return hit


@pytest.mark.parametrize("victims", [SERVICES, ("nats", "nats")], ids=["services", "nats"])
def test_killed_processes_change_nothing(
    undisturbed: dict[str, Any], tmp_path: Path, victims: tuple[str, ...]
) -> None:
    data = tmp_path / "data"
    demo = start_demo(data)
    try:
        hit = kill_in_the_middle(demo, data, victims)
        finish(demo)
        assert hit == len(victims), "the demonstration was over before everything was killed"
        found = dumps(data)
        for name in SERVICES:
            for table, rows in undisturbed[name].items():
                assert found[name][table] == rows, f"{name}.{table}"
    finally:
        demo.kill()
        system.stop(data)
