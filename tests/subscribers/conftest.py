"""Events on a real log, and programs of other people that read them."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable
from hashlib import sha256
from pathlib import Path
from subprocess import PIPE
from typing import NoReturn

import pytest

from cadre.shared.database.database import Database
from cadre.shared.keys.keyring import Keyring
from cadre.shared.keys.master_keys import MasterKeys
from subscribers.actors import EXAMPLES, Program, Scribe
from support.nats_server import NatsServer

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cadre-tests"
INSTALLED_S_MAX = 240.0
PARSED_S_MAX = 120.0


@pytest.fixture
async def scribe(server: NatsServer, tmp_path: Path) -> AsyncGenerator[Scribe]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/keys.db")
    keyring = Keyring(database, MasterKeys(b"m" * 32))
    await keyring.create()
    scribe = Scribe(server, keyring)
    yield scribe
    for log in scribe.logs.values():
        await log.client.close()
    await database.close()


def _without(reason: str) -> NoReturn:
    """Node is optional on a desk, not where every change is tried."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def _installed(package: Path) -> Path:
    """A directory outside the repository with what a package.json asks for."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        _without("node and npm are not installed")
    target = CACHE / sha256(package.read_bytes()).hexdigest()[:16]
    if not (target / "node_modules").exists():
        building = target.with_name(f"{target.name}.{os.getpid()}")
        building.mkdir(parents=True)
        shutil.copy(package, building)
        command = [npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-save"]
        ended = subprocess.run(
            command,
            cwd=building,
            capture_output=True,
            text=True,
            timeout=INSTALLED_S_MAX,
            check=False,
        )
        if ended.returncode:
            shutil.rmtree(building)
            _without(f"npm could not install {package.name}: {ended.stderr[-500:]}")
        shutil.rmtree(target, ignore_errors=True)
        building.rename(target)
    return target


@pytest.fixture(scope="session")
def faults_of() -> Callable[[list[Path]], dict[str, list[str]]]:
    """What the official AsyncAPI parser finds wrong, by document."""
    here = Path(__file__).parent
    target = _installed(here / "package.json")
    script = shutil.copy(here / "check_asyncapi.mjs", target)

    def faults(documents: list[Path]) -> dict[str, list[str]]:
        command = ["node", script, *map(str, documents)]
        told = subprocess.run(command, stdout=PIPE, timeout=PARSED_S_MAX, check=True).stdout
        found: dict[str, list[str]] = json.loads(told)
        return found

    return faults


def _python() -> list[str]:
    return [sys.executable, str(EXAMPLES / "python_subscriber.py")]


def _node() -> list[str]:
    target = _installed(EXAMPLES / "package.json")
    return ["node", str(shutil.copy(EXAMPLES / "node_subscriber.mjs", target))]


@pytest.fixture(params=[_python, _node], ids=["python", "node"])
async def program(
    request: pytest.FixtureRequest, server: NatsServer, tmp_path: Path
) -> AsyncGenerator[Program]:
    """Each of the two subscribers, which must behave alike."""
    environment = {
        "NATS_URL": server.url,
        "NATS_USER": "subscriber",
        "NATS_PASSWORD": "psubscriber",
    }
    program = Program(request.param(), environment, tmp_path)
    yield program
    await program.stop()
