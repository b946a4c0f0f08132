"""Reports as of random days, as known at random positions, beside a naive reading of the log."""

import asyncio
import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import nats
import pytest
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from cadre.cli import system
from cadre.cli.calling import client_of
from cadre.cli.data_directory import DataDirectory, Run

pytestmark = [
    pytest.mark.system,
    pytest.mark.timeout(300),
    pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning"),
]

CADRE = (sys.executable, "-m", "cadre.cli.main")
PAIRS = 20


class Raw(NamedTuple):
    """An event as any subscriber reads it."""

    position: int
    id: str
    type: str
    data: Mapping[str, Any]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("times") / "data"
    told = ["demo", "--cadres", "20", "--years", "2", "--keep-running", "--data", str(path)]
    done = subprocess.run([*CADRE, *told], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    yield path
    system.stop(path)


@pytest.fixture(scope="module")
def events(data: Path) -> list[Raw]:
    return asyncio.run(read_everything(DataDirectory.open_data(data).read_run()))


async def read_everything(run: Run) -> list[Raw]:
    credential = run.nats.credentials["subscriber"]
    client = await nats.connect(
        run.nats.url,
        user=credential.user,
        password=credential.password,
        inbox_prefix=b"_INBOX_subscriber",
    )
    whole = ConsumerConfig(deliver_policy=DeliverPolicy.ALL, ack_policy=AckPolicy.NONE)
    events = await client.jetstream().pull_subscribe("history.>", stream="HISTORY", config=whole)
    left = (await events.consumer_info()).num_pending
    found: list[Raw] = []
    while left:
        for message in await events.fetch(500, timeout=10):
            headers, left = message.headers or {}, message.metadata.num_pending
            position = message.metadata.sequence.stream
            data = json.loads(message.data)
            found.append(Raw(position, headers["ce-id"], headers["ce-type"], data))
    await client.close()
    return found


def day(text: str) -> date:
    return date.fromisoformat(text)


def in_pools(known: list[Raw], begin: date, on: date) -> set[tuple[str, str]]:
    left = {
        event.data["entry_event"]
        for event in known
        if event.type == "selection.pool-exited.v1" and day(event.data["effective_on"]) <= on
    }
    return {
        (event.data["cadre_id"], event.id)
        for event in known
        if event.type == "selection.pool-entered.v1"
        and day(event.data["effective_on"]) <= on
        and event.id not in left
    }


def standing(
    known: list[Raw], kind: str, dated: str, begin: date, on: date
) -> set[tuple[str, str]]:
    wrong = {event.data.get("supersedes") for event in known}
    return {
        (event.data["cadre_id"], event.id)
        for event in known
        if event.type == kind and event.id not in wrong and begin <= day(event.data[dated]) <= on
    }


def trained(known: list[Raw], begin: date, on: date) -> set[tuple[str, str]]:
    return standing(known, "training.trained.v1", "ends_on", begin, on)


def talked(known: list[Raw], begin: date, on: date) -> set[tuple[str, str]]:
    return standing(known, "supervision.talked.v1", "effective_on", begin, on)


type Naive = Callable[[list[Raw], date, date], set[tuple[str, str]]]
REPORTS: list[tuple[str, str, str, Naive]] = [
    ("selection", "pools", "members", in_pools),
    ("training", "training", "trained", trained),
    ("supervision", "talks", "talks", talked),
]


@pytest.mark.parametrize(("service", "report", "figure", "naive"), REPORTS)
def test_a_report_equals_a_naive_reading_of_the_log(
    data: Path, events: list[Raw], service: str, report: str, figure: str, naive: Naive
) -> None:
    chance = random.Random(report)
    first = min(day(event.data["effective_on"]) for event in events)
    last = max(day(event.data["effective_on"]) for event in events)
    counted = 0
    with client_of(data, "auditor") as client:
        for _ in range(PAIRS):
            position = chance.randint(1, len(events))
            on = first + timedelta(days=chance.randint(0, (last - first).days))
            begin = on - timedelta(days=chance.randint(0, 400))
            asked = {"from": begin, "on": on, "known_at": position, "open": figure}
            answer = client.get(service, f"/reports/{report}", **asked)
            told = next(one for one in answer["figures"] if one["key"] == figure)
            expected = naive(events[:position], begin, on)
            assert {
                (one["cadre_id"], event) for one in told["behind"] for event in one["events"]
            } == expected
            assert told["entries"] == len(expected)
            assert told["persons"] == len({cadre_id for cadre_id, _ in expected})
            assert answer == client.get(service, f"/reports/{report}", **asked)
            counted += len(expected)
    assert counted > 0


def test_a_number_opens_on_the_command_line(data: Path, events: list[Raw]) -> None:
    words = ["report", "training", "--from", "2000-01-01", "--on", "2026-12-31", "--open", "all"]
    asked = [*CADRE, *words, "--known-at", str(len(events)), "--data", str(data)]
    first, again = (
        subprocess.run(asked, capture_output=True, text=True, check=True).stdout for _ in range(2)
    )
    assert first == again
    training = [event for event in events if event.type == "training.trained.v1"]
    assert training
    wrong = {event.data.get("supersedes") for event in events}
    for event in training:
        if event.id not in wrong:
            assert event.data["cadre_id"] in first


def test_what_was_not_recorded_yet_is_unknown(data: Path, events: list[Raw]) -> None:
    """An event is in the answer from its own position on, not one earlier."""
    event = next(event for event in events if event.type == "selection.pool-entered.v1")
    with client_of(data, "auditor") as client:
        before, after = (
            client.get("selection", "/reports/pools", on="2026-12-31", known_at=p, open="members")
            for p in (event.position - 1, event.position)
        )
    assert next(f for f in before["figures"] if f["key"] == "members")["behind"] == []
    assert next(f for f in after["figures"] if f["key"] == "members")["behind"] == [
        {"cadre_id": event.data["cadre_id"], "events": [event.id]}
    ]
