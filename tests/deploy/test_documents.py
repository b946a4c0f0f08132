"""`deploy/README.md` run as it stands: one system lives through all of it, block by block."""

import asyncio
import json
import os
import re
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import nats.errors
import pytest

from cadre.shared.log.connection import connect_once
from support.documents import Shell, block, copy_of_tree, version_of_tree
from support.nats_server import free_port

DOCUMENT = "deploy/README.md"
SERVICES = ("selection", "training", "supervision", "appointment")
PORTS = (*SERVICES, "nats")
NEXT = "9.9.9"
"""The version upgraded to."""

pytestmark = [pytest.mark.containers, pytest.mark.timeout(900)]


@dataclass
class Place:
    """A project of its own, on ports of its own: all that is put in place of what is written."""

    scratch: Path
    project: str = f"cadre-documents-{os.getpid()}"
    ports: dict[str, int] = field(default_factory=lambda: {name: free_port() for name in PORTS})

    def __post_init__(self) -> None:
        self.shell = Shell(
            self.scratch,
            {"COMPOSE_PROJECT_NAME": self.project, "OLD": str(self.tree)}
            | {f"CADRE_PORT_{name.upper()}": str(port) for name, port in self.ports.items()},
        )

    @property
    def tree(self) -> Path:
        """Where the first version was fetched to."""
        return self.scratch / "cadre"

    @property
    def later(self) -> Path:
        """Where the next version was fetched to."""
        return self.scratch / "later"

    def run(self, name: str, folder: Path | None = None, *failing: str) -> str:
        """Run a block; exactly these of its commands fail."""
        text = block(DOCUMENT, name).text
        if folder is not None and folder != self.tree:
            text = text.replace(version_of_tree(), NEXT)
        return self.shell.require(text, folder or self.tree, failing)

    def compose(self, command: str, folder: Path | None = None, **more: str) -> str:
        return self.shell.require(f"docker compose {command}\n", folder or self.tree, **more)

    def setting(self, name: str, folder: Path | None = None) -> str:
        lines = ((folder or self.tree) / ".env").read_text().splitlines()
        return next(line for line in lines if line.startswith(f"{name}=")).partition("=")[2]

    def http(self, service: str) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.setting('CADRE_API_TOKEN')}"}
        url = f"http://127.0.0.1:{self.ports[service]}"
        return httpx.Client(base_url=url, timeout=30, headers=headers)

    def versions(self) -> set[str]:
        """Of the services that run and are ready."""
        found: set[str] = set()
        for service in SERVICES:
            with self.http(service) as client:
                found.add(client.get("/health/ready").raise_for_status().json()["version"])
        return found

    def define_pool(self, pool_id: str) -> int:
        body: dict[str, Any] = {"effective_on": "2026-01-01", "pool_id": pool_id}
        body |= {"pool_class": "young", "title": "优秀年轻干部库", "seats": 20}
        headers = {"Idempotency-Key": str(uuid4()), "Cadre-Actor": "documents"}
        with self.http("selection") as client:
            answer = client.post("/commands/define-pool", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()["position"]

    def knows_pool(self, pool_id: str) -> bool:
        with self.http("selection") as client:
            client.get("/projections/settled").raise_for_status()
            return client.get(f"/pools/{pool_id}").status_code == 200


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    made = Place(tmp_path_factory.mktemp("documents"))
    copy_of_tree(made.tree)
    copy_of_tree(made.later, NEXT)
    try:
        yield made
    finally:
        end = "docker compose --profile '*' down --volumes --timeout 10 --remove-orphans"
        made.shell.run(end, made.tree)
        made.shell.run(f"docker image rm cadre:{NEXT}", made.tree)


def test_it_is_installed(place: Place) -> None:
    """Whatever image bore this version's name before."""
    tag = f"cadre:{version_of_tree()}"
    place.shell.require(f"echo FROM python:3.12-slim | docker build --tag {tag} -\n", place.tree)

    place.run("Install 1")

    assert place.versions() == {version_of_tree()}


def test_the_command_is_used_in_a_container(place: Place) -> None:
    printed = place.run("The cadre command 1", None, "1: docker compose run --rm -v")

    assert "c-g4jacvj4pn" in printed
    assert "四级主任科员" in printed
    assert printed.count("equal") == len(SERVICES)


def test_the_command_is_used_on_the_host(place: Place) -> None:
    printed = place.run("The cadre command 2", None, "1: cadre import samples/county")

    assert "c-g4jacvj4pn" in printed
    assert "!!" not in printed


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("up", "docker compose up"),
        ("down", "docker compose stop"),
        ("audit rotate-key training", "Signing keys"),
        ("privacy backup-keys", "Backup"),
        ("privacy restore-keys .env", "Backup"),
        ("audit verify", "docker compose --profile audit run"),
        ("find 杨颖 --data .", "name one"),
    ],
)
def test_what_does_nothing_there_says_what_does(place: Place, command: str, told: str) -> None:
    printed = place.shell.require(f"cadre {command} --settings .env", place.tree, ["2: cadre"])

    assert told in " ".join(printed.split())


