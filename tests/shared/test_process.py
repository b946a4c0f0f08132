"""A service as a process: how it ends when it cannot go on, and what its log does not say."""

from pathlib import Path

import pytest

from support.nats_server import NatsServer
from support.processes import ServiceProcess, until, variables

BEFORE = """
import asyncio, os
from support import mini
from cadre.shared.running import diary as due, runtime
from cadre.shared.serving import process
from cadre.shared.projecting import projector, reactor
from cadre.shared.upkeep import vitals
"""
AFTER = """
process.run(mini.service())
"""
DIES = """
async def dies(self, *_):
    await asyncio.sleep(1)
    raise LookupError("a defect")
"""


@pytest.fixture
def service(server: NatsServer, tmp_path: Path) -> ServiceProcess:
    urls = (f"sqlite+aiosqlite:///{tmp_path}/{name}.db" for name in ("selection", "keys"))
    return ServiceProcess(variables(server.url, *urls), tmp_path / "log")


@pytest.mark.parametrize("who", ["projector.Projector.run", "due.Diary.run", "vitals.Vitals.watch"])
def test_a_task_that_dies_ends_the_process(service: ServiceProcess, who: str):
    service.start(f"{BEFORE}{DIES}\n{who} = dies\n{AFTER}")
    try:
        assert service.ended(40) != 0
    finally:
        service.stop()
    assert "a defect" in service.log.read_text()


def test_a_task_that_merely_ends_does_so_too(service: ServiceProcess):
    service.start(f"{BEFORE}\nasync def ends(self): pass\nprojector.Projector.run = ends\n{AFTER}")
    try:
        assert service.ended(40) != 0
    finally:
        service.stop()


def test_a_process_that_cannot_say_why_still_ends(service: ServiceProcess):
    with Path("/dev/full").open("wb") as full:
        service.start(f"{BEFORE}{DIES}\nprojector.Projector.run = dies\n{AFTER}", full)
        try:
            assert service.ended(40) != 0
        finally:
            service.stop()


def test_a_process_whose_ending_hangs_still_ends(service: ServiceProcess):
    hangs = """
from cadre.shared.database.database.database import Database
async def hangs(self):
    await asyncio.Event().wait()
Database.close = hangs
process.END_S_MAX = 3
"""
    service.start(f"{BEFORE}{DIES}{hangs}\nprojector.Projector.run = dies\n{AFTER}")
    try:
        assert service.ended(40) == 1
    finally:
        service.stop()


@pytest.mark.parametrize("database", ["database_url", "keys_url"])
@pytest.mark.parametrize(
    ("url", "pieces"),
    [
        ("postgresql+asyncpg://who:Gehe@imes:Wort/db", ("Gehe", "imes", "Wort")),
        ("mysql://who:GeheimesWort@127.0.0.1/db", ("Geheimes",)),
        ("GeheimesWort", ("Geheimes",)),
    ],
)
def test_an_address_that_cannot_be_read_is_told_without_its_password(
    service: ServiceProcess, database: str, url: str, pieces: tuple[str, ...]
):
    service.variables = {**service.variables, f"CADRE_{database.upper()}": url}
    service.start()
    try:
        assert service.ended(40) == 2
    finally:
        service.stop()
    told = service.log.read_text()
    assert f"CADRE_{database.upper()}" in told
    assert not [piece for piece in pieces if piece in told], told


def test_a_wrong_password_and_a_database_that_is_away_are_told_without_secrets(
    service: ServiceProcess,
):
    secrets = {
        "CADRE_NATS_PASSWORD": "FalschesWort1",
        "CADRE_DATABASE_URL": "postgresql+asyncpg://who:Tabellen/wort#zwei@127.0.0.1:1/db",
        "CADRE_API_TOKEN": "Eintrittswort",
    }
    right = service.variables["CADRE_NATS_PASSWORD"]
    for password in (secrets["CADRE_NATS_PASSWORD"], right):
        service.variables = {**service.variables, **secrets, "CADRE_NATS_PASSWORD": password}
        service.start()
        try:
            name = "connection" if password != right else "database"
            until(lambda name=name: name in service.faults(), "it says for what it waits")
            health = service.get("/health/ready").text
        finally:
            service.stop()
        told = service.log.read_text() + health
        for word in ("FalschesWort1", "Tabellen", "wort#zwei", "Eintrittswort", right):
            assert word not in told
    assert len(service.log.read_text().splitlines()) < 40, "a flood is one line with a count"
