"""All services give the one answer that the rule gives, whatever was corrected meanwhile."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cadre.shared.deciding.idnumber import check_character
from support.environment import Environment
from support.nats_server import nats_server
from support.real_service import service_process
from system.asked import POOL, QUESTIONS, Services, resolved
from system.histories import HISTORIES, History, annulled, concluded
from system.histories_of_posts import HISTORIES_OF_POSTS
from system.selection_histories import SELECTION_HISTORIES, entered, proposed
from system.training_histories import MENTORS, TRAINING_HISTORIES, post_above

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

ALL = (*HISTORIES, *SELECTION_HISTORIES, *HISTORIES_OF_POSTS, *TRAINING_HISTORIES)
NAMES = ("selection", "training", "supervision", "appointment")


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """All four as processes of their own on one log."""
    directory = tmp_path_factory.mktemp("answers")
    with ExitStack() as stack:
        server = stack.enter_context(nats_server(Path(directory) / "nats"))
        server.provision()
        environment = Environment(server, directory)
        urls = {name: stack.enter_context(service_process(name, environment)) for name in NAMES}
        services = Services(urls)
        pool = {"effective_on": "2020-01-01", "pool_id": POOL, "seats": 50, "title": "后备库"}
        told = services.send("selection", "define-pool", pool | {"pool_class": "themed"})
        assert told["http"] == 200, told
        above = post_above()
        told = services.send(above.service, above.command, above.body)
        assert told["http"] == 200, told
        yield services
        services.client.close()


def taken_over(number: int) -> dict[str, Any]:
    """The file of somebody; each history has a person of its own."""
    first_17 = f"99010119900101{number:03}"
    return {
        "effective_on": "2023-12-31",
        "full_name": "某某",
        "id_number": first_17 + check_character(first_17),
        "birth_date": str(date(1990, 1, 1)),
        "birth_month": "1990-01",
        "sex": "male" if number % 2 else "female",
        "ethnicity": "汉族",
        "political": "01",
        "education": "bachelor",
        "standing": {"unit_id": "u-finance", "unit_name": "财政局"}
        | {"rank": "officer-4", "rank_since": "2020-01", "work_since": "2013-07"},
        "career": [],
        "source_file": "名册.xlsx",
        "source_sha256": "a" * 64,
        "source_row": number,
    }


def recruited(number: int) -> dict[str, Any]:
    """The same person, as somebody recruited here."""
    of_file = ("standing", "career", "source_file", "source_sha256", "source_row")
    told = {name: value for name, value in taken_over(number).items() if name not in of_file}
    unit = {"unit_id": "u-finance", "unit_name": "财政局"}
    return told | unit | {"channel": "civil-service"}


@pytest.mark.parametrize("history", ALL, ids=lambda history: history.name)
def test_every_service_gives_the_answer_of_the_rule(services: Services, history: History) -> None:
    number = ALL.index(history) + 1
    file, hiring = taken_over(number), recruited(number)
    opening = ("recruit", hiring) if history.recruited else ("record-baseline", file)
    entry = services.send("selection", *opening)["events"][0]
    person, known = entry["data"]["cadre_id"], {"entry": entry["event_id"]}
    services.people = mentors(services, history)
    known |= {"person": person, **services.people}
    for step in history.steps:
        body = {key: resolved(value, known) for key, value in step.body.items()}
        if step.command == "record-baseline":
            body = file | body | {"standing": file["standing"] | body.get("standing", {})}
        elif step.command == "recruit":
            body = hiring | body
        elif step.of_person:
            body |= {"cadre_id": person}
        told = services.send(step.service, step.command, body)
        assert told.get("outcome") == step.outcome, f"{step.name}: {told}"
        known[step.name] = told["events"][0]["event_id"]
    wrong = [
        f"{question.question} on {question.on}: {service} says {answer!r}, the rule"
        f" {question.answer!r} ({question.because})"
        for question in history.told
        for service, ask in QUESTIONS[question.question].items()
        if (answer := ask(services, person, question.on)) != question.answer
    ]
    assert not wrong, "\n" + "\n".join(wrong)


def mentors(services: Services, history: History) -> dict[str, str]:
    """Mentors of its own for a history that names them: their places are few."""
    named = [value for step in history.steps for value in step.body.values()]
    found: dict[str, str] = {}
    for place, name in enumerate(name for name in MENTORS if f"@{name}" in named):
        file = taken_over(400 + 3 * ALL.index(history) + place)
        told = services.send("selection", "record-baseline", file)["events"][0]
        found[name] = told["data"]["cadre_id"]
    return found


LATE_VETO = History(
    "in the pool before the veto was recorded, which then was annulled",
    (
        *proposed("2024-03-01"),
        entered("in", "2024-04-01"),
        concluded("veto", "2024-02-01"),
        annulled("annulment", "2025-01-01", "selection", "compare-for-pool 2024-03-01"),
    ),
    (),
)


def test_what_an_entry_into_a_pool_rested_on_opens_its_review(services: Services) -> None:
    """By Selection itself, from the log: once for the late veto, once for the comparison."""
    file = taken_over(len(ALL) + 1)
    entry = services.send("selection", "record-baseline", file)["events"][0]
    known = {"entry": entry["event_id"]}
    for step in LATE_VETO.steps:
        body = {key: resolved(value, known) for key, value in step.body.items()}
        told = services.send(
            step.service, step.command, body | {"cadre_id": entry["data"]["cadre_id"]}
        )
        assert told.get("outcome") == "recorded", f"{step.name}: {told}"
        known[step.name] = told["events"][0]["event_id"]
    expected = {
        (known["in"], known["veto"]),
        (known["in"], known["compare-for-pool 2024-03-01"]),
    }

    def opened() -> set[tuple[str, str]]:
        reviews = services.get("selection", "/reviews")["reviews"]
        return {
            (one["decision_event"], one["corrected_event"])
            for one in reviews
            if one["cadre_id"] == entry["data"]["cadre_id"]
        }

    deadline = time.monotonic() + 60
    while len(opened()) < len(expected) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert opened() == expected
