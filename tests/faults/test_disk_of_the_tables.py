"""The disk of a service's tables and of its own log is full for a moment."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import mini
from support.nats_server import NatsServer
from support.processes import ServiceProcess, service_process, until, variables
from support.small_disk import SmallDisk, small_disk

pytestmark = pytest.mark.faults


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk") as one:
        yield one


@pytest.fixture
def service(server: NatsServer, disk: SmallDisk) -> Iterator[ServiceProcess]:
    databases = (f"sqlite+aiosqlite:///{disk.path}/{name}.db" for name in ("selection", "keys"))
    with service_process(disk.path / "log", variables(server.url, *databases)) as one:
        until(lambda: one.ready().get("status") == "ready", "ready")
        yield one


def test_a_service_outlives_a_full_disk_of_its_tables_and_of_its_log(
    disk: SmallDisk, service: ServiceProcess
):
    first = service.register(mini.cadre_id(1)).json()["position"]
    assert service.get(f"/people/{mini.cadre_id(1)}?after={first}").status_code == 200
    disk.fill()
    until(lambda: "database-write" in service.faults(), "the fault")
    told = service.register(mini.cadre_id(2))
    assert told.status_code == 503, told.text
    assert service.get("/metrics").status_code == 200
    shown = service.get(f"/people/{mini.cadre_id(1)}?after={first}")
    assert shown.status_code == 200, shown.text
    disk.empty()
    until(lambda: service.ready().get("status") == "ready", "ready again")
    position = service.register(mini.cadre_id(2)).json()["position"]
    assert service.get(f"/people/{mini.cadre_id(2)}?after={position}").status_code == 200
    status = service.get("/projections").json()
    assert status["parked"] == [], "nobody is parked for a full disk"
    assert service.process is not None
    assert service.process.poll() is None


def test_lines_that_could_not_be_written_are_counted_and_told_later(
    disk: SmallDisk, service: ServiceProcess
):
    disk.fill()
    # The last block of the log may still have room.
    for _ in range(3):
        until(lambda: "database-write" in service.faults(), "the fault")
        service.register(mini.cadre_id(2))
    disk.empty()
    until(lambda: service.ready().get("status") == "ready", "ready again")
    lines = service.log.read_text().splitlines()
    assert any(line.get("fault") == "database-write" for line in map(_read, lines))


def _read(line: str) -> dict[str, object]:
    try:
        return json.loads(line)
    except ValueError:
        return {}
