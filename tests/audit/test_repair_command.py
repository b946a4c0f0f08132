"""``cadre audit repair`` on a real system of four services, stopped."""

import json
import shutil
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from audit import block_files
from audit.test_commands import PERSON, digests, quiet, told
from cadre.cli import system
from cadre.cli.calling import client_of
from cadre.cli.data_directory import DataDirectory, DataDirectoryError
from cadre.cli.main import app
from cadre.contracts.vocabulary import SERVICES
from cadre.shared.audit.blocks import records

pytestmark = [
    pytest.mark.system,
    pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning"),
]

POOL = {
    "effective_on": "2026-03-02",
    "pool_id": "p-young",
    "pool_class": "young",
    "title": "年轻干部库",
    "seats": 20,
}


def repair(data: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["audit", "repair", "--data", str(data), *arguments])


def repaired(data: Path, *arguments: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(repair(data, "--json", *arguments).stdout)
    return answer


def verify(data: Path) -> dict[str, Any]:
    return told("verify", "--data", data)


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A person and a pool: events that four journals hold, and such as one holds alone."""
    data = tmp_path_factory.mktemp("system") / "data"
    system.start(data)
    try:
        client = client_of(data)
        assert client.http is not None
        with client.http:
            for name, wish in (("recruit", PERSON), ("define-pool", POOL)):
                outcome = client.command("selection", name, wish)
                assert outcome["outcome"] == "recorded", outcome
            quiet(client)
            told("checkpoint", "--origin", "cadre.example/log", "--data", data)
            later = POOL | {"pool_id": "p-late"}
            assert client.command("selection", "define-pool", later)["outcome"] == "recorded"
            quiet(client)
    finally:
        system.stop(data)
    return data


@pytest.fixture
def data(stopped: Path, tmp_path: Path) -> Path:
    return shutil.copytree(stopped, tmp_path / "data")


def cut(data: Path) -> list[int]:
    """Cut the block behind the first event; the positions that are lost."""
    path = block_files.block(data / "nats")
    content = path.read_bytes()
    first, *others = records(content)
    path.write_bytes(content[: content.index(first.checksum) + len(first.checksum)])
    return [one.position for one in others]


def test_nothing_is_to_be_repaired_in_an_intact_log(data: Path) -> None:
    before = digests(data)
    found = repaired(data)

    assert (found["restored"], found["left"], found["applied"]) == ([], [], False)
    assert repair(data, "--apply", "--reason", "none").exit_code == 0
    assert digests(data) == before


def test_a_dry_run_shows_and_changes_nothing(data: Path) -> None:
    lost = cut(data)
    before = digests(data)
    found = repaired(data)
    words = repair(data)

    assert [one["position"] for one in found["restored"]] == lost
    assert {one["proof"] for one in found["restored"][:-1]} == {"checkpoint"}
    assert found["restored"][-1]["proof"] == "signature and chain"
    holders = {tuple(one["journals"]) for one in found["restored"]}
    assert ("selection",) in holders
    assert words.exit_code == 1
    assert "--apply" in words.stdout
    assert repair(data, "--apply").exit_code == 2
    assert digests(data) == before


def test_a_repaired_log_verifies_and_says_that_it_was_repaired(data: Path) -> None:
    lost = cut(data)
    damaged = digests(data / "nats")
    result = repair(data, "--apply", "--reason", "磁盘损坏", "--by", "王工", "--json")

    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert digests(data / found["kept"]) == damaged
    assert not (data / "nats.repaired").exists()
    report = verify(data)
    assert report["intact"], report["differences"]
    (record,) = report["repairs"]
    assert (record["by"], record["reason"], record["kept"]) == ("王工", "磁盘损坏", found["kept"])
    assert [one["position"] for one in record["restored"]] == lost
    words = CliRunner().invoke(app, ["audit", "verify", "--data", str(data)])
    assert "磁盘损坏" in words.stdout


def test_a_system_goes_on_where_it_was(data: Path) -> None:
    end = cut(data)[-1]
    assert repair(data, "--apply", "--reason", "cut").exit_code == 0
    system.start(data)
    try:
        client = client_of(data)
        assert client.http is not None
        with client.http:
            outcome = client.command("selection", "define-pool", POOL | {"pool_id": "p-new"})
            quiet(client)
    finally:
        system.stop(data)

    assert outcome["position"] == end + 1
    assert verify(data)["intact"]


def test_a_log_that_is_gone_is_restored_whole(data: Path) -> None:
    shutil.rmtree(data / "nats" / "jetstream")
    result = repair(data, "--apply", "--reason", "deleted", "--json")

    assert result.exit_code == 0, result.output
    assert {one["was"] for one in json.loads(result.stdout)["restored"]} == {"cut off"}
    assert verify(data)["intact"]


def test_what_nobody_holds_is_named_and_the_rest_needs_a_word(data: Path) -> None:
    cut(data)
    pools = "SELECT position FROM journal WHERE entity = 'pool' ORDER BY position"
    connection = sqlite3.connect(data / "db" / "selection.db")
    with connection:
        (gone,) = connection.execute(f"{pools} LIMIT 1").fetchone()
        connection.execute("DELETE FROM journal WHERE position = ?", (gone,))
    connection.close()
    before = digests(data / "nats")
    refused = repair(data, "--apply", "--reason", "try", "--json")

    assert refused.exit_code == 1
    assert json.loads(refused.stdout)["where"] == f"position {gone}"
    assert digests(data / "nats") == before
    result = repair(data, "--apply", "--reason", "try", "--partial", "--json")
    assert result.exit_code == 1
    assert [one["position"] for one in json.loads(result.stdout)["left"]] == [gone]
    report = verify(data)
    missing = [one["position"] for one in report["differences"] if one["kind"] == "missing-event"]
    assert missing == [gone]


def test_a_swap_that_was_cut_short_starts_no_empty_log(data: Path) -> None:
    (data / "nats").rename(data / "nats.before-repair-now")
    result = repair(data)

    assert result.exit_code == 2
    assert "rename nats.before-repair-TIME to nats" in result.stderr
    with pytest.raises(DataDirectoryError, match="the log is gone"):
        DataDirectory.create(data)


def test_a_running_system_is_not_repaired(data: Path) -> None:
    holder = subprocess.Popen(["flock", str(data), "cat"], stdin=subprocess.PIPE)
    try:
        while not locked(data):
            pass
        assert repair(data, "--apply", "--reason", "now").exit_code == 2
    finally:
        holder.communicate()
    assert set(SERVICES) <= {path.stem for path in (data / "db").glob("*.db")}


def locked(data: Path) -> bool:
    return DataDirectory.open_data(data).locked
