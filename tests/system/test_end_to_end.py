"""One running system, from the command line, over HTTP and over NATS."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import nats
import pytest

from cadre.cli import system
from cadre.cli.calling import client_of
from cadre.cli.client import Client, Refused
from cadre.cli.data_directory import DataDirectory, Run
from cadre.cli.remote_log import remote_log
from cadre.contracts.vocabulary import SERVICES
from cadre.shared.signed import Message
from support.guarded import unguarded

pytestmark = [
    pytest.mark.system,
    pytest.mark.timeout(300),
    # The supervisor outlives the call that started it: that is what it is for.
    pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning"),
]

SAMPLES = Path(__file__).parents[2] / "samples" / "county"
CADRE = (sys.executable, "-m", "cadre.cli.main")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("system") / "data"
    system.start(path)
    yield path
    system.stop(path)


@pytest.fixture(scope="module")
def client(data: Path) -> Iterator[Client]:
    with client_of(data, "clerk") as client:
        yield client


@pytest.fixture(scope="module")
def imported(data: Path) -> dict[str, Any]:
    return cadre(data, "import", str(SAMPLES), "--on", "2025-12-31", "--json", code=1)


def cadre(data: Path, *words: str, code: int = 0) -> Any:
    """Run the command as a person would; its JSON."""
    done = subprocess.run(
        [*CADRE, *words, "--data", str(data)], capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout) if "--json" in words else done.stdout


def over_nats(run: Run, service: str, name: str, body: dict[str, Any]) -> dict[str, Any]:
    async def send() -> dict[str, Any]:
        credential = run.nats.credentials["client"]
        client = await nats.connect(
            run.nats.url,
            user=credential.user,
            password=credential.password,
            inbox_prefix=b"_INBOX_client",
        )
        headers = {"Idempotency-Key": str(uuid4()), "Cadre-Actor": "gateway"}
        reply = await client.request(
            f"commands.{service}.{name}", json.dumps(body).encode(), timeout=10, headers=headers
        )
        await client.close()
        return dict(json.loads(reply.data))

    return asyncio.run(send())


def test_importing_tells_every_row_and_repeats_nothing(
    data: Path, imported: dict[str, Any]
) -> None:
    dry = cadre(data, "import", str(SAMPLES), "--on", "2025-12-31", "--dry-run", "--json", code=1)
    assert dry["recorded"] == 0
    assert dry["issues"] == imported["issues"]
    assert imported["recorded"] == imported["persons"] > 50
    assert imported["errors"] > 0
    again = cadre(data, "import", str(SAMPLES), "--on", "2025-12-31", "--json", code=1)
    assert (again["recorded"], again["repeated"]) == (0, imported["persons"])


PERSON = {
    "full_name": "欧阳若水",
    "id_number": "990101199506150024",
    "birth_date": "1995-06-15",
    "birth_month": "1995-06",
    "sex": "female",
    "ethnicity": "汉族",
    "political": "01",
    "education": "master",
    "channel": "selected-graduate",
    "unit_id": "u-town",
    "unit_name": "青禾镇",
    "effective_on": "2024-08-01",
}


def failed(judged: dict[str, Any]) -> set[str]:
    """The rules that stand against somebody."""
    warnings = {"soft", "deadline"}
    return {f["rule"] for f in judged["findings"] if not f["passed"] and f["kind"] not in warnings}


def check_digit(first17: str) -> str:
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return "10X98765432"[sum(int(d) * w for d, w in zip(first17, weights, strict=True)) % 11]


def test_four_services_over_http_and_nats(
    data: Path, client: Client, imported: dict[str, Any]
) -> None:
    assert imported["recorded"]
    run = DataDirectory.open_data(data).read_run()
    number = PERSON["id_number"][:17]
    person = PERSON | {"id_number": number + check_digit(number)}
    recruited = client.command("selection", "recruit", person)
    cadre_id = recruited["events"][0]["data"]["cadre_id"]
    found = cadre(data, "find", "欧阳若水", "--json")
    assert [one["cadre_id"] for one in found] == [cadre_id]

    talk = {
        "cadre_id": cadre_id,
        "kind": "admonition",
        "talkers": ["组织部长", "纪委书记"],
        "reason": "履职不力",
        "record": "谈话记录",
        "effective_on": "2026-01-15",
    }
    talked = over_nats(run, "supervision", "talk", talk)
    assert talked["outcome"] == "recorded"
    trained = {
        "cadre_id": cadre_id,
        "title": "初任培训",
        "kind": "induction",
        "mode": "off-job",
        "hours": 96,
        "days": 12,
        "starts_on": "2024-09-02",
        "ends_on": "2024-09-13",
        "effective_on": "2024-09-13",
    }
    assert over_nats(run, "training", "record-training", trained)["outcome"] == "recorded"
    refused = over_nats(
        run,
        "appointment",
        "promote-rank",
        {
            "cadre_id": cadre_id,
            "rank": "clerk-1",
            "notice_published_on": "2026-03-02",
            "notice_closed_on": "2026-03-16",
            "effective_on": "2026-03-20",
        },
    )
    assert refused["outcome"] == "refused"
    ask = {"target": "clerk-1", "on": "2026-03-20"}
    judged = client.get("appointment", f"/cadres/{cadre_id}/eligibility", **ask)
    assert not judged["eligible"]
    told = {finding["rule"] for finding in refused["events"][0]["data"]["findings"]}
    assert failed(judged)
    assert failed(judged) <= told
    ask["known_at"] = str(talked["position"] - 1)
    then = client.get("appointment", f"/cadres/{cadre_id}/eligibility", **ask)
    assert failed(judged) - failed(then) == {"RNK-13"}, "the admonition was not known then"
    shown = client.get("supervision", f"/readings/{cadre_id}")["readings"]
    route = "/cadres/{cadre_id}/eligibility"
    assert [one["service"] for one in shown if one["route"] == route] == ["appointment"] * 2
    pool = {"pool_id": "e2e", "pool_class": "young", "title": "库", "seats": 2}
    client.command("selection", "define-pool", pool | {"effective_on": "2026-01-01"})
    step = {"cadre_id": cadre_id, "pool_id": "e2e", "effective_on": "2026-02-01"}
    entry = client.command("selection", "enter-pool", step | {"decided_by": "部务会"})
    assert entry["outcome"] == "refused"

    history = cadre(data, "history", cadre_id, "--json")
    assert {e["service"] for e in history["entries"]} == set(SERVICES)
    assert any(e["type"] == "training.task-opened.v1" for e in history["entries"])
    before = cadre(data, "history", cadre_id, "--on", "2025-12-31", "--json")
    assert all(e["effective_on"] <= "2025-12-31" for e in before["entries"])
    known = cadre(data, "history", cadre_id, "--known-at", str(talked["position"] - 1), "--json")
    assert max(e["position"] for e in known["entries"]) < talked["position"]


def test_bad_input_is_told_and_nothing_is_written(
    data: Path, client: Client, imported: dict[str, Any]
) -> None:
    assert imported
    end = client.get("selection", "/projections")["log_position"]
    wrong: list[tuple[str, str, dict[str, Any], int]] = [
        ("selection", "recruit", PERSON | {"id_number": "990101199506150020"}, 400),
        ("selection", "recruit", PERSON | {"effective_on": "2024-02-30"}, 400),
        ("supervision", "flag", {"cadre_id": "c-zzzzzzzzzz"}, 400),
        (
            "supervision",
            "flag",
            {
                "cadre_id": "c-zzzzzzzzzz",
                "kind": "audit",
                "source": "审计局",
                "detail": "x",
                "effective_on": "2026-01-01",
            },
            404,
        ),
    ]
    for service, name, body, status in wrong:
        with pytest.raises(Refused) as refused:
            client.command(service, name, body)
        assert refused.value.problem()["status"] == status, refused.value
    assert client.get("selection", "/projections")["log_position"] == end
    answer = cadre(data, "history", "c-zzzzzzzzzz", "--json", code=2)
    assert answer["status"] == 404


def test_operating(data: Path, imported: dict[str, Any]) -> None:
    assert imported
    assert all(check["ok"] for check in cadre(data, "doctor", "--json"))
    rebuilt = cadre(data, "projections", "rebuild", "selection", "--json")
    assert rebuilt["generation"]["number"] == 2
    assert all(one["equal"] for one in cadre(data, "replay", "--json"))
    assert cadre(data, "projections", "parked", "--json") == []


def test_a_second_system_on_the_same_data_is_refused(data: Path) -> None:
    answer = cadre(data, "up", "--json", code=2)
    assert "already running" in answer["detail"]


def test_everything_that_was_recorded_was_guarded_by_its_history(
    data: Path, imported: dict[str, Any]
) -> None:
    """Import, HTTP, NATS and reactions alike: the server keeps each guard with its event."""

    async def read() -> list[Message]:
        nats_run = DataDirectory.open_data(data).read_run().nats
        credential = nats_run.credentials["subscriber"]
        async with remote_log(nats_run.url, credential.user, credential.password, "HISTORY") as log:
            return [message async for messages in log.read() for message in messages]

    events = asyncio.run(read())
    assert len(events) > imported["recorded"]
    assert {event.aggregate[0] for event in events} >= {"selection", "supervision"}
    assert unguarded(events) == []
