"""``cadre audit`` on a real system, running and stopped."""

import hashlib
import json
import shutil
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from audit import block_files
from cadre.cli import system
from cadre.cli.audit_commands import app
from cadre.cli.calling import client_of
from cadre.cli.client import Client
from cadre.cli.data_directory import DataDirectory
from cadre.contracts.vocabulary import SERVICES
from cadre.shared.audit.note import Ed25519Signer

PERSON = {
    "effective_on": "2026-03-02",
    "full_name": "张三",
    "id_number": "11010119900307803X",
    "birth_date": "1990-03-07",
    "birth_month": "1990-03",
    "sex": "male",
    "ethnicity": "汉族",
    "political": "13",
    "education": "bachelor",
    "channel": "civil-service",
    "unit_id": "u-1",
    "unit_name": "县委办",
}


def audit(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def told(*arguments: str | Path) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(audit(*arguments, "--json").stdout)
    return answer


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "lock"
    }


def quiet(client: Client) -> int:
    """Wait until every service has reacted to everything; the log's last position."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = [client.get(name, "/projections") for name in SERVICES]
        reacted = [one["reactions_position"] for one in found]
        ends = {one["log_position"] for one in found}
        if len(ends) == 1 and set(reacted) <= {None, *ends}:
            return int(ends.pop())
        time.sleep(0.1)
    raise TimeoutError("the services did not come to rest")


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stopped system that recorded something and was audited while it ran."""
    data = tmp_path_factory.mktemp("system") / "data"
    system.start(data)
    try:
        client = client_of(data)
        assert client.http is not None
        with client.http:
            outcome = client.command("selection", "recruit", PERSON)
            assert outcome["outcome"] == "recorded", outcome
            last = quiet(client)
        first = told("checkpoint", "--origin", "cadre.example/县", "--data", data)
        assert first["fresh"]
        assert first["size"] == last >= outcome["position"]
        assert not told("checkpoint", "--data", data)["fresh"]
        running = audit("verify", "--data", data, "--json")
        assert running.exit_code == 0, running.output
        assert json.loads(running.stdout)["notices"] == []
    finally:
        system.stop(data)
    return data


@pytest.fixture
def data(stopped: Path, tmp_path: Path) -> Path:
    return shutil.copytree(stopped, tmp_path / "data")


pytestmark = [
    pytest.mark.system,
    pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning"),
]


def test_a_stopped_system_is_examined_on_a_copy(data: Path) -> None:
    before = digests(data)
    result = audit("verify", "--data", data, "--json")
    report = json.loads(result.stdout)

    assert result.exit_code == 0, result.output
    assert report["intact"]
    assert report["events"] == report["covered"] > 0
    assert set(report["table_rows"]) == {"selection", "training", "supervision", "appointment"}
    assert report["notices"] == ["the system is stopped: a copy was examined"]
    assert digests(data) == before


def test_people_read_what_machines_read(data: Path) -> None:
    assert "Nothing differs" in audit("verify", "--data", data).stdout
    signed = audit("checkpoint", "--data", data)
    assert "cadre.example/县" in signed.stdout
    assert told("checkpoint", "--data", data)["verifiers"][0] in signed.stdout


def test_an_auditors_copy_needs_no_secrets(data: Path) -> None:
    (data / "secrets.json").unlink()
    (data / "db" / "keys.db").unlink()

    assert audit("verify", "--data", data).exit_code == 0


def test_a_difference_is_exit_code_1_in_words_and_in_json(data: Path) -> None:
    path = block_files.block(data / "nats")
    flipped = bytearray(path.read_bytes())
    flipped[-40] ^= 1
    path.write_bytes(flipped)
    result = audit("verify", "--data", data, "--json")

    assert result.exit_code == 1
    found = json.loads(result.stdout)["differences"]
    assert found
    assert {"kind", "position", "subject", "detail", "hint"} == set(found[0])
    words = audit("verify", "--data", data)
    assert words.exit_code == 1
    assert found[0]["kind"] in words.stdout
    assert audit("checkpoint", "--data", data).exit_code == 1


def test_a_changed_table_of_a_service_is_found(data: Path) -> None:
    connection = sqlite3.connect(data / "db" / "selection.db")
    tables = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'cadres%__1'"
    ).fetchall()
    with connection:
        connection.execute(f'DELETE FROM "{tables[0][0]}"')
    connection.close()
    (found,) = told("verify", "--data", data)["differences"]

    assert found["kind"] == "projection-differs"
    assert found["subject"] == "selection.cadres"


def test_only_checkpoints_by_the_auditors_key_count(data: Path, tmp_path: Path) -> None:
    verifier = told("checkpoint", "--data", data)["verifiers"][0]
    kept = tmp_path / "kept"
    kept.write_text(told("checkpoint", "--data", data)["checkpoint"], "utf-8")
    stranger = Ed25519Signer.from_seed("cadre.example/县", b"x" * 32).verifier

    right = told("verify", "--data", data, "--key", verifier, "--checkpoint", kept)
    assert (right["intact"], right["checkpoints"]) == (True, 2)
    (wrong,) = told("verify", "--data", data, "--key", str(stranger))["differences"]
    assert wrong["kind"] == "forged-checkpoint"


def test_what_cannot_be_examined_is_exit_code_2(tmp_path: Path, data: Path) -> None:
    assert audit("verify", "--data", tmp_path / "nothing").exit_code == 2
    assert audit("verify", "--data", data, "--checkpoint", tmp_path / "nothing").exit_code == 2
    assert audit("verify", "--data", data, "--key", "no key").exit_code == 2
    (data / "audit" / "keys.json").write_text("not JSON\n")
    assert audit("verify", "--data", data).exit_code == 2


def test_the_key_that_signs_checkpoints_is_made_once(tmp_path: Path) -> None:
    directory = DataDirectory.create(tmp_path / "data")
    path = directory.path / "secrets.json"
    older = {k: v for k, v in json.loads(path.read_bytes()).items() if k != "audit_key"}
    path.write_text(json.dumps(older))

    seed = directory.audit_seed()
    assert len(seed) == 32
    assert directory.audit_seed() == seed
    assert path.stat().st_mode & 0o077 == 0
    assert directory.secrets.master_key == older["master_key"]