def test_it_is_audited_also_after_down_and_up(place: Place) -> None:
    place.run("Audits 1")
    place.compose("down --timeout 10")
    place.compose("up -d --wait")

    assert "Nothing differs" in place.run("Audits 1")


def test_what_a_witness_gave_back_is_kept(place: Place) -> None:
    kept = place.tree / "kept"
    kept.mkdir()
    # What the log published, as a witness would take it; the answer bears a signature more.
    note = place.compose("--profile audit run --rm -T verify cat /var/lib/cadre/audit/checkpoint")
    (kept / "checkpoint").write_text(note[note.index("cadre.example/history\n") :])

    assert "Kept" in place.run("Audits 2")


def test_packages_are_made_sealed_and_open(place: Place) -> None:
    place.run("Audits 3")

    sealed, clear = (place.tree / "packages" / f"{name}.zip" for name in ("sealed", "open"))
    assert 0 < sealed.stat().st_size < clear.stat().st_size


def test_what_was_backed_up_is_restored(place: Place) -> None:
    place.define_pool("before")
    place.run("Backup 1")
    place.define_pool("after")

    place.run("Restore 3")  # the log alone: the services are ahead of it
    place.run("Restore 1")  # all of it

    assert place.knows_pool("before")
    assert not place.knows_pool("after")
    assert "c-g4jacvj4pn" in place.compose("run --rm cadre find 杨颖")
    assert "Nothing differs" in place.compose("--profile audit run --rm verify")


def test_databases_that_are_older_than_the_log_catch_up(place: Place) -> None:
    place.define_pool("since")

    place.run("Restore 2")

    assert place.knows_pool("since")


def test_the_keys_are_changed(place: Place) -> None:
    master = place.setting("CADRE_MASTER_KEY")
    place.run("The master key 1")
    printed = place.run("Signing keys 1")

    assert place.setting("CADRE_MASTER_KEY") != master
    assert "c-g4jacvj4pn" in place.compose("run --rm cadre find 杨颖")
    assert len(re.findall(r"^ *training +training-", printed, re.MULTILINE)) == 2
    assert "Nothing differs" in place.compose("--profile audit run --rm verify")


def test_it_is_packed_carried_and_upgraded(place: Place) -> None:
    place.run("A closed network without a registry 1", place.later)
    carried = place.scratch / "carried"
    carried.mkdir()
    (place.later / "dist" / f"cadre-{NEXT}.tar").rename(carried / f"cadre-{NEXT}.tar")
    # As the .env of an installation had it that was made before the compose file said it.
    with (place.tree / ".env").open("a") as file:
        file.write(f"CADRE_VERSION={version_of_tree()}\n")
    position = place.define_pool("upgraded")

    place.run("Upgrade 1", carried)

    assert place.versions() == {NEXT}
    assert place.define_pool("and-on") > position
    assert place.knows_pool("upgraded")


