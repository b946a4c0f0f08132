"""The log's disk is full for a moment: the service says so, and goes on once there is room."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import mini
from support.nats_server import NatsServer, nats_server
from support.processes import ServiceProcess, service_process, until, variables
from support.small_disk import SmallDisk, small_disk

pytestmark = pytest.mark.faults


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk") as one:
        yield one


@pytest.fixture
def log(disk: SmallDisk) -> Iterator[NatsServer]:
    with nats_server(disk.path / "nats") as server:
        server.provision()
        yield server


@pytest.fixture
def service(log: NatsServer, tmp_path: Path) -> Iterator[ServiceProcess]:
    databases = (f"sqlite+aiosqlite:///{tmp_path}/{name}.db" for name in ("selection", "keys"))
    with service_process(tmp_path / "log", variables(log.url, *databases)) as one:
        until(lambda: one.ready().get("status") == "ready", "ready")
        yield one


def _silence(disk: SmallDisk, service: ServiceProcess) -> list[int]:
    """Fill the disk and write until the log no longer answers; what the commands were answered."""
    disk.fill()
    answers: list[int] = []
    for number in range(100, 400):
        answers.append(service.register(mini.cadre_id(number), "名" * 900).status_code)
        if answers[-1] != 200:
            break
    return answers


def test_a_log_without_room_is_a_fault_before_anything_is_lost(
    disk: SmallDisk, service: ServiceProcess
):
    assert service.register(mini.cadre_id(1)).status_code == 200
    disk.fill()
    until(lambda: "log-write" in service.faults(), "the fault")
    assert service.get("/health/ready").status_code == 503
    told = service.register(mini.cadre_id(2))
    assert told.status_code == 503, told.text
    assert told.json()["hint"]
    assert service.get(f"/people/{mini.cadre_id(1)}").status_code == 200, "tables answer"
    disk.empty()
    until(lambda: service.ready().get("status") == "ready", "ready again")
    assert service.register(mini.cadre_id(2)).status_code == 200


def test_a_log_that_fell_silent_is_a_fault_until_its_server_was_started_anew(
    disk: SmallDisk, log: NatsServer, service: ServiceProcess
):
    assert service.register(mini.cadre_id(1)).status_code == 200
    answers = _silence(disk, service)
    assert answers[-1] in {503, 504}, "never 500"
    until(lambda: "log-write" in service.faults(), "the fault")
    disk.empty()
    silent = answers[-1] == 504
    if silent:
        time.sleep(15)
        assert "log-write" in service.faults(), "it is silent although there is room"
        # What keeps the log's server does this when the fault lasts.
        log.kill()
        log.start()
    until(lambda: service.ready().get("status") == "ready", "ready again")
    assert service.register(mini.cadre_id(2)).status_code == 200
    position = service.register(mini.cadre_id(3)).json()["position"]
    assert service.get(f"/people/{mini.cadre_id(3)}?after={position}").status_code == 200
    assert silent, "the trial has to silence the stream"


def test_no_trial_write_leaves_an_event(log: NatsServer, service: ServiceProcess):
    del log
    first = service.register(mini.cadre_id(1)).json()["position"]
    time.sleep(12)
    assert service.register(mini.cadre_id(2)).json()["position"] == first + 1
