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
RECORD_AGAIN = "docker compose run --rm --user"

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


def test_an_older_log_is_refused_adopted_and_the_rest_recorded_again(place: Place) -> None:
    place.shell.require("deploy/make-env.sh && docker compose up -d --wait", place.tree)
    place.define_pool("before")
    place.run("Backup 1")
    place.define_pool("after")
    assert place.knows_pool("after")

    place.run("Restore 3")

    answered(place)
    assert refused(place) == "log-branch"
    told = place.shell.require("cadre doctor --settings .env", place.tree, ["1: cadre doctor"])
    assert told.count("log-branch") == len(SERVICES)

    text = block(DOCUMENT, "With compose 1").text
    adopting, _, again = text.partition("docker compose up -d --wait\n")
    printed = place.shell.require(adopting, place.tree, [f"1: {RECORD_AGAIN}"])
    assert "history.selection.pool.after.pool-defined" in printed.replace("\n", "")
    (left,) = (place.tree / "branches").iterdir()
    assert left.stat().st_mode & 0o777 == 0o600

    place.compose("up -d --wait")
    assert place.knows_pool("before")
    assert not place.knows_pool("after")
    again = again.replace("left-TIME.jsonl", left.name)
    place.shell.require(again, place.tree)
    assert place.knows_pool("after")
    assert "already" in place.shell.require(again, place.tree)


def test_adopting_beside_running_services_is_refused(place: Place) -> None:
    adopt = block(DOCUMENT, "With compose 1").text
    adopt = adopt[adopt.rindex("docker compose run", 0, adopt.index("log adopt")) :]
    adopt = adopt.partition("docker compose up")[0]

    printed = place.shell.require(adopt, place.tree, [f"2: {RECORD_AGAIN}"])

    assert "are connected to a service's database" in " ".join(printed.split())
