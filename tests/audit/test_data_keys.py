"""Keys of persons that are gone, altered, replaced or back: an audit of a real system says so."""

import json
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from audit.test_commands import PERSON, audit, quiet, told
from cadre.cli import system
from cadre.cli.calling import client_of
from cadre.cli.client import Client
from cadre.cli.data_directory import DataDirectory
from cadre.cli.master_change import masters_of
from cadre.shared.calendar import today_in_china
from cadre.shared.key_store import bound

pytestmark = [
    pytest.mark.system,
    pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning"),
]
OTHER = PERSON | {
    "full_name": "李四",
    "id_number": "110101199103070115",
    "birth_date": "1991-03-07",
    "birth_month": "1991-03",
}


def find(client: Client, name: str) -> str:
    (found,) = client.post("selection", "/cadres/find", {"name": name})["cadres"]
    return str(found["cadre_id"])


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A system with one person, and one who was forgotten; with the keys as they were before."""
    data = tmp_path_factory.mktemp("keys") / "data"
    system.start(data)
    try:
        with client_of(data) as client:
            for person in (PERSON, OTHER):
                assert client.command("selection", "recruit", person)["outcome"] == "recorded"
            quiet(client)
            (data / "kept").write_text(find(client, "张三"))
            (data / "forgotten").write_text(other := find(client, "李四"))
            backup_keys(data)
            wish = {
                "cadre_id": other,
                "basis": "离职满五年",
                "reason": "period-expired",
                "ground": "本人书面请求",
                "effective_on": today_in_china().isoformat(),
            }
            assert client.command("selection", "forget", wish)["outcome"] == "recorded"
            quiet(client)
        told("checkpoint", "--origin", "cadre.example/县", "--data", data)
        running = audit("verify", "--data", data, "--json")
        assert running.exit_code == 0, running.output
        report = json.loads(running.stdout)
        assert report["data_keys"] == 1
        assert report["notices"] == []
    finally:
        system.stop(data)
    return data


def backup_keys(data: Path) -> None:
    with closing(sqlite3.connect(data / "db/keys.db")) as store:
        store.execute("VACUUM INTO ?", (str(data / "keys-before.db"),))


@pytest.fixture
def data(stopped: Path, tmp_path: Path) -> Path:
    return shutil.copytree(stopped, tmp_path / "data")


def sql(data: Path, statement: str, *values: Any) -> list[Any]:
    with closing(sqlite3.connect(data / "db/keys.db")) as store, store:
        return store.execute(statement, values).fetchall()


def difference(data: Path) -> dict[str, Any]:
    result = audit("verify", "--data", data, "--json")
    assert result.exit_code == 1, result.output
    (found,) = json.loads(result.stdout)["differences"]
    assert (found["kind"], found["subject"]) == ("data-keys-differ", "the key store")
    assert found["hint"]
    return found


def kept(data: Path) -> str:
    return (data / "kept").read_text()


def test_a_stopped_system_has_all_its_keys(data: Path) -> None:
    report = told("verify", "--data", data)

    assert report["intact"]
    assert report["data_keys"] == 1
    assert kept(data) not in json.dumps(report)


def test_a_key_that_is_gone_with_no_forgetting_is_named(data: Path) -> None:
    sql(data, "DELETE FROM data_keys WHERE person = ?", kept(data))
    found = difference(data)

    assert f"keys of {kept(data)} are gone (selection)" in found["detail"]
    assert "no event says" in found["detail"]


def test_a_mark_alone_does_not_explain_it(data: Path) -> None:
    sql(data, "DELETE FROM data_keys WHERE person = ?", kept(data))
    sql(data, "INSERT INTO forgotten VALUES (?, 1, '')", kept(data))

    assert "a mark in the key store alone" in difference(data)["detail"]


@pytest.mark.parametrize("alter", [1, 10**12, "a text", b"short"])
def test_an_altered_key_is_named(data: Path, alter: object) -> None:
    ((wrapped,),) = sql(data, "SELECT wrapped FROM data_keys")
    altered = wrapped[:-1] + bytes([wrapped[-1] ^ 1]) if alter == 1 else alter
    sql(data, "UPDATE data_keys SET wrapped = ?", altered)

    assert "does not open what it sealed" in difference(data)["detail"]


def test_a_new_key_in_the_place_of_one_that_was_lost_is_named(data: Path) -> None:
    """As a service makes it that meets a person without a key."""
    masters = masters_of(DataDirectory.open_data(data).secrets)
    wrapped = masters.wrap(os.urandom(32), bound(kept(data), "selection", 1))
    sql(data, "UPDATE data_keys SET wrapped = ?", wrapped)

    assert "does not open what it sealed" in difference(data)["detail"]


def test_an_altered_key_that_sealed_nothing_yet_is_named(data: Path) -> None:
    sql(
        data,
        "INSERT INTO data_keys SELECT person, 'training', number, master, wrapped FROM data_keys",
    )

    assert f"{kept(data)} for training was altered or moved" in difference(data)["detail"]


def test_keys_of_the_forgotten_that_are_back_are_named(data: Path) -> None:
    shutil.copy(data / "keys-before.db", data / "db/keys.db")

    assert f"{(data / 'forgotten').read_text()} was forgotten" in difference(data)["detail"]


def test_an_id_number_that_leads_to_nobody_is_named(data: Path) -> None:
    sql(data, "DELETE FROM identities")

    assert f"no ID number leads to {kept(data)}" in difference(data)["detail"]


@pytest.mark.parametrize("content", [None, b"", b"no database" * 100])
def test_a_key_store_that_is_gone_or_no_database_is_named(
    data: Path, content: bytes | None
) -> None:
    for path in (data / "db").glob("keys.db*"):
        path.unlink()
    if content is not None:
        (data / "db/keys.db").write_bytes(content)

    assert "cannot be read" in difference(data)["detail"]


def test_all_checkpoints_removed_are_told_from_none_ever(data: Path, tmp_path: Path) -> None:
    shutil.rmtree(data / "audit")
    result = audit("verify", "--data", data, "--json")
    found = json.loads(result.stdout)
    assert result.exit_code == 1
    assert {one["kind"] for one in found["differences"]} >= {"evidence-gone"}
    assert found["checkpoints"] == 1
    assert audit("checkpoint", "--data", data).exit_code == 1

    (data / "last-checkpoint").unlink()
    # Then nothing on this machine knows of one any more.
    never = told("verify", "--data", data)
    assert never["intact"]
    assert "there is no checkpoint" in never["notices"][1]


def keys(entry: dict[str, str]) -> bytes:
    entry |= {"known_since": "2026-01-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"}
    return json.dumps({"origin": "x", "history": [entry]}).encode()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("checkpoints.jsonl", b"\xff\xfe" * 100),
        ("checkpoints.jsonl", b'{"note": 1}\n'),
        ("checkpoint", b"\0" * 1000),
        ("cosigned.jsonl", b"[" * 100_000),
        ("repairs.jsonl", b"[" * 100_000),
        ("keys.json", b"{}"),
        ("keys.json", b"[" * 100_000),
        ("keys.json", keys({"kind": "service", "key_id": "k", "service": "s", "public": "A"})),
        ("keys.json", keys({"kind": "checkpoint", "verifier": "!"})),
        ("keys.json", keys({"kind": "retired", "key": "k", "after": "soon"})),
    ],
)  # fmt: skip
def test_garbage_in_the_evidence_is_a_sentence_for_every_command(
    data: Path, tmp_path: Path, name: str, content: bytes
) -> None:
    (data / "audit" / name).write_bytes(content)
    note = tmp_path / "note"
    note.write_bytes(b"\xff\0 no note")
    for arguments in (
        ("verify",),
        ("verify", "--checkpoint", note),
        ("checkpoint",),
        ("checkpoint", "--since", note),
        ("checkpoint", "--since", "99999999999999999999"),
        ("keys",),
        ("cosigned", note),
        ("export", "cadre", kept(data), "--out", tmp_path / "out"),
        ("repair",),
    ):
        result = audit(*arguments, "--data", data)
        clean = result.exception is None or isinstance(result.exception, SystemExit)
        assert clean or hasattr(result.exception, "problem"), (arguments, result.exception)
        assert "Traceback" not in result.output
