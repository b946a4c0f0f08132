"""An older log put back under a whole system: compared, adopted, and the rest recorded again."""

import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from audit.test_commands import PERSON, quiet
from cadre.cli.installation import system
from cadre.cli.installation.calling import client_of
from cadre.client.services import Client, Refused
from cadre.contracts.vocabulary import SERVICES

pytestmark = [
    pytest.mark.faults,
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning"),
]

CADRE = (sys.executable, "-m", "cadre.cli.main")
BO = PERSON | {"full_name": "李四", "id_number": "110101199003078152"}
CY = PERSON | {"full_name": "王五", "id_number": "110101199003078179"}
POOL = {
    "effective_on": "2026-03-02",
    "pool_id": "p-young",
    "pool_class": "young",
    "title": "年轻干部库",
    "seats": 20,
}


def cadre(data: Path, *words: str, code: int = 0) -> Any:
    done = subprocess.run(
        [*CADRE, *words, "--data", str(data), "--json"], capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)


def observation(who: str) -> dict[str, Any]:
    return {
        "cadre_id": who,
        "effective_on": "2026-03-03",
        "occasion": "project",
        "indication": "positive",
        "observer": "督查组",
        "note": "不得明文的记录",
    }


class System:
    """A system whose log was copied when Ana was there, and that knows more."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.older = data.with_name("older")
        self.ids: dict[str, UUID] = {}
        system.start(data)
        try:
            with client_of(data, "clerk-li") as client:
                self.ana = self._recruit(client, PERSON)
                quiet(client)
            system.stop(data)
            shutil.copytree(data / "nats", self.older)
            system.start(data)
            with client_of(data, "clerk-li") as client:
                self.bo = self._recruit(client, BO)
                self.send(client, "observe", observation(self.bo))
                self.send(client, "define-pool", POOL)
                self.send(client, "observe", observation(self.ana))
                self.end = quiet(client)
        finally:
            system.stop(data)

    def _recruit(self, client: Client, who: dict[str, Any]) -> str:
        outcome = self.send(client, "recruit", who)
        return str(outcome["events"][0]["subject"]).split(".")[3]

    def send(self, client: Client, name: str, body: dict[str, Any]) -> dict[str, Any]:
        command_id = uuid4()
        outcome = client.command("selection", name, body, command_id)
        assert outcome["outcome"] == "recorded", outcome
        self.ids[f"{name} {body.get('cadre_id', body.get('full_name', ''))}"] = command_id
        return outcome

    def put_back(self) -> None:
        shutil.rmtree(self.data / "nats")
        shutil.copytree(self.older, self.data / "nats")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> System:
    return System(tmp_path_factory.mktemp("branch") / "data")


@pytest.fixture
def ahead(made: System, tmp_path: Path) -> System:
    """A copy of its own for each test, the older log put back."""
    again = object.__new__(System)
    again.__dict__ |= made.__dict__ | {"data": tmp_path / "data"}
    shutil.copytree(made.data, again.data)
    again.put_back()
    return again


def known(client: Client, who: str) -> bool:
    try:
        return bool(client.get("selection", f"/cadres/{who}", on="2026-06-01"))
    except Refused as error:
        if error.fields["status"] != 404:
            raise
        return False


def adopted_with_a_reason(ahead: System) -> Path:
    """What is shown first, what is asked for, and what is kept."""
    data = ahead.data
    compared = cadre(data, "log", "compare", code=1)
    assert all(one["another_branch"] for one in compared["services"])
    lost = compared["events"]
    assert [one["position"] for one in lost] == list(
        range(compared["log_position"] + 1, ahead.end + 1)
    )
    assert {one["type"] for one in lost} >= {"selection.recruited.v1", "selection.pool-defined.v1"}
    assert str(ahead.ids[f"recruit {BO['full_name']}"]) in {one["command_id"] for one in lost}

    cadre(data, "log", "adopt", "--apply", code=2)  # Without a reason.
    assert cadre(data, "log", "adopt", code=1)["events"] == lost
    adopted = cadre(data, "log", "adopt", "--apply", "--reason", "put back after a fire")
    file = Path(adopted["file"])
    assert adopted["events"] == len(lost)
    assert file.parent == data / "branches"
    assert file.stat().st_mode & 0o777 == 0o600
    text = file.read_text()
    assert "put back after a fire" in text
    assert not any(clear in text for clear in ("李四", BO["id_number"], "不得明文"))
    assert cadre(data, "log", "compare")["events"] == []
    return file


def test_the_log_is_adopted_and_the_rest_recorded_again(ahead: System) -> None:
    data, file = ahead.data, adopted_with_a_reason(ahead)
    system.start(data)
    try:
        with client_of(data, "clerk-wang") as client:
            quiet(client)
            assert known(client, ahead.ana)
            assert not known(client, ahead.bo)
            # The adopted branch goes on: Ana's history is no longer what it was.
            ahead.send(client, "observe", observation(ahead.ana))
            cy = ahead._recruit(client, CY)
            before = quiet(client)

            tried = cadre(data, "log", "record-again", str(file), code=1)
            assert quiet(client) == before, "a trial changed the log"
            done = cadre(data, "log", "record-again", str(file), "--apply", code=1)
            end = quiet(client)
            results = {one["command_id"]: one for one in done}
            for kind in (f"recruit {BO['full_name']}", f"observe {ahead.bo}", "define-pool "):
                assert results[str(ahead.ids[kind])]["result"] == "recorded", kind
            (issue,) = (one for one in done if one["result"] == "issue")
            assert "its history went on" in issue["why"]
            assert ahead.ana in issue["events"][0]["subject"]
            assert [one["result"] for one in tried].count("issue") == 1

            assert known(client, ahead.bo)
            assert known(client, cy)
            cadre_of = client.get("selection", f"/cadres/{ahead.bo}", on="2026-06-01")
            assert "李四" in json.dumps(cadre_of, ensure_ascii=False)
            pools = client.get("selection", "/pools/p-young", on="2026-06-01")
            assert pools["seats"] == 20

            again = cadre(data, "log", "record-again", str(file), "--apply", code=1)
            assert {one["result"] for one in again} == {"there", "issue"}
            assert quiet(client) == end, "a second run repeated something"
            # The clerk's own system repeats its command: it is known.
            outcome = client.command(
                "selection", "recruit", BO, ahead.ids[f"recruit {BO['full_name']}"]
            )
            assert outcome["repeated"]
        assert cadre(data, "replay")
        for name in SERVICES:
            with closing(sqlite3.connect(data / "db" / f"{name}.db")) as database:
                rows = database.execute("SELECT adopted_by, reason FROM adopted_branches")
                assert [reason for _, reason in rows] == ["put back after a fire"]
    finally:
        system.stop(data)
    report = cadre(data, "audit", "verify", code=0)
    assert report["intact"], report


def test_an_adoption_that_was_interrupted_goes_on(ahead: System) -> None:
    data = ahead.data
    lost = cadre(data, "log", "compare", code=1)["events"]
    # Two services have left their branch, the others not; the file has not got its name.
    kept = data.with_name("kept")
    shutil.copytree(data / "db", kept)
    file = Path(cadre(data, "log", "adopt", "--apply", "--reason", "one")["file"])
    file.rename(data / "branches" / "adopting.jsonl")
    for name in ("supervision", "appointment"):
        for path in (data / "db").glob(f"{name}.db*"):
            path.unlink()
        for path in kept.glob(f"{name}.db*"):
            shutil.copy(path, data / "db")
    assert cadre(data, "log", "compare", code=1)["events"]
    done = cadre(data, "log", "adopt", "--apply", "--reason", "two")
    assert done["events"] == len(lost)
    lines = Path(done["file"]).read_text().splitlines()
    assert [json.loads(line)["position"] for line in lines[1:]] == [one["position"] for one in lost]
    assert cadre(data, "log", "compare")["events"] == []
    assert cadre(data, "log", "adopt", "--apply", "--reason", "three")["file"] is None


def test_a_log_that_went_on_is_not_repaired(ahead: System) -> None:
    data = ahead.data
    aside = data / "db.aside"
    (data / "db").rename(aside)
    (data / "db").mkdir()
    for path in aside.glob("keys.db*"):
        shutil.copy(path, data / "db")
    system.start(data)  # Services whose databases are lost go on with any log.
    try:
        with client_of(data) as client:
            ahead.send(client, "define-pool", POOL | {"pool_id": "p-other"})
            quiet(client)
    finally:
        system.stop(data)
    shutil.rmtree(data / "db")
    aside.rename(data / "db")
    planned = cadre(data, "audit", "repair", code=1)
    assert planned["other_branch"] == 3
    before = (data / "nats").stat().st_ino
    refused = cadre(data, "audit", "repair", "--apply", "--reason", "no", code=1)
    assert "The log was not repaired" in refused["title"]
    assert (data / "nats").stat().st_ino == before
    assert cadre(data, "log", "compare", code=1)["events"]


def test_a_log_that_only_lacks_its_end_is_repaired_from_the_journals(ahead: System) -> None:
    data = ahead.data
    planned = cadre(data, "audit", "repair", code=1)
    assert planned["end"] == ahead.end
    cadre(data, "audit", "repair", "--apply", "--reason", "put back from an older copy")
    assert cadre(data, "log", "compare")["events"] == []
    system.start(data)
    try:
        with client_of(data) as client:
            assert quiet(client) == ahead.end
            assert known(client, ahead.bo)
    finally:
        system.stop(data)
