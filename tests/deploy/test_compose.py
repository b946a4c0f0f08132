"""The image and the compose file, tried as an operator would: make-env, up, use, down."""

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from support.nats_server import free_port

REPOSITORY = Path(__file__).parents[2]
SERVICES = ("selection", "training", "supervision", "appointment")
UP_S_MAX = 240
LOG_LINES = "60"

pytestmark = [pytest.mark.containers, pytest.mark.timeout(900)]


@dataclass(frozen=True)
class Compose:
    """One project of the compose file, on ports and secrets of its own."""

    project: str
    settings: dict[str, str]
    env_file: Path

    def run(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            ["docker", "compose", "-p", self.project, "--env-file", self.env_file, *arguments],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=False,
        )
        if check and done.returncode != 0:
            logs = self.run("logs", "--no-color", "--tail", LOG_LINES, check=False).stdout
            pytest.fail(f"docker compose {' '.join(arguments)}:\n{done.stderr}\n{logs}")
        return done

    def up(self) -> None:
        self.run("up", "-d", "--wait", "--wait-timeout", str(UP_S_MAX))

    def http(self, service: str, token: str | None = None) -> httpx.Client:
        url = f"http://127.0.0.1:{self.settings[f'CADRE_PORT_{service.upper()}']}"
        bearer = self.settings["CADRE_API_TOKEN"] if token is None else token
        return httpx.Client(base_url=url, timeout=30, headers={"Authorization": f"Bearer {bearer}"})

    def config(self) -> dict[str, Any]:
        return json.loads(self.run("config", "--format", "json").stdout)["services"]


def _settings(env_file: Path) -> dict[str, str]:
    subprocess.run([REPOSITORY / "deploy" / "make-env.sh", env_file], check=True)
    lines = [line for line in env_file.read_text().splitlines() if line and line[0] != "#"]
    settings = dict(line.split("=", 1) for line in lines)
    settings |= {name: str(free_port()) for name in settings if name.startswith("CADRE_PORT_")}
    settings["CADRE_IMAGE_TAG"] = "under-test"
    env_file.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    return settings


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compose]:
    env_file = tmp_path_factory.mktemp("compose") / "env"
    compose = Compose(f"cadre-test-{os.getpid()}", _settings(env_file), env_file)
    try:
        compose.run("build", "selection")
        compose.up()
        yield compose
    finally:
        compose.run("down", "--volumes", "--timeout", "10", check=False)


def _define_pool(system: Compose, pool_id: str) -> int:
    command = {
        "effective_on": "2026-01-01",
        "pool_id": pool_id,
        "pool_class": "young",
        "title": "优秀年轻干部库",
        "seats": 20,
    }
    headers = {"Idempotency-Key": str(uuid4()), "Cadre-Actor": "compose-test"}
    with system.http("selection") as selection:
        answer = selection.post("/commands/define-pool", json=command, headers=headers)
    assert answer.status_code == 200, answer.text
    return int(answer.json()["position"])


def _pool(system: Compose, pool_id: str, after: int) -> dict[str, Any]:
    with system.http("selection") as selection:
        answer = selection.get(f"/pools/{pool_id}", params={"on": "2026-06-01", "after": after})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_command_is_recorded_and_read_back(system: Compose) -> None:
    position = _define_pool(system, "young-2026")

    assert _pool(system, "young-2026", position)["seats"] == 20


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_ready_and_asks_for_the_token(system: Compose, service: str) -> None:
    with system.http(service, token="wrong") as stranger:
        assert stranger.get("/health/ready").json()["status"] == "ready"
        assert stranger.get("/pools").status_code == 401


def test_the_data_outlives_the_containers(system: Compose) -> None:
    position = _define_pool(system, "kept")

    system.run("down", "--timeout", "10")
    system.up()

    assert _pool(system, "kept", position)["pool_id"] == "kept"


def test_the_mirror_is_made_once_and_follows(system: Compose) -> None:
    _define_pool(system, "mirrored")

    made = system.run("--profile", "audit", "run", "--rm", "mirror")
    again = system.run("--profile", "audit", "run", "--rm", "mirror")

    assert "HISTORY_AUDIT follows HISTORY" in made.stdout
    held = int(again.stdout.split("holds ")[1].split()[0])
    assert held >= 1


def _audit(system: Compose, *command: str) -> dict[str, Any]:
    arguments = ["--profile", "audit", "run", "--rm", command[0], "cadre", "audit", *command]
    return json.loads(system.run(*arguments, "--json").stdout)


def test_an_audit_reads_the_mirror_and_the_databases(system: Compose) -> None:
    position = _define_pool(system, "audited")
    _pool(system, "audited", position)

    signed = _audit(system, "checkpoint", "--origin", "cadre.example/history")
    report = _audit(system, "verify", "--key", signed["verifiers"][0])

    assert report["intact"], report
    assert report["notices"] == [
        "nothing here may read the log of readings: it was not examined",
        "the keys of persons were not examined: the master key is not here",
    ]
    assert report["events"] == report["covered"] == signed["size"] >= position
    assert set(report["journal_rows"]) == set(SERVICES)
    assert report["table_rows"]["selection"] > 0


def test_the_auditors_role_reads_and_cannot_write(system: Compose) -> None:
    password = system.settings["CADRE_DATABASE_PASSWORD_AUDITOR"]
    url = f"postgresql://auditor:{password}@127.0.0.1"

    def does(database: str, sql: str) -> bool:
        run = ["exec", "-T", "postgres", "psql", f"{url}/{database}", "-v", "ON_ERROR_STOP=1"]
        return system.run(*run, "-c", sql, check=False).returncode == 0

    assert does("selection", "SELECT count(*) FROM journal")
    assert not does("selection", "DELETE FROM journal")
    assert not does("selection", "SET default_transaction_read_only = off; DELETE FROM journal")
    assert not does("keys", "SELECT 1")


def test_every_port_is_bound_to_this_machine_only(system: Compose) -> None:
    ports = [port for service in system.config().values() for port in service.get("ports", ())]

    assert len(ports) == len(SERVICES) + 1
    assert {port["host_ip"] for port in ports} == {"127.0.0.1"}


def test_a_service_gets_its_own_secrets_only(system: Compose) -> None:
    services = system.config()

    for name in SERVICES:
        given = set(services[name]["environment"].values())
        for other in {*SERVICES} - {name}:
            foreign = f"_{other.upper()}"
            secrets = {v for k, v in system.settings.items() if k.endswith(foreign)}
            assert not any(secret in value for secret in secrets for value in given), other
        operator = system.settings["CADRE_NATS_PASSWORD_OPERATOR"]
        assert operator not in given
    holders = [n for n in SERVICES if "CADRE_INDEX_KEY" in services[n]["environment"]]
    assert holders == ["selection"]


def test_no_service_runs_as_root(system: Compose) -> None:
    for service in SERVICES:
        assert system.run("exec", "-T", service, "id", "-u").stdout.strip() == "10001"


@pytest.mark.parametrize(("role", "database"), [("selection", "training"), ("training", "keys")])
def test_a_role_reaches_its_own_database_only(system: Compose, role: str, database: str) -> None:
    def connects(to: str) -> bool:
        url = f"postgresql://{role}:{password}@127.0.0.1/{to}"
        return (
            system.run(
                "exec", "-T", "postgres", "psql", url, "-c", "SELECT 1", check=False
            ).returncode
            == 0
        )

    password = system.settings[f"CADRE_DATABASE_PASSWORD_{role.upper()}"]

    assert connects(role)
    assert not connects(database)
