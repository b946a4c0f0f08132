"""Forgetting one of two people on a whole system, and looking at every byte that is left."""

import json
from uuid import UUID

import pytest

from cadre.cli import system
from cadre.cli.client import Refused
from cadre.cli.questions import compare
from cadre.contracts.vocabulary import SERVICES
from privacy.conftest import Whole, cadre
from privacy.persons import BAILI, DAY, OUYANG, files_with, index_tokens_of, keys_of, visit

pytestmark = [
    pytest.mark.system,
    pytest.mark.timeout(300),
    pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning"),
]
FORGET = (
    "--basis",
    "个人信息保护法第四十七条",
    "--reason",
    "period-expired",
)
FORGOTTEN = "〔已遗忘〕"


def test_nothing_of_a_forgotten_person_stays_and_all_else_does(whole: Whole) -> None:
    data, store, who = whole.data, whole.data / "db" / "keys.db", whole.ouyang
    keys, tokens = keys_of(store, who), index_tokens_of(store, who)
    others = keys_of(store, whole.baili) + index_tokens_of(store, whole.baili)
    covered = whole.client.get("selection", "/coverage", on=DAY)["managed"]
    assert len(keys) == 3, "one for each of two services, one for the note"
    assert len(tokens) == 2
    for secret in keys + tokens:
        assert files_with(data / "db", secret), "what is looked for afterwards can be found"
    assert files_with(data, *OUYANG.clear, *BAILI.clear) == {}

    dry = whole.told("forget", who, *FORGET, "--dry-run")
    assert sum(dry["keys"].values()) == 3
    assert dry["index_rows"] == {"identities": 1, "names": 1}
    assert sum(dry["sealed_values"].values()) == 7
    assert dry["hindrances"] == []
    assert keys_of(store, who) == keys, "a dry run destroys nothing"

    outcome = whole.told("forget", who, *FORGET, "--yes")
    assert outcome["events"][0]["data"]["keys_destroyed"] == 3
    assert whole.told("forget", who, *FORGET, "--yes")["outcome"] == "unchanged"
    whole.settle()

    assert files_with(data, *OUYANG.clear, *keys, *tokens) == {}
    assert all(files_with(data / "db", secret) for secret in others)
    _reads_as_forgotten(whole)
    assert whole.client.get("selection", "/coverage", on=DAY)["managed"] == covered
    assert cadre("audit", "verify", "--data", str(data)).exit_code == 0
    replayed = [compare(whole.client, name) for name in SERVICES]
    assert all(one["equal"] for one in replayed), replayed

    new = OUYANG.recruit(whole.client)
    assert new != who
    whole.settle()
    found = whole.client.post("selection", "/cadres/find", {"name": OUYANG.full_name})
    assert [one["cadre_id"] for one in found["cadres"]] == [new]
    system.stop(data)
    assert files_with(data, *OUYANG.clear, *keys) == {}
    assert cadre("audit", "verify", "--data", str(data)).exit_code == 0


def _reads_as_forgotten(whole: Whole) -> None:
    client, who = whole.client, whole.ouyang
    view = client.get("selection", f"/cadres/{who}")
    assert view["full_name"] == view["id_number"] == view["birth_date"] == FORGOTTEN
    talks = client.get("supervision", f"/cadres/{who}/talks")["talks"]
    assert [talk["record"] for talk in talks] == [FORGOTTEN]
    for service in ("selection", "training", "supervision", "appointment"):
        history = client.get(service, f"/histories/cadre/{who}")
        rows = client.get(service, "/projections/dump", full=True)["tables"]
        text = json.dumps([history, rows], ensure_ascii=False)
        assert FORGOTTEN in text or service in {"training", "appointment"}
        assert [value for value in OUYANG.clear if value in text] == []
    for question in ({"name": OUYANG.full_name}, {"id_number": OUYANG.id_number}):
        assert client.post("selection", "/cadres/find", question) == {"cadres": []}
    with pytest.raises(Refused) as refused:
        OUYANG.live(client, who)
    assert refused.value.problem()["status"] == 410


def test_a_new_master_key_makes_old_bytes_worthless(whole: Whole) -> None:
    data, store = whole.data, whole.data / "db" / "keys.db"
    secrets = json.loads((data / "secrets.json").read_bytes())
    visit(whole.client, whole.baili, "一", UUID(int=3), command_id=UUID(int=4))
    wrapped = keys_of(store, whole.baili)
    refused = whole.run("rotate-master").exception
    assert "already running" in str(refused), "not while it runs"
    system.stop(data)

    assert whole.told("rotate-master")["keys"] == 7
    changed = json.loads((data / "secrets.json").read_bytes())
    assert changed["master_key"] != secrets["master_key"]
    assert changed["master_key_previous"] is None
    assert files_with(data, *wrapped, secrets["master_key"]) == {}

    system.start(data)
    view = whole.client.get("selection", f"/cadres/{whole.baili}")
    assert view["full_name"] == BAILI.full_name
    found = whole.client.post("selection", "/cadres/find", {"id_number": BAILI.id_number})
    assert [one["cadre_id"] for one in found["cadres"]] == [whole.baili]
    again = visit(whole.client, whole.baili, "一", UUID(int=3), command_id=UUID(int=4))
    assert again["repeated"], "a command is known again although the first master key is gone"
