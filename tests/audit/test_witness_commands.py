"""A real system, its mirror and a witness, with the commands that people type."""

import asyncio
import functools
import json
import threading
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import nats
import pytest
from typer.testing import CliRunner, Result

from audit.test_commands import PERSON, quiet
from audit.test_witness import MIRROR
from cadre.cli import system
from cadre.cli.audit_commands import app
from cadre.cli.calling import client_of
from cadre.cli.data_directory import DataDirectory, DataDirectoryError
from cadre.shared.audit.cosignature import CosignatureVerifier
from cadre.shared.audit.note import open_note, verifier_of
from cadre.shared.codec import Signer
from cadre.shared.log import Log

NAME = "witness.example/w1"

pytestmark = [
    pytest.mark.system,
    pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning"),
]


@dataclass
class Site:
    """A running system and a witness that is not part of it."""

    data: Path
    witness: Path
    key: str
    verifier: str

    def audit(self, *arguments: str | Path) -> Result:
        return CliRunner().invoke(app, [str(one) for one in arguments])

    def told(self, *arguments: str | Path) -> dict[str, Any]:
        done = self.audit(*arguments, "--json")
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    @property
    def access(self) -> list[str]:
        run = DataDirectory.open_data(self.data).read_run().nats
        return ["--nats", run.url, "--password", run.credentials["auditor"].password]

    def look(self, source: str | Path, *more: str | Path) -> Result:
        arguments = ["witness", "run", "--state", self.witness, "--from", source, *more]
        return self.audit(*arguments, *self.access)

    def record(self, born: str, number: str) -> int:
        client = client_of(self.data)
        with client:
            person = PERSON | {"birth_date": born, "birth_month": born[:7], "id_number": number}
            assert client.command("selection", "recruit", person)["outcome"] == "recorded"
            last = quiet(client)
        asyncio.run(self.follow(last))
        return last

    async def follow(self, last: int) -> None:
        """Make the mirror, or wait until it has come so far."""
        run = DataDirectory.open_data(self.data).read_run().nats
        password = run.credentials["auditor"].password
        client = await nats.connect(
            run.url, user="auditor", password=password, inbox_prefix=b"_INBOX_auditor"
        )
        await client.request("$JS.API.STREAM.CREATE.HISTORY_AUDIT", MIRROR, timeout=10)
        async with asyncio.timeout(30):
            while await Log(client, "HISTORY_AUDIT").last_position() < last:
                await asyncio.sleep(0.05)
        await client.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    made = Site(folder / "data", folder / "witness", "", "")
    system.start(made.data)
    try:
        made.record("1990-03-07", "11010119900307803X")
        signed = made.told("checkpoint", "--origin", "cadre.example/县", "--data", made.data)
        made.verifier = signed["verifiers"][0]
        arguments = ["--state", made.witness, "--name", NAME, "--log-key", made.verifier]
        made.key = made.told("witness", "init", *arguments)["key"]
        yield made
    finally:
        system.stop(made.data)


def test_a_checkpoint_goes_to_the_witness_and_comes_back(site: Site, tmp_path: Path) -> None:
    wanted = ["verify", "--data", site.data, "--witness", site.key]
    lacking = site.audit(*wanted, "--json")
    assert lacking.exit_code == 1
    (found,) = json.loads(lacking.stdout)["differences"]
    assert found["kind"] == "not-witnessed"

    carried = tmp_path / "carried"
    done = site.look(site.data / "audit", "--output", carried)
    assert done.exit_code == 0, done.output
    assert site.told("cosigned", carried, "--data", site.data)["unverified"][0].startswith(NAME)
    report = site.told(*wanted)
    assert report["intact"]
    assert list(report["cosigned"].values()) == [[NAME]]
    published = (site.data / "audit" / "checkpoint").read_text()
    verifiers = [verifier_of(site.verifier), CosignatureVerifier.parse(site.key)]
    assert len(open_note(published, verifiers).verified) == 2
    assert f"by {NAME}" in site.audit(*wanted).stdout


def test_the_proof_is_carried_by_hand_or_fetched(site: Site, tmp_path: Path) -> None:
    assert site.look(site.data / "audit", "--output", tmp_path / "first").exit_code == 0
    site.record("1991-03-07", "110101199103070115")
    before = json.loads(site.look(site.data / "audit", "--json").stdout)
    assert not before["fresh"]

    request = site.audit("checkpoint", "--since", tmp_path / "first", "--data", site.data)
    assert request.exit_code == 0, request.output
    assert request.stdout.startswith(f"old {before['size']}\n")
    (tmp_path / "request").write_text(request.stdout)
    keys = ["--keys", site.data / "audit" / "keys.json"]
    done = site.look(tmp_path / "request", *keys)
    assert done.exit_code == 0, done.output
    assert open_note(done.stdout, [CosignatureVerifier.parse(site.key)]).verified

    handler = functools.partial(SimpleHTTPRequestHandler, directory=site.data / "audit")
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        fetched = site.look(f"http://127.0.0.1:{server.server_port}", "--json")
        away = site.look(f"http://127.0.0.1:{server.server_port}/nowhere")
        server.shutdown()
    assert json.loads(fetched.stdout)["size"] > before["size"]
    assert away.exit_code != 0


