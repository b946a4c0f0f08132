"""An older log put back under a compose system: `docs/audit/branches.md` run as it stands."""

import contextlib
import os
import time
from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest

from deploy.test_documents import SERVICES, Place
from support.documents import block, copy_of_tree

DOCUMENT = "docs/audit/branches.md"
TAG = f"branches-{os.getpid()}"
ANSWER_S_MAX = 120
COMMAND = "docker compose run --rm --user"
UP = "docker compose up -d --wait\n"

pytestmark = [pytest.mark.containers, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    made = Place(tmp_path_factory.mktemp("branches"), f"cadre-branches-{os.getpid()}")
    made.shell.given = {**made.shell.given, "CADRE_IMAGE_TAG": TAG}
    copy_of_tree(made.tree)
    try:
        yield made
    finally:
        end = "docker compose --profile '*' down --volumes --timeout 10 --remove-orphans"
        made.shell.run(f"{end}; docker image rm cadre:{TAG}", made.tree)


def answered(place: Place) -> None:
    """Wait until every service says that it is not ready, and why."""
    deadline = time.monotonic() + ANSWER_S_MAX
    for name in SERVICES:
        with place.http(name) as client:
            while True:
                with contextlib.suppress(httpx.TransportError):
                    health = client.get("/health/ready").json()
                    if any(fault["name"] == "log-branch" for fault in health["faults"]):
                        break
                assert time.monotonic() < deadline, name
                time.sleep(0.2)


def refused(place: Place) -> str:
    """What a service says to a command while it knows another branch."""
    body = {"effective_on": "2026-01-01", "pool_id": "refused", "pool_class": "young"}
    body |= {"title": "库", "seats": 20}
    headers = {"Idempotency-Key": str(uuid4()), "Cadre-Actor": "documents"}
    with place.http("selection") as client:
        answer = client.post("/commands/define-pool", json=body, headers=headers)
        assert client.get("/pools").status_code == 503
    assert answer.status_code == 503, answer.text
    return str(answer.json()["where"])


def ready(place: Place) -> None:
    """Wait until every service is ready; a loaded machine is slow to say so to the engine."""
    deadline = time.monotonic() + ANSWER_S_MAX
    for name in SERVICES:
        with place.http(name) as client:
            while True:
                with contextlib.suppress(httpx.TransportError):
                    if client.get("/health/ready").is_success:
                        break
                assert time.monotonic() < deadline, name
                time.sleep(0.2)


@pytest.fixture(scope="module")
def ahead(place: Place) -> Place:
    """Services that know more than the log, which was put back."""
    place.shell.require("deploy/make-env.sh && docker compose up -d", place.tree)
    ready(place)
    place.define_pool("before")
    place.compose("stop nats")
    place.shell.require(
        "mkdir -p -m 700 backup; docker compose run --rm -T files"
        " tar -C /history -czf - . > backup/history.tar.gz",
        place.tree,
    )
    place.compose("start nats")
    ready(place)
    place.define_pool("after")
    assert place.knows_pool("after")
    place.run("Restore 3")
    answered(place)
    return place


def test_services_refuse_and_say_why(ahead: Place) -> None:
    assert refused(ahead) == "log-branch"
    told = ahead.shell.require("cadre doctor --settings .env", ahead.tree, ["1: cadre doctor"])
    assert told.count("log-branch") == len(SERVICES)
    looked = block(DOCUMENT, "With compose 1").text
    printed = ahead.shell.require(looked, ahead.tree, [f"1: {COMMAND}"])
    assert "Held by the journals alone: 1" in printed


def test_the_journals_give_the_log_back(ahead: Place) -> None:
    text = block(DOCUMENT, "With compose 2").text.replace(" --wait", "")
    ahead.shell.require(text, ahead.tree, ["1: docker compose --profile audit run --rm repair"])
    ready(ahead)

    assert ahead.knows_pool("before")
    assert ahead.knows_pool("after")


def test_the_older_log_is_adopted_and_the_rest_recorded_again(ahead: Place) -> None:
    ahead.run("Restore 3")
    answered(ahead)
    adopting, _, again = block(DOCUMENT, "With compose 3").text.partition(UP)
    ahead.shell.require(adopting, ahead.tree)
    (left,) = (ahead.tree / "branches").iterdir()
    assert left.stat().st_mode & 0o777 == 0o600

    ahead.compose("up -d")
    ready(ahead)
    assert ahead.knows_pool("before")
    assert not ahead.knows_pool("after")
    again = again.replace("left-TIME.jsonl", left.name)
    assert "recorded again" in ahead.shell.require(again, ahead.tree)
    assert ahead.knows_pool("after")
    assert "already" in ahead.shell.require(again, ahead.tree)


def test_adopting_beside_running_services_is_refused(ahead: Place) -> None:
    adopt = block(DOCUMENT, "With compose 3").text.partition(UP)[0]
    adopt = adopt[adopt.index("docker compose run") :]

    printed = ahead.shell.require(adopt, ahead.tree, [f"2: {COMMAND}"])

    assert "are connected to a service's database" in " ".join(printed.split())