def test_another_version_than_the_compose_file_wants_is_not_healthy(place: Place) -> None:
    carried = place.scratch / "carried" / f"cadre-{NEXT}"
    for folder, code in ((carried, 0), (place.tree, 1)):
        config = json.loads(place.compose("config --format json selection", folder))
        _, *check = config["services"]["selection"]["healthcheck"]["test"]
        command = ["docker", "exec", f"{place.project}-selection-1", *check]
        looked = subprocess.run(command, capture_output=True, text=True, check=False)

        assert looked.returncode == code, looked
    assert f"wants cadre {version_of_tree()}" in looked.stderr
    assert f'"version":"{NEXT}"' in looked.stderr


def test_the_doctor_says_when_another_version_runs(place: Place) -> None:
    # The command beside the tests is still of the first version.
    command = "cadre doctor --json --settings .env"
    told = json.loads(place.shell.require(command, place.tree, ["1: cadre doctor"]))
    wrong = {one["name"]: one["found"] for one in told if not one["ok"]}

    other = f"{NEXT} runs, this command is of {version_of_tree()}"
    assert wrong == {f"{service} version": other for service in SERVICES}


def test_a_checkout_is_upgraded(place: Place) -> None:
    place.shell.require('cp "$OLD/.env" .env', place.later)

    place.run("Upgrade 2", place.later)

    assert place.versions() == {NEXT}


def test_the_log_speaks_tls_under_an_authority_of_ones_own(place: Place) -> None:
    folder = place.later
    place.run("TLS on the log 1", folder)
    place.run("TLS on the log 2", folder)
    # Everything else that speaks to the log: the mirror, a checkpoint, an audit.
    for command in ("mirror", "checkpoint", "verify"):
        place.compose(f"--profile audit run --rm {command}", folder)
    place.shell.require("cadre audit decide-again --settings .env", folder)

    another = 'openssl req -x509 -newkey rsa:3072 -nodes -subj "/CN=Cadre" -keyout k -out other.crt'
    place.shell.require(another, folder)
    assert _connects(place, folder, folder / "tls/ca.crt") is None
    for stranger in (folder / "other.crt", None):
        assert isinstance(_connects(place, folder, stranger), ssl.SSLError)


def _connects(place: Place, folder: Path, ca_file: Path | None) -> Exception | None:
    """Why nobody gets in who trusts these authorities; None when they do."""

    async def quiet(_: Exception) -> None:
        """It is raised as well."""

    async def tried() -> None:
        client = await connect_once(
            f"nats://localhost:{place.ports['nats']}",
            ca_file=ca_file,
            user="subscriber",
            password=place.setting("CADRE_NATS_PASSWORD_SUBSCRIBER", folder),
            inbox_prefix=b"_INBOX_subscriber",
            error_cb=quiet,
        )
        await client.close()

    try:
        asyncio.run(tried())
    except (OSError, nats.errors.Error) as error:
        return error
    return None


def test_the_configuration_of_a_cluster_is_read(place: Place) -> None:
    text = (place.tree / DOCUMENT).read_text("utf-8")
    config = text.partition("```\ninclude nats-tls.conf")[2].partition("```")[0]
    (place.later / "tls/log-1.conf").write_text(f"include ../nats-tls.conf{config}")

    command = "run --rm --no-deps nats nats-server -t -c /etc/cadre/tls/log-1.conf"
    place.compose(command, place.later)


def test_it_is_installed_on_a_closed_network(place: Place) -> None:
    place.compose("--profile '*' down --volumes --timeout 10", place.later)
    carried = place.scratch / "fresh"
    carried.mkdir()
    (place.scratch / f"carried/cadre-{NEXT}.tar").rename(carried / f"cadre-{NEXT}.tar")

    place.run("A closed network without a registry 2", carried)

    assert place.versions() == {NEXT}