def test_without_the_witness_a_checkpoint_only_waits(site: Site, tmp_path: Path) -> None:
    assert site.look(site.data / "audit", "--output", tmp_path / "one").exit_code == 0
    site.told("cosigned", tmp_path / "one", "--data", site.data)
    site.record("1992-03-07", "110101199203070112")
    size = site.told("checkpoint", "--data", site.data)["size"]
    report = site.told("verify", "--data", site.data, "--witness", site.key)

    assert report["covered"] < size
    assert any("signed, not cosigned yet" in notice for notice in report["notices"])


def test_a_refusal_is_loud_and_stays(site: Site, tmp_path: Path) -> None:
    state = tmp_path / "state"
    other = Site(site.data, state, "", "")
    key = ["--log-key", site.verifier]
    other.told("witness", "init", "--state", state, "--name", "witness.example/w2", *key)
    stranger = tmp_path / "stranger"
    stranger.write_text((site.data / "audit" / "checkpoint").read_text().replace("—", "—  "))
    keys = ["--keys", site.data / "audit" / "keys.json"]
    refused = other.look(stranger, *keys)
    assert refused.exit_code == 1
    assert "WITNESS DOES NOT SIGN" in refused.stderr
    assert json.loads((state / "log.jsonl").read_text())["event"] == "not cosigned"

    (state / "refused" / "20261120T000000.000000Z").mkdir(parents=True)
    (state / "refused" / "20261120T000000.000000Z" / "refusal.json").write_text("{}")
    for _ in range(2):
        assert other.look(site.data / "audit", "--every", "1").exit_code == 1
    resolved = other.audit("witness", "resolve", "--state", state, "--reason", "演练")
    assert resolved.exit_code == 0, resolved.output
    assert other.look(site.data / "audit").exit_code == 0


def test_a_system_without_a_data_directory_is_audited_by_its_servers(
    site: Site, tmp_path: Path
) -> None:
    directory = DataDirectory.open_data(site.data)
    run = directory.read_run().nats
    seeds = directory.secrets.signing_keys.items()
    public = {name: Signer.from_seed(name, b64decode(seed)).public for name, seed in seeds}
    given = {
        "CADRE_AUDIT_FOLDER": str(tmp_path / "evidence"),
        "CADRE_AUDIT_KEY": b64encode(b"k" * 32).decode(),
        "CADRE_AUDIT_DATABASE_URL": f"sqlite+aiosqlite:///{site.data}/db/{{service}}.db",
        "CADRE_AUDIT_PUBLIC_KEYS": ",".join(
            f"{name}={b64encode(key).decode()}" for name, key in public.items()
        ),
        "CADRE_NATS_URL": run.url,
        "CADRE_NATS_PASSWORD_AUDITOR": run.credentials["auditor"].password,
        "CADRE_NATS_PASSWORD_SUPERVISION": directory.secrets.nats_passwords["supervision"],
    }
    settings = tmp_path / "settings.env"
    settings.write_text("".join(f"{name}={value}\n" for name, value in given.items()))
    signed = site.told("checkpoint", "--origin", "elsewhere.example", "--settings", settings)
    report = site.told("verify", "--settings", settings)

    assert report["intact"]
    assert report["covered"] == signed["size"] == report["events"]
    assert set(report["journal_rows"]) == {"selection", "training", "supervision", "appointment"}
    assert report["notices"] == [
        "the keys of persons were not examined: the master key is not here"
    ]
    settings.write_text("CADRE_NATS_URL=nats://127.0.0.1:1\n")
    wrong = site.audit("verify", "--settings", settings)
    assert wrong.exit_code == 2
    assert "CADRE_AUDIT_FOLDER" in wrong.stderr


def test_rotated_keys_leave_history_intact(site: Site, tmp_path: Path) -> None:
    running = site.audit("rotate-key", "selection", "--data", site.data)
    assert isinstance(running.exception, DataDirectoryError)
    system.stop(site.data)
    try:
        for which in ("selection", "checkpoints"):
            done = site.audit("rotate-key", which, "--data", site.data)
            assert done.exit_code == 0, done.output
    finally:
        system.start(site.data)
    site.record("1993-03-07", "11010119930307011X")
    note = site.told("checkpoint", "--data", site.data)["checkpoint"]
    report = site.told("verify", "--data", site.data)
    rows = site.told("keys", "--data", site.data)["keys"]
    ended = {row["signs"]: row["last_position"] for row in rows if row["until"]}

    assert report["intact"]
    assert set(ended) == {"selection", "checkpoints"}
    assert len(rows) == len(("selection", "training", "supervision", "appointment", "log")) + 2
    (tmp_path / "note").write_text(note)
    asked = ["--keys", site.data / "audit" / "keys.json"]
    unknown = site.look(tmp_path / "note", *asked)
    assert unknown.exit_code == 1
    assert "witness trust" in unknown.stderr
    renewed = next(row["key"] for row in rows if row["signs"] == "checkpoints" and not row["until"])
    assert site.audit("witness", "trust", "--state", site.witness, renewed).exit_code == 0
    assert site.look(tmp_path / "note", *asked).exit_code == 0
